//! What a person did to the files with an editor, told apart by comparing bullets with the ledger.

use super::{Book, BookError, Record, ledger};
use kairos_core::Millis;
use kairos_core::memory::{Claim, ClaimKind, Status};
use std::collections::BTreeSet;

/// One thing that was done by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandEdit {
    /// A bullet that is nobody's claim yet.
    Added {
        /// The file, without `.md`.
        topic: String,
        /// Its words.
        text: String,
    },
    /// A claim with other words.
    Reworded {
        /// The claim.
        id: String,
        /// The new words.
        text: String,
    },
    /// A claim that stands in another file.
    Moved {
        /// The claim.
        id: String,
        /// Where it stands.
        topic: String,
    },
    /// A claim that stands nowhere any more.
    Removed {
        /// The claim.
        id: String,
        /// What it said.
        text: String,
    },
}

impl Book {
    /// What was done by hand since the last writing. Nothing in files that must be left alone.
    pub fn hand_edits(&self) -> Vec<HandEdit> {
        let mut out = vec![];
        let mut seen = BTreeSet::new();
        for (topic, bullet) in self.topics.iter().flat_map(|(name, t)| t.bullets().iter().map(move |b| (name, b))) {
            let known = bullet.id.clone().filter(|id| self.records.contains_key(id));
            // What is too long for a claim is text; `problems` names it.
            let fits = super::check_text(&bullet.text).is_ok();
            match known.filter(|id| seen.insert(id.clone())).and_then(|id| self.records.get(&id)) {
                Some(record) => {
                    let id = record.claim.id.clone();
                    if record.claim.topic != *topic {
                        out.push(HandEdit::Moved { id: id.clone(), topic: topic.clone() });
                    }
                    let other = record.hash != ledger::hash(&bullet.text) || record.claim.status == Status::Retired;
                    if other && fits {
                        out.push(HandEdit::Reworded { id, text: bullet.text.clone() });
                    }
                }
                None if !fits => {}
                None => out.push(HandEdit::Added { topic: topic.clone(), text: bullet.text.clone() }),
            }
        }
        let gone =
            self.claims().filter(|c| c.status != Status::Retired && !seen.contains(&c.id) && !self.frozen.contains_key(&c.topic));
        out.extend(gone.map(|c| HandEdit::Removed { id: c.id.clone(), text: c.text.clone() }));
        out
    }

    /// Takes an edit in, as the word of `author`, borne out by the observation `evidence`. Where the author is the user, his word is a
    /// fact; another tool's is tentative, and its file is left as it is. Answers the claim's id.
    ///
    /// # Errors
    /// Where the text is too long for a claim: the bullet stays in its file, and is no claim.
    pub fn take_in(&mut self, edit: &HandEdit, author: &str, evidence: &str, now: Millis) -> Result<String, BookError> {
        let status = if author == USER { Status::Fact } else { Status::Tentative };
        match edit {
            HandEdit::Added { topic, text } => self.take_in_new(topic, text, author, status, evidence, now),
            HandEdit::Reworded { id, text } => {
                super::check_text(text)?;
                let Some(record) = self.records.get_mut(id) else { return Err(BookError::NoClaim(id.clone())) };
                let claim = &mut record.claim;
                (claim.text, claim.status, claim.author) = (text.clone(), status, author.to_owned());
                claim.valid_to = None;
                claim.evidence.push(evidence.to_owned());
                record.hash = ledger::hash(text);
                if let Some((topic, at)) = self.place(id).filter(|_| !self.foreign()) {
                    self.topics.entry(topic).and_modify(|t| t.set(at, id, text, status));
                }
                Ok(id.clone())
            }
            HandEdit::Moved { id, topic } => {
                let kind = self.topics.get(topic).and_then(super::Topic::kind);
                let Some(record) = self.records.get_mut(id) else { return Err(BookError::NoClaim(id.clone())) };
                record.claim.topic.clone_from(topic);
                record.claim.kind = kind.unwrap_or(record.claim.kind);
                Ok(id.clone())
            }
            HandEdit::Removed { id, text } => {
                let Some(record) = self.records.get_mut(id) else { return Err(BookError::NoClaim(id.clone())) };
                let claim = &mut record.claim;
                (claim.status, claim.author, claim.valid_to) = (Status::Retired, author.to_owned(), Some(now));
                claim.text.clone_from(text);
                claim.evidence.push(evidence.to_owned());
                Ok(id.clone())
            }
        }
    }

    fn take_in_new(
        &mut self,
        topic: &str,
        text: &str,
        author: &str,
        status: Status,
        evidence: &str,
        now: Millis,
    ) -> Result<String, BookError> {
        super::check_text(text)?;
        let known = |id: &Option<String>| id.as_ref().is_some_and(|id| self.records.contains_key(id));
        let bullets = self.topics.get(topic).map(super::Topic::bullets).unwrap_or_default();
        // A copied bullet carries the id of the first.
        let first = |id: &str| bullets.iter().position(|b| b.id.as_deref() == Some(id));
        let at = bullets.iter().enumerate().position(|(at, b)| {
            b.text == text
                && (!known(&b.id)
                    || b.id.as_ref().is_some_and(|id| first(id) != Some(at) || self.records[id].claim.topic != topic))
        });
        let at = at.ok_or_else(|| BookError::NoClaim(text.to_owned()))?;
        let own = bullets[at].id.clone().filter(|id| !self.records.contains_key(id));
        let id = own.unwrap_or_else(|| self.fresh_id(text, now));
        let kind = self.topics.get(topic).and_then(super::Topic::kind).unwrap_or_else(|| kind_by_name(topic));
        // A copy carries another claim's id, which has to go.
        let lazy = self.foreign() && !known(&bullets[at].id);
        self.topics.entry(topic.to_owned()).and_modify(|t| match bullets_mark(t, at) {
            false if lazy => t.adopt_one(at, &id),
            true if lazy => {}
            _ => t.set(at, &id, text, status),
        });
        let claim = Claim {
            id: id.clone(),
            topic: topic.to_owned(),
            kind,
            status,
            text: text.to_owned(),
            evidence: vec![evidence.to_owned()],
            anchors: vec![],
            recorded: now,
            valid_from: None,
            valid_to: None,
            author: author.to_owned(),
            rivals: vec![],
        };
        self.records.insert(id.clone(), Record::new(claim));
        Ok(id)
    }
}

/// The author of what a person wrote.
pub const USER: &str = "user";

/// What another tool wrote into a folder of its own.
pub const OTHER_TOOL: &str = "another-tool";

fn bullets_mark(topic: &super::Topic, at: usize) -> bool {
    topic.bullets()[at].marked
}

fn kind_by_name(topic: &str) -> ClaimKind {
    ClaimKind::ALL.into_iter().find(|kind| topic.eq_ignore_ascii_case(kind.as_str())).unwrap_or(ClaimKind::Project)
}
