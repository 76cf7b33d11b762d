//! A connection to one server.

use super::http::Over;
use super::spec::Launch;
use super::text::{of_blocks, of_resource, shortened};
use super::{ServerError, stdio};
use kairos_net::Ledger;
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, GetPromptRequestParams, Implementation, ProgressNotificationParam,
    ReadResourceRequestParams,
};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig};
use rmcp::{ClientHandler, RoleClient, ServiceError, ServiceExt};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// How long a server may take to start and to greet.
const GREETING: Duration = Duration::from_secs(30);
/// How long it may say nothing while it works.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a call may take in all, however much progress it tells of.
const LONGEST: Duration = Duration::from_secs(600);
/// Most tools of one server.
const MAX_TOOLS: usize = 64;
/// Most bytes of a tool's description.
const MAX_DESCRIPTION: usize = 1024;
/// Most bytes of a tool's schema.
const MAX_SCHEMA: usize = 8 << 10;

/// Where a server runs, and who writes down what is sent to it.
pub struct Place {
    /// The project's folder.
    pub folder: PathBuf,
    /// For requests that leave us.
    pub ledger: Arc<dyn Ledger>,
    /// For the ledger, such as `MCP server x of project y`.
    pub why: String,
}

/// A process of ours, and the last line of its standard error.
pub(super) struct Child {
    pub(super) process: tokio::process::Child,
    pub(super) said: Arc<Mutex<String>>,
}

impl Drop for Child {
    fn drop(&mut self) {
        // Whatever it has started ends with it.
        if let Some(group) = self.process.id().and_then(|id| rustix::process::Pid::from_raw(id as i32)) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// A tool, a resource or a prompt of a server, in its words, shortened.
#[derive(Debug, Clone, PartialEq)]
pub struct Remote {
    /// A tool's or a prompt's name; a resource's address.
    pub name: String,
    /// What it says that it is.
    pub description: String,
    /// Of a tool: a JSON Schema of its input.
    pub input_schema: Value,
}

/// What a server tells of its own accord.
struct Heard {
    tools_changed: AtomicBool,
    progress: Mutex<Instant>,
}

impl Heard {
    fn progress(&self) -> MutexGuard<'_, Instant> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a server may ask of us: nothing. Sampling, roots and questions to the user are refused.
#[derive(Clone)]
struct Ear(Arc<Heard>);

impl ClientHandler for Ear {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(ClientCapabilities::default(), Implementation::new("kairos-run", env!("CARGO_PKG_VERSION")))
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.0.tools_changed.store(true, Ordering::Relaxed);
    }

    async fn on_progress(&self, _: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        *self.0.progress() = Instant::now();
    }
}

/// Open until it is dropped; a process of ours ends with it.
pub struct Connection {
    service: RunningService<RoleClient, Ear>,
    heard: Arc<Heard>,
    tools: Mutex<Arc<Vec<Remote>>>,
    child: Option<Child>,
}

impl Connection {
    /// Starts or reaches a server, greets it, and asks for its tools. Takes at most 30 s.
    ///
    /// # Errors
    /// Where it can't be reached, or does not speak the protocol.
    pub async fn open(launch: Launch, place: Place) -> Result<Self, ServerError> {
        let heard = Arc::new(Heard { tools_changed: AtomicBool::new(true), progress: Mutex::new(Instant::now()) });
        let ear = Ear(heard.clone());
        let mut child = None;
        let greet = async {
            match launch {
                Launch::Stdio { command, args, env } => {
                    let (process, output, input) = stdio::start(&command, &args, &env, &place.folder)?;
                    child = Some(process);
                    ear.serve((output, input)).await
                }
                Launch::Http { url, headers } => {
                    let over = Over::new(&url, headers, place.ledger, place.why)?;
                    let config = StreamableHttpClientTransportConfig::with_uri(url);
                    ear.serve(StreamableHttpClientTransport::with_client(over, config)).await
                }
            }
            .map_err(|e| ServerError::Greeting(short(&e.to_string())))
        };
        let greeted = timeout(GREETING, greet).await.unwrap_or(Err(ServerError::Late(GREETING)));
        let service = match greeted {
            Ok(service) => service,
            Err(e @ ServerError::Greeting(_)) => return Err(told(child.as_ref()).map_or(e, ServerError::Gone)),
            Err(e) => return Err(e),
        };
        let connection = Self { service, heard, tools: Mutex::default(), child };
        connection.tools().await?;
        Ok(connection)
    }

    /// It ended, or the connection broke.
    pub fn is_closed(&self) -> bool {
        self.service.is_closed() || self.service.is_transport_closed()
    }

    /// Its tools as they are now. Asks only where it has said that they changed.
    ///
    /// # Errors
    /// Where it does not answer.
    pub async fn tools(&self) -> Result<Arc<Vec<Remote>>, ServerError> {
        if self.heard.tools_changed.swap(false, Ordering::Relaxed) {
            let offered = self.service.peer_info().is_some_and(|info| info.capabilities.tools.is_some());
            let all = if offered { self.wait(self.service.list_all_tools()).await } else { Ok(vec![]) };
            let all = all.inspect_err(|_| self.heard.tools_changed.store(true, Ordering::Relaxed))?;
            let fit = all.into_iter().filter_map(|tool| {
                let schema = Value::Object(tool.input_schema.as_ref().clone());
                let description = tool.description.as_deref().unwrap_or_default();
                let fits = schema.to_string().len() <= MAX_SCHEMA && is_plain(&tool.name);
                fits.then(|| Remote { name: tool.name.to_string(), description: described(description), input_schema: schema })
            });
            *self.kept() = Arc::new(fit.take(MAX_TOOLS).collect());
        }
        Ok(self.kept().clone())
    }

    fn kept(&self) -> MutexGuard<'_, Arc<Vec<Remote>>> {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a tool: its text, and whether it says that it failed. When nobody waits any more, the server is told to stop.
    ///
    /// # Errors
    /// Where it answers with an error of the protocol, too late, or not at all.
    pub async fn call(&self, tool: &str, input: Map<String, Value>) -> Result<(String, bool), ServerError> {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(input);
        let result = self.wait(self.service.call_tool(params)).await?;
        let mut text = of_blocks(&result.content);
        if text.is_empty() {
            text = result.structured_content.map(|value| shortened(value.to_string())).unwrap_or_default();
        }
        Ok((text, result.is_error.unwrap_or(false)))
    }

    /// Does it say that something can be read?
    pub fn has_resources(&self) -> bool {
        self.service.peer_info().is_some_and(|info| info.capabilities.resources.is_some())
    }

    /// What can be read.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn resources(&self) -> Result<Vec<Remote>, ServerError> {
        if !self.has_resources() {
            return Ok(vec![]);
        }
        let all = self.wait(self.service.list_all_resources()).await?;
        let one = |r: rmcp::model::Resource| {
            let description = format!("{}: {}", r.name, r.description.unwrap_or_default());
            Remote { name: r.uri, description: described(&description), input_schema: Value::Null }
        };
        Ok(all.into_iter().map(one).collect())
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn read(&self, uri: &str) -> Result<String, ServerError> {
        let read = self.wait(self.service.read_resource(ReadResourceRequestParams::new(uri))).await?;
        Ok(shortened(read.contents.iter().map(of_resource).collect::<Vec<_>>().join("\n")))
    }

    /// Its prompts.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn prompts(&self) -> Result<Vec<Remote>, ServerError> {
        let offered = self.service.peer_info().is_some_and(|info| info.capabilities.prompts.is_some());
        let all = if offered { self.wait(self.service.list_all_prompts()).await? } else { vec![] };
        let one = |p: rmcp::model::Prompt| Remote {
            name: p.name,
            description: described(&p.description.unwrap_or_default()),
            input_schema: serde_json::to_value(p.arguments).unwrap_or_default(),
        };
        Ok(all.into_iter().map(one).collect())
    }

    /// A prompt's text.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn prompt(&self, name: &str, arguments: Map<String, Value>) -> Result<String, ServerError> {
        let params = GetPromptRequestParams::new(name).with_arguments(arguments);
        let prompt = self.wait(self.service.get_prompt(params)).await?;
        let texts: Vec<String> = prompt.messages.iter().map(|m| of_blocks(std::slice::from_ref(&m.content))).collect();
        Ok(shortened(texts.join("\n\n")))
    }

