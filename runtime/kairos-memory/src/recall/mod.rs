//! What was observed, found again: text analysis, an index of observations, and ranking without a model.
//!
//! [`search::SearchIndex`] is what the program uses: a full-text index in a folder whose best candidates are ranked. [`Index`]
//! holds turns (messages, notes, events) of sessions in memory, all of them or such candidates. [`Ranking`] answers a [`Query`] with the turns or the sessions
//! most likely to hold the answer: BM25+ at passage, turn, window and session granularity, the speaker and the dates a question
//! names, and what kind of answer it asks for, weighed into one score. The same query over the same turns gives the same
//! answer, ties in the order they were put in. Ranking does no I/O and has no clock: the day a question is asked on is an argument.

mod cues;
mod dates;
mod digest;
mod index;
mod meaning;
mod query;
mod rank;
mod score;
mod signals;
mod text;

pub mod search;

pub use dates::{Days, dates_in};
pub use index::{Index, SessionId, Turn, TurnId};
pub(crate) use meaning::cosine;
pub use meaning::{Table, TableError};
pub use query::Query;
pub use rank::{Ranking, Weights, top};
pub use score::Bm25;
pub use signals::{COUNT, Evidence, SIGNS, Shape, Signs};
pub use text::Analyzer;
pub(crate) use text::number_word;
