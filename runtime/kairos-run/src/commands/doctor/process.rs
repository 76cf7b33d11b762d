//! The running process: is there one, does it answer, does it do its work?

use super::Check;
use crate::lock::Lock;
use crate::paths::Paths;
use crate::view::text::{ago, count, now, span};
use kairos_api::{Client, ClientError, DreamStatus, PluginInfo, PluginState, ProjectStatus, Status, VERSION};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;

/// A process that takes longer to say how it is hangs.
const PATIENCE: Duration = Duration::from_secs(3);
/// A tick that is late by more is missing. A large repository may hold one up for a while.
const LATE: u64 = 60_000;

/// What was found.
pub enum Daemon {
    /// None runs.
    None,
    /// It answers.
    Well(Box<Status>, Vec<PluginInfo>),
    /// It holds the lock, but does not answer as it should.
    Ill { pid: Option<u32>, check: Check },
    /// Not even that can be told.
    Unknown(Check),
}

impl Daemon {
    /// Looks for it. Takes a few seconds where it hangs.
    pub async fn find(paths: &Paths) -> Self {
        let holder = match Lock::holder(paths) {
            Ok(holder) => holder,
            Err(e) => return Self::Unknown(Check::fail("process", format!("{e:#}"), "make the file readable for you")),
        };
        let answer = timeout(PATIENCE, async {
            let client = Client::connect(&paths.socket()).await?;
            Ok((client.status().await?, client.plugin_list().await?))
        });
        let answer = answer.await.unwrap_or(Err(ClientError::Timeout(PATIENCE)));
        let name = || holder.flatten().map_or_else(|| "a process".into(), |pid| format!("process {pid}"));
        let check = match (answer, holder) {
            (Ok((status, plugins)), _) => return Self::Well(Box::new(status), plugins),
            (Err(ClientError::NotRunning(_)), None) => return Self::None,
            (Err(e), None) => {
                return Self::Unknown(Check::fail("process", format!("none runs, but: {e}"), "remove the socket's folder"));
            }
            (Err(ClientError::NotRunning(_)), Some(_)) => Check::warn(
                "process",
                format!("{} runs, but has no socket: it is starting, or hangs", name()),
                "wait for a minute, then `kairos-run restart`",
            ),
            (Err(e), Some(_)) => {
                Check::fail("process", format!("{} runs, but: {e}", name()), "`kairos-run restart`; nothing is lost by it")
            }
        };
        Self::Ill { pid: holder.flatten(), check }
    }

    /// The process, if one is known.
    pub fn pid(&self) -> Option<u32> {
        match self {
            Self::Well(status, _) => Some(status.pid),
            Self::Ill { pid, .. } => *pid,
            Self::None | Self::Unknown(_) => None,
        }
    }

    /// What it watches.
    pub fn projects(&self) -> &[ProjectStatus] {
        if let Self::Well(status, _) = self { &status.projects } else { &[] }
    }

    /// The program, the process, its socket, its projects and its plugins.
    pub fn checks(&self, paths: &Paths) -> Vec<Check> {
        let mut all = vec![self.program()];
        match self {
            Self::None => all.push(Check::warn("process", "none runs", "kairos-run start")),
            Self::Ill { check, .. } | Self::Unknown(check) => all.push(check.clone()),
            Self::Well(status, _) => {
                let since = ago(status.started, now());
                all.push(Check::ok("process", format!("{} of version {}, started {since}", status.pid, status.version)));
            }
        }
        all.push(self.socket(paths));
        all.extend(self.projects().iter().map(|p| project(p, now())));
        all.extend(self.projects().iter().filter_map(|p| dreams(&p.path, "", &p.dreams)));
        if let Self::Well(status, plugins) = self {
            all.extend(dreams("your own memory", " --user", &status.dreams));
            if status.projects.is_empty() {
                all.push(Check::warn("project", "none is watched", "`kairos-run project add DIR`"));
            }
            all.extend(plugin_checks(plugins));
        }
        all
    }

    /// This program, and whether the process runs the same.
    fn program(&self) -> Check {
        let here = std::env::current_exe().unwrap_or_default();
        let text = format!("kairos-run {VERSION}, {}", here.display());
        // What a process runs can be told on Linux alone; elsewhere, versions have to do.
        let theirs = self.pid().and_then(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).ok());
        match (self, theirs) {
            (Self::Well(status, _), _) if status.version != VERSION => {
                let what = format!("{text}, but the process is of version {}", status.version);
                Check::warn("program", what, "kairos-run restart")
            }
            (_, Some(theirs)) if theirs.to_string_lossy().ends_with(" (deleted)") => {
                Check::warn("program", format!("{text}; it was replaced since the process began"), "kairos-run restart")
            }
            (_, Some(theirs)) if theirs != here => {
                let what = format!("{text}, but the process runs {}", theirs.display());
                Check::warn("program", what, "`kairos-run restart` runs this one instead")
            }
            _ => Check::ok("program", text),
        }
    }

    fn socket(&self, paths: &Paths) -> Check {
        let path = match kairos_api::socket_path(&paths.socket()) {
            Ok(path) => path,
            Err(e) => return Check::fail("socket", e.to_string(), "set KAIROS_HOME to a folder with a shorter path"),
        };
        let shown = path.display();
        match (path.symlink_metadata(), self) {
            (Err(_), Self::None) => Check::ok("socket", format!("none yet; it will be {shown}")),
            (Err(e), _) => Check::fail("socket", format!("{shown}: {e}"), "kairos-run restart"),
            (Ok(m), _) if m.uid() != rustix::process::getuid().as_raw() => {
                let folder = path.parent().unwrap_or(Path::new("/")).display();
                Check::fail("socket", format!("{shown} belongs to user {}", m.uid()), format!("have {folder} removed"))
            }
            (Ok(m), _) if !m.file_type().is_socket() => {
                Check::fail("socket", format!("{shown} is no socket"), "move it away, then `kairos-run restart`")
            }
            (Ok(_), Self::None) => Check::ok("socket", format!("{shown} was left by a killed process; the next one replaces it")),
            (Ok(_), _) => Check::ok("socket", shown.to_string()),
        }
    }
}

