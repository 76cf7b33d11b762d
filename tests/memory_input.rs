//! A memory that a person, a disk or another program has damaged: what is wrong is named with its place and a remedy, and nothing
//! else suffers; on the real binary.
#![allow(missing_docs)]

mod support;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use support::{World, text};

/// The folder of what is kept about the project.
fn data(world: &World) -> PathBuf {
    let projects = world.home().join("data").join("projects");
    projects.read_dir().unwrap().flatten().next().unwrap().path()
}

/// What `memory verify` finds wrong, which it says by its exit code too.
fn problems(world: &World) -> String {
    let verified = world.run(&["memory", "verify"]);
    let said = text(&verified.stdout);
    assert_eq!(verified.status.success(), said.contains("Everything is whole"), "{said}");
    said
}

fn count(world: &World) -> usize {
    world.json(&["memory", "list"]).as_array().unwrap().len()
}

#[test]
fn a_transcript_with_a_huge_line_and_bytes_that_are_no_text() {
    let world = World::with_git();
    world.ok(&["memory", "add", "Before the damage."]);
    let days = data(&world).join("transcripts");
    let day = days.read_dir().unwrap().flatten().next().unwrap().path();
    let mut file = fs::OpenOptions::new().append(true).open(&day).unwrap();
    file.write_all(b"{\"id\":\"20260101-0000000000\",\"text\":\"").unwrap();
    for _ in 0..100 {
        file.write_all(&[b'x'; 1 << 20]).unwrap();
    }
    file.write_all(b"\"}\n{\"text\":\"\xff\xfe\"}\nnonsense\n{\"id\":\"cut o").unwrap();
    drop(file);
    world.ok(&["memory", "add", "After the damage."]);
    let said = problems(&world);
    for (line, what) in [(2, "at most 1048576 are read"), (3, "no UTF-8"), (4, "no observation")] {
        let place = format!("{}:{line}: ", day.display());
        assert!(said.lines().any(|l| l.contains(&place) && l.contains(what) && l.contains("mend the line")), "{line}: {said}");
    }
    for word in ["Before the", "After the"] {
        assert!(world.run(&["memory", "search", "--exact", word]).status.success(), "{word}");
    }
    assert_eq!(world.json(&["memory", "search", "damage", "--claims"]).as_array().unwrap().len(), 2);
    assert!(fs::metadata(&day).unwrap().len() > 100 << 20, "what is damaged is not ours to throw away");
    assert_eq!(fs::read(day.with_extension("jsonl.torn")).unwrap(), b"{\"id\":\"cut o\n");
}

#[test]
fn topic_files_that_are_no_text_or_in_conflict_or_not_closed() {
    let world = World::with_git();
    world.ok(&["memory", "add", "One."]);
    let file = data(&world).join("memory/project.md");
    let whole = fs::read(&file).unwrap();
    let lines = text(&whole).lines().count();
    for (more, named) in [
        (&b"- by hand \xff\n"[..], format!("project.md line {} is not UTF-8; convert the file", lines + 1)),
        (
            b"<<<<<<< HEAD\n- a\n=======\n- b\n>>>>>>> x\n",
            format!("project.md line {} is a marker of an unfinished merge", lines + 1),
        ),
    ] {
        let broken = [&whole[..], more].concat();
        fs::write(&file, &broken).unwrap();
        let refused = world.run(&["memory", "add", "Two."]);
        assert!(!refused.status.success() && text(&refused.stderr).contains(&named), "{}", text(&refused.stderr));
        assert!(problems(&world).contains(&named));
        assert_eq!(fs::read(&file).unwrap(), broken);
        assert_eq!(count(&world), 1, "its claims are known all the same");
        world.ok(&["memory", "add", "--kind", "reference", &format!("Elsewhere, {}.", more.len())]);
        world.ok(&["memory", "retire", world.json(&["memory", "list", "--kind", "reference"])[0]["id"].as_str().unwrap()]);
    }
    fs::write(&file, &whole).unwrap();
    fs::write(data(&world).join("memory/other.md"), "---\nname: other\n- A claim below it.\n").unwrap();
    assert!(problems(&world).contains("other.md line 1 begins a frontmatter that does not end; close it"));
    assert_eq!(count(&world), 2);
}

