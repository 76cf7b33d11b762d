//! What the user sees. Printing is here, and nothing else is.

pub mod ask;
pub mod audit;
mod channels;
mod digest;
pub mod dreams;
pub mod human;
pub mod lists;
pub mod live;
mod markdown;
mod mcp;
mod memory;
mod models;
mod permissions;
mod schedule;
mod signals;
mod skills;
pub mod text;

use anyhow::Result;
use human::Human;
use kairos_api::Event;
use live::Live;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::Receiver;

/// How the foreground run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One JSON object a line.
    Json,
    /// A log for people, with a live area below it on a terminal.
    Human {
        /// Ticks and silent findings, too.
        verbose: bool,
    },
}

/// Shows events until the sender is gone. An error means that nobody reads any more: the run should end.
pub async fn show(events: Receiver<Event>, mode: Mode) -> io::Result<()> {
    match mode {
        Mode::Json => json_lines(events).await,
        Mode::Human { verbose } => people(events, verbose).await,
    }
}

async fn json_lines(mut events: Receiver<Event>) -> io::Result<()> {
    while let Some(event) = events.recv().await {
        let mut line = serde_json::to_vec(&event)?;
        line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&line)?;
        out.flush()?;
    }
    Ok(())
}

async fn people(mut events: Receiver<Event>, verbose: bool) -> io::Result<()> {
    let terminal = io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
    let mut human = Human::new(text::Paint::for_stdout(), jiff::tz::TimeZone::system(), verbose, terminal);
    let mut live = Live::new(io::stdout(), if terminal { text::terminal() } else { None });
    let mut resized = signal(SignalKind::window_change())?;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => {
                    let lines = human.lines(&event);
                    live.update(&lines, human.area())?;
                }
                None => break,
            },
            _ = resized.recv() => {
                live.resize(text::terminal());
                live.update(&[], human.area())?;
            }
        }
    }
    live.update(&[], Vec::new())
}

/// JSON for a program.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Text for a person. That nobody reads it any more (`| head`) is no error.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}
