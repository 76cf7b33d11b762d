//! What transcripts promise as a whole.

use super::new::tests::new;
use super::*;
use std::fs;
use std::sync::Arc;

const DAY: u64 = 86_400_000;

fn open(dir: &Path) -> Transcripts {
    Transcripts::open(dir, Redactor::default())
}

fn texts(observations: &[Observation]) -> Vec<&str> {
    observations.iter().map(|observation| observation.text.as_str()).collect()
}

fn all(transcripts: &Transcripts) -> (Vec<Observation>, Damage) {
    let mut found = vec![];
    let damage = transcripts
        .scan(Date::MIN..=Date::MAX, |observation| {
            found.push(observation);
            true
        })
        .unwrap();
    (found, damage)
}

#[test]
fn the_same_is_stored_once_and_every_day_has_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("a/b");
    let transcripts = open(&dir);
    // A clock that goes backwards changes the file, not the order in it.
    let first = transcripts.append(vec![new(DAY, "b"), new(5, "a"), new(DAY - 1, "c"), new(5, "a")]).unwrap();
    assert_eq!(first.ids.len(), 4);
    assert_eq!(first.ids[1], first.ids[3]);
    assert_eq!(texts(&first.stored), ["b", "a", "c"]);
    assert!(open(&dir).append(vec![new(5, "a")]).unwrap().stored.is_empty());
    assert_eq!(texts(&all(&transcripts).0), ["a", "c", "b"]);
    let days: Vec<String> = transcripts.days().unwrap().iter().map(Date::to_string).collect();
    assert_eq!(days, ["1970-01-01", "1970-01-02"]);
    let got = transcripts.get(&[&first.ids[0], &"19700101-none".to_string(), &first.ids[1]]).unwrap();
    assert_eq!((texts(&got.found), got.missing.len()), (vec!["b", "a"], 1));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn a_crash_at_any_byte_loses_only_the_line_it_cut(
        lines in proptest::collection::vec("[a-zé\"\n]{0,30}", 1..8), cut in 0.0f64..=1.0, garbage in proptest::collection::vec(0u8..255, 0..20),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let news: Vec<New> = lines.iter().enumerate().map(|(at, text)| new(at as u64, text)).collect();
        let stored = open(dir.path()).append(news.clone()).unwrap().stored;
        let path = dir.path().join("1970-01-01.jsonl");
        let bytes = fs::read(&path).unwrap();
        let at = (bytes.len() as f64 * cut) as usize;
        let mut crashed = bytes[..at].to_vec();
        let torn_garbage: Vec<u8> = garbage.into_iter().filter(|byte| *byte != b'\n').collect();
        crashed.extend(&torn_garbage);
        fs::write(&path, &crashed).unwrap();
        let whole = bytes[..at].iter().filter(|byte| **byte == b'\n').count();

        let transcripts = open(dir.path());
        let (found, damage) = all(&transcripts);
        proptest::prop_assert_eq!(&found[..], &stored[..whole]);
        proptest::prop_assert_eq!(damage.count, 0);
        let page = transcripts.since(&Position::default(), 100).unwrap();
        proptest::prop_assert_eq!(&page.observations[..], &stored[..whole]);

        // The same once more: what was lost comes back, what was not stays.
        transcripts.append(news).unwrap();
        proptest::prop_assert_eq!(&all(&transcripts).0[..], &stored[..]);
        proptest::prop_assert_eq!(&fs::read(&path).unwrap(), &bytes);
        let rest = transcripts.since(&page.position, 100).unwrap();
        proptest::prop_assert_eq!(&rest.observations[..], &stored[whole..]);
        let end = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let torn = fs::read(dir.path().join("1970-01-01.jsonl.torn")).unwrap_or_default();
        let mut expected = crashed[end..].to_vec();
        if !expected.is_empty() { expected.push(b'\n'); }
        proptest::prop_assert_eq!(torn, expected);
    }
}

#[test]
fn several_may_append_while_another_forgets() {
    let dir = tempfile::tempdir().unwrap();
    let secret = open(dir.path()).append(vec![new(1, "to be forgotten")]).unwrap().ids;
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let dir = dir.path();
            scope.spawn(move || {
                let transcripts = open(dir);
                for at in 0..50 {
                    // Half of it is what the others say too.
                    let text = if at % 2 == 0 { format!("all {at}") } else { format!("{writer} {at}") };
                    transcripts.append(vec![new(at, &text)]).unwrap();
                }
            });
        }
        scope.spawn(|| {
            let transcripts = open(dir.path());
            transcripts.forget(&secret, 9, false).unwrap();
            for at in 0..10 {
                let id = transcripts.append(vec![new(7, &format!("gone {at}"))]).unwrap().ids;
                assert_eq!(transcripts.forget(&id, 9, false).unwrap().forgotten, id);
            }
        });
    });
    let (found, damage) = all(&open(dir.path()));
    assert_eq!((found.len(), damage.count), (25 + 4 * 25, 0));
    assert!(!fs::read_to_string(dir.path().join("1970-01-01.jsonl")).unwrap().contains("gone"));
}

