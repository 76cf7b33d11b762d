//! The foreground run: settings, folders, the lock, and the parts wired together.

use crate::attach;
use crate::cli::RunArgs;
use crate::command_watch;
use crate::config_files::{self, Override};
use crate::config_watch;
use crate::hook_watch;
use crate::lock::Lock;
use crate::log;
use crate::paths::{Paths, slug};
use crate::standard;
use crate::view::{self, Mode};
use anyhow::{Context, Result, bail};
use kairos_agent::{Agent, AgentOptions, Events, ProjectOptions};
use kairos_api::{Event, ServeError, Server};
use kairos_core::config::Config;
use kairos_host::{HostOptions, Limits};
use kairos_memory::memory::Home;
use std::fs::DirBuilder;
use std::future::Future;
use std::io::IsTerminal;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long the last events may take to be shown: a reader that is stuck, or a start that failed midway, must not hold up the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long the end may take: whoever shuts the machine down should not wait for us.
const END: Duration = Duration::from_millis(1500);
/// How long threads that still do something at the end are waited for.
const LAST: Duration = Duration::from_millis(100);

/// Watches until Ctrl-C, SIGTERM, or `--ticks`.
pub fn foreground(args: RunArgs, paths: &Paths) -> Result<()> {
    log::to_stderr(args.verbose);
    let config = config_files::load(&paths.config, None, &overrides(&args)?)?;
    let projects = projects(&args, paths)?;
    let lock = match Lock::take(paths) {
        Ok(lock) => lock,
        // What runs already can show itself here; settings of its own it can't take.
        Err(_) if args.plugins.is_empty() && args.every.is_none() && args.ticks.is_none() => {
            return block_on(attach::attach(paths, projects, mode(&args)));
        }
        Err(e) => return Err(e),
    };
    let result = block_on(async {
        let (events, shown) = Events::channel();
        shown_while(shown, mode(&args), async |gone| watch(&args, paths, &config, projects, events, gone).await).await
    });
    drop(lock);
    result
}

fn mode(args: &RunArgs) -> Mode {
    if args.json { Mode::Json } else { Mode::Human { verbose: args.verbose > 0 } }
}

/// Works on a few threads, on which plugins take turns. One that hangs in a folder that does not answer is left behind.
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(LAST);
    result
}

/// Shows events while the work goes on; the work is told when nobody reads any more.
pub async fn shown_while(events: Receiver<Event>, mode: Mode, work: impl AsyncFnOnce(Gone) -> Result<()>) -> Result<()> {
    let (viewing, viewed) = tokio::sync::oneshot::channel();
    let view = tokio::spawn(async move {
        let result = view::show(events, mode).await;
        let _ = viewing.send(());
        result
    });
    let gone = Box::pin(async {
        let _ = viewed.await;
    });
    let result = work(gone).await;
    match tokio::time::timeout(LAST_WORDS, view).await {
        // Whoever read our output is gone (`kairos-run | head`): that is his way of saying enough.
        Ok(Ok(Err(e))) if e.kind() != std::io::ErrorKind::BrokenPipe => result.and(Err(e).context("can't print")),
        _ => result,
    }
}

