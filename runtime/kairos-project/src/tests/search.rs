use super::Sandbox;
use crate::Project;
use kairos_core::ErrorCode;
use kairos_core::ports::{ProjectView, SearchOptions};

fn most(max_matches: u32) -> SearchOptions {
    SearchOptions { max_matches, ..Default::default() }
}

async fn find(project: &Project, pattern: &str, options: &SearchOptions) -> Vec<String> {
    let matches = project.search(pattern, options).await.unwrap();
    matches.into_iter().map(|found| format!("{}:{}:{}", found.path, found.line, found.text)).collect()
}

#[tokio::test]
async fn finds_in_text_that_is_neither_private_nor_ignored() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.outside().join("out.txt"), "needle").unwrap();
    sandbox.write(".gitignore", "ignored\n");
    for path in ["b/two.rs", "a.rs", "ignored", ".env", "keys/x.pem", ".git/config", "c.txt"] {
        sandbox.write(path, "first\r\nthe needle here\r\nNEEDLE.\n");
    }
    sandbox.write("binary", b"needle\n\0");
    sandbox.link("../out.txt", "link");
    let project = sandbox.open();
    let all = ["a.rs:2:the needle here", "b/two.rs:2:the needle here", "c.txt:2:the needle here"];
    assert_eq!(find(&project, "need+le", &most(100)).await, all);
    assert_eq!(find(&project, "needle", &most(2)).await, all[..2]);
    let globs = SearchOptions { globs: vec!["*.rs".into()], ignore_case: true, literal: true, ..most(100) };
    assert_eq!(find(&project, "needle.", &globs).await, ["a.rs:3:NEEDLE.", "b/two.rs:3:NEEDLE."]);
    let globs = SearchOptions { globs: vec!["b/**".into()], ..most(100) };
    assert_eq!(find(&project, "^the", &globs).await, all[1..2]);
}

#[tokio::test]
async fn long_lines_are_cut_between_characters() {
    let sandbox = Sandbox::new();
    sandbox.write("a", format!("x{}", "é".repeat(1000)));
    sandbox.write("b", b"x\xff\xfe");
    let matches = sandbox.open().search("^x", &most(10)).await.unwrap();
    assert_eq!(matches[0].text, format!("x{}", "é".repeat(199)));
    assert_eq!(matches[1].text, "x\u{fffd}\u{fffd}");
}

#[tokio::test]
async fn what_is_over_a_limit_is_refused() {
    let project = Sandbox::new();
    let project = project.open();
    for (pattern, max) in [("(", 1), ("", 1), ("a", 0), ("a", 1001), ("((a{999}){999}){999}", 1), ("a\nb", 1)] {
        assert_eq!(project.search(pattern, &most(max)).await.unwrap_err().code, ErrorCode::Invalid, "{pattern:?} {max}");
    }
    let globs = SearchOptions { globs: vec!["[".into()], ..most(1) };
    assert_eq!(project.search("a", &globs).await.unwrap_err().code, ErrorCode::Invalid);
}
