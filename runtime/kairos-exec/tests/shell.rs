//! The shell hooks in real interactive shells.

use kairos_exec::shell::{Shell, init_script, quote};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// No session takes nearly so long.
const STUCK: Duration = Duration::from_secs(60);

/// A shell with the hook in a terminal.
struct Session {
    shell: &'static str,
    arguments: &'static [&'static str],
    rc: &'static str,
    /// What the file that the hook writes to is.
    file: Reader,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Somebody made it.
    Some,
    /// There is none.
    None,
    /// Nothing can be written to it.
    DiskFull,
}

impl Session {
    fn new(shell: &'static str, rc: &'static str) -> Self {
        Self { shell, arguments: &[], rc, file: Reader::Some }
    }

    /// Types lines, each once the one before is done, and gives what was reported (exit code, folder, command) and what the
    /// screen showed.
    fn run(&self, lines: &[&str]) -> (Vec<[String; 3]>, String) {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        std::fs::create_dir(base.join("work")).unwrap();
        let file = base.join(r"it's \ written");
        match self.file {
            Reader::Some => std::fs::write(&file, "").unwrap(),
            Reader::None => {}
            Reader::DiskFull => std::os::unix::fs::symlink("/dev/full", &file).unwrap(),
        }
        let seen = self.type_into(self.command(&base, &init_script(kind(self.shell), &file)), lines);
        if self.file != Reader::Some {
            assert!(!file.is_file(), "{seen}");
            return (Vec::new(), seen);
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let records = text.split_terminator("\0<\0").map(|record| {
            let fields: Vec<_> = record.strip_prefix("\0>\0").unwrap_or_else(|| panic!("{text:?}")).split('\0').collect();
            let [code, duration, folder, command] = fields[..] else { panic!("{text:?}") };
            assert!(duration.parse::<u64>().unwrap() < 60_000, "{text:?}");
            [code, folder, command].map(String::from)
        });
        (records.collect(), seen)
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
    assert!(!seen.contains("[1]"), "{seen}");
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
        "PROMPT_COMMAND='true'\nset -o noclobber",
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
    for rc in
        ["setopt hist_ignore_space", "setopt ksh_arrays nounset\nprecmd() { true }", "setopt hist_ignore_all_dups no_clobber"]
    {
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
        assert!(!seen.contains("[2]"), "{shell}: {seen}");
    }
}

#[test]
fn the_file_is_never_made() {
    for shell in shells() {
        Session { file: Reader::None, ..Session::new(shell, "") }.run(&["echo one", "false"]);
    }
}

#[test]
fn a_full_disk_is_hardly_spoken_of() {
    for shell in shells() {
        let (_, seen) = Session { file: Reader::DiskFull, ..Session::new(shell, "") }.run(&["echo one", "false"]);
        // Fish can't be told to be silent.
        assert_eq!(seen.matches("device").count(), usize::from(shell == "fish"), "{shell}: {seen}");
    }
}

#[test]
fn a_file_that_nobody_reads_stops_to_grow() {
    for shell in shells() {
        let mut lines = vec!["true"; 105];
        lines.extend(["echo unread", "printf '' >\"$__kairos_file\"", "true", "echo read"]);
        let (reports, seen) = Session::new(shell, "").run(&lines);
        assert!(reports.len() <= 4 && reports.iter().any(|[_, _, c]| c == "echo read"), "{shell}: {reports:?} {seen}");
        lines.truncate(106);
        let (reports, seen) = Session::new(shell, "").run(&lines);
        assert_eq!(reports.len(), 100, "{shell}: {reports:?} {seen}");
    }
}

#[test]
fn scripts_do_nothing_where_nobody_types() {
    for shell in shells() {
        let script = init_script(kind(shell), Path::new("/k"));
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
