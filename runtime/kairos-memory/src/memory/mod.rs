//! The memory of one project, or of the user: claims in files, observations in transcripts, and what is done with them.
//!
//! Each call stands for itself: it locks the folder, reads what is there, takes in what a person edited meanwhile, and writes all or
//! nothing. So several processes, an editor and another tool may work on the same folder.

mod diary;
mod error;
mod exchange;
mod files;
mod forget;
mod history;
mod home;
mod keep;
mod profile;
mod recall;
mod recalls;
mod revise;
mod search;
mod wipe;

pub use error::{Error, Result};
pub use exchange::{Export, Exported, TakenOver};
pub use forget::{Forget, Forgotten};
pub use history::{Trace, Why};
pub use home::{Home, claude_home, claude_sessions, expand};
pub use profile::{Part, Trait};
pub use recalls::{Recalled, Recalls};
pub use revise::Verified;
pub(crate) use revise::sides;

use crate::anchors;
use crate::book::{Book, BookError, HandEdit, OTHER_TOOL, USER, Written};
use crate::transcript::{New, Transcripts};
use crate::vault::{Author, Digest, FileChange, Guard, Recovery, Revision, Vault, Write};
use kairos_core::Millis;
use kairos_core::memory::{Anchor, Claim, ClaimKind, Observation, Origin, Status};
use kairos_exec::redact::Redactor;

/// The trailer that names a claim that a commit touched.
pub const CLAIM: &str = "Kairos-Claim";

/// A claim that the user states.
#[derive(Debug, Clone)]
pub struct Statement {
    /// One line.
    pub text: String,
    /// What it is about.
    pub kind: ClaimKind,
    /// The file, without `.md`; none for the kind's own.
    pub topic: Option<String>,
    /// What it points at.
    pub anchors: Vec<Anchor>,
    /// Which conversation or terminal he said it in.
    pub session: String,
}

/// See the module.
#[derive(Debug)]
pub struct Memory {
    home: Home,
    vault: Vault,
    transcripts: Transcripts,
}

/// The folder, locked, with its claims.
pub(crate) struct Session {
    pub guard: Guard,
    pub book: Book,
}

impl Memory {
    /// Opens or makes a memory; a write that was cut short is finished or taken back, and the answer says so.
    ///
    /// # Errors
    /// Where the folder can't be written.
    pub fn open(home: Home, redactor: Redactor) -> Result<(Self, Recovery)> {
        let (vault, recovery) = Vault::open(home.places.clone())?;
        let transcripts = Transcripts::open(&home.transcripts, redactor);
        Ok((Self { home, vault, transcripts }, recovery))
    }

    /// What was observed.
    pub fn transcripts(&self) -> &Transcripts {
        &self.transcripts
    }

