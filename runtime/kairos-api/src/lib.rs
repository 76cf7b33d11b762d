//! The control API of a running `kairos-run`: its types, its server, its client. HTTP/1 and JSON over a unix socket.
//!
//! Invariants:
//! - what the running process can do for others is the trait [`Control`]; server and client are two ends of it, and
//!   neither knows who implements it;
//! - only the user who started the process, and root, get an answer: the folder is 0700, the socket 0600, and the
//!   peer's user id is checked at each connection;
//! - fields are only added, with `serde(default)`, so that a newer side reads an older one;
//! - what is answered is what the description (`GET /v1/openapi.json`) says: a route is registered with it, or not at all;
//! - every wait has an end, every body a limit.

mod ask;
mod channels;
mod client;
mod control;
mod conversation;
mod digest;
mod dreams;
mod error;
mod event;
mod inbox;
mod manners;
mod mcp;
mod openapi;
mod path;
mod plugins;
mod projects;
mod routes;
mod schedule;
mod server;
mod signals;
mod status;
mod tools;

pub use ask::{AskEvent, AskRequest, Conversation, Permission, PermissionAnswer, ProjectFilter};
pub use channels::{ChannelInfo, ChannelOutcome, ChannelTest, ChannelTestRequest};
pub use client::{Client, ClientError};
pub use control::Control;
pub use conversation::{CompactRequest, LeaveRequest, Leaving, ModelFilter, ModelInfo, Models, SkillInfo};
pub use digest::{Digest, DigestFilter, PluginDigest};
pub use dreams::{DreamFilter, DreamRequest, DreamStatus, DreamSteps, DreamStrategies, DreamSummary};
pub use error::{ApiError, ApiResult, ErrorKind};
pub use event::{DreamChange, Event, FindingChange, FindingGroup, MemoryChange, PluginChange, ProjectChange, TurnChange};
pub use inbox::{InboxAction, InboxDecision, InboxFilter, InboxItem, InboxStatus};
pub use manners::{Proactive, ProactiveRequest, ProactiveStatus};
pub use mcp::{McpServer, McpServers, McpState, McpTrust};
pub use path::{MAX_SOCKET_PATH, SocketPathError, socket_path};
pub use plugins::{Figures, GrantRequest, PluginInfo, PluginState};
pub use projects::{ProjectAdd, ProjectFile, ProjectTrust, TrustRequest};
pub use routes::{MAX_BODY, VERSION, VERSION_HEADER};
pub use schedule::Schedule;
pub use server::{ServeError, Server};
pub use signals::{CommandReport, PauseRequest, ProjectSignals, SignalFilter, SignalSource};
pub use status::{OpenFindings, ProjectStatus, Status, Watch};
pub use tools::{ToolCall, ToolInfo, ToolOutput};
