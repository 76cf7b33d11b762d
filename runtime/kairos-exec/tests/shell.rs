//! The shell hooks in real interactive shells.

use kairos_exec::shell::{Shell, init_script, quote};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// No session takes nearly so long.
const STUCK: Duration = Duration::from_secs(60);

/// What the hook calls does this, where `$log` is its log.
const REPORTS: &str = r#"[ "$1 $2 $4 $6 $8" = 'report-command --exit-code --duration-ms --folder --' ] || exit 1
[ "$5" -ge 0 ] || exit 1
printf '%s\037%s\037%s\036' "$3" "$7" "$9" >>"$log"
echo noise; echo noise >&2
"#;
/// As long as the test runs: what a daemon that is stuck does to a report, only worse.
const HANGS: &str = "while [ -e \"$log\" ]; do sleep 0.1; done\n";

/// A shell with the hook in a terminal.
struct Session {
    shell: &'static str,
    arguments: &'static [&'static str],
    rc: &'static str,
    /// The body of what the hook calls; empty: there is no such program.
    program: &'static str,
    socket: bool,
}

impl Session {
    fn new(shell: &'static str, rc: &'static str) -> Self {
        Self { shell, arguments: &[], rc, program: REPORTS, socket: true }
    }

    /// Types lines, each once the one before is done, and gives what was reported (exit code, folder, command) and what the
    /// screen showed.
    fn run(&self, lines: &[&str]) -> (Vec<[String; 3]>, String) {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        std::fs::create_dir(base.join("work")).unwrap();
        let (program, socket, log) = (base.join(r"it's \ kairos"), base.join("a socket"), base.join("log"));
        std::fs::write(&log, "").unwrap();
        if !self.program.is_empty() {
            std::fs::write(&program, format!("#!/bin/sh\nlog={}\n{}", quote(&log.to_string_lossy()), self.program)).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let _listener = self.socket.then(|| UnixListener::bind(&socket).unwrap());
        let seen = self.type_into(self.command(&base, &init_script(kind(self.shell), &program, &socket)), lines);
        let read = || -> Vec<[String; 3]> {
            let text = std::fs::read_to_string(&log).unwrap();
            let parts = text.split('\u{1e}').filter(|r| !r.is_empty());
            parts.map(|r| r.split('\u{1f}').map(String::from).collect::<Vec<_>>().try_into().unwrap()).collect()
        };
        // Reports come in the background: wait until no more do.
        let end = Instant::now() + Duration::from_secs(3);
        let mut last = read();
        while self.program == REPORTS && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(300));
            let now = read();
            if now.len() == last.len() && !now.is_empty() {
                break;
            }
            last = now;
        }
        (read(), seen)
    }

    fn command(&self, base: &Path, hook: &str) -> CommandBuilder {
        std::fs::write(base.join("hook"), hook).unwrap();
        let hook = quote(&base.join("hook").to_string_lossy());
        // Fish paints its prompt several times; the event comes once.
        let (prompt, evaluate) = match self.shell {
            "fish" => (
                "function fish_prompt; end\nfunction __ready --on-event fish_prompt; echo 'ready> '; end",
                format!("cat {hook} | source"),
            ),
            _ => ("PS1='ready> '", format!("eval \"$(cat {hook})\"")),
        };
        // Twice: it must not matter.
        let rc = format!("{}\n{prompt}\n{evaluate}\n{evaluate}\n", self.rc);
        let mut command = CommandBuilder::new(self.shell);
        let file = match self.shell {
            "bash" => {
                command.args(["--noprofile", "--rcfile"]);
                command.arg(base.join("rc"));
                base.join("rc")
            }
            "zsh" => {
                command.env("ZDOTDIR", base);
                command.arg("-d");
                base.join(".zshrc")
            }
            _ => {
                command.env("XDG_CONFIG_HOME", base);
                command.env("XDG_DATA_HOME", base.join("data"));
                std::fs::create_dir(base.join("fish")).unwrap();
                base.join("fish/config.fish")
            }
        };
        std::fs::write(file, rc).unwrap();
        command.arg("-i");
        command.args(self.arguments);
        command.env("TERM", "dumb");
        command.env("HISTFILE", "/dev/null");
        command.env_remove("KAIROS_SOCKET");
        command.env_remove("PROMPT_COMMAND");
        command.cwd(base.join("work"));
        command
    }

    fn type_into(&self, command: CommandBuilder, lines: &[&str]) -> String {
        let pair = native_pty_system().openpty(PtySize { rows: 50, cols: 200, ..PtySize::default() }).unwrap();
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let (mut reader, mut writer) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
        let (done, is_done) = channel::<()>();
        let mut killer = child.clone_killer();
        let watchdog = std::thread::spawn(move || {
            let stuck = is_done.recv_timeout(STUCK) == Err(RecvTimeoutError::Timeout);
            if stuck {
                killer.kill().unwrap();
            }
            stuck
        });
        let (mut seen, mut buffer, mut from) = (String::new(), [0; 4096], 0);
        let mut next = lines.iter().chain(std::iter::once(&"exit"));
        while let Ok(n) = reader.read(&mut buffer) {
            if n == 0 {
                break;
            }
            seen += &String::from_utf8_lossy(&buffer[..n]);
            if let Some(at) = seen[from..].find("ready> ") {
                from += at + "ready> ".len();
                if let Some(line) = next.next() {
                    // What just started in the background may need the terminal for a moment more.
                    if *line == "exit" {
                        std::thread::sleep(Duration::from_millis(500));
                    }
                    writer.write_all(format!("{line}\r").as_bytes()).unwrap();
                }
            }
        }
        child.wait().unwrap();
        drop(done);
        assert!(!watchdog.join().unwrap(), "{} is stuck: {seen}", self.shell);
        seen
    }
}

