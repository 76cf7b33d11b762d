//! Looks after the folders of a memory: what a person writes there with an editor is taken in within a tick, what is old goes, and a
//! history of many small files becomes one.

use crate::drift::blocking;
use crate::events::Events;
use crate::now;
use kairos_api::{Event, MemoryChange};
use kairos_core::config::Config;
use kairos_exec::redact::Redactor;
use kairos_memory::anchors::{self, Change, State};
use kairos_memory::book::{Book, HandEdit};
use kairos_memory::memory::{Home, Memory, Result};
use kairos_memory::transcript::{Bounds, Dropped, Transcripts};
use kairos_project::Project;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How long all files must have been left alone: an editor empties one, or takes it away, before it writes.
const SETTLED: Duration = Duration::from_secs(1);
/// How long somebody may go on writing before he is taken at his word.
const LONGEST: Duration = Duration::from_secs(20);
/// How often old observations are looked for.
const DAILY: Duration = Duration::from_secs(86_400);
/// The first time: not while everything else begins.
const FIRST: Duration = Duration::from_secs(90);

/// What the user's own memory is called where a project's folder would stand.
pub(crate) const USERS: &str = "user";

/// What tells that a file was written.
type Stamps = BTreeMap<String, (Option<SystemTime>, u64)>;

/// The memory of one project, or of the user. Clones share it.
#[derive(Clone)]
pub(crate) struct Upkeep {
    shared: Arc<Shared>,
}

struct Shared {
    /// For whoever looks on; none for the user's own memory.
    project: Option<String>,
    home: Home,
    events: Events,
    bounds: Bounds,
    wanted: AtomicBool,
    busy: AtomicBool,
    state: Mutex<Due>,
}

struct Due {
    known: Option<Stamps>,
    daily: Instant,
}

impl Upkeep {
    /// Of a project's memory, or the user's, which points at no project's files.
    pub(crate) fn new(project: Option<&Path>, home: Home, config: &Config, events: Events) -> Self {
        let keep = Some(config.duration("memory.keep")).filter(|keep| !keep.is_zero());
        let size = Some(config.number("memory.size")).filter(|size| *size > 0);
        let state = Due { known: None, daily: Instant::now() + FIRST };
        let shared = Shared {
            project: project.map(|project| project.display().to_string()),
            home,
            events,
            bounds: Bounds { keep, size },
            wanted: AtomicBool::new(false),
            busy: AtomicBool::new(false),
            state: Mutex::new(state),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Looks whether there is something to do. Blocks; for a thread that looks at files in any case.
    pub(crate) fn look(&self) {
        let shared = &self.shared;
        let stamps = stamps(&shared.home.places.files);
        let due = shared.due();
        let wanted = (stamps.is_some() && stamps != due.known) || due.daily <= Instant::now();
        shared.wanted.store(wanted, Ordering::SeqCst);
    }

    /// Does what the last look found, in a task of its own, unless it is still being done.
    pub(crate) fn tick(&self, project: &Project) {
        if !self.shared.wanted.swap(false, Ordering::SeqCst) || self.shared.busy.swap(true, Ordering::SeqCst) {
            return;
        }
        let (shared, project) = (self.shared.clone(), project.clone());
        tokio::spawn(async move {
            if let Err(e) = shared.take_in(&project).await {
                tracing::warn!("what was written into the memory by hand is not taken in: {e}");
            }
            let due = std::mem::replace(&mut shared.due().daily, Instant::now() + DAILY);
            if due > Instant::now() {
                shared.due().daily = due;
            } else {
                let own = shared.clone();
                if let Err(e) = blocking(move || own.tidy()).await {
                    tracing::warn!("the memory could not be tidied: {e}");
                }
            }
            shared.busy.store(false, Ordering::SeqCst);
        });
    }
}

impl Shared {
    fn due(&self) -> std::sync::MutexGuard<'_, Due> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn stamps(&self) -> Option<Stamps> {
        let folder = self.home.places.files.clone();
        tokio::task::spawn_blocking(move || stamps(&folder)).await.ok().flatten()
    }

    /// What a person edited since the last look.
    async fn take_in(self: &Arc<Self>, project: &Project) -> Result<()> {
        let Some(mut stamps) = self.stamps().await else { return Ok(()) };
        if self.due().known.as_ref() == Some(&stamps) {
            return Ok(());
        }
        let begin = Instant::now();
        loop {
            tokio::time::sleep(SETTLED).await;
            let Some(now) = self.stamps().await else { return Ok(()) };
            if now == stamps || begin.elapsed() > LONGEST {
                break;
            }
            stamps = now;
        }
        // As it was before it is read: what is written meanwhile is seen by the next look. What fails is not tried again before
        // something else is written.
        self.due().known = Some(stamps);
        let home = self.home.clone();
        let done = blocking(move || {
            let (memory, _) = Memory::open(home, Redactor::from_env())?;
            let taken = memory.absorb(now())?;
            let problems = memory.book()?.problems();
            Ok((memory, taken, problems))
        })
        .await;
        let (memory, taken, problems) = done?;
        for problem in problems {
            tracing::warn!("memory: {} {}", problem.file, problem.text);
        }
        if taken.is_empty() {
            return Ok(());
        }
        self.tell(MemoryChange::Edited, told(&taken));
        if self.project.is_none() {
            return Ok(());
        }
        let changes = point(&taken, project).await;
        blocking(move || memory.mark(&changes, now()).map(drop)).await
    }

    /// Drops what is over the bounds, and packs the history.
    fn tidy(&self) -> Result<()> {
        let now = now();
        let transcripts = Transcripts::open(&self.home.transcripts, Redactor::default());
        let over = transcripts.keep_within(self.bounds, &HashSet::new(), now, true)?;
        if over.is_empty() && !self.home.places.git.is_dir() {
            return Ok(());
        }
        let (memory, _) = Memory::open(self.home.clone(), Redactor::from_env())?;
        memory.pack()?;
        if over.is_empty() {
            return Ok(());
        }
        if !transcripts.trusts_clock(now)? {
            tracing::info!("old observations stay for now: too little was seen lately to be sure of the date");
            return Ok(());
        }
        let dropped = memory.keep_within(self.bounds, now, false)?;
        if !dropped.is_empty() {
            self.tell(MemoryChange::Dropped, summary(&dropped));
        }
        Ok(())
    }

    fn tell(&self, change: MemoryChange, text: String) {
        self.events.send(Event::Memory { project: self.project.clone().unwrap_or_else(|| USERS.into()), change, text });
    }
}

/// The files that people and programs write claims into; none where there is no such folder. Swap files and copies that editors
/// make are none.
fn stamps(folder: &Path) -> Option<Stamps> {
    let entry = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok().filter(|name| Book::wants(name))?;
        let about = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((name, (about.modified().ok(), about.len())))
    };
    Some(folder.read_dir().ok()?.flatten().filter_map(entry).collect())
}