/// Ends when nobody reads any more.
pub type Gone = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts the agent and the control API, and waits for the end.
async fn watch(
    args: &RunArgs,
    paths: &Paths,
    config: &Config,
    projects: Vec<ProjectOptions>,
    events: Events,
    mut gone: Gone,
) -> Result<()> {
    // Before anything slow: a Ctrl-C while plugins are compiled must end the run in order, too.
    let mut terminated = pin!(terminated()?);
    let options = options(overrides(args)?, args.ticks, paths, config, projects)?;
    let ready = tokio::select! {
        ready = Agent::load(options, events) => ready?,
        _ = &mut terminated => return Ok(()),
        () = &mut gone => return Ok(()),
    };
    // Who is told that it has started finds it answering.
    let api = Api::serve(paths, ready.agent.clone()).await?;
    let agent = ready.begin();
    let pet = (config.flag("terminal.buddy") && !args.json && std::io::stdout().is_terminal())
        .then(|| tokio::spawn(agent.clone().animate()));
    let settings = tokio::spawn(config_watch::follow(paths.config.clone(), agent.clone()));
    let commands = tokio::spawn(command_watch::follow(paths.commands(), agent.clone()));
    let hooks = tokio::spawn(hook_watch::follow(paths.hooks(), agent.clone()));
    let reason = tokio::select! {
        reason = &mut terminated => reason,
        () = &mut gone => "nobody reads",
        () = agent.stopping() => "it was asked to",
        () = agent.ended() => "the ticks are done",
    };
    settings.abort();
    commands.abort();
    hooks.abort();
    if let Some(pet) = pet {
        pet.abort();
    }
    end(agent, api, reason).await
}

/// Ends the loops, then the API, within reason: nothing is lost by an end in between, as nothing is by a crash.
pub async fn end(agent: Arc<Agent>, api: Api, reason: &str) -> Result<()> {
    agent.stop();
    let ended = async {
        let result = agent.wait(reason).await;
        api.end().await?;
        Ok(result?)
    };
    timeout(END, ended).await.unwrap_or_else(|_| {
        tracing::warn!("ends before all was done: it took more than {END:?}");
        Ok(())
    })
}

/// The control API while it is served.
pub struct Api {
    close: oneshot::Sender<()>,
    server: JoinHandle<Result<(), ServeError>>,
}

impl Api {
    /// Answers at the socket from now on.
    pub async fn serve(paths: &Paths, agent: Arc<Agent>) -> Result<Self> {
        let server = Server::bind(&paths.socket()).await?;
        let (close, closed) = oneshot::channel::<()>();
        let server = tokio::spawn(server.serve(agent, async {
            let _ = closed.await;
        }));
        Ok(Self { close, server })
    }

    async fn end(self) -> Result<()> {
        let _ = self.close.send(());
        // A client that is slow to read must not hold up the end.
        match timeout(Duration::from_secs(1), self.server).await {
            Ok(Ok(result)) => Ok(result?),
            Ok(Err(e)) => Err(e.into()),
            Err(_) => Ok(()),
        }
    }
}

/// What the agent is made of. `overrides` hold for every project that is opened.
pub fn options(
    overrides: Vec<Override>,
    ticks: Option<u64>,
    paths: &Paths,
    config: &Config,
    projects: Vec<ProjectOptions>,
) -> Result<AgentOptions> {
    let own = paths.plugins();
    // There from the start, so that copying a plugin into it just works; the user's alone, because what lies in it runs.
    DirBuilder::new().recursive(true).mode(0o700).create(&own).with_context(|| format!("can't make {}", own.display()))?;
    let mut plugin_dirs = vec![own];
    plugin_dirs.extend(config.list("plugins.dirs").into_iter().map(PathBuf::from));
    let number = |key| usize::try_from(config.number(key)).unwrap_or(usize::MAX);
    let limits = Limits {
        memory: number("limits.memory"),
        call_cpu: config.duration("limits.call-cpu"),
        call_wall: config.duration("limits.call-wall"),
        host_calls: u32::try_from(config.number("limits.host-calls")).unwrap_or(u32::MAX),
        host_bytes: config.number("limits.host-bytes"),
        ..Limits::default()
    };
    let own_paths = paths.clone();
    Ok(AgentOptions {
        version: env!("CARGO_PKG_VERSION").into(),
        host: HostOptions {
            cache: paths.components(),
            compiler: std::env::current_exe().context("the program's own file can't be found")?,
            limits,
            dream: Limits::dream(),
            max_component: config.number("limits.component"),
            // Each plugin holds an instance; tools and components of dynamic languages need a few more.
            max_instances: u32::try_from(config.number("limits.plugins")).unwrap_or(u32::MAX).saturating_add(512),
        },
        embedded: standard::set(),
        plugin_dirs,
        user_db: paths.user_db(),
        config: config.clone(),
        projects,
        opener: Box::new(move |folder| project(folder, &own_paths, &overrides).map_err(|e| format!("{e:#}"))),
        ticks,
    })
}

