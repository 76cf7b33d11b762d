//! What bears a claim out, weighed.

use super::policy::Policy;
use crate::compare::conserved;
use kairos_core::Millis;
use kairos_core::memory::{Claim, ClaimKind, Observation, Origin};
use kairos_core::ports::Support;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Observations by id, as far as they are cited.
pub type Seen = BTreeMap<String, Arc<Observation>>;

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

/// A claim of a project about the user, as his own memory hears of it: a fact there, with live evidence.
pub(super) const CLAIM: &str = "claim";
/// The attribute that tells its kind.
pub(super) const TYPE: &str = "type";

/// Files that tell an agent how to behave are read by it each time: they bear nothing out.
const BOOT_FILES: [&str; 5] = ["CLAUDE.md", "CLAUDE.local.md", "AGENTS.md", "MEMORY.md", "HEARTBEAT.md"];

/// Is this what memory itself said, or a boot file? Fed back as evidence, either would bear itself out.
pub(super) fn is_own_words(observation: &Observation) -> bool {
    let boot = |path: &str| BOOT_FILES.iter().any(|file| path.ends_with(file)) || path.contains(".claude/rules/");
    let listing = observation.kind == "command" && observation.attribute("command").is_some_and(prints_memory);
    listing
        || observation.source.starts_with("dream")
        || matches!(observation.kind.as_str(), "recall" | "dream")
        || observation.attribute("path").is_some_and(boot)
}

/// Does a command line have this program print what it holds? `kairos-run exec` runs another's command.
fn prints_memory(line: &str) -> bool {
    line.split(['\n', ';', '&', '|', '(']).any(|part| {
        let mut words = part.split_whitespace().skip_while(|word| word.contains('=') || *word == "sudo");
        words.next().is_some_and(|word| word.rsplit('/').next() == Some("kairos-run")) && words.next() != Some("exec")
    })
}

/// The evidence of a claim that still exists and counts.
pub(super) fn live<'a>(ids: &'a [String], seen: &'a Seen) -> impl Iterator<Item = &'a Observation> {
    let distinct: BTreeSet<&String> = ids.iter().collect();
    distinct.into_iter().filter_map(|id| seen.get(id)).map(|o| &**o).filter(|o| !o.text.is_empty() && !is_own_words(o))
}

pub(super) fn stated_by_user(o: &Observation) -> bool {
    o.origin == Origin::User && (STATED.contains(&o.kind.as_str()) || o.kind == CLAIM)
}

/// How he wants to work in one project is no word about all of them. Who he is, is.
fn holds_in_one_project(o: &Observation) -> bool {
    o.kind == CLAIM && o.attribute(TYPE) != Some(ClaimKind::User.as_str())
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
    let says_it =
        |o: &&&Observation| stated_by_user(o) && !holds_in_one_project(o) && conserved(&claim.text, &[o.text.as_str()]).is_ok();
    let stated = trusted.iter().filter(says_it).map(|o| o.time).max();
    let (needed_days, needed_sessions) = needed(claim, seen, policy);
    // One word of the user is enough, where it is this word.
    let enough = stated.is_some() || (!trusted.is_empty() && days >= needed_days && sessions >= needed_sessions);
    let latest = live(&claim.evidence, seen).map(|o| o.time).max();
    Support { stated, days, sessions, latest, enough }
}

/// The days and sessions that a claim needs. What programs were seen to do needs no second day, unless they failed: that may have been
/// one bad afternoon. Nor does a claim of a project, which was borne out there; each project counts as a session.
pub(super) fn needed(claim: &Claim, seen: &Seen, policy: &Policy) -> (usize, usize) {
    let ended_well = |o: &Observation| o.kind == "command" && matches!(o.attribute("exit-code"), None | Some("0"));
    let programs = live(&claim.evidence, seen).filter(|o| o.origin.is_trusted()).all(|o| o.kind == CLAIM || ended_well(o));
    if programs { (1, policy.tool_sessions) } else { (policy.days, policy.sessions) }
}
