//! All watchers of one project behind one handle.

use crate::ci::CiDrop;
use crate::files::{FileConfig, FileWatch, WatchStatus};
use crate::git::{GitConfig, GitWatch};
use crate::logs::{Clean, LogConfig, LogWatch};
use crate::queue::SignalQueue;
use crate::servers::Servers;
use crate::sessions::{SessionFolder, Sessions};
use crate::system::System;
use kairos_core::signal::Millis;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often disk, memory and other agents' sessions are looked at.
const OFTEN: Duration = Duration::from_secs(55);
/// How often servers are looked for, which costs the most.
const SELDOM: Duration = Duration::from_secs(600);

/// What to watch in a project. What is missing is switched off.
#[derive(Clone)]
pub struct WatchConfig {
    /// The project's folder.
    pub root: PathBuf,
    /// What all text of others goes through.
    pub clean: Clean,
    /// And what a command line goes through.
    pub clean_command: Clean,
    /// Its files.
    pub files: Option<FileConfig>,
    /// Its repository, if it has one.
    pub git: Option<GitConfig>,
    /// Log files.
    pub logs: Option<LogConfig>,
    /// The drop folder for results of CI.
    pub ci: bool,
    /// Where our own data are, whose disk is watched with the project's.
    pub system: Option<PathBuf>,
    /// Servers that run in the project.
    pub servers: bool,
    /// Where other agents keep their sessions of this project.
    pub sessions: Vec<SessionFolder>,
}

/// Watches a project until it is dropped; dropping waits for its threads, within reason: one may hang in its folder.
pub struct Watch {
    queue: SignalQueue,
    files: Option<FileWatch>,
    git: Option<GitWatch>,
    logs: Option<LogWatch>,
    looks: Mutex<Looks>,
}

/// What is looked at, because it sends no events.
struct Looks {
    ci: Option<CiDrop>,
    system: Option<System>,
    sessions: Option<Sessions>,
    servers: Option<Servers>,
    /// When disk, memory and sessions, and when servers are due.
    due: (Instant, Instant),
}

impl Watch {
    /// Starts all watchers; each appends to `queue`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(config: WatchConfig, queue: SignalQueue) -> std::io::Result<Self> {
        let WatchConfig { root, clean, clean_command, .. } = config;
        Ok(Self {
            files: config.files.map(|files| FileWatch::start(files, queue.clone())).transpose()?,
            git: config.git.map(|git| GitWatch::start(git, queue.clone())).transpose()?,
            logs: config.logs.map(|logs| LogWatch::start(logs, queue.clone())).transpose()?,
            looks: Mutex::new(Looks {
                ci: config.ci.then(|| CiDrop::new(&root, clean)),
                system: config.system.map(|data| System::new(&root, &data)),
                servers: config.servers.then(|| Servers::new(&root, clean_command)),
                sessions: (!config.sessions.is_empty()).then(|| Sessions::new(config.sessions)),
                due: (Instant::now(), Instant::now()),
            }),
            queue,
        })
    }

    /// How files are watched right now; none if they are not. Does no I/O.
    pub fn status(&self) -> Option<WatchStatus> {
        self.files.as_ref().map(FileWatch::status)
    }

    /// Compares git's state now, in the caller's thread.
    pub fn poll_git(&self) {
        if let Some(git) = &self.git {
            git.poll();
        }
    }

    /// Log files that are watched right now.
    pub fn log_files(&self) -> Vec<PathBuf> {
        self.logs.as_ref().map(LogWatch::files).unwrap_or_default()
    }

    /// Results of CI that were dropped by then were told already.
    pub fn ci_read_until(&self, time: Millis) {
        if let Some(ci) = &mut self.looks().ci {
            ci.read_until(time);
        }
    }

    /// Looks, in the caller's thread, at what sends no events, as often as each deserves; nothing during a pause. Answers the
    /// time of the newest result of CI that was told.
    pub fn look(&self) -> Option<Millis> {
        if self.queue.paused_until().is_some() {
            return None;
        }
        self.looks().look(&self.queue)
    }

    fn looks(&self) -> MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Looks {
    fn look(&mut self, queue: &SignalQueue) -> Option<Millis> {
        let now = Instant::now();
        if self.due.0 <= now {
            self.due.0 = now + OFTEN;
            if let Some(system) = &mut self.system {
                system.look(queue);
            }
            if let Some(sessions) = &mut self.sessions {
                sessions.look(queue);
            }
        }
        if self.due.1 <= now {
            self.due.1 = now + SELDOM;
            if let Some(servers) = &mut self.servers {
                servers.look(queue);
            }
        }
        self.ci.as_mut()?.look(queue)
    }
}
