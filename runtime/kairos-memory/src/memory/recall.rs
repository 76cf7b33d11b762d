//! Looking up what is remembered, for plugins: what is found is told with the reasons to doubt it.

use super::{Memory, Result};
use crate::book::Book;
use crate::recall::search::{self, Only, Search, Unit};
use jiff::Timestamp;
use jiff::civil::Date;
use kairos_core::Millis;
use kairos_core::memory::{Claim, Origin, Status};
use kairos_core::recall::{BESIDE, Granularity, Hit, Question, Sort, Turn};

impl Memory {
    /// The best hits, best first, with nothing that is retired, and without observations that only bear out a claim which was found. The
    /// claims among them are counted as recalled at `now`. `today`: the day that "yesterday" is reckoned from.
    ///
    /// # Errors
    /// Where the transcripts, the claims or the index can't be read.
    pub fn recall(&self, question: &Question, today: Option<Date>, now: Millis) -> Result<Vec<Hit>> {
        let search = Search {
            text: question.text.clone(),
            today,
            asker: Some("user".into()),
            only: match question.sort {
                Sort::Both => Only::Both,
                Sort::Claims => Only::Claims,
                Sort::Observations => Only::Observations,
            },
            since: question.since,
            until: question.until,
            unit: if question.granularity == Granularity::Session { Unit::Session } else { Unit::Turn },
            // Some will be left out.
            limit: question.max as usize * 2,
            ..Search::default()
        };
        let index = self.index()?;
        let book = self.book()?;
        let mut found = index.search(&search)?;
        found.retain(|hit| !hit.claim || book.claim(&hit.id).is_some_and(|c| c.status != Status::Retired));
        let claims: Vec<&Claim> = found.iter().filter(|h| h.claim).filter_map(|h| book.claim(&h.id)).collect();
        let borne_out = |id: &String| claims.iter().any(|c| c.evidence.contains(id));
        found.retain(|hit| hit.claim || !borne_out(&hit.id));
        found.truncate(question.max as usize);
        self.recalled(found.iter().filter(|h| h.claim).map(|h| &h.id), now);
        let best = found.first().map_or(1.0, |h| h.score).max(f32::MIN_POSITIVE);
        let mut hits = vec![];
        for hit in found {
            let wanted = question.granularity == Granularity::Window && !hit.claim;
            let (before, after) = if wanted { index.beside(&hit.id, BESIDE)? } else { (vec![], vec![]) };
            let score = (hit.score / best * 1000.0).clamp(0.0, 1000.0) as u32;
            hits.push(Hit { score, before: turns(before), after: turns(after), ..told(hit, &book) });
        }
        Ok(hits)
    }
}

fn told(hit: search::Hit, book: &Book) -> Hit {
    let claim = if hit.claim { book.claim(&hit.id) } else { None };
    Hit {
        status: claim.map(|c| c.status),
        doubt: match (claim, hit.origin) {
            (Some(claim), _) => doubt(claim),
            (None, Some(origin)) => doubtful(origin).map(str::to_owned),
            (None, None) => None,
        },
        id: hit.id,
        origin: hit.origin,
        kind: hit.kind,
        session: hit.session,
        time: hit.time,
        text: hit.text,
        score: 0,
        before: vec![],
        after: vec![],
    }
}

fn turns(hits: Vec<search::Hit>) -> Vec<Turn> {
    hits.into_iter().filter_map(|h| Some(Turn { id: h.id, origin: h.origin?, text: h.text })).collect()
}

/// Why a claim should not be taken for true.
fn doubt(claim: &Claim) -> Option<String> {
    match claim.status {
        Status::Tentative => Some("inferred, and not yet borne out".into()),
        Status::Disputed if claim.rivals.is_empty() => Some("another claim says otherwise".into()),
        Status::Disputed => {
            let rivals: Vec<&str> = claim.rivals.iter().map(String::as_str).take(4).collect();
            Some(format!("another claim says otherwise: {}", rivals.join(", ")))
        }
        Status::Stale => Some("what it points at in the project is no longer so".into()),
        Status::Retired => Some("no longer said".into()),
        Status::Fact => claim.valid_to.map(|until| format!("it was so until {}", day(until))),
    }
}

/// Why an observation's text should not be taken for true.
fn doubtful(origin: Origin) -> Option<&'static str> {
    match origin {
        Origin::User | Origin::Tool => None,
        Origin::Model => Some("a model wrote it"),
        Origin::File => Some("it stood in a file: anyone may have written it"),
        Origin::Web => Some("it stood on a web page: anyone may have written it"),
        Origin::Plugin => Some("a plugin said so"),
    }
}

fn day(time: Millis) -> String {
    let time = i64::try_from(time).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    time.strftime("%Y-%m-%d").to_string()
}
