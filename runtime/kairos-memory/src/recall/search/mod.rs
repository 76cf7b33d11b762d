//! Search over everything remembered: a full-text index in a folder, and ranking of what it finds.
//!
//! A search has two stages. BM25 over the folder's inverted index (tantivy, memory-mapped) names a few hundred candidates;
//! these and their neighbours in the session are ranked by [`Ranking`](crate::recall::Ranking), with the frequencies and
//! lengths of the whole corpus. The folder holds nothing that the transcripts and topic files don't: one that is damaged or of
//! another version is thrown away, and the caller, who sees that [`SearchIndex::position`] is none, puts everything in again.
//!
//! Any number of processes may search while one writes. Between searches an open index costs little memory; a writer
//! (some 50 MiB) lives from the first change to [`SearchIndex::commit`].

mod candidates;
mod layout;
mod write;

use crate::recall::{Ranking, Table};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kairos_core::memory::Origin;
use kairos_core::signal::Millis;
use layout::{Fields, LAYOUT};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tantivy::directory::MmapDirectory;
use tantivy::{IndexReader, IndexSettings, ReloadPolicy, Searcher, TantivyError};
use thiserror::Error;
use write::Batch;

/// Why the index can't be used.
#[derive(Debug, Error)]
pub enum SearchError {
    /// Another process, or another handle of this one, has changes under way.
    #[error("{0}: another process is writing the search index; try again when it has finished")]
    Busy(PathBuf),
    /// The folder can't be made, read or emptied.
    #[error("{0}: {1}; check that the folder exists, is writable and that the disk is not full")]
    Folder(PathBuf, #[source] std::io::Error),
    /// The index itself failed, most likely because its files are damaged.
    #[error("{0}: the search index failed: {1}; delete the folder and it is made again from the transcripts")]
    Index(PathBuf, String),
}

/// What to look among.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Only {
    /// Claims and observations.
    #[default]
    Both,
    /// Claims.
    Claims,
    /// Observations.
    Observations,
}

/// What to answer with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unit {
    /// Single turns: observations or claims.
    #[default]
    Turn,
    /// Sessions, each shown by its best turn.
    Session,
}

/// A search.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A question or a few words.
    pub text: String,
    /// The day it is asked on, for "last week"; without one, words for days are words.
    pub today: Option<Date>,
    /// The speaker that "I" and "my" mean; `user` for what the user typed.
    pub asker: Option<String>,
    /// Claims, observations or both.
    pub only: Only,
    /// One session.
    pub session: Option<String>,
    /// From this time on.
    pub since: Option<Millis>,
    /// Up to and without this time.
    pub until: Option<Millis>,
    /// Origins of observations; all where empty. Claims have none and are left out where any is named.
    pub origins: Vec<Origin>,
    /// Most hits; 10 where 0.
    pub limit: usize,
    /// Turns or sessions.
    pub unit: Unit,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Of the observation or claim.
    pub id: String,
    /// It is a claim.
    pub claim: bool,
    /// Its session; the topic of a claim.
    pub session: String,
    /// When it happened; when a claim was recorded.
    pub time: Millis,
    /// Who said it.
    pub speaker: String,
    /// Who noticed it; the author of a claim.
    pub source: String,
    /// None for a claim.
    pub origin: Option<Origin>,
    /// The kind of the observation or claim.
    pub kind: String,
    /// Higher is better; comparable only within one search.
    pub score: f32,
    /// The whole text.
    pub text: String,
}

/// A full-text index in a folder.
pub struct SearchIndex {
    folder: PathBuf,
    index: tantivy::Index,
    reader: IndexReader,
    fields: Fields,
    zone: TimeZone,
    table: Option<Arc<Table>>,
    ranking: Ranking,
    discarded: Option<String>,
    batch: Mutex<Option<Batch>>,
}

/// How many candidates the first stage names. Chosen by `bench`: fewer lose evidence, more cost time and gain nothing.
const DEPTH: usize = 200;
/// Blocks of the document store that a search keeps at hand; 16 KiB each before compression.
const STORE_CACHE: usize = 32;

impl SearchIndex {
    /// Opens the index in `dir`, or makes an empty one. One that is damaged or of another version is deleted first, and
    /// [`SearchIndex::discarded`] says why.
    ///
    /// # Errors
    /// Where the folder can't be used, or the index not be made.
    pub fn open(dir: &Path) -> Result<Self, SearchError> {
        let folder = dir.join(LAYOUT);
        let mut discarded = remove_other_layouts(dir).map_err(|e| SearchError::Folder(dir.to_owned(), e))?;
        let (index, reader) = match open(&folder) {
            Ok(opened) => opened,
            Err(SearchError::Index(_, reason)) => {
                std::fs::remove_dir_all(&folder).map_err(|e| SearchError::Folder(folder.clone(), e))?;
                discarded = Some(format!("damaged: {reason}"));
                open(&folder)?
            }
            Err(other) => return Err(other),
        };
        let (_, fields) = layout::schema();
        let (zone, batch) = (TimeZone::system(), Mutex::new(None));
        let ranking = Ranking::default();
        Ok(Self { folder, index, reader, fields, zone, table: None, ranking, discarded, batch })
    }

