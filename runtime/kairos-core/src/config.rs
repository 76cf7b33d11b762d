//! The settings: one table says each key's type, default, meaning, and whether a project may set it. Parsing,
//! suggestions, `config show` and the commented `kairos.toml` all come from that table. Reading files is the caller's.

mod projects;
mod settings;

pub use settings::{Kind, SETTINGS, Setting};

use crate::quiet;
use crate::schedule::Schedule;
use std::time::Duration;

/// Where a value comes from; later ones win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The table.
    Default,
    /// A file, by the path that the caller gave.
    File(String),
    /// The command line.
    CommandLine,
}

/// A setting with its value.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    value: toml::Value,
    origin: Origin,
}

/// Why a file is refused. `line` counts from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}{}", hint.as_ref().map(|h| format!("\n  {h}")).unwrap_or_default())]
pub struct ConfigError {
    /// As the caller named it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// All settings with their values and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    entries: Vec<Entry>,
}

impl Default for Config {
    fn default() -> Self {
        let entries = SETTINGS
            .iter()
            .map(|s| {
                let table: toml::Table = format!("v = {}", s.default).parse().expect("defaults are TOML");
                Entry { value: table["v"].clone(), origin: Origin::Default }
            })
            .collect();
        Self { entries }
    }
}

/// Who wrote a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The user: every setting counts.
    User,
    /// A project: only settings marked `project`, and of these only what narrows; what would widen is passed over.
    Project,
}

impl Config {
    /// Lays a file over what is there. On error nothing is changed. The user's tables for single projects are only checked:
    /// [`Config::merge_for`] lays them.
    pub fn merge(&mut self, file: &str, text: &str, trust: Trust) -> Result<(), ConfigError> {
        let mut table = parse(file, text)?;
        if trust == Trust::User {
            projects::take(&mut table, file, text)?.iter().try_for_each(|(_, own)| self.clone().lay(file, text, own, trust))?;
        }
        self.lay(file, text, &table, trust)
    }

    fn lay(&mut self, file: &str, text: &str, table: &toml::Table, trust: Trust) -> Result<(), ConfigError> {
        let error = |line, problem: String, hint| ConfigError { file: file.into(), line, problem, hint };
        let mut flat = Vec::new();
        flatten("", table, &mut flat);
        let mut next = self.clone();
        for (key, value) in flat {
            let line = find_key(text, &key);
            let Some(at) = SETTINGS.iter().position(|s| s.key == key) else {
                let near = SETTINGS
                    .iter()
                    .map(|s| (strsim::damerau_levenshtein(s.key, &key), s.key))
                    .min()
                    .filter(|(d, k)| *d <= 3.max(k.len() / 3));
                let hint = near.map_or_else(
                    || "`kairos-run config show` lists all settings".to_string(),
                    |(_, k)| format!("did you mean `{k}`?"),
                );
                return Err(error(line, format!("there is no setting `{key}`"), Some(hint)));
            };
            let setting = &SETTINGS[at];
            if trust == Trust::Project && !setting.project {
                return Err(error(
                    line,
                    format!("`{key}` can't be set by a project"),
                    Some("set it in your own kairos.toml; `kairos-run config show` names it".into()),
                ));
            }
            check(setting, &value).map_err(|p| error(line, format!("`{key}` {p}"), None))?;
            if trust == Trust::Project && key.starts_with("signals.") {
                let outside = |v: &toml::Value| v.as_str().is_some_and(|p| p.starts_with(['/', '~']));
                if value.as_array().is_some_and(|list| list.iter().any(outside)) {
                    let hint = Some("set it in your own kairos.toml; `kairos-run config show` names it".into());
                    return Err(error(line, format!("`{key}` of a project can only name what lies in it"), hint));
                }
            }
            let value = match trust {
                Trust::User => Some(value),
                Trust::Project => narrower(setting.kind, &next.entries[at].value, value),
            };
            if let Some(value) = value {
                next.entries[at] = Entry { value, origin: Origin::File(file.into()) };
            }
        }
        *self = next;
        Ok(())
    }