#[test]
fn a_reader_goes_on_where_it_was_whatever_happens_to_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let transcripts = open(dir.path());
    let ids = transcripts.append((0..10).map(|at| new(at, &format!("line {at}"))).collect()).unwrap().ids;
    transcripts.append(vec![new(DAY, "next day")]).unwrap();
    let page = transcripts.since(&Position::default(), 4).unwrap();
    assert_eq!(texts(&page.observations), ["line 0", "line 1", "line 2", "line 3"]);
    let position: Position = page.position.to_string().parse().unwrap();
    assert_eq!(position, page.position);

    // Lines before and after are forgotten, among them the one read last: the position stays valid.
    transcripts.forget(&[&ids[1], &ids[3], &ids[4]], 99, false).unwrap();
    let page = transcripts.since(&position, 4).unwrap();
    assert_eq!(texts(&page.observations), ["line 5", "line 6", "line 7", "line 8"]);
    assert!(page.again.is_empty());
    let page = transcripts.since(&page.position, 100).unwrap();
    assert_eq!(texts(&page.observations), ["line 9", "next day"]);

    // An import puts something into the older day.
    transcripts.append(vec![new(3, "late")]).unwrap();
    let page = transcripts.since(&page.position, 100).unwrap();
    assert_eq!(texts(&page.observations), ["late"]);
    assert!(transcripts.since(&page.position, 100).unwrap().observations.is_empty());

    // What was read last is gone: the day is given again, and that is said.
    let path = dir.path().join("1970-01-01.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.lines().take(1).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let page = transcripts.since(&page.position, 100).unwrap();
    assert_eq!((texts(&page.observations), page.again.len()), (vec!["line 0"], 1));
    assert!("{\"x\":[1,\"a\"]}".parse::<Position>().is_err() && "1".parse::<Position>().is_err());
}

#[test]
fn what_is_forgotten_leaves_a_tombstone_and_does_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let transcripts = open(dir.path());
    let stored = transcripts.append(vec![new(1, "keep"), new(2, "my address is here").with("command", "mail")]).unwrap().stored;
    let ids = [stored[1].id.as_str(), "19700101-0000000000", "nonsense"];
    let path = dir.path().join("1970-01-01.jsonl");
    let before = fs::read(&path).unwrap();
    let torn = dir.path().join("1970-01-01.jsonl.torn");
    fs::write(&torn, &before[before.len() - 150..]).unwrap();
    fs::write(&torn, format!("{{\"id\":\"{}\",\"text\":\"my addr\n", ids[0])).unwrap();

    let dry = transcripts.forget(&ids, 77, true).unwrap();
    assert_eq!((dry.forgotten.len(), dry.missing.len(), dry.bytes, dry.files.len()), (1, 2, 18, 2));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(transcripts.forget(&ids, 77, false).unwrap(), dry);
    assert!(!torn.exists());
    assert!(!fs::read_to_string(&path).unwrap().contains("address"));
    let got = transcripts.get(&ids).unwrap();
    assert_eq!((got.forgotten.len(), got.missing.len(), got.found.len()), (1, 2, 0));
    let line = fs::read_to_string(&path).unwrap().lines().nth(1).unwrap().to_string();
    let stone: Observation = serde_json::from_str(&line).unwrap();
    assert_eq!((&stone.hash, stone.time, stone.attribute(FORGOTTEN)), (&stored[1].hash, 2, Some("77")));
    assert_eq!(stone.text.len() + stone.session.len() + stone.source.len(), 0);

    assert!(transcripts.append(vec![new(2, "my address is here")]).unwrap().stored.is_empty());
    assert_eq!(transcripts.forget(&ids, 78, false).unwrap().already.len(), 1);
    assert_eq!(texts(&all(&transcripts).0), ["keep"]);
    assert!(transcripts.grep("keep", true, 9).unwrap().len() == 1 && transcripts.grep("address", true, 9).unwrap().is_empty());
}

