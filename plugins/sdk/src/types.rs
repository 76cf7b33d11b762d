//! The contract's records, with builders. A builder cuts text that is over the contract's limit, because a report that
//! is over a limit is refused as a whole; everything else is passed on as it is.

pub use crate::bindings::buddy::exports::kairos::buddy::buddy::{Drawing, State as Mood};
pub use crate::bindings::detector::exports::kairos::detector::detector::{Evidence, Finding, Interest, Report, Urgency};
pub use crate::bindings::imports::kairos::host::git::{
    Change, ChangeKind, Commit, Comparison, FilePatch, Patch, Repository, Shown, Stash, Version, Withheld,
};
pub use crate::bindings::imports::kairos::host::project::{FileInfo, FileKind, Match, Page, SearchOptions};
pub use crate::bindings::imports::kairos::host::types::{Attribute, Error, ErrorCode, Signal};
pub use crate::bindings::manifest::exports::kairos::host::manifest::{Description, Request};
pub use crate::bindings::tool::exports::kairos::tool::tool::{Definition, Output};

/// `text` cut to at most `max` bytes on a character boundary, with `…` where something was cut.
pub fn fit(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_string();
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// The longest part of a long key that is kept as it is.
const KEY_HEAD: usize = 238;

fn head(key: &str) -> &str {
    let mut end = KEY_HEAD.min(key.len());
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    &key[..end]
}

/// A key of at most 256 bytes. A longer one keeps its beginning and ends in a hash of the whole, so that the same fact
/// keeps the same key.
pub fn fit_key(key: &str) -> String {
    if key.len() <= 256 {
        return key.to_string();
    }
    format!("{}~{:016x}", head(key), fnv(key.bytes()))
}

/// A hash that is the same in every build, as names in keys and state have to be: FNV-1a, 64 bits
/// (<http://www.isthe.com/chongo/tech/comp/fnv/>). Not one that withstands somebody who looks for collisions.
pub fn fnv(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// One line of at most `max` characters: control characters and line ends become spaces.
fn one_line(text: &str, max: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    if clean.chars().count() <= max {
        return clean.to_string();
    }
    let mut cut: String = clean.chars().take(max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

impl Error {
    /// An error of that kind, with a message for a person.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: fit(&message.into(), 1024) }
    }

    /// An argument is malformed.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, message)
    }

    /// Anything without a code of its own.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Other, message)
    }
}

impl Signal {
    /// A signal for tests: id 1, time 0, no attributes.
    pub fn new(kind: &str) -> Self {
        Self { id: 1, kind: kind.into(), time: 0, source: "kairos".into(), attributes: Vec::new(), body: String::new() }
    }

    /// Adds an attribute.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.attributes.push(Attribute { name: name.into(), value: value.to_string() });
        self
    }

    /// Sets the id.
    pub fn with_id(mut self, id: u64) -> Self {
        self.id = id;
        self
    }

    /// Sets the time, in milliseconds since 1970.
    pub fn at(mut self, time: u64) -> Self {
        self.time = time;
        self
    }

    /// Sets the body.
    pub fn with_body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// The first attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.name == name).map(|a| a.value.as_str())
    }

    /// An attribute as a number; none when it is missing or no number.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.attribute(name)?.parse().ok()
    }

    /// The attribute `path`: of what file this tells.
    pub fn path(&self) -> Option<&str> {
        self.attribute("path")
    }
}

impl Change {
    /// A change for tests: index against HEAD, work tree against index.
    pub fn new(path: &str, staged: Option<ChangeKind>, unstaged: Option<ChangeKind>) -> Self {
        Self { path: path.into(), renamed_from: None, committed: None, staged, unstaged }
    }

    /// Sets the old name of a renamed file.
    pub fn renamed_from(mut self, path: &str) -> Self {
        self.renamed_from = Some(path.into());
        self
    }
}

impl Interest {
    /// All signals of a kind, or of a prefix with `*`; `reason` is shown to the user who grants it.
    pub fn new(kind: &str, reason: &str) -> Self {
        Self { kind: kind.into(), paths: Vec::new(), reason: reason.into() }
    }

