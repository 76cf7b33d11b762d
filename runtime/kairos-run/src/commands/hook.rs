//! `kairos-run hook`: another agent runs it at each step of its work, and must not notice.

mod settings;

use crate::cli::HookArgs;
use crate::errors::advice;
use crate::paths::Paths;
use crate::view;
use anyhow::{Context, Result, bail};
use kairos_exec::IN_HOOK;
use kairos_exec::redact::Redactor;
use kairos_memory::memory::claude_home;
use kairos_memory::transcript::import::heard;
use kairos_signals::MAX_DROP;
use similar::TextDiff;
use std::fs::{self, File};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of an event that are read into memory; a larger one is not told.
const MAX_EVENT: u64 = 16 << 20;
/// Whatever happens, the agent is held up no longer: a standard input that never ends, a disk that hangs.
const PATIENCE: Duration = Duration::from_millis(500);

/// Takes one event from standard input and drops it for the process in the background. Says nothing, never fails; where nobody
/// listens, nothing is done.
pub fn listen() {
    if std::io::stdin().is_terminal() {
        eprintln!("This is for hooks of other agents: `kairos-run hook --install claude`.");
        return;
    }
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE);
        std::process::exit(0);
    });
    // An exit code of ours could mean something to the agent.
    std::panic::set_hook(Box::new(|_| {}));
    // What we do ourselves we know.
    if std::env::var_os(IN_HOOK).is_none() {
        let _ = std::panic::catch_unwind(tell);
    }
}

fn tell() -> Option<()> {
    let mut event = Vec::new();
    let mut input = std::io::stdin().lock();
    input.by_ref().take(MAX_EVENT + 1).read_to_end(&mut event).ok()?;
    // Who writes must not find the pipe broken.
    std::io::copy(&mut input, &mut std::io::sink()).ok()?;
    let mut file = File::options().append(true).open(Paths::from_environment().ok()?.hooks()).ok()?;
    // Nobody reads it any more: it must not grow.
    if event.len() as u64 > MAX_EVENT || file.metadata().ok()?.len() >= MAX_DROP {
        return None;
    }
    let mut heard = heard(&serde_json::from_slice(&event).ok()?, view::text::now())?;
    // The agent's environment is not that of the process in the background.
    let redactor = Redactor::from_env();
    heard.new.text = redactor.redact(&heard.new.text);
    for (_, value) in &mut heard.new.attributes {
        *value = redactor.redact(value);
    }
    let mut line = serde_json::to_vec(&heard).ok()?;
    line.push(b'\n');
    // At once, so that another's line is not in the middle of it.
    file.write_all(&line).ok()
}

/// Puts the hook into the agent's settings, or takes it out.
pub fn settings(args: HookArgs) -> Result<()> {
    let file = if args.project {
        std::env::current_dir().context("the current folder is gone")?.join(".claude/settings.local.json")
    } else {
        let home = claude_home().ok_or_else(|| advice("your home folder can't be told", "set HOME"))?;
        home.join("settings.json")
    };
    // What a link leads to is what changes, not the link.
    let file = file.canonicalize().unwrap_or(file);
    let old = match fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(e).with_context(|| format!("can't read {}", file.display())),
    };
    let text = old.clone().unwrap_or_default();
    let new = if args.install.is_some() { settings::with_hook(&text, &command()?) } else { settings::without_hook(&text) };
    let new = new.map_err(|why| advice(format!("{}: {why}", file.display()), "correct the file; nothing was changed"))?;
    if new == text {
        let how = if args.install.is_some() { "already there" } else { "not there" };
        return view::print(&format!("The hook is {how}: {}\n", file.display()));
    }
    let name = file.display().to_string();
    view::print(&TextDiff::from_lines(&text, &new).unified_diff().header(&name, &name).to_string())?;
    if !args.yes && !super::confirm(&format!("Write {name}?"))? {
        bail!("nothing was changed");
    }
    if fs::read_to_string(&file).ok() != old {
        return Err(advice(format!("{name} was changed by somebody else meanwhile"), "try it again"));
    }
    replace(&file, &new).with_context(|| format!("can't write {name}"))?;
    view::print(if args.install.is_some() { "The hook is in place.\n" } else { "The hook is gone.\n" })
}

/// The user's settings for all folders, if our hook is in them.
pub fn installed() -> Option<PathBuf> {
    let file = claude_home()?.join("settings.json");
    let text = fs::read_to_string(&file).ok()?;
    settings::without_hook(&text).is_ok_and(|new| new != text).then_some(file)
}

/// Takes it out of them.
pub fn remove(file: &Path) -> Result<()> {
    let file = file.canonicalize()?;
    let new = settings::without_hook(&fs::read_to_string(&file)?).map_err(anyhow::Error::msg)?;
    Ok(replace(&file, &new)?)
}

/// The whole file at once, with the rights that it had.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    if let Ok(about) = file.metadata() {
        new.as_file().set_permissions(about.permissions())?;
    }
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}

/// How the agent's shell finds us: by name where that leads here, so that an update may move us.
fn command() -> Result<String> {
    let own = std::env::current_exe().context("the program's own file can't be found")?;
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join("kairos-run")).find(|file| file.is_file());
    if found.is_some_and(|found| same(&found, &own)) {
        return Ok("kairos-run hook".into());
    }
    let own = own.to_str().context("the path of the program is not UTF-8")?;
    Ok(format!("{} hook", kairos_exec::shell::quote(own)))
}

fn same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| -> Option<PathBuf> { path.canonicalize().ok() };
    real(a).is_some_and(|a| Some(a) == real(b))
}
