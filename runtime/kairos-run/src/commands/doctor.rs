//! `kairos-run doctor`: looks at everything that it takes, and says what to do. It needs nobody's answer: the process may be
//! dead, hung, or of another version.

mod process;
mod storage;
mod surroundings;
mod watches;

use crate::cli::JsonFlag;
use crate::paths::Paths;
use crate::view::{self, text::Paint};
use anyhow::Result;
use kairos_core::Urgency;
use kairos_core::finding::one_line;
use serde::Serialize;
use serde_json::json;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Level {
    /// Nothing to do.
    Ok,
    /// It works, but not as it could.
    Warn,
    /// Something does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
struct Check {
    /// What was looked at; several may have the same name.
    name: &'static str,
    level: Level,
    /// How it is.
    what: String,
    /// What the user can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Check {
    fn ok(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, level: Level::Ok, what: what.into(), remedy: None }
    }

    fn warn(name: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, level: Level::Warn, what: what.into(), remedy: Some(remedy.into()) }
    }

    fn fail(name: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Fail, ..Self::warn(name, what, remedy) }
    }

    /// Good as it is, but this could be had.
    fn could(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}

/// Looks, and prints. False if something failed.
pub async fn doctor(paths: &Paths, flag: JsonFlag) -> Result<bool> {
    let daemon = process::Daemon::find(paths).await;
    let mut checks = daemon.checks(paths);
    checks.extend(surroundings::service(paths));
    checks.extend(storage::settings(paths, &daemon));
    checks.extend(storage::folders(paths));
    checks.push(storage::disk(paths));
    checks.push(storage::size(paths, &daemon));
    checks.extend(storage::databases(paths));
    checks.push(storage::memory(paths));
    checks.extend(watches::watches(daemon.pid()));
    checks.push(surroundings::git());
    checks.push(surroundings::shell());
    checks.push(surroundings::model(paths));
    checks.push(surroundings::crashes(paths));
    checks.push(surroundings::clock(paths));
    let worst = checks.iter().map(|c| c.level).max().unwrap_or(Level::Ok);
    if flag.json {
        view::print_json(&json!({"version": kairos_api::VERSION, "level": worst, "checks": checks}))?;
    } else {
        view::print(&shown(&checks, Paint::for_stdout()))?;
    }
    Ok(worst < Level::Fail)
}

fn shown(checks: &[Check], paint: Paint) -> String {
    let width = checks.iter().map(|c| c.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for Check { name, level, what, remedy } in checks {
        let word = match level {
            Level::Ok => paint.good("ok  "),
            Level::Warn => paint.urgency(Urgency::High, "warn"),
            Level::Fail => paint.bad("fail"),
        };
        out += &format!("{word}  {name:width$}  {}\n", one_line(what));
        if let Some(remedy) = remedy {
            out += &format!("{:indent$}{}\n", "", paint.dim(&format!("-> {}", one_line(remedy))), indent = 8 + width);
        }
    }
    let count = |level| checks.iter().filter(|c| c.level == level).count();
    out + &match (count(Level::Fail), count(Level::Warn)) {
        (0, 0) => "\nAll is well.\n".to_string(),
        (0, warned) => format!("\nIt works; {warned} could be better.\n"),
        (failed, 0) => format!("\n{failed} failed.\n"),
        (failed, warned) => format!("\n{failed} failed, {warned} could be better.\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_says_how_it_is_and_what_to_do() {
        let checks = [
            Check::ok("git", "2.40"),
            Check::warn("disk", "12 MiB are free\u{1b}[2J", "free some"),
            Check::fail("settings", "line 3", "mend it"),
        ];
        assert_eq!(
            shown(&checks, Paint::PLAIN),
            "ok    git       2.40
warn  disk      12 MiB are free[2J
                -> free some
fail  settings  line 3
                -> mend it

1 failed, 1 could be better.
"
        );
    }
}
