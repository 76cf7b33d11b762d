//! What bears a claim out, weighed.

use super::policy::Policy;
use crate::compare::conserved;
use kairos_core::Millis;
use kairos_core::memory::{Claim, Observation, Origin};
use kairos_core::ports::Support;
use std::collections::{BTreeMap, BTreeSet};

/// Observations by id, as far as they are cited.
pub type Seen = BTreeMap<String, Observation>;

/// What all of a claim's live evidence comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// None, or text that anyone could have written.
    Untrusted,
    /// What programs were seen to do.
    Tool,
    /// The user said so.
    User,
}

/// Kinds of observation in which the user states something; others of his (commands he typed) show what he does.
const STATED: [&str; 4] = ["message", "note", "feedback", "edit"];

/// Files that tell an agent how to behave are read by it each time: they bear nothing out.
const BOOT_FILES: [&str; 5] = ["CLAUDE.md", "CLAUDE.local.md", "AGENTS.md", "MEMORY.md", "HEARTBEAT.md"];

/// Is this what memory itself said, or a boot file? Fed back as evidence, either would bear itself out.
pub(super) fn is_own_words(observation: &Observation) -> bool {
    let boot = |path: &str| BOOT_FILES.iter().any(|file| path.ends_with(file)) || path.contains(".claude/rules/");
    observation.source.starts_with("dream")
        || matches!(observation.kind.as_str(), "recall" | "dream")
        || observation.attribute("path").is_some_and(boot)
}

/// The evidence of a claim that still exists and counts.
pub(super) fn live<'a>(ids: &'a [String], seen: &'a Seen) -> impl Iterator<Item = &'a Observation> {
    let distinct: BTreeSet<&String> = ids.iter().collect();
    distinct.into_iter().filter_map(|id| seen.get(id)).filter(|o| !o.text.is_empty() && !is_own_words(o))
}

pub(super) fn stated_by_user(o: &Observation) -> bool {
    o.origin == Origin::User && STATED.contains(&o.kind.as_str())
}

pub(super) fn strength(claim: &Claim, seen: &Seen) -> Strength {
    let of = |o: &Observation| match o.origin {
        _ if stated_by_user(o) => Strength::User,
        Origin::User | Origin::Tool => Strength::Tool,
        _ => Strength::Untrusted,
    };
    live(&claim.evidence, seen).map(of).max().unwrap_or(Strength::Untrusted)
}

/// When it was last said or seen.
pub(super) fn latest(claim: &Claim, seen: &Seen) -> Millis {
    live(&claim.evidence, seen).map(|o| o.time).max().unwrap_or(claim.recorded)
}

/// What bears a claim out, and whether that is enough for a fact. The one place where this is judged: for a promotion, and for a strategy
/// that asks beforehand. How often a claim was found by a search is not looked at.
pub(super) fn support(claim: &Claim, seen: &Seen, policy: &Policy) -> Support {
    const DAY: Millis = 24 * 3600 * 1000;
    let trusted: Vec<&Observation> = live(&claim.evidence, seen).filter(|o| o.origin.is_trusted()).collect();
    let days = trusted.iter().map(|o| o.time / DAY).collect::<BTreeSet<_>>().len();
    // A session counts once, however often it says so.
    let sessions = trusted.iter().map(|o| (&o.source, &o.session)).collect::<BTreeSet<_>>().len();
    let says_it = |o: &&&Observation| stated_by_user(o) && conserved(&claim.text, &[o.text.as_str()]).is_ok();
    let stated = trusted.iter().filter(says_it).map(|o| o.time).max();
    let (needed_days, needed_sessions) = needed(claim, seen, policy);
    // One word of the user is enough, where it is this word.
    let enough = stated.is_some() || (!trusted.is_empty() && days >= needed_days && sessions >= needed_sessions);
    let latest = live(&claim.evidence, seen).map(|o| o.time).max();
    Support { stated, days, sessions, latest, enough }
}

/// The days and sessions that a claim needs. What programs were seen to do needs no second day, unless they failed: that may have been
/// one bad afternoon.
pub(super) fn needed(claim: &Claim, seen: &Seen, policy: &Policy) -> (usize, usize) {
    let ended_well = |o: &Observation| o.kind == "command" && matches!(o.attribute("exit-code"), None | Some("0"));
    let programs = live(&claim.evidence, seen).filter(|o| o.origin.is_trusted()).all(ended_well);
    if programs { (1, policy.tool_sessions) } else { (policy.days, policy.sessions) }
}
