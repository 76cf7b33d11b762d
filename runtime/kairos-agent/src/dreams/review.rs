//! What the user learns of the dreams of a memory: in the inbox what waits for him, and that none begins any more; in the status all of it.
//!
//! The truth lies in the files of the memory, which the command line changes without asking us. So it is looked, cheaply, whether they
//! have changed, and the inbox is brought in line.

use super::sleeper::Sleeper;
use super::trigger::Reason;
use super::{Breaker, open};
use crate::inbox::Inbox;
use crate::now;
use crate::registry::SELF;
use crate::scan::Stamp;
use kairos_api::{DreamStatus, DreamSummary, Event};
use kairos_core::dream::State;
use kairos_core::recall::Owner;
use kairos_core::{Evidence, Finding, Millis, Report, Urgency};
use kairos_memory::dream::{FOLDER, unwanted};
use kairos_memory::memory::Home;
use kairos_store::{Filter, Status, StoreError};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};

/// Begins the key of the item by which a dream waits in the inbox; its id follows.
const REVIEW: &str = "dream:";
/// Begins the key of the item that tells that no dream begins unasked.
const STOPPED: &str = "dreams-stopped:";
/// Begins both where they are about the user's own memory.
const OF_USER: &str = "user-";
/// Dreams that wait and are in the inbox at most.
const MOST: usize = 100;

/// The dreams of one memory, as far as this process knows.
pub(crate) struct Dreaming {
    home: Home,
    under_way: AtomicBool,
    known: Mutex<Known>,
    /// One look at a time.
    looking: tokio::sync::Mutex<()>,
}

/// What was found when the files had changed last.
#[derive(Clone, Default)]
pub(super) struct Known {
    stamps: Option<[Option<Stamp>; 2]>,
    /// The project in whose inbox it is told.
    told_in: String,
    pub(super) breaker: Breaker,
    unwanted: usize,
    last: Option<DreamSummary>,
    /// Newest first.
    pub(super) waiting: Vec<DreamSummary>,
    /// Those of which something was decided.
    decided: Vec<(String, State)>,
    /// Until when it is not counted anew what is new.
    pub(super) recount: Millis,
}

impl Known {
    /// Why no dream begins unasked.
    pub(super) fn stopped(&self) -> Option<String> {
        self.breaker.stopped(self.unwanted)
    }
}

/// A dream is under way for as long as it is held.
pub(super) struct UnderWay<'a>(&'a AtomicBool);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.store(false, Relaxed);
    }
}

impl Dreaming {
    pub(crate) fn new(home: Home) -> Self {
        Self { home, under_way: AtomicBool::new(false), known: Mutex::default(), looking: tokio::sync::Mutex::default() }
    }

    /// Where what is remembered lies.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub(super) fn begin(&self) -> UnderWay<'_> {
        self.under_way.store(true, Relaxed);
        UnderWay(&self.under_way)
    }

    /// There was too little new for a dream.
    pub(super) fn too_little(&self, reason: Reason, recount: Millis) {
        self.known().recount = recount;
        if reason == Reason::Schedule {
            let private = &self.home.places.private;
            let mut breaker = Breaker::load(private);
            breaker.scheduled = Some(now());
            if let Err(e) = breaker.save(private) {
                tracing::warn!("how dreams go can't be kept below {}: {e}", private.display());
            }
            self.known().breaker = breaker;
        }
    }

    /// `auto`: what is set.
    pub(crate) fn status(&self, auto: bool) -> DreamStatus {
        let known = self.known();
        DreamStatus {
            auto,
            under_way: self.under_way.load(Relaxed),
            last: known.last.clone(),
            waiting: known.waiting.iter().map(|d| d.id.clone()).collect(),
            stopped: known.stopped(),
        }
    }
}

/// The dream that an inbox item is about, and whose it is. A plugin may give its findings whatever keys it likes; only what we say
/// ourselves counts.
pub(crate) fn reviewed<'a>(plugin: &str, key: &'a str) -> Option<(Owner, &'a str)> {
    let (owner, key) = owned(key);
    key.strip_prefix(REVIEW).filter(|_| plugin == SELF).map(|id| (owner, id))
}

