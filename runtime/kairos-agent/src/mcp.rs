//! MCP servers of others, whose tools a project's turns may call.
//!
//! Which there are stands in two files: the user's own `mcp.json`, and the project's `.mcp.json`. Whoever wrote the project wrote the
//! latter, and it names programs to be run: so none of its servers is started before the user has trusted exactly this entry. A server
//! is started by the first turn that may need it, and ends when none needed it for a while.

use crate::ledger::Book;
use crate::now;
use kairos_api::{ApiError, ApiResult, ErrorKind, McpServer, McpServers, McpState, McpTrust};
use kairos_core::Millis;
use kairos_core::finding::one_line;
use kairos_core::ports::ProjectView;
use kairos_host::cache::content_hash;
use kairos_mcp::client::spec::{self, MAX_FILE};
use kairos_mcp::client::{Connection, Place, Remote, Spec};
use kairos_project::Project;
use kairos_store::UserDb;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The project's list.
const FILE: &str = ".mcp.json";
/// A server that no turn needed for so long ends.
const IDLE: Duration = Duration::from_secs(600);
/// After a failure it is left alone: so long at first, twice as long after each further one, an hour at most.
const PAUSE: Millis = 30_000;
const MAX_PAUSE: Millis = 3_600_000;
/// Most bytes of a tool's whole name: model servers take no longer ones.
const MAX_NAME: usize = 64;
/// Reads what a server has beside its tools.
const READ: &str = "read-resource";

/// The servers of one project. Clones share them.
#[derive(Clone)]
pub(crate) struct Servers(Arc<Inner>);

struct Inner {
    view: Project,
    slug: String,
    own: PathBuf,
    user: UserDb,
    open: Mutex<HashMap<String, Slot>>,
    /// One opens at a time, so that none is started twice.
    turn: tokio::sync::Mutex<()>,
}

enum Slot {
    Running { digest: String, connection: Arc<Connection>, used: Millis },
    Failed { digest: String, why: String, failures: u32, not_before: Millis },
}

impl Slot {
    fn digest(&self) -> &str {
        match self {
            Self::Running { digest, .. } | Self::Failed { digest, .. } => digest,
        }
    }
}

/// A server as its file has it.
struct Entry {
    spec: Spec,
    file: String,
    digest: String,
    trusted: bool,
}

/// A tool of a server, under the name by which models and rules know it.
#[derive(Clone)]
pub(crate) struct Offered {
    pub(crate) name: String,
    pub(crate) server: String,
    pub(crate) remote: Remote,
    connection: Arc<Connection>,
}

impl Servers {
    pub(crate) fn new(view: Project, slug: String, own: PathBuf, user: UserDb) -> Self {
        Self(Arc::new(Inner { view, slug, own, user, open: Mutex::default(), turn: Default::default() }))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn project(&self) -> String {
        self.0.view.root().display().to_string()
    }

    /// What the files name; the user's own entry stands before the project's of the same name.
    async fn entries(&self) -> ApiResult<(Vec<Entry>, Vec<String>)> {
        let own = self.0.own.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(own)).await;
        let own = read.ok().and_then(Result::ok);
        let bytes = self.0.view.read(FILE, 0, MAX_FILE as u32).await.ok();
        let theirs = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let (mut all, mut problems) = (Vec::<Entry>::new(), Vec::new());
        let files = [(self.0.own.display().to_string(), own, true), (FILE.to_owned(), theirs, false)];
        for (file, text, trusted) in files.into_iter().filter_map(|(file, text, own)| Some((file, text?, own))) {
            let (specs, wrong) = spec::parse(&text);
            problems.extend(wrong.into_iter().map(|why| format!("{file}: {}", one_line(&why))));
            for spec in specs {
                if all.iter().any(|entry| entry.spec.name == spec.name) {
                    continue;
                }
                let digest = content_hash(format!("{spec:?}").as_bytes());
                let trusted = trusted || {
                    let known = self.0.user.trusted_server(&self.project(), &spec.name).await;
                    known.map_err(crate::control::internal)?.as_deref() == Some(digest.as_str())
                };
                all.push(Entry { spec, file: file.clone(), digest, trusted });
            }
        }
        Ok((all, problems))
    }

