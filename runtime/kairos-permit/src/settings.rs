//! The files that rules are in.

use crate::rule::List;
use crate::rules::Mode;
use serde_json::Value;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Larger files are no settings.
const MAX_FILE: u64 = 1 << 20;
/// What an administrator has set for everybody on this machine.
const MANAGED: &str = if cfg!(target_os = "macos") {
    "/Library/Application Support/ClaudeCode/managed-settings.json"
} else {
    "/etc/claude-code/managed-settings.json"
};

/// What is wrong with a file, or with a rule in it. The rest of the file is used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The file, or what else the rule is from.
    pub file: String,
    /// From 1; 0 where it is about the whole.
    pub line: usize,
    /// What is wrong, and what holds instead.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}\n  {}", self.problem, self.remedy)
    }
}

/// Where a file's words come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// The user, or who runs this machine.
    User,
    /// The project, which may be a stranger's.
    Project,
}

/// A rule as it stands in a file.
#[derive(Debug)]
pub(crate) struct Written {
    pub list: List,
    pub text: String,
    pub line: usize,
}

/// What a file says of permissions.
#[derive(Debug)]
pub(crate) struct Settings {
    pub file: String,
    pub from: From,
    pub rules: Vec<Written>,
    pub mode: Option<Mode>,
    /// Further folders that may be read as if they were the project's.
    pub folders: Vec<String>,
}

/// The files that count, the weightiest last; they need not be there.
pub(crate) fn files(project: &Path, home: &Path) -> [(PathBuf, From); 4] {
    [
        (home.join(".claude/settings.json"), From::User),
        (project.join(".claude/settings.json"), From::Project),
        (project.join(".claude/settings.local.json"), From::Project),
        (MANAGED.into(), From::User),
    ]
}

/// All the files there are, the weightiest last.
pub(crate) fn read_all(project: &Path, home: &Path, problems: &mut Vec<Problem>) -> Vec<Settings> {
    let read = |(path, from): (PathBuf, From)| {
        let text = text_of(&path, problems)?;
        Some(parse(&path.display().to_string(), &text, from, problems))
    };
    files(project, home).into_iter().filter_map(read).collect()
}

pub(crate) fn text_of(path: &Path, problems: &mut Vec<Problem>) -> Option<String> {
    let text = match std::fs::metadata(path) {
        Ok(meta) if meta.len() > MAX_FILE => Err(format!("it is larger than {} KiB, and not read", MAX_FILE >> 10)),
        Ok(meta) if !meta.is_file() => Err("it is no file".into()),
        Ok(_) => std::fs::read_to_string(path).map_err(|e| format!("it can't be read: {e}")),
        Err(e) if e.kind() == ErrorKind::NotFound => return None,
        Err(e) => Err(format!("it can't be read: {e}")),
    };
    text.map_err(|problem| {
        let remedy = "Make it a readable JSON file, or take it away; until then nothing in it counts.".into();
        problems.push(Problem { file: path.display().to_string(), line: 0, problem, remedy });
    })
    .ok()
}

/// Takes what it knows from a settings file, and tells of the rest of `permissions`.
pub(crate) fn parse(file: &str, text: &str, from: From, problems: &mut Vec<Problem>) -> Settings {
    let mut out = Settings { file: file.into(), from, rules: Vec::new(), mode: None, folders: Vec::new() };
    let mut tell = |line: usize, problem: String, remedy: &str| {
        problems.push(Problem { file: file.into(), line, problem, remedy: remedy.into() });
    };
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(e) => {
            tell(e.line(), format!("this is no JSON: {e}"), "Correct it; until then none of the file's rules count.");
            return out;
        }
    };
    let permissions = &value["permissions"];
    let begin = text.find("\"permissions\"").unwrap_or(0);
    if !permissions.is_object() {
        if !permissions.is_null() {
            tell(line_of(text, begin), "`permissions` is no object".into(), "Write {\"permissions\": {\"deny\": []}}.");
        }
        return out;
    }
    for list in [List::Deny, List::Ask, List::Allow] {
        let at = find(text, begin, list.name());
        match &permissions[list.name()] {
            Value::Null => {}
            Value::Array(rules) => {
                for rule in rules {
                    match rule.as_str() {
                        Some(rule) => {
                            out.rules.push(Written { list, text: rule.into(), line: line_of(text, find(text, at, rule)) })
                        }
                        None => tell(line_of(text, at), format!("a rule is no text: {rule}"), "Put it in quotes."),
                    }
                }
            }
            _ => tell(line_of(text, at), format!("`{}` is no list", list.name()), "Write it as [\"Bash(git *)\"]."),
        }
    }
    if let Some(mode) = permissions["defaultMode"].as_str() {
        let line = line_of(text, find(text, begin, "defaultMode"));
        out.mode = Mode::named(mode);
        if out.mode.is_none() {
            let known = "Use one of default, acceptEdits, plan, dontAsk.";
            tell(line, format!("the mode `{mode}` is not used here; the default one is"), known);
        }
    }
    let folders = permissions["additionalDirectories"].as_array().into_iter().flatten();
    out.folders = folders.filter_map(|f| f.as_str().map(String::from)).collect();
    out
}

/// Where a JSON text stands, at or after a place; that place, if nowhere.
fn find(text: &str, from: usize, value: &str) -> usize {
    let quoted = Value::from(value).to_string();
    text[from..].find(&quoted).map_or(from, |at| from + at)
}

pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|b| **b == b'\n').count() + 1
}