    /// A value from the command line, given as TOML.
    pub fn set(&mut self, key: &str, toml: &str) -> Result<(), String> {
        let at = SETTINGS.iter().position(|s| s.key == key).ok_or_else(|| format!("there is no setting `{key}`"))?;
        let table: toml::Table = format!("v = {toml}").parse().map_err(|_| format!("`{toml}` is no value"))?;
        check(&SETTINGS[at], &table["v"])?;
        self.entries[at] = Entry { value: table["v"].clone(), origin: Origin::CommandLine };
        Ok(())
    }

    /// Each setting with its value as TOML and its origin.
    pub fn show(&self) -> impl Iterator<Item = (&'static Setting, String, &Origin)> {
        SETTINGS.iter().zip(&self.entries).map(|(s, e)| (s, e.value.to_string(), &e.origin))
    }

    fn value(&self, key: &str) -> &toml::Value {
        let at = SETTINGS.iter().position(|s| s.key == key).unwrap_or_else(|| panic!("no setting {key}"));
        &self.entries[at].value
    }

    /// A [`Kind::Duration`].
    pub fn duration(&self, key: &str) -> Duration {
        self.value(key).as_str().and_then(|t| parse_duration(t).ok()).expect("checked when set")
    }

    /// A [`Kind::Size`] in bytes, or a [`Kind::Count`].
    pub fn number(&self, key: &str) -> u64 {
        size_of(self.value(key)).expect("checked when set")
    }

    /// A [`Kind::Bool`].
    pub fn flag(&self, key: &str) -> bool {
        self.value(key).as_bool().expect("checked when set")
    }

    /// A [`Kind::List`], [`Kind::Hours`], [`Kind::Days`] or [`Kind::Schedules`].
    pub fn list(&self, key: &str) -> Vec<String> {
        let list = self.value(key).as_array().expect("checked when set");
        list.iter().filter_map(|v| v.as_str().map(String::from)).collect()
    }

    /// A [`Kind::Text`], [`Kind::Time`] or [`Kind::Choice`].
    pub fn text(&self, key: &str) -> &str {
        self.value(key).as_str().expect("checked when set")
    }

    /// A `kairos.toml` with every setting commented out.
    pub fn template() -> String {
        let mut out = String::from("# Settings of kairos-run. What is commented out shows the default.\n");
        let mut section = "";
        for s in SETTINGS {
            let (part, name) = s.key.split_once('.').unwrap_or(("", s.key));
            if part != section {
                out += &format!("\n[{part}]\n");
                section = part;
            }
            let scope = if s.project { "" } else { " (Not in a project's file.)" };
            out += &format!("# {}{scope}\n# {name} = {}\n", s.doc, s.default);
        }
        out
    }
}

/// What holds when a project wants another value than the user's; none if the user's stays.
fn narrower(kind: Kind, users: &toml::Value, projects: toml::Value) -> Option<toml::Value> {
    let time = |value: &toml::Value| value.as_str().and_then(|t| parse_duration(t).ok());
    match kind {
        Kind::Duration => (time(&projects) > time(users)).then_some(projects),
        Kind::Size | Kind::Count => (size_of(&projects) < size_of(users)).then_some(projects),
        Kind::List | Kind::Hours | Kind::Days | Kind::Schedules => {
            let mut all = users.as_array().cloned().unwrap_or_default();
            all.extend(projects.as_array().into_iter().flatten().filter(|v| !all.contains(v)).cloned().collect::<Vec<_>>());
            Some(toml::Value::Array(all))
        }
        // What the user has switched off stays off.
        Kind::Bool => (projects.as_bool() == Some(false)).then_some(projects),
        Kind::Text | Kind::Time | Kind::Choice(_) => None,
    }
}

fn parse(file: &str, text: &str) -> Result<toml::Table, ConfigError> {
    text.parse().map_err(|e: toml::de::Error| {
        let line = e.span().map_or(1, |s| line_of(text, s.start));
        ConfigError { file: file.into(), line, problem: e.message().to_string(), hint: None }
    })
}

fn flatten(prefix: &str, table: &toml::Table, out: &mut Vec<(String, toml::Value)>) {
    for (key, value) in table {
        let full = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(&full, inner, out),
            _ => out.push((full, value.clone())),
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
}

/// The line on which a dotted key is set.
fn find_key(text: &str, key: &str) -> usize {
    let mut section = String::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            section = format!("{}.", name.trim());
        } else if let Some((name, _)) = line.split_once('=')
            && format!("{section}{}", name.trim().trim_matches('"')) == key
        {
            return i + 1;
        }
    }
    1
}

