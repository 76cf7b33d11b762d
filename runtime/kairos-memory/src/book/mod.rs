//! The claims of one memory folder: topic files, ledger and index as one thing that is read, changed in memory, and rendered.
//!
//! No I/O: [`Book::read`] takes files, [`Book::changes`] says which of them became what. A person may have edited the files
//! meanwhile; [`Book::hand_edits`] lists what he did, and nothing is written before that was taken in.

mod frontmatter;
mod hand;
mod index;
mod ledger;
mod names;
mod problems;
mod scan;
mod topic;
mod undo;

pub use hand::{HandEdit, OTHER_TOOL, USER};
pub use index::{MAX_BYTES, MAX_LINE, MAX_LINES};
pub use ledger::{Damaged, hash};
pub use names::{is_claim_id, is_topic_name};
pub use problems::Problem;
pub use topic::{Bullet, MAX_FILE, Topic, Unreadable};
pub use undo::Clash;

use index::{Index, Pointer};
use kairos_core::Millis;
use kairos_core::memory::{Claim, ClaimKind, MAX_CLAIM, Status};
use ledger::Record;
use names::{check_text, description, file_of, topic_of};
use std::collections::{BTreeMap, BTreeSet};
use topic::Adopted;

/// The ledger's path in the vault.
pub const LEDGER: &str = ".kairos/claims.jsonl";
/// Which lines of the index are ours.
const OURS: &str = ".kairos/index";
/// The index.
pub const INDEX: &str = "MEMORY.md";

/// Files by their path in the vault.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Why a change of a claim was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// No such claim, or it is retired.
    #[error("there is no claim {0}; `kairos-run memory list` names them")]
    NoClaim(String),
    /// Its file must be left alone.
    #[error("{file} {why}")]
    Frozen {
        /// The topic file.
        file: String,
        /// What is wrong with it.
        why: Unreadable,
    },
    /// Not one line of 1 to 2,048 bytes.
    #[error("a claim is one line of at most {MAX_CLAIM} bytes; this text has {0}")]
    Text(usize),
    /// Not a name for a file.
    #[error("`{0}` is no name for a topic: letters, digits, `-` and `_`, at most 64")]
    Topic(String),
}

/// A file that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its path in the vault.
    pub path: String,
    /// What it was; none if it is new.
    pub before: Option<Vec<u8>>,
    /// What it is to be; none if it goes.
    pub after: Option<Vec<u8>>,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Book {
    topics: BTreeMap<String, Topic>,
    frozen: BTreeMap<String, Unreadable>,
    records: BTreeMap<String, Record>,
    damaged: Vec<Damaged>,
    index: Index,
    /// Links to topics begin so, where the folder is another tool's.
    links: Option<String>,
    /// The files as they were read or last rendered.
    files: Files,
    /// Topics whose bytes were put back: they are written as they are.
    exact: BTreeSet<String>,
}

impl Book {
    /// Reads what a memory folder holds. Other files than Markdown at its top, ledger and index are left alone. `before` gives a file
    /// as it was last written: it is asked for where a claim's words are no longer to be found.
    pub fn read(files: Files, before: impl Fn(&str) -> Option<Vec<u8>>) -> Self {
        let mut book = Self::default();
        if let Some(bytes) = files.get(LEDGER) {
            (book.records, book.damaged) = ledger::read(bytes);
        }
        book.index = Index::read(files.get(INDEX).map(Vec::as_slice), files.get(OURS).map(Vec::as_slice));
        for (path, bytes) in &files {
            let Some(name) = topic_of(path) else { continue };
            match Topic::read(bytes) {
                Ok(topic) => drop(book.topics.insert(name.to_owned(), topic)),
                Err(why) => drop(book.frozen.insert(name.to_owned(), why)),
            }
        }
        book.files = files;
        book.recognize();
        book.find_words(before);
        book
    }

    /// The folder is another tool's: what appears there stays as it is, without ids in its bullets. `links`: what its index has before
    /// a file's name, `memory/` or nothing.
    #[must_use]
    pub fn lodged(mut self, links: &str) -> Self {
        self.links = Some(links.to_owned());
        self
    }

    fn foreign(&self) -> bool {
        self.links.is_some()
    }

    /// Takes bullets without an id for the claims whose words they have.
    fn recognize(&mut self) {
        let mut adopted = self.adopted();
        for (name, topic) in &mut self.topics {
            topic.adopt(adopted.remove(name).unwrap_or_default());
        }
    }

    /// The claims of each topic by their words, oldest first.
    fn adopted(&self) -> BTreeMap<String, Adopted> {
        let mut live: Vec<&Record> = self.records.values().filter(|r| r.claim.status != Status::Retired).collect();
        live.sort_by_key(|r| r.claim.recorded);
        let mut out: BTreeMap<String, Adopted> = BTreeMap::new();
        for Record { claim, hash, .. } in live {
            out.entry(claim.topic.clone()).or_default().entry(hash.clone()).or_default().push(claim.id.clone());
        }
        out
    }