    /// The tools of all servers that can be had now. Starts those that are trusted and not running; may take as long as they do.
    pub(crate) async fn ready(&self) -> Vec<Offered> {
        let _turn = self.0.turn.lock().await;
        let entries = match self.entries().await {
            Ok((entries, problems)) => {
                problems.iter().for_each(|problem| tracing::warn!("MCP: {problem}"));
                entries
            }
            Err(e) => {
                tracing::warn!("MCP servers can't be told: {e}");
                return Vec::new();
            }
        };
        let wanted: Vec<&Entry> = entries.iter().filter(|entry| entry.trusted).collect();
        let is_wanted = |name: &str, slot: &Slot| wanted.iter().any(|e| e.spec.name == name && e.digest == slot.digest());
        self.open().retain(|name, slot| is_wanted(name, slot));
        let all = futures_util::future::join_all(wanted.into_iter().map(|entry| self.of(entry))).await;
        all.into_iter().flatten().collect()
    }

    /// The tools of one server, if it can be had.
    async fn of(&self, entry: &Entry) -> Vec<Offered> {
        let name = &entry.spec.name;
        let failures = match self.open().get_mut(name) {
            Some(Slot::Running { connection, used, .. }) if !connection.is_closed() => {
                *used = now();
                Ok(connection.clone())
            }
            Some(Slot::Failed { not_before, .. }) if *not_before > now() => return Vec::new(),
            Some(Slot::Failed { failures, .. }) => Err(*failures),
            _ => Err(0),
        };
        let had = match failures {
            Ok(connection) => Ok(connection),
            Err(failures) => self.connect(entry).await.map_err(|why| (why, failures)),
        };
        let tools = match &had {
            Ok(connection) => connection.tools().await.map_err(|e| (e.to_string(), 0)),
            Err(why) => Err(why.clone()),
        };
        match (had, tools) {
            (Ok(connection), Ok(tools)) => offered(name, &connection, &tools),
            (_, Err((why, failures))) | (Err((why, failures)), _) => {
                tracing::warn!("the MCP server `{name}` can't be used: {}", one_line(&why));
                let pause = PAUSE.saturating_mul(1 << failures.min(7)).min(MAX_PAUSE);
                let (digest, not_before) = (entry.digest.clone(), now() + pause);
                self.open().insert(name.clone(), Slot::Failed { digest, why, failures: failures + 1, not_before });
                Vec::new()
            }
        }
    }

    async fn connect(&self, entry: &Entry) -> Result<Arc<Connection>, String> {
        let Entry { spec, digest, .. } = entry;
        let launch = spec.expanded(|name| std::env::var(name).ok()).map_err(|e| e.to_string())?;
        let place = Place {
            folder: self.0.view.root().to_path_buf(),
            ledger: Arc::new(Book(self.0.user.clone())),
            why: format!("MCP server {} of {}", spec.name, self.0.slug),
        };
        let connection = Arc::new(Connection::open(launch, place).await.map_err(|e| e.to_string())?);
        let slot = Slot::Running { digest: digest.clone(), connection: connection.clone(), used: now() };
        self.open().insert(spec.name.clone(), slot);
        tokio::spawn(self.clone().end_when_idle(spec.name.clone(), Arc::downgrade(&connection)));
        Ok(connection)
    }

    async fn end_when_idle(self, name: String, connection: std::sync::Weak<Connection>) {
        loop {
            tokio::time::sleep(IDLE).await;
            let Some(connection) = connection.upgrade() else { return };
            let mut open = self.open();
            match open.get(&name) {
                Some(Slot::Running { connection: running, used, .. }) if Arc::ptr_eq(running, &connection) => {
                    if *used + IDLE.as_millis() as Millis <= now() {
                        open.remove(&name);
                        return;
                    }
                }
                _ => return,
            }
        }
    }

    /// A prompt of a server's, which the user asks for as `/mcp__server__prompt value ...`; none where it is something else.
    pub(crate) async fn prompt(&self, said: &str) -> Option<Result<(String, String), String>> {
        let mut words = said.split_whitespace();
        let name = words.next()?.strip_prefix("/mcp__")?;
        let (server, prompt) = name.split_once("__")?;
        self.ready().await;
        let running = match self.open().get(server) {
            Some(Slot::Running { connection, .. }) => Some(connection.clone()),
            _ => None,
        };
        let Some(connection) = running else {
            return Some(Err(format!("there is no MCP server `{server}` that can be used: `kairos-run mcp list`")));
        };
        let work = async {
            let known = connection.prompts().await?;
            let arguments = known.iter().find(|p| p.name == prompt).map(|p| p.input_schema.clone()).unwrap_or_default();
            let names = arguments.as_array().into_iter().flatten().filter_map(|a| a["name"].as_str());
            let given: Map<String, Value> = names.zip(words).map(|(name, value)| (name.to_owned(), json!(value))).collect();
            connection.prompt(prompt, given).await
        };
        let told = work.await.map_err(|e| format!("the MCP server `{server}`: {e}"));
        Some(told.map(|text| (format!("prompt {prompt} of the MCP server {server}, which the user asked for"), text)))
    }