fn check(setting: &Setting, value: &toml::Value) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("must be {what}, such as {}; it is {value}", setting.default));
    match setting.kind {
        Kind::Duration => match value.as_str().map(parse_duration) {
            Some(Ok(d)) if setting.key == "every" && !(1..=86_400).contains(&d.as_secs()) => wrong("from 1s to 24h"),
            Some(Ok(d)) if setting.key == "permissions.wait" && d.as_secs() > 7 * 86_400 => wrong("at most 7d"),
            Some(Ok(_)) => Ok(()),
            _ => wrong("a duration"),
        },
        Kind::Size => size_of(value).map_or_else(|| wrong("a size"), |_| Ok(())),
        Kind::Count => value.as_integer().filter(|n| *n >= 0).map_or_else(|| wrong("a whole number"), |_| Ok(())),
        Kind::Bool => value.as_bool().map_or_else(|| wrong("true or false"), |_| Ok(())),
        Kind::List => strings(value).map_or_else(|| wrong("a list of strings"), |_| Ok(())),
        Kind::Hours => each(value, &|text| text.parse::<quiet::Hours>().map(drop)),
        Kind::Days => each(value, &|text| quiet::day(text).map(drop)),
        Kind::Schedules => each(value, &|text| text.parse::<Schedule>().map(drop)),
        Kind::Time => match value.as_str() {
            Some(text) if text.is_empty() || quiet::minute(text).is_some() => Ok(()),
            _ => wrong("a time of day, such as \"03:00\", or empty"),
        },
        Kind::Text => match value.as_str() {
            Some(text) if !text.contains(char::is_control) => Ok(()),
            _ => wrong("a text on one line"),
        },
        Kind::Choice(words) => match value.as_str() {
            Some(text) if words.contains(&text) => Ok(()),
            _ => wrong(&format!("one of {}", words.join(", "))),
        },
    }
}

fn strings(value: &toml::Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(toml::Value::as_str).collect()
}

fn each(value: &toml::Value, check: &dyn Fn(&str) -> Result<(), String>) -> Result<(), String> {
    let list = strings(value).ok_or("must be a list of strings")?;
    list.into_iter().try_for_each(check).map_err(|problem| format!("can't be used: {problem}"))
}

/// `"90s"`, `"5m"`, `"2h"`, `"7d"`, `"200ms"`; no sign, no fraction.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| format!("`{text}` is no duration: write 30s, 5m, 2h, 7d or 200ms"))?;
    let seconds = |factor: u64| number.checked_mul(factor).map(Duration::from_secs);
    let duration = match &text[digits..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3600),
        "d" => seconds(86_400),
        _ => None,
    };
    duration.ok_or_else(|| format!("`{text}` is no duration: write 30s, 5m, 2h, 7d or 200ms"))
}