#[test]
fn an_index_that_was_edited_and_one_of_the_search_that_is_junk() {
    let world = World::with_git();
    world.ok(&["memory", "add", "The parser is written by hand."]);
    world.ok(&["memory", "search", "parser"]);
    let index = data(&world).join("memory/MEMORY.md");
    fs::write(&index, "My own line.\n- [Gone](gone.md) and more\n").unwrap();
    assert!(problems(&world).contains("MEMORY.md line 2 points at gone.md, which is not there"));
    world.ok(&["memory", "add", "--kind", "user", "I like it short."]);
    let now = fs::read_to_string(&index).unwrap();
    assert!(now.starts_with("My own line.\n") && now.contains("](project.md)") && now.contains("](user.md)"), "{now}");
    let mut folders = vec![data(&world).join("index")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { fs::write(entry.path(), "junk").unwrap() }
        }
    }
    let found = world.json(&["memory", "search", "parser", "--claims"]);
    assert_eq!(found[0]["text"], "The parser is written by hand.");
}

#[test]
fn a_history_that_is_gone_or_damaged_is_told_and_begins_anew() {
    let world = World::with_git();
    world.ok(&["memory", "add", "One."]);
    world.ok(&["memory", "add", "Two."]);
    let git = data(&world).join("memory/.git");
    fs::remove_dir_all(&git).unwrap();
    let listed = world.run(&["memory", "list"]);
    assert!(text(&listed.stderr).contains("there was no history: it begins now, with 4 files"), "{}", text(&listed.stderr));
    assert_eq!(count(&world), 2);
    fs::write(git.join("HEAD"), "nonsense").unwrap();
    let said = text(&world.run(&["memory", "list"]).stderr);
    assert!(said.contains("the history was damaged and lies in ") && said.contains(".git.damaged-1"), "{said}");
    assert!(problems(&world).contains("Everything is whole") && count(&world) == 2);
    // A line of the ledger is damaged: it is named, it stays, and the others hold.
    let ledger = data(&world).join("memory/.kairos/claims.jsonl");
    let damaged = fs::read_to_string(&ledger).unwrap().replacen("\"id\"", "\"xx", 1);
    fs::write(&ledger, damaged).unwrap();
    assert!(problems(&world).contains("claims.jsonl line "));
    world.ok(&["memory", "add", "Three."]);
    assert!(fs::read_to_string(&ledger).unwrap().contains("\"xx:"));
    assert_eq!(count(&world), 3);
}

#[test]
fn an_import_names_the_lines_that_it_can_not_read() {
    let world = World::with_git();
    fs::create_dir_all(world.home()).unwrap();
    let session = world.home().join("session.jsonl");
    let entry = serde_json::json!({
        "type": "user", "uuid": "u", "sessionId": "s", "timestamp": "2026-11-01T10:00:00Z", "cwd": world.project(),
        "version": "2.0.0", "isSidechain": false, "message": {"role": "user", "content": "The docs are built with mdbook."},
    });
    let good = entry.to_string();
    let mut lines = vec![good.as_bytes(), b"{\"type\":", b"\xff\xfe"];
    lines.extend([b"junk".as_slice(); 4]);
    fs::write(&session, lines.join(&b'\n')).unwrap();
    let place = session.display();
    let said = world.ok(&["memory", "import", "claude", session.to_str().unwrap()]);
    assert!(said.contains("6 lines could not be read:\n"), "{said}");
    assert!(said.contains(&format!("  {place}:2: no JSON object\n  {place}:3: no UTF-8\n")), "{said}");
    assert!(said.contains(&format!("  {place}:6: no JSON object\n  and 1 more\n")), "{said}");
    let again = world.json(&["memory", "import", "claude", session.to_str().unwrap()]);
    assert_eq!((&again["damaged"], &again["unread"][5]["line"]), (&serde_json::json!(6), &serde_json::json!(7)));
    // Notes, too.
    let notes = world.home().join("notes.md");
    fs::write(&notes, b"The port is 8080.\n\n\xff\n").unwrap();
    let said = world.ok(&["memory", "import", "notes", notes.to_str().unwrap()]);
    assert!(said.contains(&format!("1 line could not be read:\n  {}:3: no UTF-8\n", notes.display())), "{said}");
}

