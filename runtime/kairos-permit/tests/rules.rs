//! Rules from files, and what they say of files, hosts and tools.

use kairos_permit::{Action, Decision, Mode, Own, Place, Problem, Rules};
use std::path::Path;
use std::sync::Arc;

struct World(tempfile::TempDir);

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        for folder in ["project/src", "home"] {
            std::fs::create_dir_all(world.0.path().join(folder)).unwrap();
        }
        for (path, text) in files {
            let path = world.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        world
    }

    fn load(&self, trusted: bool, own: &[Own]) -> (Rules, Vec<Problem>) {
        let place = Place { project: &self.0.path().join("project"), home: &self.0.path().join("home"), trusted };
        Rules::load(place, own, Arc::new(|path| path.ends_with(".env")))
    }
}

fn read(rules: &Rules, path: &str) -> Decision {
    rules.judge_real(&Action::Read(Path::new(path))).decision
}

fn edit(rules: &Rules, path: &str) -> Decision {
    rules.judge_real(&Action::Edit(Path::new(path))).decision
}

fn own(allow: &[&str], ask: &[&str], deny: &[&str]) -> Own {
    let list = |texts: &[&str]| texts.iter().map(|t| t.to_string()).collect();
    Own { file: "kairos.toml".into(), allow: list(allow), ask: list(ask), deny: list(deny), mode: None }
}

use Decision::{Allow, Ask, Deny};

#[test]
fn without_rules_the_project_may_be_read_and_nothing_else() {
    let world = World::new(&[]);
    let (rules, problems) = world.load(false, &[]);
    assert_eq!(problems, []);
    assert_eq!((read(&rules, "src/main.rs"), read(&rules, "/etc/passwd"), read(&rules, "../x")), (Allow, Ask, Ask));
    assert_eq!((read(&rules, "web/.env"), edit(&rules, "src/main.rs")), (Ask, Ask));
    assert_eq!(rules.judge(&Action::Fetch("example.org")).decision, Ask);
    assert_eq!(rules.judge(&Action::Tool("mcp__db__query")).decision, Ask);
}

