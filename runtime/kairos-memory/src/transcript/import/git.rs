//! Commits as observations: which files were changed together.

use super::{Import, Progress, Summary, Watcher};
use crate::transcript::{New, Result, Transcripts};
use kairos_core::memory::Origin;
use kairos_core::ports::Commit;
use std::fmt::Write;
use std::path::Path;

/// Files that are named in the text; all of them are in the attribute `files`.
const NAMED: usize = 10;
/// Progress is told every so many commits.
const TOLD: u64 = 50;

/// Stores commits, given with the files that each changed.
///
/// # Errors
/// Where the transcripts can't be written.
pub fn git(commits: &[(Commit, Vec<String>)], transcripts: &Transcripts, watch: Watcher<'_>) -> Result<Summary> {
    let mut import = Import::new(transcripts, &[], watch)?;
    for (commit, files) in commits {
        if import.summary.read.is_multiple_of(TOLD) {
            let file = Path::new(commit.id.get(..10).unwrap_or(&commit.id));
            (import.watch)(Progress { file, done: import.summary.read, total: commits.len() as u64 });
        }
        import.summary.read += 1;
        if files.is_empty() {
            import.skip("commits that change no file, or more than 200");
            continue;
        }
        import.add(observed(commit, files))?;
    }
    import.finish()
}

/// What git itself can vouch for. The message is what anyone may have written: it stands apart, as an attribute.
pub fn observed(commit: &Commit, files: &[String]) -> New {
    let mut text =
        format!("Commit {} changed {}", commit.id.get(..10).unwrap_or(&commit.id), files[..files.len().min(NAMED)].join(", "));
    if files.len() > NAMED {
        let _ = write!(text, " and {} more files", files.len() - NAMED);
    }
    let new = New {
        time: commit.time,
        source: "git".into(),
        // A day's work belongs together.
        session: crate::transcript::day_of(commit.time).to_string(),
        origin: Origin::Tool,
        kind: "commit".into(),
        attributes: vec![],
        text,
    };
    new.with("commit", &commit.id).with("author", &commit.author).with("summary", &commit.summary).with("files", files.join("\n"))
}
