//! How a document lies in the full-text index.

use crate::recall::digest::Digest;
use crate::recall::index::Place;
use kairos_core::memory::Origin;
use kairos_core::signal::Millis;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TantivyDocument, TextFieldIndexing, TextOptions, Value,
};

/// Also the name of the folder. Counts up with every change to the fields, to the analysis of text, or to the card.
pub const LAYOUT: &str = "search-1";

/// The fields.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// `o:` or `c:` and the id.
    pub key: Field,
    pub session: Field,
    /// The session, a control character and the ordinal: how neighbours are found.
    pub place: Field,
    pub speaker: Field,
    /// Words that searches are narrowed by.
    pub marks: Field,
    pub terms: Field,
    pub time: Field,
    pub ordinal: Field,
    /// The terms of the session up to the end of this turn.
    pub after: Field,
    pub text: Field,
    pub card: Field,
}

/// The schema, with its fields.
pub fn schema() -> (Schema, Fields) {
    let words = |record| {
        let indexing = TextFieldIndexing::default().set_tokenizer("whitespace").set_index_option(record);
        TextOptions::default().set_indexing_options(indexing)
    };
    let mut schema = Schema::builder();
    let fields = Fields {
        key: schema.add_text_field("key", STRING),
        session: schema.add_text_field("session", STRING),
        place: schema.add_text_field("place", STRING),
        speaker: schema.add_text_field("speaker", STRING),
        marks: schema.add_text_field("marks", words(IndexRecordOption::Basic)),
        terms: schema.add_text_field("terms", words(IndexRecordOption::WithFreqs).set_stored()),
        time: schema.add_u64_field("time", INDEXED | FAST),
        ordinal: schema.add_u64_field("ordinal", FAST),
        after: schema.add_u64_field("after", FAST),
        text: schema.add_text_field("text", STORED),
        card: schema.add_text_field("card", STORED),
    };
    (schema.build(), fields)
}

/// What is kept of a document beside its text and its terms.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Card {
    pub id: String,
    /// The topic of a claim.
    pub session: String,
    pub ordinal: u32,
    pub before: u64,
    pub time: Millis,
    pub speaker: String,
    /// None for a claim.
    pub origin: Option<Origin>,
    pub kind: String,
    pub source: String,
    #[serde(flatten)]
    pub digest: Digest,
}

/// Marks.
pub const OBSERVATION: &str = "observation";
pub const CLAIM: &str = "claim";
pub const STANDING: &str = "standing";
/// The first turn of its session: there are as many of them as sessions.
pub const FIRST: &str = "first";

/// The mark of an origin.
pub fn origin_mark(origin: Origin) -> String {
    format!("origin-{}", origin.as_str())
}

/// The key of an observation or, without an origin, of a claim.
pub fn key(is_claim: bool, id: &str) -> String {
    format!("{}:{id}", if is_claim { 'c' } else { 'o' })
}

/// The key of a place.
pub fn place(session: &str, ordinal: u32) -> String {
    format!("{session}\u{1f}{ordinal:08x}")
}

impl Card {
    /// The session to rank it in: a claim stands for itself.
    pub fn home(&self) -> Cow<'_, str> {
        match self.origin {
            Some(_) => Cow::Borrowed(&self.session),
            None => Cow::Owned(format!("\u{1f}{}", self.id)),
        }
    }

    pub fn place(&self) -> Place {
        Place { ordinal: self.ordinal, before: self.before }
    }

    /// The document to store.
    pub fn document(&self, text: &str, f: &Fields) -> serde_json::Result<TantivyDocument> {
        let mut marks = vec![];
        match self.origin {
            Some(origin) => marks.extend([OBSERVATION.to_owned(), origin_mark(origin)]),
            None => marks.push(CLAIM.to_owned()),
        }
        if self.digest.standing {
            marks.push(STANDING.to_owned());
        }
        if self.origin.is_some() && self.ordinal == 0 {
            marks.push(FIRST.to_owned());
        }
        let mut document = TantivyDocument::new();
        document.add_text(f.key, key(self.origin.is_none(), &self.id));
        document.add_text(f.session, &self.session);
        document.add_text(f.speaker, self.speaker.to_lowercase());
        document.add_text(f.marks, marks.join(" "));
        document.add_text(f.terms, &self.digest.terms);
        document.add_u64(f.time, self.time);
        if self.origin.is_some() {
            document.add_text(f.place, place(&self.session, self.ordinal));
            document.add_u64(f.ordinal, u64::from(self.ordinal));
            document.add_u64(f.after, self.before + u64::from(self.digest.len));
        }
        document.add_text(f.text, text);
        document.add_text(f.card, serde_json::to_string(self)?);
        Ok(document)
    }

    /// Reads a stored document: the card with its terms, and the text.
    pub fn read(document: &TantivyDocument, f: &Fields) -> serde_json::Result<(Self, String)> {
        let text = |field| document.get_first(field).and_then(|value| value.as_str()).unwrap_or_default();
        let mut card: Self = serde_json::from_str(text(f.card))?;
        text(f.terms).clone_into(&mut card.digest.terms);
        Ok((card, text(f.text).to_owned()))
    }
}
