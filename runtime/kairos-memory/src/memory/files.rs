//! The files of a memory as they stand on the disk.

use super::{Error, Memory, Result, Session};
use crate::book::{Book, Files, INDEX, LEDGER, MAX_FILE};
use crate::vault::{Digest, FileChange};
use std::io::Read;
use std::path::Path;

impl Memory {
    /// The files that the book reads. One that is too large is read just far enough to see that.
    pub(super) fn files(&self) -> Result<Files> {
        let mut files = Files::new();
        let places = self.vault.places();
        read(&places.files, "", &mut files)?;
        if let Some(top) = &places.index {
            // The index lies elsewhere; one among the topics is somebody's own.
            files.remove(INDEX);
            let mut above = Files::new();
            read(top, "", &mut above)?;
            files.extend(above.remove_entry(INDEX));
        }
        read(&places.private, ".kairos/", &mut files)?;
        Ok(files)
    }

    /// The files that are not in the history as they stand there.
    pub(super) fn unrecorded(&self, session: &Session) -> Result<Vec<FileChange>> {
        let files = session.book.readable();
        let paths = self.vault.unrecorded(files.clone())?;
        let as_it_is = |(path, bytes): (&String, &Vec<u8>)| FileChange {
            path: path.clone(),
            was: Some(Digest::of(bytes)),
            now: Some(bytes.clone()),
        };
        Ok(files.filter(|(path, _)| paths.contains(path)).map(as_it_is).collect())
    }
}

fn read(folder: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::Read { path: folder.to_path_buf(), source }),
    };
    for entry in entries.flatten() {
        let Some(name) = entry.file_name().to_str().map(|name| format!("{prefix}{name}")) else { continue };
        // A link could lead anywhere.
        if !Book::wants(&name) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let limit = if name == LEDGER { u64::MAX } else { MAX_FILE as u64 + 1 };
        let mut bytes = vec![];
        let read = std::fs::File::open(entry.path()).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        read.map_err(|source| Error::Read { path: entry.path(), source })?;
        files.insert(name, bytes);
    }
    Ok(())
}
