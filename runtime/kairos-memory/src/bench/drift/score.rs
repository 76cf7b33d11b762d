//! Right and wrong by measure.

use super::Fate;
use crate::bench::{Row, bootstrap};
use std::collections::BTreeMap;

/// Answers by measure and kind of claim, then by the starting commit: 1 for a right one.
#[derive(Debug, Default)]
pub(super) struct Score {
    answers: BTreeMap<(&'static str, &'static str), BTreeMap<usize, Vec<f64>>>,
}

/// All kinds of claim together.
const ALL: &str = "all";
const PLAIN: [&str; 2] = ["plain precision", "plain recall"];

/// Measures with what they mean, what is to be reached, and which measure is their baseline.
const MEASURES: &[(&str, &str, Option<f64>, Option<&str>)] = &[
    (
        "precision",
        "claims of files, definitions, quoted lines and the project's own sentences are made at 16 commits and checked 25, 100, 300 and \
         900 commits later: of all anchors said to be gone the share that is neither where it was nor moved, as told by git, grep and \
         ctags; baseline: gone where no file is at the path",
        Some(0.95),
        Some(PLAIN[0]),
    ),
    ("recall", "of all anchors that are gone, told as above, the share said to be gone", Some(0.95), Some(PLAIN[1])),
    ("lost precision", "said gone or moved and no longer holding at its path, of all said gone or moved", None, None),
    ("lost recall", "said gone or moved, of all that no longer holds at its path", None, None),
    ("moved precision", "said moved to where it is, of all said moved", None, None),
    ("moved recall", "said moved to where it is, of all that moved", None, None),
    ("anchored as meant", "made-up claims whose anchor is found, of all", None, None),
    ("ticks that miss nothing", "looks at changed files alone that find the same claims as a whole check, of all", None, None),
];

impl Score {
    pub(super) fn add(&mut self, measure: &'static str, kind: &'static str, group: usize, right: bool) {
        self.answers.entry((measure, kind)).or_default().entry(group).or_default().push(f64::from(u8::from(right)));
    }

    pub(super) fn add_verdict(&mut self, kind: &'static str, group: usize, said: &Fate, truth: &Fate) {
        let is_lost = |fate: &Fate| matches!(fate, Fate::Gone | Fate::Moved(_));
        let is_moved = |fate: &Fate| matches!(fate, Fate::Moved(_));
        for kind in [kind, ALL] {
            let mut pair = |precision, recall, said_so, is_so, right| {
                if said_so {
                    self.add(precision, kind, group, right);
                }
                if is_so {
                    self.add(recall, kind, group, right);
                }
            };
            let both = *said == Fate::Gone && *truth == Fate::Gone;
            pair("precision", "recall", *said == Fate::Gone, *truth == Fate::Gone, both);
            pair("lost precision", "lost recall", is_lost(said), is_lost(truth), is_lost(said) && is_lost(truth));
            pair("moved precision", "moved recall", is_moved(said), is_moved(truth), said == truth && is_moved(said));
        }
    }

    /// What one would say who only looks whether a file is at the path.
    pub(super) fn add_plain(&mut self, group: usize, is_there: bool, truth: &Fate) {
        let is_gone = *truth == Fate::Gone;
        if !is_there {
            self.add(PLAIN[0], ALL, group, is_gone);
        }
        if is_gone {
            self.add(PLAIN[1], ALL, group, !is_there);
        }
    }

    /// Adds the answers over another history; its starts are other groups.
    pub(super) fn take(&mut self, other: Self) {
        let starts = |groups: &BTreeMap<usize, Vec<f64>>| groups.keys().max().map_or(0, |last| last + 1);
        let past = self.answers.values().map(starts).max().unwrap_or(0);
        for (of, groups) in other.answers {
            self.answers.entry(of).or_default().extend(groups.into_iter().map(|(group, values)| (past + group, values)));
        }
    }

    /// The table's rows, over a history of that name.
    pub(super) fn rows(&self, name: &str) -> Vec<Row> {
        let mut rows = vec![];
        for (measure, definition, reach, plain) in MEASURES {
            for ((_, kind), groups) in self.answers.iter().filter(|((of, _), _)| of == measure) {
                let figure = |groups: &BTreeMap<usize, Vec<f64>>| bootstrap(&groups.values().cloned().collect::<Vec<_>>());
                let title =
                    if *kind == ALL { format!("Drift {measure}, {name}") } else { format!("Drift {measure}, {name}, {kind}") };
                let mut row = Row::new(title, definition, figure(groups));
                if *kind == ALL {
                    row.reach = *reach;
                    let plain = plain.and_then(|plain| self.answers.get(&(plain, ALL)));
                    row.baseline = plain.map(|groups| ("path gone", figure(groups).mean));
                }
                rows.push(row);
            }
        }
        rows
    }
}