fn kind(shell: &str) -> Shell {
    match shell {
        "bash" => Shell::Bash,
        "zsh" => Shell::Zsh,
        _ => Shell::Fish,
    }
}

/// Of the three, those that are here.
fn shells() -> impl Iterator<Item = &'static str> {
    ["bash", "zsh", "fish"].into_iter().filter(|s| has(s))
}

fn commands(reports: &[[String; 3]]) -> Vec<(&str, &str)> {
    let mut all: Vec<_> = reports.iter().map(|[code, _, command]| (command.as_str(), code.as_str())).collect();
    all.sort_unstable();
    all
}

fn has(shell: &str) -> bool {
    let found = Command::new(shell).arg("--version").output().is_ok();
    if !found {
        eprintln!("{shell} is not installed: skipped");
    }
    found
}

const LINES: &[&str] = &[
    "echo first",
    "false",
    "false",
    "",
    " echo hidden",
    "(exit 42)",
    "echo \"it's $HOME; \" 'q' | cat",
    "cd /",
    "echo code is $?",
    "kairos-run exec -- x",
];

fn check(reports: &[[String; 3]], seen: &str) {
    let mut expected = vec![
        ("echo first", "0"),
        ("false", "1"),
        ("false", "1"),
        ("(exit 42)", "42"),
        ("echo \"it's $HOME; \" 'q' | cat", "0"),
        ("cd /", "0"),
        ("echo code is $?", "0"),
    ];
    expected.sort_unstable();
    let mut told = commands(reports);
    told.retain(|(c, _)| *c != "exit");
    assert_eq!(told, expected, "{seen}");
    assert!(!seen.contains("noise") && !seen.contains("[1]"), "{seen}");
    let [_, folder, _] = reports.iter().find(|[_, _, c]| c == "cd /").unwrap();
    assert!(folder.ends_with("/work"), "{folder}");
}

#[test]
fn bash_reports_commands() {
    if !has("bash") {
        return;
    }
    for rc in [
        "HISTCONTROL=ignoreboth",
        "HISTCONTROL=",
        "PROMPT_COMMAND='true'",
        "PROMPT_COMMAND=(true 'true')\nHISTTIMEFORMAT='%F %T '",
        "PROMPT_COMMAND='true;'\ntrap 'last=$BASH_COMMAND' DEBUG\nset -u",
    ] {
        let (mut reports, seen) = Session::new("bash", rc).run(LINES);
        // Without a separate history for it, bash keeps a repeated command apart only by its last word.
        if rc == "HISTCONTROL=ignoreboth" {
            assert_eq!(reports.iter().filter(|[_, _, c]| c == "false").count(), 2);
        }
        reports.retain(|[_, _, c]| c != "exit");
        check(&reports, &seen);
    }
}

#[test]
fn zsh_reports_commands() {
    if !has("zsh") {
        return;
    }
    for rc in ["setopt hist_ignore_space", "setopt ksh_arrays nounset\nprecmd() { true }", "setopt hist_ignore_all_dups"] {
        let (reports, seen) = Session::new("zsh", rc).run(LINES);
        check(&reports, &seen);
    }
}

#[test]
fn fish_reports_commands() {
    if !has("fish") {
        return;
    }
    let lines: Vec<_> = LINES.iter().map(|l| l.replace("(exit 42)", "sh -c 'exit 42'").replace("$?", "$status")).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    for rc in ["", "function greet --on-event fish_postexec; false; end\nset -g fish_greeting"] {
        let (mut reports, seen) = Session::new("fish", rc).run(&lines);
        for [_, _, command] in &mut reports {
            *command = command.replace("sh -c 'exit 42'", "(exit 42)").replace("$status", "$?");
        }
        check(&reports, &seen);
    }
}

