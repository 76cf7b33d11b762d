//! The server: a socket that only its owner can reach.

use crate::control::Control;
use crate::path::{SocketPathError, socket_path};
use crate::routes::router;
use axum::serve::Listener;
use std::fs::{self, DirBuilder, Permissions};
use std::future::Future;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream, unix};

/// How long answers in flight are waited for at the end.
const DRAIN: Duration = Duration::from_secs(2);

/// Why the socket can't be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process answers there.
    #[error("another kairos-run answers at {}; stop it first", .0.display())]
    AlreadyRunning(PathBuf),
    /// Something that is no socket is in the way.
    #[error("{} is in the way and is no socket; move it away", .0.display())]
    InTheWay(PathBuf),
    /// The folder belongs to somebody else, or others can enter it.
    #[error("the folder {} must belong to you alone; `chmod 700` it, or remove it", .0.display())]
    NotPrivate(PathBuf),
    /// The path is too long.
    #[error(transparent)]
    Path(#[from] SocketPathError),
    /// The system refused.
    #[error("can't listen at {}: {source}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A socket where clients wait until they are answered.
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
}

impl Server {
    /// Makes the socket. One that is there already is removed if nobody answers at it. `path` may be too long for a socket:
    /// see [`socket_path`].
    pub async fn bind(path: &Path) -> Result<Self, ServeError> {
        let path = socket_path(path)?;
        Ok(Self { listener: bind(&path).await?, path })
    }

    /// Answers at the socket until `shutdown` ends, then removes it.
    pub async fn serve(
        self,
        control: Arc<dyn Control>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let Self { listener, path } = self;
        let ours = fs::metadata(&path).ok().map(|m| (m.dev(), m.ino()));
        let (ending, ended) = tokio::sync::oneshot::channel::<()>();
        let server = axum::serve(Guarded(listener), router(control)).with_graceful_shutdown(async move {
            shutdown.await;
            let _ = ending.send(());
        });
        let result = tokio::select! {
            result = server => result,
            () = async { let _ = ended.await; tokio::time::sleep(DRAIN).await } => Ok(()),
        };
        // Another process may have put its own socket there in the meantime.
        if fs::metadata(&path).ok().map(|m| (m.dev(), m.ino())) == ours {
            let _ = fs::remove_file(&path);
        }
        result.map_err(|source| ServeError::Io { path, source })
    }
}

async fn bind(path: &Path) -> Result<UnixListener, ServeError> {
    let io = |source| ServeError::Io { path: path.to_path_buf(), source };
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
        let found = fs::symlink_metadata(folder).map_err(io)?;
        if !found.is_dir() || found.uid() != rustix::process::getuid().as_raw() || found.mode() & 0o077 != 0 {
            return Err(ServeError::NotPrivate(folder.to_path_buf()));
        }
    }
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(ServeError::InTheWay(path.to_path_buf())),
        Ok(_) => match UnixStream::connect(path).await {
            // A full queue of waiting connections means that somebody is there, too.
            Ok(_) => return Err(ServeError::AlreadyRunning(path.to_path_buf())),
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Err(ServeError::AlreadyRunning(path.to_path_buf())),
            Err(e) if e.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(io)?,
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(io(e)),
        },
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(io(e)),
    }
    let listener = UnixListener::bind(path).map_err(io)?;
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(io)?;
    Ok(listener)
}

/// Lets nobody in but the user who started the process, and root. The folder's mode says the same; this holds where
/// somebody loosened it.
struct Guarded(UnixListener);

impl Listener for Guarded {
    type Io = UnixStream;
    type Addr = unix::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.0).await;
            match stream.peer_cred() {
                Ok(peer) if may_enter(peer.uid()) => return (stream, address),
                Ok(peer) => tracing::warn!(uid = peer.uid(), "a connection of another user was refused"),
                Err(error) => tracing::warn!(%error, "a connection was refused: its user can't be told"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

fn may_enter(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::getuid().as_raw()
}
