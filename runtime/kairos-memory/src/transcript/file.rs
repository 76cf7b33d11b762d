//! A day's file as a writer holds it: locked against other writers, mended after a crash, with the ids that are in it.

use super::day;
use super::error::{Error, Result};
use super::lines::{Blocks, MAX_LINE, each_line, id_of};
use super::new::bits;
use jiff::civil::Date;
use kairos_core::memory::Observation;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Open as long as its day is written to: what is kept open can't be mistaken for another file in its place.
#[derive(Debug)]
pub(super) struct DayFile {
    path: PathBuf,
    torn: PathBuf,
    file: File,
    /// 50 bits each: a busy day has a million.
    ids: HashSet<u64>,
    /// Up to where the ids were read, in bytes.
    known: u64,
}

/// What becomes of a line.
pub(super) enum Line {
    /// It is left as it is, also if it is damaged.
    Stays,
    /// Another stands in its place.
    Becomes(Observation),
    /// Nothing does.
    Goes,
}

/// No other writer, of this process or another, as long as it lives.
struct Locked<'a>(&'a File);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // Closing the file would unlock it as well.
        _ = self.0.unlock();
    }
}

impl DayFile {
    /// Opens the file, and makes it where it isn't there.
    pub fn open(dir: &Path, day: Date) -> Result<Self> {
        let path = day::file_of(dir, day);
        let file = open_private(OpenOptions::new().read(true).append(true).create(true), &path)
            .map_err(|error| Error::write(&path, "open", error))?;
        // The name must last, not the bytes alone.
        sync_dir(dir)?;
        Ok(Self { torn: day::torn_of(dir, day), path, file, ids: HashSet::new(), known: 0 })
    }

    /// Stores what isn't there yet, and answers which were stored: all of them durably, or none with an error. None where the
    /// file is no longer the one of that name.
    pub fn append(&mut self, observations: &[&Observation]) -> Result<Option<Vec<bool>>> {
        self.append_with(observations, &mut |mut file, bytes| file.write_all(bytes))
    }

    fn append_with(
        &mut self,
        observations: &[&Observation],
        write: &mut dyn FnMut(&File, &[u8]) -> io::Result<()>,
    ) -> Result<Option<Vec<bool>>> {
        let failed = |error| Error::write(&self.path, "append", error);
        self.file.lock().map_err(failed)?;
        let _locked = Locked(&self.file);
        if !is_at(&self.file, &self.path) {
            return Ok(None);
        }
        let length = mend(&self.file, &self.torn).map_err(failed)?;
        if length < self.known {
            // Someone shortened it by hand.
            self.ids.clear();
            self.known = 0;
        }
        read_ids(&self.file, self.known, &mut self.ids).map_err(|error| Error::read(&self.path, error))?;
        self.known = length;
        let mut buffer = vec![];
        let stored: Vec<bool> = observations
            .iter()
            .map(|observation| {
                let new = bits(&observation.id).is_none_or(|bits| self.ids.insert(bits));
                if new {
                    push_line(&mut buffer, observation);
                }
                new
            })
            .collect();
        if buffer.is_empty() {
            return Ok(Some(stored));
        }
        if let Err(error) = write(&self.file, &buffer).and_then(|()| self.file.sync_data()) {
            // Whole lines or nothing. Should this fail too, the next one who appends mends what is torn.
            _ = self.file.set_len(length).and_then(|()| self.file.sync_data());
            for (observation, new) in observations.iter().zip(&stored) {
                if *new {
                    bits(&observation.id).inspect(|bits| _ = self.ids.remove(bits));
                }
            }
            return Err(failed(error));
        }
        self.known = length + buffer.len() as u64;
        Ok(Some(stored))
    }

    /// Writes the file anew, all or nothing: `each` is given every line, none for one that is too long, and answers what becomes of
    /// it. None where the file is no longer the one of that name; it must be opened again after this.
    pub fn rewrite(&self, mut each: impl FnMut(Option<&[u8]>) -> Line) -> Result<Option<()>> {
        let failed = |error| Error::write(&self.path, "rewrite", error);
        self.file.lock().map_err(failed)?;
        let _locked = Locked(&self.file);
        if !is_at(&self.file, &self.path) {
            return Ok(None);
        }
        mend(&self.file, &self.torn).map_err(failed)?;
        let beside = self.path.with_extension("jsonl.new");
        let done = (|| {
            let new = open_private(OpenOptions::new().write(true).create(true).truncate(true), &beside)?;
            let mut out = io::BufWriter::with_capacity(1 << 20, new);
            let mut reader = &self.file;
            reader.seek(SeekFrom::Start(0))?;
            let mut blocks = Blocks::new(reader, MAX_LINE);
            let (mut copied, mut result) = (0, Ok(()));
            each_line(&mut blocks, |(at, line)| {
                let length = line.map_or_else(|length| length, |line| line.len() as u64);
                result = match each(line.ok()) {
                    Line::Becomes(instead) => {
                        let mut buffer = vec![];
                        push_line(&mut buffer, &instead);
                        out.write_all(&buffer)
                    }
                    Line::Stays => copy(&self.file, at, length + 1, &mut out),
                    Line::Goes => Ok(()),
                };
                copied = at + length + 1;
                result.is_ok()
            })?;
            result?;
            debug_assert_eq!(copied, self.file.metadata()?.len());
            let new = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            new.sync_all()?;
            fs::rename(&beside, &self.path)
        })();
        if let Err(error) = done {
            _ = fs::remove_file(&beside);
            return Err(failed(error));
        }
        sync_dir(self.path.parent().unwrap_or(Path::new(".")))?;
        Ok(Some(()))
    }

