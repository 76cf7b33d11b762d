//! The foreground run: settings, folders, the lock, and the parts wired together.

use crate::cli::RunArgs;
use crate::config_files::{self, Override};
use crate::lock::Lock;
use crate::paths::{Paths, slug};
use crate::standard;
use crate::view::{self, Mode};
use anyhow::{Context, Result, bail};
use kairos_agent::{Agent, AgentOptions, Events, ProjectOptions};
use kairos_core::config::Config;
use kairos_host::{HostOptions, Limits};
use std::fs::DirBuilder;
use std::future::Future;
use std::io::IsTerminal;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// A folder to watch.
pub struct Project {
    /// Canonical.
    pub root: PathBuf,
    /// Its name among our data.
    pub slug: String,
    /// Its settings, all files and the command line merged.
    pub config: Config,
}

/// Watches until Ctrl-C, SIGTERM, or `--ticks`.
pub fn foreground(args: RunArgs, paths: &Paths) -> Result<()> {
    log_to_stderr(args.verbose);
    let config = config_files::load(&paths.config, None, &overrides(&args)?)?;
    let projects = projects(&args, paths)?;
    let _lock = Lock::take(paths)?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let mode = if args.json { Mode::Json } else { Mode::Human { verbose: args.verbose > 0 } };
        let (events, shown) = Events::channel();
        let (viewing, viewed) = tokio::sync::oneshot::channel();
        let view = tokio::spawn(async move {
            let result = view::show(shown, mode).await;
            let _ = viewing.send(());
            result
        });
        let gone = async {
            let _ = viewed.await;
        };
        let result = watch(&args, paths, &config, projects, events, gone).await;
        match view.await {
            // Whoever read our output is gone (`kairos-run | head`): that is his way of saying enough.
            Ok(Err(e)) if e.kind() != std::io::ErrorKind::BrokenPipe => result.and(Err(e).context("can't print")),
            _ => result,
        }
    })
}

/// Starts the agent and the control API, and waits for the end.
async fn watch(
    args: &RunArgs,
    paths: &Paths,
    config: &Config,
    projects: Vec<Project>,
    events: Events,
    gone: impl Future<Output = ()>,
) -> Result<()> {
    // Before anything slow: a Ctrl-C while plugins are compiled must end the run in order, too.
    let mut stopped = pin!(stopped()?);
    let mut gone = pin!(gone);
    let options = options(args, paths, config, projects)?;
    let agent = tokio::select! {
        agent = Agent::start(options, events) => agent?,
        _ = &mut stopped => return Ok(()),
        () = &mut gone => return Ok(()),
    };
    let (close, closed) = tokio::sync::oneshot::channel::<()>();
    let socket = paths.socket();
    let control = agent.clone();
    let server = tokio::spawn(async move {
        kairos_api::serve(&socket, control, async {
            let _ = closed.await;
        })
        .await
    });
    let pet = (config.flag("terminal.buddy") && !args.json && std::io::stdout().is_terminal())
        .then(|| tokio::spawn(agent.clone().animate()));
    let mut ended = pin!(agent.ended());
    let reason = tokio::select! {
        reason = &mut stopped => reason,
        () = &mut gone => "nobody reads",
        () = &mut ended => "the ticks are done",
    };
    agent.stop();
    let result = agent.wait(reason).await;
    if let Some(pet) = pet {
        pet.abort();
    }
    let _ = close.send(());
    // A client that is slow to read must not hold up the end.
    match tokio::time::timeout(Duration::from_secs(1), server).await {
        Ok(Ok(Err(e))) => return Err(e.into()),
        Ok(Err(e)) => return Err(e.into()),
        _ => {}
    }
    Ok(result?)
}

fn options(args: &RunArgs, paths: &Paths, config: &Config, projects: Vec<Project>) -> Result<AgentOptions> {
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
    let projects = projects.into_iter().map(|p| ProjectOptions {
        db: paths.project(&p.slug).join("state.db"),
        root: p.root,
        slug: p.slug,
        config: p.config,
    });
    Ok(AgentOptions {
        version: env!("CARGO_PKG_VERSION").into(),
        host: HostOptions {
            cache: paths.cache.join("components"),
            compiler: std::env::current_exe().context("the program's own file can't be found")?,
            limits,
            max_component: config.number("limits.component"),
            // Each plugin holds an instance; tools and components of dynamic languages need a few more.
            max_instances: u32::try_from(config.number("limits.plugins")).unwrap_or(u32::MAX).saturating_add(512),
        },
        embedded: standard::set(),
        plugin_dirs,
        user_db: paths.user_db(),
        config: config.clone(),
        projects: projects.collect(),
        ticks: args.ticks,
    })
}

/// Ends with Ctrl-C or SIGTERM, and names it.
fn stopped() -> Result<impl Future<Output = &'static str>> {
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

fn projects(args: &RunArgs, paths: &Paths) -> Result<Vec<Project>> {
    let folders = if args.project.is_empty() { vec![PathBuf::from(".")] } else { args.project.clone() };
    let overrides = overrides(args)?;
    let mut projects: Vec<Project> = Vec::new();
    for folder in folders {
        let root = folder.canonicalize().with_context(|| format!("can't watch {}", folder.display()))?;
        if !root.is_dir() {
            bail!("can't watch {}: it is no folder", root.display());
        }
        if projects.iter().any(|p| p.root == root) {
            continue;
        }
        let config = config_files::load(&paths.config, Some(&root), &overrides)?;
        projects.push(Project { slug: slug(&root), root, config });
    }
    Ok(projects)
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

/// Warnings go to standard error; `KAIROS_LOG` takes the usual filters.
fn log_to_stderr(verbose: u8) {
    let level = if verbose > 1 { "debug" } else { "error" };
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("KAIROS_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
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
