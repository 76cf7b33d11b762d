//! The figures as a person reads them.

use super::{Figure, Row, Section};
use std::fmt;

/// All figures of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// One for each part that had its data.
    pub sections: Vec<Section>,
    /// What was not measured, because this was missing.
    pub skipped: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for section in &self.sections {
            writeln!(f, "{}\n\n{}\n", section.title, section.definitions.trim_end())?;
            write!(f, "{:44} {:>9}", "", "questions")?;
            section.columns.iter().try_for_each(|column| write!(f, " {column:>19}"))?;
            writeln!(f, " {:>6}", "reach")?;
            section.rows.iter().try_for_each(|row| line(f, row))?;
            writeln!(f)?;
        }
        writeln!(f, "In brackets: 95% interval by bootstrap over conversations (2000 draws, fixed seed).")?;
        self.skipped.iter().try_for_each(|what| writeln!(f, "not measured: {what}"))
    }
}

fn line(f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
    let cell = |figure: &Figure| format!("{:.1} [{:.1}, {:.1}]", figure.mean * 100.0, figure.low * 100.0, figure.high * 100.0);
    write!(f, "{:44} {:>9}", row.measure, row.figures.first().map_or(0, |figure| figure.questions))?;
    row.figures.iter().try_for_each(|figure| write!(f, " {:>19}", cell(figure)))?;
    match (row.reach, row.figures.last()) {
        (Some(reach), Some(ours)) => {
            let reached = if row.less { ours.mean <= reach } else { ours.mean >= reach };
            writeln!(f, " {:>6.1} {}", reach * 100.0, if reached { "reached" } else { "MISSED" })
        }
        _ => writeln!(f),
    }
}
