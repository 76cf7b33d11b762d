//! Changes to the index: gathered, then committed at once with the place up to which the transcripts are in.

use super::layout::{Card, Fields, key};
use super::{SearchError, SearchIndex};
use crate::recall::digest::Digest;
use crate::recall::text::Analyzer;
use kairos_core::memory::{Claim, Observation, Status};
use std::collections::{HashMap, HashSet};
use std::sync::{MutexGuard, PoisonError};
use tantivy::indexer::NoMergePolicy;
use tantivy::schema::{IndexRecordOption, Term};
use tantivy::{DocSet, IndexWriter, Searcher, TERMINATED};

/// What a writer may gather in memory before it writes a segment, in bytes.
const ARENA: usize = 48 << 20;

/// Changes under way.
pub(super) struct Batch {
    writer: IndexWriter,
    analyzer: Analyzer,
    /// What was committed when the batch began.
    committed: Searcher,
    /// For each session touched: the next ordinal, and the terms so far.
    sessions: HashMap<String, (u32, u64)>,
    /// Keys of observations added since.
    added: HashSet<String>,
    /// Something was deleted that must not stay on disk.
    purge: bool,
}

impl SearchIndex {
    /// Puts observations in, in the order they were made. What is in already is left as it is.
    ///
    /// # Errors
    /// Where another process is writing, or the index can't be written.
    pub fn add(&self, observations: &[Observation]) -> Result<(), SearchError> {
        self.change(|batch, f| {
            observations.iter().try_for_each(|observation| {
                let key = key(false, &observation.id);
                let known = batch.added.contains(&key) || batch.committed.doc_freq(&Term::from_field_text(f.key, &key))? > 0;
                if known {
                    return Ok(());
                }
                let speaker = observation.attribute("speaker").unwrap_or(observation.origin.as_str());
                let (ordinal, before) = batch.end_of(&observation.session, f)?;
                let digest = Digest::of(&batch.analyzer, &observation.text, self.day(observation.time));
                let home = (ordinal + 1, before + u64::from(digest.len));
                let card = Card {
                    id: observation.id.clone(),
                    session: observation.session.clone(),
                    ordinal,
                    before,
                    time: observation.time,
                    speaker: speaker.to_owned(),
                    origin: Some(observation.origin),
                    kind: observation.kind.clone(),
                    source: observation.source.clone(),
                    digest,
                };
                batch.put(&card, &observation.text, f)?;
                batch.sessions.insert(observation.session.clone(), home);
                batch.added.insert(key);
                Ok(())
            })
        })
    }

    /// Puts claims in, or in the place of what they were; retired ones are taken out.
    ///
    /// # Errors
    /// Where another process is writing, or the index can't be written.
    pub fn put_claims(&self, claims: &[Claim]) -> Result<(), SearchError> {
        self.change(|batch, f| {
            claims.iter().try_for_each(|claim| {
                batch.writer.delete_term(Term::from_field_text(f.key, &key(true, &claim.id)));
                if claim.status == Status::Retired {
                    return Ok(());
                }
                let card = Card {
                    id: claim.id.clone(),
                    session: claim.topic.clone(),
                    ordinal: 0,
                    before: 0,
                    time: claim.recorded,
                    speaker: claim.author.clone(),
                    origin: None,
                    kind: claim.kind.as_str().to_owned(),
                    source: claim.author.clone(),
                    digest: Digest::of(&batch.analyzer, &claim.text, self.day(claim.recorded)),
                };
                batch.put(&card, &claim.text, f)
            })
        })
    }

    /// Takes observations and claims out. At the commit that follows, their words leave the disk too, at the cost of writing
    /// anew every segment that held one.
    ///
    /// # Errors
    /// Where another process is writing, or the index can't be written.
    pub fn delete(&self, ids: &[String]) -> Result<(), SearchError> {
        self.change(|batch, f| {
            for id in ids {
                batch.writer.delete_term(Term::from_field_text(f.key, &key(false, id)));
                batch.writer.delete_term(Term::from_field_text(f.key, &key(true, id)));
            }
            batch.purge |= !ids.is_empty();
            Ok(())
        })
    }

