//! What one would do without the care: keep nothing, keep everything, or merge whatever looks alike.

use crate::truth::plain;
use kairos_core::memory::{Claim, ClaimKind, Observation, Status};
use std::collections::BTreeSet;

/// From this share of common letter triples on two texts are taken for the same.
const ALIKE: f64 = 0.85;

/// Texts that are believed as they come.
#[derive(Debug, Default)]
pub struct Heap {
    merges: bool,
    kept: Vec<(String, BTreeSet<[char; 3]>)>,
}

impl Heap {
    /// Keeps every sentence there is.
    pub fn append_only() -> Self {
        Self::default()
    }

    /// The same, but the newer of two texts that look alike takes the older one's place.
    pub fn similarity_only() -> Self {
        Self { merges: true, ..Self::default() }
    }

    /// Believes what was observed: sentences of whoever says them, and commands that end well.
    pub fn see(&mut self, observations: &[Observation]) {
        for o in observations {
            match o.kind.as_str() {
                "command" if o.attribute("exit-code") == Some("0") => {
                    self.put(&format!("`{}` works.", o.attribute("command").unwrap_or_default()));
                }
                "message" | "note" | "finding" => o.text.split_inclusive(['.', '!', '?', '\n']).for_each(|s| self.put(s.trim())),
                _ => {}
            }
        }
    }

    fn put(&mut self, text: &str) {
        if text.split_whitespace().count() < 3 {
            return;
        }
        let letters: Vec<char> = plain(text).chars().collect();
        let triples: BTreeSet<[char; 3]> = letters.windows(3).filter_map(|w| w.try_into().ok()).collect();
        let alike = |(_, other): &&mut (String, BTreeSet<[char; 3]>)| {
            let common = triples.intersection(other).count() as f64;
            common >= ALIKE * (triples.len() + other.len()) as f64 / (1.0 + ALIKE)
        };
        let twin = if self.merges { self.kept.iter_mut().find(alike) } else { None };
        match twin {
            Some(twin) => *twin = (text.into(), triples),
            None => self.kept.push((text.into(), triples)),
        }
    }

    /// All of it, as claims.
    pub fn claims(&self) -> Vec<Claim> {
        let claim = |(n, (text, _)): (usize, &(String, _))| Claim {
            id: format!("c{n:07}"),
            topic: "project".into(),
            kind: ClaimKind::Project,
            status: Status::Fact,
            text: text.clone(),
            evidence: vec![],
            anchors: vec![],
            recorded: 0,
            valid_from: None,
            valid_to: None,
            author: "heap".into(),
            rivals: vec![],
        };
        self.kept.iter().enumerate().map(claim).collect()
    }
}
