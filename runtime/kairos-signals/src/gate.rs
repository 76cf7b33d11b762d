//! What stands before the queue: a pause lets nothing in, and every source's signals are counted, also those that are not kept.

use kairos_core::signal::{Millis, Signal};
use std::collections::BTreeMap;

/// What came from one source since the project was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Signals that were taken in.
    pub told: u64,
    /// The last of them, as a detector sees it.
    pub latest: Option<Signal>,
    /// Signals that were lost because the queue was full.
    pub dropped: u64,
    /// Signals that came during a pause.
    pub thrown_away: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// 0: no pause.
    until: Millis,
    /// A pause was begun whose end nobody has asked about.
    open_end: bool,
    /// In the pause that is under way, or whose end nobody has asked about.
    thrown_away: u64,
    seen: BTreeMap<&'static str, Seen>,
}

/// The name of the source in settings and in `signals show`; none for what says nothing about the user.
fn source(kind: &str) -> Option<&'static str> {
    Some(match kind.split_once('.')?.0 {
        "file" => "files",
        "git" => "git",
        "command" => "commands",
        "log" => "logs",
        "ci" => "ci",
        "system" => "system",
        "server" => "servers",
        "agent" => "agents",
        "presence" => "presence",
        _ => return None,
    })
}

impl Gate {
    pub fn admits(&mut self, signal: &Signal, now: Millis) -> bool {
        if now < self.until {
            self.throw_away(signal);
            return false;
        }
        if let Some(name) = source(&signal.kind) {
            let seen = self.seen.entry(name).or_default();
            seen.told += 1;
            seen.latest = Some(signal.clone());
        }
        true
    }

    pub fn throw_away(&mut self, signal: &Signal) {
        if let Some(name) = source(&signal.kind) {
            self.seen.entry(name).or_default().thrown_away += 1;
            self.thrown_away += 1;
        }
    }

    pub fn lost(&mut self, signal: &Signal) {
        if let Some(name) = source(&signal.kind) {
            self.seen.entry(name).or_default().dropped += 1;
        }
    }

    /// Until then; 0 ends it.
    pub fn pause(&mut self, until: Millis) {
        self.until = until;
        self.open_end |= until > 0;
    }

    pub fn paused_until(&self, now: Millis) -> Option<Millis> {
        (now < self.until).then_some(self.until)
    }

    pub fn pause_ended(&mut self, now: Millis) -> Option<u64> {
        if !self.open_end || now < self.until {
            return None;
        }
        (self.open_end, self.until) = (false, 0);
        Some(std::mem::take(&mut self.thrown_away))
    }

    pub fn seen(&self) -> &BTreeMap<&'static str, Seen> {
        &self.seen
    }
}
