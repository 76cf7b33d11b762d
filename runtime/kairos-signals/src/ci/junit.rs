//! JUnit XML, as many test runners write it: there is no standard, so what is not known is left out. Entities of the
//! document's own are not expanded.

use super::CiResult;
use kairos_core::signal::MAX_BODY;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Of one failure's text, in bytes.
const MAX_FAILURE: usize = 2000;

/// A failed test that is being read.
#[derive(Default)]
struct Failure {
    message: String,
    text: String,
}

#[derive(Default)]
struct Report {
    name: String,
    found: bool,
    tests: u64,
    failed: u64,
    skipped: u64,
    /// The test that is being read.
    test: String,
    failure: Option<Failure>,
    /// This test has failed already: several failures of one count once.
    has_failed: bool,
    summary: String,
}

/// Counts the tests and keeps what failed.
pub(super) fn parse(text: &str) -> Result<CiResult, String> {
    let mut reader = Reader::from_str(text);
    let mut report = Report::default();
    let mut depth = 0_u64;
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(tag) => {
                depth += 1;
                report.begin(&tag);
            }
            Event::Empty(tag) => {
                report.begin(&tag);
                report.end(tag.local_name().as_ref());
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                report.end(tag.local_name().as_ref());
            }
            Event::Text(text) => report.text(&text.xml10_content()),
            Event::CData(text) => report.text(&text.xml10_content()),
            Event::GeneralRef(name) => report.text(&entity(&name)),
            Event::Eof => break,
            _ => {}
        }
    }
    // Perhaps it is being written.
    if depth > 0 {
        return Err("it ends too early".into());
    }
    if !report.found {
        return Err("it holds no test suite".into());
    }
    let Report { name, tests, failed, skipped, summary, .. } = report;
    let passed = tests.saturating_sub(failed).saturating_sub(skipped);
    Ok(CiResult {
        name,
        status: if failed > 0 { "failed" } else { "passed" }.into(),
        summary: format!("{failed} failed, {passed} passed, {skipped} skipped\n{summary}"),
        ..CiResult::default()
    })
}

/// The five that XML knows, and characters by number.
fn entity(name: &quick_xml::events::BytesRef<'_>) -> String {
    match name.as_ref() {
        "lt" => "<".into(),
        "gt" => ">".into(),
        "amp" => "&".into(),
        "quot" => "\"".into(),
        "apos" => "'".into(),
        _ => name.resolve_char_ref().ok().flatten().map_or_else(String::new, String::from),
    }
}

impl Report {
    fn begin(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            "testsuites" | "testsuite" => {
                self.found = true;
                if self.name.is_empty() {
                    self.name = attribute(tag, "name");
                }
            }
            "testcase" => {
                self.tests += 1;
                let (class, name, file) = (attribute(tag, "classname"), attribute(tag, "name"), attribute(tag, "file"));
                let line = attribute(tag, "line");
                let place = if line.is_empty() { file } else { format!("{file}:{line}") };
                let test = if class.is_empty() { name } else { format!("{class} {name}") };
                self.test = if place.is_empty() { test } else { format!("{test} ({place})") };
                self.has_failed = false;
            }
            "skipped" => self.skipped += 1,
            "failure" | "error" => {
                self.failure = Some(Failure { message: attribute(tag, "message"), text: String::new() });
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(failure) = &mut self.failure {
            let room = MAX_FAILURE.saturating_sub(failure.text.len());
            failure.text += &text[..text.floor_char_boundary(room)];
        }
    }

    fn end(&mut self, name: &str) {
        if !matches!(name, "failure" | "error") {
            return;
        }
        let Some(failure) = self.failure.take() else { return };
        if !std::mem::replace(&mut self.has_failed, true) {
            self.failed += 1;
        }
        if self.summary.len() < MAX_BODY {
            self.summary += &format!("\nFAILED {}\n", cut(&self.test));
            for text in [failure.message.trim(), failure.text.trim()] {
                // Many runners repeat the message as the first line of the text.
                if !text.is_empty() && !self.summary.ends_with(&format!("{text}\n")) {
                    self.summary += &format!("{}\n", cut(text));
                }
            }
        }
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_FAILURE)]
}

/// Empty if it is missing, or refers to what only the document knows.
fn attribute(tag: &BytesStart<'_>, name: &str) -> String {
    let found = tag.attributes().flatten().find(|a| a.key.as_ref() == name);
    found.and_then(|a| a.normalized_value(XmlVersion::Implicit1_0).ok().map(|v| v.into_owned())).unwrap_or_default()
}