#[test]
fn what_is_private_in_fish_is_not_seen() {
    if !has("fish") {
        return;
    }
    let (reports, seen) = Session { arguments: &["--private"], ..Session::new("fish", "") }.run(&["echo one", "false"]);
    assert!(reports.is_empty(), "{reports:?} {seen}");
    let rc = "function fish_should_add_to_history; not string match -q '*secret*' -- $argv[1]; end";
    let (reports, seen) = Session::new("fish", rc).run(&["echo secret", "echo one", " echo two"]);
    let told: Vec<_> = commands(&reports).into_iter().filter(|(c, _)| *c != "exit").collect();
    assert_eq!(told, [("echo one", "0")], "{seen}");
}

#[test]
fn many_lines_are_one_command() {
    for shell in shells() {
        // Only the last line brings the next prompt.
        let rc = if shell == "fish" { "" } else { "PS2=" };
        let (reports, seen) = Session::new(shell, rc).run(&["echo 'a\rb  c\r'"]);
        assert!(reports.iter().any(|[_, _, c]| c.trim_end() == "echo 'a\nb  c\n'"), "{shell}: {reports:?} {seen}");
    }
}

#[test]
fn the_prompt_still_knows_the_exit_code() {
    for shell in shells() {
        let (rc, fails) = match shell {
            "bash" => ("show() { echo \"last=$?\"; }\nPROMPT_COMMAND=show", "(exit 5)"),
            "zsh" => ("precmd() { echo \"last=$?\" }", "(exit 5)"),
            _ => ("function show --on-event fish_prompt; echo \"last=$status\"; end", "sh -c 'exit 5'"),
        };
        let (_, seen) = Session::new(shell, rc).run(&[fails, "true"]);
        assert!(seen.contains("last=5") && seen.contains("last=0"), "{shell}: {seen}");
    }
}

#[test]
fn the_users_own_jobs_are_left_alone() {
    for shell in shells() {
        let show = if shell == "fish" { "echo pid=$last_pid" } else { "echo pid=$!" };
        let (_, seen) = Session::new(shell, "").run(&["sleep 20 &", show, "true", show, "jobs", "kill %1", "wait"]);
        let pids: Vec<u32> = seen.split("pid=").filter_map(|s| s.split(['\r', '\n']).next()?.parse().ok()).collect();
        assert!(matches!(pids[..], [a, b] if a == b), "{shell}: {seen}");
        assert!(!seen.contains("[2]") && !seen.contains("report-command"), "{shell}: {seen}");
    }
}

#[test]
fn without_a_socket_nothing_is_spawned() {
    for shell in shells() {
        let (reports, _) = Session { socket: false, ..Session::new(shell, "") }.run(&["echo one", "false"]);
        assert!(reports.is_empty(), "{shell}: {reports:?}");
    }
}

#[test]
fn a_report_that_hangs_is_not_waited_for() {
    for shell in shells() {
        let start = Instant::now();
        let (_, seen) = Session { program: HANGS, ..Session::new(shell, "") }.run(&["true", "wait", "jobs"]);
        assert!(start.elapsed() < STUCK / 2, "{shell}: {seen}");
        assert!(!seen.contains("kairos") && !seen.contains("still"), "{shell}: {seen}");
    }
}

#[test]
fn a_program_that_is_gone_is_not_spoken_of() {
    for shell in shells() {
        let (_, seen) = Session { program: "", ..Session::new(shell, "") }.run(&["echo one", "false"]);
        assert!(!seen.contains("kairos"), "{shell}: {seen}");
    }
}

#[test]
fn scripts_do_nothing_where_nobody_types() {
    for shell in shells() {
        let script = init_script(kind(shell), Path::new("/k"), Path::new("/s"));
        let (options, left) = match shell {
            "bash" => (
                "-euc",
                "echo \"${PS0-none} ${PROMPT_COMMAND-none}\"; compgen -v __kairos || true; compgen -A function __kairos || true",
            ),
            "zsh" => ("-fuc", "echo none none; typeset +m '__kairos*'; print -l ${(k)functions[(I)__kairos*]}"),
            _ => ("-Nc", "echo none none; set -n | string match '__kairos*'; functions -an | string match '__kairos*'"),
        };
        let output = Command::new(shell)
            .args([options, &format!("{script}\n{left}")])
            .env_remove("PROMPT_COMMAND")
            .env_remove("PS0")
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), "none none", "{shell}");
        assert!(output.stderr.is_empty(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