/// What new words point at in the project.
async fn point(taken: &[(String, HandEdit)], project: &Project) -> Vec<Change> {
    let mut changes = vec![];
    for (id, edit) in taken {
        let (HandEdit::Added { text, .. } | HandEdit::Reworded { text, .. }) = edit else { continue };
        let anchors = anchors::find(text, project).await;
        if !anchors.is_empty() {
            changes.push(Change { claim: id.clone(), state: State::Moved { anchors } });
        }
    }
    changes
}

/// Which claims, and what was done to them; their words stand in the memory alone.
fn told(taken: &[(String, HandEdit)]) -> String {
    let one = |(id, edit): &(String, HandEdit)| match edit {
        HandEdit::Added { topic, .. } => format!("{id} added to {topic}.md"),
        HandEdit::Reworded { .. } => format!("{id} reworded"),
        HandEdit::Moved { topic, .. } => format!("{id} moved to {topic}.md"),
        HandEdit::Removed { .. } => format!("{id} taken out"),
    };
    const SHOWN: usize = 10;
    let mut all: Vec<String> = taken.iter().take(SHOWN).map(one).collect();
    if taken.len() > SHOWN {
        all.push(format!("and {} more", taken.len() - SHOWN));
    }
    all.join(", ")
}

/// What went, in a sentence.
fn summary(dropped: &[Dropped]) -> String {
    let sum = |of: fn(&Dropped) -> u64| dropped.iter().map(of).sum::<u64>();
    let mut rules: Vec<&str> = dropped.iter().map(|d| d.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    let (first, last) = (dropped.first().map_or("", |d| &d.day), dropped.last().map_or("", |d| &d.day));
    let (count, kept) = (sum(|d| d.count), sum(|d| d.kept));
    let stay = if kept > 0 { format!("; {kept} stay, because claims rest on them") } else { String::new() };
    format!("{count} observations of {first} to {last} dropped by {}{stay}", rules.join(" and "))
}
