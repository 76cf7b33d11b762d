//! One dream, from the snapshot to the commit.
//!
//! Strategies are asked one after the other, each on what the one before achieved. What passes the checks is only a plan; it is checked
//! again, against memory as it then is, when it is carried out, at once or after a person's review.

use super::draft::Draft;
use super::evidence::Seen;
use super::policy::Policy;
use super::recheck::Fallen;
use super::record::{path, render};
use super::revert::Undone;
use super::snapshot::{MemorySnapshot, read};
use super::told::Told;
use super::unread::Unread;
use crate::memory::{CLAIM, Error, Memory, Recalls, Result, Session, file_changes, signature};
use crate::transcript::New;
use crate::vault::{Digest, FileChange, Write};
use kairos_core::Millis;
use kairos_core::dream::Refusal;
use kairos_core::dream::{Dream, Skipped, State, Step, Touched, verb};
use kairos_core::memory::{Change, Claim, Observation, Operation};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The trailer that names the dream of a commit.
pub const DREAM: &str = "Kairos-Dream";
/// The trailer that numbers the operation.
pub(super) const OPERATION: &str = "Kairos-Operation";
/// The trailer that names the strategy.
const STRATEGY: &str = "Kairos-Strategy";

/// A dream under way. Nothing is written before [`Night::end`].
pub struct Night {
    dream: Dream,
    pub(super) draft: Draft,
    pub(super) unread: Unread,
    undone: Undone,
    /// Evidence that claims had when it began.
    seen: Seen,
    /// What was heard from projects, by id. It is stored where something came of it.
    told: BTreeMap<String, New>,
    heard: Vec<Arc<Observation>>,
    recalls: Recalls,
}

impl Memory {
    /// Begins a dream: what a person edited is taken in, then everything is read as it stands. `broken`: claims whose anchors don't hold.
    ///
    /// # Errors
    /// Where memory can't be read.
    pub fn begin_dream(&self, broken: BTreeSet<String>, policy: Policy, now: Millis) -> Result<Night> {
        self.absorb(now)?;
        let book = self.book()?;
        let dreams = self.dreams()?;
        let unread = Unread::since(self, &dreams)?;
        let seen = read(self.transcripts(), &book.claims().flat_map(|c| c.evidence.clone()).collect())?;
        let dream = Dream {
            id: self.free_id(now)?,
            time: now,
            strategies: vec![],
            skipped: vec![],
            state: State::Nothing,
            steps: vec![],
            position: unread.end.clone(),
            apart: BTreeMap::new(),
        };
        let known = unread.new.iter().map(|o| (o.id.clone(), o.clone()));
        let draft = Draft::new(book, seen.clone().into_iter().chain(known).collect(), broken, now, policy).of(self.home().owner);
        let (undone, recalls) = (Undone::by(&dreams), self.recalls());
        Ok(Night { dream, draft, unread, undone, seen, told: BTreeMap::new(), heard: vec![], recalls })
    }

    /// Carries out what passed (`review`: keeps it for the user to decide) and keeps a record of all.
    ///
    /// # Errors
    /// Where nothing can be written; memory is as it was then.
    pub fn end_dream(&self, night: Night, review: bool) -> Result<Dream> {
        let Night { mut dream, draft, mut told, .. } = night;
        let cited = dream.passed().flat_map(|step| &step.operation.evidence);
        let told: Vec<New> = cited.filter_map(|id| told.remove(id)).collect();
        self.transcripts().append(told)?;
        let mut session = self.session()?;
        self.take_in(&mut session, draft.time)?;
        let passed: Vec<usize> = dream.passed().map(|s| s.number).collect();
        dream.state = if passed.is_empty() { State::Nothing } else { State::Waiting };
        if review || passed.is_empty() {
            for step in dream.steps.iter_mut().filter(|s| s.refusal.is_none()) {
                step.state = State::Waiting;
            }
            self.keep(&session, &dream, vec![], dream.time)?;
            return Ok(dream);
        }
        let fallen = Fallen { claims: draft.broken, ..Fallen::default() };
        self.carry_out(&mut session, &mut dream, &passed, fallen, draft.policy, draft.time)?;
        Ok(dream)
    }