    /// Removes the file. None where it is no longer the one of that name.
    pub fn remove(&self) -> Result<Option<()>> {
        let failed = |error| Error::write(&self.path, "remove", error);
        self.file.lock().map_err(failed)?;
        let _locked = Locked(&self.file);
        if !is_at(&self.file, &self.path) {
            return Ok(None);
        }
        fs::remove_file(&self.path).map_err(failed)?;
        sync_dir(self.path.parent().unwrap_or(Path::new(".")))?;
        Ok(Some(()))
    }
}

/// Copies a range without disturbing where the file is being read.
#[cfg(unix)]
fn copy(file: &File, mut at: u64, mut length: u64, out: &mut impl Write) -> io::Result<()> {
    use std::os::unix::fs::FileExt;
    let mut buffer = [0; 16 << 10];
    while length > 0 {
        let part = buffer.len().min(usize::try_from(length).unwrap_or(usize::MAX));
        file.read_exact_at(&mut buffer[..part], at)?;
        out.write_all(&buffer[..part])?;
        at += part as u64;
        length -= part as u64;
    }
    Ok(())
}

fn push_line(buffer: &mut Vec<u8>, observation: &Observation) {
    // Strings and numbers only: this can't fail on a vector.
    if serde_json::to_writer(&mut *buffer, observation).is_ok() {
        buffer.push(b'\n');
    }
}

/// Cuts off what follows the last newline, after it was put aside, and answers the length.
fn mend(mut file: &File, torn: &Path) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut end = length;
    let mut buffer = [0; 16 << 10];
    let whole = loop {
        let start = end.saturating_sub(buffer.len() as u64);
        let part = &mut buffer[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        match memchr::memrchr(b'\n', part) {
            Some(at) => break start + at as u64 + 1,
            None if start == 0 => break 0,
            None => end = start,
        }
    };
    if whole < length {
        let mut aside = open_private(OpenOptions::new().append(true).create(true), torn)?;
        file.seek(SeekFrom::Start(whole))?;
        io::copy(&mut file.take(length - whole), &mut aside)?;
        aside.write_all(b"\n")?;
        aside.sync_all()?;
        file.set_len(whole)?;
        tracing::warn!(file = %torn.display(), bytes = length - whole, "a line that a crash had cut off was put aside");
    }
    Ok(whole)
}

fn read_ids(mut file: &File, from: u64, ids: &mut HashSet<u64>) -> io::Result<()> {
    file.seek(SeekFrom::Start(from))?;
    each_line(&mut Blocks::new(file, MAX_LINE), |(_, line)| {
        ids.extend(line.ok().and_then(id_of).and_then(|id| bits(&id)));
        true
    })
}

/// Is this open file still what the path names?
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(open), Ok(named)) = (file.metadata(), fs::metadata(path)) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

/// A file that only the user can read.
pub(super) fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// Makes what was created, renamed or removed in a folder last.
pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| Error::write(dir, "sync", error))
}

#[cfg(test)]
mod tests {
    use super::super::new::tests::new;
    use super::*;

    fn observation(text: &str) -> Observation {
        new(5, text).observe(&Default::default())
    }

    #[test]
    fn a_full_disk_leaves_whole_lines_and_what_failed_can_be_stored_later() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = DayFile::open(dir.path(), day::day_of(5)).unwrap();
        let (one, two, three) = (observation("one"), observation("two"), observation("three"));
        file.append(&[&one]).unwrap().unwrap();
        let before = fs::read(&file.path).unwrap();
        let error = file
            .append_with(&[&two, &three], &mut |mut file, bytes| {
                file.write_all(&bytes[..bytes.len() - 5])?;
                Err(io::ErrorKind::StorageFull.into())
            })
            .unwrap_err();
        assert!(matches!(error, Error::DiskFull { .. }), "{error}");
        assert_eq!(fs::read(&file.path).unwrap(), before);
        assert_eq!(file.append(&[&one, &two, &two, &three]).unwrap().unwrap(), [false, true, false, true]);
        assert_eq!(fs::read_to_string(&file.path).unwrap().lines().count(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = DayFile::open(dir.path(), day::day_of(5)).unwrap();
        assert_eq!(file.file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