#[test]
fn damaged_lines_are_skipped_counted_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let transcripts = open(dir.path());
    transcripts.append(vec![new(1, "first")]).unwrap();
    let path = dir.path().join("1970-01-01.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend(b"\xff\xfe\n{\"id\":1}\n\n");
    bytes.extend(vec![b'x'; 3 << 20]);
    bytes.push(b'\n');
    fs::write(&path, &bytes).unwrap();
    let last = transcripts.append(vec![new(2, "last")]).unwrap().ids;
    let (found, damage) = all(&transcripts);
    assert_eq!(texts(&found), ["first", "last"]);
    let reasons: Vec<(u64, Reason)> = damage.first.iter().map(|damaged| (damaged.line, damaged.reason)).collect();
    let expected = [(2, Reason::NotUtf8), (3, Reason::NoObservation), (4, Reason::NoObservation), (5, Reason::TooLong(3 << 20))];
    assert_eq!((reasons, damage.count), (expected.to_vec(), 4));
    assert!(damage.first[0].to_string().ends_with("1970-01-01.jsonl:2: no UTF-8"));
    let page = transcripts.since(&Position::default(), 9).unwrap();
    assert_eq!((texts(&page.observations), page.damage), (vec!["first", "last"], damage));
    assert_eq!(transcripts.get(&last).unwrap().found.len(), 1);
    assert_eq!(transcripts.grep("last", true, 9).unwrap().len(), 1);
    // Rewriting keeps what can't be read.
    transcripts.forget(&last, 9, false).unwrap();
    assert!(fs::read(&path).unwrap().starts_with(&bytes));
}

#[test]
fn exact_search_finds_identifiers_and_what_json_writes_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let transcripts = open(dir.path());
    let long = format!("{}\nfn parse_utf8(\"é\\n\")\t-> Result", "x\n".repeat(20_000));
    transcripts.append(vec![new(1, "parse_utf8 old"), new(2, "nothing"), new(DAY, &long)]).unwrap();
    let found = transcripts.grep("parse_utf8", true, 9).unwrap();
    assert_eq!(found.iter().map(|o| o.time).collect::<Vec<_>>(), [DAY, 1]);
    assert_eq!(transcripts.grep("parse_utf8", true, 1).unwrap().len(), 1);
    assert_eq!(transcripts.grep("(\"é\\n\")\t->", true, 9).unwrap().len(), 1);
    assert_eq!(transcripts.grep("^fn parse_\\w+\\(.*Result$", false, 9).unwrap().len(), 1);
    // The names of fields are no text.
    assert!(transcripts.grep("origin", true, 9).unwrap().is_empty());
    assert!(matches!(transcripts.grep("(", false, 9), Err(Error::BadPattern(_))));
}

#[test]
fn a_place_that_is_no_folder_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "").unwrap();
    let error = open(&path).append(vec![new(1, "x")]).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
}

#[test]
fn the_appender_stores_everything_and_says_when_it_can_not() {
    let dir = tempfile::tempdir().unwrap();
    let appender = Appender::start(Arc::new(open(dir.path()))).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let appender = &appender;
            scope.spawn(move || (0..500).for_each(|at| appender.push(new(at, &format!("{thread} {at}"))).unwrap()));
        }
    });
    appender.flush().unwrap();
    assert_eq!(all(&open(dir.path())).0.len(), 2000);
    appender.push(new(1, "0 1")).unwrap();
    let figures = appender.close().unwrap();
    assert_eq!((figures.stored, figures.known, figures.queued), (2000, 1, 0));

    // Nothing can be stored: it waits, what is too much is refused, and the end tells what is lost. Then it can.
    let place = dir.path().join("file");
    fs::write(&place, "").unwrap();
    let appender = Appender::start(Arc::new(open(&place))).unwrap();
    appender.push(new(1, "x")).unwrap();
    assert!(matches!(appender.flush(), Err(Error::NotStored { count: 1, .. })));
    let big = "y".repeat(60 << 10);
    let refused = (0..400).filter(|at| appender.push(new(*at, &big)).is_err()).count();
    assert!(refused > 100, "{refused}");
    let figures = appender.figures();
    assert_eq!((figures.refused as usize, figures.queued), (refused, 401 - refused));
    let error = appender.push(new(1, &"z".repeat(1 << 20))).unwrap_err().to_string();
    assert!(error.contains(place.to_str().unwrap()), "{error}");
    fs::remove_file(&place).unwrap();
    assert_eq!(appender.close().unwrap().stored as usize, 401 - refused);
}
