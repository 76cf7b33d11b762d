//! The figures as a person reads them, and as a program does.

use super::Figure;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::fmt;

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// What is measured.
    pub measure: String,
    /// What it means, so that nobody has to guess.
    pub definition: &'static str,
    /// What the figures count.
    pub unit: Unit,
    /// Our figure.
    pub ours: Figure,
    /// What a plain method reaches on the same data, with the method's name.
    pub baseline: Option<(&'static str, f64)>,
    /// What to reach; none where it is only told.
    pub reach: Option<f64>,
    /// Less is better.
    pub less: bool,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// 0 to 1; printed as a percentage.
    Share,
    /// Milliseconds.
    Milliseconds,
    /// So many a second.
    PerSecond,
}

impl Row {
    /// A share that nothing is to be reached in, yet.
    pub fn new(measure: impl Into<String>, definition: &'static str, ours: Figure) -> Self {
        Self { measure: measure.into(), definition, unit: Unit::Share, ours, baseline: None, reach: None, less: false }
    }

    /// At least so much is to be reached.
    #[must_use]
    pub fn at_least(self, reach: f64) -> Self {
        Self { reach: Some(reach), ..self }
    }

    /// At most so much is to be reached.
    #[must_use]
    pub fn at_most(self, reach: f64) -> Self {
        Self { reach: Some(reach), less: true, ..self }
    }

    /// What a plain method reaches.
    #[must_use]
    pub fn beside(self, method: &'static str, figure: f64) -> Self {
        Self { baseline: Some((method, figure)), ..self }
    }

    /// Is reached what is to be reached? None where nothing is.
    pub fn met(&self) -> Option<bool> {
        self.reach.map(|reach| if self.less { self.ours.mean <= reach } else { self.ours.mean >= reach })
    }

    fn show(&self, value: f64) -> String {
        match self.unit {
            Unit::Share => format!("{:.1}", value * 100.0),
            Unit::Milliseconds => format!("{value:.1}"),
            Unit::PerSecond => format!("{value:.0}"),
        }
    }
}

/// All figures of a run.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Report {
    /// The table.
    pub rows: Vec<Row>,
    /// What was not measured, and what it wants.
    pub skipped: Vec<String>,
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Row", 12)?;
        row.serialize_field("measure", &self.measure)?;
        row.serialize_field("count", &self.ours.count)?;
        row.serialize_field("unit", &self.unit)?;
        row.serialize_field("figure", &self.ours.mean)?;
        row.serialize_field("low", &self.ours.low)?;
        row.serialize_field("high", &self.ours.high)?;
        row.serialize_field("reach", &self.reach)?;
        row.serialize_field("less-is-better", &self.less)?;
        row.serialize_field("met", &self.met())?;
        row.serialize_field("baseline", &self.baseline.map(|(_, figure)| figure))?;
        row.serialize_field("baseline-method", &self.baseline.map(|(method, _)| method))?;
        row.serialize_field("definition", self.definition)?;
        row.end()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.measure.chars().count()).max().unwrap_or(0);
        if !self.rows.is_empty() {
            writeln!(f, "{:width$} {:>7} {:>23} {:>9}        baseline", "measure", "count", "kairos", "reach")?;
        }
        for row in &self.rows {
            let Figure { mean, low, high, count } = row.ours;
            let ours = format!("{} [{}, {}]", row.show(mean), row.show(low), row.show(high));
            let sign = if row.less { "<=" } else { ">=" };
            let reach = row.reach.map_or(String::new(), |reach| format!("{sign} {}", row.show(reach)));
            let met = row.met().map_or("", |met| if met { "met" } else { "MISSED" });
            let baseline = row.baseline.map_or(String::new(), |(method, figure)| format!("{} {method}", row.show(figure)));
            let line = format!("{:width$} {count:>7} {ours:>23} {reach:>9} {met:6} {baseline}", row.measure);
            writeln!(f, "{}", line.trim_end())?;
        }
        if !self.rows.is_empty() {
            writeln!(f, "\n{NOTES}\n")?;
        }
        let mut told: Option<&str> = None;
        for row in &self.rows {
            // Rows that follow one another often share what they mean.
            let again = told == Some(row.definition);
            told = Some(row.definition);
            writeln!(f, "{}{}", row.measure, if again { ": the same" } else { "" })?;
            if !again {
                write_wrapped(f, row.definition)?;
            }
        }
        self.skipped.iter().try_for_each(|what| writeln!(f, "not measured: {what}"))
    }
}

/// Lines of this many characters.
const WIDTH: usize = 116;

fn write_wrapped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + word.chars().count() >= WIDTH {
            writeln!(f, "   {line}")?;
            line.clear();
        }
        line.extend([" ", word]);
    }
    writeln!(f, "   {line}")
}

const NOTES: &str = "\
Shares are percentages. In brackets the 95% interval by bootstrap over conversations, users, pairs or starting commits,
whichever the items are grouped in (2000 draws, fixed seed); of a speed the 10th and the 90th percentile. The baseline is
measured in the same run on the same items. No model, no network.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_is_reached_and_against_what() {
        let figure = Figure { mean: 0.5, low: 0.4, high: 0.625, count: 8 };
        let missed = Row::new("found", "share of what is found", figure).at_least(0.75).beside("chance", 0.25);
        let told = Row::new("lost", "share of what is lost", figure);
        let met = Row { unit: Unit::Milliseconds, ..Row::new("wait", "share of what is lost", figure).at_most(0.5) };
        let report = Report { rows: vec![missed, told, met], skipped: vec!["the rest".into()] };
        let text = report.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1].split_whitespace().collect::<Vec<_>>().join(" "),
            "found 8 50.0 [40.0, 62.5] >= 75.0 MISSED 25.0 chance"
        );
        assert!(lines[2].ends_with("[40.0, 62.5]") && lines[3].contains("0.5 [0.4, 0.6]    <= 0.5 met"), "{text}");
        assert!(text.contains("wait: the same") && text.ends_with("not measured: the rest\n"), "{text}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!((&json["rows"][0]["met"], &json["rows"][1]["met"]), (&false.into(), &serde_json::Value::Null));
    }
}
