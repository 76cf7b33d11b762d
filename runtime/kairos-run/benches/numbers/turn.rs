//! A tool call as a turn makes it: rules, transcript, ledger, fresh instance, and the user's screen.

use crate::bare::{self, Bare, Files};
use crate::plugins::{Result, component, host_options};
use crate::report::{Row, Sample, Target, Unit};
use crate::tool::bare_call;
use kairos_agent::{Agent, AgentOptions, Embedded, Events, ProjectOptions};
use kairos_api::{AskEvent, AskRequest, Control};
use kairos_core::config::{Config, Trust};
use kairos_memory::memory::Home;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;

const MOST: f64 = 300_000.0;
/// Calls in one answer: as many as a turn carries out.
const AT_ONCE: usize = 16;
/// Conversations at the same time, where it is measured with many.
const TALKS: usize = 4;
/// Answers with one call each in a conversation: fewer than it may ask.
const STEPS: usize = 40;
const WARM_UP: usize = 1;
const ROUNDS: usize = 12;

pub async fn measure() -> Result<Vec<Row>> {
    let home = tempfile::tempdir()?;
    let root = home.path().join("project");
    std::fs::create_dir_all(root.join("src"))?;
    let content = "a line of thirty-two bytes, yes\n".repeat(32);
    (0..STEPS).try_for_each(|n| std::fs::write(root.join(format!("src/{n}.txt")), &content))?;
    let agent = start(home.path(), &root, &serve()?).await?;

    let bare = Bare::new()?;
    let works = bare::tool::WorksPre::new(bare.compile(&component("read-file")?)?)?;
    let (mut reads, mut edits, mut walls, mut theirs, mut writes) = (vec![], vec![], vec![], vec![], vec![]);
    for round in 0..WARM_UP + ROUNDS {
        let read = ask(&agent, "read", 1).await?;
        for n in 0..STEPS {
            let input = json!({ "path": format!("src/{n}.txt") }).to_string();
            theirs.extend((round >= WARM_UP).then_some(bare_call(&bare, &works, Files::Disk(root.clone()), &input).await?));
        }
        let edit = ask(&agent, "edit", 1).await?;
        for n in 0..AT_ONCE {
            let file = home.path().join(format!("{n}.txt"));
            writes.extend((round >= WARM_UP).then_some(plain_write(&file, &content)?));
        }
        let Talk(all) = ask(&agent, "together", TALKS).await?;
        if round < WARM_UP {
            continue;
        }
        let spans = |Talk(all): Talk| all.into_iter().map(|(begin, end)| end - begin);
        reads.extend(spans(read));
        edits.extend(spans(edit));
        if let (Some(first), Some(last)) = (all.iter().map(|a| a.0).min(), all.iter().map(|a| a.1).max()) {
            walls.push((last - first) / all.len() as u32);
        }
    }
    agent.stop();
    agent.wait("done").await?;

    let (bare, plain) = (("bare call of read-file", &theirs), ("plain write", &writes));
    let row = |what: String, times: &[Duration], (name, theirs): (&'static str, &Vec<Duration>)| {
        let mut sorted = times.to_vec();
        sorted.sort();
        let tenth = sorted.get(sorted.len() * 9 / 10).copied().unwrap_or_default();
        let note = format!("p90 {:.1} µs", tenth.as_nanos() as f64 / 1e3);
        Row::new("turn", what, Unit::Time, Sample::times(times)).against(name, Sample::times(theirs)).note(note)
    };
    let many = AT_ONCE * TALKS;
    Ok(vec![
        row("a call of read-file, 1 KiB, in a turn".into(), &reads, bare).target(Target::AtMost(MOST)),
        row("a call of edit-file in a turn".into(), &edits, plain).target(Target::OnTop(MOST)),
        row(format!("{many} calls of read-file at once: the time of all, by {many}"), &walls, bare).target(Target::AtMost(MOST)),
    ])
}

