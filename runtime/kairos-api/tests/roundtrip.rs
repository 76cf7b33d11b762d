//! Server and client over a real socket, with a `Control` that remembers what it was asked.
#![allow(missing_docs)]

use async_trait::async_trait;
use kairos_api::*;
use kairos_core::dream::{Dream, Reverted, State};
use kairos_core::permission::Scope;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<String>>,
}

impl Fake {
    fn note(&self, text: String) {
        self.asked.lock().unwrap().push(text);
    }
}

fn item(id: &str) -> InboxItem {
    serde_json::from_value(serde_json::json!({
        "id": id, "project": "/p", "plugin": "merge-conflicts", "key": "file:a", "title": "t", "detail": "", "urgency": "high",
        "evidence": [], "status": "open", "first_seen": 1, "last_seen": 2, "occurrences": 1, "times_reopened": 0
    }))
    .unwrap()
}

fn plugin(name: &str) -> ApiResult<PluginInfo> {
    Ok(serde_json::from_value(serde_json::json!({
        "name": name, "version": "1.0.0", "summary": "s", "kinds": ["detector"], "file": "", "origin": "standard",
        "content_hash": "00", "size": 1, "state": "running", "asked": [], "granted": [], "missing": [],
        "figures": {"calls": 0, "p50_us": 0, "p99_us": 0, "memory_bytes": 0, "faults": 0}
    }))
    .unwrap())
}

