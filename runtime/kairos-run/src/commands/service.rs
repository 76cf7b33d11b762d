//! `kairos-run service`: lets the system start the process when the user logs in, and again when it fails.

mod launchd;
mod manager;
mod steps;
mod systemd;

use crate::cli::{JsonFlag, ServiceCommand};
use crate::config_files;
use crate::errors::advice;
use crate::lock::Lock;
use crate::paths::Paths;
use crate::view;
use anyhow::{Context, Result};
use kairos_api::Client;
pub use manager::Manager;
use serde_json::json;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::{Duration, Instant};
use steps::{Step, run};

/// Until a service that was started has to answer. Plugins are compiled at the first start, on a slow machine for a minute.
const ANSWER: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);

/// Does what the user asked for.
pub async fn service(paths: &Paths, command: ServiceCommand) -> Result<()> {
    let manager = Manager::here(paths)?;
    match command {
        ServiceCommand::Install => install(paths, &manager).await,
        ServiceCommand::Uninstall => {
            let removed = manager.remove()?;
            if removed.is_empty() {
                return view::print("no service is installed\n");
            }
            view::print(&removed.iter().map(|line| format!("{line}\n")).collect::<String>())?;
            if Lock::holder(paths)?.is_some() {
                view::print("A process runs that the service did not start; `kairos-run stop` ends it.\n")?;
            }
            Ok(())
        }
        ServiceCommand::Status(json) => status(paths, &manager, json),
    }
}

async fn install(paths: &Paths, manager: &Manager) -> Result<()> {
    let program = std::env::current_exe().context("the path of kairos-run can't be told")?;
    if !program.is_file() {
        return Err(advice(format!("{} is gone", program.display()), "call the kairos-run that is there now"));
    }
    // With these it could not start; better said before anything is ended for it.
    config_files::load(&paths.config, None, &[])?;
    if manager.installed()?.is_some_and(|text| !manager.is_same_home(&text)) {
        view::print("this replaces the service of another KAIROS_HOME\n")?;
    }
    let can_not = || format!("can't write {}", manager.file.display());
    for (file, mode) in [(&manager.file, 0o755), (&paths.start_log(), 0o700)] {
        let folder = file.parent().unwrap_or(Path::new("/"));
        DirBuilder::new().recursive(true).mode(mode).create(folder).with_context(can_not)?;
    }
    std::fs::write(&manager.file, &manager.text).with_context(can_not)?;
    view::print(&format!("wrote {}\n", manager.file.display()))?;
    if program.components().any(|c| c.as_os_str() == "target") {
        view::print(&format!("note: {} seems to be a build; the service needs it to stay where it is\n", program.display()))?;
    }
    for step in &manager.prepare {
        if let Err(e) = run(step) {
            let by_hand: Vec<_> = manager.prepare.iter().chain(&manager.begin).filter(|s| s.needed).map(Step::line).collect();
            let by_hand = by_hand.join(" && ");
            if e.is_missing() {
                return view::print(&format!("{} is not here. Where it is, run:\n  {by_hand}\n", manager.name));
            }
            return Err(advice(
                format!("{} can't take it: {e}", manager.name),
                format!("log in as this user and run: {by_hand}"),
            ));
        }
    }
    let projects = hand_over(paths, manager).await?;
    for step in &manager.begin {
        run(step).map_err(|e| advice(format!("the service does not start: {e}"), manager.log))?;
    }
    let client = answering(paths, manager).await?;
    let status = client.status().await?;
    for project in projects.iter().filter(|p| !status.projects.iter().any(|q| q.path == **p)) {
        if let Err(e) = client.project_add(project).await {
            view::print(&format!("can't watch {project}: {e}\n"))?;
        }
    }
    view::print(&format!("kairos-run runs as process {}, and from now on when you log in\n", status.pid))?;
    if !cfg!(target_os = "macos") && !lingers() {
        view::print("It ends when you log out; `loginctl enable-linger` keeps it.\n")?;
    }
    Ok(())
}

