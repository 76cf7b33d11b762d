//! Settings, folders, disk and databases. All of it is looked at, and nothing written.

use super::Check;
use super::process::Daemon;
use crate::config_files;
use crate::disk::Usage;
use crate::paths::Paths;
use crate::view::text;
use jiff::tz::TimeZone;
use kairos_exec::redact::Redactor;
use kairos_memory::transcript::Transcripts;
use kairos_store::{ProjectDb, StoreError, UserDb};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Free bytes below which things will soon fail, and below which they do.
const LITTLE: u64 = 1 << 30;
const TOO_LITTLE: u64 = 100 << 20;

/// The user's settings, and those of watched projects.
pub fn settings(paths: &Paths, daemon: &Daemon) -> Vec<Check> {
    let name = "settings";
    let file = paths.config.display();
    let mut all = vec![match config_files::load(&paths.config, None, &[]) {
        Err(e) => Check::fail(name, format!("{e:#}"), "mend the line; what runs keeps its old settings, a new start fails"),
        Ok(_) if !paths.config.exists() => Check::ok(name, format!("{file} is not there: defaults")),
        Ok(_) => Check::ok(name, file.to_string()),
    }];
    // A folder that hangs would hold up this, too.
    for project in daemon.projects().iter().filter(|p| p.error.is_none() && p.watch.mode != "hung") {
        if let Err(e) = config_files::load(&paths.config, Some(Path::new(&project.path)), &[])
            && all[0].level == super::Level::Ok
        {
            all.push(Check::warn(name, format!("{}: {e:#}", project.path), "mend the line"));
        }
    }
    all
}

/// Our folders: mine, writable, closed to others. The cache holds nothing that is secret.
pub fn folders(paths: &Paths) -> Vec<Check> {
    let all = [("data", &paths.data, 0o077), ("cache", &paths.cache, 0o022), ("run", &paths.run, 0o077)];
    all.map(|(name, path, others)| folder(name, path, others)).into()
}

fn folder(name: &'static str, path: &Path, others: u32) -> Check {
    let shown = path.display();
    let found = match path.metadata() {
        Ok(found) => found,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Check::ok(name, format!("{shown} is not there yet")),
        Err(e) => return Check::fail(name, format!("{shown}: {e}"), "make it readable for you"),
    };
    let uid = rustix::process::getuid().as_raw();
    if !found.is_dir() {
        return Check::fail(name, format!("{shown} is no folder"), "move it away");
    }
    if found.uid() != uid {
        let remedy = format!("sudo chown -R {uid} '{shown}', or set KAIROS_HOME to a folder of yours");
        return Check::fail(name, format!("{shown} belongs to user {}", found.uid()), remedy);
    }
    let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    if let Err(e) = rustix::fs::access(path, access) {
        return Check::fail(
            name,
            format!("{shown} can't be written: {e}"),
            format!("chmod u+rwx '{shown}', or look at the disk"),
        );
    }
    // The folder above may close it already; ours should not count on that.
    if found.mode() & others != 0 {
        let what = format!("{shown} is open to others (mode {:o})", found.mode() & 0o777);
        return Check::warn(name, what, format!("chmod 700 '{shown}'"));
    }
    Check::ok(name, shown.to_string())
}

/// Room for what we will write.
pub fn disk(paths: &Paths) -> Check {
    let there = paths.data.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    let free = match rustix::fs::statvfs(there) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(e) => return Check::warn("disk", format!("{}: {e}", there.display()), "see whether the disk is there"),
    };
    let what = format!("{} free at {}", size_text(free), there.display());
    let remedy = "free some space: a full disk makes ticks fail";
    match free {
        0..TOO_LITTLE => Check::fail("disk", what, remedy),
        TOO_LITTLE..LITTLE => Check::warn("disk", what, remedy),
        _ => Check::ok("disk", what),
    }
}

/// What we keep, against what we may.
pub fn size(paths: &Paths, daemon: &Daemon) -> Check {
    let usage = Usage::of(paths);
    let limit = config_files::load(&paths.config, None, &[]).unwrap_or_default().number("limits.disk");
    let what = format!("{}: {}", size_text(usage.sum()), usage.text());
    if usage.sum() <= limit {
        return Check::ok("size", what);
    }
    let what = format!("{what}; `limits.disk` allows {}", size_text(limit));
    match daemon {
        Daemon::Well(status, _) if status.disk.is_none() => Check::warn("size", what, "kairos-run makes room within ten minutes"),
        Daemon::Well(..) => Check::warn("size", what, "no more can be spared: set `limits.disk` higher, or `memory.size` lower"),
        _ => Check::warn("size", what, "`kairos-run start`: while it runs, it makes room"),
    }
}

/// What was observed, and what of it was dropped.
pub fn memory(paths: &Paths) -> Check {
    let name = "memory";
    let (mut days, mut observed, mut dropped, mut last) = (0, 0, 0, None);
    for folder in paths.memories().into_iter().filter(|folder| folder.ends_with("transcripts")) {
        let transcripts = Transcripts::open(&folder, Redactor::default());
        match transcripts.days().and_then(|days| Ok((days, transcripts.dropped()?))) {
            Ok((seen, gone)) => {
                days += seen.len() as u64;
                dropped += gone.iter().map(|d| d.count).sum::<u64>();
                last = last.max(gone.last().map(|d| (d.time, d.rule.clone())));
            }
            Err(e) => return Check::warn(name, e.to_string(), "`kairos-run memory verify` tells more"),
        }
        observed += folder.read_dir().into_iter().flatten().flatten().filter_map(|e| Some(e.metadata().ok()?.len())).sum::<u64>();
    }
    let what = format!("{} of what was observed on {}", size_text(observed), text::count(days, "day"));
    let gone = last.map(|(time, rule)| {
        format!(
            "; {} dropped so far, last on {} by {rule}",
            text::count(dropped, "observation"),
            text::date(time, &TimeZone::system())
        )
    });
    Check::ok(name, what + &gone.unwrap_or_default())
}

/// Each database, read from end to end.
pub fn databases(paths: &Paths) -> Vec<Check> {
    let mut failed = Vec::new();
    let mut sound = 0;
    let mut look = |file: &Path, check: fn(&Path) -> Result<(), StoreError>| match check(file) {
        Ok(()) => sound += 1,
        Err(e) => failed.push(Check::fail("database", e.to_string(), "stop kairos-run first: `kairos-run stop`")),
    };
    if paths.user_db().exists() {
        look(&paths.user_db(), UserDb::check);
    }
    paths.project_dbs().iter().for_each(|file| look(file, ProjectDb::check));
    if failed.is_empty() {
        failed.push(Check::ok("database", format!("{} sound", text::count(sound, "database"))));
    }
    failed
}

fn size_text(bytes: u64) -> String {
    if bytes >= 10 << 30 { format!("{} GiB", bytes >> 30) } else { text::size(bytes) }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_others_can_read_is_told_and_a_file_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        assert_eq!(folder("data", &data, 0o077).level, Level::Ok);
        std::fs::create_dir(&data).unwrap();
        std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
        assert_eq!(folder("cache", &data, 0o022).level, Level::Ok);
        let check = folder("data", &data, 0o077);
        assert_eq!((check.level, check.remedy.unwrap()), (Level::Warn, format!("chmod 700 '{}'", data.display())));
        std::fs::write(dir.path().join("run"), "").unwrap();
        assert_eq!(folder("run", &dir.path().join("run"), 0o077).level, Level::Fail);
    }
}
