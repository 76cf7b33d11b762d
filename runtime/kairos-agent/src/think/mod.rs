//! The part of a tick that may ask a language model: gate first, model second.
//!
//! A turn runs in a task of its own, one at a time a project, and never holds up a tick. Its text reaches nobody: it goes into the
//! transcript, with all that was called and what came of it. What reaches the user is a finding, as from a detector.

mod ask;
mod builtin;
mod commit;
mod due;
mod effects;
mod gate;
mod governed;
mod hooks;
mod instructions;
mod log;
mod permits;
mod results;
mod sessions;
mod statements;
mod talks;
mod toolbox;
mod waiting;
mod web;

use crate::inbox::Inbox;
use crate::mcp::Servers;
use crate::models::{Kind, Occasion, unasked};
use crate::now;
use crate::recorder::{Recorder, in_words};
use crate::registry::{MODEL, Registry};
use crate::tools::Tools;
pub(crate) use due::Planned;
use due::{Due, Items};
use effects::Audience;
use gate::{Gate, pause};
use jiff::tz::TimeZone;
use kairos_api::{ApiResult, Event, TurnChange};
use kairos_core::config::Config;
use kairos_core::ports::{ErrorCode, PortError, PortResult};
use kairos_core::{Millis, Signal, Urgency};
use kairos_project::Project;
use kairos_store::{Filter, InboxItem, Status};
use kairos_turn::{Conversation, End, Glimpse, INSTRUCTIONS, Limits, Seen, Turn, describe};
use log::Log;
use permits::Permits;
use results::Results;
use sessions::Sessions;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::AbortHandle;
pub(crate) use waiting::question;

/// How long a turn may take that nobody asked for.
const PATIENCE: Duration = Duration::from_secs(600);
/// Changes that are remembered for the next turn.
const CHANGES: usize = 40;
/// Begins the name of a turn that nobody asked for.
const TICK: &str = "tick-";
/// The index of memory is loaded up to here, in bytes.
const INDEX: usize = 25 << 10;

/// What a turn is made of. Clones share it.
#[derive(Clone)]
pub(crate) struct Thinker(Arc<Inner>);

struct Inner {
    gate: Gate,
    due: Due,
    config: Config,
    registry: Arc<Registry>,
    tools: Tools,
    servers: Servers,
    view: Project,
    inbox: Inbox,
    recorder: Recorder,
    /// The file that is the index of memory.
    index: PathBuf,
    /// Folders with skills of the user's.
    skills: Vec<PathBuf>,
    zone: TimeZone,
    state: Mutex<State>,
    sessions: Sessions,
    permits: Arc<Permits>,
    results: Arc<Results>,
}

/// Why a turn begins.
struct Reasons {
    news: Vec<u64>,
    due: Items,
    agreed: Vec<(String, String)>,
}

#[derive(Default)]
struct State {
    /// What happened since the last turn.
    changes: VecDeque<String>,
    /// Findings that are to be thought about.
    news: Vec<u64>,
    /// What is due by the clock.
    due: Items,
    /// What the user agreed to since the turn that asked for it: the question's id, and what.
    agreed: Vec<(String, String)>,
    under_way: Option<AbortHandle>,
    /// Conversations that go on because he agreed.
    going_on: Vec<AbortHandle>,
    failures: u32,
    not_before: Millis,
}

impl State {
    /// Is a turn under way?
    fn is_busy(&self) -> bool {
        self.under_way.as_ref().is_some_and(|turn| !turn.is_finished())
    }
}

/// What a thinker is made of.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) registry: Arc<Registry>,
    pub(crate) tools: Tools,
    pub(crate) servers: Servers,
    pub(crate) view: Project,
    pub(crate) inbox: Inbox,
    pub(crate) recorder: Recorder,
    pub(crate) index: PathBuf,
    pub(crate) skills: Vec<PathBuf>,
}

