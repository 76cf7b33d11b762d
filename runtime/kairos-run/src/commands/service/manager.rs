//! A platform's service manager, and the description of our service that it has.

use super::steps::{Step, StepError, run};
use super::{launchd, systemd};
use crate::errors::advice;
use crate::paths::Paths;
use anyhow::{Context, Result, anyhow};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The line by which our own file is known.
pub(super) const MARKER: &str = "# Written by `kairos-run service install`; `kairos-run service uninstall` removes it.";
/// What says where our folders are, because the service manager's environment is not the shell's. The first one says it alone.
const CARRIED: [&str; 4] = ["KAIROS_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"];

/// What the service starts.
pub(super) struct Service {
    /// The program, absolute.
    pub(super) program: String,
    /// Variables that it needs.
    pub(super) environment: Vec<(&'static str, String)>,
    /// Where it says what it can't write into its log.
    pub(super) said: String,
}

/// How the platform's service manager is told. Pure data, so that each platform's can be tested on any.
#[derive(Debug)]
pub struct Manager {
    /// Its name.
    pub name: &'static str,
    /// The service's description.
    pub file: PathBuf,
    /// What the manager itself makes when it enables the service.
    pub(super) link: Option<PathBuf>,
    pub(super) text: String,
    /// The line of it that names the program.
    pub(super) starts: String,
    /// Succeeds where the manager can be reached.
    pub(super) reach: Step,
    /// Starts it, unless it runs.
    pub(super) start: Vec<Step>,
    /// Stops it, until the next start or login.
    pub(super) stop: Vec<Step>,
    /// Makes the new file known.
    pub(super) prepare: Vec<Step>,
    /// Starts it, or starts it anew.
    pub(super) begin: Vec<Step>,
    /// Stops it, and starts it no more.
    pub(super) end: Vec<Step>,
    /// Makes the manager forget the file that is gone.
    pub(super) after: Vec<Step>,
    pub(super) ask: Step,
    pub(super) read: fn(&str) -> State,
    /// Shows what the service said.
    pub(super) log: &'static str,
}

/// What the manager says of the service.
#[derive(Debug)]
pub struct State {
    /// The process, if it runs.
    pub pid: Option<u32>,
    /// In the manager's words.
    pub text: String,
}

impl Manager {
    /// The one of this platform.
    pub fn here(paths: &Paths) -> Result<Self> {
        let dirs = directories::BaseDirs::new().ok_or_else(|| advice("your home folder can't be told", "set HOME"))?;
        let service = Service::here(paths)?;
        let manager = if cfg!(target_os = "macos") {
            launchd::manager(dirs.home_dir(), rustix::process::getuid().as_raw(), &service)
        } else {
            systemd::manager(dirs.config_dir(), &service)
        };
        manager.map_err(|why| anyhow!("no service can be made of this: {why}"))
    }

    /// The description that is installed; none if there is none. One that we did not write is an error.
    pub fn installed(&self) -> Result<Option<String>> {
        let file = self.file.display();
        let foreign = || advice(format!("{file} was not made by kairos-run"), "move it away if you don't need it");
        match self.file.symlink_metadata() {
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(e) => return Err(e).with_context(|| format!("can't read {file}")),
            Ok(found) if !found.is_file() => return Err(foreign()),
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(&self.file).with_context(|| format!("can't read {file}"))?;
        if text.contains(MARKER.trim_start_matches("# ")) { Ok(Some(text)) } else { Err(foreign()) }
    }

    /// The one whose service is for these folders, with its description; none where none is installed, or one for others.
    pub fn in_charge(paths: &Paths) -> Option<(Self, String)> {
        let manager = Self::here(paths).ok()?;
        let installed = manager.installed().ok()??;
        manager.is_same_home(&installed).then_some((manager, installed))
    }

    /// Does a description start this very program?
    pub fn is_same_program(&self, installed: &str) -> bool {
        installed.lines().any(|line| line == self.starts)
    }

    /// Was a description made for the same folders?
    pub fn is_same_home(&self, installed: &str) -> bool {
        let folders = |text: &str| -> Vec<String> {
            text.lines().filter(|l| CARRIED.iter().any(|name| l.contains(name))).map(String::from).collect()
        };
        folders(installed) == folders(&self.text)
    }

    /// How the service is; none if the manager can't be asked.
    pub fn state(&self) -> Option<State> {
        run(&self.ask).ok().map(|said| (self.read)(&said))
    }

    /// Can it be asked at all? Not in a session without the user's message bus, for one.
    pub fn reach(&self) -> Result<(), StepError> {
        run(&self.reach).map(drop)
    }

    /// Starts the service, unless it runs.
    pub fn start(&self) -> Result<(), StepError> {
        self.start.iter().try_for_each(|s| run(s).map(drop))
    }

    /// Ends what the service runs, and what it is about to run again.
    pub fn stop(&self) -> Result<(), StepError> {
        self.stop.iter().try_for_each(|s| run(s).map(drop))
    }

    /// Stops the service and removes all that `install` and the manager made; what was done, in lines.
    pub fn remove(&self) -> Result<Vec<String>> {
        let link = self.link.as_ref().filter(|link| link.symlink_metadata().is_ok_and(|m| m.is_symlink()));
        if self.installed()?.is_none() && link.is_none() {
            return Ok(Vec::new());
        }
        let mut lines = Vec::new();
        match self.end.iter().try_for_each(|s| run(s).map(drop)) {
            Ok(()) => lines.push("the service is stopped".to_string()),
            Err(e) => lines.push(format!("{} could not stop the service ({e}); `kairos-run stop` ends its process", self.name)),
        }
        for path in [self.link.as_ref(), Some(&self.file)].into_iter().flatten() {
            match std::fs::remove_file(path) {
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                done => done.with_context(|| format!("can't remove {}", path.display()))?,
            }
            // The folders were made for it, if nothing else is in them.
            let _ = path.ancestors().skip(1).take(2).try_for_each(std::fs::remove_dir);
        }
        lines.push(format!("removed {}", self.file.display()));
        for step in &self.after {
            let _ = run(step);
        }
        Ok(lines)
    }
}

impl Service {
    fn here(paths: &Paths) -> Result<Self> {
        let program = std::env::current_exe().context("the path of kairos-run can't be told")?;
        let text = |path: &Path| path.to_str().map(String::from).with_context(|| format!("{} is not UTF-8", path.display()));
        let mut environment = Vec::new();
        for name in CARRIED {
            if let Some(value) = std::env::var_os(name).filter(|v| !v.is_empty()) {
                environment.push((name, text(&std::path::absolute(value)?)?));
                if name == CARRIED[0] {
                    break;
                }
            }
        }
        Ok(Self { program: text(&program)?, environment, said: text(&paths.start_log())? })
    }
}
