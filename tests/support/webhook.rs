//! The other end of the channels: a receiver of webhooks, programs that write down what they get.

use super::{World, wait_until};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub const KEY: &str = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// A request as it came.
#[derive(Clone)]
pub struct Request {
    pub at: Instant,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    fn read(stream: &TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let (mut line, mut headers) = (String::new(), BTreeMap::new());
        reader.read_line(&mut line).unwrap();
        assert!(line.starts_with("POST /hook/secret-part "), "{line}");
        loop {
            line.clear();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim().split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_string());
        }
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        Self { at: Instant::now(), headers, body }
    }

    /// What a receiver has to check, as the standard says.
    pub fn verified(&self) -> Value {
        let (id, seconds) = (&self.headers["webhook-id"], &self.headers["webhook-timestamp"]);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!(now.abs_diff(seconds.parse().unwrap()) < 300);
        let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(&self.body);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(self.headers["webhook-signature"], expected);
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Receives webhooks; the closure answers the n-th of them, from 0.
pub struct Receiver {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    pub fn new(answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Self {
        Self::at(0, answer)
    }

    /// At that port, which nobody may have.
    pub fn at(port: u16, answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let url = format!("http://localhost:{}/hook/secret-part", listener.local_addr().unwrap().port());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = requests.clone();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                kept.lock().unwrap().push(Request::read(&stream));
                answer(number, &mut stream);
            }
        });
        Self { url, requests }
    }

    pub fn saying(answers: &'static [&'static str]) -> Self {
        Self::new(|number, stream| {
            let _ = stream.write_all(answers.get(number).unwrap_or(&OK).as_bytes());
        })
    }

    pub fn all(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        wait_until(&format!("{count} requests"), || self.all().len() >= count);
        self.all()
    }
}

/// With the key in a file that only the user can read.
pub fn world(settings: &str) -> World {
    let world = World::with_git();
    std::fs::create_dir_all(world.home()).unwrap();
    let key = world.home().join("key");
    std::fs::write(&key, format!("whsec_{KEY}\n")).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    world.settings(&format!("[channels]\nwebhook-secret = \"file:{}\"\n{settings}", key.display()));
    world
}

pub fn hooked(receiver: &Receiver) -> World {
    world(&format!("webhook-url = \"{}\"\ntimeout = \"1s\"\n", receiver.url))
}

/// A program that does what the lines say.
pub fn script(path: &Path, lines: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// A folder with a program that writes down its arguments, one a line.
pub fn fake_notify_send(world: &World) -> (PathBuf, String) {
    let folder = world.home().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let shown = world.home().join("shown");
    script(&folder.join("notify-send"), &format!("printf '%s\\n' \"$@\" >> '{}'", shown.display()));
    (shown, format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()))
}

/// Does any file below hold it?
pub fn holds(folder: &Path, what: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).any(|path| match path.is_dir() {
        true => holds(&path, what),
        false => std::fs::read(&path).is_ok_and(|bytes| bytes.windows(what.len()).any(|w| w == what)),
    })
}