impl Thinker {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { config, registry, tools, servers, view, inbox, recorder, index, skills } = parts;
        let zone = inbox.settings.zone.clone();
        let (gate, state) = (Gate::of(&config), Mutex::default());
        let due = Due::of(&config, zone.clone(), inbox.db.clone(), view.clone());
        let permits = Arc::new(Permits::new(inbox.clone(), config.duration("permissions.wait")));
        let sessions = Sessions::new(config.flag("memory.transcripts").then(|| inbox.db.clone()));
        Self(Arc::new(Inner {
            gate,
            due,
            config,
            registry,
            tools,
            servers,
            view,
            inbox,
            recorder,
            index,
            skills,
            zone,
            state,
            sessions,
            permits,
            results: Arc::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Could a tick ever wake the model?
    pub(super) fn can_wake(&self) -> bool {
        self.0.gate.is_open() || self.0.due.is_possible()
    }

    /// What a tick collected. Costs next to nothing where no model is ever woken.
    pub(crate) fn signals(&self, signals: &[Signal]) {
        self.0.results.signals(signals);
        if !self.can_wake() {
            return;
        }
        let mut state = self.state();
        for told in signals.iter().filter_map(in_words) {
            if state.changes.len() == CHANGES {
                state.changes.pop_front();
            }
            state.changes.push_back(told);
        }
    }

    /// At the end of a tick: wakes the model where that is worth it.
    pub(crate) async fn tick(&self, news: &[(u64, Urgency)], time: Millis) {
        if !self.can_wake() {
            return;
        }
        let due = self.0.due.at(time).await;
        {
            let mut state = self.state();
            state.news.extend(self.0.gate.worth(news));
            state.due.add(due);
        }
        self.rouse(time);
    }

    /// Begins a turn, if there is a reason, and none is under way.
    fn rouse(&self, time: Millis) {
        let mut state = self.state();
        let has_reason = !(state.news.is_empty() && state.due.is_empty() && state.agreed.is_empty());
        if state.is_busy() || time < state.not_before || !has_reason {
            return;
        }
        let reasons = Reasons {
            news: std::mem::take(&mut state.news),
            due: std::mem::take(&mut state.due),
            agreed: std::mem::take(&mut state.agreed),
        };
        let changes = std::mem::take(&mut state.changes).into();
        let thinker = self.clone();
        let task = tokio::spawn(async move { thinker.wake(reasons, changes).await });
        state.under_way = Some(task.abort_handle());
    }

    /// The MCP servers whose tools may be called.
    pub(crate) fn servers(&self) -> &Servers {
        &self.0.servers
    }

    /// Nobody waits any longer. What was reserved for the turn counts as used.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        let under_way = state.under_way.take();
        under_way.into_iter().chain(state.going_on.drain(..)).for_each(|turn| turn.abort());
        self.0.servers.stop();
    }

    /// Waits for the turn that is under way, if there is one.
    pub(crate) async fn finish(&self) {
        while self.state().is_busy() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn wake(&self, reasons: Reasons, changes: Vec<String>) {
        let Reasons { news, due, mut agreed } = reasons;
        if !agreed.is_empty() {
            // The turn that asked may have gone on long enough to do it.
            let live = self.0.inbox.db.permissions(now()).await.unwrap_or_default();
            agreed.retain(|(id, _)| live.iter().any(|row| row.id == *id));
        }
        let open = match self.open(&news).await {
            // What was news may be over by now.
            Ok(open) if due.is_empty() && agreed.is_empty() && !open.iter().any(|s| s.news) => return,
            Ok(open) => open,
            Err(e) => return tracing::warn!("a turn can't begin: {e}"),
        };
        let reason = if agreed.is_empty() {
            reason(open.iter().filter(|s| s.news).count(), &due)
        } else {
            "The user agrees to what you asked for: do it now, exactly as you asked".into()
        };
        self.tell(TurnChange::Began, &reason);
        let glimpse = Glimpse {
            now: now(),
            zone: Some(self.0.zone.clone()),
            reason,
            changes,
            findings: open,
            wishes: due.wishes.clone(),
            due: due.checklist.clone(),
            agreed: agreed.iter().map(|(_, action)| action.clone()).collect(),
            index: self.0.index().await,
            tokens_left: self.tokens_left().await,
        };
        let turn = tokio::time::timeout(PATIENCE, self.turn(&glimpse, news.clone())).await;
        let late =
            || PortError::new(ErrorCode::Unavailable, format!("the turn took longer than {} min", PATIENCE.as_secs() / 60));
        match turn.unwrap_or_else(|_| Err(late())) {
            Ok(summary) => {
                let mut state = self.state();
                (state.failures, state.not_before) = (0, 0);
                drop(state);
                self.tell(TurnChange::Ended, &summary);
            }
            Err(e) => {
                let mut state = self.state();
                state.failures += 1;
                state.not_before = now() + pause(state.failures);
                // It is thought about when it can be; what is over by then is left out.
                state.news.extend(news);
                state.news.dedup();
                let newer = std::mem::replace(&mut state.due, due);
                state.due.add(newer);
                state.agreed.extend(agreed);
                drop(state);
                self.tell(TurnChange::Failed, &e.message);
            }
        }
    }

    /// One turn; answers in a line what came of it.
    async fn turn(&self, glimpse: &Glimpse, about: Vec<u64>) -> PortResult<String> {
        let inner = &self.0;
        let began = now();
        let session = format!("{TICK}{began}");
        let occasion = inner.occasion(Kind::Tick, format!("tick {began}"));
        let chosen = Some(inner.config.text("think.model").to_owned()).filter(|name| !name.is_empty());
        let mind = inner.registry.models.mind(&inner.config, occasion, chosen);
        let log = Log::new(inner.recorder.clone(), session.clone());
        let effects = Arc::new(inner.effects(&session, log.speaker(), about.clone(), Audience::Nobody).await?);
        let builtin = inner.builtin(about, session, Arc::default(), &effects);
        let plugins = inner.tools.clone().with_effects(effects.clone());
        // Where nobody can be asked, what would have to be asked for is of no use, and is not paid for in each prompt.
        let mut remote = inner.servers.ready().await;
        remote.retain(|offered| effects.is_allowed(&offered.name));
        let tools =
            toolbox::ProjectToolbox { builtin, plugins, remote, effects, only: inner.config.list("think.tools"), asleep: true };
        let mut talk = Conversation::new(INSTRUCTIONS);
        let parts = describe(glimpse);
        log.told(&parts);
        talk.say(parts);
        let end = Turn { mind: &mind, tools: &tools, witness: &log, limits: Limits::TICK }.run(&mut talk).await?;
        let how = match end {
            End::Slept => "slept".into(),
            End::Said(_) => "said all".into(),
            End::Cut(_) => "its answer was cut".into(),
            End::Steps(n) => format!("ended after {n} questions"),
            End::Looped(tool) => format!("ended, because it called {tool} again and again"),
        };
        Ok(format!("{how}; {}", log.summary()))
    }

    async fn open(&self, news: &[u64]) -> Result<Vec<Seen>, kairos_store::StoreError> {
        let filter = Filter { status: vec![Status::Open], ..Filter::default() };
        let rows = self.0.inbox.db.list(filter).await?;
        let seen = |row: InboxItem| {
            let news = news.contains(&row.id);
            let place = row.evidence.first().map(|e| match e.line {
                Some(line) => format!("{}, line {line}", e.subject),
                None => e.subject.clone(),
            });
            Seen { id: row.id.to_string(), plugin: row.plugin, title: row.title, place: place.unwrap_or_default(), news }
        };
        let mut all: Vec<Seen> = rows.into_iter().map(seen).collect();
        all.sort_by_key(|s| !s.news);
        Ok(all)
    }

    async fn tokens_left(&self) -> u64 {
        let limit = unasked(&self.0.config);
        let allowed = limit.allowed;
        let spent = self.0.registry.user.spent(limit, now()).await.unwrap_or(0);
        allowed.saturating_sub(spent)
    }

    /// What the user wants at set times.
    pub(crate) async fn planned(&self) -> Vec<Planned> {
        self.0.due.planned(now()).await
    }

    /// Conversations that can be gone on with, the last used first.
    pub(crate) async fn conversations(&self) -> ApiResult<Vec<kairos_store::Conversation>> {
        self.0.sessions.list().await
    }

    fn tell(&self, change: TurnChange, text: &str) {
        let project = self.0.inbox.project.clone();
        self.0.inbox.events.send(Event::Turn { project, change, text: text.into() });
    }
}

impl Inner {
    fn occasion(&self, kind: Kind, name: String) -> Occasion {
        let project = self.inbox.slug.clone();
        Occasion { kind, plugin: MODEL.into(), name: format!("{name} of {project}"), project }
    }

    /// The index of memory, as far as it is loaded.
    async fn index(&self) -> String {
        let file = self.index.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(file)).await;
        let mut text = read.ok().and_then(Result::ok).unwrap_or_default();
        text.truncate(text.floor_char_boundary(INDEX));
        text
    }
}

/// Why a turn begins that nobody agreed to anything for.
fn reason(news: usize, due: &Items) -> String {
    let mut all = match news {
        0 => vec![],
        1 => vec!["a finding is new".to_owned()],
        n => vec![format!("{n} findings are new")],
    };
    if !due.wishes.is_empty() {
        all.push("it is time for what the user scheduled".into());
    }
    if !due.checklist.is_empty() {
        all.push("the checklist is due".into());
    }
    let mut text = all.join(", and ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
