//! What the user's answers say about a detector: one whose findings he mostly dismisses is muted.

use kairos_core::{Evidence, Finding, Millis, Urgency};

/// Answers that are looked at.
pub(crate) const ANSWERS: u32 = 10;
/// So many dismissals among them mute. A detector that is wrong nine times of ten is found out in 93 of 100 cases; one that is
/// right two times of three is muted by bad luck once in 300.
const DISMISSED: usize = 8;

/// Begins the key of the finding that tells it.
pub(crate) const PREFIX: &str = "muted:";

/// Is a detector with these last answers (dismissed?) to be muted?
pub(crate) fn is_unwanted(dismissals: &[bool]) -> bool {
    dismissals.len() >= ANSWERS as usize && dismissals.iter().filter(|d| **d).count() >= DISMISSED
}

/// Names this muting: a later one is said again.
pub(crate) fn key(plugin: &str, at: Millis) -> String {
    format!("{PREFIX}{plugin}@{at}")
}

/// All keys of a plugin's mutings.
pub(crate) fn key_of_all(plugin: &str) -> String {
    format!("{PREFIX}{plugin}@*")
}

/// Tells it.
pub(crate) fn finding(plugin: &str, dismissals: &[bool], at: Millis) -> Finding {
    let dismissed = dismissals.iter().filter(|d| **d).count();
    Finding {
        key: key(plugin, at),
        title: format!("{plugin} is muted: you dismissed most of what it found").chars().take(120).collect(),
        detail: "What it finds from now on goes to the inbox silently; critical findings are announced all the same.".into(),
        urgency: Urgency::Normal,
        evidence: vec![Evidence {
            kind: "plugin".into(),
            subject: plugin.into(),
            line: None,
            excerpt: format!("of the last {} findings that you answered you dismissed {dismissed}", dismissals.len()),
        }],
        remedy: Some(format!("kairos-run plugin unmute {plugin}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_of_the_last_ten_mute() {
        let answers = |dismissed: usize, accepted: usize| [vec![true; dismissed], vec![false; accepted]].concat();
        for (dismissed, accepted, unwanted) in [(9, 0, false), (10, 0, true), (8, 2, true), (7, 3, false), (0, 10, false)] {
            assert_eq!(is_unwanted(&answers(dismissed, accepted)), unwanted, "{dismissed} of {}", dismissed + accepted);
        }
        let report = kairos_core::Report { findings: vec![finding(&"x".repeat(200), &answers(8, 2), 1)], ..Default::default() };
        assert!(report.validate().is_ok(), "also with a long name");
    }
}