/// Ends a process that the service did not start, and answers what it watched.
async fn hand_over(paths: &Paths, manager: &Manager) -> Result<Vec<String>> {
    let Some(pid) = Lock::holder(paths)? else { return Ok(Vec::new()) };
    if pid.is_some() && pid == manager.state().and_then(|s| s.pid) {
        return Ok(Vec::new());
    }
    let name = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
    view::print(&format!("a kairos-run{name} runs already: it ends, and the service takes its projects over\n"))?;
    let watched = match Client::connect(&paths.socket()).await {
        Ok(client) => client.status().await.map(|s| s.projects).unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    super::lifecycle::end(paths).await?;
    Ok(watched.into_iter().filter(|p| p.error.is_none()).map(|p| p.path).collect())
}

/// The service through which a process for these folders is started; none where none is installed. Where one is, and yet
/// can't be used, it is said why.
pub fn starter(paths: &Paths) -> Option<Manager> {
    let (manager, installed) = Manager::in_charge(paths)?;
    let why = if manager.is_same_program(&installed) {
        match manager.reach() {
            Ok(()) => return Some(manager),
            Err(e) => format!("{} can't be reached: {e}", manager.name),
        }
    } else {
        "it is for another program; `kairos-run service install` makes it one for this".into()
    };
    eprintln!("note: started without the service: {}", kairos_core::finding::one_line(&why));
    None
}

/// Starts the process through the service, and waits until it answers.
pub async fn start(paths: &Paths, manager: &Manager) -> Result<Client> {
    // With these it could not start; the manager would only say that it ended.
    config_files::load(&paths.config, None, &[])?;
    manager.start().map_err(|e| advice(format!("the service does not start: {e}"), manager.log))?;
    answering(paths, manager).await
}

/// Waits until the process that the manager has started answers.
async fn answering(paths: &Paths, manager: &Manager) -> Result<Client> {
    let begin = Instant::now();
    while begin.elapsed() < ANSWER {
        if let Ok(client) = Client::connect(&paths.socket()).await {
            return Ok(client);
        }
        if let Some(state) = manager.state().filter(|s| s.pid.is_none()) {
            return Err(advice(format!("the service ended at once: {} says {}", manager.name, state.text), manager.log));
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(advice(format!("it does not answer after {} s", ANSWER.as_secs()), manager.log))
}

/// Do this user's services go on after the logout?
fn lingers() -> bool {
    std::env::var_os("USER").is_some_and(|user| Path::new("/var/lib/systemd/linger").join(user).exists())
}

fn status(paths: &Paths, manager: &Manager, json: JsonFlag) -> Result<()> {
    let installed = manager.installed()?;
    let current = installed.as_ref().is_some_and(|text| *text == manager.text);
    let state = installed.as_ref().and_then(|_| manager.state());
    let service = state.as_ref().and_then(|s| s.pid);
    let running = Lock::holder(paths)?;
    if json.json {
        return view::print_json(&json!({
            "manager": manager.name,
            "file": manager.file,
            "installed": installed.is_some(),
            "current": current,
            "state": state.as_ref().map(|s| &s.text),
            "service_pid": service,
            "running": running.is_some(),
            "running_pid": running.flatten(),
        }));
    }
    let Some(_) = installed else {
        return view::print("no service is installed; `kairos-run service install` does it\n");
    };
    let mut out = format!("installed  {}\n", manager.file.display());
    if !current {
        out += "           for another program, version or KAIROS_HOME than this; `kairos-run service install` renews it\n";
    }
    let said = state.as_ref().map_or_else(|| "does not answer".into(), |s| s.text.clone());
    out += &format!("{:<10} {said}\n", manager.name);
    out += &match (running, service) {
        (None, _) => format!("process    none; `{}` says why\n", manager.log),
        (Some(Some(a)), Some(b)) if a == b => format!("process    {a}, started by the service\n"),
        (Some(pid), _) => {
            let pid = pid.map_or_else(|| "one".into(), |p| p.to_string());
            format!("process    {pid}, not started by the service; `kairos-run service install` hands over\n")
        }
    };
    view::print(&out)
}
