use super::*;
use crate::entries::errors;
use crate::level::level;
use kairos_plugin::testing::Fake;

const MINUTE: u64 = 60_000;
const START: u64 = 1_800_000_000_000;

fn lines(path: &str, at: u64, body: &str) -> Signal {
    Signal::new("log.lines").with("path", path).with("lines", body.lines().count()).with("dropped", 0).at(at).with_body(body)
}

fn run(host: &mut Fake, signal: Signal) -> Report {
    host.set_now(signal.time.max(START));
    LogWatch::detect(host, &[signal]).unwrap()
}

/// Two hours of a service that logs ten lines a minute, one of them a known error.
fn learned() -> Fake {
    let mut host = Fake::new();
    for minute in 0..120 {
        let mut body: String =
            (0..9).map(|n| format!("2026-11-20 10:00:{n:02},123 INFO [worker-{n}] a.b.Jobs - done in {n} ms\n")).collect();
        body += &format!("2026-11-20 10:00:59,123 ERROR [worker-1] a.b.Mail - Mail server 10.0.0.{minute} did not answer\n");
        let report = run(&mut host, lines("app.log", START + minute * MINUTE, &body));
        assert_eq!(report.findings, []);
    }
    host
}

#[test]
fn each_format_states_its_level() {
    let errors = [
        "2026-11-20 10:00:00,123 ERROR [main] com.x.Shop - Order 7 failed",
        "2026-11-20 10:00:00.123 [http-1] ERROR c.x.Shop - Order 7 failed",
        "2026-11-20 10:00:00,123 - shop.orders - ERROR - Order 7 failed",
        "ERROR:root:Order 7 failed",
        "CRITICAL:shop:Order 7 failed",
        "2026-11-20T10:00:00.123456Z ERROR shop::orders: Order 7 failed",
        "[2026-11-20T10:00:00Z ERROR shop] Order 7 failed",
        "2026-11-20T10:00:00.123Z\tERROR\tshop/order.go:7\tOrder 7 failed\t{\"a\": 1}",
        "{\"level\":\"error\",\"ts\":1.5,\"logger\":\"shop\",\"msg\":\"Order 7 failed\"}",
        "{\"level\":50,\"time\":1,\"msg\":\"Order 7 failed\"}",
        "{\"severity\":\"CRITICAL\",\"message\":\"Order 7 failed\"}",
        "{\"timestamp\":\"t\",\"level\":\"ERROR\",\"fields\":{\"message\":\"Order 7 failed\"},\"target\":\"shop\"}",
        "time=2026-11-20T10:00:00Z level=error msg=\"Order 7 failed\" user=7",
        "2026/11/20 10:00:00 [error] 7#7: *1 Order 7 failed, client: 10.0.0.1",
        "[Fri Nov 20 10:00:00.123 2026] [proxy:error] [pid 7] Order 7 failed",
        "E, [2026-11-20T10:00:00.123456 #7] ERROR -- : Order 7 failed",
        "E1120 10:00:00.123456       7 order.go:7] Order 7 failed",
        "<11>1 2026-11-20T10:00:00Z host shop 7 - - Order 7 failed",
        "<27>Nov 20 10:00:00 host shop[7]: Order 7 failed",
        "2026-11-20 10:00:00.123 UTC [7] shop@db ERROR:  Order 7 failed",
        "Nov 20 10:00:00 host shop[7]: ERROR Order 7 failed",
        "SEVERE: Order 7 failed",
        "2026-11-20 10:00:00 7 [ERROR] Order 7 failed",
    ];
    for line in errors {
        let stated = level(line).unwrap_or_else(|| panic!("{line}"));
        assert!(stated.error && stated.message.contains("Order 7 failed"), "{line}: {stated:?}");
    }
    let others = [
        "2026-11-20 10:00:00,123 INFO [main] com.x.Shop - no ERROR at all",
        "2026-11-20T10:00:00Z  WARN shop: error: retrying",
        "{\"level\":\"info\",\"msg\":\"error page rendered\"}",
        "level=info msg=\"error count 0\"",
        "I1120 10:00:00.123456       7 order.go:7] error budget fine",
        "2026/11/20 10:00:00 [warn] 7#7: upstream error",
        "10.0.0.1 - - [20/Nov/2026:10:00:00 +0000] \"GET /error HTTP/1.1\" 404 7 \"-\" \"curl\"",
        "<14>1 2026-11-20T10:00:00Z host shop 7 - - fine",
        "2026-11-20 10:00:00.123 UTC [7] LOG:  checkpoint complete: no ERROR",
    ];
    others.iter().for_each(|line| assert!(level(line).is_some_and(|stated| !stated.error), "{line}"));
    ["Installing error-chain 1.0", "downloaded ERROR_CODES.md of the page", "GET /ERROR", "status error-free"]
        .iter()
        .for_each(|line| assert!(level(line).is_none_or(|stated| !stated.error), "{line}: {:?}", level(line)));
    assert!(level("10.0.0.1 - - [20/Nov/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 502 7 \"-\" \"curl\"").unwrap().error);
}