fn project(p: &ProjectStatus, now: u64) -> Check {
    if let Some(error) = &p.error {
        return Check::warn(
            "project",
            format!("{} is not watched: {error}", p.path),
            format!("`kairos-run project remove '{}'` if it is gone for good", p.path),
        );
    }
    let last = p.last_tick.map_or_else(|| "no tick yet".into(), |t| format!("last tick {}", ago(t, now)));
    let due = p.next_tick.or(p.last_tick.map(|t| t.saturating_add(p.every_ms)));
    if due.is_some_and(|due| now.saturating_sub(due) > LATE) {
        let what = format!("{}: {last}, though one is due each {}", p.path, span(p.every_ms));
        return Check::warn("project", what, "`kairos-run logs` may say why; else `kairos-run restart`");
    }
    if matches!(p.watch.mode.as_str(), "gone" | "hung") {
        let reason = p.watch.reason.as_deref().unwrap_or("its folder is not there");
        let remedy = "look at the disk, or the network folder, that it is on; nothing else waits for it";
        return Check::warn("project", format!("{} waits: {reason}", p.path), remedy);
    }
    if p.watch.mode != "native" {
        let reason = p.watch.reason.as_deref().unwrap_or("the system can't watch them");
        let what = format!("{}: {last}; files are watched by {}: {reason}", p.path, p.watch.mode);
        return Check::warn("project", what, "see `watches`, and whether the folder is on a disk of this machine");
    }
    if p.dropped_signals > 0 {
        let what = format!("{}: {last}; {} lost", p.path, count(p.dropped_signals, "signal"));
        return Check::warn("project", what, "ignore what changes all the time: `files.ignore` in kairos.toml");
    }
    Check::ok("project", format!("{}: {last}, {} watched", p.path, count(p.watch.watched_dirs, "folder")))
}

/// Says that no dream begins unasked.
fn dreams(of: &str, user: &str, dreams: &DreamStatus) -> Option<Check> {
    let why = dreams.stopped.as_deref()?;
    let what = format!("{of}: none begins by itself: {why}");
    let remedy = format!("look at `kairos-run dream list{user}`; `dream now{user}` or `dream use{user}` lets them go on");
    Some(Check::warn("dreams", what, remedy))
}

fn plugin_checks(plugins: &[PluginInfo]) -> Vec<Check> {
    let mut all = Vec::new();
    for p in plugins {
        let why = p.why.as_deref().unwrap_or("no reason was given");
        let what = format!("{} is {}: {why}", p.name, p.state.as_str());
        let remedy = match p.state {
            PluginState::Refused => "replace the file, or remove it".to_string(),
            PluginState::Quarantined => format!("kairos-run plugin enable {}", p.name),
            PluginState::WaitingForGrant => format!("`kairos-run plugin info {0}`, then `plugin grant {0}`", p.name),
            PluginState::Untrusted => "`kairos-run project trust`, if you want what the project brings".into(),
            PluginState::Running | PluginState::Disabled | PluginState::Overridden => continue,
        };
        all.push(Check::warn("plugin", what, remedy));
    }
    let running = plugins.iter().filter(|p| p.state == PluginState::Running).count();
    all.push(Check::ok("plugins", format!("{running} of {} run", plugins.len())));
    all
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn a_project_whose_ticks_stay_away_is_told() {
        let now = 10_000_000;
        let watch = kairos_api::Watch { mode: "native".into(), ..Default::default() };
        let well = ProjectStatus {
            path: "/p".into(),
            every_ms: 30_000,
            last_tick: Some(now - 20_000),
            next_tick: Some(now + 10_000),
            watch,
            ..Default::default()
        };
        assert_eq!(project(&well, now).level, Level::Ok);
        let late = ProjectStatus { next_tick: Some(now - 120_000), ..well.clone() };
        assert_eq!(project(&late, now).level, Level::Warn);
        // One that runs for minutes, and one that was never due.
        let hung = kairos_api::Watch { mode: "hung".into(), ..Default::default() };
        let silent = project(&ProjectStatus { watch: hung, ..well.clone() }, now);
        assert!(silent.level == Level::Warn && silent.what.contains("/p waits"), "{}", silent.what);
        let long = ProjectStatus { next_tick: None, last_tick: Some(now - 600_000), ..well.clone() };
        assert!(project(&long, now).what.contains("10 min ago"));
        let new = ProjectStatus { next_tick: None, last_tick: None, ..well.clone() };
        assert_eq!(project(&new, now).level, Level::Ok);
        let gone = ProjectStatus { error: Some("it is gone".into()), ..well };
        assert!(project(&gone, now).remedy.unwrap().contains("project remove '/p'"));
    }
}
