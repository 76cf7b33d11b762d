//! The client: one connection a request, so that a request which hangs spoils no other.

mod ask;
mod dreams;
mod mcp;
mod schedule;

use crate::path::{SocketPathError, socket_path};
use crate::routes::{STOP, VERSION, VERSION_HEADER, compatible};
use crate::{
    ApiError, ChannelInfo, ChannelTest, ChannelTestRequest, CommandReport, Digest, Event, GrantRequest, InboxDecision,
    InboxFilter, InboxItem, PauseRequest, PluginInfo, ProactiveRequest, ProactiveStatus, ProjectAdd, ProjectSignals,
    ProjectStatus, ProjectTrust, Status, ToolCall, ToolInfo, ToolOutput, TrustRequest,
};
use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::http::response::Parts;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use kairos_core::Millis;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(10);
/// For what may take a while: a tool, a large project.
const SLOW: Duration = Duration::from_secs(60);
/// Most bytes of an answer: far over any true one.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// Events that wait for the reader, and bytes of one: again far over any true one.
const EVENTS: usize = 256;
const MAX_EVENT: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers at the socket.
    #[error("kairos-run is not running (nobody answers at {})", .0.display())]
    NotRunning(PathBuf),
    /// The socket can't be reached for another reason.
    #[error("can't reach kairos-run at {}: {source}", path.display())]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No answer in time.
    #[error("kairos-run did not answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// It answered with an error.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The connection broke before the answer: the process ended meanwhile.
    #[error("kairos-run ended before it answered")]
    Interrupted,
    /// It answered something else than was agreed.
    #[error("what answers at the socket does not speak as kairos-run {VERSION} does: {0}")]
    Protocol(String),
    /// The path is too long.
    #[error(transparent)]
    Path(#[from] SocketPathError),
}

impl ClientError {
    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotRunning(_) | Self::Interrupted => {
                Some("start it with `kairos-run start`, or `kairos-run` to look on".into())
            }
            Self::Timeout(_) => Some("`kairos-run status` shows whether it is alive; `kairos-run restart` starts it anew".into()),
            Self::Api(e) => e.hint.clone(),
            Self::Protocol(_) => Some("kairos-run restart".into()),
            Self::Unreachable { .. } | Self::Path(_) => None,
        }
    }
}

/// Speaks to a running process.
#[derive(Debug, Clone)]
pub struct Client {
    path: PathBuf,
}

/// What a call of the client answers.
pub type ClientResult<T> = Result<T, ClientError>;

impl Client {
    /// Looks whether somebody answers. `path` may be too long for a socket: see [`socket_path`]. Takes at most 2 s.
    pub async fn connect(path: &Path) -> ClientResult<Self> {
        let client = Self { path: socket_path(path)? };
        client.stream().await?;
        Ok(client)
    }