fn size_of(value: &toml::Value) -> Option<u64> {
    if let Some(n) = value.as_integer() {
        return u64::try_from(n).ok();
    }
    let text = value.as_str()?.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let factor: u64 = match text[digits..].trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_passes_its_own_check() {
        let config = Config::default();
        for (setting, entry) in SETTINGS.iter().zip(&config.entries) {
            check(setting, &entry.value).unwrap_or_else(|e| panic!("{}: {e}", setting.key));
        }
        let mut again = Config::default();
        let uncommented: String = Config::template()
            .lines()
            .map(|l| if l.contains(" = ") { l.trim_start_matches("# ") } else { l })
            .map(|l| format!("{l}\n"))
            .collect();
        again.merge("t", &uncommented, Trust::User).unwrap();
    }

    #[test]
    fn an_unknown_key_names_its_line_and_a_neighbour() {
        let e = Config::default().merge("kairos.toml", "every = \"5s\"\n\n[limits]\nmemroy = 3\n", Trust::User).unwrap_err();
        assert_eq!(e.to_string(), "kairos.toml:4: there is no setting `limits.memroy`\n  did you mean `limits.memory`?");
    }

    #[test]
    fn a_bad_file_changes_nothing() {
        let mut c = Config::default();
        assert!(c.merge("f", "every = \"5s\"\nidle-after = 3\n", Trust::User).is_err());
        assert_eq!(c.duration("every"), Duration::from_secs(30));
        assert!(c.merge("f", "every = ", Trust::User).is_err());
        assert!(c.merge("f", "every = \"0s\"", Trust::User).is_err());
    }

    #[test]
    fn a_project_can_not_widen_limits() {
        let mut c = Config::default();
        assert!(c.merge("f", "limits.memory = \"4GiB\"", Trust::Project).unwrap_err().problem.contains("project"));
        c.merge("f", "limits.memory = \"4GiB\"", Trust::User).unwrap();
        assert_eq!(c.number("limits.memory"), 4 << 30);
        c.merge("p", "every = \"1m\"", Trust::Project).unwrap();
        let shown: Vec<_> = c.show().filter(|(_, _, o)| **o != Origin::Default).map(|(s, v, _)| (s.key, v)).collect();
        assert_eq!(shown, [("every", "\"1m\"".to_string()), ("limits.memory", "\"4GiB\"".to_string())]);
    }

    #[test]
    fn a_project_only_narrows_what_the_user_has_set() {
        let mut c = Config::default();
        c.merge("f", "every = \"40s\"\n[files]\nprivate = [\"a\"]\n[surfacing]\ndetector-rate = 2", Trust::User).unwrap();
        let users = c.clone();
        c.merge("p", "every = \"1s\"\n[files]\nprivate = []\n[surfacing]\ndetector-rate = 9", Trust::Project).unwrap();
        assert_eq!((c.duration("every"), c.number("surfacing.detector-rate")), (Duration::from_secs(40), 2));
        assert_eq!(c.list("files.private"), users.list("files.private"));
        c.merge("p", "every = \"50s\"\nfiles.private = [\"b\", \"a\"]\nsurfacing.detector-rate = 1", Trust::Project).unwrap();
        assert_eq!((c.duration("every"), c.number("surfacing.detector-rate")), (Duration::from_secs(50), 1));
        assert_eq!(c.list("files.private"), ["a", "b"]);
        for users_alone in ["surfacing.daily-cap = 1", "quiet.hours = []", "proactive = \"off\"", "presence.away-after = \"1h\""]
        {
            assert!(c.merge("p", users_alone, Trust::Project).is_err(), "{users_alone}");
        }
        let has_no_order = |s: &Setting| matches!(s.kind, Kind::Text | Kind::Time | Kind::Choice(_));
        assert!(!SETTINGS.iter().any(|s| s.project && has_no_order(s)), "what has no narrower value is no project's to set");
    }

    #[test]
    fn quiet_times_are_checked_where_they_are_set() {
        let problem = |text| Config::default().merge("f", text, Trust::User).unwrap_err().to_string();
        assert!(
            problem("[quiet]\nhours = [\"22-7\"]").starts_with("f:2: `quiet.hours` can't be used: `22-7` is no part of a day")
        );
        assert!(problem("quiet.days = [\"Sunday\"]").contains("write mon, tue"));
        assert!(problem("quiet.days = 3").contains("must be a list"));
        assert!(problem("dream.schedule = \"3am\"").contains("a time of day"));
    }

    #[test]
    fn a_project_may_look_away_and_not_look() {
        let mut c = Config::default();
        c.merge("u", "[signals]\ngit = false\nlogs = [\"/var/log/x.log\"]", Trust::User).unwrap();
        c.merge("p", "[signals]\ngit = true\nci = false\nlogs = [\"log/*.log\"]", Trust::Project).unwrap();
        assert_eq!((c.flag("signals.git"), c.flag("signals.ci"), c.flag("signals.files")), (false, false, true));
        assert_eq!(c.list("signals.logs"), ["/var/log/x.log", "log/*.log"]);
        for bad in ["logs = [\"/etc/passwd\"]", "logs = [\"~/x\"]", "agents = [\"claude-code\"]"] {
            let error = c.merge("p", &format!("[signals]\n{bad}"), Trust::Project).unwrap_err();
            assert!(error.hint.unwrap().contains("your own"), "{bad}");
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(parse_duration("200ms"), Ok(Duration::from_millis(200)));
        for bad in ["", "5", "-1s", "1.5h", "s", "99999999999999999999s", "18446744073709551615d"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
