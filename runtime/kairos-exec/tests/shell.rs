//! The shell hooks in real interactive shells.

use kairos_exec::shell::{Shell, init_script, quote};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Types lines into a shell, each once the one before is done, and gives what was reported (exit code, folder, command)
/// and what the screen showed.
fn session(shell: &str, rc: &str, lines: &[&str], socket: bool) -> (Vec<[String; 3]>, String) {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().canonicalize().unwrap();
    let (program, socket_path, log) = (base.join("it's kairos"), base.join("a socket"), base.join("log"));
    // $2 $6 are the values, $8 the command; \x1f and \x1e so that any text can be told apart.
    let body = format!(
        "#!/bin/sh\n[ \"$1 $2 $4 $6 $8\" = 'report-command --exit-code --duration-ms --folder --' ] || exit 1\n[ \"$5\" -ge 0 ] || exit 1\nprintf '%s\\037%s\\037%s\\036' \"$3\" \"$7\" \"$9\" >>{}\necho noise; echo noise >&2\n",
        quote(&log.to_string_lossy())
    );
    std::fs::write(&program, body).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let _listener = socket.then(|| UnixListener::bind(&socket_path).unwrap());
    let kind = if shell == "bash" { Shell::Bash } else { Shell::Zsh };
    let hook = init_script(kind, &program, &socket_path);
    // Twice: it must not matter.
    let rc_text = format!("{rc}\nPS1='ready> '\neval {0}\neval {0}\n", quote(&hook));
    std::fs::create_dir(base.join("work")).unwrap();
    let pair = native_pty_system().openpty(PtySize { rows: 50, cols: 200, ..PtySize::default() }).unwrap();
    let mut command = CommandBuilder::new(shell);
    if shell == "bash" {
        std::fs::write(base.join("rc"), rc_text).unwrap();
        command.args(["--noprofile", "--rcfile"]);
        command.arg(base.join("rc"));
        command.arg("-i");
    } else {
        std::fs::write(base.join(".zshrc"), rc_text).unwrap();
        command.env("ZDOTDIR", &base);
        command.args(["-d", "-i"]);
    }
    command.env("TERM", "dumb");
    command.env("HISTFILE", "/dev/null");
    command.env_remove("KAIROS_SOCKET");
    command.env_remove("PROMPT_COMMAND");
    command.cwd(base.join("work"));
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (mut reader, mut writer) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
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
    let read = || -> Vec<[String; 3]> {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let parts = text.split('\u{1e}').filter(|r| !r.is_empty());
        parts.map(|r| r.split('\u{1f}').map(String::from).collect::<Vec<_>>().try_into().unwrap()).collect()
    };
    // Reports come in the background: wait until no more do.
    let end = Instant::now() + Duration::from_secs(3);
    let mut last = read();
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(300));
        let now = read();
        if now.len() == last.len() && !now.is_empty() {
            break;
        }
        last = now;
    }
    (read(), seen)
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
        let (mut reports, seen) = session("bash", rc, LINES, true);
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
        let (reports, seen) = session("zsh", rc, LINES, true);
        check(&reports, &seen);
    }
}

#[test]
fn the_prompt_still_knows_the_exit_code() {
    let rc = "show() { echo \"last=$?\"; }\nPROMPT_COMMAND=show";
    let (_, seen) = session("bash", rc, &["(exit 5)", "true"], true);
    assert!(seen.contains("last=5") && seen.contains("last=0"), "{seen}");
    if has("zsh") {
        let (_, seen) = session("zsh", "precmd() { echo \"last=$?\" }", &["(exit 5)", "true"], true);
        assert!(seen.contains("last=5") && seen.contains("last=0"), "{seen}");
    }
}

#[test]
fn without_a_socket_nothing_is_spawned() {
    for shell in ["bash", "zsh"] {
        if has(shell) {
            let (reports, _) = session(shell, "", &["echo one", "false"], false);
            assert!(reports.is_empty(), "{reports:?}");
        }
    }
}

#[test]
fn scripts_do_nothing_where_nobody_types() {
    let script = init_script(Shell::Bash, Path::new("/k"), Path::new("/s"));
    let output = Command::new("bash").args(["-euc", &format!("{script}\necho \"${{PS0-none}}\"")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "none\n");
    assert!(output.stderr.is_empty());
}
