//! Which errors are news.

use crate::entries::{Entry, errors};
use crate::findings;
use crate::mask::show;
use crate::memory::{Kind, Log, Told};
use crate::template::{alike, template};
use kairos_plugin::prelude::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What is counted together.
pub const SPAN: u64 = 5 * MINUTE;
/// Spans with something in them, before a burst can be told: an hour of a busy log.
const FEWEST_SPANS: usize = 12;
/// Fewer errors in a span are no burst, whatever is usual.
const FEWEST_ERRORS: u64 = 20;
/// How many times what is usual.
const TIMES: u64 = 4;
/// Before anything is told of new kinds: a day, so that a round of traffic and daily work have been seen.
const LEARN: u64 = DAY;
/// A log that is nearly free of errors is known sooner: after an hour and so many lines with at most so many kinds.
const LEARN_CLEAN: u64 = HOUR;
const CLEAN_LINES: u64 = 300;
const CLEAN_KINDS: usize = 2;
/// Errors of one signal that are compared with what is known; a body of 16 KiB rarely has more. The others are counted.
const MOST_JUDGED: usize = 200;
/// New kinds that are told of one log in a day: one that always has others writes in a way that is not understood here.
const MOST_NEW: u64 = 3;
/// One mishap makes several kinds of errors: within so long after a new one others are learned, not told.
const INCIDENT: u64 = SPAN;
/// A new kind is over when none was seen for so long: whoever comes back the next morning still finds it.
const KIND_QUIET: u64 = DAY;
/// A burst is over sooner, but not within a night.
const BURST_QUIET: u64 = 12 * HOUR;

/// Learns from a signal, and adds what is news.
pub fn judge(log: &mut Log, signal: &Signal, report: &mut Report) {
    let now = signal.time;
    if log.first == 0 {
        log.first = now;
    }
    let in_body = signal.body.lines().count() as u64;
    let lines = signal.number("lines").unwrap_or(in_body).max(in_body);
    let clean = log.lines >= CLEAN_LINES && log.kinds.len() <= CLEAN_KINDS;
    let learned = now >= log.first + if clean { LEARN_CLEAN } else { LEARN };
    let found = errors(&signal.body);
    log.turn(now / SPAN);
    log.lines = log.lines.saturating_add(lines);
    log.now.lines += lines;
    let told = kinds(log, &found, now, learned, report);
    // What is told as a new kind is counted there. Of what isn't in the body the same share is taken for errors.
    let others = (found.len() - told) as u64;
    log.now.errors += others.saturating_mul(lines).checked_div(in_body).unwrap_or_default();
    if let Some(usual) = burst(log).filter(|_| others > 0) {
        if log.burst.is_none() {
            report.add(findings::burst(log, usual, &found));
        }
        log.burst = Some((log.burst.map_or(now, |(since, _)| since), now));
    }
}

/// How many of them belong to kinds that are told.
fn kinds(log: &mut Log, found: &[Entry<'_>], now: u64, learned: bool, report: &mut Report) -> usize {
    let mut changed: Vec<usize> = Vec::new();
    let mut told = 0;
    for entry in found.iter().take(MOST_JUDGED) {
        let template = template(&entry.message);
        let equal = log.kinds.iter().position(|kind| kind.template == template);
        let at = match equal.or_else(|| log.kinds.iter().position(|kind| alike(&kind.template, &template))) {
            Some(at) => at,
            None => {
                let day = now / DAY;
                if log.told.0 != day {
                    log.told = (day, 0);
                }
                let same_incident = |told: &Told| now < told.since + INCIDENT;
                let apart = !log.kinds.iter().filter_map(|kind| kind.told.as_ref()).any(same_incident);
                let news = learned && apart && log.told.1 < MOST_NEW;
                log.told.1 += u64::from(news);
                let told = news.then(|| Told { since: now, count: 0, line: show(entry.line, 240).replace('\t', " ") });
                log.kinds.push(Kind { template, last: now, told });
                log.kinds.len() - 1
            }
        };
        let kind = &mut log.kinds[at];
        kind.last = now;
        if let Some(of) = &mut kind.told {
            of.count += 1;
            told += 1;
            if !changed.contains(&at) {
                changed.push(at);
            }
        }
    }
    for at in changed {
        report.add(findings::kind(log, &log.kinds[at]));
    }
    told
}

/// What is usual, if there are many more just now.
fn burst(log: &Log) -> Option<u64> {
    if log.past.len() < FEWEST_SPANS {
        return None;
    }
    // One span in twenty may be worse: a burst of yesterday doesn't make today's usual.
    let mut errors: Vec<u64> = log.past.iter().map(|span| span.errors).collect();
    errors.sort_unstable();
    let usual = errors[(errors.len() - 1) * 95 / 100];
    // More of everything is no burst of errors: their share has to grow too, unless errors are all that the log holds.
    let (all, bad) = log.past.iter().fold((0, 0), |(all, bad), span| (all + span.lines, bad + span.errors));
    let grown = log.now.errors * 2 >= log.now.lines || log.now.errors * all > 2 * bad * log.now.lines;
    (log.now.errors >= FEWEST_ERRORS && log.now.errors > TIMES * usual && grown).then_some(usual)
}

/// Clears what is over. How long until the next thing may be, in milliseconds.
pub fn quiet(log: &mut Log, now: u64, report: &mut Report) -> Option<u64> {
    let mut left: Vec<u64> = Vec::new();
    for kind in log.kinds.iter_mut().filter(|kind| kind.told.is_some()) {
        match (kind.last + KIND_QUIET).checked_sub(now).filter(|left| *left > 0) {
            Some(rest) => left.push(rest),
            None => {
                report.clear_key(&findings::kind_key(&log.path, &kind.template));
                kind.told = None;
            }
        }
    }
    if let Some((_, last)) = log.burst {
        match (last + BURST_QUIET).checked_sub(now).filter(|left| *left > 0) {
            Some(rest) => left.push(rest),
            None => {
                report.clear_key(&findings::burst_key(&log.path));
                log.burst = None;
            }
        }
    }
    left.into_iter().min()
}