    /// Only signals whose path one of these globs matches.
    pub fn paths(mut self, globs: &[&str]) -> Self {
        self.paths = globs.iter().map(ToString::to_string).collect();
        self
    }
}

impl Description {
    /// Without requests. [`describe!`](crate::describe) takes name and version from `Cargo.toml`; `_` in the name becomes
    /// `-`, as a plugin's name wants it.
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self { name: name.replace('_', "-"), version: version.into(), summary: summary.into(), requests: Vec::new() }
    }

    /// Asks for a right; `reason` is shown to the user who grants it.
    pub fn request(mut self, capability: &str, scope: &[&str], reason: &str) -> Self {
        let scope = scope.iter().map(ToString::to_string).collect();
        self.requests.push(Request { capability: capability.into(), scope, reason: reason.into() });
        self
    }

    /// Asks to read all of the project's files and its git.
    pub fn reads_project(self, reason: &str) -> Self {
        self.request("project", &["**"], reason)
    }

    /// Asks to propose changes of the project's files; the user's rules judge each of them.
    pub fn edits_project(self, reason: &str) -> Self {
        self.request("edit", &["**"], reason)
    }

    /// Asks to read what is remembered of the project.
    pub fn reads_memory(self, reason: &str) -> Self {
        self.request("memory", &["read"], reason)
    }

    /// Asks to read that, and the claims that hold of the user in all projects.
    pub fn reads_users_memory(self, reason: &str) -> Self {
        self.request("memory", &["read", "user"], reason)
    }

    /// Asks for a language model, of which it may use so many tokens within 24 hours.
    pub fn asks_model(self, tokens_a_day: u32, reason: &str) -> Self {
        self.request("model", &[&tokens_a_day.to_string()], reason)
    }

    /// Asks to run commands that these patterns match: `git *`, `*` for any.
    pub fn runs_commands(self, patterns: &[&str], reason: &str) -> Self {
        self.request("process", patterns, reason)
    }

    /// Asks for pages of these hosts, by `wasi:http`: `example.org`, `*.example.org` for what is below it, `*` for any.
    pub fn reaches_hosts(self, hosts: &[&str], reason: &str) -> Self {
        self.request("net", hosts, reason)
    }
}

/// The description of the plugin in this crate: its name and version are the crate's.
#[macro_export]
macro_rules! describe {
    ($summary:expr) => {
        $crate::Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), $summary)
    };
}

impl Evidence {
    /// Any kind. `subject` is cut at 1 KiB, `excerpt` at 400 bytes and to one line.
    pub fn new(kind: &str, subject: &str, line: Option<u32>, excerpt: &str) -> Self {
        Self { kind: kind.into(), subject: fit(subject, 1024), line, excerpt: fit(&one_line(excerpt, 400), 400) }
    }

    /// A line of a file, from 1.
    pub fn file(path: &str, line: u32, excerpt: &str) -> Self {
        Self::new("file", path, Some(line), excerpt)
    }

    /// A file as a whole.
    pub fn whole_file(path: &str, excerpt: &str) -> Self {
        Self::new("file", path, None, excerpt)
    }

    /// A command line and a telling line of its output.
    pub fn command(command: &str, excerpt: &str) -> Self {
        Self::new("command", command, None, excerpt)
    }

    /// A revision or ref.
    pub fn git(revision: &str, excerpt: &str) -> Self {
        Self::new("git", revision, None, excerpt)
    }

    /// A signal.
    pub fn signal(signal: &Signal, excerpt: &str) -> Self {
        Self::new("signal", &signal.id.to_string(), None, excerpt)
    }
}

impl Finding {
    /// A fact of normal urgency. `key` names the fact ([`fit_key`] if it is long); `title` is cut at 120 characters.
    /// At least one [`evidence`](Self::evidence) has to follow.
    pub fn new(key: &str, title: &str) -> Self {
        Self {
            key: fit_key(key),
            title: one_line(title, 120),
            detail: String::new(),
            urgency: Urgency::Normal,
            evidence: Vec::new(),
            remedy: None,
        }
    }

    /// Plain text, cut at 4 KiB.
    pub fn detail(mut self, detail: &str) -> Self {
        self.detail = fit(detail, 4096);
        self
    }

