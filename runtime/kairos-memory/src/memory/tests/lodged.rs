//! A memory in a folder that another tool keeps.

use super::*;
use crate::book::Topic;
use crate::vault::Error as VaultError;
use kairos_core::memory::Change;
use proptest::prelude::*;
use std::fs;

/// The folder of another tool, and our data beside it.
struct Lodging {
    dir: tempfile::TempDir,
}

impl Lodging {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let lodging = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(lodging.folder()).unwrap();
        files.iter().for_each(|(name, bytes)| fs::write(lodging.folder().join(name), bytes).unwrap());
        lodging
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("theirs")
    }

    fn open(&self) -> Memory {
        let home = Home::set(&self.dir.path().join("ours"), self.folder().to_str().unwrap(), Some(self.dir.path())).unwrap();
        Memory::open(home, Redactor::default()).unwrap().0
    }

    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        all_files(&self.folder())
    }
}

fn in_topic(text: &str, topic: &str) -> Statement {
    Statement { topic: Some(topic.into()), ..says(text) }
}

const FEEDBACK: &str = "---\nname: Testing\ndescription: how to test\nmetadata:\n  type: feedback\n  node: 7\n---\n\n\
    Integration tests use a real database.\n\n**Why:** a mock hid a bug.\n";
const NOTES: &str = "# Notes\r\n\r\n- The port is 8080. <!-- importance: 7 -->\r\n- The port is 8080.\r\n  - nested\r\n\r\nprose";
const INDEX: &str = "- [Testing](feedback_testing.md) — how to test\n- [Notes](notes.md)";

#[test]
fn another_tool_s_files_are_read_and_left_as_they_are() {
    let files = [("feedback_testing.md", FEEDBACK.as_bytes()), ("notes.md", NOTES.as_bytes()), ("MEMORY.md", INDEX.as_bytes())];
    let theirs = Lodging::new(&[&files[..], &[("AGENTS.txt", b"- no topic"), ("2026-11-20.md", b"- a day's note\n")]].concat());
    let before = theirs.files();
    let memory = theirs.open();
    assert_eq!(memory.absorb(NOW).unwrap().len(), 3);
    assert_eq!(theirs.files(), before);
    assert!(memory.absorb(NOW + 1).unwrap().is_empty());
    let book = memory.book().unwrap();
    assert!(book.claims().all(|c| c.status == Status::Tentative && c.author == OTHER_TOOL), "their word is nobody's fact");
    let of = |text: &str| book.claims().filter(|c| c.text == text).count();
    assert_eq!(
        (
            of("Integration tests use a real database. **Why:** a mock hid a bug."),
            of("The port is 8080."),
            of("The port is 8080. - nested")
        ),
        (1, 1, 1)
    );
    let stated = memory.add(in_topic("Deploys run at night.", "notes"), NOW + 2).unwrap();
    assert_eq!(stated.status, Status::Fact);
    let line = format!("- Deploys run at night. <!-- id: {} -->\r\n", stated.id);
    let expected = NOTES.replace("  - nested\r\n", &format!("  - nested\r\n{line}"));
    assert_eq!(fs::read_to_string(theirs.folder().join("notes.md")).unwrap(), expected);
    assert_eq!(fs::read_to_string(theirs.folder().join("MEMORY.md")).unwrap(), INDEX, "they point at it themselves");
    // Prose is a claim still when a bullet stands below it.
    memory.add(in_topic("Tests need docker.", "feedback_testing"), NOW + 3).unwrap();
    assert!(memory.absorb(NOW + 4).unwrap().is_empty());
    // What is new gets a line in the index; what they do to our bullet is their word from then on.
    memory.add(says("Mine."), NOW + 5).unwrap();
    let index = fs::read_to_string(theirs.folder().join("MEMORY.md")).unwrap();
    assert_eq!(index, format!("{INDEX}\n- [Project](project.md) — How things are in this project\n"));
    fs::write(theirs.folder().join("notes.md"), expected.replace("at night", "at noon")).unwrap();
    memory.absorb(NOW + 6).unwrap();
    let claim = memory.claim(&stated.id).unwrap();
    assert_eq!(
        (claim.status, claim.text.as_str(), claim.author.as_str()),
        (Status::Tentative, "Deploys run at noon.", OTHER_TOOL)
    );
    let log = memory.log(20).unwrap();
    let theirs_now = theirs.files();
    for change in log.iter().filter(|r| r.author == OTHER_TOOL) {
        assert!(matches!(memory.revert_change(change, NOW + 7), Err(Error::NotOurs(_))), "what they did is not for us to undo");
    }
    assert_eq!(theirs.files(), theirs_now);
    assert!(log.iter().any(|r| r.message == "Edited by another tool" && r.author == OTHER_TOOL));
}

