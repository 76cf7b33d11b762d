//! What is typed in real shells reaches the running process, and no prompt waits for that.
#![allow(missing_docs)]

mod support;

use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};
use serde_json::Value;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use support::{Background, World, wait_until};

const STUCK: Duration = Duration::from_secs(60);
const MARK: &str = "ready> ";

/// An interactive shell with the hook, in the project.
struct Shell {
    name: &'static str,
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    screen: Receiver<String>,
    /// Open as long as the shell runs.
    _pair: PtyPair,
}

impl Shell {
    fn start(world: &World, name: &'static str) -> Self {
        // Fish paints a prompt several times; the event comes once.
        let prompt = match name {
            "fish" => format!("function fish_prompt; end\nfunction __ready --on-event fish_prompt; echo '{MARK}'; end"),
            _ => format!("PS1='{MARK}'"),
        };
        let home = world.dir.path().join(name);
        std::fs::create_dir(&home).unwrap();
        // The name that zsh wants; the others are told.
        let rc = home.join(".zshrc");
        std::fs::write(&rc, format!("{prompt}\n{}", world.ok(&["shell-init", name]))).unwrap();
        let mut command = CommandBuilder::new(name);
        match name {
            "bash" => command.args(["--noprofile".as_ref(), "--rcfile".as_ref(), rc.as_os_str(), "-i".as_ref()]),
            "zsh" => command.args(["-d", "-i"]),
            _ => command.args(["-i", "-C", "source $ZDOTDIR/.zshrc"]),
        }
        for variable in ["ZDOTDIR", "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env(variable, &home);
        }
        command.env("HISTFILE", "/dev/null");
        command.env("TERM", "dumb");
        command.env_remove("PROMPT_COMMAND");
        command.cwd(world.project());
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let (mut reader, keyboard) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
        let (seen, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                let _ = seen.send(support::text(&buffer[..n]));
            }
        });
        let shell = Self { name, child, keyboard, screen, _pair: pair };
        shell.ready();
        shell
    }

    fn ready(&self) {
        let mut seen = String::new();
        while !seen.contains(MARK) {
            seen += &self.screen.recv_timeout(STUCK).unwrap_or_else(|_| panic!("{} is stuck: {seen}", self.name));
        }
    }

    /// Types a line and waits for the next prompt.
    fn run(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\r").as_bytes()).unwrap();
        self.ready();
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn commands(world: &World) -> Value {
    let shown = world.json(&["signals", "show"]);
    shown[0]["sources"].as_array().into_iter().flatten().find(|s| s["name"] == "commands").cloned().unwrap_or_default()
}

/// Waits until a command is the latest that was told; answers its attributes.
fn told(world: &World, command: &str) -> String {
    let mut latest = Value::Null;
    wait_until(command, || {
        latest = commands(world)["latest"].clone();
        latest["attributes"].to_string().contains(command)
    });
    assert_eq!(latest["source"], "shell");
    latest["attributes"].to_string()
}

#[test]
fn commands_are_told_without_secrets_and_a_dead_process_is_not_waited_for() {
    let world = World::with_git();
    world.settings("every = \"1s\"\n");
    let file = world.home().join("run/commands");
    let watched = || file.exists() && world.json(&["status"])["projects"][0]["tick"].as_u64() > Some(0);
    let _background = Background(&world);
    world.ok(&["start"]);
    wait_until("it watches", watched);
    let installed = |shell: &&str| Command::new(shell).arg("--version").output().is_ok();
    let mut shells: Vec<_> = ["bash", "zsh", "fish"].into_iter().filter(installed).map(|s| Shell::start(&world, s)).collect();
    for shell in &mut shells {
        shell.run(&format!(" echo private {}", shell.name));
        shell.run(&format!("false {} password=hunter2hunter2", shell.name));
        let attributes = told(&world, &format!("false {} password=[redacted]", shell.name));
        assert!(attributes.contains(r#"["exit-code","1"]"#) && attributes.contains(r#"["folder",""]"#), "{attributes}");
    }
    assert_eq!(commands(&world)["told"], shells.len());
    wait_until("nothing is left in the file", || file.metadata().unwrap().len() == 0);

    let pid = world.json(&["status"])["pid"].to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    wait_until("it is gone", || !world.run(&["status"]).status.success());
    for shell in &mut shells {
        shell.run("echo while dead");
    }
    assert!(std::fs::read_to_string(&file).unwrap().contains("while dead"));
    world.ok(&["start"]);
    wait_until("it watches again", watched);
    wait_until("what was left is thrown away", || file.metadata().is_ok_and(|m| m.len() == 0));
    for shell in &mut shells {
        shell.run(&format!("echo alive {}", shell.name));
        told(&world, &format!("echo alive {}", shell.name));
    }
    assert_eq!(commands(&world)["told"], shells.len());

    world.ok(&["stop"]);
    for shell in &mut shells {
        shell.run("echo over");
    }
    assert!(!file.exists());
    let project = std::fs::read_dir(world.home().join("data/projects")).unwrap().next().unwrap().unwrap().path();
    for kept in std::fs::read_dir(project).unwrap().flatten().filter(|f| f.path().is_file()) {
        let kept = support::text(&std::fs::read(kept.path()).unwrap());
        assert!(!kept.contains("hunter2") && !kept.contains("echo private") && !kept.contains("while dead"));
    }
}