    /// How much it matters.
    pub fn urgency(mut self, urgency: Urgency) -> Self {
        self.urgency = urgency;
        self
    }

    /// One more piece of evidence; what comes after the sixteenth is dropped.
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        if self.evidence.len() < 16 {
            self.evidence.push(evidence);
        }
        self
    }

    /// A command line or one sentence: what the user can do, cut at 400 bytes.
    pub fn remedy(mut self, remedy: &str) -> Self {
        self.remedy = Some(fit(remedy, 400));
        self
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

impl Report {
    /// Nothing found, nothing cleared.
    pub fn new() -> Self {
        Self { cleared: Vec::new(), findings: Vec::new(), wake_after: None }
    }

    /// Adds a finding. The host takes 100 a call: what comes after is dropped, so add what matters most first.
    pub fn finding(mut self, finding: Finding) -> Self {
        self.add(finding);
        self
    }

    /// Adds a finding; false when it was dropped because the report is full.
    pub fn add(&mut self, finding: Finding) -> bool {
        let room = self.findings.len() < 100;
        if room {
            self.findings.push(finding);
        }
        room
    }

    /// An earlier finding no longer holds; a key that ends in `*` names all that begin so. A prefix that is too long is
    /// shortened: it then clears more, and what still holds has to be reported again.
    pub fn clear(mut self, key: &str) -> Self {
        self.clear_key(key);
        self
    }

    /// As [`clear`](Self::clear).
    pub fn clear_key(&mut self, key: &str) {
        let key = match key.strip_suffix('*') {
            Some(prefix) => format!("{}*", head(prefix)),
            None => fit_key(key),
        };
        if self.cleared.len() < 1000 && !self.cleared.contains(&key) {
            self.cleared.push(key);
        }
    }

    /// Asks for a `kairos.wake` signal after so many seconds, brought into 60 to 604,800. 0 cancels an earlier wish.
    pub fn wake_after(mut self, seconds: u32) -> Self {
        self.wake_after = Some(if seconds == 0 { 0 } else { seconds.clamp(60, 604_800) });
        self
    }
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { globs: Vec::new(), literal: false, ignore_case: false, max_matches: 1000 }
    }
}

// The type is generated, so nothing can be derived on it alone.
#[allow(clippy::derivable_impls)]
impl Default for Repository {
    fn default() -> Self {
        Self {
            branch: None,
            head: None,
            operation: None,
            operation_since: None,
            upstream: None,
            ahead: 0,
            behind: 0,
            stashes: Vec::new(),
        }
    }
}

impl Output {
    /// Text alone, cut at 256 KiB.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        let truncated = text.len() > 256 * 1024;
        Self { text: fit(&text, 256 * 1024), structured: None, truncated }
    }

    /// The same as JSON.
    pub fn structured(mut self, json: impl Into<String>) -> Self {
        self.structured = Some(json.into());
        self
    }

    /// There was more than is shown.
    pub fn truncated(mut self, truncated: bool) -> Self {
        self.truncated |= truncated;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builders_keep_the_contracts_limits() {
        let long = "é\n".repeat(4000);
        let f = Finding::new(&long, &long).detail(&long).remedy(&long);
        let f = (0..20).fold(f, |f, _| f.evidence(Evidence::file(&long, 1, &long)));
        assert!(f.key.len() <= 256 && f.detail.len() <= 4096 && f.remedy.unwrap().len() <= 400);
        assert_eq!(f.title.chars().count(), 120);
        assert_eq!(f.evidence.len(), 16);
        assert!(f.evidence[0].subject.len() <= 1024 && f.evidence[0].excerpt.len() <= 400);
        assert!(!f.evidence[0].excerpt.contains('\n'));
    }

    #[test]
    fn a_long_key_stays_itself_and_is_cleared_by_its_prefix() {
        let path = "a/".repeat(300);
        assert_eq!(fit_key(&path), fit_key(&path));
        assert_ne!(fit_key(&format!("{path}1")), fit_key(&format!("{path}2")));
        let report = Report::new().clear(&format!("file:{path}*"));
        let prefix = report.cleared[0].strip_suffix('*').unwrap();
        assert!(fit_key(&format!("file:{path}:3")).starts_with(prefix));
    }
}
