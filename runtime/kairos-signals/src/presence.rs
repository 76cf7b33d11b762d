//! Is the user there? From the keyboard alone: what programs do (files that change, commands that end) is no sign of him.

use kairos_core::signal::Millis;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the machine tells about the user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs {
    /// His screen is locked.
    pub locked: bool,
    /// When a key was last pressed; none where the machine can't tell.
    pub last_input: Option<Millis>,
}

impl Signs {
    /// Is he away? `seen` is when he last did something that the caller knows of. Where the machine can't tell, he is here.
    pub fn is_away(self, seen: Millis, after: Duration, now: Millis) -> bool {
        let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let since = now.saturating_sub(seen.max(self.last_input.unwrap_or(0)));
        // Who types in a session over the network may have a locked screen at home.
        let locked_out = self.locked && since >= after.min(LOCKED);
        locked_out || (self.last_input.is_some() && since >= after)
    }
}

/// A locked screen counts after so many milliseconds without a key: the one that locked it is a key, too.
const LOCKED: Millis = 60_000;

/// Looks. Reads some folders and may start a program of the system: not for a thread that others wait for.
pub fn look() -> Signs {
    platform()
}

/// A terminal's access time is when something was last read from it: when its user pressed a key, to within 8 seconds. A
/// desktop has keys that no terminal sees, so there only its own session tells.
#[cfg(target_os = "linux")]
fn platform() -> Signs {
    let uid = rustix::process::getuid().as_raw();
    let typed = last_typed(Path::new("/dev/pts"), uid).max(last_typed(Path::new("/dev"), uid));
    let session = desktop(uid);
    match session {
        Some(session) => Signs { locked: session.locked, last_input: session.last_input(crate::now()).max(typed) },
        None => Signs { locked: false, last_input: typed },
    }
}

#[cfg(target_os = "macos")]
fn platform() -> Signs {
    let said = Command::new("/usr/sbin/ioreg").args(["-c", "IOHIDSystem", "-d", "4"]).output();
    let idle = said.ok().and_then(|said| macos_idle(&String::from_utf8_lossy(&said.stdout)));
    Signs { locked: false, last_input: idle.map(|idle| crate::now().saturating_sub(idle)) }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn platform() -> Signs {
    Signs::default()
}

/// When something was last typed in one of a user's terminals.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn last_typed(folder: &Path, uid: u32) -> Option<Millis> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let terminals = folder.read_dir().ok()?.flatten().filter(|e| {
        let name = e.file_name();
        // `/dev/tty` is whoever asks, and `ptmx` nobody.
        name.to_str().is_some_and(|n| n.strip_prefix("tty").unwrap_or(n).bytes().all(|b| b.is_ascii_digit()) && n != "tty")
    });
    let typed = terminals.filter_map(|e| e.metadata().ok()).filter(|m| m.uid() == uid && m.file_type().is_char_device());
    typed.filter_map(|m| m.accessed().ok().and_then(millis)).max()
}

fn millis(time: SystemTime) -> Option<Millis> {
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// A session on a desktop.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
struct Desktop {
    locked: bool,
    /// Since when nobody has touched it; none while somebody does, and on desktops that don't tell.
    idle_since: Option<Millis>,
}

#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
impl Desktop {
    fn last_input(&self, now: Millis) -> Option<Millis> {
        Some(self.idle_since.unwrap_or(now)).filter(|_| !self.locked || self.idle_since.is_some())
    }
}

/// The user's desktop as logind knows it; none without one.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn desktop(uid: u32) -> Option<Desktop> {
    if !Path::new("/run/systemd/seats").exists() {
        return None;
    }
    let ask = |arguments: &[&str]| {
        let said = Command::new("loginctl").args(arguments).output().ok().filter(|said| said.status.success())?;
        Some(String::from_utf8_lossy(&said.stdout).into_owned())
    };
    let session = ask(&["show-user", &uid.to_string(), "--property=Display", "--value"])?;
    let session = Some(session.trim()).filter(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric()))?;
    logind(&ask(&["show-session", session, "-p", "Type", "-p", "LockedHint", "-p", "IdleHint", "-p", "IdleSinceHint"])?)
}

/// `NAME=VALUE` a line.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn logind(said: &str) -> Option<Desktop> {
    let value = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    matches!(value("Type")?, "x11" | "wayland" | "mir").then(|| Desktop {
        locked: value("LockedHint") == Some("yes"),
        idle_since: (value("IdleHint") == Some("yes"))
            .then(|| value("IdleSinceHint")?.parse::<u64>().ok().map(|micros| micros / 1000))
            .flatten(),
    })
}

/// Milliseconds, from `"HIDIdleTime" = NANOSECONDS`.
#[cfg_attr(not(target_os = "macos"), allow(dead_code))]
fn macos_idle(said: &str) -> Option<Millis> {
    let line = said.lines().find(|line| line.contains("\"HIDIdleTime\""))?;
    line.split_once('=')?.1.trim().parse::<u64>().ok().map(|nanos| nanos / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn away_is_who_pressed_no_key_for_long_and_was_not_seen_otherwise() {
        const MINUTE: Millis = 60_000;
        let (now, after) = (100 * MINUTE, Duration::from_secs(15 * 60));
        let ago = |minutes: Millis| now - minutes * MINUTE;
        // (locked, minutes since the last key, minutes since he was seen, away)
        for (locked, key, seen, away) in [
            (false, None, 90, false),
            (false, Some(14), 90, false),
            (false, Some(15), 90, true),
            (false, Some(90), 14, false),
            (true, None, 90, true),
            (true, Some(2), 90, true),
            (true, Some(0), 90, false),
            (true, Some(90), 0, false),
        ] {
            let signs = Signs { locked, last_input: key.map(ago) };
            assert_eq!(signs.is_away(ago(seen), after, now), away, "{locked} {key:?} {seen}");
        }
        let ahead = Signs { locked: false, last_input: Some(now + MINUTE) };
        assert!(!ahead.is_away(0, after, now), "a clock that was set back");
    }

    #[test]
    fn what_logind_says_of_a_desktop_is_read() {
        let said = "Type=wayland\nIdleHint=yes\nIdleSinceHint=1750000000123456\nLockedHint=yes\n";
        let session = logind(said).unwrap();
        assert_eq!(session, Desktop { locked: true, idle_since: Some(1_750_000_000_123) });
        assert_eq!(session.last_input(9), Some(1_750_000_000_123));
        let used = logind("Type=x11\nIdleHint=no\nIdleSinceHint=0\nLockedHint=no\n").unwrap();
        assert_eq!(used.last_input(9), Some(9));
        assert_eq!(Desktop { locked: true, idle_since: None }.last_input(9), None, "a desktop that tells no idleness");
        assert_eq!(logind("Type=tty\nIdleHint=yes\nLockedHint=no\n"), None);
        assert_eq!(logind(""), None);
    }

    #[test]
    fn macos_tells_nanoseconds() {
        assert_eq!(macos_idle("  |   \"HIDIdleTime\" = 61000000000\n"), Some(61_000));
        assert_eq!(macos_idle(""), None);
    }

    #[test]
    fn only_terminals_are_asked() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("3"), "").unwrap();
        assert_eq!(last_typed(dir.path(), rustix::process::getuid().as_raw()), None, "a file is no terminal");
        assert_eq!(last_typed(&dir.path().join("none"), 0), None);
        let _ = look();
    }
}
