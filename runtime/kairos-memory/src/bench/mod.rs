//! `kairos-run bench memory`: one table of what memory is to reach, with our figures and what they mean.
//!
//! Each part measures one thing and answers with [`Row`]s; a part whose data is missing answers with none and is named in the
//! report. Data sets are found by the pattern of their names, so that another half of one does as well. Every figure but those of
//! [`speed`] is the same in every run.

mod baseline;
pub mod chats;
mod dice;
pub mod drift;
pub mod figure;
mod files;
mod mined;
mod pairs;
mod poison;
mod report;
pub mod retrieval;
mod scratch;
pub mod speed;
#[cfg(test)]
mod tests;
pub mod updates;

use crate::recall::Table;
use crate::recall::search::SearchError;
use crate::transcript::Error as TranscriptError;
pub use figure::{Figure, bootstrap, hit_at_1, recall};
pub use report::{Report, Row, Unit};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// What to measure, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Token embeddings; without them meanings are not compared.
    pub table: Option<Arc<Table>>,
    /// Also rows that nothing is to be reached in: parts, variants, kinds of question.
    pub detail: bool,
    /// Git repositories over whose histories drift is measured.
    pub repositories: Vec<PathBuf>,
    /// Also how fast it is, which differs from run to run.
    pub speed: bool,
    /// Told what is measured next, in a few words.
    pub progress: fn(&str),
}

impl Default for Options {
    fn default() -> Self {
        Self { table: Table::embedded(), detail: false, repositories: vec![], speed: false, progress: |_| {} }
    }
}

/// Why a benchmark gave no figures.
#[derive(Debug, Error)]
pub enum BenchError {
    /// A file is there and can't be read.
    #[error("{0}: not readable: {1}; check its permissions")]
    Read(PathBuf, #[source] std::io::Error),
    /// A file is not what its name says.
    #[error("{0}: not JSON: {1}; fetch the data set again")]
    Format(PathBuf, #[source] serde_json::Error),
    /// The full-text index failed.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// No folder to measure in.
    #[error("{0}: no room for what is measured: {1}; is the disk full?")]
    Scratch(PathBuf, #[source] std::io::Error),
    /// Appending failed.
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
    /// A repository's history could not be measured.
    #[error("{0}: {1}")]
    Drift(PathBuf, #[source] drift::DriftError),
}

/// Measures everything that there is data for. No network, no model.
///
/// # Errors
/// Where a file is there and can't be read, or what is measured fails. What is missing is no error: the report names it.
pub async fn run(data: Option<&Path>, options: &Options) -> Result<Report, BenchError> {
    let mut report = Report::default();
    match data {
        Some(data) => sets(data, options, &mut report)?,
        None => report.skipped.push("all that needs data sets: name their folder with --data DIR".into()),
    }
    if options.repositories.is_empty() {
        report
            .skipped
            .push("drift: name a git repository with a long history by --repo DIR; git, grep and ctags are needed".into());
    }
    report.rows.extend(drift::rows(options).await?);
    if options.speed {
        report.rows.extend(speed::rows(options.table.as_ref(), options.progress)?);
    } else {
        report.skipped.push("speed: takes some minutes and differs from run to run; add --speed".into());
    }
    report.rows.retain(|row| options.detail || row.reach.is_some());
    Ok(report)
}

/// What is measured on data sets.
fn sets(data: &Path, options: &Options, report: &mut Report) -> Result<(), BenchError> {
    let Report { rows, skipped } = report;
    let chats = chats::load(data, skipped)?;
    rows.extend(retrieval::rows(&chats, options)?);
    (options.progress)("pairs of sentences");
    rows.extend(pairs::rows(data, skipped)?);
    (options.progress)("contradictions and updates");
    rows.extend(mined::rows(&chats));
    rows.extend(updates::rows(data, skipped)?);
    rows.extend(poison::rows(data, skipped)?);
    Ok(())
}
