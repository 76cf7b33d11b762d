//! What is around us on this machine: service manager, git, shells, clock; and what crashed.

use super::Check;
use crate::commands::service::Manager;
use crate::commands::shell_files;
use crate::config_files;
use crate::crash;
use crate::paths::Paths;
use crate::view::text;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// A crash longer ago is history.
const RECENT: Duration = Duration::from_secs(7 * 86_400);
/// Before this program was written (2026-01-01, in seconds since 1970), no clock is right.
const EARLIEST: u64 = 1_767_225_600;
/// How far ahead of now a file may be: network disks have clocks of their own.
const AHEAD: Duration = Duration::from_secs(300);

/// The service, where there is one.
pub fn service(paths: &Paths) -> Option<Check> {
    let name = "service";
    let install = "`kairos-run service install` starts it with each login";
    Some(match Manager::here(paths).and_then(|m| Ok((m.installed()?.is_some(), m))) {
        Err(e) => Check::warn(name, format!("{e:#}"), "kairos-run service status"),
        Ok((false, _)) => Check::ok(name, "not installed").could(install),
        Ok((true, manager)) => match manager.state() {
            None => Check::warn(name, format!("installed, but {} does not answer", manager.name), "kairos-run service status"),
            Some(state) if state.pid.is_none() => {
                Check::warn(name, format!("installed, but {}: {}", manager.name, state.text), "kairos-run service status")
            }
            Some(state) => Check::ok(name, format!("{}: {}", manager.name, state.text)),
        },
    })
}

/// We read repositories by ourselves; what we advise is done with git.
pub fn git() -> Check {
    match Command::new("git").arg("--version").stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Check::ok("git", String::from_utf8_lossy(&output.stdout).trim()),
        Ok(output) => Check::warn("git", format!("`git --version` ends with {}", output.status), "install git anew"),
        Err(_) => {
            Check::warn("git", "there is no `git`; repositories are watched without", "install git to follow what is advised")
        }
    }
}

/// Which language model plugins could ask. A service of the system has another environment than this shell.
pub fn model(paths: &Paths) -> Check {
    // Settings that can't be read are told of elsewhere.
    let config = config_files::load(&paths.config, None, &[]).unwrap_or_default();
    match kairos_model::find(&config, |name| std::env::var(name).ok()) {
        Ok(all) => {
            let names: Vec<_> = all.iter().map(kairos_model::Provider::name).collect();
            Check::ok("model", format!("{}; only plugins that you grant one ask it", names.join(", else ")))
        }
        Err(why) if config.text("model.provider") == "auto" => {
            let told = "none: only the dream strategy `reflect` would ask one, and look for a server on this machine";
            Check::ok("model", told).could(why)
        }
        Err(why) => Check::ok("model", "none: only the dream strategy `reflect` would ask one").could(why),
    }
}

/// Is the hook switched on?
pub fn shell() -> Check {
    let hooks = shell_files::hooks();
    if hooks.is_empty() {
        return Check::ok("shell", "no hook: commands that you type are not seen").could("kairos-run shell-init --help");
    }
    let places: Vec<_> = hooks.iter().map(|h| format!("{}:{}", h.file.display(), h.line)).collect();
    Check::ok("shell", format!("hook in {}", places.join(", ")))
}

/// Reports of the last days.
pub fn crashes(paths: &Paths) -> Check {
    let recent = |file: &std::path::PathBuf| {
        let written = file.metadata().and_then(|m| m.modified()).ok();
        written.and_then(|t| SystemTime::now().duration_since(t).ok()).is_none_or(|age| age < RECENT)
    };
    let reports: Vec<_> = crash::reports(paths).into_iter().filter(recent).collect();
    match reports.last() {
        None => Check::ok("crashes", "none in a week"),
        Some(last) => Check::warn(
            "crashes",
            format!("{} in a week", text::count(reports.len() as u64, "report")),
            format!("read {}, and send it with a bug report; it holds nothing of your projects", last.display()),
        ),
    }
}

/// Findings, snoozes and caps are counted in days.
pub fn clock(paths: &Paths) -> Check {
    let name = "clock";
    let now = SystemTime::now();
    let shown = text::date(text::now(), &jiff::tz::TimeZone::system());
    let remedy = "set the clock: `timedatectl set-ntp true` where there is systemd";
    if now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs()) < EARLIEST {
        return Check::fail(name, format!("it says {shown}, before there was a kairos-run"), remedy);
    }
    let written = [paths.user_db(), paths.log()].into_iter().filter_map(|f| f.metadata().and_then(|m| m.modified()).ok());
    match written.filter_map(|t| t.duration_since(now).ok()).max() {
        Some(ahead) if ahead > AHEAD => {
            let span = text::span(u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX));
            Check::warn(name, format!("it says {shown}, {span} before our own files were written"), remedy)
        }
        _ => Check::ok(name, shown),
    }
}