    /// Compares meanings too, by a table of token embeddings.
    #[must_use]
    pub fn with_table(mut self, table: Arc<Table>) -> Self {
        self.table = Some(table);
        self.ranking = Ranking::with_meaning();
        self
    }

    /// Why the index that was there before was thrown away, where one was.
    pub fn discarded(&self) -> Option<&str> {
        self.discarded.as_deref()
    }

    /// What the last [`SearchIndex::commit`] was given; none for an index that is new.
    ///
    /// # Errors
    /// Where the index can't be read.
    pub fn position(&self) -> Result<Option<String>, SearchError> {
        Ok(self.index.load_metas().map_err(|e| self.failed(e))?.payload)
    }

    /// How many observations and claims can be found.
    ///
    /// # Errors
    /// Where the index can't be read.
    pub fn len(&self) -> Result<u64, SearchError> {
        Ok(self.searcher()?.num_docs())
    }

    /// Nothing can be found.
    ///
    /// # Errors
    /// Where the index can't be read.
    pub fn is_empty(&self) -> Result<bool, SearchError> {
        Ok(self.len()? == 0)
    }

    /// Reads every byte and compares checksums; a second for each GiB or so.
    ///
    /// # Errors
    /// Where a file is damaged or missing.
    pub fn check(&self) -> Result<(), SearchError> {
        let damaged = self.index.validate_checksum().map_err(|e| self.failed(e))?;
        match damaged.iter().min() {
            Some(file) => Err(SearchError::Index(self.folder.clone(), format!("{} is damaged", file.display()))),
            None => Ok(()),
        }
    }

    /// The state of the last commit, by whichever process.
    fn searcher(&self) -> Result<Searcher, SearchError> {
        let committed = self.index.searchable_segment_metas().map_err(|e| self.failed(e))?;
        let searcher = self.reader.searcher();
        let held = searcher.generation().segments();
        if held.len() == committed.len() && committed.iter().all(|m| held.get(&m.id()) == Some(&m.delete_opstamp())) {
            return Ok(searcher);
        }
        self.reader.reload().map_err(|e| self.failed(e))?;
        Ok(self.reader.searcher())
    }

    fn failed(&self, error: TantivyError) -> SearchError {
        failed(&self.folder, error)
    }

    fn day(&self, time: Millis) -> Option<Date> {
        let time = Timestamp::from_millisecond(i64::try_from(time).ok()?).ok()?;
        Some(time.to_zoned(self.zone.clone()).date())
    }
}

/// How the system says that no room is left.
const FULL: &str = "os error 28";

fn failed(folder: &Path, error: TantivyError) -> SearchError {
    match error {
        TantivyError::LockFailure(..) => SearchError::Busy(folder.to_owned()),
        TantivyError::IoError(error) => SearchError::Folder(folder.to_owned(), std::io::Error::new(error.kind(), error)),
        // It packs what the disk says into errors of its own: a full disk is no damage.
        other if other.to_string().contains(FULL) => {
            SearchError::Folder(folder.to_owned(), std::io::ErrorKind::StorageFull.into())
        }
        other => SearchError::Index(folder.to_owned(), other.to_string()),
    }
}

fn open(folder: &Path) -> Result<(tantivy::Index, IndexReader), SearchError> {
    std::fs::create_dir_all(folder).map_err(|e| SearchError::Folder(folder.to_owned(), e))?;
    let damaged = |e: TantivyError| match failed(folder, e) {
        SearchError::Folder(folder, e) if e.kind() != std::io::ErrorKind::StorageFull => {
            SearchError::Index(folder, e.to_string())
        }
        other => other,
    };
    let (schema, _) = layout::schema();
    let directory = MmapDirectory::open(folder).map_err(|e| damaged(e.into()))?;
    let exists = tantivy::Index::exists(&directory).map_err(|e| damaged(e.into()))?;
    let index = if exists {
        tantivy::Index::open(directory)
    } else {
        tantivy::Index::create(directory, schema.clone(), IndexSettings::default())
    };
    let index = index.map_err(damaged)?;
    if index.schema() != schema {
        return Err(SearchError::Index(folder.to_owned(), "its fields are others than this version writes".into()));
    }
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).doc_store_cache_num_blocks(STORE_CACHE);
    Ok((index, reader.try_into().map_err(damaged)?))
}

/// Indexes of other versions lie beside ours under other names.
fn remove_other_layouts(dir: &Path) -> std::io::Result<Option<String>> {
    let mut removed = None;
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let ours = name.strip_prefix("search-").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        if ours && name != LAYOUT {
            std::fs::remove_dir_all(entry.path())?;
            removed = Some(format!("{name} was written by another version"));
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;
