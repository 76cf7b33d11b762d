//! The words for what is news.

use crate::entries::Entry;
use crate::mask::show;
use crate::memory::{Kind, Log};
use crate::template::{alike, template};
use kairos_plugin::prelude::*;

/// Kinds that a burst names.
const MOST_NAMED: usize = 3;

pub fn kind_key(path: &str, template: &str) -> String {
    format!("kind:{:016x}:{}", kairos_plugin::fnv(template.bytes()), plain(path))
}

pub fn burst_key(path: &str) -> String {
    format!("burst:{}", plain(path))
}

/// A path that ends in `*` would clear others.
fn plain(path: &str) -> String {
    path.replace('*', "#")
}

/// Of a kind that is told.
pub fn kind(log: &Log, kind: &Kind) -> Finding {
    let (line, count) = kind.told.as_ref().map_or(("", 1), |told| (told.line.as_str(), told.count));
    let times = if count == 1 { "once".into() } else { format!("{count} times") };
    Finding::new(
        &kind_key(&log.path, &kind.template),
        &format!("New kind of error in {}: {}", log.path, show(&readable(&kind.template), 80)),
    )
    .detail(&format!(
        "Seen {times} since. No error like it was in this log before. What they have in common (# stands for what changes):\n{}",
        show(&kind.template, 300)
    ))
    .evidence(Evidence::new("log", &log.path, None, line))
    .remedy("Look at the lines around it; if it is expected, dismiss it: the kind is known from now on")
}

/// Without what stands for the thread or the time at the beginning.
fn readable(template: &str) -> String {
    let text = template.trim_start_matches(['#', ' ']);
    (if text.is_empty() { template } else { text }).replace('#', "…")
}

pub fn burst(log: &Log, usual: u64, found: &[Entry<'_>]) -> Finding {
    let mut kinds: Vec<(String, u64, &str)> = Vec::new();
    for entry in found {
        let template = template(&entry.message);
        match kinds.iter_mut().find(|(known, ..)| alike(known, &template)) {
            Some((_, count, _)) => *count += 1,
            None => kinds.push((template, 1, entry.line)),
        }
    }
    kinds.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
    let errors = log.now.errors;
    let usually = if usual == 0 { "none".into() } else { format!("at most {usual}") };
    let mut detail = format!("In nineteen of twenty spans of five minutes this log had {usually}. Among the last lines:\n");
    for (template, count, _) in kinds.iter().take(MOST_NAMED) {
        detail += &format!("{count} x {}\n", show(&readable(template), 200));
    }
    let mut finding =
        Finding::new(&burst_key(&log.path), &format!("{}: {errors} errors within five minutes, usually {usually}", log.path))
            .detail(detail.trim_end())
            .remedy("Look at what changed just before the first of them");
    for (.., line) in kinds.iter().take(MOST_NAMED) {
        finding = finding.evidence(Evidence::new("log", &log.path, None, &show(line, 300)));
    }
    finding
}
