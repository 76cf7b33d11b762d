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
    assert!(world.ok(&["dream", "log"]).len() > 10);
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
