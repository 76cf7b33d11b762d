//! Does the machine run on its battery?

use std::path::Path;

/// True on a battery; false on the mains, on a machine without a battery, and where it can't be told.
pub fn on_battery() -> bool {
    platform()
}

#[cfg(target_os = "linux")]
fn platform() -> bool {
    linux(Path::new("/sys/class/power_supply"))
}

#[cfg(target_os = "macos")]
fn platform() -> bool {
    let said = std::process::Command::new("/usr/bin/pmset").args(["-g", "batt"]).output();
    said.is_ok_and(|said| macos(&String::from_utf8_lossy(&said.stdout)))
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn platform() -> bool {
    false
}

/// The kernel's own list (`Documentation/ABI/testing/sysfs-class-power`). Only the supplies from outside are asked: a battery
/// is asked over a slow bus.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn linux(supplies: &Path) -> bool {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default().trim().to_string();
    let (mut outside, mut online, mut battery) = (false, false, false);
    for supply in supplies.read_dir().into_iter().flatten().flatten().map(|e| e.path()) {
        match read(&supply.join("type")).as_str() {
            // A mouse has a battery, too.
            "Battery" => battery |= read(&supply.join("scope")) != "Device",
            "Mains" | "USB" | "Wireless" => {
                outside = true;
                online |= read(&supply.join("online")) == "1";
            }
            _ => {}
        }
    }
    battery && outside && !online
}

/// The first line of `pmset -g batt`.
#[cfg_attr(not(target_os = "macos"), allow(dead_code))]
fn macos(said: &str) -> bool {
    said.lines().next().is_some_and(|line| line.contains("'Battery Power'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_supplies_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let supply = |name: &str, files: &[(&str, &str)]| {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
            for (file, text) in files {
                std::fs::write(dir.path().join(name).join(file), format!("{text}\n")).unwrap();
            }
        };
        assert!(!linux(dir.path()) && !linux(&dir.path().join("none")));
        supply("AC", &[("type", "Mains"), ("online", "0")]);
        supply("hid-mouse", &[("type", "Battery"), ("scope", "Device")]);
        assert!(!linux(dir.path()), "a mouse with a battery");
        supply("BAT0", &[("type", "Battery")]);
        assert!(linux(dir.path()));
        supply("ucsi", &[("type", "USB"), ("online", "1")]);
        assert!(!linux(dir.path()), "charged over USB");
    }

    #[test]
    fn macos_says_it_in_its_first_line() {
        assert!(macos("Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t97%; discharging"));
        assert!(!macos("Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t97%; charged"));
    }
}
