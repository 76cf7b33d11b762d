//! A conversation at a terminal: what is typed, pasted and asked; on the real binary.
#![allow(missing_docs)]

mod support;

use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};
use serde_json::json;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use support::model::ModelServer;
use support::{BINARY, Background, World};

const STUCK: Duration = Duration::from_secs(60);

struct Chat {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    screen: Receiver<String>,
    seen: String,
    _pair: PtyPair,
}

impl Chat {
    fn start(world: &World, arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new(BINARY);
        command.arg("chat");
        command.args(arguments);
        command.env("KAIROS_HOME", world.home());
        command.env("NO_COLOR", "1");
        command.env("TERM", "xterm");
        command.cwd(world.project());
        let pair = native_pty_system().openpty(PtySize { cols: 200, ..PtySize::default() }).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let (mut reader, keyboard) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
        let (said, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                let _ = said.send(support::text(&buffer[..n]));
            }
        });
        let mut chat = Self { child, keyboard, screen, seen: String::new(), _pair: pair };
        chat.wait("you> ");
        chat
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// What is shown up to these words, and with them.
    fn wait(&mut self, words: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(words) {
                return self.seen.drain(..at + words.len()).collect();
            }
            let more = self.screen.recv_timeout(STUCK);
            self.seen += &more.unwrap_or_else(|_| panic!("waited in vain for {words:?}: {:?}", self.seen));
        }
    }

    /// What is shown before the user may say something again.
    fn say(&mut self, line: &str) -> String {
        self.press(&format!("{line}\r"));
        // The first is the line itself, as it is drawn while it is typed.
        self.wait("\n");
        self.wait("you> ")
    }

    fn ended(mut self) -> u32 {
        self.press("\u{4}");
        self.child.wait().unwrap().exit_code()
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn world(server: &ModelServer) -> World {
    let world = World::with_git();
    world.settings(&format!("every = \"1s\"\n[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n", server.url));
    world
}

#[test]
fn it_is_asked_for_this_conversation_and_goes_on_another_day() {
    let server = ModelServer::speaking(|question| {
        let last = question["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap_or_default();
        match last.split_once("change ").and_then(|(_, what)| what.split_once(" to ")) {
            Some((old, new)) if !last.contains("a.txt") => {
                (None, vec![("edit-file", json!({"path": "a.txt", "old": old.trim(), "new": new.trim()}))])
            }
            _ => (Some("So be it."), vec![]),
        }
    });
    let world = world(&server);
    let _background = Background::start(&world);
    let mut chat = Chat::start(&world, &[]);
    chat.press("change one to two\r");
    let shown = chat.wait("[N]o ");
    assert!(shown.contains("-one") && shown.contains("+two") && shown.contains("for a [d]ay in this project"), "{shown:?}");
    let shown = chat.say("c");
    assert!(shown.contains("So be it."), "{shown:?}");
    let shown = chat.say("change two to three");
    assert!(!shown.contains("do it?") && shown.contains("So be it."), "{shown:?}");
    assert_eq!(std::fs::read_to_string(world.project().join("a.txt")).unwrap(), "three\n");

    // Tab knows our commands, and paths; what is pasted may have several lines.
    chat.press("/co\t\u{15}look at @a\t");
    chat.wait("@a.txt");
    chat.press("\u{15}\u{1b}[200~first line\nsecond line\u{1b}[201~\r");
    chat.wait("So be it.");
    chat.wait("you> ");
    let asked = server.asked().pop().unwrap()["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    assert_eq!(asked, "first line\nsecond line");
    assert!(chat.say("/nothing").contains("there is no /nothing"));
    assert!(chat.say("/list").contains("change one to two"));
    assert_eq!(chat.ended(), 0);
    let history = world.home().join("data/chat-history");
    assert!(std::fs::read_to_string(&history).unwrap().contains("change one to two"));
    assert_eq!(history.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    // Another conversation is asked again; the arrow brings back what was said before.
    let mut chat = Chat::start(&world, &["--continue"]);
    chat.press("\u{1b}[A");
    chat.wait("second line");
    chat.press("\u{15}");
    let shown = chat.say("change three to four");
    assert!(!shown.contains("do it?"), "the conversation goes on, and what was agreed to holds in it: {shown:?}");
    assert!(chat.say("/new").ends_with("you> "));
    chat.press("change four to five\r");
    chat.wait("[N]o ");
    assert!(chat.say("").contains("So be it."));
    assert_eq!(std::fs::read_to_string(world.project().join("a.txt")).unwrap(), "four\n");
    assert_eq!(chat.ended(), 0);
}

#[test]
fn ctrl_c_stops_the_answer_and_not_the_conversation() {
    let server = ModelServer::new(|question| {
        let last = question["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
        if last.contains("think long") && !last.contains("quick") {
            std::thread::sleep(Duration::from_secs(5));
        }
        (200, "Here I am.".into())
    });
    let world = world(&server);
    let _background = Background::start(&world);
    let mut chat = Chat::start(&world, &[]);
    chat.press("half a line\u{3}");
    chat.wait("you> ");
    chat.press("think long\r");
    std::thread::sleep(Duration::from_secs(1));
    let begin = std::time::Instant::now();
    chat.press("\u{3}");
    chat.wait("stopped");
    assert!(begin.elapsed() < Duration::from_secs(3));
    chat.wait("you> ");
    let shown = chat.say("now be quick");
    assert!(shown.contains("Here I am."), "{shown:?}");
    let told = server.asked().pop().unwrap()["messages"].to_string();
    assert!(told.contains("think long") && !told.contains("half a line"), "what was said before stays: {told}");
    assert_eq!(chat.ended(), 0);
}
