//! Servers that run in the project: programs of this user that wait for connections and whose working folder is in it.

use crate::logs::Clean;
use crate::queue::SignalQueue;
use kairos_core::signal::{Millis, Signal};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[cfg_attr(target_os = "linux", path = "servers/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "servers/other.rs")]
mod platform;

/// A server that goes on running is told again after so long.
const AGAIN: Millis = 3_600_000;
/// Servers that are told of in one look; far over any true number.
const MAX_SERVERS: usize = 32;
/// Bytes of a command line that are told.
const MAX_COMMAND: usize = 400;

/// A program that waits for connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub pid: u32,
    /// The lowest of its ports.
    pub port: u16,
    /// As it was started.
    pub command: String,
    /// When, in milliseconds since 1970.
    pub since: Millis,
}

/// Looks when it is asked to.
pub(crate) struct Servers {
    root: PathBuf,
    clean: Clean,
    /// When each was told, by process and its beginning: a process id is used again.
    told: BTreeMap<(u32, Millis), Millis>,
}

impl Servers {
    pub fn new(root: &Path, clean: Clean) -> Self {
        Self { root: root.canonicalize().unwrap_or_else(|_| root.into()), clean, told: BTreeMap::new() }
    }

    pub fn look(&mut self, queue: &SignalQueue) {
        let found = platform::find(&self.root);
        self.tell(found, crate::now(), queue);
    }

    fn tell(&mut self, mut found: Vec<Server>, now: Millis, queue: &SignalQueue) {
        found.sort_by_key(|s| (s.since, s.pid));
        found.truncate(MAX_SERVERS);
        self.told.retain(|key, _| found.iter().any(|s| is_same(*key, s)));
        for server in found {
            let known = self.told.keys().find(|key| is_same(**key, &server)).copied();
            let last = self.told.entry(known.unwrap_or((server.pid, server.since))).or_default();
            // A clock that was set back must not silence it for longer.
            if *last <= now && now - *last < AGAIN {
                continue;
            }
            *last = now;
            let command = kairos_core::finding::one_line(&(self.clean)(&server.command));
            queue.push(
                Signal::new("server.running", "servers", now)
                    .with("command", &command[..command.floor_char_boundary(MAX_COMMAND)])
                    .with("pid", server.pid)
                    .with("port", server.port)
                    .with("since-ms", server.since),
            );
        }
    }
}

/// When it began is known from its age, so it may differ a little from look to look.
fn is_same((pid, since): (u32, Millis), server: &Server) -> bool {
    pid == server.pid && since.abs_diff(server.since) < 5000
}

/// What it says can be understood anywhere.
#[cfg(all(test, target_os = "linux"))]
#[path = "servers/other.rs"]
mod other;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_server_is_told_once_an_hour_without_its_secrets() {
        let queue = SignalQueue::default();
        let clean: Clean = Arc::new(|text| text.replace("hunter2", "[redacted]"));
        let mut servers = Servers::new(Path::new("/p"), clean);
        let server = |pid, since| Server { pid, port: 8000, command: "serve\n--token=hunter2".into(), since };
        let mut told = |found: Vec<Server>, now| {
            servers.tell(found, now, &queue);
            queue.drain().signals
        };
        let first = told(vec![server(7, 5)], 10_000_000);
        assert_eq!(first[0].attribute("command"), Some("serve --token=[redacted]"));
        assert_eq!((first[0].attribute("pid"), first[0].attribute("since-ms")), (Some("7"), Some("5")));
        assert!(told(vec![server(7, 5)], 10_000_000 + AGAIN - 1).is_empty());
        // Another program under the same number is another server.
        assert!(told(vec![server(7, 700)], 10_000_000 + AGAIN - 1).is_empty());
        assert_eq!(told(vec![server(7, 60_000)], 10_000_000 + AGAIN - 1).len(), 1);
        assert_eq!(told(vec![server(7, 60_000)], 10_000_000 + 2 * AGAIN).len(), 1);
        assert_eq!(told(vec![server(7, 60_000)], 5).len(), 1, "the clock was set back");
        assert!(told(Vec::new(), 6).is_empty() && servers.told.is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_that_listens_in_the_folder_is_found_and_others_are_not() {
        // The test program itself listens, in the folder of the crate.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let here = std::env::current_dir().unwrap();
        let mine = |root: &Path| platform::find_all(root).into_iter().find(|s| s.pid == std::process::id());
        let found = mine(&here).unwrap();
        assert!(found.port <= port && found.command.contains("kairos_signals"), "{found:?}");
        assert!(found.since <= crate::now() + 1000 && found.since + 3_600_000 > crate::now(), "{found:?}");
        assert_eq!(mine(&here.join("src")), None);
        assert!(platform::find(&here).iter().all(|s| s.pid != std::process::id()), "not ourselves");
    }
}
