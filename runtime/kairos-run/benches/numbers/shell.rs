//! The shell hook: what a prompt costs with it.

use crate::plugins::Result;
use crate::process::{BINARY, Place, Running};
use crate::report::{Row, Sample, Target, Unit};
use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
const BLOCKS: usize = 6;
const BLOCK: usize = 10;
/// A person is slower still: what one prompt starts in the background has ended before the next.
const PAUSE: Duration = Duration::from_millis(50);
const STUCK: Duration = Duration::from_secs(30);
/// What the shell shows with each prompt, once.
const MARK: &str = "<ready>";

pub fn measure() -> Result<Vec<Row>> {
    let place = Place::new()?;
    let home = |name: &str| place.folder.path().join(name);
    let mut rows = Vec::new();
    let mut daemon = Running::start(&place, &home("daemon"), &["--every", "30s"])?;
    rows.extend(shells("daemon running", &home("daemon"))?);
    daemon.child.kill()?;
    daemon.child.wait()?;
    rows.extend(shells("daemon killed", &home("daemon"))?);
    rows.extend(shells("no daemon yet", &home("nobody"))?);
    Ok(rows)
}

fn shells(state: &str, home: &Path) -> Result<Vec<Row>> {
    SHELLS.into_iter().map(|shell| row(shell, state, home)).collect()
}

fn row(shell: &'static str, state: &str, home: &Path) -> Result<Row> {
    let output = Command::new(BINARY).args(["shell-init", shell]).env("KAIROS_HOME", home).output()?;
    let hook = String::from_utf8(output.stdout)?;
    let folder = tempfile::tempdir()?;
    let mut with = Terminal::start(shell, &hook, &folder.path().join("with"))?;
    let mut bare = Terminal::start(shell, "", &folder.path().join("bare"))?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..BLOCKS {
        for _ in 0..BLOCK {
            ours.push(with.prompt()?);
        }
        for _ in 0..BLOCK {
            theirs.push(bare.prompt()?);
        }
    }
    Ok(Row::new("shell", format!("{shell} prompt, {state}"), Unit::Time, Sample::times(&ours))
        .against("without the hook", Sample::times(&theirs))
        .target(Target::OnTop(3e6)))
}

/// An interactive shell. Dropping it ends it.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    prompts: Receiver<Instant>,
    /// Open as long as the shell runs.
    _pair: PtyPair,
}

impl Terminal {
    fn start(shell: &str, hook: &str, folder: &Path) -> Result<Self> {
        std::fs::create_dir(folder)?;
        // Fish paints a prompt several times; the event comes once.
        let prompt = match shell {
            "fish" => format!("function fish_prompt; end\nfunction __ready --on-event fish_prompt; echo '{MARK}'; end"),
            _ => format!("PS1='{MARK}'"),
        };
        // The name that zsh wants; the others are told.
        let file = folder.join(".zshrc");
        std::fs::write(&file, format!("{prompt}\n{hook}\n"))?;
        let mut command = CommandBuilder::new(shell);
        match shell {
            "bash" => command.args(["--noprofile".as_ref(), "--rcfile".as_ref(), file.as_os_str(), "-i".as_ref()]),
            "zsh" => command.args(["-d", "-i"]),
            _ => command.args(["-i", "-C", "source $ZDOTDIR/.zshrc"]),
        }
        for (name, value) in [
            ("ZDOTDIR", folder),
            ("HOME", folder),
            ("XDG_CONFIG_HOME", folder),
            ("XDG_DATA_HOME", folder),
            ("HISTFILE", "/dev/null".as_ref()),
        ] {
            command.env(name, value);
        }
        command.env("TERM", "dumb");
        command.env_remove("PROMPT_COMMAND");
        command.cwd(folder);
        let pair = native_pty_system().openpty(PtySize::default())?;
        let child = pair.slave.spawn_command(command)?;
        let (reader, keyboard) = (pair.master.try_clone_reader()?, pair.master.take_writer()?);
        let (seen, prompts) = channel();
        std::thread::spawn(move || watch(reader, &seen));
        let terminal = Self { child, keyboard, prompts, _pair: pair };
        terminal.ready()?;
        Ok(terminal)
    }

    fn ready(&self) -> Result<Instant> {
        Ok(self.prompts.recv_timeout(STUCK).map_err(|_| "a shell shows no prompt")?)
    }

    /// From the return key to the next prompt, for a command that does nothing.
    fn prompt(&mut self) -> Result<Duration> {
        std::thread::sleep(PAUSE);
        let begin = Instant::now();
        self.keyboard.write_all(b":\r")?;
        Ok(self.ready()?.saturating_duration_since(begin))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells when each prompt came.
fn watch(mut screen: impl Read, seen: &Sender<Instant>) {
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = screen.read(&mut buffer) {
        let now = Instant::now();
        text.extend_from_slice(&buffer[..n]);
        while let Some(at) = text.windows(MARK.len()).position(|w| w == MARK.as_bytes()) {
            text.drain(..at + MARK.len());
            if seen.send(now).is_err() {
                return;
            }
        }
    }
}
