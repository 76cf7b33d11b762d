//! How often searches found each claim, and when last.
//!
//! A file beside the index, which like the index may be lost: it tells which claims are of use, never which are true, and nothing that
//! decides on a promotion reads it. A search appends one line for each claim it found, in one write and without waiting for the disk;
//! whoever reads adds the lines up. The search that finds the file long writes it anew, with one line a claim; what another one appends
//! in that very moment is not counted.

use kairos_core::Millis;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

/// The file's name in the folder of the index.
const FILE: &str = "recalls";
/// Bytes from which on the file is written anew: some thousand searches.
const LONG: u64 = 1 << 20;

/// Of one claim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recalled {
    /// Searches that found it.
    pub times: u32,
    /// When one did last.
    pub last: Option<Millis>,
}

/// By claim.
#[derive(Debug, Clone, Default)]
pub struct Recalls(BTreeMap<String, Recalled>);

impl Recalls {
    /// What is kept in the folder of an index; nothing where it can't be read.
    pub(crate) fn read(index: &Path) -> Self {
        let bytes = std::fs::read(index.join(FILE)).unwrap_or_default();
        let mut all = Self::default();
        String::from_utf8_lossy(&bytes).lines().for_each(|line| all.add(line));
        all
    }

    /// Of one claim.
    pub fn of(&self, claim: &str) -> Recalled {
        self.0.get(claim).copied().unwrap_or_default()
    }

    /// Notes that a search found these claims. That it can't is no reason for the search to fail.
    pub(super) fn note(index: &Path, claims: impl Iterator<Item = impl AsRef<str>>, now: Millis) {
        let mut lines = String::new();
        for id in claims {
            let _ = writeln!(lines, "{} 1 {now}", id.as_ref());
        }
        if lines.is_empty() {
            return;
        }
        let path = index.join(FILE);
        let append = || -> io::Result<()> {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(lines.as_bytes())?;
            if file.metadata()?.len() > LONG { Self::read(index).write(&path) } else { Ok(()) }
        };
        if let Err(e) = append() {
            tracing::debug!("{} could not be written: {e}", path.display());
        }
    }

    /// Forgets some claims.
    pub(super) fn forget(index: &Path, claims: &[String]) -> io::Result<()> {
        let mut all = Self::read(index);
        let before = all.0.len();
        all.0.retain(|id, _| !claims.contains(id));
        if all.0.len() == before { Ok(()) } else { all.write(&index.join(FILE)) }
    }

    /// Adds a line; one that was cut short by a crash is passed over.
    fn add(&mut self, line: &str) {
        let mut parts = line.split(' ');
        let (Some(id), Some(times), Some(last), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else { return };
        let (Ok(times), Ok(last)) = (times.parse::<u32>(), last.parse()) else { return };
        let sum = self.0.entry(id.to_owned()).or_default();
        sum.times = sum.times.saturating_add(times);
        sum.last = sum.last.max(Some(last));
    }

    fn write(&self, file: &Path) -> io::Result<()> {
        let mut lines = String::new();
        for (id, of) in &self.0 {
            let _ = writeln!(lines, "{id} {} {}", of.times, of.last.unwrap_or_default());
        }
        let new = file.with_extension("new");
        std::fs::write(&new, lines)?;
        std::fs::rename(&new, file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_are_counted_added_up_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path();
        assert_eq!(Recalls::read(index).of("a"), Recalled::default());
        Recalls::note(index, ["a", "b"].iter(), 7);
        Recalls::note(index, ["a"].iter(), 9);
        Recalls::note(index, ["a"].iter(), 8);
        let file = index.join(FILE);
        std::fs::write(&file, [&std::fs::read(&file).unwrap()[..], b"a 1\n\xff\nb x 3"].concat()).unwrap();
        let all = Recalls::read(index);
        assert_eq!(all.of("a"), Recalled { times: 3, last: Some(9) });
        assert_eq!(all.of("b"), Recalled { times: 1, last: Some(7) });
        Recalls::forget(index, &["a".into()]).unwrap();
        assert!(!std::fs::read_to_string(&file).unwrap().contains('a'));
        assert_eq!(Recalls::read(index).of("b").times, 1);
    }

    #[test]
    fn a_long_file_becomes_short_and_says_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let line = "a 1 1700000000000\n";
        let lines = LONG as usize / line.len() + 1;
        std::fs::write(dir.path().join(FILE), line.repeat(lines)).unwrap();
        Recalls::note(dir.path(), ["a"].iter(), 5);
        let expected = Recalled { times: lines as u32 + 1, last: Some(1_700_000_000_000) };
        assert!(dir.path().join(FILE).metadata().unwrap().len() < 100);
        assert_eq!(Recalls::read(dir.path()).of("a"), expected);
    }
}