    /// Where it lies.
    pub fn home(&self) -> &Home {
        &self.home
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The claims as they stand, without what was edited by hand and not yet taken in.
    ///
    /// # Errors
    /// Where the files can't be read.
    pub fn book(&self) -> Result<Book> {
        let head = self.vault.head()?;
        let before = |path: &str| self.vault.file_at(head.as_deref()?, path).ok().flatten();
        let book = Book::read(self.files()?, before);
        Ok(if self.home.foreign { book.lodged(&self.home.link_prefix()) } else { book })
    }

    /// Takes in what a person edited since the last writing. Answers what he did, with the claims' ids. Where nothing can be written,
    /// that is left for later: reading needs no write.
    ///
    /// # Errors
    /// Where the folder can't be read or written.
    pub fn absorb(&self, now: Millis) -> Result<Vec<(String, HandEdit)>> {
        if self.vault.is_read_only() {
            return Ok(vec![]);
        }
        self.read_diary()?;
        let mut session = self.session()?;
        self.take_in(&mut session, now)
    }

    /// Writes down what the user states: his word, a fact.
    ///
    /// # Errors
    /// Where the text or topic can't be, or nothing can be written.
    pub fn add(&self, statement: Statement, now: Millis) -> Result<Claim> {
        let observation = self.observe(statement.text.clone(), "note", &statement.session, now)?;
        let topic = statement.topic.unwrap_or_else(|| statement.kind.as_str().to_owned());
        let claim = Claim {
            id: String::new(),
            topic,
            kind: statement.kind,
            status: Status::Fact,
            // As it is stored, without secrets.
            text: observation.text.split_whitespace().collect::<Vec<_>>().join(" "),
            evidence: vec![observation.id],
            anchors: statement.anchors,
            recorded: now,
            valid_from: None,
            valid_to: None,
            author: USER.into(),
            rivals: vec![],
        };
        let text = claim.text.clone();
        let id = self.change(now, &format!("Remember: {text}"), |book| book.add(claim).map(|id| (id.clone(), vec![id])))?;
        self.claim(&id)
    }

    /// Gives a claim other words: the user's.
    ///
    /// # Errors
    /// As [`Memory::add`], and where there is no such claim.
    pub fn edit(&self, id: &str, text: &str, session: &str, now: Millis) -> Result<Claim> {
        self.claim(id)?;
        let observation = self.observe(text.to_owned(), "edit", session, now)?;
        let text = observation.text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.change(now, &format!("Reword: {text}"), |book| {
            book.update(id, |c| {
                (c.text, c.status, c.author) = (text.clone(), Status::Fact, USER.into());
                c.valid_to = None;
                c.evidence.push(observation.id.clone());
            })?;
            Ok(((), vec![id.to_owned()]))
        })?;
        self.claim(id)
    }

    /// Takes claims out of the files, because the user says so; their words stay in the archive, and no dream brings them back.
    ///
    /// # Errors
    /// Where there is no such claim, or nothing can be written.
    pub fn retire(&self, ids: &[String], now: Millis) -> Result<()> {
        self.change(now, &format!("Retire {}", ids.join(", ")), |book| {
            for id in ids {
                book.update(id, |c| (c.status, c.author, c.valid_to) = (Status::Retired, USER.into(), Some(now)))?;
            }
            Ok(((), ids.to_vec()))
        })
    }

    /// Writes down what was found when claims were compared with the project: stale since now, so again, or elsewhere. Answers those that
    /// changed.
    ///
    /// # Errors
    /// Where nothing can be written.
    pub fn mark(&self, changes: &[anchors::Change], now: Millis) -> Result<Vec<String>> {
        if changes.is_empty() {
            return Ok(vec![]);
        }
        let mut session = self.session()?;
        self.take_in(&mut session, now)?;
        let mut changed = vec![];
        for anchors::Change { claim: id, state } in changes {
            let Some(was) = session.book.claim(id).cloned() else { continue };
            let stale = matches!(state, anchors::State::Stale { .. });
            let status = match was.status {
                Status::Fact if stale => Status::Stale,
                Status::Stale if !stale => Status::Fact,
                other => other,
            };
            let mut now_so = Claim { status, ..was.clone() };
            if status != was.status {
                now_so.valid_to = stale.then_some(now);
            }
            if let anchors::State::Moved { anchors } = state {
                now_so.anchors.clone_from(anchors);
            }
            if now_so != was && session.book.update(id, |c| *c = now_so).is_ok() {
                changed.push(id.clone());
            }
        }
        self.commit(&mut session, now, "kairos-run", "Compared with the project", &changed)?;
        Ok(changed)
    }

    /// One claim, retired ones too.
    ///
    /// # Errors
    /// Where there is none.
    pub fn claim(&self, id: &str) -> Result<Claim> {
        self.book()?.claim(id).cloned().ok_or_else(|| BookError::NoClaim(id.into()).into())
    }

    fn observe(&self, text: String, kind: &str, session: &str, now: Millis) -> Result<Observation> {
        let new = New {
            time: now,
            source: "cli".into(),
            session: session.into(),
            origin: Origin::User,
            kind: kind.into(),
            attributes: vec![],
            text,
        };
        let appended = self.transcripts.append(vec![new])?;
        self.transcripts.get(&appended.ids)?.found.into_iter().next().ok_or(Error::Unstored)
    }

    /// One change by the user, as one commit.
    fn change<T>(
        &self,
        now: Millis,
        message: &str,
        change: impl FnOnce(&mut Book) -> Result<(T, Vec<String>), BookError>,
    ) -> Result<T> {
        let mut session = self.session()?;
        self.take_in(&mut session, now)?;
        let (value, touched) = change(&mut session.book)?;
        self.commit(&mut session, now, USER, message, &touched)?;
        Ok(value)
    }

    pub(crate) fn session(&self) -> Result<Session> {
        let guard = self.vault.lock()?;
        Ok(Session { guard, book: self.book()? })
    }

    pub(crate) fn take_in(&self, session: &mut Session, now: Millis) -> Result<Vec<(String, HandEdit)>> {
        let edits = session.book.hand_edits();
        let (author, origin, source) =
            if self.home.foreign { (OTHER_TOOL, Origin::Model, OTHER_TOOL) } else { (USER, Origin::User, "editor") };
        // What is to be changed is recorded as it was found, so that an undoing gives back what a person wrote around it.
        let found = self.unrecorded(session)?;
        if edits.is_empty() && found.is_empty() {
            return Ok(vec![]);
        }
        let observed = edits.iter().map(|edit| {
            let (text, action) = match edit {
                HandEdit::Added { text, .. } => (text.clone(), "added"),
                HandEdit::Reworded { text, .. } => (text.clone(), "reworded"),
                HandEdit::Moved { id, topic } => (format!("{id} belongs to {topic}"), "moved"),
                HandEdit::Removed { text, .. } => (text.clone(), "removed"),
            };
            let new = New {
                time: now,
                source: source.into(),
                session: source.into(),
                origin,
                kind: "edit".into(),
                attributes: vec![],
                text,
            };
            new.with("action", action)
        });
        let ids = self.transcripts.append(observed.collect())?.ids;
        let mut taken = vec![];
        for (edit, evidence) in edits.into_iter().zip(&ids) {
            // What can't be a claim (too long) stays in the file as what it is: text.
            if let Ok(id) = session.book.take_in(&edit, author, evidence, now) {
                taken.push((id, edit));
            }
        }
        let touched = taken.iter().map(|(id, _)| (CLAIM.to_owned(), id.clone())).collect();
        let message = if self.home.foreign { "Edited by another tool" } else { "Edited by hand" };
        let write = |files, trailers| Write { files, message: message.into(), author: signature(author), trailers, time: now };
        let mut changes = file_changes(&mut session.book, now);
        let writes = if self.home.foreign {
            // Theirs apart from ours: what they wrote is not for us to undo.
            vec![write(found, vec![]), write(changes, touched)]
        } else {
            let beside = found.into_iter().filter(|file| !changes.iter().any(|change| change.path == file.path));
            let beside: Vec<FileChange> = beside.collect();
            changes.extend(beside);
            vec![write(changes, touched)]
        };
        self.vault.write_all(&session.guard, writes.into_iter().filter(|write| !write.files.is_empty()))?;
        Ok(taken)
    }

    /// Writes what became of the book. Nothing where nothing did.
    pub(crate) fn commit(
        &self,
        session: &mut Session,
        now: Millis,
        author: &str,
        message: &str,
        touched: &[String],
    ) -> Result<Option<Revision>> {
        let files = file_changes(&mut session.book, now);
        self.write(session, files, now, author, message, touched)
    }

    /// What became of the book, and of other files: those that the book changes too are passed through `clean` once more.
    fn commit_with(
        &self,
        session: &mut Session,
        now: Millis,
        message: &str,
        others: Vec<FileChange>,
        clean: impl Fn(&[u8], &str) -> Option<Vec<u8>>,
    ) -> Result<Option<Revision>> {
        let mut files = file_changes(&mut session.book, now);
        for file in &mut files {
            if let Some(cleaned) = file.now.as_deref().and_then(|bytes| clean(bytes, &file.path)) {
                file.now = Some(cleaned);
            }
        }
        let others = others.into_iter().filter(|other| files.iter().all(|file| file.path != other.path)).collect::<Vec<_>>();
        files.extend(others);
        self.write(session, files, now, USER, message, &[])
    }

    fn write(
        &self,
        session: &Session,
        files: Vec<FileChange>,
        now: Millis,
        author: &str,
        message: &str,
        touched: &[String],
    ) -> Result<Option<Revision>> {
        if files.is_empty() {
            return Ok(None);
        }
        let trailers = touched.iter().map(|id| (CLAIM.to_owned(), id.clone())).collect();
        let write = Write { files, message: message.into(), author: signature(author), trailers, time: now };
        Ok(Some(self.vault.write(&session.guard, write)?))
    }
}

/// What the book would write, in the vault's terms.
pub(crate) fn file_changes(book: &mut Book, now: Millis) -> Vec<FileChange> {
    let change = |Written { path, before, after }: Written| FileChange { path, was: before.map(|b| Digest::of(&b)), now: after };
    book.changes(now).into_iter().map(change).collect()
}

/// Commits name who did it: a person by his role, a plugin by its name. No address: there is nobody to write to.
pub(crate) fn signature(author: &str) -> Author {
    Author { name: author.to_owned(), email: String::new() }
}

#[cfg(test)]
pub(crate) mod tests;
