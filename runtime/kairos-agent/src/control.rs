//! The control API's answers.

mod dreams;
mod handle;
mod permissions;
mod plugins;
mod tools;

pub(crate) use handle::ProjectHandle;

use crate::agent::Agent;
use crate::channels;
use crate::dreams::reviewed;
use crate::govern::manners::LONGEST_WHILE;
use crate::look::look;
use crate::now;
use crate::registry::SELF;
use crate::think::{Planned, question};
use async_trait::async_trait;
use kairos_api::{
    ApiError, ApiResult, AskEvent, AskRequest, ChannelInfo, ChannelTest, ChannelTestRequest, CommandReport, CompactRequest,
    Control, Conversation, Digest, DreamFilter, DreamRequest, DreamSteps, DreamStrategies, DreamSummary, ErrorKind, Event,
    GrantRequest, InboxAction, InboxDecision, InboxFilter, InboxItem, InboxStatus, LeaveRequest, McpServers, McpTrust,
    ModelFilter, Models, PauseRequest, Permission, PermissionAnswer, PluginInfo, PluginState, ProactiveRequest, ProactiveStatus,
    ProjectFilter, ProjectSignals, ProjectStatus, ProjectTrust, Schedule, SkillInfo, Status, ToolCall, ToolInfo, ToolOutput,
    TrustRequest,
};
use kairos_core::config::Config;
use kairos_core::dream::{Dream, Reverted};
use kairos_core::finding::one_line;
use kairos_core::{Grant, Millis};
use kairos_store::{Filter, StoreError, What};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// The variable of the environment by which a service manager names itself to the process that it starts.
pub const STARTED_BY: &str = "KAIROS_STARTED_BY";

/// How long whoever trusts a project's plugins waits for them to be loaded. Less than a client waits for an answer.
const TRUSTED_LOAD: Duration = Duration::from_secs(5);