    /// Makes the changes findable, all of them or none, and remembers `position`: how far the caller has read what he puts in.
    /// Waits for segments to be merged, which may take seconds after a large import.
    ///
    /// # Errors
    /// Where another process is writing, or the index can't be written; the changes since the last commit are then lost, and
    /// [`SearchIndex::position`] is the old one.
    pub fn commit(&self, position: &str) -> Result<(), SearchError> {
        let mut slot = self.batch();
        let batch = slot.take();
        let purge = batch.as_ref().is_some_and(|batch| batch.purge);
        let mut writer = match batch {
            Some(batch) => batch.writer,
            None => self.writer()?,
        };
        let result = (|| {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(position);
            prepared.commit()?;
            writer.wait_merging_threads()
        })();
        result.map_err(|e| self.failed(e))?;
        if purge { self.purge() } else { Ok(()) }
    }

    /// Gives up the changes since the last commit.
    pub fn rollback(&self) {
        self.batch().take();
    }

    /// Writes every segment anew that has deleted documents in it.
    fn purge(&self) -> Result<(), SearchError> {
        let mut writer = self.writer()?;
        let result = (|| {
            writer.set_merge_policy(Box::new(NoMergePolicy));
            for segment in self.index.searchable_segment_metas()?.iter().filter(|meta| meta.has_deletes()) {
                writer.merge(&[segment.id()]).wait()?;
            }
            writer.garbage_collect_files().wait()?;
            writer.wait_merging_threads()
        })();
        result.map_err(|e| self.failed(e))
    }

    fn writer(&self) -> Result<IndexWriter, SearchError> {
        self.index.writer_with_num_threads(1, ARENA).map_err(|e| self.failed(e))
    }

    fn batch(&self) -> MutexGuard<'_, Option<Batch>> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a change in the batch under way. After an error nothing of the batch is kept: half of it would be a lie.
    fn change(&self, change: impl FnOnce(&mut Batch, &Fields) -> tantivy::Result<()>) -> Result<(), SearchError> {
        let mut slot = self.batch();
        let mut batch = match slot.take() {
            Some(batch) => batch,
            None => Batch {
                writer: self.writer()?,
                analyzer: Analyzer::default(),
                committed: self.searcher()?,
                sessions: HashMap::new(),
                added: HashSet::new(),
                purge: false,
            },
        };
        change(&mut batch, &self.fields).map_err(|e| self.failed(e))?;
        *slot = Some(batch);
        Ok(())
    }
}

impl Batch {
    fn put(&mut self, card: &Card, text: &str, fields: &Fields) -> tantivy::Result<()> {
        let document = card.document(text, fields).map_err(|e| tantivy::TantivyError::InternalError(e.to_string()))?;
        self.writer.add_document(document).map(|_| ())
    }

    /// The next ordinal of a session, and how many terms it has so far.
    fn end_of(&self, session: &str, f: &Fields) -> tantivy::Result<(u32, u64)> {
        if let Some(known) = self.sessions.get(session) {
            return Ok(*known);
        }
        let (mut next, mut terms) = (0, 0);
        let term = Term::from_field_text(f.session, session);
        for segment in self.committed.segment_readers() {
            let Some(mut docs) = segment.inverted_index(f.session)?.read_postings(&term, IndexRecordOption::Basic)? else {
                continue;
            };
            let (ordinal, after) = (segment.fast_fields().u64("ordinal")?, segment.fast_fields().u64("after")?);
            while docs.doc() != TERMINATED {
                // What is deleted keeps its place: ordinals are not given twice.
                next = next.max(ordinal.first(docs.doc()).map_or(0, |n| n + 1));
                terms = terms.max(after.first(docs.doc()).unwrap_or(0));
                docs.advance();
            }
        }
        Ok((u32::try_from(next).unwrap_or(u32::MAX), terms))
    }
}
