//! Markdown memory, transcripts, claims and evidence, dream transactions, retrieval.
//!
//! What was observed is kept word for word in [`transcript`]s; what is believed stands as claims in Markdown files that a person can
//! edit ([`book`]), written all or nothing and with a history ([`vault`]); [`anchors`] tell which of them the project has outgrown; [`recall`]
//! finds both again without a model; [`compare`] judges what two sentences are to one another, and [`dream`] is how claims change
//! while nobody looks: proposed by a strategy, checked, and undone if need be. [`bench`] measures all that.

pub mod anchors;
pub mod bench;
pub mod book;
pub mod compare;
pub mod dream;
pub mod memory;
pub mod recall;
pub mod transcript;
pub mod vault;