#[async_trait]
impl Control for Fake {
    async fn status(&self) -> ApiResult<Status> {
        Ok(Status {
            dreams: DreamStatus::default(),
            version: VERSION.into(),
            pid: 7,
            started: 1,
            projects: vec![],
            plugins: 3,
            started_by: None,
            proactive: ProactiveStatus::default(),
            disk: None,
        })
    }
    async fn inbox_list(&self, filter: InboxFilter) -> ApiResult<Vec<InboxItem>> {
        self.note(format!("{filter:?}"));
        Ok(vec![item("1"), item("2")])
    }
    async fn inbox_get(&self, id: &str) -> ApiResult<InboxItem> {
        Err(ApiError::not_found(format!("there is no finding `{id}`")).with_hint("`kairos-run inbox list --all`"))
    }
    async fn inbox_act(&self, id: &str, decision: InboxDecision) -> ApiResult<InboxItem> {
        self.note(format!("{id} {:?} {:?}", decision.action, decision.by));
        Ok(item(id))
    }
    async fn plugin_list(&self) -> ApiResult<Vec<PluginInfo>> {
        Ok(vec![plugin("a")?])
    }
    async fn plugin_info(&self, name: &str) -> ApiResult<PluginInfo> {
        plugin(name)
    }
    async fn plugin_grant(&self, name: &str, grant: GrantRequest) -> ApiResult<PluginInfo> {
        self.note(format!("grant {grant:?}"));
        plugin(name)
    }
    async fn plugin_revoke(&self, name: &str) -> ApiResult<PluginInfo> {
        self.note("revoke".into());
        plugin(name)
    }
    async fn plugin_trust(&self, name: &str) -> ApiResult<PluginInfo> {
        plugin(name)
    }
    async fn plugin_disable(&self, name: &str) -> ApiResult<PluginInfo> {
        plugin(name)
    }
    async fn plugin_enable(&self, name: &str) -> ApiResult<PluginInfo> {
        plugin(name)
    }
    async fn plugin_mute(&self, name: &str) -> ApiResult<PluginInfo> {
        plugin(name)
    }
    async fn plugin_unmute(&self, name: &str) -> ApiResult<PluginInfo> {
        self.note("unmute".into());
        plugin(name)
    }
    async fn proactive(&self) -> ApiResult<ProactiveStatus> {
        Ok(ProactiveStatus::default())
    }
    async fn set_proactive(&self, request: ProactiveRequest) -> ApiResult<ProactiveStatus> {
        Ok(ProactiveStatus { level: request.level.unwrap_or_default(), until: Some(request.until), ..ProactiveStatus::default() })
    }
    async fn channels(&self) -> ApiResult<Vec<ChannelInfo>> {
        Ok(vec![ChannelInfo { name: "desktop".into(), least: None, to: String::new(), off: Some("off".into()) }])
    }
    async fn test_channels(&self, request: ChannelTestRequest) -> ApiResult<Vec<ChannelTest>> {
        let (name, what) = (request.name.unwrap_or_default(), String::new());
        Ok(vec![ChannelTest { name, outcome: ChannelOutcome::Sent, what, remedy: None }])
    }
    async fn digest(&self, since: u64) -> ApiResult<Digest> {
        Ok(Digest { since, until: 9, ..Digest::default() })
    }
    async fn project_add(&self, path: &str) -> ApiResult<ProjectStatus> {
        Ok(ProjectStatus { path: path.into(), ..ProjectStatus::default() })
    }
    async fn project_remove(&self, project: &str) -> ApiResult<()> {
        self.note(format!("remove {project}"));
        Ok(())
    }
    fn events(&self) -> tokio::sync::mpsc::Receiver<Event> {
        let (sender, receiver) = tokio::sync::mpsc::channel(8);
        for count in 1..=3 {
            sender.try_send(Event::Dropped { count }).unwrap();
        }
        receiver
    }
    async fn stop(&self) -> ApiResult<()> {
        self.note("stop".into());
        Ok(())
    }
    async fn project_trust(&self, project: &str) -> ApiResult<ProjectTrust> {
        Ok(ProjectTrust { project: project.into(), ..ProjectTrust::default() })
    }
    async fn trust_project(&self, project: &str, request: TrustRequest) -> ApiResult<Vec<PluginInfo>> {
        self.note(format!("trust {project} {}", request.digest));
        Ok(vec![plugin("a@p")?])
    }
    async fn distrust_project(&self, project: &str) -> ApiResult<ProjectTrust> {
        self.note(format!("distrust {project}"));
        self.project_trust(project).await
    }
    async fn command_finished(&self, report: CommandReport) -> ApiResult<()> {
        self.note(report.command);
        Ok(())
    }
    async fn signals(&self, project: Option<String>) -> ApiResult<Vec<ProjectSignals>> {
        Ok(vec![ProjectSignals { project: project.unwrap_or_default(), ..ProjectSignals::default() }])
    }
    async fn pause_signals(&self, request: PauseRequest) -> ApiResult<Vec<ProjectSignals>> {
        Ok(vec![ProjectSignals { paused_until: request.until, ..ProjectSignals::default() }])
    }
    async fn ci_finished(&self, project: &str, report: &[u8]) -> ApiResult<String> {
        Ok(format!("{project} {}", report.len()))
    }
    async fn ask(&self, request: AskRequest) -> ApiResult<Receiver<AskEvent>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        self.note(format!("{request:?}"));
        sender.try_send(AskEvent::Text { text: "hi\nthere".into() }).unwrap();
        Ok(receiver)
    }
    async fn permit(&self, id: &str, answer: PermissionAnswer) -> ApiResult<()> {
        self.note(format!("{id} {answer:?}"));
        Ok(())
    }
    async fn schedules(&self, filter: ProjectFilter) -> ApiResult<Vec<Schedule>> {
        self.note(format!("schedules {filter:?}"));
        Ok(Vec::new())
    }
    async fn mcp_servers(&self, filter: ProjectFilter) -> ApiResult<McpServers> {
        self.note(format!("{filter:?}"));
        Ok(McpServers::default())
    }
    async fn trust_mcp(&self, name: &str, request: McpTrust) -> ApiResult<()> {
        self.note(format!("{name} {request:?}"));
        Ok(())
    }
    async fn distrust_mcp(&self, name: &str, filter: ProjectFilter) -> ApiResult<()> {
        self.note(format!("{name} {filter:?}"));
        Ok(())
    }
    async fn permissions(&self, filter: ProjectFilter) -> ApiResult<Vec<Permission>> {
        self.note(format!("{filter:?}"));
        Ok(vec![])
    }
    async fn conversations(&self, filter: ProjectFilter) -> ApiResult<Vec<Conversation>> {
        self.note(format!("conversations {filter:?}"));
        Ok(vec![])
    }
    async fn compact(&self, id: &str, request: CompactRequest) -> ApiResult<Receiver<AskEvent>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        self.note(format!("compact {id} {}", request.focus));
        sender.try_send(AskEvent::Compacted { before: 2, after: 1 }).unwrap();
        Ok(receiver)
    }
    async fn leave(&self, id: &str, request: LeaveRequest) -> ApiResult<()> {
        self.note(format!("leave {id} {:?}", request.why));
        Ok(())
    }
    async fn models(&self, filter: ModelFilter) -> ApiResult<Models> {
        self.note(format!("{filter:?}"));
        Ok(Models { chosen: filter.name, ..Models::default() })
    }
    async fn skills(&self, filter: ProjectFilter) -> ApiResult<Vec<SkillInfo>> {
        self.note(format!("skills {filter:?}"));
        Ok(vec![])
    }
    async fn forget_permission(&self, id: &str) -> ApiResult<()> {
        self.note(format!("forget {id}"));
        Ok(())
    }
    async fn tool_list(&self) -> ApiResult<Vec<ToolInfo>> {
        Ok(vec![])
    }
    async fn dream(&self, request: DreamRequest) -> ApiResult<Dream> {
        Ok(dreamt(format!("{request:?}")))
    }
    async fn dreams(&self, filter: DreamFilter) -> ApiResult<Vec<DreamSummary>> {
        Ok(vec![(&dreamt(format!("{filter:?}"))).into()])
    }
    async fn dream_show(&self, id: &str, filter: DreamFilter) -> ApiResult<Dream> {
        Ok(dreamt(format!("{id} {filter:?}")))
    }
    async fn dream_accept(&self, id: &str, steps: DreamSteps) -> ApiResult<Dream> {
        Ok(dreamt(format!("accept {id} {:?}", steps.operations)))
    }
    async fn dream_reject(&self, id: &str, _: DreamSteps) -> ApiResult<Dream> {
        Err(ApiError::new(ErrorKind::Conflict, format!("dream {id} is applied")))
    }
    async fn dream_revert(&self, id: &str, steps: DreamSteps) -> ApiResult<Reverted> {
        Ok(Reverted { dream: dreamt(format!("revert {id} {}", steps.merge)), conflicts: vec![] })
    }
    async fn dream_strategies(&self, _: DreamFilter) -> ApiResult<Vec<String>> {
        Ok(vec!["consolidate".into()])
    }
    async fn use_strategies(&self, request: DreamStrategies) -> ApiResult<Vec<String>> {
        Ok(request.strategies)
    }
    async fn tool_call(&self, call: ToolCall) -> ApiResult<ToolOutput> {
        Ok(ToolOutput { text: call.input.to_string(), ..ToolOutput::default() })
    }
}

