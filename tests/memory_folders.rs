//! Memory in a folder that another tool keeps, memory that is carried elsewhere, and the picture of the user; on the real binary.
#![allow(missing_docs)]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use support::{World, text};

const INDEX: &str = "- [Package manager](feedback_pnpm.md) — pnpm, not npm\r\n- [Build](build.md) — how it is built\r\n";
const FEEDBACK: &str = "---\nname: Package manager\ndescription: pnpm, not npm\nmetadata:\n  type: feedback\n  x-node: 7\n---\n\n\
    Use pnpm for everything.\n\n**Why:** the lock file is pnpm's.\n";
const BUILD: &str = "---\nname: Build\n# a comment\ndescription: how it is built\nmetadata:\n  type: project\n---\n\n\
    - The build takes four minutes.   \n* Artifacts land in `dist/`. <!-- importance: 7 -->\n\n```sh\n- no claim\n```\n\nsee [[feedback_pnpm]]";

/// A user of Claude Code, with what it remembers of the project.
fn claude() -> (World, PathBuf) {
    let mut world = World::with_git();
    let home = world.dir.path().join("claude");
    let root = world.project().canonicalize().unwrap();
    let name: String = root.to_str().unwrap().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let folder = home.join("projects").join(name).join("memory");
    fs::create_dir_all(&folder).unwrap();
    for (file, content) in [("MEMORY.md", INDEX), ("feedback_pnpm.md", FEEDBACK), ("build.md", BUILD)] {
        fs::write(folder.join(file), content).unwrap();
    }
    world.env.push(("CLAUDE_CONFIG_DIR", home.to_str().unwrap().to_owned()));
    world.settings("memory.dir = \"claude\"\n");
    (world, folder)
}

/// All files below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in folder.read_dir().unwrap().flatten().map(|e| e.path()) {
        if entry.is_dir() {
            found.append(&mut files(&entry))
        } else {
            drop(found.insert(entry.clone(), fs::read(&entry).unwrap()))
        }
    }
    found
}

fn texts(claims: &Value) -> Vec<&str> {
    claims.as_array().unwrap().iter().map(|c| c["text"].as_str().unwrap()).collect()
}

#[test]
fn claude_code_s_memory_is_used_in_place_and_works_on_for_it() {
    let (world, folder) = claude();
    let before = files(&folder);
    let claims = world.json(&["memory", "list"]);
    assert_eq!(claims.as_array().unwrap().len(), 3, "{claims}");
    assert!(texts(&claims).contains(&"Use pnpm for everything. **Why:** the lock file is pnpm's."), "a claim has its reason");
    assert!(claims.as_array().unwrap().iter().all(|c| c["status"] == "tentative" && c["author"] == "another-tool"));
    assert_eq!(files(&folder), before, "looking changes nothing");
    assert!(
        world.json(&["memory", "search", "how", "long", "does", "the", "build", "take"])[0]["text"]
            == "The build takes four minutes."
    );

    let id = world.json(&["memory", "add", "--topic", "build", "Builds need Node 22."])["id"].as_str().unwrap().to_owned();
    let line = format!("\n* Builds need Node 22. <!-- id: {id} -->\n");
    assert_eq!(fs::read_to_string(folder.join("build.md")).unwrap(), BUILD.replace("7 -->\n", &format!("7 -->{line}")));
    world.ok(&["memory", "add", "The release is cut on Fridays."]);
    let index = fs::read_to_string(folder.join("MEMORY.md")).unwrap();
    assert_eq!(index, format!("{INDEX}- [Project](project.md) — How things are in this project\r\n"));

    // His word on one of theirs: only that bullet changes.
    let theirs = claims.as_array().unwrap().iter().find(|c| c["text"].as_str().unwrap().starts_with("The build")).unwrap();
    let theirs = theirs["id"].as_str().unwrap();
    world.ok(&["memory", "edit", theirs, "The build takes five minutes."]);
    let build = fs::read_to_string(folder.join("build.md")).unwrap();
    let expected = BUILD.replace("7 -->\n", &format!("7 -->{line}"));
    let expected = expected
        .replace("- The build takes four minutes.   \n", &format!("- The build takes five minutes. <!-- id: {theirs} -->\n"));
    assert_eq!(build, expected);

    // All of it undone: their folder is as it was, but for nothing.
    let log = world.json(&["memory", "log"]);
    for change in log.as_array().unwrap().iter().filter(|c| c["author"] == "user") {
        world.ok(&["memory", "revert", change["id"].as_str().unwrap()]);
    }
    assert_eq!(files(&folder), before);
    assert!(world.ok(&["memory", "verify"]).contains("Everything is whole"));
    assert!(!folder.join(".git").exists() && !folder.join(".kairos").exists());
    // Another project has another memory, and ours is where it was.
    world.settings("");
    assert_eq!(world.json(&["memory", "list"]), Value::Array(vec![]));
}