    async fn stream(&self) -> ClientResult<UnixStream> {
        match timeout(CONNECT, UnixStream::connect(&self.path)).await {
            Ok(Ok(stream)) => Ok(stream),
            // The last one: it was killed at this very moment.
            Ok(Err(e)) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset) => {
                Err(ClientError::NotRunning(self.path.clone()))
            }
            Ok(Err(source)) => Err(ClientError::Unreachable { path: self.path.clone(), source }),
            Err(_) => Err(ClientError::Timeout(CONNECT)),
        }
    }

    async fn request<T: DeserializeOwned>(&self, method: Method, path: &str, body: Body, wait: Duration) -> ClientResult<T> {
        let stream = self.stream().await?;
        timeout(wait, exchange(stream, method, path, body)).await.map_err(|_| ClientError::Timeout(wait))?
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> ClientResult<T> {
        self.request(Method::GET, path, Body::empty(), ANSWER).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize, wait: Duration) -> ClientResult<T> {
        let body = serde_json::to_vec(body).map_err(protocol)?;
        self.request(Method::POST, path, Body::from(body), wait).await
    }

    /// See [`crate::Control::status`].
    pub async fn status(&self) -> ClientResult<Status> {
        self.get("/v1/status").await
    }

    /// See [`crate::Control::inbox_list`].
    pub async fn inbox_list(&self, filter: &InboxFilter) -> ClientResult<Vec<InboxItem>> {
        let mut query = Vec::new();
        if let Some(status) = filter.status {
            query.push(format!("status={}", status.as_str()));
        }
        if let Some(project) = &filter.project {
            query.push(format!("project={}", encode(project)));
        }
        if filter.suppressed {
            query.push("suppressed=true".into());
        }
        self.get(&format!("/v1/inbox?{}", query.join("&"))).await
    }

    /// See [`crate::Control::inbox_get`].
    pub async fn inbox_get(&self, id: &str) -> ClientResult<InboxItem> {
        self.get(&format!("/v1/inbox/{}", encode(id))).await
    }

    /// See [`crate::Control::inbox_act`].
    pub async fn inbox_act(&self, id: &str, decision: impl Into<InboxDecision>) -> ClientResult<InboxItem> {
        self.post(&format!("/v1/inbox/{}/action", encode(id)), &decision.into(), ANSWER).await
    }

    /// See [`crate::Control::plugin_list`].
    pub async fn plugin_list(&self) -> ClientResult<Vec<PluginInfo>> {
        self.get("/v1/plugins").await
    }

    /// See [`crate::Control::plugin_info`].
    pub async fn plugin_info(&self, name: &str) -> ClientResult<PluginInfo> {
        self.get(&format!("/v1/plugins/{}", encode(name))).await
    }

    /// See [`crate::Control::plugin_grant`].
    pub async fn plugin_grant(&self, name: &str, grant: &GrantRequest) -> ClientResult<PluginInfo> {
        self.post(&format!("/v1/plugins/{}/grant", encode(name)), grant, ANSWER).await
    }

    /// See [`crate::Control::plugin_revoke`].
    pub async fn plugin_revoke(&self, name: &str) -> ClientResult<PluginInfo> {
        self.verb(name, "revoke").await
    }

    /// See [`crate::Control::plugin_trust`].
    pub async fn plugin_trust(&self, name: &str) -> ClientResult<PluginInfo> {
        self.verb(name, "trust").await
    }

    /// See [`crate::Control::plugin_disable`].
    pub async fn plugin_disable(&self, name: &str) -> ClientResult<PluginInfo> {
        self.verb(name, "disable").await
    }

    /// See [`crate::Control::plugin_enable`].
    pub async fn plugin_enable(&self, name: &str) -> ClientResult<PluginInfo> {
        self.verb(name, "enable").await
    }

    /// See [`crate::Control::plugin_mute`].
    pub async fn plugin_mute(&self, name: &str) -> ClientResult<PluginInfo> {
        self.verb(name, "mute").await
    }

    /// See [`crate::Control::plugin_unmute`].
    pub async fn plugin_unmute(&self, name: &str) -> ClientResult<PluginInfo> {
        self.verb(name, "unmute").await
    }

    /// See [`crate::Control::proactive`].
    pub async fn proactive(&self) -> ClientResult<ProactiveStatus> {
        self.get("/v1/proactive").await
    }

    /// See [`crate::Control::set_proactive`].
    pub async fn set_proactive(&self, request: &ProactiveRequest) -> ClientResult<ProactiveStatus> {
        self.post("/v1/proactive", request, ANSWER).await
    }

    /// See [`crate::Control::channels`].
    pub async fn channels(&self) -> ClientResult<Vec<ChannelInfo>> {
        self.get("/v1/channels").await
    }

    /// See [`crate::Control::test_channels`]. Waits up to 60 s.
    pub async fn test_channels(&self, request: &ChannelTestRequest) -> ClientResult<Vec<ChannelTest>> {
        self.post("/v1/channels/test", request, SLOW).await
    }

    /// See [`crate::Control::digest`].
    pub async fn digest(&self, since: Millis) -> ClientResult<Digest> {
        self.get(&format!("/v1/digest?since={since}")).await
    }

    async fn verb(&self, name: &str, verb: &str) -> ClientResult<PluginInfo> {
        self.request(Method::POST, &format!("/v1/plugins/{}/{verb}", encode(name)), Body::empty(), ANSWER).await
    }

    /// All that are watched.
    pub async fn project_list(&self) -> ClientResult<Vec<ProjectStatus>> {
        self.get("/v1/projects").await
    }

    /// See [`crate::Control::project_add`]. A large project takes a while: waits up to 60 s.
    pub async fn project_add(&self, path: &str) -> ClientResult<ProjectStatus> {
        self.post("/v1/projects", &ProjectAdd { path: path.into() }, SLOW).await
    }

    /// See [`crate::Control::project_remove`].
    pub async fn project_remove(&self, project: &str) -> ClientResult<()> {
        self.request(Method::DELETE, &format!("/v1/projects/{}", encode(project)), Body::empty(), SLOW).await
    }

    /// See [`crate::Control::stop`]. Also a process of another version ends.
    pub async fn stop(&self) -> ClientResult<()> {
        self.request(Method::POST, STOP, Body::empty(), ANSWER).await
    }

    /// See [`crate::Control::events`]. The receiver ends with the process, or when the connection breaks.
    pub async fn events(&self) -> ClientResult<Receiver<Event>> {
        self.lines(Method::GET, "/v1/events", Body::empty()).await
    }

    /// One object a line, for as long as they come.
    async fn lines<T: DeserializeOwned + Send + 'static>(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> ClientResult<Receiver<T>> {
        let sent = timeout(ANSWER, send(self.stream().await?, method, path, body)).await;
        let (head, body) = sent.map_err(|_| ClientError::Timeout(ANSWER))??;
        if !head.status.is_success() {
            return Err(refusal(head.status, &collect(body).await?));
        }
        let (sender, receiver) = channel(EVENTS);
        tokio::spawn(read_lines(body, sender));
        Ok(receiver)
    }

    /// See [`crate::Control::project_trust`].
    pub async fn project_trust(&self, project: &str) -> ClientResult<ProjectTrust> {
        self.get(&format!("/v1/projects/{}/trust", encode(project))).await
    }

    /// See [`crate::Control::trust_project`].
    pub async fn trust_project(&self, project: &str, request: &TrustRequest) -> ClientResult<Vec<PluginInfo>> {
        self.post(&format!("/v1/projects/{}/trust", encode(project)), request, ANSWER).await
    }

    /// See [`crate::Control::distrust_project`].
    pub async fn distrust_project(&self, project: &str) -> ClientResult<ProjectTrust> {
        self.request(Method::DELETE, &format!("/v1/projects/{}/trust", encode(project)), Body::empty(), ANSWER).await
    }

    /// See [`crate::Control::command_finished`].
    pub async fn command_finished(&self, report: &CommandReport) -> ClientResult<()> {
        self.post("/v1/commands", report, ANSWER).await
    }

    /// See [`crate::Control::signals`].
    pub async fn signals(&self, project: Option<&str>) -> ClientResult<Vec<ProjectSignals>> {
        self.get(&format!("/v1/signals{}", of_project(project))).await
    }

    /// See [`crate::Control::pause_signals`].
    pub async fn pause_signals(&self, request: &PauseRequest) -> ClientResult<Vec<ProjectSignals>> {
        self.post("/v1/signals/pause", request, ANSWER).await
    }

    /// See [`crate::Control::ci_finished`].
    pub async fn ci_finished(&self, project: &str, report: Vec<u8>) -> ClientResult<String> {
        self.request(Method::POST, &format!("/v1/projects/{}/ci", encode(project)), Body::from(report), ANSWER).await
    }

    /// See [`crate::Control::tool_list`].
    pub async fn tool_list(&self) -> ClientResult<Vec<ToolInfo>> {
        self.get("/v1/tools").await
    }

    /// See [`crate::Control::tool_call`]. Waits up to 60 s.
    pub async fn tool_call(&self, call: &ToolCall) -> ClientResult<ToolOutput> {
        self.post("/v1/tools/call", call, SLOW).await
    }
}

