//! What is remembered of each command, and when that makes a failure worth a line. Pure.

use crate::command::{Class, Exit};

/// One command in one folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Entry {
    /// Hash of command and folder.
    pub id: u64,
    /// Failures since it last passed.
    pub failures: u32,
    /// When it last passed, in milliseconds since 1970; 0: never seen to.
    pub passed: u64,
    /// When it last ended.
    pub seen: u64,
    /// It is reported at present.
    pub open: bool,
}

/// Why a failure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It passed before.
    Regression,
    /// It failed so often in a row.
    Repeated,
    /// A check that says where it failed.
    Located,
}

/// What to do about a command that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Silent,
    /// It is well again.
    Clear,
    /// Tell of it.
    Report(Why),
}

/// Failures in a row that are worth a line by themselves.
const REPEATED: u32 = 3;
/// Commands that are remembered.
const MOST: usize = 300;
/// A failure that nobody ran again for so long is no longer known to hold.
pub const STALE: u64 = 24 * 3600 * 1000;

/// Decides, and brings the entry up to date. `located`: the output names a file and line.
pub fn decide(entry: &mut Entry, class: Class, exit: Exit, located: bool, now: u64) -> Verdict {
    match (class, exit) {
        (Class::Ignored, _) | (_, Exit::Nothing) => return Verdict::Silent,
        (_, Exit::Passed) => {
            let was_open = std::mem::take(&mut entry.open);
            *entry = Entry { failures: 0, passed: now, seen: now, ..*entry };
            return if was_open { Verdict::Clear } else { Verdict::Silent };
        }
        (_, Exit::Failed) => {}
    }
    entry.failures = entry.failures.saturating_add(1);
    entry.seen = now;
    let why = if entry.failures >= REPEATED {
        Some(Why::Repeated)
    } else if entry.passed > 0 && (class == Class::Check || located) {
        Some(Why::Regression)
    } else if located || entry.open {
        Some(Why::Located)
    } else {
        None
    };
    match why {
        Some(why) => {
            entry.open = true;
            Verdict::Report(why)
        }
        None => Verdict::Silent,
    }
}

/// All that is remembered; the least recently run are forgotten first.
#[derive(Debug, Default)]
pub struct History(Vec<Entry>);

impl History {
    /// Reads what [`text`](Self::text) wrote; lines that make no sense are dropped.
    pub fn parse(text: &str) -> Self {
        let entry = |line: &str| {
            let mut parts = line.split(' ');
            let id = u64::from_str_radix(parts.next()?, 16).ok()?;
            let mut number = || parts.next()?.parse::<u64>().ok();
            let (failures, passed, seen, open) = (number()?, number()?, number()?, number()?);
            Some(Entry { id, failures: u32::try_from(failures).ok()?, passed, seen, open: open == 1 })
        };
        Self(text.lines().filter_map(entry).take(MOST).collect())
    }

    /// As text, under 24 KiB.
    pub fn text(&self) -> String {
        let line = |e: &Entry| format!("{:x} {} {} {} {}\n", e.id, e.failures, e.passed, e.seen, u8::from(e.open));
        self.0.iter().map(line).collect()
    }

    /// The entry of a command; a new one when it wasn't known.
    pub fn entry(&mut self, id: u64) -> &mut Entry {
        let at = match self.0.iter().position(|entry| entry.id == id) {
            Some(at) => at,
            None => {
                if self.0.len() >= MOST
                    && let Some((oldest, _)) = self.0.iter().enumerate().filter(|(_, e)| !e.open).min_by_key(|(_, e)| e.seen)
                {
                    self.0.swap_remove(oldest);
                }
                self.0.push(Entry { id, ..Entry::default() });
                self.0.len() - 1
            }
        };
        &mut self.0[at]
    }

    /// Closes what is open and stale, and names it.
    pub fn expire(&mut self, now: u64) -> Vec<u64> {
        let stale = self.0.iter_mut().filter(|entry| entry.open && now.saturating_sub(entry.seen) >= STALE);
        stale
            .map(|entry| {
                entry.open = false;
                entry.id
            })
            .collect()
    }

    /// Something is reported at present.
    pub fn any_open(&self) -> bool {
        self.0.iter().any(|entry| entry.open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use {Class::*, Exit::*};

    fn run(steps: &[(Class, Exit, bool)]) -> Vec<Verdict> {
        let mut entry = Entry::default();
        steps
            .iter()
            .enumerate()
            .map(|(n, (class, exit, located))| decide(&mut entry, *class, *exit, *located, n as u64 + 1))
            .collect()
    }

    #[test]
    fn what_is_told() {
        use Verdict::*;
        assert_eq!(
            run(&[(Check, Passed, false), (Check, Failed, false), (Check, Passed, false)]),
            [Silent, Report(Why::Regression), Clear]
        );
        assert_eq!(run(&[(Check, Failed, true), (Check, Passed, false)]), [Report(Why::Located), Clear]);
        assert_eq!(
            run(&[(Check, Failed, false), (Check, Failed, false), (Check, Failed, false)]),
            [Silent, Silent, Report(Why::Repeated)]
        );
        assert_eq!(run(&[(Other, Passed, false), (Other, Failed, false)]), [Silent, Silent]);
        assert_eq!(run(&[(Check, Passed, false), (Check, Nothing, false), (Check, Passed, false)]), [Silent; 3]);
        assert_eq!(run(&[(Ignored, Failed, true); 5]), [Silent; 5]);
        // Interrupted in between: the failure still stands.
        assert_eq!(run(&[(Check, Passed, false), (Check, Failed, false), (Check, Nothing, false)])[2], Silent);
    }

    #[test]
    fn history_survives_and_stays_small() {
        let mut history = History::default();
        (0..1000).for_each(|n| history.entry(n).seen = n);
        *history.entry(999) = Entry { id: 999, failures: 2, passed: 7, seen: 2000, open: true };
        let text = history.text();
        assert!(text.len() < 24 * 1024);
        let mut again = History::parse(&format!("{text}nonsense\n1 2\n"));
        assert_eq!(again.text(), text);
        assert!(again.expire(2000 + STALE - 1).is_empty());
        assert_eq!(again.expire(2000 + STALE), [999]);
        assert!(!again.any_open());
    }
}
