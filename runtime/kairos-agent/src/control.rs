//! The control API's answers.

use crate::agent::{Agent, LoopHandle};
use crate::channels;
use crate::govern::feedback;
use crate::govern::manners::LONGEST_WHILE;
use crate::inbox::Inbox;
use crate::look::look;
use crate::now;
use crate::open::ProjectOptions;
use crate::project_loop::LoopStatus;
use crate::registry::{Entry, Running, SELF};
use crate::scan::Place;
use async_trait::async_trait;
use kairos_api::{
    ApiError, ApiResult, ChannelInfo, ChannelTest, ChannelTestRequest, CommandReport, Control, Digest, ErrorKind, Event, Figures,
    GrantRequest, InboxAction, InboxFilter, InboxItem, InboxStatus, PauseRequest, PluginInfo, PluginState, ProactiveRequest,
    ProactiveStatus, ProjectSignals, ProjectStatus, ProjectTrust, Status, ToolCall, ToolInfo, ToolOutput, TrustRequest,
};
use kairos_core::config::Config;
use kairos_core::ports::{ProjectView, StateStore};
use kairos_core::{Grant, Millis, Report, Rights};
use kairos_host::{Access, CallError, call_tool};
use kairos_project::Project;
use kairos_signals::SignalQueue;
use kairos_store::{Filter, StoreError, What};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// A watched project, as the API reaches it.
pub(crate) struct ProjectHandle {
    pub(crate) root: PathBuf,
    pub(crate) slug: String,
    pub(crate) options: ProjectOptions,
    pub(crate) view: Project,
    pub(crate) inbox: Inbox,
    pub(crate) queue: SignalQueue,
    pub(crate) status: Arc<Mutex<LoopStatus>>,
    pub(crate) handle: LoopHandle,
}

/// The variable of the environment by which a service manager names itself to the process that it starts.
pub const STARTED_BY: &str = "KAIROS_STARTED_BY";

/// How long whoever trusts a project's plugins waits for them to be loaded. Less than a client waits for an answer.
const TRUSTED_LOAD: Duration = Duration::from_secs(5);

pub(crate) fn internal(e: StoreError) -> ApiError {
    ApiError::internal(e.to_string())
}

impl ProjectHandle {
    fn is(&self, name: &str) -> bool {
        self.slug == name || self.root == Path::new(name)
    }

    async fn describe(&self) -> ApiResult<ProjectStatus> {
        let status = self.status.lock().unwrap_or_else(|e| e.into_inner()).clone();
        Ok(ProjectStatus {
            path: self.root.display().to_string(),
            slug: self.slug.clone(),
            tick: status.ticks,
            every_ms: status.every.as_millis() as u64,
            on_battery: status.on_battery,
            last_tick: status.last_tick,
            next_tick: status.next_tick,
            // A project whose database is broken still has a status.
            open: if status.error.is_none() { self.inbox.open().await.map_err(internal)? } else { Default::default() },
            watch: status.watch,
            dropped_signals: status.dropped,
            paused_until: self.queue.paused_until(),
            git: status.git_dir.is_some(),
            error: status.error,
        })
    }

    pub(crate) fn is_outdated(&self) -> bool {
        self.status.lock().unwrap_or_else(|e| e.into_inner()).outdated
    }

    /// Has its loop ended before its time?
    pub(crate) fn has_failed(&self) -> bool {
        self.status.lock().unwrap_or_else(|e| e.into_inner()).error.is_some()
    }

    fn place(&self) -> Place {
        Place { root: self.root.clone(), slug: self.slug.clone() }
    }
}

impl Agent {
    /// Settings that are the user's alone: they stand in those of every project.
    fn own_config(&self) -> ApiResult<Config> {
        let all = self.projects();
        let first = all.first().ok_or_else(|| {
            ApiError::new(ErrorKind::Conflict, "no project is watched, so nothing is told")
                .with_hint("kairos-run project add DIR")
        })?;
        Ok(first.options.config.clone())
    }

    /// Finds the project and row that an id names.
    async fn find(&self, id: &str) -> ApiResult<(Arc<ProjectHandle>, u64)> {
        let (slug, number) = id.rsplit_once('/').map_or((None, id), |(slug, number)| (Some(slug), number));
        let number: u64 = number.parse().map_err(|_| {
            ApiError::invalid(format!("`{id}` is no finding's id")).with_hint("`kairos-run inbox list` shows the ids")
        })?;
        let mut found = None;
        for project in self.projects().into_iter().filter(|p| slug.is_none_or(|s| p.is(s))) {
            if project.inbox.db.get(number).await.map_err(internal)?.is_some() {
                if found.is_some() {
                    return Err(ApiError::invalid(format!("several projects have a finding {number}"))
                        .with_hint("name it with its project, as `kairos-run inbox list` shows it"));
                }
                found = Some((project, number));
            }
        }
        found.ok_or_else(|| {
            ApiError::not_found(format!("there is no finding {id}")).with_hint("`kairos-run inbox list --all` shows all of them")
        })
    }

