//! An agent of launchd (macOS). Nothing here touches the machine: texts and command lines alone.

use super::manager::{MARKER, Manager, Service, State};
use super::steps::{step, try_step};
use kairos_agent::STARTED_BY;
use std::path::Path;

const LABEL: &str = "kairos-run";

/// The service of the user with that home folder and number. An error names what a property list can't hold.
pub fn manager(home: &Path, uid: u32, service: &Service) -> Result<Manager, String> {
    let file = home.join("Library/LaunchAgents").join(format!("{LABEL}.plist"));
    let path = file.to_str().ok_or_else(|| format!("{} is not UTF-8", file.display()))?.to_string();
    let domain = format!("gui/{uid}");
    let target = format!("{domain}/{LABEL}");
    Ok(Manager {
        name: "launchd",
        link: None,
        text: text(service)?,
        starts: starts(service)?,
        reach: step(&["launchctl", "print", &domain]),
        // One that is loaded already can only be kicked; whether it runs then is looked at.
        start: vec![try_step(&["launchctl", "bootstrap", &domain, &path]), try_step(&["launchctl", "kickstart", &target])],
        stop: vec![try_step(&["launchctl", "bootout", &target])],
        prepare: vec![step(&["launchctl", "enable", &target])],
        // Only one that isn't loaded can be loaded.
        begin: vec![try_step(&["launchctl", "bootout", &target]), step(&["launchctl", "bootstrap", &domain, &path])],
        end: vec![try_step(&["launchctl", "bootout", &target])],
        after: Vec::new(),
        ask: step(&["launchctl", "print", &target]),
        read,
        log: "kairos-run logs",
        file,
    })
}

/// The line that says what is started.
fn starts(service: &Service) -> Result<String, String> {
    Ok(format!("\t\t<string>{}</string>", escaped(&service.program)?))
}

fn text(service: &Service) -> Result<String, String> {
    let starts = starts(service)?;
    let said = escaped(&service.said)?;
    let mut environment = String::new();
    for (name, value) in &service.environment {
        environment += &format!("\n\t\t<key>{name}</key><string>{}</string>", escaped(value)?);
    }
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!-- {marker} -->
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
<dict>
	<key>Label</key>
	<string>{LABEL}</string>
	<key>ProgramArguments</key>
	<array>
{starts}
		<string>daemon</string>
	</array>
	<key>EnvironmentVariables</key>
	<dict>{environment}
		<key>{STARTED_BY}</key><string>launchd</string>
	</dict>
	<key>RunAtLoad</key>
	<true/>
	<!-- Started again when it fails, not when it was asked to end; at most once a minute. -->
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ThrottleInterval</key>
	<integer>60</integer>
	<key>ProcessType</key>
	<string>Background</string>
	<key>LowPriorityIO</key>
	<true/>
	<key>StandardErrorPath</key>
	<string>{said}</string>
</dict>
</plist>
",
        marker = MARKER.trim_start_matches("# ")
    ))
}

fn escaped(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err(format!("{text:?} holds a control character, which a property list can't"));
    }
    Ok(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

fn read(said: &str) -> State {
    let value = |name: &str| {
        let mut lines = said.lines().map(str::trim);
        lines.find_map(|line| line.split_once(" = ").filter(|(n, _)| *n == name)).map(|(_, v)| v).unwrap_or_default()
    };
    State { pid: value("pid").parse().ok(), text: value("state").into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_property_list_as_a_user_finds_it() {
        let service = Service {
            program: "/Users/a & b/kairos-run".into(),
            environment: vec![("KAIROS_HOME", "/k<".into())],
            said: "/d/start.log".into(),
        };
        let manager = manager(Path::new("/Users/a"), 501, &service).unwrap();
        assert_eq!(manager.file, Path::new("/Users/a/Library/LaunchAgents/kairos-run.plist"));
        assert_eq!(
            manager.text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!-- Written by `kairos-run service install`; `kairos-run service uninstall` removes it. -->
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
<dict>
	<key>Label</key>
	<string>kairos-run</string>
	<key>ProgramArguments</key>
	<array>
		<string>/Users/a &amp; b/kairos-run</string>
		<string>daemon</string>
	</array>
	<key>EnvironmentVariables</key>
	<dict>
		<key>KAIROS_HOME</key><string>/k&lt;</string>
		<key>KAIROS_STARTED_BY</key><string>launchd</string>
	</dict>
	<key>RunAtLoad</key>
	<true/>
	<!-- Started again when it fails, not when it was asked to end; at most once a minute. -->
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ThrottleInterval</key>
	<integer>60</integer>
	<key>ProcessType</key>
	<string>Background</string>
	<key>LowPriorityIO</key>
	<true/>
	<key>StandardErrorPath</key>
	<string>/d/start.log</string>
</dict>
</plist>
"
        );
        let bootstrap = manager.begin[1].words.join(" ");
        assert_eq!(bootstrap, "launchctl bootstrap gui/501 /Users/a/Library/LaunchAgents/kairos-run.plist");
    }

    #[test]
    fn what_launchctl_says_is_understood() {
        let state = read("gui/501/kairos-run = {\n\tactive count = 1\n\tstate = running\n\tpid = 42\n}\n");
        assert_eq!((state.pid, state.text.as_str()), (Some(42), "running"));
        assert_eq!(read("gui/501/kairos-run = {\n\tstate = not running\n}").pid, None);
    }
}
