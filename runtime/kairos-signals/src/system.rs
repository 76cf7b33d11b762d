//! Is the machine about to run out of disk or memory? Told once, until it has been well for a while.

use crate::queue::SignalQueue;
use kairos_core::signal::Signal;
use std::path::{Path, PathBuf};

#[cfg_attr(target_os = "linux", path = "system/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "system/other.rs")]
mod memory;

const SOURCE: &str = "system";
/// Less free space than this is low on any disk, and less than a twentieth of it.
const LOW_BYTES: u64 = 2 << 30;
const LOW_SHARE: u64 = 20;

/// Free and all bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    pub free: u64,
    pub total: u64,
}

impl Space {
    /// Below a twentieth.
    fn is_short(self) -> bool {
        self.total > 0 && self.free < self.total / LOW_SHARE
    }
}

/// Low begins at the limit and ends a quarter above it: what hovers around the limit is told once.
#[derive(Debug, Default)]
struct Level {
    low: bool,
}

impl Level {
    /// Has it just become low?
    fn falls(&mut self, is_low: bool, is_well: bool) -> bool {
        let before = self.low;
        self.low = is_low || (before && !is_well);
        self.low && !before
    }
}

/// Looks when it is asked to.
#[derive(Debug)]
pub(crate) struct System {
    disks: Vec<(&'static str, PathBuf, Level)>,
    memory: Level,
}

impl System {
    /// `data` is told apart from the project's disk only if it is another one.
    pub fn new(project: &Path, data: &Path) -> Self {
        let mut disks = vec![("project", project.to_path_buf(), Level::default())];
        if device(project) != device(data) {
            disks.push(("data", data.to_path_buf(), Level::default()));
        }
        Self { disks, memory: Level::default() }
    }

    pub fn look(&mut self, queue: &SignalQueue) {
        for (name, path, level) in &mut self.disks {
            let Some(space) = disk(path) else { continue };
            if falls_disk(level, space) {
                queue.push(told("system.disk-low", space).with("disk", name));
            }
        }
        if let Some((space, stalled)) = memory::look() {
            let well = Space { free: space.free / 5 * 4, ..space };
            if self.memory.falls(space.is_short() || stalled, !well.is_short() && !stalled) {
                queue.push(told("system.memory-low", space).with("stalled", stalled));
            }
        }
    }
}

fn falls_disk(level: &mut Level, space: Space) -> bool {
    let well = Space { free: space.free / 5 * 4, ..space };
    // A disk that is small as a whole (a memory disk, a test's image) is judged by its share alone.
    let low = |s: Space| s.is_short() || (s.free < LOW_BYTES && s.total > 4 * LOW_BYTES);
    level.falls(low(space), !low(well))
}

fn told(kind: &str, space: Space) -> Signal {
    Signal::new(kind, SOURCE, crate::now()).with("free", space.free).with("total", space.total)
}

/// What this user may still use; none where it can't be told.
#[cfg(unix)]
fn disk(path: &Path) -> Option<Space> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(Space { free: stat.f_bavail.saturating_mul(stat.f_frsize), total: stat.f_blocks.saturating_mul(stat.f_frsize) })
}

#[cfg(unix)]
fn device(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|m| m.dev())
}

#[cfg(not(unix))]
fn disk(_path: &Path) -> Option<Space> {
    None
}

#[cfg(not(unix))]
fn device(_path: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_is_told_once_until_it_has_been_well() {
        const GIB: u64 = 1 << 30;
        let mut level = Level::default();
        let mut told = |free, total| falls_disk(&mut level, Space { free, total });
        assert!(!told(30 * GIB, 100 * GIB));
        assert!(told(4 * GIB, 100 * GIB));
        assert!(!told(3 * GIB, 100 * GIB));
        // A little over the limit is not well yet.
        assert!(!told(5 * GIB + GIB / 2, 100 * GIB) && !told(4 * GIB, 100 * GIB));
        assert!(!told(30 * GIB, 100 * GIB) && told(GIB, 100 * GIB));
        // 2 GiB count on a disk of some size, where they are more than a twentieth, and not on one that is small.
        assert!(!told(30 * GIB, 30 * GIB) && told(GIB * 19 / 10, 30 * GIB));
        assert!(!told(GIB / 2, GIB));
    }

    #[test]
    fn this_machine_can_be_asked() {
        let queue = SignalQueue::default();
        let dir = tempfile::tempdir().unwrap();
        assert!(disk(dir.path()).is_some_and(|s| s.total >= s.free && s.total > 0));
        if cfg!(target_os = "linux") {
            assert!(memory::look().is_some_and(|(s, _)| s.total > s.free && s.free > 0));
        }
        let mut system = System::new(dir.path(), dir.path());
        assert_eq!(system.disks.len(), 1);
        system.look(&queue);
        system.look(&queue);
        assert!(queue.len() <= 2);
    }
}