#[test]
fn a_file_changed_underneath_is_not_overwritten() {
    let theirs = Lodging::new(&[("notes.md", NOTES.as_bytes())]);
    let memory = theirs.open();
    memory.absorb(NOW).unwrap();
    let mut session = memory.session().unwrap();
    session.book.add(Claim { topic: "notes".into(), ..memory.book().unwrap().claims().next().unwrap().clone() }).unwrap();
    // The other tool writes between our reading and our writing; it knows nothing of our lock.
    fs::write(theirs.folder().join("notes.md"), "- Theirs.\n").unwrap();
    let error = memory.commit(&mut session, NOW + 1, USER, "Ours", &[]).unwrap_err();
    assert!(matches!(error, Error::Vault(VaultError::Changed { .. })), "{error}");
    assert_eq!(fs::read_to_string(theirs.folder().join("notes.md")).unwrap(), "- Theirs.\n");
    drop(session);
    memory.absorb(NOW + 2).unwrap();
    assert!(memory.book().unwrap().claims().any(|c| c.text == "Theirs."));
}

#[test]
fn a_dream_changes_nothing_that_another_tool_wrote() {
    let theirs = Lodging::new(&[("notes.md", NOTES.as_bytes())]);
    let memory = theirs.open();
    memory.absorb(NOW).unwrap();
    let before = theirs.files();
    let ids: Vec<String> = memory.book().unwrap().claims().map(|c| c.id.clone()).collect();
    let changes = [
        Change::Retire { claim: ids[0].clone() },
        Change::Reword { claim: ids[0].clone(), text: "The port is 8080".into() },
        Change::Refile { claim: ids[0].clone(), kind: ClaimKind::Project, topic: None },
        Change::Merge { claims: ids.clone(), text: "The port is 8080.".into() },
        Change::Promote { claim: ids[0].clone() },
    ];
    let mut night = memory.begin_dream(Default::default(), Default::default(), NOW + 1).unwrap();
    let operation = |change| kairos_core::memory::Operation { change, reason: "r".into(), evidence: vec![] };
    night.propose("s", changes.into_iter().map(operation).collect(), &Default::default());
    assert_eq!(night.plan().passed().count(), 0, "{:?}", night.plan());
    memory.end_dream(night, false).unwrap();
    assert_eq!(theirs.files(), before);
}

#[test]
fn what_a_person_wrote_around_a_claim_survives_its_undoing() {
    let dir = tempfile::tempdir().unwrap();
    let memory = memory(dir.path());
    memory.add(says("One."), NOW).unwrap();
    let file = dir.path().join("memory/project.md");
    let edited = fs::read_to_string(&file).unwrap() + "\nA thought that is no claim.\n";
    fs::write(&file, &edited).unwrap();
    memory.add(says("Two."), NOW + 1).unwrap();
    let newest = memory.find_revision(None).unwrap();
    assert!(memory.revert_change(&newest, NOW + 2).unwrap().is_empty());
    assert_eq!(fs::read_to_string(&file).unwrap(), edited);
}

/// A line of somebody's file, without its end.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[-*+] [a-z`.]{1,8}( [a-z]{1,5}){0,3} {0,2}",
        1 => "- [a-z]{1,6} <!-- importance: [0-9] -->",
        1 => "  - [a-z]{1,6}",
        1 => "    [a-z ]{1,9}",
        2 => "[a-zA-Z]{1,8}( [a-z]{1,5}){0,3} {0,2}",
        2 => Just(String::new()),
        1 => prop_oneof![
            Just("```sh"), Just("```"), Just("~~~~"), Just("| a | b |"), Just("|---|---|"), Just("<!-- note -->"), Just("<!--"),
            Just("-->"), Just("## Heading"), Just("> - quoted"), Just("---"), Just("***"), Just("1. one"), Just("- [ ] todo"),
            Just("\t- tab"), Just("- same"), Just("- same"), Just("-"), Just("- <!-- id: zzzzzzzz -->"), Just("-\ttab"),
        ].prop_map(str::to_owned),
    ]
}

