//! `kairos-run`: the command line, and the one place where all parts are wired together.
//!
//! Exit codes: 0 done, 1 it went wrong (the error says what to do), 2 the command line is not understood. `exec` ends as
//! its command does.

mod allocator;
mod attach;
mod cli;
mod command_watch;
mod commands;
mod config_files;
mod config_watch;
mod crash;
mod daemon;
mod disk;
mod errors;
mod hook_watch;
mod lock;
mod log;

mod paths;
mod run;
mod standard;
mod view;

use anyhow::Result;
use clap::Parser;
use cli::{BenchCommand, Cli, Command, HookArgs};
use paths::Paths;
use std::future::Future;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", errors::explain(&error));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode> {
    if let Some(Command::Hook(HookArgs { install: None, uninstall: None, .. })) = &cli.command {
        commands::hook::listen();
        return Ok(ExitCode::SUCCESS);
    }
    let paths = Paths::from_environment()?;
    match cli.command {
        None => {
            allocator::stay_small();
            run::foreground(cli.run, &paths)?;
        }
        Some(Command::Start { project, json }) => wait(commands::lifecycle::start(&paths, &project, json))?,
        Some(Command::Stop) => wait(commands::lifecycle::stop(&paths))?,
        Some(Command::Restart) => wait(commands::lifecycle::restart(&paths))?,
        Some(Command::Logs { follow, lines }) => commands::logs::logs(&paths, follow, lines)?,
        Some(Command::Daemon) => {
            allocator::stay_small();
            daemon::daemon(&paths)?;
        }
        Some(Command::Status(flag)) => wait(commands::status::status(&paths, flag))?,
        Some(Command::Statusline { format }) => wait(commands::statusline::statusline(&paths, format))?,
        Some(Command::Doctor(flag)) => return Ok(exit(i32::from(!wait(commands::doctor::doctor(&paths, flag))?))),
        Some(Command::Uninstall { purge, yes }) => wait(commands::uninstall::uninstall(&paths, purge, yes))?,
        Some(Command::Service(command)) => wait(commands::service::service(&paths, command))?,
        Some(Command::Inbox(command)) => wait(commands::inbox::inbox(&paths, command))?,
        Some(Command::Proactive(args)) => wait(commands::proactive::proactive(&paths, args))?,
        Some(Command::Channels(command)) => return wait(commands::channels::channels(&paths, command)),
        Some(Command::Digest { week: _, days, json }) => wait(commands::digest::digest(&paths, days.unwrap_or(7), json))?,
        Some(Command::Dream(args)) => return wait(commands::dream::dream(&paths, args)),
        Some(Command::Memory(args)) => return wait(commands::memory::memory(&paths, args)),
        Some(Command::Plugin(command)) => wait(commands::plugin::plugin(&paths, command))?,
        Some(Command::Project(command)) => wait(commands::project::project(&paths, command))?,
        Some(Command::Tool(command)) => return wait(commands::tool::tool(&paths, command)),
        Some(Command::Schedule(command)) => wait(commands::schedule::schedule(&paths, command))?,
        Some(Command::Skill(command)) => commands::skill::skill(&paths, command)?,
        Some(Command::Ask(args)) => return wait(commands::ask::ask(&paths, args)),
        Some(Command::Permission(command)) => wait(commands::permission::permission(&paths, command))?,
        Some(Command::Mcp(args)) => wait(commands::mcp::mcp(&paths, args))?,
        Some(Command::Chat(args)) => return chat(commands::chat::chat(&paths, args)),
        Some(Command::Exec { command }) => return commands::exec::exec(&paths, command),
        Some(Command::ShellInit { shell }) => commands::shell_init::shell_init(&paths, shell)?,
        Some(Command::Hook(args)) => commands::hook::settings(args)?,
        Some(Command::Signals(command)) => wait(commands::signals::signals(&paths, command))?,
        Some(Command::Ci(command)) => wait(commands::signals::ci(&paths, command))?,
        Some(Command::Config(command)) => commands::config::config(&paths, command)?,
        Some(Command::Audit(command)) => wait(commands::audit::audit(&paths, command))?,
        Some(Command::Bench(BenchCommand::Memory(bench))) => wait(commands::bench::memory(bench))?,
        Some(Command::Bench(BenchCommand::Dreams(args))) => return commands::bench_dreams::dreams(&args).map(exit),
        Some(Command::Completions { shell }) => commands::completions(shell)?,
        Some(Command::SandboxLaunch { order }) => return Ok(exit(kairos_exec::sandbox::launcher_main(order))),
        Some(Command::CompileComponent { input, output }) => return Ok(exit(kairos_host::compile::child_main(&input, &output))),
    }
    Ok(ExitCode::SUCCESS)
}

fn exit(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Who waits for the user to type something must not keep the rest from going on.
fn chat<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(work)
}

/// One thread is enough for a command that asks one question.
fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
