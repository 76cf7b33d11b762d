//! When is a project idle? A state machine without a clock: the caller says what time it is.

use kairos_core::signal::{Millis, Signal};
use std::time::Duration;

/// Turns activity, or the lack of it, into `idle.started` and `idle.ended`.
#[derive(Debug, Clone)]
pub struct Idle {
    after: Millis,
    last: Millis,
    idle: bool,
}

impl Idle {
    /// Idle after so long without activity; `now` counts as activity.
    pub fn new(after: Duration, now: Millis) -> Self {
        Self { after: u64::try_from(after.as_millis()).unwrap_or(u64::MAX), last: now, idle: false }
    }

    /// Something happened: a signal (not one of `idle.*`), or the user did something. Gives `idle.ended` if the project
    /// was idle; `seconds` is how long nothing had happened.
    pub fn activity(&mut self, now: Millis) -> Option<Signal> {
        let seconds = now.saturating_sub(self.last) / 1000;
        self.last = self.last.max(now);
        std::mem::take(&mut self.idle).then(|| Signal::new("idle.ended", "idle", now).with("seconds", seconds))
    }

    /// Time has passed. Gives `idle.started` once, when it is time.
    pub fn check(&mut self, now: Millis) -> Option<Signal> {
        // A clock that was set back must not make the project idle later than a full period from now.
        self.last = self.last.min(now);
        let quiet = now - self.last;
        if self.idle || quiet < self.after {
            return None;
        }
        self.idle = true;
        Some(Signal::new("idle.started", "idle", now).with("seconds", quiet / 1000))
    }

    /// When [`Self::check`] has something to say next, if nothing happens until then; none while idle.
    pub fn due(&self) -> Option<Millis> {
        (!self.idle).then(|| self.last.saturating_add(self.after))
    }

    /// Is the project idle?
    pub fn is_idle(&self) -> bool {
        self.idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idleness_begins_and_ends_once() {
        let mut idle = Idle::new(Duration::from_secs(300), 1_000);
        assert_eq!(idle.due(), Some(301_000));
        assert!(idle.check(300_999).is_none());
        assert!(idle.activity(2_000).is_none());
        assert!(idle.check(301_000).is_none());
        let started = idle.check(302_000).unwrap();
        assert_eq!((started.kind.as_str(), started.attribute("seconds")), ("idle.started", Some("300")));
        assert!(idle.check(900_000).is_none());
        assert!(idle.is_idle() && idle.due().is_none());
        let ended = idle.activity(1_002_000).unwrap();
        assert_eq!((ended.kind.as_str(), ended.attribute("seconds")), ("idle.ended", Some("1000")));
        assert!(idle.activity(1_003_000).is_none());
    }

    #[test]
    fn a_clock_set_back_does_no_harm() {
        let mut idle = Idle::new(Duration::from_secs(10), 100_000);
        assert!(idle.check(50_000).is_none());
        assert!(idle.check(60_000).is_some());
    }
}
