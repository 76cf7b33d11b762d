//! Announced findings reach the user where he wants them, and what receives them may misbehave.
#![allow(missing_docs)]

mod support;

use kairos_store::UserDb;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::time::{Duration, Instant};
use support::webhook::{KEY, Receiver, fake_notify_send, holds, hooked, script, world};
use support::{CONFLICT, Running, World, text, wait_until};

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
fn each_channel_can_be_asked_whether_it_works() {
    let receiver = Receiver::saying(&["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 401 No\r\n\r\nwrong signature"]);
    let mut world = hooked(&receiver);
    let (program, got) = (world.dir.path().join("program"), world.dir.path().join("got"));
    script(&program, "cat > \"$1.new\"; mv \"$1.new\" \"$1\"");
    let settings = std::fs::read_to_string(world.home().join("kairos.toml")).unwrap();
    world.settings(&format!("{settings}command-line = {:?}\n", [&program, &got]));
    let (shown, path) = fake_notify_send(&world);
    world.env = vec![("PATH", path), ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere".into())];
    let mut running = world.start(&[]);
    let names = |all: &Value, field: &str| -> Vec<String> {
        all.as_array().unwrap().iter().map(|c| c[field].as_str().unwrap_or_default().into()).collect()
    };
    let list = world.json(&["channels", "list"]);
    assert_eq!(names(&list, "name"), ["terminal", "desktop", "webhook", "command"]);
    assert_eq!(names(&list, "to"), ["a live view", "notifications", "localhost", program.to_str().unwrap()], "no secret part");

    let tests = world.json(&["channels", "test"]);
    assert_eq!(names(&tests, "outcome"), ["sent"; 4], "{tests}");
    running.wait_for("the test", |e| e["event"] == "test" && e["text"].to_string().contains("a test of kairos-run"));
    let message = receiver.wait_for(1)[0].verified();
    assert_eq!((&message["type"], &message["data"]["findings"]), (&"channel.test".into(), &serde_json::json!([])));
    let given: Value = serde_json::from_slice(&std::fs::read(&got).unwrap()).unwrap();
    assert_eq!(given["data"]["text"], message["data"]["text"]);
    assert!(std::fs::read_to_string(&shown).unwrap().contains("a test of kairos-run"));

    std::fs::remove_file(&program).unwrap();
    let output = world.run(&["channels", "test"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("webhook   failed  it answers with status 401: wrong signature\n"), "{said}");
    assert!(said.contains("check `channels.webhook-url` in your settings; `kairos-run config path` names the file"), "{said}");
    assert!(said.contains("command   failed  there is no program") && said.contains("desktop   sent"), "{said}");
    assert!(world.ok(&["channels", "test", "webhook"]).starts_with("webhook   sent    to localhost\n"));
    // It is nobody's finding, and counts as no message.
    running.ticks(1);
    assert_eq!(
        (world.json(&["inbox", "list", "--all"]), &world.json(&["digest"])["messages"]),
        (serde_json::json!([]), &0.into())
    );
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_channel_that_is_off_says_which_setting_keeps_it_so() {
    let world = World::with_git();
    world.settings("channels.command = \"off\"\nchannels.command-line = [\"x\"]\n");
    world.ok(&["start"]);
    let said = world.ok(&["channels", "test"]);
    let alone = world.run(&["channels", "test", "webhook"]);
    world.ok(&["stop"]);
    assert!(
        said.contains("terminal  off     nobody looks on") && said.contains("desktop   off     there is no desktop session"),
        "{said}"
    );
    assert!(said.contains("webhook   off     `channels.webhook-url` is not set"), "{said}");
    assert!(said.contains("command   off     `channels.command` is \"off\""), "{said}");
    assert_eq!(alone.status.code(), Some(1), "who asks for one wants it");
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
