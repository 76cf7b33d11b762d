//! Hooks: commands of the user's that are run at certain steps of a turn, in the `hooks` of the same settings files, as the public
//! documentation of Claude Code describes them (<https://code.claude.com/docs/en/hooks>).

use crate::rules::Place;
use crate::settings::{From, Problem, files, line_of, text_of};
use regex::{Regex, RegexBuilder};
use serde_json::Value;
use std::time::Duration;

/// How long a hook may take that says nothing of it.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The longest that one may ask for.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);
/// Bytes of a compiled matcher.
const MAX_MATCHER: usize = 1 << 20;
/// Hooks that are kept: nobody has more.
const MAX_HOOKS: usize = 200;

/// A command to run.
#[derive(Debug, Clone)]
pub struct Hook {
    event: String,
    matcher: Matcher,
    /// For a shell, as it is written.
    pub command: String,
    /// How long it may take; at most 10 minutes.
    pub timeout: Duration,
    /// Nobody waits for it, and what it says counts for nothing.
    pub detached: bool,
    /// The file that it is from.
    pub file: String,
}

/// Which tools, or other things that events are about.
#[derive(Debug, Clone)]
enum Matcher {
    All,
    None,
    /// Exactly one of these.
    Names(Vec<String>),
    Pattern(Regex),
}

/// All hooks that hold in one project.
#[derive(Debug, Clone, Default)]
pub struct Hooks(Vec<Hook>);

impl Hooks {
    /// Reads the files that [`crate::Rules::load`] reads. What a project's own files want run is left out unless the project is trusted.
    /// Of files that can't be read at all nothing is told here: the rules tell of them. A matcher that can't be read matches all tools
    /// where the hook could have forbidden them, and else nothing.
    pub fn load(place: Place<'_>) -> (Self, Vec<Problem>) {
        let (mut hooks, mut problems) = (Self::default(), Vec::new());
        for (path, from) in files(place.project, place.home) {
            if from == From::Project && !place.trusted {
                continue;
            }
            let Some(text) = text_of(&path, &mut Vec::new()) else { continue };
            let Ok(settings) = serde_json::from_str::<Value>(&text) else { continue };
            if settings["disableAllHooks"] == true {
                return (Self::default(), problems);
            }
            hooks.take(&path.display().to_string(), &text, &settings["hooks"], &mut problems);
        }
        (hooks, problems)
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of an event that is about this: a tool's name, or nothing. The same command once.
    pub fn of(&self, event: &str, subject: &str) -> Vec<&Hook> {
        let mut found: Vec<&Hook> = Vec::new();
        for hook in self.0.iter().filter(|hook| hook.event == event && hook.matcher.matches(subject)) {
            if found.iter().all(|known| known.command != hook.command) {
                found.push(hook);
            }
        }
        found
    }

    fn take(&mut self, file: &str, text: &str, events: &Value, problems: &mut Vec<Problem>) {
        let quoted = |text: &str| Value::from(text).to_string();
        let mut tell = |event: &str, near: &str, problem: String, remedy: &str| {
            let begin = text.find(&quoted(event)).unwrap_or(0);
            let at = text[begin..].find(&quoted(near)).map_or(begin, |at| begin + at);
            problems.push(Problem { file: file.into(), line: line_of(text, at), problem, remedy: remedy.into() });
        };
        for (event, groups) in events.as_object().into_iter().flatten() {
            let Some(groups) = groups.as_array() else {
                tell(
                    event,
                    event,
                    format!("`hooks.{event}` is no list"),
                    "Write it as [{\"hooks\": [{\"type\": \"command\", ...}]}].",
                );
                continue;
            };
            for group in groups {
                let matcher = Matcher::new(group["matcher"].as_str().unwrap_or_default()).unwrap_or_else(|(text, problem)| {
                    let (instead, remedy) = match event.as_str() {
                        "PreToolUse" => (Matcher::All, "Correct it; until then the hook is run for each tool."),
                        _ => (Matcher::None, "Correct it; until then the hook is not run."),
                    };
                    tell(event, &text, format!("the matcher `{text}` can't be used: {problem}"), remedy);
                    instead
                });
                for hook in group["hooks"].as_array().into_iter().flatten() {
                    let Some(command) = hook["command"].as_str().filter(|_| hook["type"] == "command") else {
                        let kind = hook["type"].as_str().unwrap_or("without a type").to_owned();
                        tell(event, &kind, format!("a hook of {event} is no command ({kind})"), "Only commands are run here.");
                        continue;
                    };
                    if self.0.len() == MAX_HOOKS {
                        return tell(
                            event,
                            event,
                            format!("there are more than {MAX_HOOKS} hooks"),
                            "Take some away; the rest is not run.",
                        );
                    }
                    let seconds = hook["timeout"].as_f64().filter(|s| *s > 0.0).map(|s| Duration::from_secs_f64(s.min(600.0)));
                    // What tells us what others do has nothing to tell us of ourselves.
                    if !is_own(command) {
                        self.0.push(Hook {
                            event: event.clone(),
                            matcher: matcher.clone(),
                            command: command.into(),
                            timeout: seconds.unwrap_or(TIMEOUT).min(MAX_TIMEOUT),
                            detached: hook["async"] == true,
                            file: file.into(),
                        });
                    }
                }
            }
        }
    }
}

impl Matcher {
    /// Names with `|` between them, or a regular expression; the text and what is wrong with it, where it is none.
    fn new(text: &str) -> Result<Self, (String, String)> {
        let text = text.trim();
        if text.is_empty() || text == "*" {
            return Ok(Self::All);
        }
        if text.chars().all(|c| c.is_ascii_alphanumeric() || "_-| ".contains(c)) {
            return Ok(Self::Names(text.split('|').map(|name| name.trim().to_owned()).collect()));
        }
        let compiled = RegexBuilder::new(text).size_limit(MAX_MATCHER).build();
        compiled.map(Self::Pattern).map_err(|e| (text.to_owned(), e.to_string().lines().last().unwrap_or_default().to_owned()))
    }