fn protocol(error: impl std::fmt::Display) -> ClientError {
    ClientError::Protocol(error.to_string())
}

async fn exchange<T: DeserializeOwned>(stream: UnixStream, method: Method, path: &str, body: Body) -> ClientResult<T> {
    let (head, body) = send(stream, method, path, body).await?;
    let bytes = collect(body).await?;
    if !head.status.is_success() {
        return Err(refusal(head.status, &bytes));
    }
    let theirs = head.headers.get(VERSION_HEADER).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if path != STOP && !compatible(theirs, VERSION) {
        return Err(protocol(format!("its version is {theirs:?}")));
    }
    serde_json::from_slice(&bytes).map_err(protocol)
}

async fn send(stream: UnixStream, method: Method, path: &str, body: Body) -> ClientResult<(Parts, Incoming)> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(protocol)?;
    // It ends by itself as soon as the sender is gone and the answer is read.
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "kairos-run")
        .header("content-type", "application/json")
        .header(VERSION_HEADER, VERSION)
        .body(body)
        .map_err(protocol)?;
    Ok(sender
        .send_request(request)
        .await
        .map_err(|e| if broke(&e) { ClientError::Interrupted } else { protocol(e) })?
        .into_parts())
}

/// Did the connection break, which is what a process that ends leaves behind?
fn broke(e: &hyper::Error) -> bool {
    let cause = std::error::Error::source(e).and_then(|e| e.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    let reset = matches!(cause, Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::NotConnected));
    reset || e.is_incomplete_message() || e.is_closed()
}

async fn collect(body: Incoming) -> ClientResult<Bytes> {
    Ok(Limited::new(body, MAX_ANSWER).collect().await.map_err(protocol)?.to_bytes())
}

fn refusal(status: StatusCode, body: &[u8]) -> ClientError {
    match serde_json::from_slice::<ApiError>(body) {
        Ok(error) => ClientError::Api(error),
        Err(_) => protocol(format!("HTTP status {status}")),
    }
}

/// Hands on one object a line. What this version doesn't know is left out.
async fn read_lines<T: DeserializeOwned>(mut body: Incoming, sender: Sender<T>) {
    let mut buffer = Vec::new();
    loop {
        // Who no longer reads has closed the connection with it.
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = sender.closed() => return,
        };
        let Some(Ok(frame)) = frame else { return };
        let Ok(data) = frame.into_data() else { continue };
        buffer.extend_from_slice(&data);
        while let Some(end) = buffer.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = buffer.drain(..=end).collect();
            if let Ok(event) = serde_json::from_slice(&line)
                && sender.send(event).await.is_err()
            {
                return;
            }
        }
        if buffer.len() > MAX_EVENT {
            return;
        }
    }
}

/// The query that names a project.
fn of_project(project: Option<&str>) -> String {
    project.map(|name| format!("?project={}", encode(name))).unwrap_or_default()
}

/// For one segment of a path, or a value in a query.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => out.push(char::from(byte)),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_user_types_can_not_leave_its_segment() {
        assert_eq!(super::encode("a-1/../x?ü"), "a-1%2F%2E%2E%2Fx%3F%C3%BC");
    }
}
