//! What a plugin is, what it asks for, and what it may do.

use crate::signal::kind_matches;
use serde::{Deserialize, Serialize};

/// The four kinds. Read from the interfaces that a component exports; one component may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PluginKind {
    /// Looks at signals, reports findings.
    Detector,
    /// Does one thing on request.
    Tool,
    /// Proposes memory operations.
    Dream,
    /// Draws the terminal pet.
    Buddy,
}

impl PluginKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Detector, Self::Tool, Self::Dream, Self::Buddy];

    /// The name used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Tool => "tool",
            Self::Dream => "dream",
            Self::Buddy => "buddy",
        }
    }
}

/// A right that a plugin asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Request {
    /// `project`, `edit`, `signals`, `net`, `model`, `process`, `memory`, `secret`.
    pub capability: String,
    /// What of it: globs of paths, kinds of signals, host names.
    pub scope: Vec<String>,
    /// Why, in the plugin's words.
    pub reason: String,
}

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Lower-case kebab-case.
    pub name: String,
    /// A semantic version.
    pub version: String,
    /// One line.
    pub summary: String,
    /// What it asks for.
    pub requests: Vec<Request>,
}

/// Which signals a detector wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interest {
    /// A kind, or a prefix with `*`.
    pub kind: String,
    /// Globs; empty for any.
    pub paths: Vec<String>,
    /// Why, in the plugin's words.
    pub reason: String,
}

impl Interest {
    /// Signals about the plugin itself say nothing about the user and need no grant.
    pub fn is_free(&self) -> bool {
        self.kind.starts_with("kairos.")
    }
}

/// All that a plugin asks for: its requests, and the kinds of signals that its interests need.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Asked(pub Vec<Request>);

impl Asked {
    /// Requests and interests as one list, one entry a capability, scopes sorted.
    pub fn new(requests: &[Request], interests: &[Interest]) -> Self {
        let mut all: Vec<Request> = Vec::new();
        let signals = interests.iter().filter(|i| !i.is_free()).map(|i| Request {
            capability: "signals".into(),
            scope: vec![i.kind.clone()],
            reason: i.reason.clone(),
        });
        for r in requests.iter().filter(|r| r.capability != "signals").cloned().chain(signals) {
            match all.iter_mut().find(|a| a.capability == r.capability) {
                Some(a) => {
                    a.scope.extend(r.scope);
                    if !r.reason.is_empty() && !a.reason.contains(&r.reason) {
                        a.reason = if a.reason.is_empty() { r.reason } else { format!("{}; {}", a.reason, r.reason) };
                    }
                }
                None => all.push(r),
            }
        }
        for r in &mut all {
            r.scope.sort();
            r.scope.dedup();
        }
        all.sort();
        Self(all)
    }

    /// Nothing is asked for: the plugin may run at once.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Does this ask for nothing that `other` didn't ask for?
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.iter().all(|r| {
            other.0.iter().find(|o| o.capability == r.capability).is_some_and(|o| r.scope.iter().all(|s| o.scope.contains(s)))
        })
    }
}

/// Capabilities that this version can give. What it can't give is never recorded as granted: a later version that can
/// must ask again.
pub const AVAILABLE: [&str; 7] = ["edit", "memory", "model", "net", "process", "project", "signals"];

/// What the user allowed a plugin, by capability and scope.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant(pub Vec<(String, Vec<String>)>);

impl Grant {
    /// Everything that was asked for and is [`AVAILABLE`].
    pub fn all_of(asked: &Asked) -> Self {
        let available = asked.0.iter().filter(|r| AVAILABLE.contains(&r.capability.as_str()));
        Self(available.map(|r| (r.capability.clone(), r.scope.clone())).collect())
    }

    fn scope(&self, capability: &str) -> &[String] {
        self.0.iter().find(|(c, _)| c == capability).map_or(&[], |(_, s)| s)
    }
}

/// What a plugin may do: asked for ∩ granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Kinds of signals.
    pub signals: Vec<String>,
    /// Globs of paths below the project; empty: the project can't be read.
    pub project: Vec<String>,
    /// Which memory may be read: `read` for the project's, `user` for the user's.
    pub memory: Vec<String>,
    /// Tokens of a language model within a day.
    #[serde(default)]
    pub model: Vec<String>,
    /// Patterns of commands that it may ask to be run.
    #[serde(default)]
    pub process: Vec<String>,
    /// Globs of paths that it may propose to change.
    #[serde(default)]
    pub edit: Vec<String>,
    /// Hosts that it may ask for pages: `example.org`, `*.example.org` for what is below it, `*` for any.
    #[serde(default)]
    pub net: Vec<String>,
}

impl Rights {
    /// The one place where a right comes to be.
    pub fn effective(asked: &Asked, granted: &Grant) -> Self {
        let both =
            |capability: &str| -> Vec<String> {
                asked.0.iter().find(|r| r.capability == capability).map_or_else(Vec::new, |r| {
                    r.scope.iter().filter(|s| granted.scope(capability).contains(s)).cloned().collect()
                })
            };
        Self {
            signals: both("signals"),
            project: both("project"),
            memory: both("memory"),
            model: both("model"),
            process: both("process"),
            edit: both("edit"),
            net: both("net"),
        }
    }