    /// The words of claims stand in the bullets; those of a bullet that a person took out or changed, in the file as it was.
    fn find_words(&mut self, before: impl Fn(&str) -> Option<Vec<u8>>) {
        let now: Vec<Bullet> = self.topics.values().flat_map(|t| t.bullets().to_vec()).collect();
        self.take_words(&now);
        let lacking = |r: &&Record| r.claim.text.is_empty() || hash(&r.claim.text) != r.hash;
        let topics: BTreeSet<String> = self.records.values().filter(lacking).map(|r| r.claim.topic.clone()).collect();
        let mut adopted = self.adopted();
        for name in topics {
            let Some(Ok(mut topic)) = before(&file_of(&name)).map(|bytes| Topic::read(&bytes)) else { continue };
            topic.adopt(adopted.remove(&name).unwrap_or_default());
            self.take_words(topic.bullets());
        }
    }

    fn take_words(&mut self, bullets: &[Bullet]) {
        for bullet in bullets {
            let Some(record) = bullet.id.as_ref().and_then(|id| self.records.get_mut(id)) else { continue };
            if record.hash == hash(&bullet.text) {
                record.claim.text.clone_from(&bullet.text);
            }
        }
    }

    /// Is this a file whose content the book wants to read?
    pub fn wants(path: &str) -> bool {
        path == LEDGER || path == OURS || path == INDEX || topic_of(path).is_some()
    }

    /// The topic files and the index as they were read, but for those that must be left alone.
    pub fn readable(&self) -> impl Iterator<Item = (&String, &Vec<u8>)> + Clone {
        let whole = |path: &str| match topic_of(path) {
            Some(topic) => !self.frozen.contains_key(topic),
            None => path == INDEX,
        };
        self.files.iter().filter(move |(path, _)| whole(path))
    }

