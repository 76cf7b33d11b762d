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

    /// The closure makes calls of each question, by name and input; none: the model has nothing to say.
    pub fn calling(calls: impl Fn(&Value) -> Vec<(&'static str, Value)> + Send + 'static) -> Self {
        Self::with(move |question| {
            let call = |(n, (name, input)): (usize, (&str, Value))| {
                let id = format!("c{}-{n}", question["messages"].as_array().map_or(0, Vec::len));
                json!({"id": id, "type": "function", "function": {"name": name, "arguments": input.to_string()}})
            };
            let calls: Vec<Value> = calls(question).into_iter().enumerate().map(call).collect();
            (200, json!({"role": "assistant", "content": null, "tool_calls": calls}))
        })
    }

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
                let reason = if message["tool_calls"].is_null() { "stop" } else { "tool_calls" };
                let text = message["content"].clone();
                let choice = json!({"finish_reason": reason, "message": message});
                let body = if status == 200 {
                    json!({"model": "scripted", "choices": [choice], "usage": {"prompt_tokens": 700, "completion_tokens": 60}})
                } else {
                    json!({"error": {"message": text}})
                };
                let body = body.to_string();
                let _ = write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
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