    /// May signals of this kind be delivered?
    pub fn allows_signal(&self, kind: &str) -> bool {
        kind.starts_with("kairos.") || self.signals.iter().any(|p| kind_matches(p, kind))
    }

    /// May what is remembered of the project be read?
    pub fn allows_memory(&self) -> bool {
        self.memory.iter().any(|s| s == "read")
    }

    /// May the claims be read that hold of the user in all projects?
    pub fn allows_user_memory(&self) -> bool {
        self.memory.iter().any(|s| s == "user")
    }

    /// Tokens of a language model that it may use within a day; 0 where that is not granted.
    pub fn tokens_a_day(&self) -> u64 {
        self.model.iter().filter_map(|s| s.parse().ok()).max().unwrap_or(0)
    }

    /// What was asked for and isn't granted.
    pub fn missing(asked: &Asked, granted: &Grant) -> Vec<Request> {
        asked
            .0
            .iter()
            .filter_map(|r| {
                let scope: Vec<_> = r.scope.iter().filter(|s| !granted.scope(&r.capability).contains(s)).cloned().collect();
                (!scope.is_empty()).then(|| Request { scope, ..r.clone() })
            })
            .collect()
    }
}

/// Is this a plugin name: kebab-case, 1 to 64 characters, so that it can stand in a path, a table and a command line?
pub fn is_plugin_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        Asked::new(
            &[Request { capability: "project".into(), scope: vec!["**".into()], reason: "to read".into() }],
            &[
                Interest { kind: "file.*".into(), paths: vec![], reason: "to look".into() },
                Interest { kind: "kairos.loaded".into(), paths: vec![], reason: String::new() },
            ],
        )
    }

    #[test]
    fn rights_are_what_is_asked_for_and_granted() {
        let asked = asked();
        assert_eq!(Rights::effective(&asked, &Grant::default()), Rights::default());
        let more = Grant(vec![("project".into(), vec!["**".into(), "/etc".into()]), ("net".into(), vec!["*".into()])]);
        let rights = Rights::effective(&asked, &more);
        assert_eq!(rights.project, ["**"]);
        assert!(rights.signals.is_empty());
        assert!(!rights.allows_signal("file.created"));
        assert!(rights.allows_signal("kairos.loaded"));
        assert_eq!(Rights::missing(&asked, &more).len(), 1);
        assert!(Rights::missing(&asked, &Grant::all_of(&asked)).is_empty());
    }

    #[test]
    fn memory_is_read_by_who_asked_for_it_and_got_it() {
        let memory = |scope: &str| {
            Asked::new(&[Request { capability: "memory".into(), scope: vec![scope.into()], reason: String::new() }], &[])
        };
        let read = Grant::all_of(&memory("read"));
        assert!(Rights::effective(&memory("read"), &read).allows_memory());
        assert!(!Rights::effective(&memory("read"), &Grant::default()).allows_memory());
        assert!(!Rights::effective(&memory("write"), &read).allows_memory());
        assert!(!Rights::effective(&memory("read"), &read).allows_user_memory(), "the one is not the other");
        assert!(!Rights::effective(&Asked::default(), &read).allows_memory());
    }

    #[test]
    fn a_model_is_granted_by_the_number_of_its_tokens() {
        let model = |scope: &str| {
            Asked::new(&[Request { capability: "model".into(), scope: vec![scope.into()], reason: String::new() }], &[])
        };
        let granted = Grant::all_of(&model("20000"));
        assert_eq!(Rights::effective(&model("20000"), &granted).tokens_a_day(), 20_000);
        assert_eq!(Rights::effective(&model("20000"), &Grant::default()).tokens_a_day(), 0);
        assert_eq!(Rights::effective(&model("90000"), &granted).tokens_a_day(), 0, "more is another wish");
        assert_eq!(Rights::effective(&model("all"), &Grant::all_of(&model("all"))).tokens_a_day(), 0);
    }

    #[test]
    fn what_is_not_available_is_not_granted() {
        let secret =
            Asked::new(&[Request { capability: "secret".into(), scope: vec!["KEY".into()], reason: String::new() }], &[]);
        assert_eq!(Grant::all_of(&secret), Grant::default());
        assert_eq!(Rights::missing(&secret, &Grant::all_of(&secret)).len(), 1);
    }

    #[test]
    fn an_update_that_asks_for_more_is_seen() {
        let more = Asked::new(&[Request { capability: "net".into(), scope: vec!["a.b".into()], reason: String::new() }], &[]);
        assert!(!more.is_within(&asked()));
        assert!(asked().is_within(&asked()));
        assert!(Asked::default().is_within(&asked()));
    }

    #[test]
    fn names_can_stand_anywhere() {
        assert!(is_plugin_name("merge-conflicts"));
        for bad in ["", "../x", "A", "1a", "a b", "a-", &"a".repeat(65)] {
            assert!(!is_plugin_name(bad), "{bad}");
        }
    }
}