    fn entry(&self, name: &str) -> ApiResult<Entry> {
        self.registry.entries().get(name).cloned().ok_or_else(|| {
            ApiError::not_found(format!("there is no plugin `{name}`")).with_hint("`kairos-run plugin list` shows all of them")
        })
    }

    fn loaded(&self, name: &str) -> ApiResult<Entry> {
        let entry = self.entry(name)?;
        if entry.loaded.is_none() {
            let why = entry.why.unwrap_or_default();
            return Err(ApiError::new(ErrorKind::Conflict, format!("{name} can't be loaded: {why}")));
        }
        Ok(entry)
    }

    pub(crate) fn project(&self, name: Option<&str>) -> ApiResult<Arc<ProjectHandle>> {
        let mut all = self.projects();
        match name {
            Some(name) => all
                .into_iter()
                .find(|p| p.is(name))
                .ok_or_else(|| ApiError::not_found(format!("the project `{name}` is not watched"))),
            None if all.len() == 1 => Ok(all.remove(0)),
            None => Err(ApiError::invalid("several projects are watched").with_hint("name one with --project")),
        }
    }

    async fn info(&self, name: &str) -> ApiResult<PluginInfo> {
        let mut info = info(name, &self.entry(name)?);
        info.muted_since = self.muted().await?.get(name).copied();
        Ok(info)
    }
}

impl Agent {
    /// The muted plugins, and since when.
    async fn muted(&self) -> ApiResult<BTreeMap<String, Millis>> {
        Ok(self.manners.user.muted().await.map_err(internal)?.into_iter().collect())
    }
}

#[async_trait]
impl Control for Agent {
    async fn status(&self) -> ApiResult<Status> {
        let mut projects = Vec::new();
        for p in self.projects() {
            projects.push(p.describe().await?);
        }
        projects.extend(self.missing().await.map_err(internal)?);
        let running = self.registry.entries().values().filter(|e| e.state == PluginState::Running).count();
        Ok(Status {
            version: self.version.clone(),
            pid: std::process::id(),
            started: self.started,
            projects,
            plugins: running as u32,
            proactive: self.proactive().await?,
            disk: self.disk(),
            started_by: std::env::var(STARTED_BY).ok().filter(|by| !by.is_empty()),
        })
    }

    async fn inbox_list(&self, filter: InboxFilter) -> ApiResult<Vec<InboxItem>> {
        let mut all = Vec::new();
        self.manners.saw(now());
        for p in self.projects().iter().filter(|p| filter.project.as_deref().is_none_or(|name| p.is(name))) {
            let status = filter.status.map(|s| s.as_str().parse()).transpose().map_err(ApiError::internal)?;
            let rows = p.inbox.db.list(Filter { status: status.into_iter().collect(), ..Filter::default() }).await;
            let wanted = |row: &kairos_store::InboxItem| !filter.suppressed || row.kept_by.is_some();
            all.extend(rows.map_err(internal)?.into_iter().filter(wanted).map(|row| p.inbox.item(row)));
        }
        all.sort_by_key(|i| (std::cmp::Reverse(i.urgency), std::cmp::Reverse(i.last_seen)));
        Ok(all)
    }

    async fn inbox_get(&self, id: &str) -> ApiResult<InboxItem> {
        self.manners.saw(now());
        let (project, number) = self.find(id).await?;
        let row = project.inbox.db.get(number).await.map_err(internal)?;
        let row = row.ok_or_else(|| ApiError::not_found(format!("there is no finding {id}")))?;
        Ok(project.inbox.item(row))
    }

    async fn inbox_act(&self, id: &str, action: InboxAction) -> ApiResult<InboxItem> {
        self.manners.saw(now());
        let (project, number) = self.find(id).await?;
        let db = &project.inbox.db;
        let (what, row) = match action {
            InboxAction::Accept => (What::Accepted, db.accept(number).await),
            InboxAction::Dismiss => (What::Dismissed, db.dismiss(number).await),
            InboxAction::Snooze { until } => (What::Snoozed, db.snooze(number, until).await),
        };
        let row = row.map_err(internal)?.ok_or_else(|| ApiError::not_found(format!("there is no finding {id}")))?;
        let plugin = row.plugin.clone();
        let item = project.inbox.item(row);
        if item.status == InboxStatus::Resolved {
            let error = ApiError::new(ErrorKind::Conflict, format!("finding {id} no longer holds; there is nothing to decide"));
            return Err(error);
        }
        project.inbox.answered(&plugin, number, what, now()).await.map_err(internal)?;
        Ok(item)
    }

