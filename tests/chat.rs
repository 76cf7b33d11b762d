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
        Self::start_with(world, arguments, &[])
    }

    fn start_with(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(BINARY);
        command.arg("chat");
        command.args(arguments);
        command.env("KAIROS_HOME", world.home());
        command.env("NO_COLOR", "1");
        command.env("TERM", "xterm");
        variables.iter().for_each(|(name, value)| command.env(name, value));
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

#[test]
fn an_answer_is_drawn_in_colours_as_it_comes() {
    let answer = "# Why\n\nThe **test** in `a.txt` fails\u{1b}]0;x\u{7}, see [it](https://example.org).\n\n- one\n\n```sh\n  make  **all**\n```\n";
    let server = ModelServer::new(move |_| (200, answer.into()));
    let world = world(&server);
    let _background = Background::start(&world);
    let mut chat = Chat::start_with(&world, &[], &[("NO_COLOR", "")]);
    let shown = chat.say("why?");
    for wanted in [
        "\u{1b}[1;4mWhy\u{1b}[0m",
        "The \u{1b}[1mtest\u{1b}[0m in \u{1b}[36ma.txt\u{1b}[0m fails]0;x, see \u{1b}[4mit\u{1b}[0m \u{1b}[2m(https://example.org)\u{1b}[0m.",
        "\u{1b}[2m• \u{1b}[0mone",
        "\u{1b}[36m  make\u{1b}[0m\u{1b}[36m  **all**\u{1b}[0m",
    ] {
        assert!(shown.contains(wanted), "{wanted:?} is not in {shown:?}");
    }
    assert_eq!(chat.ended(), 0);
    // Elsewhere it is as the model wrote it.
    assert!(world.ok(&["ask", "why?"]).contains("The **test** in `a.txt` fails]0;x"));
}

#[test]
fn a_conversation_is_summed_up_and_left_as_hooks_want_it() {
    let server = ModelServer::new(|question| {
        let last = question["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
        (200, if last.contains("Sum up this conversation") { "They spoke of birds.".into() } else { "Birds sing. ".repeat(200) })
    });
    let mut world = world(&server);
    let home = world.dir.path().join("user");
    world.env.push(("HOME", home.display().to_string()));
    let told = world.home().join("told");
    let hook = |command: String| json!([{"hooks": [{"type": "command", "command": command}]}]);
    let tell = format!("cat >> '{0}'; echo >> '{0}'", told.display());
    let refuse = format!("{tell}; if [ -e '{}' ]; then echo 'not now' >&2; exit 2; fi", world.home().join("stop").display());
    let hooks = json!({"hooks": {"SessionEnd": hook(tell.clone()), "PreCompact": hook(refuse)}});
    std::fs::create_dir_all(home.join(".claude")).unwrap();
    std::fs::write(home.join(".claude/settings.json"), hooks.to_string()).unwrap();
    let _background = Background::start(&world);
    let mut chat = Chat::start(&world, &[]);
    assert!(chat.say("/compact").contains("nothing to sum up yet"));
    chat.say("tell me of birds");
    std::fs::write(world.home().join("stop"), "").unwrap();
    assert!(chat.say("/compact").contains("a hook of yours stopped this: not now"));
    std::fs::remove_file(world.home().join("stop")).unwrap();
    let shown = chat.say("/compact the names of birds");
    assert!(shown.contains("summed up for the model: 3 KiB became ") && shown.contains(" B; the transcript keeps"), "{shown:?}");
    assert!(server.asked().pop().unwrap()["messages"].to_string().contains("above all: the names of birds"));
    chat.say("and now?");
    let sent = server.asked().pop().unwrap()["messages"].to_string();
    assert!(sent.contains("They spoke of birds.") && !sent.contains("Birds sing"), "{sent}");
    assert!(world.ok(&["memory", "search", "birds sing"]).contains("Birds sing"), "the transcript keeps all of it");
    chat.say("/new");
    chat.say("tell me again");
    assert_eq!(chat.ended(), 0);
    support::wait_until("hooks are told of all", || {
        let told = std::fs::read_to_string(&told).unwrap_or_default();
        let events = told.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let all: Vec<String> = events
            .map(|e| format!("{} {}{} {}", e["hook_event_name"], e["trigger"], e["reason"], e["custom_instructions"]))
            .collect();
        all == [
            r#""PreCompact" "manual"null """#,
            r#""PreCompact" "manual"null "the names of birds""#,
            r#""SessionEnd" null"clear" null"#,
            r#""SessionEnd" null"prompt_input_exit" null"#,
        ]
    });

    // What grows too long is summed up by itself, and says so.
    world.write("big.txt", "a long file\n".repeat(4000));
    let mut said = world.ok(&["ask", "--json", "look at @big.txt"]);
    for _ in 0..4 {
        said = world.ok(&["ask", "--json", "--continue", "look again at @big.txt"]);
        if said.contains("compacted") {
            break;
        }
    }
    assert!(said.contains(r#"{"ask":"compacted","before":"#), "{said}");
    assert!(std::fs::read_to_string(&told).unwrap().contains(r#""trigger":"auto""#));
}

#[test]
fn another_model_answers_where_the_user_wants_it() {
    let (server, other) = (ModelServer::new(|_| (200, "One.".into())), ModelServer::new(|_| (200, "Two.".into())));
    let mut world = world(&server);
    world.env.push(("OPENAI_API_KEY", "sk-test".into()));
    world.env.push(("OPENAI_BASE_URL", other.url.clone()));
    world.settings(&format!(
        "every = \"1s\"\n[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\nfallback = [\"openai/gpt-5\"]\n",
        server.url
    ));
    let _background = Background::start(&world);
    let mut chat = Chat::start(&world, &[]);
    let shown = chat.say("/model");
    assert!(shown.contains("answers") && shown.contains("gpt-5") && shown.contains("where the one before does not"), "{shown:?}");
    assert!(chat.say("hi").contains("One."));
    let shown = chat.say("/model gemini/pro 3");
    assert!(
        shown.contains("no provider of the settings serves a model `gemini/pro 3`; there are: llamacpp, openai"),
        "{shown:?}"
    );
    assert!(chat.say("/model openai/gpt-6").contains("gpt-6 of openai, at 127.0.0.1,"));
    assert!(chat.say("hi").contains("Two."));
    assert_eq!(other.asked()[0]["model"], "gpt-6");
    assert!(chat.say("/model").contains("answers in this conversation, and no other"));
    assert_eq!(chat.ended(), 0);
    // It is kept with the conversation, and with no other.
    assert!(world.ok(&["ask", "--continue", "hi"]).contains("Two."));
    let refused = world.run(&["ask", "--model", "gemini 3", "hi"]);
    assert!(!refused.status.success() && support::text(&refused.stderr).contains("no provider of the settings serves"));
    assert!(world.ok(&["ask", "--continue", "--model", "default", "hi"]).contains("One."));
    assert!(world.ok(&["ask", "hi"]).contains("One."));
    let mut chat = Chat::start(&world, &["--model", "openai"]);
    assert!(chat.say("hi").contains("Two."));
    assert_eq!(other.asked().last().unwrap()["model"], "gpt-5");
    assert_eq!(chat.ended(), 0);
}

#[test]
fn skills_are_called_by_name_and_what_was_allowed_is_taken_back() {
    let server = ModelServer::speaking(|question| {
        let messages = question["messages"].as_array().unwrap();
        let last = messages.last().unwrap()["content"].as_str().unwrap_or_default();
        match messages.last().unwrap()["role"] == "user" && last.ends_with("do it") {
            true => (None, vec![("write-file", json!({"path": "b.txt", "content": format!("{}\n", messages.len())}))]),
            false => (Some("So be it."), vec![]),
        }
    });
    let mut world = world(&server);
    world.env.push(("HOME", world.dir.path().join("user").display().to_string()));
    for (folder, name) in [(world.home().join("skills"), "release"), (world.project().join(".claude/skills"), "style")] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        let text = format!("---\nname: {name}\ndescription: How it goes\n---\nThe text of {name}.\n");
        std::fs::write(folder.join(name).join("SKILL.md"), text).unwrap();
    }
    let _background = Background::start(&world);
    let mut chat = Chat::start(&world, &[]);
    let sent = || server.asked().pop().unwrap()["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
    assert!(chat.say("/skill").contains("the project's"));
    assert!(chat.say("/skill nothing").contains("there is no skill `nothing`"));
    assert!(chat.say("/release 1.2").contains("So be it."));
    assert!(sent().contains("The text of release.") && sent().contains("/release 1.2"), "{}", sent());
    assert!(chat.say("/skill style").contains("stands in front"));
    chat.say("write");
    assert!(sent().contains("The text of style.") && sent().contains("that the project brings"), "{}", sent());
    chat.say("write more");
    assert!(!sent().contains("The text of"), "it stands in front of one thing: {}", sent());
    assert!(chat.say("/style").contains("So be it.") && sent().contains("The text of style."));
    chat.press("/rel\t\r");
    chat.wait("So be it.");
    chat.wait("you> ");
    assert!(sent().contains("/release"), "Tab knows skills: {}", sent());

    assert!(chat.say("/permissions").contains("no answer is remembered"));
    chat.press("do it\r");
    chat.wait("[N]o ");
    chat.say("c");
    let shown = chat.say("/permissions");
    assert!(shown.contains("yes, conversation") && shown.contains("b.txt"), "{shown:?}");
    assert!(!chat.say("do it").contains("do it?"));
    assert!(chat.say("/permissions forget").contains("1 answer taken back"));
    chat.press("do it\r");
    chat.wait("[N]o ");
    chat.say("");
    assert_eq!(chat.ended(), 0);
    // One question from a shell calls a skill, too.
    world.ok(&["ask", "/release 2"]);
    assert!(sent().contains("The text of release."));
}
