//! What is kept of what was seen, for how long, and how it is forgotten; on the real binary.
#![allow(missing_docs)]

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use support::{Background, World, text, wait_until};

/// The folder of what is kept about the project.
fn data(world: &World) -> PathBuf {
    let projects = world.home().join("data").join("projects");
    projects.read_dir().unwrap().flatten().next().unwrap().path()
}

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            all_files(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

/// The files below the user's home that hold the word, and git's objects, which are compressed.
fn holding(world: &World, word: &str) -> Vec<String> {
    let mut files = vec![];
    all_files(&world.home(), &mut files);
    let holds = |bytes: &[u8]| text(bytes).to_lowercase().contains(word);
    let mut found: Vec<String> =
        files.iter().filter(|file| holds(&std::fs::read(file).unwrap())).map(|file| file.display().to_string()).collect();
    let git = data(world).join("memory");
    let objects = ["-C", git.to_str().unwrap(), "cat-file", "--batch", "--batch-all-objects"];
    let all = std::process::Command::new("git").args(objects).output().unwrap();
    assert!(all.status.success(), "{}", text(&all.stderr));
    if holds(&all.stdout) {
        found.push("an object of the history".into());
    }
    found
}

#[test]
fn what_is_forgotten_is_nowhere() {
    let mut world = World::with_git();
    world.settings("every = \"1s\"\n");
    world.env = vec![("KAIROS_LOG", "debug".into())];
    let word = "zyxwvutsbird";
    let background = Background::start(&world);
    wait_until("it watches", || text(&world.run(&["status"]).stdout).contains("watching native"));
    // A command that fails and then works, with a file of that name: findings, ticks, state of plugins, what a dream learns.
    world.write(&format!("{word}.md"), support::CONFLICT);
    for code in ["1", "1", "0"] {
        world.run(&["exec", "--", "sh", "-c", &format!("echo {word} was here; exit {code}")]);
    }
    wait_until("there is a finding", || world.ok(&["inbox", "list"]).contains(word));
    wait_until("it is observed", || world.run(&["memory", "search", "--exact", word]).status.success());
    // What is said, edited, dreamt of, put into other words, and what a crash left behind.
    let said = world.json(&["memory", "add", &format!("The code name is \"{word}\", and nobody may know.")]);
    let id = said["id"].as_str().unwrap();
    world.ok(&["memory", "edit", id, &format!("The code name was {word} until today.")]);
    let note = world.home().join("note.md");
    std::fs::write(&note, format!("From now on, always run `make {word}` before a release.\n")).unwrap();
    world.ok(&["memory", "import", "notes", note.to_str().unwrap()]);
    std::fs::remove_file(&note).unwrap();
    let dream = world.json(&["dream", "now"]);
    assert!(dream.to_string().contains(word), "{dream}");
    let topic = data(&world).join("memory/project.md");
    let by_hand = format!("{}\nA paragraph of one's own about {word}.\n", std::fs::read_to_string(&topic).unwrap());
    std::fs::write(&topic, by_hand).unwrap();
    let days = data(&world).join("transcripts");
    std::fs::write(days.join("2026-01-02.jsonl"), format!("{{\"id\":\"half a line about {word}\n")).unwrap();
    std::fs::write(days.join("2026-01-02.jsonl.torn"), format!("{{\"text\":\"{word}")).unwrap();
    assert!(holding(&world, word).len() > 5, "{:?}", holding(&world, word));

    let kept = world.json(&["memory", "add", "Tests run with `make test`."]);
    let planned = world.json(&["memory", "forget", "--containing", word, "--dry-run"]);
    let count = |name: &str| planned[name].as_array().map_or_else(|| planned[name].as_u64().unwrap() as usize, Vec::len);
    for name in ["claims", "observations", "ticks", "findings", "files", "places_in_logs", "damaged_lines"] {
        assert!(count(name) > 0, "{name}: {planned}");
    }
    let shown = world.ok(&["memory", "forget", "--containing", word, "--dry-run"]);
    assert!(shown.contains("Nor can a backup"), "{shown}");
    assert!(world.ok(&["memory", "search", "--exact", word]).contains(word), "a dry run forgets nothing");

    // The project itself holds it no longer: what is there would be seen again.
    std::fs::remove_file(world.project().join(format!("{word}.md"))).unwrap();
    wait_until("the finding is resolved", || !world.ok(&["inbox", "list"]).contains(word));
    let done = world.json(&["memory", "forget", "--containing", word, "--yes"]);
    assert_eq!(done["left"], serde_json::json!([]));
    assert_eq!(holding(&world, word), [""; 0]);
    // The process goes on, and so does the memory.
    wait_until("it ticks", || world.run(&["status"]).status.success());
    world.ok(&["memory", "why", kept["id"].as_str().unwrap()]);
    assert!(world.ok(&["dream", "list"]).len() > 10);
    world.ok(&["dream", "now"]);
    let verified = world.json(&["memory", "verify"]);
    assert_eq!(verified["problems"], serde_json::json!([]));
    drop(background);
    assert_eq!(holding(&world, word), [""; 0]);
    assert!(world.ok(&["memory", "forget", "--containing", word, "--dry-run"]).contains("Nothing holds it"));
}

#[test]
fn a_claim_is_forgotten_with_what_it_alone_rests_on() {
    let world = World::with_git();
    let one = world.json(&["memory", "add", "The release is cut on Thursdays by hand."]);
    let id = one["id"].as_str().unwrap();
    let evidence = one["evidence"][0].as_str().unwrap();
    let refused = world.run(&["memory", "forget", "nothing1", "--yes"]);
    assert!(text(&refused.stderr).contains("there is no claim nothing1"), "{}", text(&refused.stderr));
    let refused = world.run(&["memory", "forget", "--containing", "ab", "--yes"]);
    assert!(text(&refused.stderr).contains("at least 4"), "{}", text(&refused.stderr));
    let done: Value = world.json(&["memory", "forget", id, "--yes"]);
    assert_eq!(done["observations"][0]["id"], evidence);
    assert_eq!(holding(&world, "thursdays"), [""; 0]);
    // An observation can be named as well.
    let two = world.json(&["memory", "add", "The release is cut on Fridays by hand."]);
    world.ok(&["memory", "forget", two["evidence"][0].as_str().unwrap(), "--yes"]);
    let why = world.json(&["memory", "why", two["id"].as_str().unwrap()]);
    assert_eq!((why["evidence"].as_array().unwrap().len(), why["gone"].as_array().unwrap().len()), (0, 1));
}

/// A session in the form of Claude Code's files, of long ago.
fn old_session(world: &World) -> PathBuf {
    let lines = ["From now on, use pnpm and never npm.", "What does this function do?", "And that one?"];
    let line = |(n, said): (usize, &str)| {
        serde_json::json!({
            "type": "user", "uuid": format!("u{n}"), "sessionId": "s1", "timestamp": format!("2020-01-0{}T10:00:00Z", n + 1),
            "cwd": world.project(), "message": {"role": "user", "content": said},
        })
        .to_string()
    };
    let file = world.dir.path().join("session.jsonl");
    std::fs::write(&file, lines.into_iter().enumerate().map(line).collect::<Vec<_>>().join("\n")).unwrap();
    file
}

#[test]
fn what_is_old_goes_is_said_and_does_not_come_back() {
    let world = World::with_git();
    world.settings("every = \"1s\"\nmemory.keep = \"0s\"\n");
    let file = old_session(&world);
    let import = || world.ok(&["memory", "import", "claude", file.to_str().unwrap()]);
    assert_eq!(import(), "3 observations are new (3 entries of 1 file read).\n");
    assert_eq!(import(), "Nothing is new: 3 observations are known already (3 entries of 1 file read).\n");
    let background = Background::start(&world);
    let dream = world.json(&["dream", "now"]);
    assert_eq!(dream["state"], "applied", "{dream}");
    drop(background);
    let claims = world.json(&["memory", "list"]);
    let id = claims[0]["id"].as_str().unwrap().to_owned();
    assert!(world.ok(&["memory", "prune"]).contains("Nothing is over"));
    world.settings("memory.keep = \"365d\"\n");
    let shown = world.ok(&["memory", "prune", "--dry-run"]);
    assert!(shown.contains("2020-01-02") && shown.contains("2 observations would be dropped"), "{shown}");
    let dropped = world.json(&["memory", "prune"]);
    assert_eq!(
        (&dropped[0]["day"], &dropped[0]["rule"], dropped.as_array().unwrap().len()),
        (&"2020-01-02".into(), &"memory.keep".into(), 2)
    );
    assert!(world.ok(&["memory", "prune"]).contains("Nothing is over"));
    let why = world.json(&["memory", "why", &id]);
    assert_eq!((why["evidence"].as_array().unwrap().len(), why["gone"].as_array().unwrap().len()), (1, 0), "{why}");
    assert!(!world.run(&["memory", "search", "--exact", "What does"]).status.success());
    let again = import();
    assert!(
        again.starts_with("Nothing is new: 1 observation is known") && again.contains("2 of days that were dropped"),
        "{again}"
    );
    let doctor = text(&world.run(&["doctor"]).stdout);
    assert!(doctor.contains("2 observations dropped so far") && doctor.contains("by memory.keep"), "{doctor}");
    assert_eq!(world.json(&["memory", "verify"])["problems"], serde_json::json!([]));
}

#[test]
fn commits_are_counted_and_known_the_second_time() {
    let world = World::with_git();
    assert_eq!(world.ok(&["memory", "import", "git"]), "1 observation is new (1 commit read).\n");
    assert_eq!(world.ok(&["memory", "import", "git"]), "Nothing is new: 1 observation is known already (1 commit read).\n");
    let note = world.dir.path().join("note.md");
    std::fs::write(&note, "# Build\n\nThe build needs cmake.\n").unwrap();
    let import = || world.ok(&["memory", "import", "notes", note.to_str().unwrap()]);
    assert!(import().starts_with("1 observation is new"));
    assert!(import().starts_with("Nothing"), "{}", import());
}

#[test]
fn what_an_editor_writes_is_taken_in_while_the_process_runs() {
    let world = World::with_git();
    world.settings("every = \"1s\"\n");
    world.write("Makefile", "lint:\n\ttrue\n");
    world.ok(&["memory", "add", "Tests run with `make test`."]);
    let _background = Background::start(&world);
    let folder = data(&world).join("memory");
    // What editors leave beside a file is nobody's word.
    for beside in [".project.md.swp", "project.md~", "#project.md#", "4913", ".#project.md"] {
        std::fs::write(folder.join(beside), "- A copy of an editor.\n").unwrap();
    }
    let file = folder.join("project.md");
    let read = |file: &Path| std::fs::read_to_string(file).unwrap();
    let written = read(&file) + "- Lint with `make lint`, see Makefile.\n";
    // As many editors do: the old one away, the new one in its place.
    std::fs::rename(&file, folder.join("project.md.bak~")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    std::fs::write(&file, written).unwrap();
    wait_until("it has an id", || read(&file).contains("see Makefile. <!-- id: "));
    wait_until("it is told", || world.ok(&["logs", "--lines", "200"]).contains("edited by hand"));
    let found = world.json(&["memory", "search", "--claims", "lint"]);
    assert_eq!((&found[0]["text"], &found[0]["status"]), (&"Lint with `make lint`, see Makefile.".into(), &"fact".into()));
    let id = found[0]["id"].as_str().unwrap();
    wait_until("it points at what it names", || world.json(&["memory", "show", id])["anchors"][0]["path"] == "Makefile");
    let why = world.json(&["memory", "why", id]);
    assert_eq!((&why["claim"]["author"], &why["evidence"][0]["origin"]), (&"user".into(), &"user".into()));
    let log = world.json(&["memory", "log"]);
    let edits: Vec<&Value> = log.as_array().unwrap().iter().filter(|r| r["message"] == "Edited by hand").collect();
    assert!(edits.len() == 1 && edits[0]["author"] == "user", "{log}");
    assert_eq!(world.json(&["memory", "list"]).as_array().unwrap().len(), 2);
    // A file of one's own, and a claim that is struck out.
    std::fs::write(folder.join("tools.md"), "- The linter is ruff.\n").unwrap();
    std::fs::write(&file, read(&file).lines().filter(|l| !l.contains("make test")).collect::<Vec<_>>().join("\n")).unwrap();
    wait_until("it is taken in", || read(&folder.join("tools.md")).contains("<!-- id: "));
    wait_until("it is retired", || world.json(&["memory", "list", "--all"]).to_string().contains("\"retired\""));
}

#[test]
fn findings_are_kept_with_how_they_ended() {
    let world = World::with_git();
    world.settings("every = \"1s\"\n");
    let _background = Background::start(&world);
    world.write("b.rs", support::CONFLICT);
    let found = |word: &str| world.run(&["memory", "search", "--exact", word]).status.success();
    wait_until("there is a finding", || world.ok(&["inbox", "list"]).contains("b.rs"));
    wait_until("it is kept", || {
        let seen = world.run(&["memory", "search", "--exact", "b.rs", "--json"]);
        let seen: Value = serde_json::from_slice(&seen.stdout).unwrap_or_default();
        seen.as_array().is_some_and(|all| all.iter().any(|o| o["kind"] == "finding" && o["origin"] == "plugin"))
    });
    world.write("b.rs", "fine\n");
    wait_until("its end is kept", || found("resolved ("));
    world.git(&["switch", "-qc", "topic"]);
    wait_until("the branch is kept", || found("switched from branch main to topic"));
}
