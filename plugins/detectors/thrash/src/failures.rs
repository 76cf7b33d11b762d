//! A command that fails the same way again and again, with edits in between. Pure.

/// Failures in a row, each after an edit.
pub const TIMES: u32 = 5;
/// They have to be spread over this: five quick tries are a way of working.
pub const SPAN: u64 = 10 * 60_000;
/// The same where no output shows that it is one and the same failure: errors worked off one by one look like that too.
pub const SPAN_BLIND: u64 = 20 * 60_000;
/// Without a run for so long the episode is over.
pub const OVER: u64 = 2 * 3_600_000;
/// What a command wrote itself is told so long after its end, at most.
const OWN: u64 = 2_000;
/// A run that begins so soon after a file was written wasn't started by hand.
const BY_HAND: u64 = 1_000;
/// Commands that are remembered.
const MOST: usize = 100;

/// A command that fails. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failing {
    /// Hash of command and folder.
    pub id: u64,
    /// Failures in a row, each after an edit.
    pub count: u32,
    /// When the first of them ended.
    pub first: u64,
    /// When it last ended.
    pub last: u64,
    /// When something was last edited since then; 0: not.
    pub edited: u64,
    /// By what the failure is known; 0: not known.
    pub signature: u64,
    /// It is told at present.
    pub told: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Silent,
    /// What was told is over.
    Clear,
    /// Tell of it.
    Tell(Failing),
}

/// All commands that fail at present.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Failures(Vec<Failing>);

impl Failures {
    /// Reads what [`text`](Self::text) wrote; lines that make no sense are dropped.
    pub fn parse(text: &str) -> Self {
        let failing = |line: &str| {
            let mut numbers = line.split(' ').map(|number| u64::from_str_radix(number, 16).ok());
            let mut next = || numbers.next().flatten();
            let (id, count, first, last, edited, signature, told) =
                (next()?, next()?, next()?, next()?, next()?, next()?, next()?);
            Some(Failing { id, count: u32::try_from(count).ok()?, first, last, edited, signature, told: told == 1 })
        };
        Self(text.lines().filter_map(failing).take(MOST).collect())
    }

    /// As text, under 10 KiB.
    pub fn text(&self) -> String {
        let line = |f: &Failing| {
            format!(
                "{:x} {:x} {:x} {:x} {:x} {:x} {:x}\n",
                f.id,
                f.count,
                f.first,
                f.last,
                f.edited,
                f.signature,
                u8::from(f.told)
            )
        };
        self.0.iter().map(line).collect()
    }

    /// A file was edited.
    pub fn edited(&mut self, at: u64) {
        for failing in self.0.iter_mut().filter(|failing| at > failing.last + OWN) {
            failing.edited = failing.edited.max(at);
        }
    }

    /// A command passed.
    pub fn passed(&mut self, id: u64) -> Verdict {
        let told = self.0.iter().any(|failing| failing.id == id && failing.told);
        self.0.retain(|failing| failing.id != id);
        if told { Verdict::Clear } else { Verdict::Silent }
    }

    /// A command failed, from `start` to `end`.
    pub fn failed(&mut self, id: u64, start: u64, end: u64, signature: Option<u64>) -> Verdict {
        let fresh = Failing { id, count: 1, first: end, last: end, signature: signature.unwrap_or(0), ..Failing::default() };
        let Some(failing) = self.0.iter_mut().find(|failing| failing.id == id) else {
            if self.0.len() >= MOST
                && let Some((oldest, _)) = self.0.iter().enumerate().filter(|(_, f)| !f.told).min_by_key(|(_, f)| f.last)
            {
                self.0.swap_remove(oldest);
            }
            if self.0.len() < MOST {
                self.0.push(fresh);
            }
            return Verdict::Silent;
        };
        let other = signature.is_some_and(|signature| failing.signature != 0 && signature != failing.signature);
        if other || start.saturating_sub(failing.last) >= OVER {
            // Another failure is progress, of a kind.
            let told = failing.told;
            *failing = fresh;
            return if told { Verdict::Clear } else { Verdict::Silent };
        }
        let by_hand = start >= failing.edited + BY_HAND;
        failing.last = end;
        if failing.signature == 0 {
            failing.signature = signature.unwrap_or(0);
        }
        // Run again without an edit: perhaps it is flaky, but nobody goes in circles.
        if failing.edited == 0 || !by_hand {
            failing.edited = 0;
            return Verdict::Silent;
        }
        failing.edited = 0;
        failing.count += 1;
        let span = if failing.signature == 0 { SPAN_BLIND } else { SPAN };
        if failing.told || failing.count < TIMES || end - failing.first < span {
            return Verdict::Silent;
        }
        failing.told = true;
        Verdict::Tell(*failing)
    }