    /// How they all are.
    pub(crate) async fn list(&self) -> ApiResult<McpServers> {
        let (entries, problems) = self.entries().await?;
        let mut servers = Vec::new();
        for Entry { spec, file, digest, trusted } in entries {
            let (state, trouble, connection) = match self.open().get(&spec.name) {
                _ if !trusted => (McpState::Untrusted, None, None),
                Some(slot) if slot.digest() != digest => (McpState::Idle, None, None),
                Some(Slot::Running { connection, .. }) if !connection.is_closed() => {
                    (McpState::Running, None, Some(connection.clone()))
                }
                Some(Slot::Failed { why, .. }) => (McpState::Failed, Some(one_line(why)), None),
                _ => (McpState::Idle, None, None),
            };
            let tools = match &connection {
                Some(connection) => connection.tools().await.unwrap_or_default(),
                None => Arc::default(),
            };
            let tools = connection.iter().flat_map(|c| offered(&spec.name, c, &tools)).map(|o| o.name).collect();
            let line = one_line(&spec.line());
            servers.push(McpServer { name: spec.name, file, line, digest, state, tools, trouble });
        }
        Ok(McpServers { servers, problems })
    }

    /// The user trusts a server of the project, as he has seen it.
    pub(crate) async fn trust(&self, name: &str, request: &McpTrust) -> ApiResult<()> {
        let (entries, _) = self.entries().await?;
        let entry = entries.into_iter().find(|entry| entry.spec.name == name);
        let entry = entry.ok_or_else(|| nothing(name))?;
        if entry.digest != request.digest {
            let error = ApiError::new(ErrorKind::Conflict, format!("{FILE} says something else of `{name}` by now"));
            return Err(error.with_hint("kairos-run mcp list"));
        }
        self.open().remove(name);
        let kept = self.0.user.trust_server(&self.project(), name, &entry.digest, now()).await;
        kept.map_err(crate::control::internal)
    }

    /// He trusts it no longer.
    pub(crate) async fn distrust(&self, name: &str) -> ApiResult<()> {
        let was = self.0.user.distrust_server(&self.project(), name).await.map_err(crate::control::internal)?;
        self.open().remove(name);
        if was { Ok(()) } else { Err(nothing(name)) }
    }

    /// All of them end.
    pub(crate) fn stop(&self) {
        self.open().clear();
    }
}

impl Offered {
    /// Calls it: its text, and whether it says that it failed.
    pub(crate) async fn call(&self, input: Value) -> Result<(String, bool), String> {
        let Value::Object(input) = input else { return Err("the input is no object".into()) };
        let gone = |e: kairos_mcp::client::ServerError| format!("the MCP server `{}`: {e}", self.server);
        if self.remote.name != READ {
            return self.connection.call(&self.remote.name, input).await.map_err(gone);
        }
        let text = match input.get("uri").and_then(Value::as_str) {
            Some(uri) => self.connection.read(uri).await.map_err(gone)?,
            None => {
                let all = self.connection.resources().await.map_err(gone)?;
                all.iter().map(|r| format!("{} ({})", r.name, one_line(&r.description))).collect::<Vec<_>>().join("\n")
            }
        };
        Ok((text, false))
    }
}

/// Its tools under their whole names, and one that reads its resources.
fn offered(server: &str, connection: &Arc<Connection>, tools: &[Remote]) -> Vec<Offered> {
    let one = |remote: Remote| {
        let name = format!("mcp__{server}__{}", remote.name);
        Offered { name, server: server.to_owned(), remote, connection: connection.clone() }
    };
    let mut all: Vec<Offered> = tools.iter().cloned().map(one).filter(|o| o.name.len() <= MAX_NAME).collect();
    if connection.has_resources() {
        let input_schema = json!({
            "type": "object",
            "properties": {"uri": {"type": "string", "description": "Its address; all addresses are listed if not given."}},
        });
        let description = "Reads a resource of this server.".to_owned();
        all.push(one(Remote { name: READ.into(), description, input_schema }));
    }
    all
}

fn nothing(name: &str) -> ApiError {
    ApiError::not_found(format!("no MCP server `{name}` is named here")).with_hint("kairos-run mcp list")
}
