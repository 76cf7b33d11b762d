//! A search: candidates from the inverted index, then their ranking.

use super::layout::{CLAIM, Card, FIRST, OBSERVATION, STANDING, key, origin_mark, place};
use super::{DEPTH, Hit, Only, Search, SearchError, SearchIndex, Unit};
use crate::recall::index::{Corpus, Index, SessionId, Turn};
use crate::recall::query::{Asked, Query};
use crate::recall::rank::top;
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound;
use tantivy::collector::TopDocs;
use tantivy::query::{AllQuery, BooleanQuery, ConstScoreQuery, Occur, RangeQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocAddress, DocSet, Searcher, TERMINATED, TantivyDocument};

/// Hits where a search names no limit.
const LIMIT: usize = 10;
/// Most speakers whose names are known in a question.
const SPEAKERS: usize = 1000;
/// Days before and after a day asked for that are looked through: what is told a week late still counts half.
const DAYS_BEFORE: i64 = 3;
const DAYS_AFTER: i64 = 14;

type Clause = (Occur, Box<dyn tantivy::query::Query>);

/// A candidate with its text.
type Candidate = (Card, String);

impl SearchIndex {
    /// The best hits, best first; none where nothing matches. Of equally good ones the later comes first.
    ///
    /// # Errors
    /// Where the index can't be read.
    pub fn search(&self, search: &Search) -> Result<Vec<Hit>, SearchError> {
        let searcher = self.searcher()?;
        let mut pool = self.table.clone().map_or_else(Index::new, Index::with_table);
        self.speakers(&searcher, &mut pool)?;
        let query = Query { text: &search.text, today: search.today, asker: search.asker.as_deref() };
        let asked = pool.understand(query);
        let corpus = self.corpus(&searcher, &asked)?;
        let found = self.candidates(&searcher, search, &asked, &pool)?;
        let cards = self.with_neighbours(&searcher, &found)?;
        for (card, text) in &cards {
            let turn = Turn { session: &card.home(), speaker: &card.speaker, day: self.day(card.time), text };
            pool.add_digest(turn, card.digest.clone(), card.place());
        }
        let evidence = pool.evidence_in(&asked, &search.text, Some(corpus), &self.ranking.shape);
        let turns = self.ranking.weights.turn_scores(&evidence);
        // A neighbour may lie outside what was asked for.
        let wanted = |at: u32| allowed(&cards[at as usize].0, search);
        let limit = if search.limit == 0 { LIMIT } else { search.limit };
        let hit = |at: u32, score: f32| hit(&cards[at as usize], score);
        let mut hits: Vec<Hit> = match search.unit {
            Unit::Turn => top(&turns, usize::MAX).into_iter().filter(|(at, _)| wanted(*at)).map(|(at, s)| hit(at, s)).collect(),
            Unit::Session => {
                let mut best: BTreeMap<SessionId, u32> = BTreeMap::new();
                for (at, _) in top(&turns, usize::MAX).into_iter().filter(|(at, _)| wanted(*at)) {
                    best.entry(pool.turns[at as usize].session).or_insert(at);
                }
                let sessions = self.ranking.weights.session_scores(&pool, &evidence, &turns);
                best.into_iter().map(|(session, at)| hit(at, sessions[session as usize])).collect()
            }
        };
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.time.cmp(&a.time)).then(a.id.cmp(&b.id)));
        hits.truncate(limit);
        Ok(hits)
    }

    /// What stands before and after an observation in its session, at most `reach` turns each, oldest first.
    ///
    /// # Errors
    /// Where the index can't be read.
    pub fn beside(&self, id: &str, reach: u32) -> Result<(Vec<Hit>, Vec<Hit>), SearchError> {
        let searcher = self.searcher()?;
        let Some(address) = self.find(&searcher, self.fields.key, &key(false, id))? else { return Ok((vec![], vec![])) };
        let (card, _) = self.read(&searcher, address)?;
        let read = |ordinals: std::ops::RangeInclusive<u32>| -> Result<Vec<Hit>, SearchError> {
            let mut turns = vec![];
            for ordinal in ordinals.filter(|ordinal| *ordinal != card.ordinal) {
                if let Some(address) = self.at(&searcher, &card.session, ordinal)? {
                    turns.push(hit(&self.read(&searcher, address)?, 0.0));
                }
            }
            Ok(turns)
        };
        Ok((read(card.ordinal.saturating_sub(reach)..=card.ordinal)?, read(card.ordinal..=card.ordinal.saturating_add(reach))?))
    }

    /// Makes the corpus' speakers known, so that a name in the question is understood as one.
    fn speakers(&self, searcher: &Searcher, pool: &mut Index) -> Result<(), SearchError> {
        let mut names = BTreeSet::new();
        for segment in searcher.segment_readers() {
            let inverted = segment.inverted_index(self.fields.speaker).map_err(|e| self.failed(e))?;
            let mut terms = inverted.terms().stream().map_err(|e| self.failed(e.into()))?;
            while names.len() < SPEAKERS && terms.advance() {
                names.insert(String::from_utf8_lossy(terms.key()).into_owned());
            }
        }
        names.iter().for_each(|name| {
            pool.speaker(name);
        });
        Ok(())
    }

    fn corpus(&self, searcher: &Searcher, asked: &Asked) -> Result<Corpus, SearchError> {
        let f = &self.fields;
        let held = |field: Field, text: &str| searcher.doc_freq(&Term::from_field_text(field, text)).map_err(|e| self.failed(e));
        let mut tokens = 0;
        for segment in searcher.segment_readers() {
            tokens += segment.inverted_index(f.terms).map_err(|e| self.failed(e))?.total_num_tokens();
        }
        let turns = searcher.num_docs().max(1) as f32;
        let sessions = held(f.marks, FIRST)?.max(1) as f32;
        let held = asked.terms.iter().map(|term| Ok(held(f.terms, term)? as f32)).collect::<Result<_, SearchError>>()?;
        Ok(Corpus { turns, turn_len: tokens as f32 / turns, session_len: tokens as f32 / sessions, held })
    }

    /// What matches best by its words; by its words among the days asked for; and, where advice is asked for, among the wishes
    /// that were to last, which may share no word with it. `pool` knows the speakers.
    fn candidates(
        &self,
        searcher: &Searcher,
        search: &Search,
        asked: &Asked,
        pool: &Index,
    ) -> Result<BTreeSet<DocAddress>, SearchError> {
        let f = &self.fields;
        let mut words: BTreeSet<String> = asked.terms.iter().cloned().collect();
        words.extend(asked.pairs.iter().map(|(first, second)| format!("{first}{second}")));
        let word = |word: &String| -> Clause { (Occur::Should, term(f.terms, word, IndexRecordOption::WithFreqs)) };
        let by_words = || -> Box<dyn tantivy::query::Query> { Box::new(BooleanQuery::new(words.iter().map(word).collect())) };
        let filters = self.filters(search);
        let best = |must: Vec<Clause>, count: usize| -> Result<Vec<DocAddress>, SearchError> {
            let narrowed = filters.iter().map(|filter| (Occur::Must, filter.box_clone()));
            let query = BooleanQuery::new(must.into_iter().chain(narrowed).collect());
            let best =
                searcher.search(&query, &TopDocs::with_limit(count.max(1)).order_by_score()).map_err(|e| self.failed(e))?;
            Ok(best.into_iter().map(|(_, address)| address).collect())
        };
        let mut found = BTreeSet::new();
        if !words.is_empty() {
            found.extend(best(vec![(Occur::Must, by_words())], DEPTH)?);
        }
        for days in &asked.dates {
            let range =
                self.between(days.first.checked_sub(DAYS_BEFORE.days()).ok(), days.last.checked_add(DAYS_AFTER.days()).ok());
            found.extend(best(vec![(Occur::Must, silent(range)), (Occur::Should, by_words())], DEPTH / 4)?);
        }
        if asked.advice {
            let standing = silent(term(f.marks, STANDING, IndexRecordOption::Basic));
            found.extend(best(vec![(Occur::Must, standing), (Occur::Should, by_words())], DEPTH / 4)?);
        }
        // "What do you know about Ann?" has no word but the name.
        if found.len() < DEPTH && !asked.speakers.is_empty() {
            let name = |id: &u32| (Occur::Should, term(f.speaker, &pool.speakers[*id as usize], IndexRecordOption::Basic));
            let any = silent(Box::new(BooleanQuery::new(asked.speakers.iter().map(name).collect())));
            found.extend(best(vec![(Occur::Must, any), (Occur::Should, by_words())], DEPTH)?);
        }
        Ok(found)
    }

    fn filters(&self, search: &Search) -> Vec<Box<dyn tantivy::query::Query>> {
        let f = &self.fields;
        let mark = |mark: &str| term(f.marks, mark, IndexRecordOption::Basic);
        let mut out = vec![];
        match search.only {
            Only::Both => {}
            Only::Claims => out.push(mark(CLAIM)),
            Only::Observations => out.push(mark(OBSERVATION)),
        }
        if let Some(session) = &search.session {
            out.push(term(f.session, session, IndexRecordOption::Basic));
        }
        if !search.origins.is_empty() {
            let any = search.origins.iter().map(|origin| (Occur::Should, mark(&origin_mark(*origin)))).collect();
            out.push(Box::new(BooleanQuery::new(any)));
        }
        if search.since.is_some() || search.until.is_some() {
            let bound = |time| Term::from_field_u64(f.time, time);
            let since = search.since.map_or(Bound::Unbounded, |time| Bound::Included(bound(time)));
            let until = search.until.map_or(Bound::Unbounded, |time| Bound::Excluded(bound(time)));
            out.push(Box::new(RangeQuery::new(since, until)));
        }
        out.into_iter().map(silent).collect()
    }

    fn between(&self, first: Option<Date>, last: Option<Date>) -> Box<dyn tantivy::query::Query> {
        let millis = |day: Option<Date>| {
            let start = day?.to_zoned(self.zone.clone()).ok()?;
            u64::try_from(start.timestamp().as_millisecond()).ok()
        };
        let term = |time| Term::from_field_u64(self.fields.time, time);
        let first = millis(first).map_or(Bound::Unbounded, |time| Bound::Included(term(time)));
        let last = millis(last.and_then(|day| day.tomorrow().ok())).map_or(Bound::Unbounded, |time| Bound::Excluded(term(time)));
        if matches!((&first, &last), (Bound::Unbounded, Bound::Unbounded)) {
            return Box::new(AllQuery);
        }
        Box::new(RangeQuery::new(first, last))
    }

    /// The candidates and those beside them in their sessions, by session and place.
    fn with_neighbours(&self, searcher: &Searcher, found: &BTreeSet<DocAddress>) -> Result<Vec<Candidate>, SearchError> {
        let mut cards = found.iter().map(|address| self.read(searcher, *address)).collect::<Result<Vec<_>, _>>()?;
        let held: HashSet<(String, u32)> = cards.iter().map(|(card, _)| (card.session.clone(), card.ordinal)).collect();
        let mut near: BTreeSet<DocAddress> = BTreeSet::new();
        for (card, _) in cards.iter().filter(|(card, _)| card.origin.is_some()) {
            for ordinal in [card.ordinal.checked_sub(1), card.ordinal.checked_add(1)].into_iter().flatten() {
                if !held.contains(&(card.session.clone(), ordinal)) {
                    near.extend(self.at(searcher, &card.session, ordinal)?);
                }
            }
        }
        for address in near.difference(found) {
            cards.push(self.read(searcher, *address)?);
        }
        cards.sort_by(|(a, _), (b, _)| {
            (a.origin.is_none(), &a.session, a.ordinal, &a.id).cmp(&(b.origin.is_none(), &b.session, b.ordinal, &b.id))
        });
        Ok(cards)
    }

    fn at(&self, searcher: &Searcher, session: &str, ordinal: u32) -> Result<Option<DocAddress>, SearchError> {
        self.find(searcher, self.fields.place, &place(session, ordinal))
    }

    /// The document that has this and nothing else in a field.
    fn find(&self, searcher: &Searcher, field: Field, text: &str) -> Result<Option<DocAddress>, SearchError> {
        let term = Term::from_field_text(field, text);
        for (number, segment) in (0..).zip(searcher.segment_readers()) {
            let inverted = segment.inverted_index(field).map_err(|e| self.failed(e))?;
            let postings = inverted.read_postings(&term, IndexRecordOption::Basic).map_err(|e| self.failed(e.into()))?;
            let Some(mut docs) = postings else { continue };
            while docs.doc() != TERMINATED {
                if !segment.is_deleted(docs.doc()) {
                    return Ok(Some(DocAddress::new(number, docs.doc())));
                }
                docs.advance();
            }
        }
        Ok(None)
    }

    fn read(&self, searcher: &Searcher, address: DocAddress) -> Result<Candidate, SearchError> {
        let document: TantivyDocument = searcher.doc(address).map_err(|e| self.failed(e))?;
        Card::read(&document, &self.fields).map_err(|e| SearchError::Index(self.folder.clone(), e.to_string()))
    }
}

fn term(field: Field, text: &str, record: IndexRecordOption) -> Box<dyn tantivy::query::Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), record))
}

/// A condition that adds nothing to the score.
fn silent(query: Box<dyn tantivy::query::Query>) -> Box<dyn tantivy::query::Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

/// What the filters of the first stage say, of one card.
fn allowed(card: &Card, search: &Search) -> bool {
    let of_kind = match search.only {
        Only::Both => true,
        Only::Claims => card.origin.is_none(),
        Only::Observations => card.origin.is_some(),
    };
    of_kind
        && search.session.as_ref().is_none_or(|session| *session == card.session)
        && (search.origins.is_empty() || card.origin.is_some_and(|origin| search.origins.contains(&origin)))
        && search.since.is_none_or(|since| card.time >= since)
        && search.until.is_none_or(|until| card.time < until)
}

fn hit((card, text): &Candidate, score: f32) -> Hit {
    Hit {
        id: card.id.clone(),
        claim: card.origin.is_none(),
        session: card.session.clone(),
        time: card.time,
        speaker: card.speaker.clone(),
        source: card.source.clone(),
        origin: card.origin,
        kind: card.kind.clone(),
        score,
        text: text.clone(),
    }
}