    /// Does some waiting steps of a dream, because the user accepts them, but for what rests on something `fallen`.
    ///
    /// # Errors
    /// Where there is no such dream, or none of the steps waits.
    pub fn accept(&self, id: &str, steps: Option<&[usize]>, fallen: Fallen, policy: Policy, now: Millis) -> Result<Dream> {
        let mut session = self.session()?;
        self.take_in(&mut session, now)?;
        let mut dream = self.dream(id)?;
        let wanted = chosen(&dream, steps, State::Waiting)?;
        // The user has looked at them: how many they are is his to say.
        let policy = Policy { max_changed: 1.0, max_added: 1.0, min_allowed: usize::MAX, ..policy };
        self.carry_out(&mut session, &mut dream, &wanted, fallen, policy, now)?;
        Ok(dream)
    }

    /// Lets some waiting steps of a dream be, because the user does not want them.
    ///
    /// # Errors
    /// As [`Memory::accept`].
    pub fn reject(&self, id: &str, steps: Option<&[usize]>, now: Millis) -> Result<Dream> {
        let session = self.session()?;
        let mut dream = self.dream(id)?;
        let wanted = chosen(&dream, steps, State::Waiting)?;
        dream.steps.iter_mut().filter(|s| wanted.contains(&s.number)).for_each(|s| s.state = State::Rejected);
        dream.settle();
        self.keep(&session, &dream, vec![], now)?;
        Ok(dream)
    }

    /// Every dream that was kept, newest first.
    ///
    /// # Errors
    /// Where the folder can't be read.
    pub fn dreams(&self) -> Result<Vec<Dream>> {
        let folder = self.vault().places().private.join("dreams");
        let mut names: Vec<String> = match std::fs::read_dir(&folder) {
            Ok(entries) => entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => vec![],
            Err(source) => return Err(Error::Read { path: folder, source }),
        };
        names.sort_unstable_by(|a, b| b.cmp(a));
        let mut dreams: Vec<Dream> = names.iter().filter_map(|name| self.dream(name.strip_suffix(".json")?).ok()).collect();
        // Names tell seconds.
        dreams.sort_by_key(|dream| std::cmp::Reverse(dream.time));
        Ok(dreams)
    }

    /// One dream.
    ///
    /// # Errors
    /// Where there is none.
    pub fn dream(&self, id: &str) -> Result<Dream> {
        let none = || Error::NoDream(id.to_owned());
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let bytes = if plain { self.vault().read(&path(id))? } else { None };
        serde_json::from_slice(&bytes.ok_or_else(none)?).map_err(|_| none())
    }

    fn free_id(&self, now: Millis) -> Result<String> {
        let time = i64::try_from(now).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
        let base = time.strftime("%Y%m%d-%H%M%S").to_string();
        let mut id = base.clone();
        let mut n = 1;
        while self.vault().read(&path(&id))?.is_some() {
            n += 1;
            id = format!("{base}-{n}");
        }
        Ok(id)
    }

    /// One commit an operation, all of them and the record, or none.
    fn carry_out(
        &self,
        session: &mut Session,
        dream: &mut Dream,
        wanted: &[usize],
        fallen: Fallen,
        policy: Policy,
        now: Millis,
    ) -> Result<()> {
        let cited = dream.steps.iter().flat_map(|s| s.operation.evidence.clone());
        let cited: BTreeSet<String> = cited.chain(session.book.claims().flat_map(|c| c.evidence.clone())).collect();
        let seen = read(self.transcripts(), &cited)?;
        // By the time of the dream: what it adds has the ids that its later steps name.
        let mut draft = Draft::new(session.book.clone(), seen, fallen.claims, dream.time, policy).of(self.home().owner);
        // One by one: each holds whole files, and they need not all be in memory at once.
        let was = self.kept(&dream.id)?;
        let (mut at, mut recorded) = (0, false);
        let writes = std::iter::from_fn(|| {
            while let Some(step) = dream.steps.get_mut(at) {
                at += 1;
                if wanted.contains(&step.number)
                    && let Some(write) = carry(&mut draft, step, &dream.id, fallen.steps.contains(&step.number), now)
                {
                    return Some(write);
                }
            }
            dream.settle();
            (!std::mem::replace(&mut recorded, true)).then(|| record(dream, was, now))
        });
        self.vault().write_all(&session.guard, writes)?;
        session.book = draft.book;
        Ok(())
    }