    async fn plugin_list(&self) -> ApiResult<Vec<PluginInfo>> {
        let entries = self.registry.entries().clone();
        let mut all: Vec<_> = entries.iter().map(|(name, e)| info(name, e)).collect();
        let muted = self.muted().await?;
        all.iter_mut().for_each(|p| p.muted_since = muted.get(&p.name).copied());
        for (name, entry) in &entries {
            all.extend(entry.overridden.iter().map(|c| overridden(name, c)));
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    async fn plugin_info(&self, name: &str) -> ApiResult<PluginInfo> {
        self.info(name).await
    }

    async fn plugin_grant(&self, name: &str, request: GrantRequest) -> ApiResult<PluginInfo> {
        let entry = self.loaded(name)?;
        let asked = entry.asked();
        let mut grant = Grant::all_of(&asked);
        if let Some(only) = &request.capabilities {
            if let Some(unknown) = only.iter().find(|c| !asked.0.iter().any(|r| r.capability == **c)) {
                return Err(ApiError::invalid(format!("{name} does not ask for `{unknown}`"))
                    .with_hint(format!("`kairos-run plugin info {name}` shows what it asks for")));
            }
            grant.0.retain(|(capability, _)| only.contains(capability));
        }
        if grant == Grant::default() && !asked.is_empty() {
            let error = format!("{name} asks for what this version of kairos-run can't give");
            return Err(ApiError::new(ErrorKind::Conflict, error)
                .with_hint(format!("`kairos-run plugin info {name}` shows what it asks for")));
        }
        self.registry.put_grant(&entry, grant, request.follow_updates).await.map_err(internal)?;
        self.info(name).await
    }

    async fn plugin_revoke(&self, name: &str) -> ApiResult<PluginInfo> {
        let entry = self.loaded(name)?;
        self.registry.put_grant(&entry, Grant::default(), false).await.map_err(internal)?;
        self.info(name).await
    }

    async fn plugin_trust(&self, name: &str) -> ApiResult<PluginInfo> {
        let entry = self.loaded(name)?;
        self.registry.put_grant(&entry, entry.granted.clone(), true).await.map_err(internal)?;
        self.info(name).await
    }

    async fn plugin_disable(&self, name: &str) -> ApiResult<PluginInfo> {
        self.entry(name)?;
        self.registry.user.set_disabled(name, true).await.map_err(internal)?;
        self.registry.rejudge().await.map_err(internal)?;
        self.info(name).await
    }

    async fn plugin_enable(&self, name: &str) -> ApiResult<PluginInfo> {
        let entry = self.entry(name)?;
        self.registry.user.set_disabled(name, false).await.map_err(internal)?;
        if let Some(loaded) = &entry.loaded {
            self.registry.user.clear_quarantine(&loaded.plugin.hash).await.map_err(internal)?;
        }
        self.registry.rejudge().await.map_err(internal)?;
        self.info(name).await
    }

    async fn plugin_mute(&self, name: &str) -> ApiResult<PluginInfo> {
        self.entry(name)?;
        self.manners.user.mute(name, now()).await.map_err(internal)?;
        self.info(name).await
    }

    async fn plugin_unmute(&self, name: &str) -> ApiResult<PluginInfo> {
        // It may be gone, and yet be muted.
        let was_muted = self.manners.user.unmute(name, now()).await.map_err(internal)?;
        for project in self.projects().iter().filter(|_| was_muted) {
            let over = Report { cleared: vec![feedback::key_of_all(name)], ..Report::default() };
            project.inbox.take(SELF, over, now()).await.map_err(internal)?;
        }
        self.info(name).await
    }

    async fn proactive(&self) -> ApiResult<ProactiveStatus> {
        // It is the same in all of them.
        let setting = self.projects().first().map(|p| p.inbox.settings.proactive).unwrap_or_default();
        self.manners.proactive(setting, now()).await.map_err(internal)
    }

    async fn set_proactive(&self, request: ProactiveRequest) -> ApiResult<ProactiveStatus> {
        let now = now();
        if request.level.is_some() && request.until > now.saturating_add(LONGEST_WHILE) {
            return Err(ApiError::invalid("that is 30 days at most").with_hint("for good: `proactive` in your kairos.toml"));
        }
        let set = request.level.map(|level| (level, request.until));
        self.manners.set_proactive(set).await.map_err(internal)?;
        self.proactive().await
    }

    async fn channels(&self) -> ApiResult<Vec<ChannelInfo>> {
        Ok(channels::list(&self.own_config()?, &self.events, &self.registry.user))
    }

    async fn test_channels(&self, request: ChannelTestRequest) -> ApiResult<Vec<ChannelTest>> {
        channels::test(&self.own_config()?, &self.events, &self.registry.user, request.name.as_deref()).await
    }

    async fn digest(&self, since: Millis) -> ApiResult<Digest> {
        self.digest_since(since).await.map_err(internal)
    }

    async fn project_add(&self, path: &str) -> ApiResult<ProjectStatus> {
        let options = self.read(Path::new(path)).await.map_err(ApiError::invalid)?;
        let root = options.root.to_string_lossy().into_owned();
        let project = self.add(options).await.map_err(|e| ApiError::new(ErrorKind::Conflict, e.to_string()))?;
        self.registry.user.add_project(&root, now()).await.map_err(internal)?;
        project.describe().await
    }

    async fn project_remove(&self, project: &str) -> ApiResult<()> {
        // It may be on the list and yet not be watched: its folder is gone.
        let root = self.project(Some(project)).map_or_else(|_| PathBuf::from(project), |p| p.root.clone());
        let listed = self.registry.user.remove_project(&root.to_string_lossy()).await.map_err(internal)?;
        let watched = self.remove(&root).await.map_err(internal)?;
        if listed || watched {
            return Ok(());
        }
        Err(ApiError::not_found(format!("the project `{project}` is not watched")).with_hint("kairos-run project list"))
    }

    fn events(&self) -> Receiver<Event> {
        self.events.look_on()
    }

    async fn stop(&self) -> ApiResult<()> {
        Agent::stop(self);
        Ok(())
    }

    async fn project_trust(&self, project: &str) -> ApiResult<ProjectTrust> {
        let place = self.project(Some(project))?.place();
        self.registry.project_trust(&place).await.map_err(internal)
    }

    async fn trust_project(&self, project: &str, request: TrustRequest) -> ApiResult<Vec<PluginInfo>> {
        let place = self.project(Some(project))?.place();
        if self.registry.project_trust(&place).await.map_err(internal)?.digest != request.digest {
            return Err(ApiError::new(ErrorKind::Conflict, "the project's plugins are no longer the ones you were shown")
                .with_hint("look at them again: kairos-run project trust"));
        }
        self.registry.trust(&place, request.digest).await.map_err(internal)?;
        // Compiling may take minutes, and goes on when the client no longer waits.
        let registry = self.registry.clone();
        let reload = tokio::spawn(async move { registry.reload().await });
        if let Ok(Ok(result)) = tokio::time::timeout(TRUSTED_LOAD, reload).await {
            result.map_err(internal)?;
        }
        let entries = self.registry.entries();
        let own = entries.iter().filter(|(_, e)| e.candidate.origin.project() == Some(&place.root));
        Ok(own.map(|(name, e)| info(name, e)).collect())
    }

    async fn distrust_project(&self, project: &str) -> ApiResult<ProjectTrust> {
        let place = self.project(Some(project))?.place();
        self.registry.distrust(&place).await.map_err(internal)?;
        self.registry.reload().await.map_err(internal)?;
        self.registry.project_trust(&place).await.map_err(internal)
    }

    async fn command_finished(&self, report: CommandReport) -> ApiResult<()> {
        let folder = Path::new(&report.folder);
        let asked = folder.to_path_buf();
        // One at a time may hang, in whatever folder; then the name that was given has to do.
        let real = look(Path::new(""), "command", move || asked.canonicalize()).await;
        let folder = real.ok().and_then(Result::ok).unwrap_or_else(|| folder.to_path_buf());
        // The innermost project, where one lies within another.
        let inside = self.projects().into_iter().filter(|p| folder.starts_with(&p.root));
        let Some(project) = inside.max_by_key(|p| p.root.components().count()) else { return Ok(()) };
        if let Some(signal) = project.command_signal(&report, &folder) {
            project.queue.push(signal);
        }
        Ok(())
    }

    async fn signals(&self, project: Option<String>) -> ApiResult<Vec<ProjectSignals>> {
        match project {
            Some(name) => Ok(vec![self.project(Some(&name))?.signals()]),
            None => Ok(self.projects().iter().map(|p| p.signals()).collect()),
        }
    }

    async fn pause_signals(&self, request: PauseRequest) -> ApiResult<Vec<ProjectSignals>> {
        Ok(self.pause(&request).await?.iter().map(|p| p.signals()).collect())
    }

    async fn ci_finished(&self, project: &str, report: &[u8]) -> ApiResult<String> {
        self.project(Some(project))?.ci_finished(report)
    }

    async fn tool_list(&self) -> ApiResult<Vec<ToolInfo>> {
        let running = self.registry.running();
        let tools = running.iter().flat_map(|r| {
            r.described.definitions.iter().map(|d| ToolInfo {
                name: d.name.clone(),
                plugin: r.name.clone(),
                description: d.description.clone(),
                read_only: d.read_only,
                input_schema: serde_json::from_str(&d.input_schema).unwrap_or_default(),
            })
        });
        Ok(tools.collect())
    }

    async fn tool_call(&self, call: ToolCall) -> ApiResult<ToolOutput> {
        let project = self.project(call.project.as_deref())?;
        if !call.input.is_object() {
            return Err(ApiError::invalid("a tool's input is a JSON object, such as '{\"path\": \"README.md\"}'"));
        }
        let running = self.registry.running();
        let has_it = |r: &&Running| r.is_for(&project.root) && r.described.definitions.iter().any(|d| d.name == call.tool);
        // A project's own tool can't stand in for one of the user's.
        let tool = running.iter().filter(has_it).min_by_key(|r| r.is_projects_own()).ok_or_else(|| {
            ApiError::not_found(format!("there is no tool `{}`", call.tool)).with_hint("`kairos-run tool list` shows all of them")
        })?;
        let view: Arc<dyn ProjectView> = Arc::new(project.view.clone());
        let state: Arc<dyn StateStore> = Arc::new(project.inbox.db.clone());
        let access = Access::new(&tool.name, view, state, &tool.rights);
        let access = self.registry.lend(&tool.name, &tool.plugin.hash, access);
        let outcome = call_tool(&self.registry.host, &tool.plugin, Access::clone(&access), &call.tool, &call.input).await;
        let fault = match &outcome.result {
            Err(CallError::Fault(fault)) => Some(fault.clone()),
            _ => None,
        };
        self.registry.count(&tool.name, outcome.wall, outcome.cpu, outcome.memory, fault.as_ref());
        self.registry.settle_tool(&tool.name, &tool.plugin.hash, fault.as_ref()).await;
        Ok(match outcome.result {
            Ok(o) => ToolOutput { text: o.text, structured: o.structured, truncated: o.truncated, is_error: false },
            Err(e) => ToolOutput { text: e.to_string(), is_error: true, ..ToolOutput::default() },
        })
    }
}

fn info(name: &str, entry: &Entry) -> PluginInfo {
    let asked = entry.asked();
    let loaded = entry.loaded.as_ref();
    PluginInfo {
        name: name.into(),
        version: loaded.map_or_else(String::new, |l| l.described.description.version.clone()),
        summary: loaded.map_or_else(String::new, |l| l.described.description.summary.clone()),
        kinds: loaded.map_or_else(Vec::new, |l| l.plugin.kinds.clone()),
        file: file(&entry.candidate),
        origin: entry.candidate.origin.text(),
        content_hash: loaded.map_or_else(String::new, |l| l.plugin.hash.clone()),
        size: entry.candidate.size(),
        state: entry.state,
        why: entry.why.clone(),
        muted_since: None,
        missing: Rights::missing(&asked, &entry.granted),
        asked,
        granted: entry.granted.clone(),
        figures: Figures {
            calls: entry.figures.calls,
            p50_us: entry.figures.quantile(0.5),
            p99_us: entry.figures.quantile(0.99),
            memory_bytes: entry.figures.memory as u64,
            faults: entry.figures.faults,
            last_fault: entry.figures.last_fault.clone(),
        },
    }
}

fn file(candidate: &crate::scan::Candidate) -> String {
    candidate.origin.file(&candidate.file_name).unwrap_or_default().display().to_string()
}

fn overridden(name: &str, candidate: &crate::scan::Candidate) -> PluginInfo {
    let by = candidate.overridden_by.as_ref().map(crate::Origin::text).unwrap_or_default();
    PluginInfo {
        name: name.into(),
        version: String::new(),
        summary: String::new(),
        kinds: Vec::new(),
        file: file(candidate),
        origin: candidate.origin.text(),
        content_hash: String::new(),
        size: 0,
        state: PluginState::Overridden,
        why: Some(format!("the file of the same name in {by} is used")),
        muted_since: None,
        asked: Default::default(),
        granted: Grant::default(),
        missing: Vec::new(),
        figures: Figures::default(),
    }
}
