//! The run in the background: without a terminal, with a log, for as long as the machine is up.

use crate::command_watch;
use crate::config_files;
use crate::config_watch;
use crate::crash;
use crate::disk;
use crate::hook_watch;
use crate::lock::Lock;
use crate::log;
use crate::paths::Paths;
use crate::run;
use anyhow::Result;
use kairos_agent::{Agent, Events};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// How often projects that could not be watched are tried again: a disk that was not mounted, a folder that was moved away.
const RETRY: Duration = Duration::from_secs(60);

/// Watches the projects that the user has added, until it is asked to stop.
pub fn daemon(paths: &Paths) -> Result<()> {
    detach();
    let config = config_files::load(&paths.config, None, &[])?;
    let _lock = Lock::take(paths)?;
    log::to_files(paths)?;
    crash::report_to(paths);
    run::block_on(async {
        let events = Events::default();
        tokio::spawn(log::events(events.subscribe()));
        let mut signalled = pin!(run::terminated()?);
        let options = run::options(Vec::new(), None, paths, &config, Vec::new())?;
        let ready = tokio::select! {
            ready = Agent::load(options, events) => ready?,
            _ = &mut signalled => return Ok(()),
        };
        let api = run::Api::serve(paths, ready.agent.clone()).await?;
        let agent = ready.begin();
        let settings = tokio::spawn(config_watch::follow(paths.config.clone(), agent.clone()));
        let commands = tokio::spawn(command_watch::follow(paths.commands(), agent.clone()));
        let hooks = tokio::spawn(hook_watch::follow(paths.hooks(), agent.clone()));
        let projects = tokio::spawn(watch_projects(agent.clone()));
        let disk = tokio::spawn(disk::keep(paths.clone(), config.number("limits.disk"), agent.clone()));
        let reason = tokio::select! {
            reason = &mut signalled => reason,
            () = agent.stopping() => "it was asked to",
        };
        projects.abort();
        disk.abort();
        settings.abort();
        commands.abort();
        hooks.abort();
        run::end(agent, api, reason).await
    })
}

/// Away from the terminal that it was started in, and behind what the user is doing.
fn detach() {
    // Not possible for who leads a group already, as under a service manager; then there is no terminal either.
    let _ = rustix::process::setsid();
    let _ = rustix::process::nice(10);
    let _ = std::env::set_current_dir("/");
}

/// Takes in what the user has added, and tries again what can't be watched now.
async fn watch_projects(agent: Arc<Agent>) {
    loop {
        match agent.watch_added().await {
            Ok(()) => {}
            Err(e) => tracing::error!("the list of projects can't be read: {e}"),
        }
        tokio::time::sleep(RETRY).await;
    }
}