#[test]
fn deny_beats_ask_beats_allow_across_files() {
    let world = World::new(&[
        (
            "home/.claude/settings.json",
            r#"{"permissions": {"allow": ["Read", "Edit(src/**)", "WebFetch(domain:example.org)", "mcp__db"]}}"#,
        ),
        ("project/.claude/settings.json", r#"{"permissions": {"ask": ["Edit(src/gen/**)", "mcp__db__drop"]}}"#),
        ("project/.claude/settings.local.json", r#"{"permissions": {"deny": ["Read(./secrets/**)", "Edit(src/gen/keep.rs)"]}}"#),
    ]);
    let (rules, problems) = world.load(false, &[]);
    assert_eq!(problems, []);
    assert_eq!((edit(&rules, "src/a.rs"), edit(&rules, "src/gen/a.rs"), edit(&rules, "src/gen/keep.rs")), (Allow, Ask, Deny));
    assert_eq!((read(&rules, "secrets/a"), read(&rules, "src/../secrets/a"), read(&rules, "Secrets/a")), (Deny, Deny, Deny));
    assert_eq!((edit(&rules, "secrets/a"), read(&rules, "/etc/hosts")), (Deny, Allow));
    let verdict = rules.judge(&Action::Tool("mcp__db__drop"));
    assert_eq!((verdict.decision, verdict.by.unwrap().line), (Ask, 1));
    assert_eq!(rules.judge(&Action::Tool("mcp__db__query")).decision, Allow);
    for (host, decision) in
        [("example.org", Allow), ("EXAMPLE.org.", Allow), ("a.example.org", Ask), ("example.org.evil.net", Ask)]
    {
        assert_eq!(rules.judge(&Action::Fetch(host)).decision, decision, "{host}");
    }
}

#[test]
fn what_a_project_allows_counts_once_the_user_trusts_it() {
    let world = World::new(&[(
        "project/.claude/settings.json",
        "{\"permissions\": {\n\"defaultMode\": \"acceptEdits\",\n\"allow\": [\"Bash\",\n \"Edit\"], \"deny\": [\"Read(x)\"]}}",
    )]);
    let (rules, _) = world.load(false, &[]);
    assert_eq!((edit(&rules, "src/a.rs"), read(&rules, "x"), rules.mode()), (Ask, Deny, Mode::Default));
    let untrusted: Vec<String> = rules.untrusted().iter().map(|r| format!("{}:{}", r.text, r.line)).collect();
    assert_eq!(untrusted, ["Bash:3", "Edit:4"]);
    let (rules, _) = world.load(true, &[]);
    assert_eq!((edit(&rules, "src/a.rs"), rules.mode(), rules.untrusted().len()), (Allow, Mode::AcceptEdits, 0));
}

#[test]
fn what_steers_later_runs_and_secrets_ask_whatever_is_allowed() {
    let world = World::new(&[]);
    let (rules, _) = world.load(false, &[own(&["Edit", "Read"], &[], &[])]);
    for path in
        [".git/hooks/pre-commit", ".claude/settings.json", "sub/.GIT/config", ".kairos/x", ".mcp.json", "kairos.toml", "a/.env"]
    {
        assert_eq!(edit(&rules, path), Ask, "{path}");
    }
    assert_eq!((edit(&rules, "/tmp/x"), read(&rules, "a/.env")), (Allow, Ask));
}

#[cfg(unix)]
#[test]
fn a_link_is_judged_by_its_name_and_by_where_it_leads() {
    let world = World::new(&[("home/secret", "x")]);
    let project = world.0.path().join("project");
    std::os::unix::fs::symlink(world.0.path().join("home"), project.join("src/out")).unwrap();
    let (rules, _) = world.load(false, &[own(&["Edit(src/**)"], &[], &["Read(~/secret)"])]);
    assert_eq!((edit(&rules, "src/a.rs"), edit(&rules, "src/out/new"), read(&rules, "src/out/secret")), (Allow, Ask, Deny));
}

#[test]
fn modes_have_the_last_word() {
    let world = World::new(&[]);
    let mode = |mode| world.load(false, &[Own { mode: Some(mode), ..own(&["Edit(a)"], &[], &[]) }]).0;
    assert_eq!((edit(&mode(Mode::Plan), "a"), read(&mode(Mode::Plan), "a")), (Deny, Allow));
    assert_eq!((edit(&mode(Mode::DontAsk), "a"), edit(&mode(Mode::DontAsk), "b")), (Allow, Deny));
    assert_eq!((edit(&mode(Mode::AcceptEdits), "b"), edit(&mode(Mode::AcceptEdits), "../b")), (Allow, Ask));
}

#[test]
fn problems_name_file_line_and_remedy_and_open_nothing() {
    let world = World::new(&[
        (
            "home/.claude/settings.json",
            "{\"permissions\": {\"allow\": [\n\"Read(\",\n\"WebFetch(x)\"],\n\"deny\": [\"Bash(rm\", 3],\n\"defaultMode\": \"auto\"}}",
        ),
        ("project/.claude/settings.json", "{\"permissions\": "),
    ]);
    let (rules, problems) = world.load(false, &[own(&[], &[], &["Edit([)"])]);
    let told: Vec<String> = problems.iter().map(|p| p.to_string().replace(&*world.0.path().to_string_lossy(), "")).collect();
    assert_eq!(told.len(), 7, "{told:#?}");
    assert!(
        told.iter().any(|t| t.starts_with("/home/.claude/settings.json:2: the rule `Read(` can't be used: the `)` is missing"))
    );
    assert!(told.iter().any(|t| t.starts_with("/home/.claude/settings.json:5: the mode `auto`")), "{told:#?}");
    assert!(told.iter().any(|t| t.starts_with("/project/.claude/settings.json:1: this is no JSON")));
    assert!(told.iter().any(|t| t.starts_with("kairos.toml: `Edit([)` is no pattern of paths")), "{told:#?}");
    // A rule that forbids and can't be read forbids all of its tool.
    assert_eq!((edit(&rules, "a"), rules.judge(&Action::Fetch("x")).decision), (Deny, Ask));
}