    /// What the record of a dream is at present.
    pub(super) fn kept(&self, id: &str) -> Result<Option<Digest>> {
        Ok(self.vault().read(&path(id))?.map(|bytes| Digest::of(&bytes)))
    }

    /// Writes the record, after other writes.
    pub(super) fn keep(&self, session: &Session, dream: &Dream, mut writes: Vec<Write>, now: Millis) -> Result<()> {
        writes.push(record(dream, self.kept(&dream.id)?, now));
        self.vault().write_all(&session.guard, writes)?;
        Ok(())
    }
}

impl Night {
    /// It is this strategy's turn: where it had no part in the last dreams, what passed meanwhile is new to it as well.
    ///
    /// # Errors
    /// Where that can't be read.
    pub fn turn(&mut self, memory: &Memory, strategy: &str) -> Result<()> {
        self.unread.turn(memory, strategy)?;
        self.draft.seen.extend(self.unread.new.iter().map(|o| (o.id.clone(), o.clone())));
        if self.unread.end != self.dream.position {
            self.dream.apart.insert(strategy.to_owned(), self.unread.end.clone());
        }
        Ok(())
    }

    /// Lets it rest on what projects tell of the user, too. Nothing of that is stored unless an operation that passes cites it.
    pub fn hear(&mut self, memory: &Memory, told: Vec<Told>) {
        for new in told.iter().map(Told::observed) {
            let observation = Arc::new(memory.transcripts().preview(new.clone()));
            self.told.insert(observation.id.clone(), new);
            self.draft.seen.insert(observation.id.clone(), observation.clone());
            self.heard.push(observation);
        }
    }

    /// What the strategy reads whose turn it is.
    pub fn snapshot(&self) -> MemorySnapshot {
        let mut new: Vec<Arc<Observation>> = self.unread.new.iter().chain(&self.heard).cloned().collect();
        new.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        new.dedup_by(|a, b| a.id == b.id);
        MemorySnapshot::new(&self.draft, new, self.seen.clone(), &self.recalls)
    }

    /// Takes what a strategy proposes. What passes is done in the draft. `gone`: the places of those that would point at something
    /// that is not in the project.
    pub fn propose(&mut self, strategy: &str, operations: Vec<Operation>, gone: &BTreeSet<usize>) {
        if self.dream.strategies.last().is_none_or(|last| last != strategy) {
            self.dream.strategies.push(strategy.to_owned());
        }
        for (at, operation) in operations.into_iter().enumerate() {
            let number = self.dream.steps.len() + 1;
            let done = match self.undone.refuses(&operation, &self.draft.seen) {
                Some(claim) => Err(Refusal::TakenOut { claim }),
                None if gone.contains(&at) => Err(Refusal::AnchorGone),
                None => perform(&mut self.draft, &operation, strategy),
            };
            let (touched, refusal) = done.map_or_else(|refusal| (vec![], Some(refusal)), |touched| (touched, None));
            // A strategy that is asked again proposes again what was refused: to read it once is enough.
            let known = |s: &Step| s.refusal.is_some() && s.strategy == strategy && s.operation == operation;
            if refusal.is_some() && self.dream.steps.iter().any(known) {
                continue;
            }
            let strategy = strategy.to_owned();
            self.dream.steps.push(Step { number, strategy, operation, refusal, state: State::Nothing, touched });
        }
    }

    /// Notes that a strategy could not do anything, and why.
    pub fn skip(&mut self, strategy: &str, why: &str) {
        self.dream.skipped.push(Skipped { strategy: strategy.to_owned(), why: why.to_owned() });
    }

