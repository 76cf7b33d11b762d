//! How many folders the system lets this user watch (Linux: inotify), and how many are taken.

use super::Check;
use std::fs::{read_dir, read_link, read_to_string};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Above this share, the next large project may not fit.
const NEARLY: u64 = 90;

/// Watches and watchers that are taken.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Taken {
    /// Folders, in the end.
    watches: u64,
    /// Open watchers.
    instances: u64,
}

/// The limits against what this user's processes take; `own` is our process. Nothing where there are no such limits.
pub fn watches(own: Option<u32>) -> Option<Check> {
    let limit = |name| read_to_string(format!("/proc/sys/fs/inotify/{name}")).ok()?.trim().parse::<u64>().ok();
    let (watches, instances) = (limit("max_user_watches")?, limit("max_user_instances")?);
    let uid = rustix::process::getuid().as_raw();
    let (mut all, mut ours) = (Taken::default(), Taken::default());
    for entry in read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        if !entry.metadata().is_ok_and(|m| m.uid() == uid) {
            continue;
        }
        let taken = taken_by(&entry.path());
        all.watches += taken.watches;
        all.instances += taken.instances;
        if own == Some(pid) {
            ours = taken;
        }
    }
    let what = format!(
        "{} of {watches} folders taken ({} by kairos-run), {} of {instances} watchers ({} by kairos-run)",
        all.watches, ours.watches, all.instances, ours.instances
    );
    let nearly = |taken: u64, limit: u64| taken.saturating_mul(100) >= limit.saturating_mul(NEARLY);
    if nearly(all.watches, watches) {
        let more = watches.saturating_mul(2);
        return Some(Check::warn("watches", what, format!("sudo sysctl fs.inotify.max_user_watches={more}")));
    }
    if nearly(all.instances, instances) {
        let more = instances.saturating_mul(2);
        return Some(Check::warn("watches", what, format!("sudo sysctl fs.inotify.max_user_instances={more}")));
    }
    Some(Check::ok("watches", what))
}

/// What one process takes, by its folder in /proc. A process that ends meanwhile takes nothing.
fn taken_by(process: &Path) -> Taken {
    let mut taken = Taken::default();
    for fd in read_dir(process.join("fd")).into_iter().flatten().flatten() {
        if read_link(fd.path()).is_ok_and(|l| l.as_os_str() == "anon_inode:inotify") {
            taken.instances += 1;
            let info = read_to_string(process.join("fdinfo").join(fd.file_name())).unwrap_or_default();
            taken.watches += info.lines().filter(|l| l.starts_with("inotify")).count() as u64;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn limits_are_set_against_use() {
        let check = super::watches(Some(std::process::id())).unwrap();
        assert!(check.what.contains("(0 by kairos-run)"), "{}", check.what);
    }
}
