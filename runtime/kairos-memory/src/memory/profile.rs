//! A picture of the user, from the claims about him: who he is, how he wants to work, what to avoid, what to do again, and what the work
//! is for. Told apart by the kind of a claim and a few plain words in it; no model.

use super::exchange::Exported;
use super::{Memory, Result};
use kairos_core::memory::{Claim, ClaimKind, Status};
use serde::Serialize;

/// Where a claim belongs in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Who he is.
    Who,
    /// How he wants to work.
    How,
    /// What he does not want.
    Avoid,
    /// What he wants again.
    Repeat,
    /// What the work is for.
    Purpose,
}

/// One line of the picture.
#[derive(Debug, Clone, Serialize)]
pub struct Trait {
    /// Where it belongs.
    pub part: Part,
    /// The claim, with what bears it out.
    #[serde(flatten)]
    pub why: Exported,
}

/// Words with which something is refused. They count at the beginning; those that stand alone, anywhere.
const REFUSING: [&str; 9] = ["no", "not", "without", "stop", "never", "don't", "avoid", "hates", "dislikes"];
const ALONE: [&str; 5] = ["never", "don't", "avoid", "hates", "dislikes"];
/// So many words are a beginning: "Please do not", "He does not".
const BEGINNING: usize = 4;
/// Words that speak of a wish or a habit.
const WISH: [&str; 24] = [
    "always",
    "answer",
    "answers",
    "ask",
    "asks",
    "expects",
    "first",
    "keep",
    "keeps",
    "likes",
    "prefer",
    "preferred",
    "prefers",
    "reads",
    "reviews",
    "style",
    "tests",
    "use",
    "uses",
    "usually",
    "want",
    "wants",
    "works",
    "writes",
];
/// Words that speak of an end.
const END: [&str; 12] =
    ["goal", "goals", "purpose", "aim", "aims", "mission", "deadline", "customers", "audience", "intended", "meant", "so that"];

/// Where a claim belongs; none where it says nothing about the user or his aims.
pub fn part(claim: &Claim) -> Option<Part> {
    let text = claim.text.to_lowercase().replace('’', "'").replace("do not", "don't").replace("does not", "don't");
    let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|w| !w.is_empty()).collect();
    let has = |list: &[&str]| list.iter().any(|w| words.contains(w) || (w.contains(' ') && text.contains(w)));
    let refused = words.iter().take(BEGINNING).any(|w| REFUSING.contains(w)) || has(&ALONE);
    match claim.kind {
        _ if claim.status == Status::Retired => None,
        ClaimKind::User if has(&END) => Some(Part::Purpose),
        ClaimKind::User | ClaimKind::Feedback if refused => Some(Part::Avoid),
        ClaimKind::User if has(&WISH) => Some(Part::How),
        ClaimKind::User => Some(Part::Who),
        ClaimKind::Feedback => Some(Part::Repeat),
        // A guess about what the project is for says nothing of him.
        ClaimKind::Project if claim.status == Status::Fact && has(&END) => Some(Part::Purpose),
        ClaimKind::Project | ClaimKind::Reference => None,
    }
}

impl Memory {
    /// The picture of the user that this memory gives, by part and age.
    ///
    /// # Errors
    /// Where claims or transcripts can't be read.
    pub fn profile(&self) -> Result<Vec<Trait>> {
        let claims: Vec<Claim> = self.book()?.claims().filter(|c| part(c).is_some()).cloned().collect();
        let line = |why: Exported| part(&why.claim).map(|part| Trait { part, why });
        let mut lines: Vec<Trait> = self.with_evidence(claims)?.into_iter().filter_map(line).collect();
        lines.sort_by_key(|line| (line.part, line.why.claim.recorded));
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_five_parts() {
        let claim = |kind: ClaimKind, text: &str| Claim {
            id: "aaaaaaaa".into(),
            topic: "t".into(),
            kind,
            status: Status::Fact,
            text: text.into(),
            evidence: vec![],
            anchors: vec![],
            recorded: 0,
            valid_from: None,
            valid_to: None,
            author: "user".into(),
            rivals: vec![],
        };
        let (user, feedback, project) = (ClaimKind::User, ClaimKind::Feedback, ClaimKind::Project);
        for (kind, text, expected) in [
            (user, "Backend developer in Lisbon", Some(Part::Who)),
            (user, "New to Rust, ten years of Go", Some(Part::Who)),
            (user, "Prefers short answers", Some(Part::How)),
            (user, "Always runs the tests before a commit", Some(Part::How)),
            (user, "Does not like long answers", Some(Part::Avoid)),
            (feedback, "Never push to main without asking", Some(Part::Avoid)),
            (feedback, "Please do not squash commits", Some(Part::Avoid)),
            (feedback, "Small commits, each with a test; the bundled one was not liked", Some(Part::Repeat)),
            (feedback, "Use pnpm", Some(Part::Repeat)),
            (user, "His goal is a release in May", Some(Part::Purpose)),
            (project, "The purpose of the tool is to lint schemas", Some(Part::Purpose)),
            (project, "Tests run with `make t`", None),
        ] {
            assert_eq!(part(&claim(kind, text)), expected, "{text}");
        }
        assert_eq!(part(&Claim { status: Status::Tentative, ..claim(project, "The goal is X") }), None);
        assert_eq!(part(&Claim { status: Status::Retired, ..claim(user, "Prefers X") }), None);
    }
}
