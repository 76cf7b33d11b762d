//! Life on a machine: the service, the doctor, the way off it, and the archives that bring it there.
//!
//! `systemctl` is a stand-in (below) that records what it is asked, and starts, stops and starts again what the unit says: the
//! tests must not touch the service manager of whoever runs them.
#![allow(missing_docs)]
#![cfg(target_os = "linux")]

mod support;

use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use support::{BINARY, World, repository, text, wait_until};

const SYSTEMCTL: &str = r#"#!/bin/sh
echo "$*" >> "$FAKE/calls"
[ "$1" = --user ] || exit 1
[ -e "$FAKE/no-bus" ] && { echo "Failed to connect to bus: No medium found" >&2; exit 1; }
unit=$XDG_CONFIG_HOME/systemd/user/kairos-run.service
wants=$XDG_CONFIG_HOME/systemd/user/default.target.wants
value() { sed -n "s/^$1=//p" "$unit"; }
runs() { [ -s "$FAKE/pid" ] && [ -e "/proc/$(cat "$FAKE/pid")/exe" ]; }
stop() {
    : > "$FAKE/stopped"
    if runs; then kill "$(cat "$FAKE/pid")"; fi
    while runs; do sleep 0.05; done
}
start() {
    runs && return
    rm -f "$FAKE/stopped" "$FAKE/pid"
    eval "set -- $(value Environment | tr '\n' ' ') $(value ExecStart)"
    restart=$(value Restart)
    while :; do
        env -i HOME="$HOME" "$@" &
        echo $! > "$FAKE/pid"
        wait $!
        # Killed by SIGTERM and the like is as good as an end with 0.
        case $restart:$? in on-failure:0 | on-failure:129 | on-failure:130 | on-failure:143) break ;; esac
        sleep 1 # for RestartSec
        [ -e "$FAKE/stopped" ] && break
        [ -d "$FAKE" ] || break
    done </dev/null >/dev/null 2>&1 &
    while ! [ -s "$FAKE/pid" ]; do sleep 0.05; done
}
case $2 in
    daemon-reload | reset-failed) ;;
    enable) mkdir -p "$wants"; ln -sf "$unit" "$wants/kairos-run.service" ;;
    disable) stop; rm "$wants/kairos-run.service"; rmdir "$wants" ;;
    start) start ;;
    stop) stop ;;
    restart) stop; start ;;
    show)
        if runs; then echo "MainPID=$(cat "$FAKE/pid")"; echo ActiveState=active; echo SubState=running
        else echo MainPID=0; echo ActiveState=inactive; echo SubState=dead; fi ;;
esac
"#;

/// A user with a home folder, shells and a service manager of his own.
struct Machine {
    world: World,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { world: World::with_git() };
        for folder in ["user", "fake", "empty"] {
            fs::create_dir(machine.path(folder)).unwrap();
        }
        machine
    }

    fn with_systemctl() -> Self {
        let machine = Self::new();
        let file = machine.path("fake/systemctl");
        fs::write(&file, SYSTEMCTL).unwrap();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.dir.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        // No other folder is on the path: a real systemctl must not be found.
        let tools = ["sed", "tr", "env", "cat", "mkdir", "ln", "rm", "rmdir", "sleep", "git"];
        for tool in tools.iter().filter(|t| !self.path("empty").join(t).exists()) {
            let found = ["/bin", "/usr/bin", "/usr/local/bin"].iter().map(|d| Path::new(d).join(tool)).find(|p| p.exists());
            std::os::unix::fs::symlink(found.unwrap(), self.path("empty").join(tool)).unwrap();
        }
        Command::new(BINARY)
            .args(arguments)
            .current_dir(self.world.project())
            .env_clear()
            .env("HOME", self.path("user"))
            .env("XDG_CONFIG_HOME", self.path("user/.config"))
            .env("KAIROS_HOME", self.world.home())
            .env("FAKE", self.path("fake"))
            .env("PATH", std::env::join_paths([self.path("fake"), self.path("empty")]).unwrap())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout) + &text(&output.stderr)
    }

    fn pid(&self) -> u64 {
        serde_json::from_str::<Value>(&self.ok(&["status", "--json"])).unwrap()["pid"].as_u64().unwrap()
    }

    fn unit(&self) -> PathBuf {
        self.path("user/.config/systemd/user/kairos-run.service")
    }

    /// The doctor's word on something.
    fn diagnosis(&self, name: &str) -> (String, String) {
        let checks: Value = serde_json::from_slice(&self.run(&["doctor", "--json"]).stdout).unwrap();
        let all = checks["checks"].as_array().unwrap();
        let check = all.iter().find(|c| c["name"] == name).unwrap_or_else(|| panic!("{name} is not among {checks:#}"));
        let remedy = check["remedy"].as_str().unwrap_or_default();
        (check["level"].as_str().unwrap().into(), format!("{} -> {remedy}", check["what"].as_str().unwrap()))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.run(&["service", "uninstall"]);
        self.run(&["stop"]);
    }
}