    /// What it would come to.
    pub fn plan(&self) -> &Dream {
        &self.dream
    }
}

/// Does one step, if it still may be done; `gone`: what it would point at is not. The commit of it; none where it was refused.
fn carry(draft: &mut Draft, step: &mut Step, dream: &str, gone: bool, now: Millis) -> Option<Write> {
    let seen = std::mem::take(&mut step.touched);
    // What the user, or another program, changed since it was looked at is not for a dream to change.
    let changed = seen.iter().find(|t| t.before.is_some() && draft.book.claim(&t.id) != t.before.as_ref());
    let done = match changed {
        Some(touched) => Err(Refusal::Changed { claim: touched.id.clone() }),
        None if gone => Err(Refusal::AnchorGone),
        None => perform(draft, &step.operation, &step.strategy),
    };
    match done {
        Ok(touched) => {
            let write = write(dream, step, &touched, file_changes(&mut draft.book, now), now);
            (step.touched, step.state) = (touched, State::Applied);
            Some(write)
        }
        Err(refusal) => {
            (step.touched, step.refusal, step.state) = (seen, Some(refusal), State::Nothing);
            None
        }
    }
}

fn perform(draft: &mut Draft, operation: &Operation, strategy: &str) -> Result<Vec<Touched>, Refusal> {
    let before: Vec<Claim> = claims_of(&operation.change).into_iter().filter_map(|id| draft.book.claim(id)).cloned().collect();
    let ids = draft.apply(operation, strategy)?;
    let touched =
        |id: String| Touched { before: before.iter().find(|c| c.id == id).cloned(), after: draft.book.claim(&id).cloned(), id };
    Ok(ids.into_iter().map(touched).collect())
}

fn claims_of(change: &Change) -> Vec<&String> {
    match change {
        Change::Add(_) => vec![],
        Change::Merge { claims, .. } | Change::Dispute { claims } => claims.iter().collect(),
        Change::Supersede { claim, by } => vec![claim, by],
        Change::Promote { claim } | Change::Reword { claim, .. } | Change::Retire { claim } | Change::Refile { claim, .. } => {
            vec![claim]
        }
    }
}

fn write(dream: &str, step: &Step, touched: &[Touched], files: Vec<FileChange>, now: Millis) -> Write {
    let mut trailers = vec![
        (DREAM.to_owned(), dream.to_owned()),
        (OPERATION.to_owned(), step.number.to_string()),
        (STRATEGY.to_owned(), step.strategy.clone()),
    ];
    trailers.extend(touched.iter().map(|t| (CLAIM.to_owned(), t.id.clone())));
    let message = format!("{}: {}", verb(&step.operation.change), step.operation.reason);
    Write { files, message, author: signature(&step.strategy), trailers, time: now }
}

/// The record of a dream, to be written.
pub(super) fn record(dream: &Dream, was: Option<Digest>, now: Millis) -> Write {
    Write {
        files: vec![FileChange { path: path(&dream.id), was, now: Some(render(dream)) }],
        message: format!("Dream {}: {}", dream.id, dream.state.as_str()),
        author: signature("kairos-run"),
        trailers: vec![(DREAM.to_owned(), dream.id.clone())],
        time: now,
    }
}

/// The steps that are in a state, all or those asked for.
pub(super) fn chosen(dream: &Dream, steps: Option<&[usize]>, state: State) -> Result<Vec<usize>> {
    let there: Vec<usize> = dream.steps.iter().filter(|s| s.state == state).map(|s| s.number).collect();
    let wanted: Vec<usize> =
        steps.map_or_else(|| there.clone(), |steps| steps.iter().copied().filter(|n| there.contains(n)).collect());
    if wanted.is_empty() || steps.is_some_and(|steps| steps.len() != wanted.len()) {
        let remedy = "`kairos-run dream show` tells the state of each operation";
        return Err(Error::DreamState { id: dream.id.clone(), state: dream.state.as_str(), remedy });
    }
    Ok(wanted)
}