    /// Waits for an answer, longer as long as there is progress. Who gives up tells the server so, by dropping the request.
    async fn wait<T>(&self, answer: impl Future<Output = Result<T, ServiceError>>) -> Result<T, ServerError> {
        *self.heard.progress() = Instant::now();
        let end = Instant::now() + LONGEST;
        let mut answer = std::pin::pin!(answer);
        loop {
            let until = (*self.heard.progress() + SILENCE).min(end);
            tokio::select! {
                answer = &mut answer => return answer.map_err(|e| self.failure(&e)),
                () = sleep_until(until) => match Instant::now() {
                    now if now >= end => return Err(ServerError::Late(LONGEST)),
                    now if now >= *self.heard.progress() + SILENCE => return Err(ServerError::Late(SILENCE)),
                    // There was progress meanwhile.
                    _ => {}
                },
            }
        }
    }

    fn failure(&self, error: &ServiceError) -> ServerError {
        match error {
            ServiceError::McpError(said) => ServerError::Said(short(&said.message)),
            ServiceError::TransportClosed => ServerError::Gone(told(self.child.as_ref()).unwrap_or_default()),
            other => ServerError::Gone(format!(": {}", short(&other.to_string()))),
        }
    }
}

/// The last words of a process of ours.
fn told(child: Option<&Child>) -> Option<String> {
    let said = child?.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (!said.is_empty()).then(|| format!("; its last words were: {said}"))
}

/// Models' servers want such names.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

fn described(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    clean[..clean.floor_char_boundary(MAX_DESCRIPTION)].to_owned()
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}