    /// All claims by id, retired ones too.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.records.values().map(|r| &r.claim)
    }

    /// One claim, retired or not.
    pub fn claim(&self, id: &str) -> Option<&Claim> {
        self.records.get(id).map(|r| &r.claim)
    }

    /// Writes a new claim down. Answers its id.
    ///
    /// # Errors
    /// Where the text or the topic's name can't be, or the topic's file must be left alone.
    pub fn add(&mut self, mut claim: Claim) -> Result<String, BookError> {
        check_text(&claim.text)?;
        if claim.id.is_empty() || self.records.contains_key(&claim.id) {
            claim.id = self.fresh_id(&claim.text, claim.recorded);
        }
        let id = claim.id.clone();
        self.put_down(&claim)?;
        self.records.insert(id.clone(), Record::new(claim));
        Ok(id)
    }

    /// Changes a claim: its words, status, place, evidence. A retired claim leaves its file, one that comes back returns to it.
    ///
    /// # Errors
    /// As [`Book::add`], and where there is no such claim.
    pub fn update(&mut self, id: &str, change: impl FnOnce(&mut Claim)) -> Result<(), BookError> {
        let record = self.records.get(id).ok_or_else(|| BookError::NoClaim(id.into()))?.clone();
        let mut claim = record.claim.clone();
        change(&mut claim);
        check_text(&claim.text)?;
        let was = &record.claim;
        self.thaw(&was.topic)?;
        let stays = was.topic == claim.topic && claim.status != Status::Retired;
        match self.place(id).filter(|_| was.status != Status::Retired) {
            Some((topic, at)) if stays => {
                // How far another tool's own bullet is believed stands in the ledger alone.
                let theirs = self.foreign() && !self.topics[&topic].bullets()[at].marked;
                if was.text != claim.text || was.status != claim.status && !theirs {
                    self.topics.entry(topic).and_modify(|t| t.set(at, id, &claim.text, claim.status));
                }
            }
            Some((topic, at)) => {
                self.topics.entry(topic).and_modify(|t| t.remove(at));
                self.put_down(&claim)?;
            }
            None => self.put_down(&claim)?,
        }
        let mut new = Record::new(claim);
        new.keep_unknown(record);
        self.records.insert(id.into(), new);
        Ok(())
    }

    /// Forgets a claim for good, its words too.
    ///
    /// # Errors
    /// Where there is no such claim, or its file must be left alone.
    pub fn erase(&mut self, id: &str) -> Result<Claim, BookError> {
        let claim = self.claim(id).ok_or_else(|| BookError::NoClaim(id.into()))?.clone();
        self.thaw(&claim.topic)?;
        if let Some((topic, at)) = self.place(id) {
            self.topics.entry(topic).and_modify(|t| t.remove(at));
        }
        self.records.remove(id);
        for record in self.records.values_mut() {
            record.claim.rivals.retain(|rival| rival != id);
        }
        Ok(claim)
    }

    /// The files that are no longer as they were read, rendered; and from now on those are what was read.
    pub fn changes(&mut self, now: Millis) -> Vec<Written> {
        let mut files: Files =
            self.files.iter().filter(|(path, _)| !Self::wants(path)).map(|(p, b)| (p.clone(), b.clone())).collect();
        files.extend(
            self.frozen.keys().filter_map(|t| self.files.get_key_value(&file_of(t))).map(|(p, b)| (p.clone(), b.clone())),
        );
        for (name, topic) in &mut self.topics {
            let path = file_of(name);
            let mut bytes = topic.render();
            if self.files.get(&path) != Some(&bytes) && !self.exact.contains(name) {
                topic.touch(now);
                bytes = topic.render();
            }
            files.insert(path, bytes);
        }
        let links = self.links.clone().unwrap_or_default();
        self.index.rewrite(&self.pointers(), &links);
        files.extend(self.index.bytes().map(|bytes| (INDEX.to_owned(), bytes)));
        if !self.records.is_empty() || self.files.contains_key(LEDGER) {
            let damaged = self.damaged_lines();
            files.insert(LEDGER.into(), [ledger::write(&self.records), damaged].concat());
            files.insert(OURS.into(), self.index.ours());
        }
        let paths: BTreeSet<&String> = self.files.keys().chain(files.keys()).collect();
        let changed = paths.into_iter().filter(|path| self.files.get(*path) != files.get(*path));
        let out = changed
            .map(|path| Written { path: path.clone(), before: self.files.get(path).cloned(), after: files.get(path).cloned() })
            .collect();
        self.files = files;
        self.exact.clear();
        out
    }

    /// Lines of the ledger that can't be read are somebody's claims all the same: they stay until they are mended.
    fn damaged_lines(&self) -> Vec<u8> {
        let Some(bytes) = self.files.get(LEDGER).filter(|_| !self.damaged.is_empty()) else { return vec![] };
        let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
        self.damaged.iter().filter_map(|d| lines.get(d.line - 1)).flat_map(|line| [*line, b"\n"].concat()).collect()
    }

    fn pointers(&self) -> Vec<Pointer> {
        let pointer = |(name, topic): (&String, &Topic)| {
            let facts: Vec<&Claim> = self.claims().filter(|c| c.topic == *name && c.status == Status::Fact).collect();
            let first = facts.first()?;
            let hook = topic.description().map_or_else(|| format!("{} facts", facts.len()), str::to_owned);
            let title = topic.name().map_or_else(|| index::title(name), str::to_owned);
            Some(Pointer { file: file_of(name), title, kind: topic.kind().unwrap_or(first.kind), hook, facts: facts.len() })
        };
        self.topics.iter().filter_map(pointer).collect()
    }

    /// Where a claim's bullet stands.
    fn place(&self, id: &str) -> Option<(String, usize)> {
        self.topics.iter().find_map(|(name, topic)| {
            let at = topic.bullets().iter().position(|b| b.id.as_deref() == Some(id));
            at.map(|at| (name.clone(), at))
        })
    }

    fn put_down(&mut self, claim: &Claim) -> Result<(), BookError> {
        if claim.status == Status::Retired {
            return Ok(());
        }
        self.open_topic(&claim.topic, claim.kind)?;
        self.append(claim)
    }

    fn append(&mut self, claim: &Claim) -> Result<(), BookError> {
        let Some(topic) = self.topics.get_mut(&claim.topic) else { return Ok(()) };
        let frozen = |why| BookError::Frozen { file: file_of(&claim.topic), why };
        topic.append(&claim.id, &claim.text, claim.status).map_err(frozen)
    }

    fn open_topic(&mut self, name: &str, kind: ClaimKind) -> Result<(), BookError> {
        if !is_topic_name(name) {
            return Err(BookError::Topic(name.into()));
        }
        self.thaw(name)?;
        let about = || match kind.as_str() {
            own if own != name => index::title(name),
            _ => description(kind).to_owned(),
        };
        self.topics.entry(name.to_owned()).or_insert_with(|| Topic::new(&index::title(name), &about(), kind));
        Ok(())
    }

    fn thaw(&self, topic: &str) -> Result<(), BookError> {
        match self.frozen.get(topic) {
            Some(why) => Err(BookError::Frozen { file: file_of(topic), why: why.clone() }),
            None => Ok(()),
        }
    }

    /// Eight letters and digits without those that look alike; the same claim at the same time gets the same.
    fn fresh_id(&self, text: &str, recorded: Millis) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let id = |n: u32| -> String {
            let hash = hash(&format!("{n} {recorded} {text}"));
            hash.as_bytes().chunks(2).take(8).map(|pair| char::from(LETTERS[byte(pair) & 31])).collect()
        };
        (0..).map(id).find(|id| !self.records.contains_key(id)).unwrap_or_default()
    }
}

fn byte(pair: &[u8]) -> usize {
    std::str::from_utf8(pair).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