fn dreamt(id: String) -> Dream {
    Dream {
        id,
        time: 5,
        strategies: vec![],
        state: State::Nothing,
        steps: vec![],
        skipped: vec![],
        position: String::new(),
        apart: Default::default(),
    }
}

struct Running {
    path: PathBuf,
    fake: Arc<Fake>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServeError>>,
    _folder: tempfile::TempDir,
}

async fn start() -> Running {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run/control.sock");
    let fake = Arc::new(Fake::default());
    let (stop, stopped) = oneshot::channel();
    let task = spawn(&path, fake.clone(), stopped).await.unwrap();
    Running { path, fake, stop, task, _folder: folder }
}

async fn spawn(
    path: &Path,
    fake: Arc<Fake>,
    stop: oneshot::Receiver<()>,
) -> Result<JoinHandle<Result<(), ServeError>>, ServeError> {
    let server = Server::bind(path).await?;
    Ok(tokio::spawn(server.serve(fake, async {
        let _ = stop.await;
    })))
}

async fn raw(path: &Path, request: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    // The server may answer and close before it has read all.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn what_the_client_asks_reaches_control_and_comes_back() {
    let running = start().await;
    let client = Client::connect(&running.path).await.unwrap();
    assert_eq!(client.status().await.unwrap().pid, 7);
    let filter = InboxFilter { status: Some(InboxStatus::Snoozed), project: Some("/a b&c".into()), suppressed: true };
    assert_eq!(client.inbox_list(&filter).await.unwrap().len(), 2);
    assert_eq!(client.inbox_list(&InboxFilter::default()).await.unwrap().len(), 2);
    assert_eq!(client.inbox_act("a/b", InboxAction::Snooze { until: 5 }).await.unwrap().id, "a/b");
    let grant = GrantRequest { capabilities: Some(vec!["project".into()]), follow_updates: true };
    assert_eq!(client.plugin_grant("x", &grant).await.unwrap().name, "x");
    client.plugin_revoke("x").await.unwrap();
    client.plugin_unmute("x").await.unwrap();
    assert_eq!(client.proactive().await.unwrap(), ProactiveStatus::default());
    let quiet = ProactiveRequest { level: Some(Proactive::Off), until: 7 };
    assert_eq!(client.set_proactive(&quiet).await.unwrap().level, Proactive::Off);
    assert_eq!(client.channels().await.unwrap()[0].name, "desktop");
    let test = ChannelTestRequest { name: Some("webhook".into()) };
    assert_eq!(client.test_channels(&test).await.unwrap()[0].name, "webhook");
    assert_eq!(client.digest(7).await.unwrap().since, 7);
    assert_eq!(client.project_add("/a b").await.unwrap().path, "/a b");
    client.project_remove("/a b").await.unwrap();
    let mut said = client.ask(&AskRequest { text: "hi".into(), ..AskRequest::default() }).await.unwrap();
    assert_eq!(said.recv().await, Some(AskEvent::Text { text: "hi\nthere".into() }));
    assert_eq!(said.recv().await, None);
    client.permit("a/b", PermissionAnswer { allow: true, scope: Scope::Day }).await.unwrap();
    assert!(client.permissions(&ProjectFilter { project: Some("/a b".into()) }).await.unwrap().is_empty());
    client.forget_permission("a/b").await.unwrap();
    assert!(client.conversations(&ProjectFilter::default()).await.unwrap().is_empty());
    let mut said = client.compact("a/b", &CompactRequest { focus: "c d".into(), ..CompactRequest::default() }).await.unwrap();
    assert_eq!(said.recv().await, Some(AskEvent::Compacted { before: 2, after: 1 }));
    client.leave("a/b", &LeaveRequest { project: None, why: Leaving::New }).await.unwrap();
    let whose = ModelFilter { project: Some("/a b".into()), name: Some("c&d".into()), ..ModelFilter::default() };
    assert_eq!(client.models(&whose).await.unwrap().chosen.unwrap(), "c&d");
    assert!(client.skills(&ProjectFilter::default()).await.unwrap().is_empty());
    assert!(client.schedules(&ProjectFilter::default()).await.unwrap().is_empty());
    let mut events = client.events().await.unwrap();
    for count in 1..=3 {
        assert_eq!(events.recv().await, Some(Event::Dropped { count }));
    }
    assert_eq!(events.recv().await, None, "the process has ended");
    let trust = TrustRequest { digest: "d1".into() };
    assert_eq!(client.trust_project("/a/b", &trust).await.unwrap()[0].name, "a@p");
    assert_eq!(client.distrust_project("/a/b").await.unwrap().project, "/a/b");
    let report = CommandReport {
        command: "make".into(),
        folder: "/p".into(),
        exit_code: 2,
        duration_ms: 1,
        source: "exec".into(),
        tail: String::new(),
    };
    client.command_finished(&report).await.unwrap();
    assert_eq!(client.signals(Some("/a b")).await.unwrap()[0].project, "/a b");
    assert_eq!(client.signals(None).await.unwrap()[0].project, "");
    let pause = PauseRequest { project: None, until: Some(9) };
    assert_eq!(client.pause_signals(&pause).await.unwrap()[0].paused_until, Some(9));
    assert_eq!(client.ci_finished("/p", b"<testsuite/>".to_vec()).await.unwrap(), "/p 12");
    let call = ToolCall { tool: "t".into(), input: serde_json::json!({"a": 1}), project: None };
    assert_eq!(client.tool_call(&call).await.unwrap().text, r#"{"a":1}"#);
    assert_eq!(
        *running.fake.asked.lock().unwrap(),
        [
            format!("{filter:?}"),
            format!("{:?}", InboxFilter::default()),
            "a/b Snooze { until: 5 } None".into(),
            format!("grant {grant:?}"),
            "revoke".into(),
            "unmute".into(),
            "remove /a b".into(),
            format!("{:?}", AskRequest { text: "hi".into(), ..AskRequest::default() }),
            "a/b PermissionAnswer { allow: true, scope: Day }".into(),
            "ProjectFilter { project: Some(\"/a b\") }".into(),
            "forget a/b".into(),
            "conversations ProjectFilter { project: None }".into(),
            "compact a/b c d".into(),
            "leave a/b New".into(),
            format!("{whose:?}"),
            "skills ProjectFilter { project: None }".into(),
            "schedules ProjectFilter { project: None }".into(),
            "trust /a/b d1".into(),
            "distrust /a/b".into(),
            "make".into()
        ]
    );
    let error = client.inbox_get("9").await.unwrap_err();
    assert_eq!(error.to_string(), "there is no finding `9`");
    assert_eq!(error.hint().unwrap(), "`kairos-run inbox list --all`");
}

#[tokio::test]
async fn the_socket_is_private_and_goes_away_at_the_end() {
    let running = start().await;
    let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&running.path), 0o600);
    assert_eq!(mode(running.path.parent().unwrap()), 0o700);
    running.stop.send(()).unwrap();
    running.task.await.unwrap().unwrap();
    assert!(!running.path.exists());
    assert!(matches!(Client::connect(&running.path).await, Err(ClientError::NotRunning(_))));
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let running = start().await;
    let (_keep, never) = oneshot::channel();
    let second = spawn(&running.path, Arc::default(), never).await;
    assert!(matches!(second, Err(ServeError::AlreadyRunning(_))), "{second:?}");
    assert!(Client::connect(&running.path).await.is_ok(), "the first one still answers");

    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let stale = folder.path().join("s");
    drop(UnixListener::bind(&stale).unwrap());
    assert!(matches!(Client::connect(&stale).await, Err(ClientError::NotRunning(_))));
    let (stop, stopped) = oneshot::channel();
    stop.send(()).unwrap();
    spawn(&stale, Arc::default(), stopped).await.unwrap().await.unwrap().unwrap();

    std::fs::write(&stale, "my notes").unwrap();
    let (_keep, never) = oneshot::channel();
    assert!(matches!(spawn(&stale, Arc::default(), never).await, Err(ServeError::InTheWay(_))));
    assert_eq!(std::fs::read_to_string(&stale).unwrap(), "my notes");
}