#[test]
fn a_service_takes_over_what_runs_and_goes_without_a_trace() {
    let machine = Machine::with_systemctl();
    assert!(machine.ok(&["service", "status"]).contains("service install"));
    machine.ok(&["start"]);
    let before = machine.pid();
    let settings = machine.world.home().join("kairos.toml");
    fs::write(&settings, "every = 3\n").unwrap();
    assert!(machine.fails(&["service", "install"]).contains("kairos.toml:1"));
    assert_eq!(machine.pid(), before, "what runs is not ended for a service that can't start");
    fs::remove_file(settings).unwrap();
    let said = machine.ok(&["service", "install"]);
    assert!(said.contains(&format!("(process {before}) runs already")), "{said}");
    assert!(said.contains("loginctl enable-linger"), "{said}");
    let after = machine.pid();
    assert_ne!(before, after);
    assert!(machine.ok(&["status"]).contains(machine.world.project().to_str().unwrap()), "its project is watched");
    assert!(machine.ok(&["service", "status"]).contains(&format!("{after}, started by the service")));
    assert_eq!(machine.diagnosis("service").0, "ok");
    let unit = fs::read_to_string(machine.unit()).unwrap();
    assert!(unit.contains(&format!("ExecStart=\"{BINARY}\" daemon\n")), "{unit}");
    assert!(unit.contains(&format!("Environment=\"KAIROS_HOME={}\"\n", machine.world.home().display())), "{unit}");

    // Again: an update. It is its own predecessor, and hands nothing over.
    assert!(!machine.ok(&["service", "install"]).contains("runs already"));
    let asked = fs::read_to_string(machine.path("fake/calls")).unwrap();
    let asked: Vec<_> = asked.lines().filter(|l| !l.contains(" show ")).collect();
    let install = ["daemon-reload", "enable kairos-run.service", "reset-failed kairos-run.service", "restart kairos-run.service"];
    assert_eq!(asked, [install, install].concat().iter().map(|l| format!("--user {l}")).collect::<Vec<_>>());

    machine.ok(&["service", "uninstall"]);
    assert!(text(&machine.run(&["status"]).stderr).contains("not running"));
    assert!(!machine.path("user/.config/systemd").exists());
    assert_eq!(machine.ok(&["service", "uninstall"]), "no service is installed\n");
}

#[test]
fn what_is_started_and_stopped_goes_through_the_service() {
    let machine = Machine::with_systemctl();
    let by_service = |pid: u64| machine.ok(&["service", "status"]).contains(&format!("{pid}, started by the service"));
    machine.ok(&["service", "install"]);
    assert!(machine.ok(&["status"]).contains(" by systemd, with"));
    assert_eq!(machine.ok(&["stop"]), "stopped; the service starts it again when you log in\n");
    assert_eq!(machine.ok(&["stop"]), "kairos-run is not running\n");
    assert!(machine.ok(&["start"]).contains(" by systemd, with"));
    let first = machine.pid();
    assert!(by_service(first));
    machine.ok(&["restart"]);
    let second = machine.pid();
    assert!(first != second && by_service(second));

    // What was killed comes back, unless it is stopped while the manager waits.
    let kill = |pid: u64| assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
    kill(second);
    wait_until("the service has started it again", || machine.run(&["status"]).status.success());
    let third = machine.pid();
    assert!(third != second && by_service(third));
    kill(third);
    machine.ok(&["stop"]);
    std::thread::sleep(Duration::from_secs(2));
    assert!(!machine.run(&["status"]).status.success(), "it came back");

    // Where the manager can't be reached, it is started all the same.
    fs::write(machine.path("fake/no-bus"), "").unwrap();
    let started = machine.run(&["start"]);
    let said = text(&started.stderr);
    assert!(started.status.success() && !text(&started.stdout).contains(" by "), "{}", text(&started.stdout));
    assert!(
        said.starts_with("note: started without the service: systemd can't be reached") && said.lines().count() == 1,
        "{said}"
    );
    fs::remove_file(machine.path("fake/no-bus")).unwrap();
    assert!(machine.ok(&["status"]).contains("`kairos-run restart` hands it over"));
    machine.ok(&["restart"]);
    assert!(by_service(machine.pid()));

    // A service of another program, or for other folders, is nothing to us.
    machine.ok(&["stop"]);
    let unit = fs::read_to_string(machine.unit()).unwrap();
    for (what, said, hint) in [(BINARY, "it is for another program", true), (machine.world.home().to_str().unwrap(), "", false)] {
        fs::write(machine.unit(), unit.replace(what, "/nowhere")).unwrap();
        let started = machine.run(&["start"]);
        assert!(started.status.success() && text(&started.stderr).contains(said), "{}", text(&started.stderr));
        assert_eq!(machine.ok(&["status"]).contains("hands it over"), hint);
        assert!(machine.ok(&["stop"]).starts_with("stopped"));
    }
    fs::write(machine.unit(), unit).unwrap();
}

