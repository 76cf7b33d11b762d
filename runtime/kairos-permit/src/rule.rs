//! One rule: what it says, and where it stands.

use crate::wildcard::{TextPattern, matches};
use std::fmt;
use std::sync::Arc;

/// Which list a rule is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum List {
    Deny,
    Ask,
    Allow,
}

impl List {
    /// As settings files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Ask => "ask",
            Self::Allow => "allow",
        }
    }
}

/// A rule as a person finds it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRef {
    /// The file, or what else it is from.
    pub file: Arc<str>,
    /// From 1; 0 where it is not known.
    pub line: usize,
    /// In which list.
    pub list: List,
    /// As it is written.
    pub text: String,
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({} in {}", self.text, self.list.name(), self.file)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        f.write_str(")")
    }
}

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A pattern of paths; none for all.
    Read(Option<String>),
    /// The same, for writing.
    Edit(Option<String>),
    Command(TextPattern),
    Fetch(Host),
    /// `mcp__server`, `mcp__server__*`, any other tool by its name.
    Tool(String),
}

/// Which hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    All,
    /// `example.org`.
    One(String),
    /// `*.example.org`: what is below it.
    Below(String),
}

impl Host {
    fn new(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('.').to_ascii_lowercase();
        let fits = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        match text.strip_prefix("*.") {
            _ if text == "*" => Some(Self::All),
            Some(rest) if fits(rest) => Some(Self::Below(format!(".{rest}"))),
            None if fits(&text) => Some(Self::One(text)),
            _ => None,
        }
    }

    /// `host` in lower case, without the dot at its end.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => host == one,
            Self::Below(end) => host.ends_with(end.as_str()) && host.len() > end.len(),
        }
    }
}

/// Is a host, in lower case and without a dot at its end, among these: `example.org`, `*.example.org` for what is below it, `*` for any?
pub fn is_among(host: &str, patterns: &[String]) -> bool {
    patterns.iter().filter_map(|pattern| Host::new(pattern)).any(|pattern| pattern.matches(host))
}

/// Does a rule for a tool of this name match? `mcp__server` is all of a server.
pub(crate) fn names(rule: &str, tool: &str) -> bool {
    if rule.contains('*') {
        return matches(rule, tool);
    }
    tool == rule
        || (rule.starts_with("mcp__") && tool.strip_prefix(rule).is_some_and(|rest| rest.starts_with("__") && rest.len() > 2))
}

/// Reads a rule.
///
/// # Errors
/// What is wrong; and what a rule that forbids has to be taken for then, so that a slip of the pen opens nothing.
pub(crate) fn parse(text: &str) -> Result<Subject, (String, Option<Subject>)> {
    let text = text.trim();
    let (tool, inside) = match text.split_once('(') {
        None => (text, None),
        Some((tool, rest)) => match rest.strip_suffix(')') {
            Some(inside) => (tool.trim_end(), Some(inside.trim()).filter(|i| !i.is_empty())),
            None => return Err(("the `)` is missing".into(), all_of(tool.trim_end()))),
        },
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.*:".contains(c);
    if tool.is_empty() || !tool.chars().all(fits) {
        return Err(("it does not begin with the name of a tool".into(), None));
    }
    match (tool, inside) {
        ("WebFetch", Some(inside)) => match inside.strip_prefix("domain:").and_then(Host::new) {
            Some(host) => Ok(Subject::Fetch(host)),
            None => Err(("write it as `WebFetch(domain:example.org)`".into(), all_of(tool))),
        },
        (_, inside) => match (all_of(tool), inside) {
            (Some(Subject::Read(_)), inside) => Ok(Subject::Read(inside.map(String::from))),
            (Some(Subject::Edit(_)), inside) => Ok(Subject::Edit(inside.map(String::from))),
            (Some(Subject::Command(_)), Some(inside)) => Ok(Subject::Command(TextPattern::new(inside))),
            (Some(all), None) => Ok(all),
            (all, Some(_)) => Err((format!("`{tool}` is known by its name alone: leave the brackets out"), all)),
            (None, None) => Err(("it names no tool".into(), None)),
        },
    }
}

/// Everything that a tool could do.
fn all_of(tool: &str) -> Option<Subject> {
    Some(match tool {
        "" => return None,
        "Read" | "Grep" | "Glob" | "LS" | "NotebookRead" => Subject::Read(None),
        "Edit" | "Write" | "MultiEdit" | "NotebookEdit" => Subject::Edit(None),
        "Bash" => Subject::Command(TextPattern::All),
        "WebFetch" => Subject::Fetch(Host::All),
        _ => Subject::Tool(tool.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_they_are_known() {
        assert_eq!(parse("Bash"), Ok(Subject::Command(TextPattern::All)));
        assert_eq!(parse("Bash(*)"), Ok(Subject::Command(TextPattern::All)));
        assert_eq!(parse("Bash(npm run test:*)"), Ok(Subject::Command(TextPattern::Words("npm run test".into()))));
        assert_eq!(parse("Read(./a (b)/**)"), Ok(Subject::Read(Some("./a (b)/**".into()))));
        assert_eq!(parse("Write"), Ok(Subject::Edit(None)));
        assert_eq!(parse("WebFetch(domain:Example.ORG.)"), Ok(Subject::Fetch(Host::One("example.org".into()))));
        assert_eq!(parse("mcp__db__query"), Ok(Subject::Tool("mcp__db__query".into())));
        assert_eq!(parse("Bash(rm *").unwrap_err().1, Some(Subject::Command(TextPattern::All)));
        assert_eq!(parse("WebFetch(example.org)").unwrap_err().1, Some(Subject::Fetch(Host::All)));
        assert_eq!(parse("Agent(Explore)").unwrap_err().1, Some(Subject::Tool("Agent".into())));
        assert!(parse("").is_err() && parse("rm -rf /").is_err() && parse("(x)").is_err());
    }

    #[test]
    fn a_server_is_all_its_tools_and_no_other() {
        assert!(names("mcp__db", "mcp__db__query") && names("mcp__db__*", "mcp__db__query"));
        assert!(
            !names("mcp__db", "mcp__dbx__query") && !names("mcp__db__query", "mcp__db__query2") && !names("mcp__db", "mcp__db__")
        );
        let all = |patterns: &[&str]| patterns.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(is_among("a.example.org", &all(&["example.org", "*.example.org"])) && is_among("x", &all(&["*"])));
        assert!(!is_among("example.org.evil.net", &all(&["example.org", "*.example.org", "", "**"])) && !is_among("x", &[]));
        let below = Host::new("*.example.org").unwrap();
        assert!(below.matches("a.example.org") && !below.matches("example.org") && !below.matches("aexample.org"));
    }
}