#[tokio::test]
async fn an_open_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (_keep, never) = oneshot::channel();
    let result = spawn(&folder.path().join("s"), Arc::default(), never).await;
    assert!(matches!(result, Err(ServeError::NotPrivate(_))), "{result:?}");
}

#[tokio::test]
async fn bad_requests_get_a_clear_error() {
    let running = start().await;
    let post = |address: &str, body: &str| {
        let length = body.len();
        format!("POST {address} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
    };
    let answer = raw(&running.path, &post("/v1/inbox/1/action", "{\"action\":\"explode\"}")).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("malformed"), "{answer}");
    assert!(answer.to_lowercase().contains(&format!("{VERSION_HEADER}: {VERSION}")), "{answer}");
    let answer = raw(&running.path, &post("/v1/plugins/a/eat", "")).await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("no such address"), "{answer}");
    let answer = raw(&running.path, &post("/v1/status", "")).await;
    assert!(answer.starts_with("HTTP/1.1 405") && answer.contains("another method"), "{answer}");
    let answer = raw(&running.path, b"GET /v1/inbox?status=eaten HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let big = post("/v1/commands", &format!("\"{}\"", "x".repeat(MAX_BODY)));
    let answer = raw(&running.path, &big).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let other = "GET /v1/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\nkairos-run-version: 99.0.0\r\n\r\n";
    let answer = raw(&running.path, other.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 426") && answer.contains("99.0.0"), "{answer}");
    assert!(Client::connect(&running.path).await.unwrap().status().await.is_ok(), "the server goes on");
}

