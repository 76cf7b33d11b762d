//! Against a server on this machine that answers as providers do, and as they should not.
#![allow(missing_docs)]

use async_trait::async_trait;
use kairos_core::config::{Config, Trust};
use kairos_core::model::{Completion, Ending, Message, Part, Prompt, Role, Usage};
use kairos_exec::redact::Redactor;
use kairos_model::{Client, Model, ModelError, find};
use kairos_net::{Egress, Ledger};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const KEY: &str = "an-odd-key-0123456789";

#[derive(Default)]
struct Book(Mutex<Vec<(Egress, Option<String>)>>);

#[async_trait]
impl Ledger for Book {
    async fn begin(&self, egress: Egress) -> Result<u64, String> {
        let mut all = self.0.lock().unwrap();
        all.push((egress, None));
        Ok(all.len() as u64 - 1)
    }

    async fn end(&self, id: u64, outcome: &str, _: u64) {
        self.0.lock().unwrap()[id as usize].1 = Some(outcome.into());
    }
}

/// A request as it came: its head in lower case, and its body.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// The closure answers the n-th request, from 0.
fn serve(answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> (u16, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let kept = asked.clone();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(&stream);
            let (mut head, mut line) = (String::new(), String::new());
            while reader.read_line(&mut line).unwrap_or(0) > 2 {
                head += &line.to_lowercase();
                line.clear();
            }
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap().parse().unwrap();
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            kept.lock().unwrap().push((head, serde_json::from_slice(&body).unwrap()));
            answer(number, &mut stream);
        }
    });
    (port, asked)
}