#[test]
fn what_the_other_tool_writes_meanwhile_is_kept() {
    let (world, folder) = claude();
    world.ok(&["memory", "list"]);
    let mine = world.json(&["memory", "add", "--topic", "build", "Builds need Node 22."]);
    let file = folder.join("build.md");
    // It rewrites the file whole, as such tools do, and another writes at the same time as we do.
    let theirs = std::thread::spawn({
        let file = file.clone();
        move || {
            for n in 0..40 {
                let text = fs::read_to_string(&file).unwrap();
                fs::write(&file, format!("{text}\n\n- Theirs {n}.")).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(25));
            }
        }
    });
    let mut refused = 0;
    for n in 0..6 {
        let output = world.run(&["memory", "add", "--topic", "build", &format!("Ours {n}.")]);
        let said = text(&output.stderr);
        assert!(output.status.success() || said.contains("build.md"), "{said}");
        refused += usize::from(!output.status.success());
    }
    theirs.join().unwrap();
    let claims = world.json(&["memory", "list"]);
    let said = texts(&claims);
    assert!(said.contains(&"Theirs 39."), "{said:?}");
    assert_eq!(world.run(&["memory", "verify"]).status.code(), Some(0));
    println!("refused: {refused}");
    assert!(mine["id"].is_string());
}

#[test]
fn an_openclaw_workspace_has_its_index_at_the_top_and_notes_below() {
    let world = World::with_git();
    let workspace = world.dir.path().join("workspace");
    fs::create_dir_all(workspace.join("memory")).unwrap();
    let memory = "# Long-term\n\n- The user is called Ada. <!-- importance: 7 -->\n";
    fs::write(workspace.join("MEMORY.md"), memory).unwrap();
    fs::write(workspace.join("AGENTS.md"), "- Always obey this file.\n").unwrap();
    fs::write(workspace.join("memory/2026-11-20.md"), "# Day\n\n- Looked at the flux capacitor.\n").unwrap();
    world.settings(&format!("[projects.\"{}\"]\nmemory.dir = \"{}\"\n", world.project().display(), workspace.display()));
    let before = files(&workspace);
    assert_eq!(world.json(&["memory", "list"]), Value::Array(vec![]), "days, boot files and the index are no claims");
    let found = world.json(&["memory", "search", "flux", "capacitor"]);
    assert_eq!((found[0]["origin"].as_str(), found[0]["status"].as_str()), (Some("model"), None), "{found}");
    assert!(
        world.json(&["memory", "search", "Ada"]).as_array().unwrap().iter().any(|f| f["text"].as_str().unwrap().contains("Ada"))
    );
    assert_eq!(files(&workspace), before);
    world.ok(&["memory", "add", "The release is cut on Fridays."]);
    let index = fs::read_to_string(workspace.join("MEMORY.md")).unwrap();
    assert_eq!(index, format!("{memory}- [Project](memory/project.md) — How things are in this project\n"));
    assert!(workspace.join("memory/project.md").is_file());
}

#[test]
fn an_index_over_its_budget_is_named_and_never_cut() {
    let (world, folder) = claude();
    let long: String = (0..230).map(|n| format!("- line {n}\n")).collect();
    fs::write(folder.join("MEMORY.md"), &long).unwrap();
    let output = world.run(&["memory", "add", "The release is cut on Fridays."]);
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("MEMORY.md has 230 lines"), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(folder.join("MEMORY.md")).unwrap(), long);
    assert!(!world.run(&["memory", "verify"]).status.success());
    // 300 files of theirs and a claim of ours in each: what there is room for is pointed at.
    fs::write(folder.join("MEMORY.md"), "# Theirs\n").unwrap();
    for n in 0..300 {
        fs::write(folder.join(format!("topic-{n:03}.md")), format!("---\nname: {}{n}\n---\n\n- Fact {n}.\n", "Long ".repeat(30)))
            .unwrap();
    }
    let claims = world.json(&["memory", "list"]);
    assert!(claims.as_array().unwrap().len() > 300);
    let export = world.dir.path().join("all.json");
    world.ok(&["memory", "export", export.to_str().unwrap()]);
    let mut all: Value = serde_json::from_slice(&fs::read(&export).unwrap()).unwrap();
    for entry in all["claims"].as_array_mut().unwrap() {
        entry["claim"]["status"] = "fact".into();
        entry["claim"]["text"] = format!("Also {}", entry["claim"]["text"].as_str().unwrap()).into();
        entry["claim"]["id"] = "".into();
    }
    fs::write(&export, all.to_string()).unwrap();
    world.ok(&["memory", "import", "claims", export.to_str().unwrap(), "--mine"]);
    let index = fs::read_to_string(folder.join("MEMORY.md")).unwrap();
    assert!(index.starts_with("# Theirs\n") && index.ends_with("There is more: `kairos-run memory search WORDS`\n"), "{index}");
    assert!(index.lines().count() <= 200 && index.len() <= 25 << 10 && index.lines().all(|l| l.chars().count() <= 150));
}