/// Ends with Ctrl-C or SIGTERM, and names it.
pub fn terminated() -> Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "Ctrl-C",
            _ = hang_up.recv() => "the terminal was closed",
        }
    })
}

fn projects(args: &RunArgs, paths: &Paths) -> Result<Vec<ProjectOptions>> {
    let folders = if args.project.is_empty() { vec![PathBuf::from(".")] } else { args.project.clone() };
    let overrides = overrides(args)?;
    let mut projects: Vec<ProjectOptions> = Vec::new();
    for folder in folders {
        let project = project(&folder, paths, &overrides)?;
        if !projects.iter().any(|p| p.root == project.root) {
            projects.push(project);
        }
    }
    Ok(projects)
}

/// A folder as a project: its name among our data, and its settings, all files and the command line merged.
fn project(folder: &Path, paths: &Paths, overrides: &[Override]) -> Result<ProjectOptions> {
    let root = folder.canonicalize().with_context(|| format!("can't watch {}", folder.display()))?;
    if !root.is_dir() {
        bail!("can't watch {}: it is no folder", root.display());
    }
    let config = config_files::load(&paths.config, Some(&root), overrides)?;
    let slug = slug(&root);
    let settings = config_files::in_project(&root);
    let users_config = config_files::load(&paths.config, None, overrides)?;
    let (home, users_home) = (home(paths, Some(&root), &config)?, home(paths, None, &users_config)?);
    let db = paths.project(&slug).join("state.db");
    let users_mcp = paths.config.with_file_name("mcp.json");
    let skills = paths.skills();
    Ok(ProjectOptions { db, root, slug, config, settings, home, users_home, users_mcp, users_config, skills })
}

/// Where the memory of a project lies, or the user's.
pub fn home(paths: &Paths, root: Option<&Path>, config: &Config) -> kairos_memory::memory::Result<Home> {
    match root {
        Some(root) => Home::set(&paths.project(&slug(root)), config.text("memory.dir"), Some(root)),
        None => Home::set(&paths.user(), config.text("memory.user-dir"), None),
    }
}

fn overrides(args: &RunArgs) -> Result<Vec<Override>> {
    let mut overrides = Vec::new();
    if let Some(every) = args.every {
        overrides.push(("every", format!("\"{}ms\"", every.as_millis())));
    }
    if !args.plugins.is_empty() {
        let mut dirs = Vec::new();
        for dir in &args.plugins {
            let dir = dir.canonicalize().with_context(|| format!("--plugins {}", dir.display()))?;
            let Some(text) = dir.to_str() else { bail!("--plugins {}: the path is not UTF-8", dir.display()) };
            dirs.push(serde_json::to_string(text)?);
        }
        overrides.push(("plugins.dirs", format!("[{}]", dirs.join(", "))));
    }
    Ok(overrides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_overrides_the_settings() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths { config: dir.path().join("none"), data: "/d".into(), cache: "/c".into(), run: "/r".into() };
        let folder = dir.path().to_path_buf();
        let every = Some(std::time::Duration::from_secs(7));
        let args =
            RunArgs { project: vec![folder.clone(), folder.clone()], plugins: vec![folder.clone()], every, ..RunArgs::default() };
        let found = projects(&args, &paths).unwrap();
        assert_eq!(found.len(), 1, "the same folder twice is one project");
        assert_eq!(found[0].config.duration("every").as_secs(), 7);
        assert_eq!(found[0].config.list("plugins.dirs"), [folder.canonicalize().unwrap().to_str().unwrap()]);
        let args = RunArgs { project: vec![folder.join("nowhere")], ..RunArgs::default() };
        assert!(projects(&args, &paths).is_err());
    }
}