fn reply(status: &str, headers: &str, body: &Value) -> String {
    let body = body.to_string();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

fn said(text: &str) -> String {
    let choice = json!({"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}});
    reply("200 OK", "", &json!({"model": "small", "choices": [choice], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}))
}

struct World {
    dir: tempfile::TempDir,
    book: Arc<Book>,
    client: Client,
}

impl World {
    fn key(&self, key: &str) {
        write_key(&self.dir, key);
    }
}

fn write_key(dir: &tempfile::TempDir, key: &str) {
    let file = dir.path().join("key");
    std::fs::write(&file, key).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn world(provider: &str, port: u16, timeout: &str) -> World {
    let dir = tempfile::tempdir().unwrap();
    write_key(&dir, KEY);
    let toml = format!(
        "[model]\nprovider = \"{provider}\"\nname = \"small\"\nurl = \"http://127.0.0.1:{port}\"\nkey = \"file:{}\"\ntimeout = \"{timeout}\"",
        dir.path().join("key").display()
    );
    let mut config = Config::default();
    config.merge("kairos.toml", &toml, Trust::User).unwrap();
    let book = Arc::new(Book::default());
    let client = Client::new(find(&config, |_| None).unwrap().remove(0), book.clone(), Redactor::default()).unwrap();
    World { dir, book, client }
}

fn prompt(text: &str) -> Prompt {
    let messages = vec![Message { role: Role::User, parts: vec![Part::Text(text.into())] }];
    Prompt { instructions: "Be brief.".into(), tools: Vec::new(), must_call: false, messages, schema: None, max_output: 20 }
}

fn by_schema() -> Prompt {
    Prompt {
        schema: Some(r#"{"type": "object", "properties": {"a": {"type": "string", "maxLength": 9}}}"#.into()),
        ..prompt("hi")
    }
}

fn send(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

#[tokio::test]
async fn both_formats_are_spoken_and_each_request_is_on_record() {
    let (port, asked) = serve(|_, s| send(s, &said("hello")));
    let w = world("llamacpp", port, "5s");
    assert_eq!(w.client.name(), "small at 127.0.0.1");
    let answer = w.client.complete(&prompt("hi ghp_0123456789abcdefghijABCDEFGHIJ012345"), "a test", &|_| ()).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.ending), ("hello", Ending::Done));
    assert_eq!((answer.usage, answer.model.as_str()), (Usage { input: 12, cached: 0, output: 3 }, "small"));
    let (head, body) = asked.lock().unwrap()[0].clone();
    assert!(head.starts_with("post /v1/chat/completions ") && head.contains(&format!("authorization: bearer {KEY}")), "{head}");
    assert_eq!(body["messages"][1]["content"], "hi [redacted]");
    let (egress, outcome) = w.book.0.lock().unwrap()[0].clone();
    assert_eq!((egress.to, egress.why.as_str()), (format!("http://127.0.0.1:{port}"), "a test"));
    assert_eq!((serde_json::from_slice::<Value>(&egress.body).unwrap(), outcome.as_deref()), (body, Some("200")));

    let (port, asked) = serve(|_, s| {
        let usage = json!({"input_tokens": 4, "cache_read_input_tokens": 6, "output_tokens": 2});
        let text = json!([{"type": "text", "text": "{\"a\": \"b\"}"}]);
        send(
            s,
            &reply(
                "200 OK",
                "",
                &json!({"type": "message", "model": "small", "content": text, "stop_reason": "end_turn", "usage": usage}),
            ),
        );
    });
    let answer = world("anthropic", port, "5s").client.complete(&by_schema(), "a test", &|_| ()).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.usage), ("{\"a\": \"b\"}", Usage { input: 10, cached: 6, output: 2 }));
    let (head, body) = asked.lock().unwrap()[0].clone();
    assert!(head.starts_with("post /v1/messages ") && head.contains("anthropic-version: 2023-06-01"), "{head}");
    assert!(head.contains(&format!("x-api-key: {KEY}")));
    assert_eq!(body["output_config"]["format"]["schema"]["properties"]["a"], json!({"type": "string"}));
}

/// The events of a recorded answer, with their ends.
fn recorded() -> Vec<&'static str> {
    include_str!("streams/anthropic.sse").split_inclusive("\n\n").collect()
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/// What came, and what was heard before.
async fn ask(client: &Client) -> (Result<Completion, ModelError>, String) {
    let heard = Mutex::new(String::new());
    let answer = client.complete(&prompt("hi"), "a test", &|text| heard.lock().unwrap().push_str(text)).await;
    (answer, heard.into_inner().unwrap())
}

#[tokio::test]
async fn an_answer_is_heard_while_it_comes() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let (port, asked) = serve(move |_, s| {
        let events = recorded();
        send(s, &format!("{HEAD}{}", events[..4].concat()));
        wait.lock().unwrap().recv().unwrap();
        send(s, &events[4..].concat());
    });
    let w = world("anthropic", port, "5s");
    let heard = Mutex::new(String::new());
    // The rest is said only once this was heard.
    let listen = |text: &str| {
        heard.lock().unwrap().push_str(text);
        let _ = go.send(());
    };
    let answer = w.client.complete(&prompt("hi"), "", &listen).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.calls.len(), answer.ending), ("Let me look \u{2014} at both.", 2, Ending::Calls));
    assert_eq!((answer.usage, heard.into_inner().unwrap()), (Usage { input: 480, cached: 400, output: 57 }, answer.text));
    assert_eq!(asked.lock().unwrap()[0].1["stream"], true);
}

#[tokio::test]
async fn a_stream_that_ends_early_is_no_answer_and_what_was_heard_was_heard() {
    let overloaded =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let begin = recorded()[..5].concat();
    for (rest, told) in
        [("", "breaks off"), (overloaded, "stops in the middle of its answer: Overloaded"), ("data: {]\n\n", "no JSON")]
    {
        let said = format!("{HEAD}{begin}{rest}");
        let (port, asked) = serve(move |_, s| send(s, &said));
        let (answer, heard) = ask(&world("anthropic", port, "5s").client).await;
        let error = answer.unwrap_err();
        assert!(error.to_string().contains(told) && error.may_cost() && error.is_passing(), "{error}");
        assert_eq!((heard.as_str(), asked.lock().unwrap().len()), ("Let me look \u{2014}", 1), "{told}");
    }
    // Before anything was said it is as if it had not begun.
    let whole = recorded().concat();
    let (port, asked) = serve(move |n, s| send(s, &format!("{HEAD}{}", if n == 0 { overloaded } else { &whole })));
    let (answer, heard) = ask(&world("anthropic", port, "9s").client).await;
    assert_eq!((answer.unwrap().text, asked.lock().unwrap().len()), (heard, 2));
}