    fn matches(&self, subject: &str) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Names(names) => names.iter().any(|name| name == subject),
            Self::Pattern(pattern) => pattern.is_match(subject),
        }
    }
}

/// Is this `kairos-run hook`, by whichever path?
pub fn is_own(command: &str) -> bool {
    let program = command.strip_suffix(" hook").map(|program| program.trim_matches('\''));
    program.is_some_and(|program| program == "kairos-run" || program.ends_with("/kairos-run"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn load(user: &str, project: &str, trusted: bool) -> (Hooks, Vec<Problem>) {
        let dir = tempfile::tempdir().unwrap();
        let (home, folder) = (dir.path().join("home"), dir.path().join("project"));
        for (place, text) in [(&home, user), (&folder, project)] {
            fs::create_dir_all(place.join(".claude")).unwrap();
            fs::write(place.join(".claude/settings.json"), text).unwrap();
        }
        Hooks::load(Place { project: &folder, home: &home, trusted })
    }

    fn commands(hooks: &Hooks, event: &str, subject: &str) -> Vec<String> {
        hooks.of(event, subject).iter().map(|hook| hook.command.clone()).collect()
    }

    const USER: &str = r#"{"hooks": {
        "PreToolUse": [
            {"matcher": "Edit|Write", "hooks": [{"type": "command", "command": "guard", "timeout": 5}]},
            {"matcher": "mcp__.*__delete.*", "hooks": [{"type": "command", "command": "no-delete"}, {"type": "prompt", "prompt": "?"}]},
            {"hooks": [{"type": "command", "command": "log", "async": true}, {"type": "command", "command": "log"}]},
            {"matcher": "(", "hooks": [{"type": "command", "command": "careful"}]}
        ],
        "PostToolUse": [{"matcher": "(", "hooks": [{"type": "command", "command": "lost"}]}],
        "Stop": [{"hooks": [{"type": "command", "command": "/usr/bin/kairos-run hook"}]}],
        "Notification": 3
    }}"#;

    #[test]
    fn matchers_are_names_or_patterns_and_a_broken_guard_guards_everything() {
        let (hooks, problems) = load(USER, "{}", false);
        assert_eq!(commands(&hooks, "PreToolUse", "Edit"), ["guard", "log", "careful"]);
        assert_eq!(commands(&hooks, "PreToolUse", "EditX"), ["log", "careful"]);
        assert_eq!(commands(&hooks, "PreToolUse", "mcp__db__delete_all"), ["no-delete", "log", "careful"]);
        assert!(commands(&hooks, "PostToolUse", "Edit").is_empty() && commands(&hooks, "Stop", "").is_empty());
        let found = hooks.of("PreToolUse", "Edit");
        assert_eq!((found[0].timeout.as_secs(), found[2].timeout.as_secs(), found[1].detached), (5, 60, true));
        let told: Vec<_> = problems.iter().map(|p| p.line).collect();
        assert_eq!(told, [10, 8, 4, 6], "{problems:?}");
        assert!(problems.iter().all(|p| p.file.ends_with("settings.json") && !p.remedy.is_empty()));
    }

    #[test]
    fn a_project_runs_nothing_and_switches_nothing_off_unless_it_is_trusted() {
        let own = r#"{"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "theirs"}]}]}}"#;
        assert_eq!(commands(&load(USER, own, false).0, "PreToolUse", "Read"), ["log", "careful"]);
        assert_eq!(commands(&load(USER, own, true).0, "PreToolUse", "Read"), ["log", "careful", "theirs"]);
        assert!(!load(USER, r#"{"disableAllHooks": true}"#, false).0.is_empty());
        assert!(load(USER, r#"{"disableAllHooks": true}"#, true).0.is_empty());
        assert!(load("{oops", "", false).0.is_empty());
        assert!(Hooks::load(Place { project: Path::new("/nowhere"), home: Path::new("/nowhere"), trusted: true }).1.is_empty());
    }

    #[test]
    fn our_own_hook_is_known_by_any_path() {
        assert!(is_own("kairos-run hook") && is_own("'/o p/kairos-run' hook"));
        for theirs in ["my kairos-run hook --x", "xkairos-run hook", "kairos-run hooks"] {
            assert!(!is_own(theirs), "{theirs}");
        }
    }
}
