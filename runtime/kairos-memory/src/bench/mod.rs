//! `kairos-run bench memory`: the figures of retrieval, comparison and dreams, on data that is not part of the project.
//!
//! Each part measures one thing and answers with a [`Section`]; a part whose data is missing answers with none and is named in
//! the report. A new part is one module and one line in [`run`].

mod baseline;
pub mod data;
pub mod drift;
pub mod figure;
pub mod pairs;
mod report;
pub mod retrieval;

use crate::recall::Table;
use crate::recall::search::SearchError;
pub use figure::{Figure, bootstrap, hit_at_1, recall};
pub use report::Report;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// One line of a table.
#[derive(Debug, Clone)]
pub struct Row {
    /// What is measured.
    pub measure: String,
    /// What the measure means, where the section's definitions don't say.
    pub definition: &'static str,
    /// One figure a column, each 0 to 1 with its interval.
    pub figures: Vec<Figure>,
    /// What to reach, in the last column; none where it is only told.
    pub reach: Option<f64>,
    /// Less is better.
    pub less: bool,
}

/// What one part measured.
#[derive(Debug, Clone)]
pub struct Section {
    /// A heading.
    pub title: &'static str,
    /// What the measures mean, so that nobody has to guess.
    pub definitions: &'static str,
    /// What is compared, side by side; ours is the last.
    pub columns: Vec<String>,
    /// The figures.
    pub rows: Vec<Row>,
}

/// What a benchmark may use beside the data.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Token embeddings; without them meanings are not compared.
    pub table: Option<Arc<Table>>,
    /// Also a row for each kind of question.
    pub detail: bool,
    /// Candidates of the full-text index; its own number where none is given.
    pub depth: Option<usize>,
}

/// Why a benchmark gave no figures.
#[derive(Debug, Error)]
pub enum BenchError {
    /// A file is there and can't be read.
    #[error("{0}: not readable: {1}")]
    Read(PathBuf, #[source] std::io::Error),
    /// A file is not what its name says.
    #[error("{0}: not JSON: {1}; fetch the data set again")]
    Format(PathBuf, #[source] serde_json::Error),
    /// The full-text index failed.
    #[error(transparent)]
    Search(#[from] SearchError),
}

/// Measures everything that `data` holds the data for. Deterministic, no network, no model.
///
/// # Errors
/// Where a file is there and can't be read, or the index fails. A file that is missing is no error: the report names it.
pub fn run(data: &Path, options: &Options) -> Result<Report, BenchError> {
    let mut report = Report::default();
    report.sections.extend(retrieval::run(data, options, &mut report.skipped)?);
    let rows = pairs::run(data);
    if rows.is_empty() {
        report.skipped.push("pairs".into());
    } else {
        report.sections.push(Section { title: "Comparison", definitions: "", columns: vec!["kairos".into()], rows });
    }
    Ok(report)
}
