//! `kairos-run start`, `stop` and `restart`: through the service, where one is installed.
//!
//! What a service manager has started it must also end, or it takes the end for a failure; and what it has not started it
//! doesn't know, and would start a second time.

use super::service::{self, Manager};
use crate::cli::JsonFlag;
use crate::errors::advice;
use crate::lock::Lock;
use crate::paths::Paths;
use crate::view::{self, lists::Page};
use anyhow::{Context, Result};
use kairos_api::{Client, ClientError, Status};
use std::fs::{DirBuilder, File};
use std::io::{IsTerminal, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How often it is looked whether the process answers, or has ended.
const LOOK: Duration = Duration::from_millis(5);
/// Until a start is taken as failed. Plugins are compiled at the first one, on a slow machine for a minute.
const START: Duration = Duration::from_secs(300);
/// When the user is told what takes so long.
const PATIENCE: Duration = Duration::from_secs(1);
/// Until a process that was asked to end is told to, and until it is given up.
const ASKED: Duration = Duration::from_secs(5);
const TOLD: Duration = Duration::from_secs(3);

/// Starts the process in the background, unless one runs, and hands it the projects.
pub async fn start(paths: &Paths, projects: &[PathBuf], json: JsonFlag) -> Result<()> {
    let (client, mut status) = running(paths).await?;
    let here = [PathBuf::from(".")];
    let projects = if projects.is_empty() && status.projects.is_empty() { &here[..] } else { projects };
    for project in projects {
        client.project_add(&super::project_name(project)).await?;
        status = client.status().await?;
    }
    if json.json { view::print_json(&status) } else { view::print(&Page::for_stdout().status(&status)) }
}

/// The process that runs, else one that is started, and how it is.
async fn running(paths: &Paths) -> Result<(Client, Status)> {
    let end = Instant::now() + TOLD;
    loop {
        let client = match Client::connect(&paths.socket()).await {
            Ok(client) => client,
            Err(ClientError::NotRunning(_)) => match service::starter(paths) {
                Some(manager) => service::start(paths, &manager).await?,
                None => spawn(paths).await?,
            },
            Err(e) => return Err(e.into()),
        };
        match client.status().await {
            Ok(status) => return Ok((client, status)),
            // It was about to end.
            Err(ClientError::Interrupted) if Instant::now() < end => sleep(LOOK).await,
            Err(e) => return Err(e.into()),
        }
    }
}

/// Starts the process, and waits until it answers.
async fn spawn(paths: &Paths) -> Result<Client> {
    let file = paths.start_log();
    let can_not = || format!("can't write {}", file.display());
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(can_not)?;
    }
    let said = File::create(&file).with_context(can_not)?;
    let mut child = Command::new(std::env::current_exe().context("the path of kairos-run can't be told")?)
        .arg("daemon")
        // That is who started us, not it.
        .env_remove(kairos_agent::STARTED_BY)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        .spawn()
        .context("kairos-run can't be started")?;
    let begin = Instant::now();
    let mut told = !std::io::stderr().is_terminal();
    while begin.elapsed() < START {
        match Client::connect(&paths.socket()).await {
            Ok(client) => return Ok(client),
            Err(ClientError::NotRunning(_)) => {}
            Err(e) => return Err(e.into()),
        }
        // Where somebody else was faster, that one will do, as soon as it answers.
        if child.try_wait()?.is_some() && Lock::holder(paths)?.is_none() {
            let mut why = String::new();
            File::open(&file).with_context(can_not)?.take(4096).read_to_string(&mut why).with_context(can_not)?;
            let why = why.trim().trim_start_matches("error: ");
            return Err(advice(format!("it did not start: {why}"), format!("the log is {}", paths.log().display())));
        }
        if !told && begin.elapsed() > PATIENCE {
            told = true;
            eprintln!("compiling plugins, once for each new file");
        }
        sleep(LOOK).await;
    }
    Err(advice(format!("it does not answer after {} s", START.as_secs()), "kairos-run logs"))
}

/// Ends the process, wherever it runs. That none runs is no error.
pub async fn stop(paths: &Paths) -> Result<()> {
    let service = Manager::in_charge(paths);
    let said = match (halt(paths, service.as_ref().map(|(m, _)| m)).await?, service) {
        (true, Some(_)) => "stopped; the service starts it again when you log in\n",
        (true, None) => "stopped\n",
        (false, _) => "kairos-run is not running\n",
    };
    view::print(said)
}

/// Ends the process, if one runs, and starts it again with the projects that were added.
pub async fn restart(paths: &Paths) -> Result<()> {
    halt(paths, Manager::in_charge(paths).as_ref().map(|(m, _)| m)).await?;
    let (_, status) = running(paths).await?;
    view::print(&Page::for_stdout().status(&status))
}

/// Ends what the service runs, and whatever runs beside it. False if nothing ran.
async fn halt(paths: &Paths, service: Option<&Manager>) -> Result<bool> {
    let ran = Lock::holder(paths)?.is_some();
    // Also where nothing runs: after a failure the manager waits a while, and then starts it again. Where the manager can't
    // be reached, a process of its own is asked as any other; it ends well, which no manager takes for a failure.
    if let Some(manager) = service {
        let _ = manager.stop();
    }
    Ok(end(paths).await? || ran)
}

/// Asks the process to end, and tells it to if it does not hear. False if none runs.
pub(super) async fn end(paths: &Paths) -> Result<bool> {
    let Some(pid) = Lock::holder(paths)? else { return Ok(false) };
    let asked = match Client::connect(&paths.socket()).await {
        Ok(client) => client.stop().await.is_ok(),
        Err(_) => false,
    };
    if asked && freed(paths, ASKED).await? {
        return Ok(true);
    }
    let process = pid.and_then(|pid| rustix::process::Pid::from_raw(pid.try_into().ok()?));
    if let Some(process) = process {
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        if freed(paths, TOLD).await? {
            return Ok(true);
        }
    }
    let pid = pid.map_or_else(|| "PID".into(), |pid| pid.to_string());
    Err(advice(format!("process {pid} does not end"), format!("kill -9 {pid}; nothing is lost by that")))
}

async fn freed(paths: &Paths, within: Duration) -> Result<bool> {
    let begin = Instant::now();
    while begin.elapsed() < within {
        if Lock::holder(paths)?.is_none() {
            return Ok(true);
        }
        sleep(LOOK).await;
    }
    Ok(false)
}
