use super::*;
use kairos_core::memory::{Claim, ClaimKind, Observation, Status};

const DAY: Millis = 86_400_000;
/// Noon on a Monday, 2024-05-06.
const MONDAY: Millis = 1_714_996_800_000;

fn observation(session: &str, n: u64, speaker: &str, text: &str) -> Observation {
    let origin = if speaker == "shell" { Origin::Tool } else { Origin::User };
    Observation {
        id: format!("{session}-{n}"),
        time: MONDAY + n * DAY,
        source: "test".into(),
        session: session.into(),
        origin,
        kind: "message".into(),
        attributes: vec![("speaker".into(), speaker.into())],
        hash: String::new(),
        text: text.into(),
    }
}

fn claim(id: &str, status: Status, text: &str) -> Claim {
    Claim {
        id: id.into(),
        topic: "project".into(),
        kind: ClaimKind::Project,
        status,
        text: text.into(),
        evidence: vec![],
        anchors: vec![],
        recorded: MONDAY,
        valid_from: None,
        valid_to: None,
        author: "user".into(),
        rivals: vec![],
    }
}

fn said() -> Vec<Observation> {
    vec![
        observation("s1", 0, "Ann", "What is your favourite dessert, Ben?"),
        observation("s1", 1, "Ben", "Oh, definitely pecan pie."),
        observation("s2", 7, "Ann", "I ran a race yesterday."),
        observation("s2", 8, "shell", "cargo test failed: parse_config panicked on an empty file"),
    ]
}

fn filled(dir: &Path) -> SearchIndex {
    let index = SearchIndex::open(dir).unwrap();
    index.add(&said()).unwrap();
    index.commit("day 1").unwrap();
    index
}

fn search(text: &str) -> Search {
    Search { text: text.into(), ..Search::default() }
}

fn ids(index: &SearchIndex, search: &Search) -> Vec<String> {
    index.search(search).unwrap().into_iter().map(|hit| hit.id).collect()
}

#[test]
fn an_answer_is_found_by_words_neighbour_date_and_identifier() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    assert_eq!(ids(&index, &search("parseConfig"))[0], "s2-8");
    assert!(ids(&index, &search("favourite dessert of Ben")).contains(&"s1-1".to_owned()));
    let dated = Search { today: Date::new(2024, 5, 14).ok(), ..search("What happened yesterday?") };
    assert_eq!(ids(&index, &dated)[0], "s2-7");
    let sessions = index.search(&Search { unit: Unit::Session, ..search("race") }).unwrap();
    assert_eq!((sessions[0].session.as_str(), sessions[0].id.as_str()), ("s2", "s2-7"));
    assert!(ids(&index, &search("zebra")).is_empty() && ids(&index, &search("")).is_empty());
}

#[test]
fn filters_are_obeyed_by_neighbours_too() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    index.put_claims(&[claim("c1", Status::Fact, "The race is every Sunday")]).unwrap();
    index.commit("day 1").unwrap();
    assert_eq!(ids(&index, &Search { only: Only::Claims, ..search("race") }), ["c1"]);
    assert!(!ids(&index, &Search { only: Only::Observations, ..search("race") }).contains(&"c1".to_owned()));
    assert_eq!(ids(&index, &Search { origins: vec![Origin::Tool], ..search("race panicked") }), ["s2-8"]);
    assert_eq!(ids(&index, &Search { since: Some(MONDAY + 8 * DAY), ..search("race panicked") }), ["s2-8"]);
    assert_eq!(ids(&index, &Search { session: Some("s1".into()), ..search("pie race") })[0], "s1-1");
}

#[test]
fn catching_up_goes_on_where_it_stopped_and_adds_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let reader = SearchIndex::open(dir.path()).unwrap();
    assert_eq!(reader.position().unwrap().as_deref(), Some("day 1"));
    index.add(&said()).unwrap();
    index.add(&[observation("s1", 2, "Ann", "Pecan pie! I bake one on Sundays.")]).unwrap();
    assert_eq!(reader.len().unwrap(), 4, "nothing shows before it is committed");
    assert!(matches!(reader.add(&said()), Err(SearchError::Busy(_))));
    index.commit("day 2").unwrap();
    assert_eq!((reader.len().unwrap(), reader.position().unwrap().as_deref()), (5, Some("day 2")));
    // Across two commits the neighbours of a session still find one another.
    assert!(ids(&reader, &search("bake Sundays")).contains(&"s1-1".to_owned()));
    reader.add(&said()).unwrap();
}

#[test]
fn claims_are_replaced_and_retired() {
    let dir = tempfile::tempdir().unwrap();
    let index = SearchIndex::open(dir.path()).unwrap();
    index.put_claims(&[claim("c1", Status::Fact, "The port is 8080"), claim("c2", Status::Fact, "Releases are tagged")]).unwrap();
    index.commit("1").unwrap();
    index
        .put_claims(&[claim("c1", Status::Fact, "The port is 9090"), claim("c2", Status::Retired, "Releases are tagged")])
        .unwrap();
    index.commit("2").unwrap();
    assert_eq!(ids(&index, &search("port 9090")), ["c1"]);
    assert!(ids(&index, &search("8080")).is_empty() && ids(&index, &search("releases")).is_empty());
}

#[test]
fn what_is_deleted_leaves_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let on_disk = || {
        let files = std::fs::read_dir(dir.path().join(LAYOUT)).unwrap();
        let bytes = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect::<Vec<u8>>();
        String::from_utf8_lossy(&bytes).contains("pecan")
    };
    assert!(on_disk());
    index.delete(&["s1-1".to_owned()]).unwrap();
    index.commit("day 1").unwrap();
    assert!(!on_disk());
    assert!(ids(&index, &search("pecan pie")).is_empty());
    assert_eq!(index.len().unwrap(), 3);
}

#[test]
fn a_damaged_or_foreign_index_is_thrown_away_and_said_so() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let folder = dir.path().join(LAYOUT);
    std::fs::write(folder.join("meta.json"), "{").unwrap();
    std::fs::create_dir_all(dir.path().join("search-0")).unwrap();
    std::fs::write(dir.path().join("note.md"), "not ours").unwrap();
    let index = SearchIndex::open(dir.path()).unwrap();
    assert!(index.discarded().unwrap().contains("damaged"));
    assert_eq!((index.len().unwrap(), index.position().unwrap()), (0, None));
    assert!(!dir.path().join("search-0").exists() && dir.path().join("note.md").exists());

    // Every file cut in half: opening or checking finds it, or nothing was lost.
    drop(index);
    drop(filled(dir.path()));
    let files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e != "lock" && e != "json")) {
        let whole = std::fs::read(file).unwrap();
        std::fs::write(file, &whole[..whole.len() / 2]).unwrap();
        let found = tantivy::Index::open_in_dir(&folder).is_ok();
        assert!(found, "the list of segments is whole");
        let opened = SearchIndex::open(dir.path()).unwrap();
        assert!(opened.discarded().is_some() || opened.check().is_err(), "{}", file.display());
        if opened.discarded().is_some() {
            return;
        }
        std::fs::write(file, whole).unwrap();
    }
}
