//! What was observed, word for word: append-only files of one day each.
//!
//! `YYYY-MM-DD.jsonl` holds the observations whose time lies in that UTC day, one a line, in the order in which they came. An id
//! names its day and is made from the content: what is put in twice is stored once, also after it was forgotten. Several
//! processes may append to a day at once; a reader never waits for them. Secrets are taken out before anything is stored.

mod appender;
mod day;
mod error;
mod file;
mod forget;
mod grep;
pub mod import;
mod keep;
mod lines;
mod new;
mod read;
mod since;
mod trust;

pub use appender::{Appender, Figures};
pub use day::day_of;
pub use error::{Error, Result};
pub use forget::Forgotten;
pub use keep::{Bounds, Dropped};
pub use lines::{Damage, Damaged, Reason};
pub use new::{FORGOTTEN, New, TRUNCATED, id, is_forgotten};
pub use read::Got;
pub use since::{Page, Position};
pub use trust::origin_of_command;

use file::DayFile;
use jiff::civil::Date;
use kairos_core::memory::Observation;
use kairos_exec::redact::Redactor;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Days whose files and ids are kept at hand for writing. An import goes through many; a daemon needs one.
const OPEN_DAYS: usize = 4;

/// The transcripts of a project, or of the user: a folder of files. Cheap to make; share one in a process.
#[derive(Debug)]
pub struct Transcripts {
    dir: PathBuf,
    redactor: Redactor,
    /// The one used last is the last.
    open: Mutex<Vec<(Date, DayFile)>>,
}

/// What came of an append.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appended {
    /// The ids of all that was given, in that order.
    pub ids: Vec<String>,
    /// What was not there before, as it is stored.
    pub stored: Vec<Observation>,
}

impl Transcripts {
    /// Of that folder. Nothing is touched until something is read or stored; the folder is made with the first.
    pub fn open(dir: impl Into<PathBuf>, redactor: Redactor) -> Self {
        Self { dir: dir.into(), redactor, open: Mutex::default() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The days that have a file, oldest first.
    pub fn days(&self) -> Result<Vec<Date>> {
        day::list(&self.dir)
    }

    /// Stores what is not there yet; when it returns, it is on the disk. On an error each day is stored whole or not at all: the
    /// same may be appended again.
    pub fn append(&self, observations: Vec<New>) -> Result<Appended> {
        let observations: Vec<Observation> = observations.into_iter().map(|new| new.observe(&self.redactor)).collect();
        let new = self.store(&observations)?;
        let ids = observations.iter().map(|observation| observation.id.clone()).collect();
        let stored = observations.into_iter().zip(new).filter_map(|(observation, new)| new.then_some(observation)).collect();
        Ok(Appended { ids, stored })
    }

    /// As it would be stored.
    pub fn preview(&self, new: New) -> Observation {
        new.observe(&self.redactor)
    }

    /// Stores, and answers which were new.
    fn store(&self, observations: &[Observation]) -> Result<Vec<bool>> {
        let mut days: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
        for (at, observation) in observations.iter().enumerate() {
            days.entry(day::day_of(observation.time)).or_default().push(at);
        }
        let mut new = vec![false; observations.len()];
        for (day, places) in days {
            let lines: Vec<&Observation> = places.iter().map(|at| &observations[*at]).collect();
            let stored = self.with_day(day, |file| file.append(&lines))?;
            places.into_iter().zip(stored).for_each(|(at, stored)| new[at] = stored);
        }
        Ok(new)
    }

    /// Does something with a day's file; again, where another process put another file in its place meanwhile.
    fn with_day<T>(&self, day: Date, mut act: impl FnMut(&mut DayFile) -> Result<Option<T>>) -> Result<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let known = open.iter().position(|(other, _)| *other == day).map(|at| open.remove(at).1);
            let mut file = match known {
                Some(file) => file,
                None => {
                    private_folder(&self.dir)?;
                    DayFile::open(&self.dir, day)?
                }
            };
            if let Some(done) = act(&mut file)? {
                if open.len() >= OPEN_DAYS {
                    open.remove(0);
                }
                open.push((day, file));
                return Ok(done);
            }
        }
    }

    /// Lets go of a day's file, because it was replaced or removed.
    fn close_day(&self, day: Date) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _)| *other != day);
    }
}

/// Makes the folder, which only the user can look into.
fn private_folder(dir: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| Error::write(dir, "make the folder", error))
}

#[cfg(test)]
mod tests;
