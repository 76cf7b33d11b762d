use super::*;
use proptest::prelude::*;

fn claim(topic: &str, text: &str) -> Claim {
    Claim {
        id: String::new(),
        topic: topic.into(),
        kind: ClaimKind::Project,
        status: Status::Fact,
        text: text.into(),
        evidence: vec!["e".into()],
        anchors: vec![],
        recorded: 1_700_000_000_000,
        valid_from: None,
        valid_to: None,
        author: USER.into(),
        rivals: vec![],
    }
}

fn files(book: &mut Book) -> Files {
    book.changes(1_700_000_000_000);
    book.files.clone()
}

/// What was written last is what is there.
fn read(files: Files) -> Book {
    Book::read(files.clone(), |path| files.get(path).cloned())
}

fn text(files: &Files, path: &str) -> String {
    String::from_utf8(files[path].clone()).unwrap()
}

#[test]
fn a_claim_is_a_bullet_a_line_of_the_ledger_and_a_pointer() {
    let mut book = Book::default();
    let id = book.add(claim("project", "Tests run with `make t`.")).unwrap();
    let files = files(&mut book);
    assert_eq!(
        files.keys().map(String::as_str).collect::<Vec<_>>(),
        [".kairos/claims.jsonl", ".kairos/index", "MEMORY.md", "project.md"]
    );
    let topic = text(&files, "project.md");
    assert!(topic.ends_with(&format!("---\n\n- Tests run with `make t`. <!-- id: {id} -->\n")), "{topic}");
    assert!(topic.contains("modified: 2023-11-14T22:13:20Z\n"));
    assert_eq!(text(&files, "MEMORY.md"), "# Memory\n\n- [Project](project.md) — How things are in this project\n");
    let mut again = read(files.clone());
    assert_eq!((again.claims().collect::<Vec<_>>(), again.hand_edits()), (book.claims().collect(), vec![]));
    assert_eq!(again.changes(9), vec![], "what is read and not changed is not written");
}

#[test]
fn a_retired_claim_leaves_its_file_and_keeps_its_words() {
    let mut book = Book::default();
    let id = book.add(claim("project", "One.")).unwrap();
    book.update(&id, |c| c.status = Status::Retired).unwrap();
    let mut again = read(files(&mut book));
    assert_eq!(again.claim(&id).unwrap().text, "One.");
    assert!(again.hand_edits().is_empty() && !text(&again.files, "project.md").contains("One."));
    again.update(&id, |c| c.status = Status::Tentative).unwrap();
    assert!(text(&files(&mut again), "project.md").ends_with(&format!("- One. <!-- id: {id}, tentative -->\n")));
    again.erase(&id).unwrap();
    assert!(files(&mut again).values().all(|bytes| !String::from_utf8_lossy(bytes).contains("One.")));
}

#[test]
fn what_a_person_does_with_an_editor_is_his_word() {
    let mut book = Book::default();
    let ids: Vec<String> = ["One.", "Two.", "Three.", "Four."].iter().map(|t| book.add(claim("project", t)).unwrap()).collect();
    let mut files = files(&mut book);
    let before = files.clone();
    let topic = text(&files, "project.md");
    let line = |at: usize, text: &str| format!("- {text} <!-- id: {} -->\n", ids[at]);
    let topic = topic
        .replace(&line(0, "One."), &line(0, "One, but better."))
        .replace(&line(1, "Two."), "- Two.\n")
        .replace(&line(2, "Three."), "")
        .replace(&line(3, "Four."), &format!("{}- New.\n{}", line(3, "Four."), line(3, "A copy.")));
    files.insert("project.md".into(), topic.into_bytes());
    let mut book = Book::read(files, |path| before.get(path).cloned());
    let edits = book.hand_edits();
    assert_eq!(edits.len(), 4, "{edits:?}");
    for edit in &edits {
        book.take_in(edit, USER, "seen", 1_700_000_000_001).unwrap();
    }
    assert_eq!(book.hand_edits(), vec![]);
    let said: Vec<(&str, Status)> = book.claims().map(|c| (c.text.as_str(), c.status)).collect();
    for expected in ["One, but better.", "Two.", "Four.", "New.", "A copy."] {
        assert!(said.contains(&(expected, Status::Fact)), "{expected} {said:?}");
    }
    assert_eq!(book.claim(&ids[0]).unwrap().evidence, ["e", "seen"]);
    let gone = book.claim(&ids[2]).unwrap();
    assert_eq!((gone.status, gone.text.as_str()), (Status::Retired, "Three."));
    let mut again = read(super::tests::files(&mut book));
    assert!(again.hand_edits().is_empty() && again.changes(0).is_empty());
}

