//! What was measured, beside its baseline and its target, as a table or as JSON.

use serde_json::{Value, json};
use std::time::Duration;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    Bytes,
    Count,
    Percent,
}

/// Many runs of one thing, or one.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub median: f64,
    pub p99: f64,
    pub runs: usize,
}

impl Sample {
    /// Of at least one value.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |q: f64| values.get(((values.len() as f64 - 1.0) * q).round() as usize).copied().unwrap_or(f64::NAN);
        Self { median: at(0.5), p99: at(0.99), runs: values.len() }
    }

    pub fn times(values: &[Duration]) -> Self {
        Self::of(values.iter().map(|d| d.as_nanos() as f64).collect())
    }

    pub fn one(value: f64) -> Self {
        Self::of(vec![value])
    }
}

/// What a measure should reach, by its median.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Times the baseline.
    Ratio(f64),
    /// On top of the baseline.
    OnTop(f64),
    AtMost(f64),
    AtLeast(f64),
}

/// One line.
pub struct Row {
    pub section: &'static str,
    pub measure: String,
    pub unit: Unit,
    pub ours: Sample,
    pub baseline: Option<(&'static str, Sample)>,
    pub target: Option<Target>,
    pub note: String,
}

impl Row {
    pub fn new(section: &'static str, measure: impl Into<String>, unit: Unit, ours: Sample) -> Self {
        Self { section, measure: measure.into(), unit, ours, baseline: None, target: None, note: String::new() }
    }

    pub fn against(mut self, name: &'static str, baseline: Sample) -> Self {
        self.baseline = Some((name, baseline));
        self
    }

    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.baseline.map(|(_, b)| self.ours.median / b.median).filter(|r| r.is_finite())
    }

    /// None without a target, or where the baseline that it needs is missing.
    fn met(&self) -> Option<bool> {
        Some(match self.target? {
            Target::Ratio(most) => self.ratio()? <= most,
            Target::OnTop(most) => self.ours.median - self.baseline?.1.median <= most,
            Target::AtMost(most) => self.ours.median <= most,
            Target::AtLeast(least) => self.ours.median >= least,
        })
    }

    fn target_text(&self) -> String {
        match self.target {
            None => String::new(),
            Some(Target::Ratio(most)) => format!("≤ {most}x"),
            Some(Target::OnTop(most)) => format!("≤ +{}", self.show(most)),
            Some(Target::AtMost(most)) => format!("≤ {}", self.show(most)),
            Some(Target::AtLeast(least)) => format!("≥ {}", self.show(least)),
        }
    }

    fn show(&self, value: f64) -> String {
        match self.unit {
            Unit::Time if value >= 1e9 => format!("{:.2} s", value / 1e9),
            Unit::Time if value >= 1e6 => format!("{:.2} ms", value / 1e6),
            Unit::Time => format!("{:.2} µs", value / 1e3),
            Unit::Bytes if value.abs() < 1048576.0 => format!("{:.1} KiB", value / 1024.0),
            Unit::Bytes => format!("{:.1} MiB", value / 1048576.0),
            Unit::Count => format!("{value:.0}"),
            Unit::Percent => format!("{value:.3} %"),
        }
    }

    fn show_sample(&self, sample: Sample) -> String {
        let median = self.show(sample.median);
        if sample.runs == 1 { median } else { format!("{median} ({})", self.show(sample.p99)) }
    }

    fn json(&self) -> Value {
        let sample = |s: Sample| json!({ "median": s.median, "p99": s.p99, "runs": s.runs });
        let unit = match self.unit {
            Unit::Time => "ns",
            Unit::Bytes => "bytes",
            Unit::Count => "count",
            Unit::Percent => "percent",
        };
        let target = self.target.map(|target| match target {
            Target::Ratio(v) => json!({ "kind": "ratio-at-most", "value": v }),
            Target::OnTop(v) => json!({ "kind": "on-top-at-most", "value": v }),
            Target::AtMost(v) => json!({ "kind": "at-most", "value": v }),
            Target::AtLeast(v) => json!({ "kind": "at-least", "value": v }),
        });
        json!({
            "section": self.section,
            "measure": self.measure,
            "unit": unit,
            "ours": sample(self.ours),
            "baseline": self.baseline.map(|(name, s)| json!({ "what": name, "sample": sample(s) })),
            "ratio": self.ratio(),
            "target": target,
            "met": self.met(),
            "note": self.note,
        })
    }
}

/// All lines, and what was skipped.
#[derive(Default)]
pub struct Report {
    pub rows: Vec<Row>,
    skipped: Vec<(&'static str, String)>,
}

impl Report {
    pub fn skip(&mut self, section: &'static str, why: &str) {
        self.skipped.push((section, why.into()));
    }

    pub fn json(&self) -> Value {
        let skipped: Vec<_> = self.skipped.iter().map(|(s, why)| json!({ "section": s, "why": why })).collect();
        json!({ "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(), "skipped": skipped })
    }

    pub fn table(&self) -> String {
        let head = ["section", "measure", "ours: median (p99)", "baseline: median (p99)", "ratio", "target", "", "note"];
        let mut lines = vec![head.map(String::from)];
        for row in &self.rows {
            lines.push([
                row.section.into(),
                row.measure.clone(),
                row.show_sample(row.ours),
                row.baseline.map_or_else(String::new, |(name, s)| format!("{}, {name}", row.show_sample(s))),
                row.ratio().map_or_else(String::new, |r| format!("{r:.2}x")),
                row.target_text(),
                row.met().map_or("", |met| if met { "met" } else { "MISSED" }).into(),
                row.note.clone(),
            ]);
        }
        let widths: Vec<_> = (0..head.len()).map(|i| lines.iter().map(|l| l[i].chars().count()).max().unwrap_or(0)).collect();
        let mut text = String::new();
        for line in &lines {
            let cells: Vec<_> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            text += cells.join("  ").trim_end();
            text.push('\n');
        }
        for (section, why) in &self.skipped {
            text += &format!("skipped: {section}: {why}\n");
        }
        text
    }
}