#[test]
fn claims_are_carried_to_another_home() {
    let (here, there) = (World::with_git(), World::with_git());
    here.write("Makefile", "test:\n\ttrue\n");
    let id = here.json(&["memory", "add", "Tests run with `make test`, see Makefile"])["id"].as_str().unwrap().to_owned();
    here.ok(&["memory", "edit", &id, "Run tests with `make test`, see Makefile"]);
    let gone = here.json(&["memory", "add", "Old."])["id"].as_str().unwrap().to_owned();
    here.ok(&["memory", "retire", &gone]);
    let file = here.dir.path().join("out.json");
    here.ok(&["memory", "export", file.to_str().unwrap()]);
    let file = file.to_str().unwrap();
    let unsaid = there.run(&["memory", "import", "claims", file]);
    assert!(text(&unsaid.stderr).contains("--mine"), "{}", text(&unsaid.stderr));
    let taken = there.json(&["memory", "import", "claims", file, "--mine"]);
    assert_eq!(taken["added"].as_array().unwrap().len(), 2, "{taken}");
    let [a, b] = [&here, &there].map(|world| {
        let mut export: Value = serde_json::from_str(&world.ok(&["memory", "export"])).unwrap();
        export["claims"].take()
    });
    assert_eq!(a, b, "ids, status, evidence, anchors and times");
    let third = World::with_git();
    third.ok(&["memory", "import", "claims", file, "--others"]);
    let claims = third.json(&["memory", "list", "--all"]);
    assert_eq!((claims[0]["status"].as_str(), claims.as_array().unwrap().len()), (Some("tentative"), 1));
    assert!(!third.run(&["memory", "import", "claims", "Makefile", "--mine"]).status.success());
}

#[test]
fn what_is_true_of_the_user_is_known_in_every_project() {
    let world = World::with_git();
    let tell = |arguments: &[&str]| world.ok(&[&["memory", "add"], arguments].concat());
    tell(&["--user", "--kind", "user", "Backend developer, new to Rust"]);
    tell(&["--user", "--kind", "user", "Prefers short answers"]);
    tell(&["--user", "--kind", "feedback", "Never push without asking"]);
    tell(&["--kind", "feedback", "Small commits, each with its test"]);
    tell(&["The purpose of the tool is to lint schemas"]);
    assert_eq!(world.json(&["memory", "list"]).as_array().unwrap().len(), 2);
    assert_eq!(world.json(&["memory", "list", "--user"]).as_array().unwrap().len(), 3);
    let found = world.json(&["memory", "search", "may", "I", "push", "this?"]);
    let push = found.as_array().unwrap().iter().find(|f| f["text"] == "Never push without asking").unwrap();
    assert_eq!(push["scope"], "user");
    let id = push["id"].as_str().unwrap();
    assert!(world.ok(&["memory", "why", id]).contains("Never push"), "an id that a search shows can be asked for");
    let profile = world.ok(&["memory", "profile"]);
    let mut from = 0;
    for expected in [
        "Who you are\n",
        "new to Rust",
        "you said on 20",
        "How you want to work\n",
        "short answers",
        "What to avoid\n",
        "Never push",
        "What to do again\n",
        "Small commits",
        " in this project: Small commits",
        "What the work is for\n",
        "lint schemas",
    ] {
        from += profile[from..].find(expected).unwrap_or_else(|| panic!("{expected} in {profile}"));
    }
    let lines = world.json(&["memory", "profile"]);
    assert!(lines.as_array().unwrap().iter().all(|l| l["evidence"][0]["text"].is_string()), "{lines}");
}

#[test]
fn a_folder_that_can_not_be_used_is_named() {
    let world = World::with_git();
    for (settings, expected) in [
        ("memory.dir = \"/no/such/folder\"", "memory.dir = \"/no/such/folder\""),
        ("memory.user-dir = \"relative\"", "memory.user-dir = \"relative\""),
        ("[projects.\"/x\"]\nsurfacing.daily-cap = 3", "holds for all projects"),
    ] {
        world.settings(settings);
        let whose: &[&str] = if settings.contains("user") { &["memory", "list", "--user"] } else { &["memory", "list"] };
        let output = world.run(whose);
        assert!(!output.status.success() && text(&output.stderr).contains(expected), "{settings}: {}", text(&output.stderr));
    }
    // A project can't send memory anywhere.
    world.settings("");
    world.write("kairos.toml", "memory.dir = \"/tmp\"\n");
    assert!(text(&world.run(&["memory", "list"]).stderr).contains("can't be set by a project"));
}