#[test]
fn a_file_that_must_be_left_alone_holds_up_its_own_claims_only() {
    let mut book = Book::default();
    let [one, two] = [("project", "One."), ("user", "Two.")].map(|(topic, t)| book.add(claim(topic, t)).unwrap());
    let mut files = files(&mut book);
    let before = files.clone();
    let broken = [b"<<<<<<< HEAD\n".to_vec(), files["project.md"].clone()].concat();
    files.insert("project.md".into(), broken.clone());
    let ledger = [files[LEDGER].clone(), b"{broken\n".to_vec()].concat();
    files.insert(LEDGER.into(), ledger);
    let mut book = Book::read(files, |path| before.get(path).cloned());
    assert_eq!(book.problems().len(), 2);
    assert!(book.hand_edits().is_empty());
    assert!(matches!(book.update(&one, |c| c.status = Status::Stale), Err(BookError::Frozen { .. })));
    book.update(&two, |c| c.status = Status::Stale).unwrap();
    let after = super::tests::files(&mut book);
    assert_eq!(after["project.md"], broken);
    assert!(text(&after, LEDGER).ends_with("{broken\n"));
}

#[derive(Debug, Clone)]
enum Step {
    Add(u8, String),
    Word(usize, String),
    Mark(usize, Status),
    Move(usize, u8),
    Erase(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let words = "[a-zA-Z`.-][ a-zA-Z`.-]{0,20}[a-z]";
    let status = prop_oneof![Just(Status::Fact), Just(Status::Tentative), Just(Status::Stale), Just(Status::Retired)];
    prop_oneof![
        3 => (0..3_u8, words).prop_map(|(topic, text)| Step::Add(topic, text)),
        1 => (any::<usize>(), words).prop_map(|(at, text)| Step::Word(at, text)),
        2 => (any::<usize>(), status).prop_map(|(at, status)| Step::Mark(at, status)),
        1 => (any::<usize>(), 0..3_u8).prop_map(|(at, topic)| Step::Move(at, topic)),
        1 => any::<usize>().prop_map(Step::Erase),
    ]
}

proptest! {
    /// Whatever is done to claims, the files say the same when they are read again, and nothing looks like a person's edit.
    #[test]
    fn files_and_claims_agree(steps in proptest::collection::vec(step(), 1..30)) {
        let mut book = Book::default();
        for step in steps {
            let ids: Vec<String> = book.claims().map(|c| c.id.clone()).collect();
            let pick = |at: usize| ids.get(at % ids.len().max(1)).cloned().unwrap_or_default();
            let topic = |n: u8| ["project", "user", "own-topic"][n as usize].to_owned();
            let normal = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = match step {
                Step::Add(n, words) => book.add(claim(&topic(n), &normal(&words))).map(drop),
                Step::Word(at, words) => book.update(&pick(at), |c| c.text = normal(&words)),
                Step::Mark(at, status) => book.update(&pick(at), |c| c.status = status),
                Step::Move(at, n) => book.update(&pick(at), |c| c.topic = topic(n)),
                Step::Erase(at) => book.erase(&pick(at)).map(drop),
            };
            let mut again = read(files(&mut book));
            prop_assert_eq!(again.hand_edits(), vec![]);
            prop_assert_eq!(again.claims().collect::<Vec<_>>(), book.claims().collect::<Vec<_>>());
            prop_assert_eq!(again.changes(0), vec![]);
        }
    }
}