/// Is it an item by which we tell of dreams?
pub(crate) fn is_about_them(plugin: &str, key: &str) -> bool {
    let (_, key) = owned(key);
    plugin == SELF && (key.starts_with(REVIEW) || key.starts_with(STOPPED))
}

/// Of whose memory an item speaks, and its key without that.
fn owned(key: &str) -> (Owner, &str) {
    key.strip_prefix(OF_USER).map_or((Owner::Project, key), |rest| (Owner::User, rest))
}

impl Sleeper {
    /// Brings the inbox and the status in line with the files, where these have changed.
    pub(crate) async fn review(&self) {
        let _one = self.dreaming.looking.lock().await;
        let known = self.dreaming.known().clone();
        let before = known.stamps.filter(|_| known.told_in == self.inbox.slug);
        let home = self.dreaming.home.clone();
        let looked = tokio::task::spawn_blocking(move || look(home, before)).await;
        let found = match looked {
            Ok(Ok(Some(found))) => Known { recount: known.recount, told_in: self.inbox.slug.clone(), ..found },
            Ok(Ok(None)) | Err(_) => return,
            Ok(Err(e)) => {
                tracing::warn!("what was dreamt can't be read: {e}");
                return;
            }
        };
        *self.dreaming.known() = found.clone();
        if let Err(e) = found.show(&self.inbox, self.dreaming.home.owner, now()).await {
            tracing::error!("dreams can't be shown in the inbox: {e}");
            self.dreaming.known().stamps = None;
        }
    }
}

impl Known {
    async fn show(&self, inbox: &Inbox, whose: Owner, now: Millis) -> Result<(), StoreError> {
        let filter = Filter { status: vec![Status::Open, Status::Snoozed], plugin: Some(SELF.into()), limit: 0 };
        let stopped = self.stopped().map(|why| stopped(&why, self, whose));
        for item in inbox.db.list(filter).await?.into_iter().filter(|item| owned(&item.key).0 == whose) {
            let reason = match reviewed(SELF, &item.key) {
                Some((_, id)) if self.waiting.iter().any(|d| d.id == id) => continue,
                Some((_, id)) => {
                    let state = self.decided.iter().find(|(known, _)| known == id).map_or("gone", |(_, state)| state.as_str());
                    format!("the dream is {state}")
                }
                None if !is_about_them(SELF, &item.key) => continue,
                None if stopped.as_ref().is_some_and(|f| f.key == item.key) => continue,
                None => "dreaming goes on".into(),
            };
            for item in inbox.db.expire(SELF, &item.key, Millis::MAX, now, &reason).await? {
                inbox.events.send(Event::Resolved { item: Box::new(inbox.item(item)), reason: reason.clone() });
            }
        }
        let waiting = self.waiting.iter().take(MOST).map(|d| review(d, whose));
        let findings: Vec<Finding> = waiting.chain(stopped).collect();
        inbox.take(SELF, Report { findings, ..Report::default() }, now).await.map(drop)
    }
}

/// What the files say, where they have changed.
fn look(home: Home, before: Option<[Option<Stamp>; 2]>) -> kairos_memory::memory::Result<Option<Known>> {
    let private = home.places.private.clone();
    let folder = FOLDER.rsplit('/').nth(1).unwrap_or_default();
    let stamp = |path: &Path| path.metadata().ok().map(|meta| Stamp::of(&meta));
    let stamps = [stamp(&private.join(folder)), stamp(&Breaker::file(&private))];
    if before == Some(stamps) {
        return Ok(None);
    }
    // Where nothing was dreamt, no memory need be made to see that.
    let dreams = if stamps[0].is_some() { open(home)?.dreams()? } else { vec![] };
    let breaker = Breaker::load(&private);
    Ok(Some(Known {
        stamps: Some(stamps),
        unwanted: unwanted(&dreams, breaker.since),
        breaker,
        last: dreams.first().map(Into::into),
        waiting: dreams.iter().filter(|d| d.state == State::Waiting).map(Into::into).collect(),
        decided: dreams.iter().filter(|d| d.state != State::Waiting).map(|d| (d.id.clone(), d.state)).collect(),
        ..Known::default()
    }))
}

