//! What a model says of the code, held against the code.

use kairos_core::ErrorCode;
use kairos_core::ports::{ProjectView, SearchOptions};
use std::collections::BTreeSet;

/// Most things that are looked up in one text.
const MAX: usize = 12;

/// What came of looking.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Checked {
    /// Paths that the project does not have.
    pub(super) missing: Vec<String>,
    /// Names that stand nowhere in the project, since they are of a library or made up; and results that nobody saw.
    pub(super) unverified: Vec<String>,
}

/// Looks up what stands between backticks: paths, and names of symbols.
pub(super) async fn check(view: &dyn ProjectView, text: &str) -> Checked {
    let mut checked = Checked::default();
    for said in quoted(text).into_iter().take(MAX) {
        if let Some(path) = as_path(&said) {
            let found = view.stat(&path).await;
            // One that can't be looked at, since it is private, is not known to be missing.
            if found.is_err_and(|e| matches!(e.code, ErrorCode::NotFound | ErrorCode::Invalid)) {
                checked.missing.push(said);
            }
        } else if let Some(symbol) = as_symbol(&said) {
            let options = SearchOptions { literal: true, max_matches: 1, ..SearchOptions::default() };
            if view.search(symbol, &options).await.is_ok_and(|found| found.is_empty()) {
                checked.unverified.push(said);
            }
        }
    }
    checked
}

fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::trim).filter(|s| !s.is_empty() && s.len() <= 200).map(str::to_owned).collect()
}

/// A path, without the line behind it: `src/lib.rs:12`.
fn as_path(said: &str) -> Option<String> {
    let path =
        said.split_once(':').filter(|(_, line)| line.starts_with(|c: char| c.is_ascii_digit())).map_or(said, |(path, _)| path);
    let path = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
    let is_plain = path.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'));
    let (stem, extension) = path.rsplit_once('.').unwrap_or((path, ""));
    let has_extension =
        !stem.is_empty() && (1..=5).contains(&extension.len()) && extension.chars().all(|c| c.is_ascii_lowercase());
    // `a.b()` and `std::fs` are none; `foo.bar` may be a field: a path has a slash, or an ending that files have.
    (is_plain && !path.starts_with('/') && (path.contains('/') || (has_extension && is_file_ending(extension))))
        .then(|| path.to_owned())
}

fn is_file_ending(extension: &str) -> bool {
    const KNOWN: [&str; 30] = [
        "rs", "py", "js", "ts", "tsx", "jsx", "go", "c", "h", "cc", "cpp", "hpp", "java", "kt", "rb", "php", "cs", "swift", "sh",
        "md", "txt", "toml", "yaml", "yml", "json", "lock", "html", "css", "sql", "xml",
    ];
    KNOWN.contains(&extension)
}

/// A name: `parse_line`, `Parser::new()`.
fn as_symbol(said: &str) -> Option<&str> {
    let name = said.split('(').next().unwrap_or(said);
    let last = name.rsplit([':', '.']).next().unwrap_or(name);
    let is_name = last.len() >= 3
        && last.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !last.starts_with(|c: char| c.is_ascii_digit());
    // A plain word in backticks is as often a command or a value.
    let is_symbol =
        last.contains('_') || last.chars().skip(1).any(char::is_uppercase) || said.contains("::") || said.contains('(');
    (is_name && is_symbol && !said.contains(' ')).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_project::Project;

    #[tokio::test]
    async fn what_is_not_there_is_told_from_what_can_not_be_known() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("src")).unwrap();
        std::fs::write(dir.path().join("src/lib.rs"), "fn parse_line() {}\n").unwrap();
        let view = Project::open(dir.path(), &[]).unwrap();
        let text = "`parse_line()` in `src/lib.rs:1` and `./src/` are there; `src/gone.rs`, `main.py` and `read_all` are not; `cargo test`, \
                    `true` and `/etc/passwd` are no matter.";
        let checked = check(&view, text).await;
        assert_eq!(checked.missing, ["main.py", "src/gone.rs"]);
        assert_eq!(checked.unverified, ["read_all"]);
    }
}
