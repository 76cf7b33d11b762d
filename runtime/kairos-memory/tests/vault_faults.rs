//! A write is stopped, or its disk fails, at every single system call that touches the vault: what opens is the old state or the new
//! one, git finds nothing wrong, and nothing is left behind.
//!
//! `strace` does the stopping; where it is missing or not allowed to trace, the test says so and passes. By default every 25th call
//! is taken; `KAIROS_EVERY_CALL=1` takes all.

use kairos_memory::vault::{Author, Digest, Error, FileChange, Places, Vault, Write};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const CHILD: &str = "KAIROS_VAULT_OF_CHILD";
const REFUSED: i32 = 40;
const UNFINISHED: i32 = 41;

fn files(vault: &Vault, next: &[(&str, Option<&str>)]) -> Vec<FileChange> {
    let was = |path: &str| vault.read(path).ok().flatten().as_deref().map(Digest::of);
    let file = |(path, now): &(&str, Option<&str>)| FileChange {
        path: (*path).to_owned(),
        was: was(path),
        now: now.map(|text| text.as_bytes().to_vec()),
    };
    next.iter().map(file).collect()
}

fn write(vault: &Vault, next: &[(&str, Option<&str>)]) -> Result<(), Error> {
    let guard = vault.lock()?;
    let author = Author { name: "test".to_owned(), email: String::new() };
    let write =
        Write { files: files(vault, next), message: "Change".to_owned(), author, trailers: Vec::new(), time: 1_700_000_000_000 };
    vault.write(&guard, write).map(drop)
}

const FIRST: [(&str, Option<&str>); 3] =
    [("MEMORY.md", Some("- [A](a.md)\n")), ("a.md", Some("one\n")), (".kairos/claims.jsonl", Some("{}\n"))];
const NEXT: [(&str, Option<&str>); 3] = [("MEMORY.md", Some("- [B](b.md)\n")), ("a.md", None), ("b.md", Some("two\n"))];

const FAULTS: [&str; 3] = ["signal=SIGKILL", "error=ENOSPC", "error=EIO"];

/// An argument may name one fault; any other is a filter on test names, as `cargo test` passes it on.
fn main() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return child(Path::new(&folder));
    }
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_fault = |argument: &&String| FAULTS.contains(&argument.as_str());
    if arguments.iter().filter(|argument| !is_fault(argument)).all(|filter| "vault_faults".contains(filter.as_str())) {
        at_every_system_call_the_state_is_old_or_new(arguments.iter().find(is_fault).map(String::as_str));
    }
}

/// Runs in a process of its own, under strace.
fn child(folder: &Path) {
    let result = Vault::open(Places::within(folder)).and_then(|(vault, _)| write(&vault, &NEXT));
    std::process::exit(match result {
        Ok(()) => 0,
        Err(Error::Unfinished { .. }) => UNFINISHED,
        Err(_) => REFUSED,
    });
}

fn traced(folder: &Path, options: &[&str]) -> Option<Output> {
    let mut command = Command::new("strace");
    command.arg("-f").args(options).arg("-o").arg(folder.with_extension("trace"));
    command.arg(std::env::current_exe().ok()?).env(CHILD, folder).output().ok()
}

/// Which calls touch the vault: a name, and the how-many-th of that name in its thread.
fn calls(folder: &Path) -> Vec<(String, usize)> {
    let trace = fs::read_to_string(folder.with_extension("trace")).unwrap_or_default();
    let folder = folder.to_string_lossy().into_owned();
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    let mut found = Vec::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(char::is_whitespace) else { continue };
        let Some((name, arguments)) = call.trim_start().split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let count = counts.entry((thread, name)).or_default();
        *count += 1;
        if arguments.contains(&folder) && !["execve", "close"].contains(&name) {
            found.push((name.to_owned(), *count));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn state(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let list = |folder: &Path| {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect::<Vec<_>>()
    };
    let files = list(folder).into_iter().chain(list(&folder.join(".kairos")));
    files.filter(|path| !path.ends_with("lock")).map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

fn at_every_system_call_the_state_is_old_or_new(only: Option<&str>) {
    let temporary = tempfile::tempdir().unwrap();
    let (origin, tried) = (temporary.path().join("origin"), temporary.path().join("tried"));
    let (vault, _) = Vault::open(Places::within(&origin)).unwrap();
    write(&vault, &FIRST).unwrap();
    copy(&origin, &tried);
    let old = state(&tried);
    match traced(&tried, &["-y", "-s", "4096"]) {
        Some(output) if output.status.success() => {}
        other => return eprintln!("skipped: no strace here, or it may not trace ({other:?})"),
    }
    let new = state(&tried);
    assert_ne!(old, new);
    let calls = calls(&tried);
    assert!(calls.len() > 50, "{calls:?}");
    let every = if std::env::var_os("KAIROS_EVERY_CALL").is_some() { 1 } else { 25 };
    let mut outcomes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for fault in FAULTS.into_iter().filter(|fault| only.is_none_or(|only| only == *fault)) {
        for (name, count) in calls.iter().step_by(every) {
            fs::remove_dir_all(&tried).unwrap();
            copy(&origin, &tried);
            let case = format!("inject={name}:{fault}:when={count}");
            let code = traced(&tried, &["-e", &format!("trace={name}"), "-e", &case]).unwrap().status.code();
            let (vault, recovery) = Vault::open(Places::within(&tried)).unwrap();
            let found = state(&tried);
            let outcome = match code {
                None => "killed",
                Some(0) => "done",
                Some(UNFINISHED) => "unfinished",
                Some(REFUSED) => "refused",
                other => panic!("{case}: {other:?}"),
            };
            assert!(found == old || found == new, "{case}: {outcome}, {recovery:?}, {:?}", found.keys());
            match outcome {
                "done" | "unfinished" => assert!(found == new, "{case}: {outcome}"),
                "refused" => assert!(found == old, "{case}: {outcome}"),
                _ => {}
            }
            assert_eq!(vault.status().unwrap(), [], "{case}");
            assert_eq!(vault.log(9, None).unwrap().len(), if found == old { 2 } else { 3 }, "{case}: {recovery:?}");
            let fsck = Command::new("git").args(["fsck", "--full", "--strict"]).current_dir(&tried).output().unwrap();
            assert!(fsck.status.success(), "{case}: {fsck:?}");
            *outcomes.entry((fault, if found == old { "old" } else { "new" })).or_default() += 1;
            *outcomes.entry((fault, outcome)).or_default() += 1;
        }
    }
    eprintln!("{} calls, every {every}: {outcomes:?}", calls.len());
}