/// Runs a command while a folder can't be written, whoever runs it; none where the system lets nobody see to that.
fn with_read_only(folder: &std::path::Path, world: &World, arguments: &[&str]) -> Option<std::process::Output> {
    let sealed = |command: &[&str]| {
        let mount = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
        let mut run = std::process::Command::new("unshare");
        run.args(["-rm", "sh", "-c", mount]).arg(folder).args(command);
        run.current_dir(world.project()).env("KAIROS_HOME", world.home()).env("NO_COLOR", "1").output().ok()
    };
    let works = sealed(&["sh", "-c", &format!("! touch {}/probe", folder.display())])?.status.success();
    works.then(|| sealed(&[&[support::BINARY], arguments].concat())).flatten()
}

#[test]
fn a_read_only_folder_is_read_as_it_is_and_a_change_is_refused_in_plain_words() {
    let world = World::with_git();
    let id = world.json(&["memory", "add", "The docs are built with mdbook."])["id"].as_str().unwrap().to_owned();
    let folder = data(&world).join("memory");
    // What a person wrote and nothing has taken in yet.
    let file = folder.join("project.md");
    fs::write(&file, format!("{}- Written by hand.\n", fs::read_to_string(&file).unwrap())).unwrap();
    let before = fs::read(&file).unwrap();
    let run = |arguments: &[&str]| with_read_only(&folder, &world, arguments);
    let Some(listed) = run(&["memory", "list"]) else { return };
    assert!(text(&listed.stdout).contains("mdbook") && listed.status.success(), "{}", text(&listed.stderr));
    assert!(text(&listed.stderr).contains("can't be written: it is shown as it is"), "{}", text(&listed.stderr));
    for reads in [
        &["memory", "show", &id][..],
        &["memory", "why", &id],
        &["memory", "search", "how", "are", "docs", "built?"],
        &["memory", "search", "--exact", "mdbook"],
    ] {
        let read = run(reads).unwrap();
        assert!(read.status.success() && text(&read.stdout).contains("mdbook"), "{reads:?}: {}", text(&read.stderr));
    }
    assert!(run(&["dream", "list"]).unwrap().status.success() && run(&["memory", "log"]).unwrap().status.success());
    for writes in [&["memory", "add", "Two."][..], &["memory", "edit", &id, "Two."], &["memory", "retire", &id]] {
        let refused = text(&run(writes).unwrap().stderr);
        assert!(refused.contains("nothing in it is changed. Make it writable"), "{writes:?}: {refused}");
    }
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(count(&world), 2, "then it is taken in");
}

#[test]
fn a_folder_that_can_not_be_written_says_so_and_keeps_what_it_has() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_git();
    world.ok(&["memory", "add", "One."]);
    let folder = data(&world).join("memory");
    let set = |mode| fs::set_permissions(&folder, PermissionsExt::from_mode(mode)).unwrap();
    set(0o500);
    // Whoever may do anything is not stopped by this.
    if fs::write(folder.join("probe"), "").is_err() {
        let refused = text(&world.run(&["memory", "add", "Two."]).stderr);
        assert!(refused.contains(folder.to_str().unwrap()) && refused.contains("Make it writable"), "{refused}");
    }
    set(0o700);
    assert!(count(&world) == 1);
    world.ok(&["memory", "add", "Three."]);
}