/// What it takes to replace a file so that it is whole after a crash, and no more.
fn plain_write(file: &Path, content: &str) -> Result<Duration> {
    let start = Instant::now();
    let staged = file.with_extension("new");
    let mut new = std::fs::File::create(&staged)?;
    new.write_all(content.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(&staged, file)?;
    Ok(start.elapsed())
}

/// An agent with two tools, a hundred rules, and a model that says what it is told to.
async fn start(home: &Path, root: &Path, model: &str) -> Result<Arc<Agent>> {
    let numbered = |form: &str| (0..24).map(|n| form.replace('N', &n.to_string())).collect::<Vec<_>>();
    let allow = [numbered("Bash(toolN *)"), numbered("Edit(folderN/**)"), vec!["Edit(src/**)".into()]].concat();
    let deny = [numbered("Bash(git pushN *)"), numbered("Read(./secretN/**)")].concat();
    let rules = format!("[permissions]\nallow = {}\ndeny = {}", json!(allow), json!(deny));
    let provider = format!("[model]\nprovider = \"llamacpp\"\nname = \"m\"\nurl = \"{model}\"");
    let mut config = Config::default();
    // No tick disturbs.
    config.merge("kairos.toml", &format!("every = \"24h\"\n{rules}\n{provider}\n"), Trust::User)?;
    let tool = |name: &'static str| -> Result<Embedded> { Ok(Embedded { name, bytes: component(name)?.leak() }) };
    let (events, mut received) = Events::channel();
    tokio::spawn(async move { while received.recv().await.is_some() {} });
    let options = AgentOptions {
        version: "bench".into(),
        host: host_options(&home.join("cache"))?,
        embedded: vec![tool("read-file")?, tool("edit-file")?],
        plugin_dirs: Vec::new(),
        user_db: home.join("state.db"),
        projects: vec![ProjectOptions {
            root: root.into(),
            slug: "bench".into(),
            db: home.join("project.db"),
            config: config.clone(),
            settings: Vec::new(),
            home: Home::within(home),
            users_home: Home::set(&home.join("user"), "", None)?,
            users_mcp: home.join("mcp.json"),
            users_config: config.clone(),
            skills: Vec::new(),
        }],
        opener: Box::new(|_| Err("no other project here".into())),
        config,
        ticks: None,
    };
    Ok(Agent::load(options, events).await?.begin())
}

/// When calls began and ended.
struct Talk(Vec<(Instant, Instant)>);

/// Asks in so many conversations at the same time. Looks on from a thread of its own: a task that is woken by the turn runs when
/// the turn lets it. That thread sleeps as a user's terminal does: one that spins would take a core from who writes the transcript.
async fn ask(agent: &Agent, text: &str, talks: usize) -> Result<Talk> {
    let mut all = Vec::new();
    for _ in 0..talks {
        let request = AskRequest { text: text.into(), ..AskRequest::default() };
        all.push(agent.ask(request).await.map_err(|e| e.to_string())?);
    }
    tokio::task::spawn_blocking(move || watch(all)).await?
}

fn watch(mut talks: Vec<Receiver<AskEvent>>) -> Result<Talk> {
    let (mut begun, mut done) = (VecDeque::new(), Vec::new());
    let alone = talks.len() == 1;
    let next = |events: &mut Receiver<AskEvent>| match alone {
        true => events.blocking_recv().ok_or(TryRecvError::Disconnected),
        false => events.try_recv(),
    };
    while !talks.is_empty() {
        let mut failure = None;
        talks.retain_mut(|events| {
            loop {
                match next(events) {
                    Ok(AskEvent::Call { .. }) => begun.push_back(Instant::now()),
                    // Of those that are carried out together it does not matter which was first.
                    Ok(AskEvent::Outcome { is_error: false, .. }) => {
                        done.extend(begun.pop_front().map(|begin| (begin, Instant::now())));
                    }
                    Ok(AskEvent::Outcome { text, .. }) => failure = Some(format!("a call failed: {text}")),
                    Ok(AskEvent::Failed { error }) => failure = Some(error),
                    Ok(_) => {}
                    Err(TryRecvError::Empty) => return true,
                    Err(TryRecvError::Disconnected) => return false,
                }
            }
        });
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        std::thread::sleep(Duration::from_micros(20));
    }
    if done.is_empty() { Err("nothing was called".into()) } else { Ok(Talk(done)) }
}

/// A model in the form of chat completions, which calls what the user's word stands for.
fn serve() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let barrier = Arc::new(Barrier::new(TALKS));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let barrier = barrier.clone();
            // Whoever hangs up gets no more.
            std::thread::spawn(move || answer(stream, &barrier).ok());
        }
    });
    Ok(url)
}

fn answer(mut stream: TcpStream, barrier: &Barrier) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let question: Value = serde_json::from_slice(&body).unwrap_or_default();
    let messages = question["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let asked = |word: &str| messages.iter().any(|m| m["role"] == "user" && m["content"].to_string().contains(word));
    let past = messages.iter().filter(|m| m["role"] == "tool").count();
    let read = |n: usize| ("read-file", json!({ "path": format!("src/{n}.txt") }));
    // Back and forth, so that there is always something to replace.
    let edit = |n: usize| {
        let (old, new) = if n.is_multiple_of(2) { ("thirty-two", "32") } else { ("32", "thirty-two") };
        ("edit-file", json!({ "path": format!("src/{}.txt", n / 2), "old": old, "new": new, "all": true }))
    };
    let calls: Vec<(&str, Value)> = match past {
        n if asked("read") && n < STEPS => vec![read(n)],
        0 if asked("edit") => (0..AT_ONCE).map(edit).collect(),
        0 if asked("together") => {
            barrier.wait();
            (0..AT_ONCE).map(read).collect()
        }
        _ => Vec::new(),
    };
    let chunk = |delta: Value, reason: Option<&str>| {
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
        format!("data: {}\n\n", json!({"object": "chat.completion.chunk", "model": "m", "choices": choices}))
    };
    let mut said = String::new();
    for (n, (name, input)) in calls.iter().enumerate() {
        let call = json!({"index": n, "id": format!("c{past}-{n}"), "type": "function", "function": {"name": name, "arguments": input.to_string()}});
        said += &chunk(json!({ "tool_calls": [call] }), None);
    }
    said +=
        &if calls.is_empty() { chunk(json!({"content": "done"}), Some("stop")) } else { chunk(json!({}), Some("tool_calls")) };
    said += "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":9}}\n\ndata: [DONE]\n\n";
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n",
        said.len()
    );
    stream.write_all((head + &said).as_bytes())
}
