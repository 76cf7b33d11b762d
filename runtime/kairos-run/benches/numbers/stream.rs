//! What we add to each token that a model says.

use crate::plugins::Result;
use crate::report::{Row, Sample, Target, Unit};
use kairos_core::config::{Config, Trust};
use kairos_core::model::{Message, Part, Prompt, Role};
use kairos_model::{Client, Model, find};
use kairos_net::{Egress, Ledger};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

const TOKENS: usize = 5000;
const RUNS: usize = 40;
const ON_TOP: f64 = 20_000.0;

pub async fn measure() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (provider, name, stream) in
        [("anthropic", "Anthropic Messages", anthropic()), ("llamacpp", "chat completions", completions())]
    {
        let address = serve(stream)?;
        let mut config = Config::default();
        let toml = format!("[model]\nprovider = \"{provider}\"\nname = \"m\"\nurl = \"http://{address}\"\nkey = \"env:PATH\"");
        config.merge("kairos.toml", &toml, Trust::User)?;
        let client = Client::new(find(&config, |_| None)?.remove(0), Arc::new(NoBook), Default::default())?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for run in 0..=RUNS {
            let (our, their) = (our_run(&client).await?, plain_run(&address)?);
            if run > 0 {
                ours.push(our.as_nanos() as f64 / TOKENS as f64);
                theirs.push(their.as_nanos() as f64 / TOKENS as f64);
            }
        }
        let (ours, theirs) = (Sample::of(ours), Sample::of(theirs));
        let note = format!("on top: {:.2} µs", (ours.median - theirs.median) / 1e3);
        let row = Row::new("stream", format!("a streamed token, {name}"), Unit::Time, ours);
        rows.push(row.against("the same bytes", theirs).target(Target::OnTop(ON_TOP)).note(note));
    }
    Ok(rows)
}

async fn our_run(client: &Client) -> Result<Duration> {
    let messages = vec![Message { role: Role::User, parts: vec![Part::Text("Say it.".into())] }];
    let prompt =
        Prompt { instructions: String::new(), tools: Vec::new(), must_call: false, messages, schema: None, max_output: 10_000 };
    let heard = AtomicUsize::new(0);
    let listen = |text: &str| {
        heard.fetch_add(text.len(), Relaxed);
    };
    let start = Instant::now();
    let answer = client.complete(&prompt, "bench", &listen).await?;
    let time = start.elapsed();
    if heard.into_inner() != answer.text.len() || answer.text.len() != 5 * TOKENS {
        return Err("the answer is not what was sent".into());
    }
    Ok(time)
}

fn plain_run(address: &str) -> Result<Duration> {
    let start = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let time = start.elapsed();
    if bytes.is_empty() { Err("nothing was read".into()) } else { Ok(time) }
}

/// Says the same to everybody, an event at a time.
fn serve(events: Vec<String>) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever hangs up gets no more.
            let _ = answer(stream, &events);
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, events: &[String]) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length])?;
    stream.set_nodelay(true)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n")?;
    events.iter().try_for_each(|event| stream.write_all(event.as_bytes()))
}

fn anthropic() -> Vec<String> {
    let event = |name: &str, rest: &str| format!("event: {name}\ndata: {{\"type\":\"{name}\"{rest}}}\n\n");
    let delta = r#","index":0,"delta":{"type":"text_delta","text":"word "}"#;
    let mut all = vec![event("message_start", r#","message":{"model":"m","usage":{"input_tokens":9,"output_tokens":1}}"#)];
    all.push(event("content_block_start", r#","index":0,"content_block":{"type":"text","text":""}"#));
    all.extend((0..TOKENS).map(|_| event("content_block_delta", delta)));
    all.push(event("message_delta", r#","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5000}"#));
    all.push(event("message_stop", ""));
    all
}

fn completions() -> Vec<String> {
    let event = |choice: &str| {
        let head = r#""id":"chatcmpl-1","object":"chat.completion.chunk","created":1795300000,"model":"m""#;
        format!("data: {{{head},\"choices\":[{choice}],\"usage\":null}}\n\n")
    };
    let mut all: Vec<_> = (0..TOKENS).map(|_| event(r#"{"index":0,"delta":{"content":"word "},"finish_reason":null}"#)).collect();
    all.push(event(r#"{"index":0,"delta":{},"finish_reason":"stop"}"#));
    all.push("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5000}}\n\n".into());
    all.push("data: [DONE]\n\n".into());
    all
}

struct NoBook;

#[async_trait::async_trait]
impl Ledger for NoBook {
    async fn begin(&self, _: Egress) -> std::result::Result<u64, String> {
        Ok(1)
    }
    async fn end(&self, _: u64, _: &str, _: u64) {}
}
