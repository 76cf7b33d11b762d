//! The circuit breaker: after some dreams in a row that failed, or that the user did not want, none begins unasked until he says so.
//!
//! What it counts lies beside the memory's ledger, so that it outlives the process, and the command line can look at it without one.

use kairos_core::Millis;
use serde::{Deserialize, Serialize};
use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// So many failures, or dreams undone or rejected as a whole, in a row. One may be an accident, two bad luck.
const MOST: usize = 3;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    /// When the last dream began that nobody asked for.
    pub(super) begun: Option<Millis>,
    /// Up to when a scheduled time of day was looked at.
    pub(super) scheduled: Option<Millis>,
    /// Dreams that nobody asked for and that failed, since one did not.
    failures: usize,
    /// How the last of these failed.
    problem: String,
    /// What the user undid or rejected up to then is forgiven. Milliseconds since 1970-01-01T00:00:00Z.
    pub since: Millis,
}

impl Breaker {
    /// What is kept for a memory, by its private folder. What is not there, or can't be read, counts as nothing.
    pub fn load(private: &Path) -> Self {
        let bytes = std::fs::read(Self::file(private)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Keeps it, for the user alone: the old or the new, whenever it is stopped.
    ///
    /// # Errors
    /// Where the folder can't be written.
    pub(super) fn save(&self, private: &Path) -> io::Result<()> {
        let (file, new) = (Self::file(private), private.join(".dreaming.new"));
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        // One that was there may have other rights.
        out.set_permissions(Permissions::from_mode(0o600))?;
        out.write_all(&serde_json::to_vec(self)?)?;
        std::fs::rename(new, file)
    }

    /// Hidden: what is not belongs to the memory's history.
    pub(super) fn file(private: &Path) -> PathBuf {
        private.join(".dreaming.json")
    }

    /// Why no dream begins unasked; none: one may. `unwanted`: dreams in a row, since [`Breaker::since`], of which the user kept nothing.
    pub fn stopped(&self, unwanted: usize) -> Option<String> {
        if self.failures >= MOST {
            return Some(format!("the last {} dreams failed: {}", self.failures, self.problem));
        }
        (unwanted >= MOST).then(|| format!("you undid or rejected the last {unwanted} dreams as a whole"))
    }

    /// Lets dreams go on, because the user has chosen how, for a memory by its private folder.
    ///
    /// # Errors
    /// As [`Breaker::save`].
    pub fn forgive(private: &Path, now: Millis) -> io::Result<()> {
        let mut breaker = Self::load(private);
        breaker.reset(now);
        breaker.save(private)
    }

    /// The user says that dreams may go on.
    pub(super) fn reset(&mut self, now: Millis) {
        (self.failures, self.since) = (0, now);
        self.problem.clear();
    }

    /// A dream begins that nobody asked for. Until it ends it counts as failed: one that takes the process down must not begin with each
    /// start again.
    pub(super) fn begins(&mut self, now: Millis) {
        self.begun = Some(now);
        self.scheduled = Some(now);
        self.failures += 1;
        self.problem = "the process ended in the middle of it".into();
    }

    /// It was given up, as the process ends: it may begin again when that is back.
    pub(super) fn given_up(&mut self, before: &Self) {
        (self.begun, self.scheduled) = (before.begun, before.scheduled);
        self.came_to_nothing(before);
    }

    /// No strategy could do anything, such as for lack of a model: no fault of anyone, and no success.
    pub(super) fn came_to_nothing(&mut self, before: &Self) {
        self.failures = self.failures.saturating_sub(1);
        self.problem.clone_from(&before.problem);
    }

    /// It ended so.
    pub(super) fn ended(&mut self, result: Result<(), String>) {
        match result {
            Ok(()) => {
                self.failures = 0;
                self.problem.clear();
            }
            // Counted when it began.
            Err(problem) => self.problem = problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_stop_it_until_the_user_says_so() {
        let mut breaker = Breaker::default();
        let fail = |b: &mut Breaker, now| {
            b.begins(now);
            b.ended(Err("it trapped".into()));
        };
        fail(&mut breaker, 1);
        fail(&mut breaker, 2);
        assert_eq!(breaker.stopped(0), None);
        breaker.begins(3);
        breaker.ended(Ok(()));
        (4..6).for_each(|now| fail(&mut breaker, now));
        assert_eq!(breaker.stopped(0), None, "one between them went well");
        breaker.begins(6);
        assert!(breaker.stopped(0).unwrap().contains("ended in the middle"), "it took the process down");
        breaker.ended(Err("it trapped".into()));
        assert_eq!(breaker.stopped(0).unwrap(), "the last 3 dreams failed: it trapped");
        let before = breaker.clone();
        breaker.begins(7);
        breaker.given_up(&before);
        assert_eq!(breaker, before);
        breaker.begins(7);
        breaker.came_to_nothing(&before);
        assert_eq!((breaker.failures, &breaker.problem, breaker.begun), (3, &before.problem, Some(7)));
        breaker.reset(7);
        assert_eq!((breaker.stopped(0), breaker.since, breaker.begun), (None, 7, Some(7)));
    }

    #[test]
    fn three_that_the_user_did_not_want_stop_it() {
        let breaker = Breaker::default();
        assert_eq!(breaker.stopped(2), None);
        assert!(breaker.stopped(3).unwrap().contains("undid or rejected"));
    }

    #[test]
    fn it_is_kept_and_a_damaged_file_counts_as_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Breaker::load(dir.path()), Breaker::default());
        let mut breaker = Breaker::default();
        breaker.begins(5);
        breaker.save(dir.path()).unwrap();
        assert_eq!(Breaker::load(dir.path()), breaker);
        let mode = Breaker::file(dir.path()).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(Breaker::file(dir.path()), "{").unwrap();
        assert_eq!(Breaker::load(dir.path()), Breaker::default());
        assert!(breaker.save(&dir.path().join("none")).is_err());
    }
}
