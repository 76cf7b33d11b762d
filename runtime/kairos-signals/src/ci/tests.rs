//! What comes from strangers.

use super::*;
use std::fs;
use std::sync::Arc;

fn clean() -> Clean {
    Arc::new(|text| kairos_core::finding::plain(text).replace("hunter2", "[redacted]"))
}

const JUNIT: &str = r#"<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<testsuites name="unit">
  <testsuite name="inner" tests="4">
    <testcase classname="shop.Cart" name="adds" time="0.1"/>
    <testcase classname="shop.Cart" name="pays &lt;now&gt;" file="tests/cart.py" line="12">
      <failure message="expected 3 &amp; got 4" type="AssertionError">expected 3 &amp; got 4
  at cart.py:12 password=hunter2 &b;<![CDATA[<raw>]]></failure>
      <error message="teardown"/>
    </testcase>
    <testcase name="later"><skipped/></testcase>
    <testcase name="breaks"><error>boom</error></testcase>
  </testsuite>
</testsuites>"#;

#[test]
fn a_junit_report_says_what_failed() {
    let result = CiResult::parse("report.xml", JUNIT.as_bytes()).unwrap();
    let signal = result.signal(&clean());
    assert_eq!((signal.attribute("name"), signal.attribute("status")), (Some("unit"), Some("failed")));
    assert!(signal.body.starts_with("2 failed, 1 passed, 1 skipped\n"), "{}", signal.body);
    for part in ["FAILED shop.Cart pays <now> (tests/cart.py:12)\n", "expected 3 & got 4", "[redacted]", "<raw>", "boom"] {
        assert!(signal.body.contains(part), "{part}: {}", signal.body);
    }
    assert!(!signal.body.contains("hunter2") && !signal.body.contains("aaaa"), "{}", signal.body);
    let passed = CiResult::parse("a/unit.xml", b"<testsuite><testcase name='x'/></testsuite>").unwrap().signal(&clean());
    assert_eq!((passed.attribute("name"), passed.attribute("status")), (Some("unit"), Some("passed")));
}

#[test]
fn json_is_checked_and_cut() {
    let json = serde_json::json!({
        "name": "build\u{1b}[31m hunter2", "status": "FAILURE", "url": "javascript:alert(1)", "commit": "abc123", "branch": "main",
        "summary": "x".repeat(100_000), "unknown": 1
    });
    let signal = CiResult::parse("x.json", json.to_string().as_bytes()).unwrap().signal(&clean());
    assert_eq!(signal.attribute("name"), Some("build[31m [redacted]"));
    assert_eq!((signal.attribute("status"), signal.attribute("url")), (Some("failed"), Some("")));
    assert_eq!((signal.attribute("commit"), signal.body.len()), (Some("abc123"), MAX_BODY));
    let bad =
        [&b"{}"[..], b"", b"[1]", b"{\"status\": 3}", b"<html/>", b"<testsuite>", b"<testsuite><a b=\"", b"\xff\xfe", b"null"];
    let bad: Vec<_> = bad.iter().map(|b| CiResult::parse("x", b)).collect();
    assert!(bad.iter().all(Result::is_err), "{bad:?}");
    assert!(CiResult::parse("x", &vec![b' '; MAX_CI_FILE as usize + 1]).unwrap_err().contains("8 MiB"));
}

#[test]
fn what_is_dropped_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(CI_FOLDER);
    let queue = SignalQueue::default();
    let mut drop = CiDrop::new(dir.path(), clean());
    assert_eq!(drop.look(&queue), None);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.xml"), JUNIT).unwrap();
    fs::write(folder.join("b.json"), "{\"status\": \"pass").unwrap();
    fs::write(folder.join("note.txt"), "x").unwrap();
    let newest = drop.look(&queue).unwrap();
    let names = |queue: &SignalQueue| {
        queue.drain().signals.iter().map(|s| s.attribute("name").unwrap_or_default().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&queue), ["unit"]);
    // Half of it was written: the next look finds all of it.
    fs::write(folder.join("b.json"), "{\"status\": \"passed\"}").unwrap();
    assert!(drop.look(&queue).is_some());
    assert_eq!(names(&queue), ["b"]);
    assert_eq!((drop.look(&queue), names(&queue).len()), (None, 0));
    // After a restart, too.
    let mut again = CiDrop::new(dir.path(), clean());
    again.read_until(newest + 60_000);
    assert_eq!((again.look(&queue), names(&queue).len()), (None, 0));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_project_is_not_followed() {
    use std::os::unix::fs::symlink;
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("a.xml"), JUNIT).unwrap();
    fs::create_dir_all(dir.path().join(CI_FOLDER)).unwrap();
    symlink(outside.path().join("a.xml"), dir.path().join(CI_FOLDER).join("a.xml")).unwrap();
    let queue = SignalQueue::default();
    CiDrop::new(dir.path(), clean()).look(&queue);
    fs::remove_dir_all(dir.path().join(CI_FOLDER)).unwrap();
    symlink(outside.path(), dir.path().join(CI_FOLDER)).unwrap();
    CiDrop::new(dir.path(), clean()).look(&queue);
    assert!(queue.is_empty());
}