    /// Forgets what nobody ran again, and names what was told of it.
    pub fn expire(&mut self, now: u64) -> Vec<u64> {
        let over = |failing: &Failing| now.saturating_sub(failing.last) >= OVER;
        let told = self.0.iter().filter(|failing| over(failing) && failing.told).map(|failing| failing.id).collect();
        self.0.retain(|failing| !over(failing));
        told
    }

    /// When the next told one is over.
    pub fn next(&self) -> Option<u64> {
        self.0.iter().filter(|failing| failing.told).map(|failing| failing.last + OVER).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    /// A failure each `minutes`, with an edit before; returns after which run it is told.
    fn told_after(runs: u64, minutes: u64, signature: impl Fn(u64) -> Option<u64>, edited: bool) -> Option<u64> {
        let mut failures = Failures::default();
        (1..=runs).find(|run| {
            let end = run * minutes * MINUTE;
            if edited {
                failures.edited(end - 20_000);
            }
            matches!(failures.failed(1, end - 5_000, end, signature(*run)), Verdict::Tell(_))
        })
    }

    #[test]
    fn five_times_the_same() {
        assert_eq!(told_after(9, 3, |_| Some(7), true), Some(5));
        // Five quick tries are told only when they become ten minutes.
        assert_eq!(told_after(19, 1, |_| Some(7), true), Some(11));
        assert_eq!(told_after(19, 3, |_| None, true), Some(8));
        assert_eq!(told_after(9, 3, Some, true), None);
        assert_eq!(told_after(9, 3, |run| Some(1 + run / 4), true), None);
        assert_eq!(told_after(9, 3, |_| Some(7), false), None);
        assert_eq!(told_after(9, 121, |_| Some(7), true), None);
    }

    #[test]
    fn a_watch_loop_is_not_told() {
        let mut failures = Failures::default();
        for run in 1..30 {
            failures.edited(run * MINUTE);
            assert_eq!(failures.failed(1, run * MINUTE + 300, run * MINUTE + 5_000, Some(7)), Verdict::Silent);
        }
    }

    #[test]
    fn what_the_command_writes_itself_is_no_edit() {
        let mut failures = Failures::default();
        for run in 1..30 {
            assert_eq!(failures.failed(1, run * MINUTE - 10_000, run * MINUTE, Some(7)), Verdict::Silent);
            failures.edited(run * MINUTE - 2_000);
            failures.edited(run * MINUTE + 1_000);
        }
    }

    #[test]
    fn once_an_episode() {
        let mut failures = Failures::default();
        let mut verdicts = Vec::new();
        for run in 1..=8 {
            let end = run * 3 * MINUTE;
            failures.edited(end - 20_000);
            verdicts.push(failures.failed(1, end - 5_000, end, Some(7)));
        }
        assert_eq!(verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Tell(_))).count(), 1);
        assert_eq!(Failures::parse(&failures.text()), failures);
        assert_eq!(failures.expire(24 * MINUTE + OVER - 1), Vec::<u64>::new());
        let mut other = Failures::parse(&failures.text());
        assert_eq!(other.passed(1), Verdict::Clear);
        assert_eq!(failures.expire(24 * MINUTE + OVER), [1]);
        assert_eq!(failures, Failures::default());
    }
}