#[tokio::test]
async fn who_no_longer_wants_the_answer_goes_away() {
    let (gone, has_gone) = std::sync::mpsc::channel();
    let (port, _) = serve(move |_, s| {
        send(s, &format!("{HEAD}{}", recorded()[..5].concat()));
        while s.write_all(b": still here\n\n").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = gone.send(());
    });
    let w = world("anthropic", port, "30s");
    let asking = tokio::time::timeout(Duration::from_millis(500), ask(&w.client));
    assert!(asking.await.is_err());
    tokio::task::spawn_blocking(move || has_gone.recv_timeout(Duration::from_secs(5)).unwrap()).await.unwrap();
    assert_eq!(w.book.0.lock().unwrap()[0].1.as_deref(), Some("200, given up"));
}

#[tokio::test]
async fn after_a_refused_key_nobody_is_asked_until_there_is_another() {
    for provider in ["openai", "anthropic"] {
        let (port, asked) = serve(|n, s| {
            let error = json!({"error": {"message": format!("Incorrect key: {KEY}")}});
            send(s, &if n == 0 { reply("401 Unauthorized", "", &error) } else { said("hello") });
        });
        let w = world(provider, port, "5s");
        for _ in 0..3 {
            let error = w.client.complete(&prompt("hi"), "", &|_| ()).await.unwrap_err();
            assert!(matches!(error, ModelError::Refused { status: 401, .. }) && !error.may_cost(), "{error}");
            let told = format!("{error} {error:?}");
            assert!(told.contains("Incorrect key: [redacted]") && !told.contains(KEY), "{told}");
        }
        assert_eq!(asked.lock().unwrap().len(), 1);
        w.key("another-key-0123456789");
        let again = w.client.complete(&prompt("hi"), "", &|_| ()).await;
        // An answer of the other format is none; what counts is that it was asked.
        assert_eq!(again.is_ok(), provider == "openai");
        assert_eq!(asked.lock().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn who_wants_to_be_left_alone_is() {
    let busy = |after: &str| reply("429 Too Many Requests", after, &json!({"error": {"message": "slow down"}}));
    let (port, asked) = serve(move |n, s| send(s, &if n == 0 { busy("retry-after: 2\r\n") } else { said("hello") }));
    let begin = Instant::now();
    world("openai", port, "10s").client.complete(&prompt("hi"), "", &|_| ()).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(2) && asked.lock().unwrap().len() == 2);

    // Longer than anybody waits: it is told, and until then nobody else asks.
    let (port, asked) = serve(move |_, s| send(s, &busy("retry-after: 600\r\n")));
    let w = world("anthropic", port, "10s");
    for _ in 0..2 {
        let error = w.client.complete(&prompt("hi"), "", &|_| ()).await.unwrap_err();
        assert!(matches!(&error, ModelError::Busy { status: 429, .. }) && error.is_passing(), "{error}");
        assert!(error.to_string().contains("slow down") && error.to_string().contains("asked again in"), "{error}");
    }
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_in_trouble_is_tried_three_times() {
    let (port, asked) = serve(|n, s| send(s, &if n < 2 { reply("500 X", "", &json!({})) } else { said("hello") }));
    let w = world("vllm", port, "20s");
    w.client.complete(&prompt("hi"), "", &|_| ()).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 3);
    let outcomes: Vec<_> = w.book.0.lock().unwrap().iter().map(|(_, o)| o.clone().unwrap()).collect();
    assert_eq!(outcomes, ["500", "500", "200"], "each try is on record");
    let (port, asked) = serve(|_, s| send(s, &reply("529 X", "", &json!({"error": {"message": "Overloaded"}}))));
    let error = world("anthropic", port, "20s").client.complete(&prompt("hi"), "", &|_| ()).await.unwrap_err();
    assert!(matches!(error, ModelError::Busy { status: 529, .. }) && !error.may_cost(), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 3);
    // What it does not want is not asked again.
    let (port, asked) = serve(|_, s| send(s, &reply("404 X", "", &json!({"error": {"message": "no such model"}}))));
    let error = world("ollama", port, "20s").client.complete(&prompt("hi"), "", &|_| ()).await.unwrap_err();
    assert!(error.to_string().contains("no such model") && error.to_string().contains("model.name"), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_can_not_be_used_is_told_and_may_have_cost_something() {
    type Send = fn(&mut TcpStream);
    let cases: [(&str, Send); 5] = [
        ("broke the connection off", |s| send(s, &said("hello")[..120].replace("content-length: ", "content-length: 9"))),
        ("too long", |s| {
            send(s, "HTTP/1.1 200 OK\r\n\r\n{\"a\": \"");
            while s.write_all(&[b'x'; 65536]).is_ok() {}
        }),
        ("neither events nor JSON", |s| send(s, "HTTP/1.1 200 OK\r\n\r\n<html>")),
        ("breaks off", |s| send(s, &reply("200 OK", "", &json!({"choices": []})))),
        ("JSON was asked for", |s| send(s, &said("As a model, I"))),
    ];
    for (what, answer) in cases {
        let (port, asked) = serve(move |_, s| answer(s));
        let error = world("openai", port, "5s").client.complete(&by_schema(), "", &|_| ()).await.unwrap_err();
        assert!(error.to_string().contains(what) && error.may_cost(), "{what}: {error}");
        assert_eq!(asked.lock().unwrap().len(), 1, "{what}");
    }
    let (port, _) = serve(|_, _| std::thread::sleep(Duration::from_secs(30)));
    let begin = Instant::now();
    let error = world("openai", port, "1s").client.complete(&prompt("hi"), "", &|_| ()).await.unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(3) && error.may_cost(), "{error}");
    // A byte now and then.
    let (port, _) = serve(|_, s| {
        for byte in said("hello").bytes() {
            if s.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let begin = Instant::now();
    let error = world("openai", port, "1s").client.complete(&prompt("hi"), "", &|_| ()).await.unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(3) && error.may_cost(), "{error}");
    let (port, _) = serve(|_, _| ());
    assert!(world("openai", port, "5s").client.complete(&prompt("hi"), "", &|_| ()).await.unwrap_err().may_cost());
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = world("openai", nobody, "2s").client.complete(&prompt("hi"), "", &|_| ()).await.unwrap_err();
    assert!(!error.may_cost() && error.is_passing(), "{error}");
}

#[tokio::test]
async fn json_in_a_fence_is_json_and_a_cut_answer_says_so() {
    let (port, _) = serve(|_, s| send(s, &said("```json\n{\"a\": \"b\"}\n```")));
    assert_eq!(world("vllm", port, "5s").client.complete(&by_schema(), "", &|_| ()).await.unwrap().text, "{\"a\": \"b\"}");
    let (port, _) = serve(|_, s| send(s, &said("{\"a\": ").replace("\"stop\"", "\"length\"").replace("content-length: ", "x: ")));
    let cut = world("vllm", port, "5s").client.complete(&by_schema(), "", &|_| ()).await.unwrap();
    assert_eq!((cut.text.as_str(), cut.ending), ("{\"a\": ", Ending::Length));
}

#[tokio::test]
async fn a_server_in_trouble_is_left_alone_for_a_while() {
    let (port, asked) = serve(|_, s| send(s, &reply("503 X", "", &json!({"error": {"message": "loading"}}))));
    let w = world("llamacpp", port, "20s");
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(w.client.complete(&prompt("hi"), "", &|_| ()).await.unwrap_err());
    }
    assert!(matches!((&told[1], &told[2]), (ModelError::Busy { .. }, ModelError::Resting { failures: 5, .. })), "{told:?}");
    assert!(told[2].is_passing() && !told[2].may_cost() && told[2].to_string().contains("5 times in a row"));
    assert_eq!(asked.lock().unwrap().len(), 5);
}