/// On a line, and no longer than an excerpt may be.
fn excerpt(text: &str) -> String {
    let line = kairos_core::finding::one_line(text);
    line[..line.floor_char_boundary(400)].into()
}

/// The item by which a dream waits. The words of claims are not in it: they would stay when they are forgotten.
fn review(d: &DreamSummary, whose: Owner) -> Finding {
    let (of, over, user) = named(whose);
    Finding {
        key: format!("{of}{REVIEW}{}", d.id),
        title: format!("a dream{over} waits for you: {}", d.outcome).chars().take(120).collect(),
        detail: "Nothing of it is done before you say so. Accepting this item does all that is proposed, dismissing it rejects all;                  by single operation it goes with --op N."
            .into(),
        urgency: Urgency::Normal,
        evidence: vec![Evidence {
            kind: "dream".into(),
            subject: d.id.clone(),
            line: None,
            excerpt: excerpt(&format!("by {}", d.strategies.join(", "))),
        }],
        remedy: Some(format!("kairos-run dream show {0}{user}, then dream accept {0}{user} or dream reject {0}{user}", d.id)),
    }
}

/// The item that tells that no dream begins unasked.
fn stopped(why: &str, known: &Known, whose: Owner) -> Finding {
    let (of, over, user) = named(whose);
    let last = known.last.as_ref().map(|d| d.id.as_str()).unwrap_or_default();
    Finding {
        // Stopping another time is another finding, also for who dismissed the first.
        key: format!("{of}{STOPPED}{}", known.breaker.begun.unwrap_or(known.breaker.since)),
        title: format!("no dream{over} begins by itself any more"),
        detail: "What was remembered is as it was, and so are your other settings. Dreaming goes on after a dream that you asked for, or                  with other strategies."
            .into(),
        urgency: Urgency::Normal,
        evidence: vec![Evidence {
            kind: "dream".into(),
            subject: last.into(),
            line: None,
            excerpt: excerpt(why),
        }],
        remedy: Some(format!("`kairos-run dream now{user}`, or `kairos-run dream use NAME{user}`; `dream.auto = false` for good")),
    }
}

/// What tells an item about the user's own memory from one about a project's: in its key, its title, and a command line.
fn named(whose: Owner) -> (&'static str, &'static str, &'static str) {
    match whose {
        Owner::Project => ("", "", ""),
        Owner::User => (OF_USER, " over your own memory", " --user"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_item_is_about_a_dream() {
        assert_eq!(reviewed(SELF, "dream:20261121-030000"), Some((Owner::Project, "20261121-030000")));
        assert_eq!(reviewed(SELF, "user-dream:20261121-030000"), Some((Owner::User, "20261121-030000")));
        assert_eq!(reviewed("mine", "dream:20261121-030000"), None, "a plugin must not have its finding accepted as a dream");
        assert_eq!(reviewed(SELF, "dreams-stopped:5"), None);
        assert!(
            is_about_them(SELF, "dreams-stopped:5")
                && is_about_them(SELF, "user-dreams-stopped:5")
                && !is_about_them("mine", "dreams-stopped:5")
        );
    }

    #[test]
    fn the_items_are_findings_as_all_others() {
        let long = DreamSummary {
            id: "20261121-030000".into(),
            time: 0,
            strategies: vec!["x".repeat(64); 20],
            state: State::Waiting,
            outcome: "1 claim to add".repeat(20),
            passed: 1,
            refused: 0,
        };
        let known = Known { last: Some(long.clone()), ..Known::default() };
        let both = [Owner::Project, Owner::User];
        let of = |whose| [review(&long, whose), stopped(&"because ".repeat(100), &known, whose)];
        let findings = both.into_iter().flat_map(of).collect();
        let checked = Report { findings, ..Report::default() }.validate();
        assert!(checked.is_ok(), "{checked:?}");
    }
}
