//! Memory on macOS, and nowhere else: the system's own estimate of what is free, in percent.

use super::Space;
use std::process::Command;

/// The memory, and whether the machine stands still for want of it (nobody says that here). None if nobody says.
pub fn look() -> Option<(Space, bool)> {
    if !cfg!(target_os = "macos") {
        return None;
    }
    let ask = |name: &str| {
        let output = Command::new("/usr/sbin/sysctl").args(["-n", name]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse::<u64>().ok()
    };
    let (percent, total) = (ask("kern.memorystatus_level")?, ask("hw.memsize")?);
    Some((Space { free: total / 100 * percent.min(100), total }, false))
}
