//! A static table of token embeddings: meaning compared without a network or an inference library.
//!
//! One vector a WordPiece token, distilled from a sentence model; a text points where the sum of its tokens does. Common tokens
//! are already scaled down in the table (Arora et al. 2017).
//!
//! Format: `KEMB1\n`, then two little-endian `u32` (tokens, dimensions), then for each token its length as one byte and its
//! UTF-8, then tokens x dimensions signed bytes.

use crate::recall::digest::sentences;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use thiserror::Error;

const MAGIC: &[u8] = b"KEMB1\n";
/// A passage is closed at the first sentence end after this many words.
const PASSAGE_WORDS: usize = 100;
/// Longest word that is looked up, in bytes.
const MAX_WORD: usize = 64;

/// Why a table was not loaded.
#[derive(Debug, Error)]
pub enum TableError {
    /// It does not begin as a table does.
    #[error("not an embedding table of this version; make one with scripts/distill_embeddings.py")]
    Magic,
    /// It ends before its header says, or holds what the header does not name.
    #[error("the embedding table is cut off or damaged; make it again with scripts/distill_embeddings.py")]
    Damaged,
}

/// Token embeddings.
#[derive(Debug)]
pub struct Table {
    ids: HashMap<String, u32>,
    dims: usize,
    rows: Vec<i8>,
}

impl Table {
    /// The one that comes with the program: 128 dimensions, distilled from all-MiniLM-L6-v2 by `scripts/distill_embeddings.py`. None
    /// where the build has a damaged one.
    pub fn embedded() -> Option<Arc<Self>> {
        static TABLE: OnceLock<Option<Arc<Table>>> = OnceLock::new();
        TABLE.get_or_init(|| Self::read(include_bytes!("../../data/embeddings.bin")).ok().map(Arc::new)).clone()
    }

    /// Reads a table from its bytes.
    ///
    /// # Errors
    /// Where the bytes are none, or damaged.
    pub fn read(bytes: &[u8]) -> Result<Self, TableError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(TableError::Magic)?;
        let mut take = |n: usize| -> Result<&[u8], TableError> {
            let (head, tail) = rest.split_at_checked(n).ok_or(TableError::Damaged)?;
            rest = tail;
            Ok(head)
        };
        let number = |b: &[u8]| b.try_into().map(u32::from_le_bytes).map_err(|_| TableError::Damaged);
        let tokens = number(take(4)?)?;
        let dims = number(take(4)?)? as usize;
        let mut ids = HashMap::new();
        for id in 0..tokens {
            let len = usize::from(take(1)?[0]);
            let token = std::str::from_utf8(take(len)?).map_err(|_| TableError::Damaged)?;
            ids.insert(token.to_owned(), id);
        }
        let cells = (tokens as usize).checked_mul(dims).ok_or(TableError::Damaged)?;
        if rest.len() != cells || cells == 0 {
            return Err(TableError::Damaged);
        }
        Ok(Self { ids, dims, rows: rest.iter().map(|b| b.cast_signed()).collect() })
    }

    /// Where `text` points, at length 1; nothing where no token of it is known.
    pub fn embed(&self, text: &str) -> Option<Vec<f32>> {
        let mut sum = vec![0.0_f32; self.dims];
        let lower = text.to_lowercase();
        for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty() && w.len() <= MAX_WORD) {
            for id in self.pieces(word) {
                let row = &self.rows[id as usize * self.dims..][..self.dims];
                sum.iter_mut().zip(row).for_each(|(s, cell)| *s += f32::from(*cell));
            }
        }
        let length = sum.iter().map(|s| s * s).sum::<f32>().sqrt();
        (length > 0.0).then(|| sum.iter().map(|s| s / length).collect())
    }

    /// Where each passage of `text` points: about sixty words, cut between sentences.
    pub(crate) fn embed_passages(&self, text: &str) -> Vec<Vec<f32>> {
        passages(text).iter().filter_map(|passage| self.embed(passage)).collect()
    }

    /// The longest known pieces of a word from its left, as WordPiece does; none where a part is unknown.
    fn pieces(&self, word: &str) -> Vec<u32> {
        let mut out = vec![];
        let mut start = 0;
        while start < word.len() {
            let found = (start + 1..=word.len()).rev().filter(|end| word.is_char_boundary(*end)).find_map(|end| {
                let piece = &word[start..end];
                let id = if start == 0 { self.ids.get(piece) } else { self.ids.get(&format!("##{piece}")) };
                id.map(|id| (*id, end))
            });
            let Some((id, end)) = found else { return vec![] };
            out.push(id);
            start = end;
        }
        out
    }
}

/// `text` in runs of whole sentences of at least a hundred words, but for the last.
fn passages(text: &str) -> Vec<&str> {
    let (mut out, mut start, mut words, mut end) = (vec![], 0, 0, 0);
    for sentence in sentences(text) {
        if words >= PASSAGE_WORDS {
            out.push(&text[start..end]);
            (start, words) = (end, 0);
        }
        words += sentence.split_whitespace().count();
        end += sentence.len();
    }
    out.push(&text[start..]);
    out
}

/// How far two vectors of length 1 point the same way, -1 to 1.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([3, 0, 0, 0, 2, 0, 0, 0]);
        for token in ["cat", "dog", "##s"] {
            bytes.push(u8::try_from(token.len()).unwrap());
            bytes.extend(token.bytes());
        }
        bytes.extend([100, 0, 0, 100, 0, 1]);
        bytes
    }

    #[test]
    fn a_text_points_where_its_tokens_do() {
        let table = Table::read(&table()).unwrap();
        assert_eq!(table.embed("Cat!"), Some(vec![1.0, 0.0]));
        assert_eq!(table.pieces("cats"), [0, 2]);
        assert!(table.pieces("catx").is_empty());
        assert_eq!(table.embed("unknown"), None);
        assert!(cosine(&table.embed("cat").unwrap(), &table.embed("dogs").unwrap()).abs() < 0.01);
    }

    #[test]
    fn the_table_that_comes_along_is_whole() {
        let table = Table::embedded().unwrap();
        let near = |a, b| cosine(&table.embed(a).unwrap(), &table.embed(b).unwrap());
        assert!(near("the build is broken", "compiling fails") > near("the build is broken", "a cake with cream"));
    }

    #[test]
    fn a_damaged_table_is_refused_at_every_length() {
        let whole = table();
        for cut in 0..whole.len() {
            assert!(Table::read(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(Table::read(&[&whole[..], &[0]].concat()).is_err());
    }
}