pub(crate) fn internal(e: StoreError) -> ApiError {
    ApiError::internal(e.to_string())
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

    /// The innermost project that a folder lies in, where one lies within another; and where the folder really is.
    pub(crate) async fn around(&self, folder: &Path) -> Option<(Arc<ProjectHandle>, PathBuf)> {
        let asked = folder.to_path_buf();
        // One at a time may hang, in whatever folder; then the name that was given has to do.
        let real = look(Path::new(""), "command", move || asked.canonicalize()).await;
        let folder = real.ok().and_then(Result::ok).unwrap_or_else(|| folder.to_path_buf());
        let inside = self.projects().into_iter().filter(|p| folder.starts_with(&p.root));
        Some((inside.max_by_key(|p| p.root.components().count())?, folder))
    }

    pub(crate) fn project(&self, name: Option<&str>) -> ApiResult<Arc<ProjectHandle>> {
        let mut all = self.projects();
        match name {
            Some(name) => all
                .into_iter()
                .find(|p| p.is(name))
                .ok_or_else(|| ApiError::not_found(format!("the project `{name}` is not watched"))),
            None if all.len() == 1 => Ok(all.remove(0)),
            None if all.is_empty() => {
                let error = ApiError::new(ErrorKind::Conflict, "no project is watched, or it is still being opened");
                Err(error.with_hint("kairos-run status"))
            }
            None => Err(ApiError::invalid("several projects are watched").with_hint("name one with --project")),
        }
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
        self.review_users_dreams().await;
        let dreams = self.users_sleeper().map(|users| users.dreaming.status(users.config.flag("dream.auto")));
        let running = self.registry.entries().values().filter(|e| e.state == PluginState::Running).count();
        Ok(Status {
            dreams: dreams.unwrap_or_default(),
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
        self.review_users_dreams().await;
        for p in self.projects_named(filter.project.as_deref()) {
            p.review_dreams().await;
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

    async fn inbox_act(&self, id: &str, InboxDecision { action, by }: InboxDecision) -> ApiResult<InboxItem> {
        let (project, number) = self.find(id).await?;
        let db = &project.inbox.db;
        let asked = db.get(number).await.map_err(internal)?;
        match &by {
            None => self.manners.saw(now()),
            // What we ask the user is answered by nobody else.
            Some(by) if asked.as_ref().is_some_and(|item| item.plugin == SELF) => {
                let error = ApiError::new(ErrorKind::Conflict, format!("finding {id} asks the user, not {}", one_line(by)));
                return Err(error.with_hint(format!("he decides: `kairos-run inbox show {id}`")));
            }
            Some(_) => {}
        }
        if let Some(item) = asked.filter(|_| !matches!(action, InboxAction::Snooze { .. })) {
            if let Some((whose, dream)) = reviewed(&item.plugin, &item.key) {
                // No answer to be kept as the user's: a dream must not bear itself out.
                self.decide_dream(&project, whose, dream, action).await?;
                return self.inbox_get(id).await;
            }
            if let Some(asked) = question(&item.plugin, &item.key).filter(|_| item.resolved_at.is_none()) {
                let answer = PermissionAnswer { allow: action == InboxAction::Accept, ..PermissionAnswer::default() };
                self.settle(asked, answer).await?;
                return self.inbox_get(id).await;
            }
        }
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
        let verdict = match what {
            What::Accepted => Some("accepted"),
            What::Dismissed => Some("dismissed"),
            _ => None,
        };
        match (by, verdict) {
            // A detector is not muted by what another program wants.
            (Some(by), verdict) => project.recorder.decided(&item, verdict.unwrap_or("snoozed"), &by, now()),
            (None, verdict) => {
                project.inbox.answered(&plugin, number, what, now()).await.map_err(internal)?;
                verdict.into_iter().for_each(|verdict| project.recorder.verdict(&item, verdict, now()));
            }
        }
        Ok(item)
    }

    async fn plugin_list(&self) -> ApiResult<Vec<PluginInfo>> {
        self.plugins().await
    }

    async fn plugin_info(&self, name: &str) -> ApiResult<PluginInfo> {
        self.info(name).await
    }

    async fn plugin_grant(&self, name: &str, request: GrantRequest) -> ApiResult<PluginInfo> {
        self.grant(name, request).await
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
        self.unmute(name).await
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
        Ok(own.map(|(name, e)| plugins::info(name, e)).collect())
    }

    async fn distrust_project(&self, project: &str) -> ApiResult<ProjectTrust> {
        let place = self.project(Some(project))?.place();
        self.registry.distrust(&place).await.map_err(internal)?;
        self.registry.reload().await.map_err(internal)?;
        self.registry.project_trust(&place).await.map_err(internal)
    }

    async fn command_finished(&self, report: CommandReport) -> ApiResult<()> {
        let Some((project, folder)) = self.around(Path::new(&report.folder)).await else { return Ok(()) };
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

    async fn dream(&self, request: DreamRequest) -> ApiResult<Dream> {
        self.dream_now(request).await
    }

    async fn dreams(&self, filter: DreamFilter) -> ApiResult<Vec<DreamSummary>> {
        self.list_dreams(filter).await
    }

    async fn dream_show(&self, id: &str, filter: DreamFilter) -> ApiResult<Dream> {
        self.show_dream(id, filter).await
    }

    async fn dream_accept(&self, id: &str, steps: DreamSteps) -> ApiResult<Dream> {
        self.accept_dream(id, steps).await
    }

    async fn dream_reject(&self, id: &str, steps: DreamSteps) -> ApiResult<Dream> {
        self.reject_dream(id, steps).await
    }

    async fn dream_revert(&self, id: &str, steps: DreamSteps) -> ApiResult<Reverted> {
        self.revert_dream(id, steps).await
    }

    async fn dream_strategies(&self, filter: DreamFilter) -> ApiResult<Vec<String>> {
        self.next_strategies(filter).await
    }

    async fn use_strategies(&self, request: DreamStrategies) -> ApiResult<Vec<String>> {
        self.set_strategies(request).await
    }

    async fn ask(&self, request: AskRequest) -> ApiResult<Receiver<AskEvent>> {
        self.project(request.project.as_deref())?.thinker.ask(request).await
    }

    async fn schedules(&self, filter: ProjectFilter) -> ApiResult<Vec<Schedule>> {
        let mut all = Vec::new();
        for p in self.projects_named(filter.project.as_deref()) {
            all.extend(p.thinker.planned().await.into_iter().map(|Planned { schedule, last, next }| Schedule {
                project: p.inbox.project.clone(),
                in_words: schedule.in_words(),
                when: schedule.when,
                wish: schedule.wish,
                last,
                next,
            }));
        }
        all.sort_by_key(|s| s.next.unwrap_or(Millis::MAX));
        Ok(all)
    }

    async fn mcp_servers(&self, filter: ProjectFilter) -> ApiResult<McpServers> {
        self.project(filter.project.as_deref())?.thinker.servers().list().await
    }

    async fn trust_mcp(&self, name: &str, request: McpTrust) -> ApiResult<()> {
        self.project(request.project.as_deref())?.thinker.servers().trust(name, &request).await
    }

    async fn distrust_mcp(&self, name: &str, filter: ProjectFilter) -> ApiResult<()> {
        self.project(filter.project.as_deref())?.thinker.servers().distrust(name).await
    }

    async fn permit(&self, id: &str, answer: PermissionAnswer) -> ApiResult<()> {
        self.settle(id, answer).await
    }

    async fn permissions(&self, filter: ProjectFilter) -> ApiResult<Vec<Permission>> {
        self.list_permissions(filter).await
    }

    async fn forget_permission(&self, id: &str) -> ApiResult<()> {
        self.take_back(id).await
    }

    async fn conversations(&self, filter: ProjectFilter) -> ApiResult<Vec<Conversation>> {
        self.list_conversations(filter).await
    }

    async fn compact(&self, conversation: &str, request: CompactRequest) -> ApiResult<Receiver<AskEvent>> {
        self.project(request.project.as_deref())?.thinker.compact(conversation, request).await
    }

    async fn leave(&self, conversation: &str, request: LeaveRequest) -> ApiResult<()> {
        self.project(request.project.as_deref())?.thinker.leave(conversation, request.why).await
    }

    async fn models(&self, filter: ModelFilter) -> ApiResult<Models> {
        self.project(filter.project.as_deref())?.thinker.models(filter).await
    }

    async fn skills(&self, filter: ProjectFilter) -> ApiResult<Vec<SkillInfo>> {
        Ok(self.project(filter.project.as_deref())?.thinker.skills().await)
    }

    async fn tool_list(&self) -> ApiResult<Vec<ToolInfo>> {
        Ok(self.tools())
    }

    async fn tool_call(&self, call: ToolCall) -> ApiResult<ToolOutput> {
        self.call_tool(call).await
    }
}
