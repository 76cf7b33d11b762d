//! What a running process does for those who ask.

use crate::{
    ApiResult, AskEvent, AskRequest, ChannelInfo, ChannelTest, ChannelTestRequest, CommandReport, CompactRequest, Conversation,
    Digest, DreamFilter, DreamRequest, DreamSteps, DreamStrategies, DreamSummary, Event, GrantRequest, InboxDecision,
    InboxFilter, InboxItem, LeaveRequest, McpServers, McpTrust, ModelFilter, Models, PauseRequest, Permission, PermissionAnswer,
    PluginInfo, ProactiveRequest, ProactiveStatus, ProjectFilter, ProjectSignals, ProjectStatus, ProjectTrust, Schedule,
    SkillInfo, Status, ToolCall, ToolInfo, ToolOutput, TrustRequest,
};
use async_trait::async_trait;
use kairos_core::Millis;
use kairos_core::dream::{Dream, Reverted};
use tokio::sync::mpsc::Receiver;

/// The whole control API. The server calls it; the agent implements it. Methods may run at the same time.
#[async_trait]
pub trait Control: Send + Sync + 'static {
    /// How the process is.
    async fn status(&self) -> ApiResult<Status>;
    /// Findings, the most urgent first, then the newest.
    async fn inbox_list(&self, filter: InboxFilter) -> ApiResult<Vec<InboxItem>>;
    /// One finding, by id or a prefix of it that is unique.
    async fn inbox_get(&self, id: &str) -> ApiResult<InboxItem>;
    /// Decides about a finding; answers how it is then.
    async fn inbox_act(&self, id: &str, decision: InboxDecision) -> ApiResult<InboxItem>;
    /// All plugins, by name, also those that don't run.
    async fn plugin_list(&self) -> ApiResult<Vec<PluginInfo>>;
    /// One plugin.
    async fn plugin_info(&self, name: &str) -> ApiResult<PluginInfo>;
    /// Grants this very file what it asks for, or a part of it. Takes effect at once.
    async fn plugin_grant(&self, name: &str, grant: GrantRequest) -> ApiResult<PluginInfo>;
    /// Takes all grants back. Takes effect at once, also for a call in flight.
    async fn plugin_revoke(&self, name: &str) -> ApiResult<PluginInfo>;
    /// Later files at the same path keep the grants as long as they ask for no more.
    async fn plugin_trust(&self, name: &str) -> ApiResult<PluginInfo>;
    /// No longer called, until enabled.
    async fn plugin_disable(&self, name: &str) -> ApiResult<PluginInfo>;
    /// Called again; ends a quarantine, too.
    async fn plugin_enable(&self, name: &str) -> ApiResult<PluginInfo>;
    /// What it finds goes to the inbox silently from now on, critical findings apart.
    async fn plugin_mute(&self, name: &str) -> ApiResult<PluginInfo>;
    /// It may speak again; what was dismissed so far is forgiven.
    async fn plugin_unmute(&self, name: &str) -> ApiResult<PluginInfo>;
    /// What may be said, and until when.
    async fn proactive(&self) -> ApiResult<ProactiveStatus>;
    /// Lets more or less be said for a while; outlives a restart. Answers how it is then.
    async fn set_proactive(&self, request: ProactiveRequest) -> ApiResult<ProactiveStatus>;
    /// The ways to the user, also those that are off.
    async fn channels(&self) -> ApiResult<Vec<ChannelInfo>>;
    /// Sends a test message through each of them that is on, or through the one that is named; each is tried once.
    async fn test_channels(&self, request: ChannelTestRequest) -> ApiResult<Vec<ChannelTest>>;
    /// What was said since then, what became of it, and what it cost.
    async fn digest(&self, since: Millis) -> ApiResult<Digest>;
    /// Watches one more project, now and after each start; answers as it is. `path` is its absolute folder.
    async fn project_add(&self, path: &str) -> ApiResult<ProjectStatus>;
    /// Watches a project no longer, neither now nor after a start; its data stay. A project is named by its folder or slug.
    async fn project_remove(&self, project: &str) -> ApiResult<()>;
    /// What happens from now on, until the process ends or nobody reads.
    fn events(&self) -> Receiver<Event>;
    /// Asks the process to end in order.
    async fn stop(&self) -> ApiResult<()>;
    /// The plugins that a project brings. A project is named by its folder or slug.
    async fn project_trust(&self, project: &str) -> ApiResult<ProjectTrust>;
    /// Trusts exactly these files; they are loaded, and answered as they are then. A conflict if others lie there by now.
    async fn trust_project(&self, project: &str, request: TrustRequest) -> ApiResult<Vec<PluginInfo>>;
    /// Takes the trust back. The plugins end at once.
    async fn distrust_project(&self, project: &str) -> ApiResult<ProjectTrust>;
    /// A command ended. One outside every watched project is no error: nothing happens.
    async fn command_finished(&self, report: CommandReport) -> ApiResult<()>;
    /// Lets the strategies of a project's memory propose what to change, and does what passes.
    async fn dream(&self, request: DreamRequest) -> ApiResult<Dream>;
    /// Dreams, newest first.
    async fn dreams(&self, filter: DreamFilter) -> ApiResult<Vec<DreamSummary>>;
    /// One dream with its operations.
    async fn dream_show(&self, id: &str, filter: DreamFilter) -> ApiResult<Dream>;
    /// Does operations that wait, because the user accepts them.
    async fn dream_accept(&self, id: &str, steps: DreamSteps) -> ApiResult<Dream>;
    /// Lets operations be that wait, because the user does not want them.
    async fn dream_reject(&self, id: &str, steps: DreamSteps) -> ApiResult<Dream>;
    /// Undoes operations that were done.
    async fn dream_revert(&self, id: &str, steps: DreamSteps) -> ApiResult<Reverted>;
    /// The strategies of the next dream, in their order.
    async fn dream_strategies(&self, filter: DreamFilter) -> ApiResult<Vec<String>>;
    /// Sets them; those of the settings where none is named. Answers them.
    async fn use_strategies(&self, request: DreamStrategies) -> ApiResult<Vec<String>>;
    /// Asks the model; what happens is told until it is done. When the receiver is dropped, it stops.
    async fn ask(&self, request: AskRequest) -> ApiResult<Receiver<AskEvent>>;
    /// Conversations with the model that can be gone on with, the last used first.
    async fn conversations(&self, filter: ProjectFilter) -> ApiResult<Vec<Conversation>>;
    /// Sums a conversation up for the model; what happens is told until it is done. When the receiver is dropped, it stops.
    async fn compact(&self, conversation: &str, request: CompactRequest) -> ApiResult<Receiver<AskEvent>>;
    /// The user leaves a conversation: his hooks are told, and nobody waits for them.
    async fn leave(&self, conversation: &str, request: LeaveRequest) -> ApiResult<()>;
    /// Who answers in a conversation, or would in a new one.
    async fn models(&self, filter: ModelFilter) -> ApiResult<Models>;
    /// Skills that can be used in a project, the user's first.
    async fn skills(&self, filter: ProjectFilter) -> ApiResult<Vec<SkillInfo>>;
    /// The user's answer to what may only be done if he agrees.
    async fn permit(&self, id: &str, answer: PermissionAnswer) -> ApiResult<()>;
    /// What waits for the user's word, then what he answered as far as it still holds, the newest first.
    async fn permissions(&self, filter: ProjectFilter) -> ApiResult<Vec<Permission>>;
    /// Takes an answer back: from now on it is asked again.
    async fn forget_permission(&self, id: &str) -> ApiResult<()>;
    /// What the model is woken for at set times, the next first.
    async fn schedules(&self, filter: ProjectFilter) -> ApiResult<Vec<Schedule>>;
    /// The MCP servers that the user and a project name, and how they are.
    async fn mcp_servers(&self, filter: ProjectFilter) -> ApiResult<McpServers>;
    /// Trusts a server of a project as its file has it. A conflict where the file says something else by now.
    async fn trust_mcp(&self, name: &str, request: McpTrust) -> ApiResult<()>;
    /// Takes the trust back; a server that runs ends.
    async fn distrust_mcp(&self, name: &str, filter: ProjectFilter) -> ApiResult<()>;
    /// All tools that can be called.
    async fn tool_list(&self) -> ApiResult<Vec<ToolInfo>>;
    /// Calls a tool. That the tool fails is no error of the API: see [`ToolOutput::is_error`].
    async fn tool_call(&self, call: ToolCall) -> ApiResult<ToolOutput>;
    /// What is watched in all projects, or one, named by its folder or slug.
    async fn signals(&self, project: Option<String>) -> ApiResult<Vec<ProjectSignals>>;
    /// Begins or ends a pause; outlives a restart. Answers as it is then, for the projects concerned.
    async fn pause_signals(&self, request: PauseRequest) -> ApiResult<Vec<ProjectSignals>>;
    /// A run of CI has ended: JSON or JUnit XML, as it would lie in the project's drop folder. Answers its status.
    async fn ci_finished(&self, project: &str, report: &[u8]) -> ApiResult<String>;
}