fn file() -> impl Strategy<Value = String> {
    let header = prop_oneof![
        Just(""),
        Just("---|name: N|description: \"d: e\"|x-other: [1,|  2]|# comment|metadata:|  type: feedback|modified: yesterday|---|"),
        Just("---|never: closed|"),
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n")];
    (any::<bool>(), header, proptest::collection::vec(line(), 0..14), end, any::<bool>()).prop_map(
        |(bom, header, lines, end, last)| {
            let text = format!("{header}{}", lines.join("|").replace('|', "\u{1}")).replace(['|', '\u{1}'], end);
            format!("{}{text}{}", if bom { "\u{feff}" } else { "" }, if last { end } else { "" })
        },
    )
}

/// The bytes that two texts don't share at their begin or end.
fn differing(old: &[u8], new: &[u8]) -> (usize, usize) {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    (old.len() - start - end, new.len() - start - end)
}

/// Each case waits for the disk some dozen times; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]
    /// Whatever stands in their files: only what a changed claim says is changed, and undone it is as it was.
    #[test]
    fn every_other_byte_stays(notes in file(), index in file(), pick in any::<prop::sample::Index>(), act in 0..3) {
        let theirs = Lodging::new(&[("notes.md", notes.as_bytes()), ("MEMORY.md", index.as_bytes())]);
        let before = theirs.files();
        let memory = theirs.open();
        memory.absorb(NOW).unwrap();
        prop_assert_eq!(&theirs.files(), &before);
        prop_assert!(memory.absorb(NOW + 1).unwrap().is_empty());
        let read = || fs::read(theirs.folder().join("notes.md")).unwrap();
        // A claim more.
        let mut changes = vec![];
        if let Ok(claim) = memory.add(in_topic("Entirely new words.", "notes"), NOW + 2) {
            let (gone, come) = differing(notes.as_bytes(), &read());
            prop_assert_eq!(gone, 0);
            let most = format!("\r\n- Entirely new words. <!-- id: {} -->\r\n", claim.id).len();
            prop_assert!(come <= most);
            changes.push(memory.find_revision(None).unwrap());
        } else {
            prop_assert_eq!(&theirs.files(), &before);
        }
        // Theirs in other words, because the user says so.
        let others: Vec<Claim> = memory.book().unwrap().claims().filter(|c| c.author == OTHER_TOOL).cloned().collect();
        if !others.is_empty() {
            let claim = &others[pick.index(others.len())];
            let was = read();
            let topic = Topic::read(&was).unwrap();
            let longest = topic.bullets().iter().filter(|b| b.text == claim.text).map(|b| topic.source(b).len()).max();
            match act {
                0 => drop(memory.edit(&claim.id, "Other words", "t", NOW + 3).unwrap()),
                1 => memory.retire(std::slice::from_ref(&claim.id), NOW + 3).unwrap(),
                // How far it is believed is none of their file's business.
                _ => {
                    let state = anchors::State::Moved { anchors: vec![] };
                    memory.mark(&[anchors::Change { claim: claim.id.clone(), state }], NOW + 3).unwrap();
                    memory.change(NOW + 3, "Stale", |book| book.update(&claim.id, |c| c.status = Status::Stale).map(|()| ((), vec![]))).unwrap();
                    prop_assert_eq!(&read(), &was);
                }
            }
            let (gone, _) = differing(&was, &read());
            prop_assert!(gone <= longest.unwrap_or(was.len()), "{gone} {longest:?}");
            changes.push(memory.find_revision(None).unwrap());
        }
        for change in changes.iter().rev() {
            prop_assert!(memory.revert_change(change, NOW + 4).unwrap().is_empty());
        }
        prop_assert_eq!(&theirs.files(), &before);
        prop_assert!(memory.absorb(NOW + 5).unwrap().is_empty());
    }
}
