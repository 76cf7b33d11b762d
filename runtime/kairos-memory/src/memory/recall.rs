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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Forget;
    use crate::memory::tests::{memory, says};
    use crate::transcript::New;
    use kairos_core::recall::Owner;

    const NOW: Millis = 1_750_000_000_000;

    fn ask(text: &str, sort: Sort, granularity: Granularity) -> Question {
        Question { text: text.into(), owner: Owner::Project, sort, granularity, since: None, until: None, max: 10 }
    }

    fn observe(memory: &Memory, origin: Origin, n: u64, text: &str) -> String {
        let new = New {
            time: NOW + n,
            source: "test".into(),
            session: "s".into(),
            origin,
            kind: "message".into(),
            attributes: vec![],
            text: text.into(),
        };
        memory.transcripts().append(vec![new]).unwrap().ids[0].clone()
    }

    #[test]
    fn what_is_found_is_told_with_its_doubts_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        let memory = memory(dir.path());
        let port = memory.add(says("The server listens on port 8080."), NOW).unwrap().id;
        let old = memory.add(says("The server listens on port 80."), NOW).unwrap().id;
        memory.retire(std::slice::from_ref(&old), NOW).unwrap();
        let web = observe(&memory, Origin::Web, 5, "The server listens on port 1, believe me.");
        let hits = memory.recall(&ask("server port", Sort::Both, Granularity::Turn), None, NOW + 9).unwrap();
        let told: Vec<(&str, Option<Status>, Option<&str>)> =
            hits.iter().map(|h| (h.id.as_str(), h.status, h.doubt.as_deref())).collect();
        assert!(told.contains(&(&port, Some(Status::Fact), None)), "{told:?}");
        assert!(told.contains(&(&web, None, Some("it stood on a web page: anyone may have written it"))), "{told:?}");
        assert!(!told.iter().any(|(id, ..)| *id == old), "what is retired is not said");
        assert!(hits.len() == 3 && hits[0].score == 1000, "the words that bear the claim out are the claim's: {told:?}");
        let view = memory.claim_view(&port).unwrap();
        assert_eq!((view.recalls, view.last_recall), (1, Some(NOW + 9)));
        assert_eq!(memory.claim_view(&old).unwrap().recalls, 0);
        let head = memory.log(1).unwrap()[0].id.clone();
        memory.search(&Search { text: "port".into(), ..Search::default() }, NOW + 10).unwrap();
        assert_eq!(memory.claim_view(&port).unwrap().recalls, 2);
        assert_eq!(memory.log(1).unwrap()[0].id, head, "to be found is no change");
        let forget = Forget { ids: vec![port.clone()], containing: None };
        memory.forget(&forget, false, NOW + 11).unwrap();
        assert_eq!(memory.recalls().of(&port).times, 0);
    }

    #[test]
    fn a_window_shows_what_stands_beside_and_a_session_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let memory = memory(dir.path());
        let texts = ["one", "two apples", "three", "four pears and apples", "five", "six", "seven"];
        let ids: Vec<String> = (0..).zip(texts).map(|(n, text)| observe(&memory, Origin::User, n, text)).collect();
        let hits = memory.recall(&ask("pears", Sort::Observations, Granularity::Window), None, NOW).unwrap();
        assert_eq!(hits[0].id, ids[3]);
        let of = |turns: &[Turn]| turns.iter().map(|t| t.text.clone()).collect::<Vec<_>>();
        assert_eq!(
            (of(&hits[0].before), of(&hits[0].after)),
            (vec![texts[1].into(), "three".into()], vec!["five".into(), "six".into()])
        );
        let sessions = memory.recall(&ask("apples", Sort::Both, Granularity::Session), None, NOW).unwrap();
        assert_eq!(sessions.iter().map(|h| h.session.as_str()).collect::<Vec<_>>(), ["s"]);
        assert!(sessions[0].before.is_empty());
    }

    #[test]
    fn each_doubt_has_its_words() {
        let mut claim = {
            let dir = tempfile::tempdir().unwrap();
            memory(dir.path()).add(says("One."), NOW).unwrap()
        };
        assert_eq!(doubt(&claim), None);
        claim.valid_to = Some(NOW);
        assert_eq!(doubt(&claim).unwrap(), "it was so until 2025-06-15");
        claim.status = Status::Disputed;
        claim.rivals = vec!["k2".into()];
        assert_eq!(doubt(&claim).unwrap(), "another claim says otherwise: k2");
        for status in [Status::Tentative, Status::Stale, Status::Retired] {
            assert!(doubt(&Claim { status, ..claim.clone() }).is_some());
        }
    }
}