#[test]
fn a_stack_trace_is_one_error() {
    let text = "\
2026-11-20 10:00:00,123 ERROR [main] a.B - Order failed
java.io.IOException: disk
\tat a.B.c(B.java:7)
Caused by: java.io.IOException: full
\t... 7 more
INFO all fine
Traceback (most recent call last):
  File \"a.py\", line 7, in <module>
    main()
ValueError: bad
ERROR:root:it failed
Traceback (most recent call last):
  File \"a.py\", line 7, in <module>
KeyError: 'a'
INFO next
thread 'main' panicked at src/main.rs:7:5:
index out of bounds
note: run with `RUST_BACKTRACE=1`
INFO next
TypeError: x is not a function
    at Object.<anonymous> (a.js:7:1)";
    let found = errors(text);
    let messages: Vec<&str> = found.iter().map(|entry| entry.message.as_str()).collect();
    assert_eq!(found.len(), 5, "{messages:?}");
    assert!(messages[0].contains("Order failed") && messages[1] == "ValueError: bad" && messages[2].contains("it failed"));
    assert!(messages[3].contains("index out of bounds") && messages[4].starts_with("TypeError"));
}

#[test]
fn a_new_kind_is_told_once_and_counted() {
    let mut host = learned();
    let new = "2026-11-20 12:00:00,123 ERROR [worker-1] a.b.Pay - Card 4111 refused, token=abcdef by \"bank\"\n";
    let report = run(&mut host, lines("app.log", START + 121 * MINUTE, new));
    assert_eq!(report.findings.len(), 1);
    let finding = &report.findings[0];
    assert!(finding.title.starts_with("New kind of error in app.log: a.b.Pay"), "{}", finding.title);
    assert!(!format!("{finding:?}").contains("abcdef") && finding.evidence[0].kind == "log");
    let again = run(&mut host, lines("app.log", START + 122 * MINUTE, &new.replace("4111", "4222").repeat(3)));
    assert_eq!((again.findings.len(), &again.findings[0].key), (1, &finding.key));
    assert!(again.findings[0].detail.contains("4 times"), "{}", again.findings[0].detail);
    // A day without one: over, and no news when it comes back.
    host.set_now(START + 122 * MINUTE + 24 * 60 * MINUTE);
    let report = LogWatch::detect(&host, &[Signal::new("kairos.wake")]).unwrap();
    assert_eq!((report.cleared, report.wake_after), (vec![finding.key.clone()], Some(0)));
    assert!(run(&mut host, lines("app.log", START + 3000 * MINUTE, new)).findings.is_empty());
}

#[test]
fn nothing_is_told_while_learning_and_at_most_three_a_day() {
    let mut host = Fake::new();
    let report = run(&mut host, lines("app.log", START, "ERROR one\nERROR two things\n"));
    assert!(report.findings.is_empty());
    let mut host = learned();
    let told =
        ["Alpha broke down", "Beta is gone", "Gamma can't start", "Delta timed out"].iter().zip(0_u64..).map(|(text, n)| {
            // The second comes of the same mishap as the first.
            let body = format!("ERROR {text}\nERROR {text} and so the next fails\n");
            run(&mut host, lines("app.log", START + (25 * 60 + 10 * n) * MINUTE, &body)).findings.len()
        });
    assert_eq!(told.collect::<Vec<_>>(), [1, 1, 1, 0]);
}

#[test]
fn a_burst_stands_out_from_the_logs_own_past() {
    let mut host = learned();
    let error = "2026-11-20 12:00:00,123 ERROR [worker-1] a.b.Mail - Mail server 10.0.0.1 did not answer\n";
    // Four times the usual five in five minutes are no burst yet.
    assert!(run(&mut host, lines("app.log", START + 121 * MINUTE, &error.repeat(20))).findings.is_empty());
    let report = run(&mut host, lines("app.log", START + 122 * MINUTE, &error.repeat(80)));
    let title = &report.findings[0].title;
    assert!(title.contains("errors within five minutes, usually at most 5"), "{title}");
    assert!(run(&mut host, lines("app.log", START + 123 * MINUTE, &error.repeat(80))).findings.is_empty());
    host.set_now(START + 14 * 60 * MINUTE + 123 * MINUTE);
    let report = LogWatch::detect(&host, &[Signal::new("kairos.wake")]).unwrap();
    assert_eq!(report.cleared, ["burst:app.log"]);
}

#[test]
fn more_of_everything_is_no_burst() {
    let mut host = learned();
    let info = "2026-11-20 10:00:00,123 INFO [worker-1] a.b.Jobs - done in 1 ms\n".repeat(9);
    let error = "2026-11-20 12:00:00,123 ERROR [worker-1] a.b.Mail - Mail server 10.0.0.1 did not answer\n";
    assert!(run(&mut host, lines("app.log", START + 121 * MINUTE, &format!("{info}{error}").repeat(50))).findings.is_empty());
}

#[test]
fn the_state_stays_small() {
    let mut host = Fake::new();
    let long = "verylongword".repeat(3);
    for n in 0..400_u64 {
        let letters: String = format!("{n:04}").bytes().map(|b| char::from(b - b'0' + b'a')).collect();
        let body: String =
            (0..10_u8).map(|m| format!("ERROR {letters}{} {}\n", char::from(b'a' + m), format!("{long} ").repeat(14))).collect();
        run(&mut host, lines("app.log", START + n, &body));
    }
    assert!(host.state().values().all(|value| value.len() < 48 << 10));
    let many: Vec<Signal> = (0..40).map(|n| lines(&format!("{n}.log"), START, "ERROR a\n")).collect();
    LogWatch::detect(&host, &many).unwrap();
    assert_eq!(host.state().len(), MOST_LOGS);
}