#[test]
fn without_a_service_manager_the_file_is_there_and_what_to_run_is_said() {
    let machine = Machine::new();
    let said = machine.ok(&["service", "install"]);
    assert!(said.contains("systemctl --user enable kairos-run.service && systemctl --user restart"), "{said}");
    assert!(machine.unit().exists());
    assert!(machine.ok(&["service", "uninstall"]).contains("removed"));
    assert!(!machine.unit().exists());
    // What somebody else has written there is not ours to replace.
    fs::create_dir_all(machine.unit().parent().unwrap()).unwrap();
    fs::write(machine.unit(), "[Service]\nExecStart=/mine\n").unwrap();
    assert!(machine.fails(&["service", "install"]).contains("was not made by kairos-run"));
    assert!(machine.fails(&["service", "uninstall"]).contains("was not made by kairos-run"));
}

#[test]
fn systemd_itself_finds_no_fault_with_the_unit() {
    let Ok(found) = Command::new("systemd-analyze").arg("--version").output() else { return };
    assert!(found.status.success());
    let machine = Machine::new();
    machine.ok(&["service", "install"]);
    let verdict = Command::new("systemd-analyze").args(["--user", "verify"]).arg(machine.unit()).output().unwrap();
    let said = text(&verdict.stdout) + &text(&verdict.stderr);
    assert!(!said.contains("kairos-run.service"), "{said}");
}

#[test]
fn the_doctor_tells_the_well_from_the_dead_and_the_hung() {
    let machine = Machine::new();
    machine.ok(&["doctor"]);
    assert!(machine.diagnosis("process").1.contains("kairos-run start"));
    machine.ok(&["start"]);
    let said = machine.ok(&["doctor"]);
    assert!(!said.contains("fail") && said.contains("none: only the dream strategy") && said.contains("plugins"), "{said}");
    assert_eq!(machine.diagnosis("project").0, "ok");
    let (level, what) = machine.diagnosis("watches");
    assert!(level == "ok" && !what.contains("(0 by kairos-run)"), "{what}");

    let pid = machine.pid().to_string();
    Command::new("kill").args(["-STOP", &pid]).status().unwrap();
    let said = machine.fails(&["doctor"]);
    Command::new("kill").args(["-CONT", &pid]).status().unwrap();
    assert!(said.contains(&format!("process {pid} runs, but")) && said.contains("kairos-run restart"), "{said}");

    machine.ok(&["stop"]);
    let settings = machine.world.home().join("kairos.toml");
    fs::write(&settings, "every = 3\n").unwrap();
    assert!(machine.fails(&["doctor"]).contains("kairos.toml:1"));
    fs::remove_file(settings).unwrap();
    let database = machine.world.home().join("data/state.db");
    let sound = fs::read(&database).unwrap();
    fs::write(&database, &sound[..sound.len() / 2]).unwrap();
    assert!(machine.fails(&["doctor"]).contains("is damaged"));
    assert_eq!(fs::read(&database).unwrap().len(), sound.len() / 2, "it only looks");
}

#[test]
fn the_doctor_names_a_process_of_another_version() {
    let machine = Machine::new();
    let run = machine.world.home().join("run");
    fs::create_dir_all(&run).unwrap();
    let mut lock = fs::File::create(run.join("lock")).unwrap();
    lock.try_lock().unwrap();
    writeln!(lock, "{}", std::process::id()).unwrap();
    let listener = UnixListener::bind(run.join("control.sock")).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let body = r#"{"kind":"version","error":"kairos-run 9.0.0 is running, but version \"0\" asks","hint":"x"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 426 Upgrade Required\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let (level, what) = machine.diagnosis("process");
    assert!(level == "fail" && what.contains("9.0.0") && what.contains("kairos-run restart"), "{what}");
    drop(lock);
    fs::remove_dir_all(run).unwrap();
}

