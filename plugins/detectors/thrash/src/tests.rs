use super::*;
use kairos_plugin::testing::Fake;

const T: u64 = 1_800_000_000_000;
const MINUTE: u64 = 60_000;
const OUTPUT: &str = "test race ... FAILED\nthread 'race' panicked at src/lib.rs:42:9:\n";

fn host() -> Fake {
    Fake::new().at(T).repository(Repository::default()).recorded(Version::Head, "src/a.rs", "A")
}
fn edit(minute: u64) -> Signal {
    Signal::new("file.modified").with("path", "src/a.rs").at(T + minute * MINUTE)
}
fn failed(minute: u64, output: &str) -> Signal {
    Signal::new("command.finished")
        .with("command", "cargo test")
        .with("folder", "")
        .with("exit-code", 101)
        .with("duration-ms", 4_000)
        .with_body(output)
        .at(T + minute * MINUTE + 30_000)
}
/// Writes one content each two minutes, and returns the titles.
fn write(host: &mut Fake, path: &str, contents: &str) -> Vec<String> {
    let mut titles = Vec::new();
    for content in contents.chars() {
        host.set_now(host.now() + 2 * MINUTE);
        host.write(path, content.to_string());
        let signal = Signal::new("file.modified").with("path", path).at(host.now());
        titles.extend(Thrash::detect(host, &[signal]).unwrap().findings.into_iter().map(|finding| finding.title));
    }
    titles
}

#[test]
fn a_file_in_circles_is_told_once() {
    let mut host = host();
    // HEAD has an A: that is where it began.
    assert_eq!(write(&mut host, "src/a.rs", "BACADABAC"), ["src/a.rs came back to the same content 3 times in 10 minutes"]);
    // A commit ends it.
    let report = Thrash::detect(&host, &[Signal::new("git.head")]).unwrap();
    assert_eq!((report.cleared, report.wake_after), (vec!["file:src/a.rs".to_string()], Some(0)));
    assert!(host.state()[FILES].is_empty());
}

#[test]
fn files_that_are_not_told() {
    assert!(write(&mut host(), "src/a.rs", "BCDEFGHBIJ").is_empty());
    for path in ["Cargo.lock", "dist/a.js", "notes.md", "api.pb.go", "data.json", ".env"] {
        assert!(write(&mut host(), path, "ABABABABAB").is_empty(), "{path}");
    }
    // Branches that are switched back and forth.
    let mut host = host();
    for n in 0..12 {
        host.set_now(T + n * 2 * MINUTE);
        host.write("src/a.rs", if n % 2 == 0 { "A" } else { "B" });
        assert!(Thrash::detect(&host, &[edit(n * 2), Signal::new("git.head")]).unwrap().findings.is_empty());
    }
    // A tool that writes many files.
    let many: Vec<Signal> = (0..30).map(|n| Signal::new("file.modified").with("path", format!("{n}.rs"))).collect();
    assert!(Thrash::detect(&host, &many).unwrap().findings.is_empty());
    assert!(host.state().get(FILES).is_none_or(Vec::is_empty));
}

#[test]
fn a_command_that_fails_the_same_way() {
    let host = host();
    let mut told = Vec::new();
    for n in 0..8 {
        told.extend(Thrash::detect(&host, &[edit(n * 3), failed(n * 3, OUTPUT)]).unwrap().findings);
    }
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].title, "cargo test failed the same way 5 times in a row, over 12 minutes of edits");
    assert_eq!((told[0].urgency, told[0].evidence[0].excerpt.as_str()), (Urgency::Normal, "test race ... FAILED"));
    let mut passed = failed(30, "");
    passed.attributes[2].value = "0".into();
    let report = Thrash::detect(&host, &[passed]).unwrap();
    assert_eq!((report.cleared, report.wake_after), (vec![told[0].key.clone()], Some(0)));
}

#[test]
fn without_output_it_takes_longer_and_is_only_listed() {
    let host = host();
    let signals: Vec<Signal> = (0..8).flat_map(|n| [edit(n * 3), failed(n * 3, "")]).collect();
    assert!(Thrash::detect(&host, &signals[..14]).unwrap().findings.is_empty());
    let told = Thrash::detect(&host, &signals[14..]).unwrap().findings;
    assert_eq!((told.len(), told[0].urgency), (1, Urgency::Low));
}

#[test]
fn commands_that_are_not_told() {
    let host = host();
    // Another failure each time; no edits; an answer, not a failure.
    for n in 0..20 {
        let output = format!("error: cannot find value `{}`\n", ['a', 'b', 'c'][n as usize % 3]);
        assert!(Thrash::detect(&host, &[edit(n * 3), failed(n * 3, &output)]).unwrap().findings.is_empty());
    }
    let host = super::tests::host();
    for n in 0..20 {
        assert!(Thrash::detect(&host, &[failed(n * 3, OUTPUT)]).unwrap().findings.is_empty());
        let mut search = failed(n * 3, "");
        search.attributes[0].value = "rg todo".into();
        assert!(Thrash::detect(&host, &[edit(n * 3), search]).unwrap().findings.is_empty());
    }
}

#[test]
fn an_episode_ends_by_itself() {
    let mut host = host();
    (0..5).for_each(|n| drop(Thrash::detect(&host, &[edit(n * 3), failed(n * 3, OUTPUT)]).unwrap()));
    host.set_now(T + 13 * MINUTE + failures::OVER);
    let report = Thrash::detect(&host, &[Signal::new("kairos.wake")]).unwrap();
    assert_eq!((report.cleared.len(), report.wake_after), (1, Some(0)));
}
