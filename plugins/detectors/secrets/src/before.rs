//! What is not new: what HEAD holds of a file, and what was told of it.

use crate::scan::private_keys;
use kairos_plugin::fnv;
use std::collections::HashSet;

/// Values that are looked for in HEAD at most: so many old ones in new lines are data.
const MOST_LOOKUPS: u32 = 200;

/// A file as it was, and the hashes of those of its secrets that were told.
pub struct Before<'a> {
    text: &'a str,
    lines: HashSet<&'a str>,
    /// Private keys spread over lines, so their hashes are compared.
    keys: Vec<u64>,
    told: &'a [u64],
    lookups: u32,
}

impl<'a> Before<'a> {
    /// `text` as HEAD has it, empty for a new file.
    pub fn new(text: &'a str, told: &'a [u64]) -> Self {
        Self { text, lines: text.lines().collect(), keys: private_keys(text), told, lookups: 0 }
    }

    /// Nothing was there, nothing was told.
    pub fn nothing() -> Self {
        Self::new("", &[])
    }

    /// Can nothing in this line be of interest? Not if a key may begin in it: all of them begin alike.
    pub fn skips(&self, line: &str) -> bool {
        self.told.is_empty() && self.lines.contains(line) && !line.contains("-----BEGIN ")
    }

    /// None for what is old and wasn't told; otherwise whether HEAD holds it.
    pub fn judge(&mut self, secret: &str) -> Option<bool> {
        let print = fnv(secret.bytes());
        let old = self.keys.contains(&print) || !self.text.is_empty() && self.contains(secret);
        (!old || self.told.contains(&print)).then_some(old)
    }

    fn contains(&mut self, secret: &str) -> bool {
        self.lookups += 1;
        self.lookups > MOST_LOOKUPS || self.text.contains(secret)
    }
}