#[test]
fn a_purge_leaves_only_what_is_not_ours() {
    let machine = Machine::with_systemctl();
    let user = machine.path("user");
    let ours = "export A=1\neval \"$(kairos-run shell-init bash)\"\nexport B=2\n";
    let edited = "type kairos-run && eval \"$(kairos-run shell-init zsh)\"\n";
    fs::write(user.join(".bashrc"), ours).unwrap();
    fs::write(user.join(".zshrc"), edited).unwrap();
    machine.ok(&["service", "install"]);
    machine.ok(&["start"]);
    let pid = machine.pid();
    assert!(machine.fails(&["uninstall", "--purge"]).contains("--yes"));
    assert_eq!(machine.pid(), pid, "nothing was done");

    let notes = machine.world.home().join("notes.txt");
    fs::write(&notes, "mine").unwrap();
    assert!(machine.fails(&["uninstall", "--purge", "--yes"]).contains(notes.to_str().unwrap()));
    assert_eq!(machine.pid(), pid, "nothing was done");
    fs::remove_file(notes).unwrap();

    let said = machine.ok(&["uninstall", "--purge", "--yes"]);
    assert!(said.contains(".zshrc:1: type kairos-run") && said.contains("line 2 of "), "{said}");
    assert!(!machine.world.home().exists());
    assert!(!Path::new(&format!("/proc/{pid}/exe")).exists());
    assert_eq!(fs::read_to_string(user.join(".bashrc")).unwrap(), "export A=1\nexport B=2\n");
    assert_eq!(fs::read_to_string(user.join(".zshrc")).unwrap(), edited);
    assert_eq!(user.join(".config").read_dir().unwrap().count(), 0);
    let mut left: Vec<_> = user.read_dir().unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".bashrc", ".config", ".zshrc"]);
    assert!(machine.ok(&["uninstall", "--purge", "--yes"]).contains("nothing to remove"));
}

#[test]
fn an_uninstall_without_purge_keeps_the_inbox() {
    let machine = Machine::new();
    machine.ok(&["start"]);
    let home = machine.world.home();
    assert!(machine.ok(&["uninstall", "--yes"]).contains("--purge"));
    assert!(!home.join("cache").exists() && home.join("data/state.db").exists());
    assert!(text(&machine.run(&["status"]).stderr).contains("not running"));
}

#[test]
fn an_archive_is_made_checked_and_installed() {
    let machine = Machine::new();
    // A release is stripped; a large test build would only take longer to pack.
    let program = machine.path("kairos-run");
    assert!(Command::new("strip").arg(BINARY).arg("-o").arg(&program).status().unwrap().success());
    let dist = machine.path("dist");
    let made = Command::new(repository().join("scripts/release"))
        .args(["--binary", program.to_str().unwrap(), "--out", dist.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}{}", text(&made.stdout), text(&made.stderr));
    assert!(text(&made.stdout).contains("needs Linux"), "{}", text(&made.stdout));
    let archive = dist.read_dir().unwrap().map(|e| e.unwrap().path()).find(|p| p.extension().is_some_and(|e| e == "gz")).unwrap();
    let list = text(&Command::new("tar").arg("-tzf").arg(&archive).output().unwrap().stdout);
    for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "NEEDS", "completions/_kairos-run"] {
        assert!(list.contains(file), "{list}");
    }

    let install = || {
        let output = Command::new("sh")
            .arg(dist.join("install.sh"))
            .env_remove("KAIROS_BIN")
            .env("HOME", machine.path("user"))
            .output()
            .unwrap();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    };
    let installed = machine.path("user/.local/bin/kairos-run");
    for _ in 0..2 {
        let (done, said) = install();
        assert!(done && said.contains("is not in your PATH"), "{said}");
        assert!(Command::new(&installed).arg("--version").status().unwrap().success());
    }
    assert_eq!(installed.parent().unwrap().read_dir().unwrap().count(), 1);

    fs::remove_file(&installed).unwrap();
    fs::write(&archive, "something else").unwrap();
    let (done, said) = install();
    assert!(!done && said.contains("is not what SHA256SUMS says"), "{said}");
    assert!(!installed.exists());
}
