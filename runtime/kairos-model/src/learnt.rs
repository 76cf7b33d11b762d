//! What a provider taught us: whether it is of any use to ask it now.

use crate::error::ModelError;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// So many failures in a row, of those that may pass, and it is left alone.
const FAILURES: u32 = 5;
/// For so long. Then one question is let through; all others wait for how that ends.
const REST: Duration = Duration::from_secs(60);

/// It holds for all who ask.
#[derive(Default)]
pub(crate) struct Learnt(Mutex<State>);

#[derive(Default)]
struct State {
    /// The key that was refused, as a hash, and how.
    refused: Option<([u8; 32], ModelError)>,
    /// The provider wants to be left alone until then.
    not_before: Option<(Instant, ModelError)>,
    /// Failures since the last answer.
    failures: u32,
    /// After too many of them.
    rests_until: Option<Instant>,
}

impl Learnt {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Is it of any use to ask `who`, with a key of this hash?
    pub(crate) fn may_ask(&self, who: &str, key: &[u8; 32]) -> Result<(), ModelError> {
        let (mut state, now) = (self.state(), Instant::now());
        if let Some((refused, error)) = &state.refused {
            if refused == key {
                return Err(error.clone());
            }
            state.refused = None;
        }
        if let Some((until, error)) = &state.not_before {
            let left = until.saturating_duration_since(now);
            if !left.is_zero() {
                let mut error = error.clone();
                if let ModelError::Busy { after, .. } = &mut error {
                    *after = Some(left);
                }
                return Err(error);
            }
            state.not_before = None;
        }
        if let Some(until) = &mut state.rests_until {
            let after = until.saturating_duration_since(now);
            if !after.is_zero() {
                return Err(ModelError::Resting { who: who.into(), failures: state.failures, after });
            }
            *until = now + REST;
        }
        Ok(())
    }

    pub(crate) fn answered(&self) {
        let mut state = self.state();
        (state.failures, state.rests_until) = (0, None);
    }

    pub(crate) fn failed(&self, key: &[u8; 32], error: &ModelError) {
        let mut state = self.state();
        if let ModelError::Refused { .. } = error {
            state.refused = Some((*key, error.clone()));
        }
        if error.is_passing() {
            state.failures += 1;
            if state.failures >= FAILURES {
                state.rests_until = Some(Instant::now() + REST);
            }
        } else {
            // It does answer.
            (state.failures, state.rests_until) = (0, None);
        }
    }

    pub(crate) fn is_resting(&self) -> bool {
        self.state().rests_until.is_some()
    }

    /// Where it says for how long.
    pub(crate) fn leave_alone(&self, error: &ModelError) {
        if let ModelError::Busy { after: Some(after), .. } = error {
            self.state().not_before = Some((Instant::now() + *after, error.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_too_often_rests_and_then_one_asks_for_all() {
        let (learnt, key) = (Learnt::default(), [0; 32]);
        let fails = || learnt.failed(&key, &ModelError::Malformed { who: "x".into(), what: "y".into() });
        (1..FAILURES).for_each(|_| fails());
        learnt.answered();
        (1..FAILURES).for_each(|_| fails());
        learnt.may_ask("x", &key).unwrap();
        fails();
        assert!(matches!(learnt.may_ask("x", &key), Err(ModelError::Resting { failures: 5, .. })));
        let rested = || learnt.state().rests_until = Some(Instant::now());
        rested();
        learnt.may_ask("x", &key).unwrap();
        assert!(learnt.may_ask("x", &key).is_err(), "one is enough to find out");
        fails();
        assert!(learnt.may_ask("x", &key).is_err());
        rested();
        learnt.may_ask("x", &key).unwrap();
        learnt.answered();
        assert!(!learnt.is_resting() && learnt.may_ask("x", &key).is_ok());
    }
}
