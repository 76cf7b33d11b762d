//! When a server was left running: it runs, and nobody is there. Pure.

const HOUR: u64 = 3_600_000;
/// Longer than from one working day to the next.
pub const ALONE: u64 = 20 * HOUR;
/// The host tells of each server once an hour; one that it was silent about for so long is gone.
pub const GONE: u64 = 2 * HOUR + HOUR / 2;
/// Servers that are remembered.
const MOST: usize = 30;
/// Something that the host tells of itself wakes an idle project for a moment: so close together it was no person.
const CLOSE: u64 = 90_000;

/// Since when nobody is there. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Presence {
    /// Since when nothing happened; 0: something does.
    pub since: u64,
    /// When idleness last ended, after `since`; 0: not.
    resumed: u64,
}

impl Presence {
    /// Reads what [`text`](Self::text) wrote.
    pub fn parse(text: &str) -> Self {
        let (since, resumed) = text.split_once(' ').unwrap_or_default();
        Self { since: since.parse().unwrap_or(0), resumed: resumed.parse().unwrap_or(0) }
    }

    /// As text.
    pub fn text(self) -> String {
        format!("{} {}", self.since, self.resumed)
    }

    /// Idleness began at `now`, and nothing had happened since `last`.
    pub fn idle(&mut self, last: u64) {
        // Woken by a signal of the host alone: still the same idleness.
        if self.since == 0 || (self.resumed != 0 && last > self.resumed + CLOSE) {
            self.since = last;
        }
        self.resumed = 0;
    }

    /// Something happened again.
    pub fn active(&mut self, now: u64) {
        self.resumed = now;
    }

    /// For how long nobody has been there.
    pub fn alone(self, now: u64) -> u64 {
        let away = self.since != 0 && (self.resumed == 0 || now.saturating_sub(self.resumed) <= CLOSE);
        if away { now.saturating_sub(self.since) } else { 0 }
    }
}

/// A server that is told at present.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    seen: u64,
    pid: u64,
    key: String,
}

/// The servers that are told at present.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Servers(Vec<Told>);

impl Servers {
    /// Reads what [`text`](Self::text) wrote.
    pub fn parse(text: &str) -> Self {
        let told = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            Some(Told { seen: parts.next()?.parse().ok()?, pid: parts.next()?.parse().ok()?, key: parts.next()?.into() })
        };
        Self(text.lines().filter_map(told).take(MOST).collect())
    }

    /// As text.
    pub fn text(&self) -> String {
        self.0.iter().map(|told| format!("{} {} {}\n", told.seen, told.pid, told.key)).collect()
    }

    /// A server runs since `since`. True when it has to be told; once.
    pub fn runs(&mut self, key: &str, pid: u64, since: u64, now: u64, presence: Presence) -> bool {
        if let Some(told) = self.0.iter_mut().find(|told| told.key == key && told.pid == pid) {
            told.seen = now;
            return false;
        }
        let left = presence.alone(now) >= ALONE && now.saturating_sub(since) >= ALONE;
        if left && self.0.len() < MOST {
            self.0.retain(|told| told.key != key);
            self.0.push(Told { seen: now, pid, key: key.into() });
        }
        left
    }

    /// Another process serves there now: what was told is over. True when something was.
    pub fn replaced(&mut self, key: &str, pid: u64) -> bool {
        let before = self.0.len();
        self.0.retain(|told| told.key != key || told.pid == pid);
        self.0.len() < before
    }

    /// Forgets what is gone, and names it.
    pub fn expire(&mut self, now: u64) -> Vec<String> {
        let gone = |told: &Told| now.saturating_sub(told.seen) >= GONE;
        let keys = self.0.iter().filter(|told| gone(told)).map(|told| told.key.clone()).collect();
        self.0.retain(|told| !gone(told));
        keys
    }

    /// When to look whether one is gone.
    pub fn next(&self) -> Option<u64> {
        self.0.iter().map(|told| told.seen + GONE).min()
    }
}

/// Is it one of the words of a list?
fn listed(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// A service of the machine, an editor's helper, or a container: nobody forgot it here.
pub fn is_service(command: &str) -> bool {
    const SERVICES: &str = "postgres postmaster mysqld mariadbd mongod redis-server memcached sshd cupsd dockerd docker-proxy containerd \
        nginx httpd apache2 systemd dnsmasq kairos-run rust-analyzer gopls clangd tsserver pyright code code-server \
        ollama llama-server syncthing rapportd ControlCenter";
    let program = command.split_whitespace().next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or(program).trim_end_matches(':');
    listed(SERVICES, program)
        || [".vscode", ".cursor", "language-server", "languageserver", "lsp", "copilot"].iter().any(|part| command.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: u64 = 1_800_000_000_000;

    #[test]
    fn left_alone_for_longer_than_a_night() {
        let mut presence = Presence::default();
        let mut servers = Servers::default();
        assert!(!servers.runs("server:3000", 1, T - 40 * HOUR, T, presence));
        presence.idle(T);
        assert!(!servers.runs("server:3000", 1, T, T + 16 * HOUR, presence));
        assert!(!servers.runs("server:3001", 2, T + 10 * HOUR, T + 21 * HOUR, presence));
        assert!(servers.runs("server:3000", 1, T, T + 20 * HOUR, presence));
        assert!(!servers.runs("server:3000", 1, T, T + 21 * HOUR, presence));
        assert_eq!(Servers::parse(&servers.text()), servers);
        assert!(servers.expire(T + 23 * HOUR).is_empty());
        assert_eq!(servers.expire(T + 21 * HOUR + GONE), ["server:3000"]);
    }

    #[test]
    fn a_signal_of_the_host_is_no_person() {
        let mut presence = Presence::default();
        presence.idle(T);
        // Each hour the signal itself ends idleness, which begins again after five minutes.
        for hour in 1..=20 {
            presence.active(T + hour * HOUR);
            assert_eq!(presence.alone(T + hour * HOUR + 1_000), hour * HOUR + 1_000);
            presence.idle(T + hour * HOUR + 2_000);
        }
        assert_eq!(Presence::parse(&presence.text()), presence);
        // Somebody came, and worked for half an hour.
        presence.active(T + 21 * HOUR);
        assert_eq!(presence.alone(T + 22 * HOUR), 0);
        presence.idle(T + 21 * HOUR + HOUR / 2);
        assert_eq!(presence.alone(T + 22 * HOUR), HOUR / 2);
    }

    #[test]
    fn services_are_not_left_behind() {
        for command in ["postgres: writer", "/usr/sbin/mysqld --x", "node /home/a/.vscode/server.js", "rust-analyzer", "sshd: a"]
        {
            assert!(is_service(command), "{command}");
        }
        for command in ["npm run dev", "python3 -m http.server", "cargo run", "./server --port 80", "vite"] {
            assert!(!is_service(command), "{command}");
        }
    }
}
