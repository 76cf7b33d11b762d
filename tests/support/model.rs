//! The other end of a model client: a server that says what a test has it say, in the form of chat completions.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// Answers on this machine; keeps what it was asked.
pub struct ModelServer {
    pub url: String,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl ModelServer {
    /// The closure makes a status and an answer's text of each question.
    pub fn new(answer: impl Fn(&Value) -> (u16, String) + Send + 'static) -> Self {
        Self::with(move |question| {
            let (status, text) = answer(question);
            (status, json!({"role": "assistant", "content": text}))
        })
    }

    /// The closure makes calls of each question, by name and input.
    pub fn calling(calls: impl Fn(&Value) -> Vec<(&'static str, Value)> + Send + 'static) -> Self {
        Self::speaking(move |question| (None, calls(question)))
    }

    /// The closure makes of each question what the model says, and what it wants called, by name and input.
    pub fn speaking(answer: impl Fn(&Value) -> (Option<&'static str>, Vec<(&'static str, Value)>) + Send + 'static) -> Self {
        Self::with(move |question| {
            let call = |(n, (name, input)): (usize, (&str, Value))| {
                let id = format!("c{}-{n}", question["messages"].as_array().map_or(0, Vec::len));
                json!({"index": n, "id": id, "type": "function", "function": {"name": name, "arguments": input.to_string()}})
            };
            let (text, calls) = answer(question);
            let calls: Vec<Value> = calls.into_iter().enumerate().map(call).collect();
            let mut message = json!({"role": "assistant", "content": text});
            if !calls.is_empty() {
                message["tool_calls"] = json!(calls);
            }
            (200, message)
        })
    }

    /// A status behind which the connection breaks off in the middle of the answer.
    pub const CUT: u16 = 299;

    fn with(answer: impl Fn(&Value) -> (u16, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(&stream);
                let (mut line, mut length) = (String::new(), 0);
                while reader.read_line(&mut line).unwrap() > 2 {
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let question: Value = serde_json::from_slice(&body).unwrap();
                let (status, message) = answer(&question);
                kept.lock().unwrap().push(question);
                let (kind, body) = if status == 200 || status == Self::CUT {
                    ("text/event-stream", streamed(&message))
                } else {
                    ("application/json", json!({"error": {"message": message["content"]}}).to_string())
                };
                let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
                let whole = if status == Self::CUT { &body[..body.len() / 2] } else { &body[..] };
                let head = head.replace(&Self::CUT.to_string(), "200");
                let _ = stream.write_all((head + whole).as_bytes());
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

/// A message as it comes: its text word by word, then its calls, then what it cost.
fn streamed(message: &Value) -> String {
    let chunk = |delta: Value, reason: Option<&str>| json!({"object": "chat.completion.chunk", "model": "scripted", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
    let words = message["content"].as_str().unwrap_or_default().split_inclusive(' ');
    let mut events: Vec<Value> = words.map(|word| chunk(json!({"content": word}), None)).collect();
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    events.extend(calls.map(|call| chunk(json!({"tool_calls": [call]}), None)));
    let reason = if message["tool_calls"].is_null() { "stop" } else { "tool_calls" };
    events.push(chunk(json!({}), Some(reason)));
    events.push(json!({"model": "scripted", "choices": [], "usage": {"prompt_tokens": 700, "completion_tokens": 60}}));
    events.iter().map(|event| format!("data: {event}\n\n")).collect::<String>() + "data: [DONE]\n\n"
}

/// A session in the form of Claude Code's files, with what the user said in it.
pub fn session(world: &super::World, name: &str, said: &[&str]) -> String {
    let entry = |(n, said): (usize, &&str)| {
        json!({
            "type": "user", "uuid": format!("{name}{n}"), "sessionId": name, "timestamp": format!("2026-11-0{}T10:00:00Z", n % 9 + 1),
            "cwd": world.project(), "version": "2.0.0", "isSidechain": false, "message": {"role": "user", "content": said},
        })
        .to_string()
    };
    let file = world.home().join(format!("{name}.jsonl"));
    std::fs::create_dir_all(world.home()).unwrap();
    std::fs::write(&file, said.iter().enumerate().map(entry).collect::<Vec<_>>().join("\n")).unwrap();
    file.display().to_string()
}
