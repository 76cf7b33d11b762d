//! A unit of the user's systemd (Linux). Nothing here touches the machine: texts and command lines alone.

use super::manager::{MARKER, Manager, Service, State};
use super::steps::{Step, step, try_step};
use kairos_agent::STARTED_BY;
use std::path::Path;

const UNIT: &str = "kairos-run.service";

/// The service below the user's folder for settings (`$XDG_CONFIG_HOME`). An error names what a unit can't hold.
pub fn manager(config: &Path, service: &Service) -> Result<Manager, String> {
    let folder = config.join("systemd/user");
    Ok(Manager {
        name: "systemd",
        file: folder.join(UNIT),
        link: Some(folder.join("default.target.wants").join(UNIT)),
        text: text(service)?,
        starts: starts(service)?,
        reach: systemctl(&["show", "--property=Version"]),
        // After too many failures it is not started again before its failures are forgotten.
        start: vec![forget(), systemctl(&["start", UNIT])],
        stop: vec![systemctl(&["stop", UNIT])],
        prepare: vec![systemctl(&["daemon-reload"]), systemctl(&["enable", UNIT])],
        begin: vec![forget(), systemctl(&["restart", UNIT])],
        end: vec![systemctl(&["disable", "--now", UNIT])],
        // Once the file is gone.
        after: vec![systemctl(&["daemon-reload"]), forget()],
        ask: systemctl(&["show", UNIT, "--property=ActiveState,SubState,MainPID,Result"]),
        read,
        log: "journalctl --user --unit kairos-run",
    })
}

fn systemctl(arguments: &[&str]) -> Step {
    step(&[&["systemctl", "--user"], arguments].concat())
}

fn forget() -> Step {
    try_step(&["systemctl", "--user", "reset-failed", UNIT])
}

/// The line that says what is started.
fn starts(service: &Service) -> Result<String, String> {
    Ok(format!("ExecStart={} daemon", quoted(&service.program)?))
}

fn text(service: &Service) -> Result<String, String> {
    let starts = starts(service)?;
    let mut environment = String::new();
    for (name, value) in &service.environment {
        environment += &format!("Environment={}\n", quoted(&format!("{name}={value}"))?);
    }
    Ok(format!(
        "{marker}
[Unit]
Description=kairos-run, which watches your projects
# One that fails at each start stays down after the fifth, until somebody looks.
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
{starts}
{environment}Environment={STARTED_BY}=systemd
Restart=on-failure
RestartSec=10
TimeoutStopSec=10
# It takes some 30 MiB. The rest is for compiling a large plugin, in a process of its own that may be killed for it.
MemoryMax=2G
OOMPolicy=continue

[Install]
WantedBy=default.target
",
        marker = MARKER
    ))
}

/// As one word, whatever is in it. `$` needs no escape: the program's path and `Environment=` are taken as they are.
fn quoted(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err(format!("{text:?} holds a control character, which a unit of systemd can't"));
    }
    Ok(format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%")))
}

fn read(said: &str) -> State {
    let value = |name: &str| {
        said.lines().find_map(|line| line.split_once('=').filter(|(n, _)| *n == name)).map(|(_, v)| v).unwrap_or_default()
    };
    let mut text = value("ActiveState").to_string();
    if value("SubState") != text && !value("SubState").is_empty() {
        text += &format!(" ({})", value("SubState"));
    }
    if !matches!(value("Result"), "" | "success") {
        text += &format!(", ended by {}", value("Result"));
    }
    State { pid: value("MainPID").parse().ok().filter(|pid| *pid > 0), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Service {
        Service {
            program: "/home/a b/100%/kairos-run".into(),
            environment: vec![("KAIROS_HOME", "/home/a b/\"k\"\\".into())],
            said: "/log".into(),
        }
    }

    #[test]
    fn the_unit_as_a_user_finds_it() {
        let manager = manager(Path::new("/c"), &service()).unwrap();
        assert_eq!(manager.file, Path::new("/c/systemd/user/kairos-run.service"));
        assert_eq!(
            manager.text,
            r#"# Written by `kairos-run service install`; `kairos-run service uninstall` removes it.
[Unit]
Description=kairos-run, which watches your projects
# One that fails at each start stays down after the fifth, until somebody looks.
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
ExecStart="/home/a b/100%%/kairos-run" daemon
Environment="KAIROS_HOME=/home/a b/\"k\"\\"
Environment=KAIROS_STARTED_BY=systemd
Restart=on-failure
RestartSec=10
TimeoutStopSec=10
# It takes some 30 MiB. The rest is for compiling a large plugin, in a process of its own that may be killed for it.
MemoryMax=2G
OOMPolicy=continue

[Install]
WantedBy=default.target
"#
        );
    }

    #[test]
    fn a_line_end_can_not_smuggle_a_setting_in() {
        let evil = Service { program: "/a\nExecStartPre=/evil".into(), ..service() };
        assert!(manager(Path::new("/c"), &evil).unwrap_err().contains("control character"));
    }

    #[test]
    fn what_systemctl_says_is_understood() {
        let state = read("MainPID=42\nResult=success\nActiveState=active\nSubState=running\n");
        assert_eq!((state.pid, state.text.as_str()), (Some(42), "active (running)"));
        let state = read("MainPID=0\nResult=exit-code\nActiveState=failed\nSubState=failed\n");
        assert_eq!((state.pid, state.text.as_str()), (None, "failed, ended by exit-code"));
    }
}