#[tokio::test]
async fn the_api_describes_itself() {
    let running = start().await;
    let answer = raw(&running.path, b"GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("application/json"), "{head}");
    let api: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(api["info"]["version"], VERSION);
    assert!(api["paths"]["/v1/openapi.json"]["get"].is_object());
}

#[tokio::test]
async fn what_is_no_kairos_run_is_told_from_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        }
    });
    let error = Client::connect(&path).await.unwrap().status().await.unwrap_err();
    assert!(matches!(error, ClientError::Protocol(_)), "{error}");
}

#[test]
fn events_are_tagged() {
    let event = Event::Finding {
        change: FindingChange::New,
        item: Box::new(item("1")),
        announced: true,
        why: "high".into(),
        group: None,
    };
    let json = serde_json::to_value(&event).unwrap();
    assert_eq!((&json["event"], &json["change"]), (&"finding".into(), &"new".into()));
    assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
}

#[tokio::test]
async fn a_dream_is_looked_at_and_decided() {
    let running = start().await;
    let client = Client::connect(&running.path).await.unwrap();
    let of = DreamFilter { project: Some("/a b".into()) };
    assert_eq!(client.dreams(&of).await.unwrap()[0].id, format!("{of:?}"));
    assert_eq!(client.dream_show("20261121-030000", &of).await.unwrap().id, format!("20261121-030000 {of:?}"));
    let steps = DreamSteps { operations: vec![2], merge: true, ..DreamSteps::default() };
    assert_eq!(client.dream_accept("d", &steps).await.unwrap().id, "accept d [2]");
    assert_eq!(client.dream_revert("d", &steps).await.unwrap().dream.id, "revert d true");
    assert!(matches!(client.dream_reject("d", &steps).await, Err(ClientError::Api(e)) if e.kind == ErrorKind::Conflict));
    // Which is no dream's id.
    assert_eq!(client.dream_strategies(&of).await.unwrap(), ["consolidate"]);
    let request = DreamStrategies { strategies: vec!["forget".into()], ..DreamStrategies::default() };
    assert_eq!(client.use_strategies(&request).await.unwrap(), ["forget"]);
}
