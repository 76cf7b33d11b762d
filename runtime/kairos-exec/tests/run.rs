//! Commands under observation: with pipes, and in a real terminal.

use kairos_exec::{ExecError, MAX_TAIL, run_observed};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Not a test: what the others start, so that stdin, stdout and signals are a process's own. Prints a line in the end.
#[test]
#[ignore = "started by other tests"]
fn helper() {
    let script: OsString = std::env::var_os("HELPER_SCRIPT").unwrap();
    let observed = run_observed(&["sh".into(), "-c".into(), script], Path::new("/")).unwrap();
    let file = std::env::var_os("HELPER_TAIL").unwrap();
    std::fs::write(file, format!("{}|{:?}|{}", observed.exit_code, observed.signal, observed.tail)).unwrap();
    std::process::exit(observed.exit_code);
}

const HELPER: [&str; 5] = ["--exact", "helper", "--ignored", "--nocapture", "--test-threads=1"];

fn helper_command(script: &str, report: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(HELPER).env("HELPER_SCRIPT", script).env("HELPER_TAIL", report).stdin(Stdio::null());
    command
}

struct Done {
    code: Option<i32>,
    out: Vec<u8>,
    err: Vec<u8>,
    report: String,
}

fn with_pipes(script: &str) -> Done {
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("report");
    let output = helper_command(script, &report).output().unwrap();
    let report = std::fs::read_to_string(report).unwrap_or_default();
    Done { code: output.status.code(), out: output.stdout, err: output.stderr, report }
}

#[test]
fn codes_signals_and_streams_are_kept() {
    let done = with_pipes("echo out; echo err >&2; exit 7");
    assert_eq!(done.code, Some(7));
    assert!(String::from_utf8_lossy(&done.out).contains("out\n") && !String::from_utf8_lossy(&done.out).contains("err\n"));
    assert_eq!(String::from_utf8_lossy(&done.err), "err\n");
    assert!(done.report.starts_with("7|None|") && done.report.contains("out\n") && done.report.contains("err\n"));
    let done = with_pipes("kill -TERM $$");
    assert_eq!((done.code, done.report.as_str()), (Some(143), "143|Some(15)|"));
    let done = with_pipes("echo password=hunter2secret; printf '\\033[31mred\\033[0m'");
    assert_eq!(done.report, "0|None|password=[redacted]\nred");
}

#[test]
fn what_can_not_run_says_why() {
    let here = std::env::temp_dir();
    let fails = |argv: &[&str], cwd: &Path| {
        let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
        run_observed(&argv, cwd).unwrap_err()
    };
    assert!(matches!(fails(&[], &here), ExecError::Empty));
    let e = fails(&["no-such-command-here"], &here);
    assert_eq!((e.exit_code(), matches!(e, ExecError::NotFound(_))), (127, true));
    assert_eq!(fails(&["/etc/passwd"], &here).exit_code(), 126);
    assert!(matches!(fails(&["true"], Path::new("/no/such/folder")), ExecError::NoFolder(_)));
}

#[test]
fn much_output_is_copied_whole() {
    let start = Instant::now();
    let done = with_pipes("head -c 100000000 /dev/zero | tr '\\0' x; echo; echo end");
    assert!(done.out.len() >= 100_000_005);
    assert!(done.report.ends_with("xx\nend\n") && done.report.len() < MAX_TAIL + 20);
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_reader_that_leaves_ends_the_command() {
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("report");
    let mut child = helper_command("while :; do echo y; done", &report).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 1000]).unwrap();
    drop(out);
    child.wait().unwrap();
    assert!(std::fs::read_to_string(report).unwrap().starts_with("141|Some(13)|"));
}

#[test]
fn what_a_command_leaves_behind_is_not_waited_for() {
    let start = Instant::now();
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("report");
    let mut command = helper_command("sleep 60 & echo $!", &report);
    command.stdout(std::fs::File::create(dir.path().join("out")).unwrap());
    assert!(command.status().unwrap().success());
    assert!(start.elapsed() < Duration::from_secs(30));
    let report = std::fs::read_to_string(report).unwrap();
    let pid = report.trim().rsplit('|').next().unwrap();
    Command::new("kill").arg(pid).status().unwrap();
}

/// Runs the helper in a terminal of its own; `act` sees what it has printed so far and may answer.
fn in_terminal(script: &str, mut act: impl FnMut(&str, &mut dyn Write, &dyn portable_pty::MasterPty)) -> (u32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("report");
    let pair = native_pty_system().openpty(PtySize { rows: 30, cols: 90, ..PtySize::default() }).unwrap();
    let mut command = CommandBuilder::new("sh");
    // The outer shell shows what the terminal is set to afterwards.
    command.args(["-c", "stty -g >$BEFORE; \"$@\"; code=$?; stty -g >$AFTER; exit $code", "sh"]);
    command.arg(std::env::current_exe().unwrap());
    command.args(HELPER);
    command.env("HELPER_SCRIPT", script);
    command.env("HELPER_TAIL", &report);
    let (before, after) = (dir.path().join("before"), dir.path().join("after"));
    command.env("BEFORE", &before);
    command.env("AFTER", &after);
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (mut reader, mut writer) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n) = reader.read(&mut buffer) {
        if n == 0 {
            break;
        }
        seen.extend_from_slice(&buffer[..n]);
        act(&String::from_utf8_lossy(&seen), &mut writer, &*pair.master);
    }
    let code = child.wait().unwrap().exit_code();
    let stty = std::fs::read_to_string(before).unwrap();
    assert!(stty.contains(':'));
    assert_eq!(stty, std::fs::read_to_string(after).unwrap(), "the terminal is left as it was");
    (code, String::from_utf8_lossy(&seen).into_owned(), std::fs::read_to_string(report).unwrap_or_default())
}

#[test]
fn a_terminal_passes_through() {
    let mut answered = false;
    let script =
        "test -t 0 && test -t 1 && test -t 2 && echo terminal; stty size; printf 'name? '; read name; echo hi $name; exit 3";
    let (code, seen, report) = in_terminal(script, |seen, keys, _| {
        if seen.contains("name? ") && !std::mem::replace(&mut answered, true) {
            keys.write_all(b"bob\r").unwrap();
        }
    });
    assert_eq!(code, 3, "{seen}");
    assert!(seen.contains("terminal") && seen.contains("hi bob"), "{seen}");
    assert_eq!(report, "3|None|terminal\n30 90\nname? bob\nhi bob\n");
}

#[test]
fn the_interrupt_key_and_the_window_size_reach_the_command() {
    let (mut resized, mut interrupted) = (false, false);
    let script = "trap 'stty size; echo ready2' WINCH; echo ready1; while :; do sleep 0.05; done";
    let (code, seen, report) = in_terminal(script, |seen, keys, master| {
        if seen.contains("ready1") && !std::mem::replace(&mut resized, true) {
            master.resize(PtySize { rows: 40, cols: 100, ..PtySize::default() }).unwrap();
        }
        if seen.contains("ready2") && !std::mem::replace(&mut interrupted, true) {
            keys.write_all(b"\x03").unwrap();
        }
    });
    assert_eq!(code, 130, "{seen}");
    assert!(report.contains("40 100") && report.starts_with("130|Some(2)|"), "{report}");
}
