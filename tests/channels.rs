//! Announced findings reach the user where he wants them, and what receives them may misbehave.
#![allow(missing_docs)]

mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use kairos_store::UserDb;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::{Running, World, text};

const CONFLICT: &str = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n";
const KEY: &str = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// A request as it came.
#[derive(Clone)]
struct Request {
    at: Instant,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
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
    fn verified(&self) -> Value {
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
struct Receiver {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    fn new(answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
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

    fn saying(answers: &'static [&'static str]) -> Self {
        Self::new(|number, stream| {
            let _ = stream.write_all(answers.get(number).unwrap_or(&OK).as_bytes());
        })
    }

    fn all(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    fn wait_for(&self, count: usize) -> Vec<Request> {
        wait_until(&format!("{count} requests"), || self.all().len() >= count);
        self.all()
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// With the key in a file that only the user can read.
fn world(settings: &str) -> World {
    let world = World::with_git();
    std::fs::create_dir_all(world.home()).unwrap();
    let key = world.home().join("key");
    std::fs::write(&key, format!("whsec_{KEY}\n")).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    world.settings(&format!("[channels]\nwebhook-secret = \"file:{}\"\n{settings}", key.display()));
    world
}

fn hooked(receiver: &Receiver) -> World {
    world(&format!("webhook-url = \"{}\"\ntimeout = \"1s\"\n", receiver.url))
}

/// That a channel fails: said once, in the inbox.
fn trouble(running: &mut Running, part: &str) -> Value {
    let item = running.finding("kairos", "gets no findings");
    assert!(item["title"].as_str().unwrap().contains(part), "{item}");
    assert!(item["remedy"].as_str().unwrap().contains("kairos-run config path"), "{item}");
    item
}

fn troubles(running: &Running) -> usize {
    let is = |e: &&Value| e["event"] == "finding" && e["item"]["key"].as_str().is_some_and(|k| k.starts_with("channel:"));
    running.seen.iter().filter(is).count()
}

/// Does any file below hold it?
fn holds(folder: &Path, what: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).any(|path| match path.is_dir() {
        true => holds(&path, what),
        false => std::fs::read(&path).is_ok_and(|bytes| bytes.windows(what.len()).any(|w| w == what)),
    })
}

/// A program that does what the lines say.
fn script(path: &Path, lines: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_webhook_is_signed_holds_all_findings_of_a_tick_and_is_on_record() {
    let receiver = Receiver::saying(&[]);
    let world = hooked(&receiver);
    for file in ["b.rs", "c.rs"] {
        world.write(file, CONFLICT);
    }
    let running = world.start(&[]);
    let request = receiver.wait_for(1).remove(0);
    let message = request.verified();
    assert_eq!(message["type"], "findings.announced");
    let data = &message["data"];
    assert_eq!((&data["version"], data["project"].as_str()), (&1.into(), world.project().canonicalize().unwrap().to_str()));
    let findings = data["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2, "{message}");
    assert!(data["text"].as_str().unwrap().starts_with("2 findings in project"), "{message}");
    assert_eq!(findings[0]["detector"], "merge-conflicts");
    assert!(findings[0]["evidence"][0]["subject"].as_str().unwrap().ends_with(".rs"), "{message}");
    let shown = findings[0]["show"].as_str().unwrap().split(' ').collect::<Vec<_>>();
    assert!(world.ok(&shown[1..]).contains(findings[0]["title"].as_str().unwrap()));
    assert_eq!(running.stop(), 0);
    assert_eq!(receiver.all().len(), 1);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rows =
        runtime.block_on(async { UserDb::open(world.home().join("data/state.db")).await.unwrap().egress(10).await.unwrap() });
    let hash: String = Sha256::digest(&request.body).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(rows.len(), 1);
    assert!(receiver.url.starts_with(&rows[0].target) && !rows[0].target.contains("secret-part"), "{rows:?}");
    assert_eq!(
        (rows[0].bytes, rows[0].hash.as_str(), rows[0].outcome.as_deref()),
        (request.body.len() as u64, &*hash, Some("204"))
    );
    assert_eq!(rows[0].why, format!("webhook: {} {}", findings[0]["id"].as_str().unwrap(), findings[1]["id"].as_str().unwrap()));
}

#[test]
fn a_receiver_in_trouble_is_tried_again_when_it_wants_and_told_of_once() {
    let receiver = Receiver::saying(&[
        "HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\noops",
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 3\r\n\r\n",
        "", // hangs up
    ]);
    let world = hooked(&receiver);
    world.write("b.rs", CONFLICT);
    let mut running = world.start(&[]);
    let item = trouble(&mut running, "localhost");
    assert_eq!(item["key"], "channel:webhook");
    world.write("c.rs", CONFLICT);
    running.resolved("kairos");
    let requests = receiver.wait_for(5);
    let ids: Vec<_> = requests.iter().map(|r| r.headers["webhook-id"].clone()).collect();
    assert!(ids[..4].iter().all(|id| *id == ids[0]) && ids[4] != ids[0], "each attempt is the same message: {ids:?}");
    let contents: Vec<_> = requests.iter().map(|r| r.verified()["data"]["findings"].clone()).collect();
    assert!(contents[..4].iter().all(|c| *c == contents[0]));
    assert!(!contents[4].to_string().contains("gets no findings"), "not about itself: {}", contents[4]);
    assert!(requests[2].at - requests[1].at >= Duration::from_millis(2900), "it asked for three seconds");
    assert_eq!(troubles(&running), 1);
    assert_eq!(running.stop(), 0);
}

#[test]
fn what_waiting_does_not_help_is_not_tried_again() {
    let elsewhere = Receiver::saying(&[]);
    let redirect = format!("HTTP/1.1 307 Elsewhere\r\nlocation: {}\r\n\r\n", elsewhere.url.replace("localhost", "127.0.0.1"));
    let receiver = Receiver::new(move |number, stream| {
        let answer = if number == 0 { &redirect } else { "HTTP/1.1 401 No\r\n\r\nwrong \u{1b}[31msignature\nmore" };
        let _ = stream.write_all(answer.as_bytes());
    });
    let world = hooked(&receiver);
    world.write("b.rs", CONFLICT);
    let mut running = world.start(&[]);
    trouble(&mut running, "redirect");
    world.write("c.rs", CONFLICT);
    running.finding("merge-conflicts", "c.rs");
    receiver.wait_for(2);
    running.ticks(2);
    assert_eq!((receiver.all().len(), elsewhere.all().len(), troubles(&running)), (2, 0, 1));
    assert_eq!(running.stop(), 0);
}

#[test]
fn slow_and_huge_answers_hold_up_nobody() {
    let receiver = Receiver::new(|number, stream| {
        if number == 0 {
            std::thread::sleep(Duration::from_secs(2));
            return;
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        let block = [b'x'; 65536];
        while stream.write_all(&block).is_ok() {}
    });
    let world = hooked(&receiver);
    world.write("b.rs", CONFLICT);
    let mut running = world.start(&[]);
    let first = running.finding("merge-conflicts", "b.rs");
    // Meanwhile it goes on.
    world.write("c.rs", CONFLICT);
    running.finding("merge-conflicts", "c.rs");
    let requests = receiver.wait_for(3);
    assert_eq!(requests[0].headers["webhook-id"], requests[1].headers["webhook-id"], "the slow one was tried again");
    assert_eq!(requests[1].verified()["data"]["findings"][0]["id"], first["id"]);
    assert!(requests[2].verified()["data"]["text"].as_str().unwrap().contains("c.rs"));
    running.ticks(1);
    assert_eq!(troubles(&running), 0);
    assert_eq!(running.stop(), 0);
}

#[test]
fn without_a_key_nothing_is_sent() {
    let receiver = Receiver::saying(&[]);
    let mut world = World::with_git();
    world.settings(&format!("channels.webhook-url = \"{}\"\nchannels.webhook-secret = \"env:MY_KEY\"\n", receiver.url));
    world.write("b.rs", CONFLICT);
    let mut running = world.start(&[]);
    trouble(&mut running, "MY_KEY");
    assert_eq!(running.stop(), 0);
    assert!(receiver.all().is_empty());
    // With one, also a single look delivers before it ends, and what an earlier run had to say is forgotten.
    world.env.push(("MY_KEY", KEY.into()));
    world.write("c.rs", CONFLICT);
    world.ok(&["--ticks", "1", "--json"]);
    let message = receiver.wait_for(1)[0].verified();
    assert!(message["data"]["text"].as_str().unwrap().contains("c.rs"), "{message}");
    assert!(!holds(&world.home(), KEY.as_bytes()), "the key is written down nowhere");
}

#[test]
fn a_project_can_not_say_where_findings_go() {
    let world = World::with_git();
    world.write("kairos.toml", "[channels]\ncommand-line = [\"touch\", \"/tmp/x\"]\n");
    let output = world.run(&["--ticks", "1"]);
    let error = text(&output.stderr);
    assert!(!output.status.success() && error.contains("`channels.command-line` can't be set by a project"), "{error}");
}

#[test]
fn a_command_gets_the_findings_as_they_are_without_a_shell() {
    let mut world = World::with_git();
    let (program, got) = (world.dir.path().join("my program"), world.dir.path().join("got"));
    script(&program, "read line; printf '%s\\n' \"$1 $2 $KAIROS_WEBHOOK_SECRET$line\" > \"$3.new\"; mv \"$3.new\" \"$3\"");
    let line = [program.to_str().unwrap(), "$HOME; $(id)", "*", got.to_str().unwrap()];
    // The webhook's key is not for the command.
    world.env.push(("KAIROS_WEBHOOK_SECRET", KEY.into()));
    world.settings(&format!("channels.command-line = {line:?}\nchannels.webhook-url = \"http://localhost:1/\"\n"));
    world.write("b.rs", CONFLICT);
    let running = world.start(&[]);
    wait_until("the command was run", || got.exists());
    assert_eq!(running.stop(), 0);
    let line = std::fs::read_to_string(&got).unwrap();
    let message: Value = serde_json::from_str(line.strip_prefix("$HOME; $(id) * ").unwrap()).unwrap();
    assert_eq!(message["data"]["findings"][0]["urgency"], "high", "{message}");
}

#[test]
fn a_command_that_fails_or_hangs_is_told_of_once_and_leaves_nothing_behind() {
    for (lines, why) in [("sleep 100 & echo $! > \"$1\"; sleep 100", "was not done"), ("exit 3", "ended with 3")] {
        let world = World::with_git();
        let (program, pid) = (world.dir.path().join("program"), world.dir.path().join("pid"));
        script(&program, lines);
        world.settings(&format!("channels.command-line = {:?}\nchannels.timeout = \"1s\"\n", [&program, &pid]));
        world.write("b.rs", CONFLICT);
        let mut running = world.start(&[]);
        trouble(&mut running, why);
        world.write("c.rs", CONFLICT);
        running.finding("merge-conflicts", "c.rs");
        running.ticks(2);
        assert_eq!(troubles(&running), 1);
        // The end comes while one hangs.
        world.write("d.rs", CONFLICT);
        running.finding("merge-conflicts", "d.rs");
        assert_eq!(running.stop(), 0);
        if let Ok(pid) = std::fs::read_to_string(&pid) {
            let alive = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "));
            wait_until("what the command had started is ended with it", || !alive());
        }
    }
}

/// A folder with a program that writes down its arguments, one a line.
fn fake_notify_send(world: &World) -> (PathBuf, String) {
    let folder = world.home().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let shown = world.home().join("shown");
    script(&folder.join("notify-send"), &format!("printf '%s\\n' \"$@\" >> '{}'", shown.display()));
    (shown, format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()))
}

#[test]
fn a_notification_is_shown_where_there_is_a_desktop_without_markup() {
    let mut world = world("");
    let (shown, path) = fake_notify_send(&world);
    world.env.push(("PATH", path));
    let title = "a <b>bold</b> & ‹x›.rs";
    world.write(&title.replace('/', "_"), CONFLICT);
    let mut running = world.start(&[]);
    running.finding("merge-conflicts", "bold");
    running.ticks(1);
    assert_eq!(running.stop(), 0);
    assert!(!shown.exists(), "there is no desktop");

    world.env.push(("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere".into()));
    std::fs::remove_dir_all(world.home().join("data")).unwrap();
    let running = world.start(&[]);
    wait_until("it is shown", || shown.exists());
    assert_eq!(running.stop(), 0);
    let lines = std::fs::read_to_string(&shown).unwrap();
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(&lines[..3], ["--app-name=kairos-run", "--urgency=normal", "--"]);
    assert!(lines[3].contains("a ‹b›bold‹_b› ＆ ‹x›.rs"), "{lines:?}");
    assert_eq!(&lines[4..], ["in project", "kairos-run inbox show 1"]);
}

#[test]
fn a_status_line_is_quick_and_silent_where_nothing_runs() {
    let world = World::with_git();
    assert_eq!(world.ok(&["statusline"]), "");
    let mut running = world.start(&[]);
    assert_eq!(world.ok(&["statusline"]), "○\n");
    world.write("b.rs", CONFLICT);
    running.finding("merge-conflicts", "b.rs");
    assert_eq!(world.ok(&["statusline"]), "● 1\n");
    assert_eq!(world.ok(&["statusline", "--format", "tmux"]), "#[fg=red]● 1#[default]\n");
    let json: Value = serde_json::from_str(&world.ok(&["statusline", "--format", "json"])).unwrap();
    assert_eq!(json["class"], "high");
    let quickest = (0..10).map(|_| {
        let begin = Instant::now();
        world.ok(&["statusline"]);
        begin.elapsed()
    });
    let quickest = quickest.min().unwrap();
    println!("statusline: {quickest:?}");
    assert!(quickest < Duration::from_millis(100), "{quickest:?}");
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_change_of_settings_leads_findings_elsewhere_while_it_runs() {
    let (first, second) = (Receiver::saying(&[]), Receiver::saying(&[]));
    let world = hooked(&first);
    let mut running = world.start(&[]);
    world.write("b.rs", CONFLICT);
    first.wait_for(1);
    let key = world.home().join("key");
    world.settings(&format!("channels.webhook-secret = \"file:{}\"\nchannels.webhook-url = \"{}\"\n", key.display(), second.url));
    running.wait_for("the new settings", |e| e["event"] == "settings");
    running.ticks(1);
    world.write("c.rs", CONFLICT);
    assert!(second.wait_for(1)[0].verified()["data"]["text"].as_str().unwrap().contains("c.rs"));
    assert_eq!(first.all().len(), 1);
    assert_eq!(running.stop(), 0);
}
