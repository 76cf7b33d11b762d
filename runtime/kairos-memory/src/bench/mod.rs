//! `kairos-run bench memory`: the figures of retrieval, comparison and dreams, on data that is not part of the project.

pub mod drift;
pub mod figure;

pub use figure::{Figure, bootstrap, hit_at_1, recall};

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// What is measured.
    pub measure: String,
    /// How.
    pub definition: &'static str,
    /// Ours, and its interval.
    pub figure: Figure,
    /// What to reach; none where it is only told.
    pub reach: Option<f64>,
    /// Less is better.
    pub less: bool,
}
