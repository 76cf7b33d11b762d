//! The control API of a running `kairos-run`: its types, its server, its client. HTTP/1 and JSON over a unix socket.
//!
//! Invariants:
//! - what the running process can do for others is the trait [`Control`]; server and client are two ends of it, and
//!   neither knows who implements it;
//! - only the user who started the process, and root, get an answer: the folder is 0700, the socket 0600, and the
//!   peer's user id is checked at each connection;
//! - every wait has an end, every body a limit.

mod client;
mod control;
mod digest;
mod event;
mod manners;
mod path;
mod routes;
mod server;
mod signals;
mod types;

pub use client::{Client, ClientError};
pub use control::Control;
pub use digest::{Digest, DigestFilter, PluginDigest};
pub use event::{Event, FindingChange, FindingGroup, PluginChange, ProjectChange};
pub use manners::{Proactive, ProactiveRequest, ProactiveStatus};
pub use path::{MAX_SOCKET_PATH, SocketPathError, socket_path};
pub use routes::{MAX_BODY, VERSION, VERSION_HEADER};
pub use server::{ServeError, Server};
pub use signals::{PauseRequest, ProjectSignals, SignalFilter, SignalSource};
pub use types::{
    ApiError, ApiResult, CommandReport, ErrorKind, Figures, GrantRequest, InboxAction, InboxFilter, InboxItem, InboxStatus,
    OpenFindings, PluginInfo, PluginState, ProjectAdd, ProjectFile, ProjectStatus, ProjectTrust, Status, ToolCall, ToolInfo,
    ToolOutput, TrustRequest, Watch,
};
