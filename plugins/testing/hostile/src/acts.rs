//! What it does when it is called.

use kairos_plugin::bindings::imports::kairos::host::log;
use kairos_plugin::recall::{Options, Owner, Recall, Sort};
use kairos_plugin::{
    Clock, Error, ErrorCode, Evidence, Finding, Live, Output, Project, Report, SearchOptions, Signal, State, Version,
};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Calls of this instance: tells a warm one from a fresh one.
static CALLS: AtomicU32 = AtomicU32::new(0);

pub fn detect(mode: &str, signals: &[Signal]) -> Result<Report, Error> {
    let call = CALLS.fetch_add(1, Relaxed) + 1;
    let fine = |text: &str| Report::new().finding(told("told", text));
    if let Some(text) = act(mode)? {
        return Ok(fine(&text));
    }
    Ok(match mode {
        "giant-string" => Report::new().finding(Finding { title: "x".repeat(24 << 20), ..told("giant", "") }),
        "giant-claim" => Report::new().finding(Finding { title: claim(1 << 30), ..told("giant", "") }),
        "bad-utf8" => Report::new().finding(Finding { title: bytes(vec![0xff; 16]), ..told("bad", "") }),
        "many-findings" => {
            let empty = || Finding {
                key: String::new(),
                title: String::new(),
                detail: String::new(),
                urgency: kairos_plugin::Urgency::Critical,
                evidence: Vec::new(),
                remedy: None,
            };
            Report { findings: (0..200_000).map(|_| empty()).collect(), ..Report::new() }
        }
        "101-findings" => Report { findings: (0..101).map(|i| told(&i.to_string(), "")).collect(), ..Report::new() },
        "many-cleared" => Report { cleared: vec![String::new(); 1_000_000], ..Report::new() },
        "no-evidence" => Report::new().finding(Finding { evidence: Vec::new(), ..told("bare", "") }),
        "long-title" => Report::new().finding(Finding { title: "x".repeat(121), ..told("long", "") }),
        "control-key" => Report::new().finding(Finding { key: "a\u{1b}[2Jb".into(), ..told("k", "") }),
        "control-title" => Report::new().finding(Finding { title: "a\u{1b}[2Jb\u{202e}\nc".into(), ..told("k", "") }),
        "bad-wake" => Report { wake_after: Some(1), ..Report::new() },
        _ => fine(&format!("call {call}, {} signals", signals.len())),
    })
}

pub fn call(mode: &str, name: &str, input: &str) -> Result<Output, Error> {
    let call = CALLS.fetch_add(1, Relaxed) + 1;
    if let Some(text) = act(mode)? {
        return Ok(Output::text(text));
    }
    let plain = |text: String| Output { text, structured: None, truncated: false };
    Ok(match mode {
        "giant-string" => plain("x".repeat(24 << 20)),
        "giant-claim" => plain(claim(1 << 30)),
        "bad-utf8" => plain(bytes(vec![0xff; 16])),
        "big-output" => plain("x".repeat(300 << 10)),
        "bad-json" => plain(String::new()).structured("{ not json"),
        _ => plain(format!("call {call}: {name} {input}")),
    })
}

/// What can be done in any call. A text is what it saw; none leaves the answer to the caller.
fn act(mode: &str) -> Result<Option<String>, Error> {
    match mode {
        "loop" => spin(),
        "allocate" => {
            let mut all = Vec::new();
            loop {
                all.push(black_box(vec![1u8; 1 << 16]));
            }
        }
        "grow-memory" => {
            if grow(8192) {
                return Ok(Some("grew by 512 MiB".into()));
            }
            abort()
        }
        "grow-and-cope" => return Ok(Some(format!("grew by 512 MiB: {}", grow(8192)))),
        "leak" => std::mem::forget(black_box(vec![1u8; 1 << 20])),
        "recurse" => return Ok(Some(recurse(1).to_string())),
        "trap" => panic!("on purpose"),
        "unreachable" => abort(),
        "wild-address" => {
            // SAFETY: none; it is outside of the memory, and that is the point.
            let byte = unsafe { std::ptr::read_volatile(black_box(0xffff_0000 as *const u8)) };
            return Ok(Some(byte.to_string()));
        }
        "escape" => return Ok(Some(escape())),
        "recall" => return Ok(Some(recall())),
        "ungranted" => return Ok(Some(seen("secret.txt"))),
        "wait-and-read" => {
            let _ = Live.search("for ever", &SearchOptions::default());
            return Ok(Some(seen("secret.txt")));
        }
        "read-until-denied" => {
            while seen("secret.txt") != "secret.txt: denied" {
                let _ = Live.search("for ever", &SearchOptions::default());
            }
            return Ok(Some(seen("secret.txt")));
        }
        "read-flood" => return Ok(Some(read_flood())),
        "host-calls" => {
            for _ in 0..10_000_000 {
                black_box(Live.now());
            }
        }
        "sleep" => {
            let _ = Live.search("for ever", &SearchOptions::default());
        }
        "log-flood" => {
            let line = "x".repeat(10_000);
            for _ in 0..5_000 {
                log::write(log::Level::Debug, &line);
            }
        }
        "log-giant" => log::write(log::Level::Debug, &claim(1 << 30)),
        "log-big" => log::write(log::Level::Debug, &"x".repeat(24 << 20)),
        "log-codes" => log::write(log::Level::Warn, "a\u{1b}[2J\nforged line"),
        "count" | "state-then-trap" | "state-then-loop" | "state-then-error" => return count(mode).map(Some),
        "state-flood" => return Ok(Some(state_flood())),
        "error" => return Err(Error::new(ErrorCode::Unavailable, "not\u{1b}[2J today")),
        "giant-error" => return Err(Error { code: ErrorCode::Other, message: "x".repeat(1 << 20) }),
        _ => {}
    }
    Ok(None)
}

/// The name of an error's code.
pub fn name(error: &Error) -> String {
    format!("{:?}", error.code).trim_start_matches("ErrorCode::").to_lowercase()
}

/// Asks memory for what it may not have, and for too much.
fn recall() -> String {
    let asked = |called: &str, query: &str, options: Options| match Live.recall(query, &options) {
        Ok(hits) => {
            let longest = hits.iter().map(|h| h.text.len()).max().unwrap_or_default();
            let beside = hits.iter().flat_map(|h| h.before.iter().chain(&h.after)).map(|t| t.text.len()).max();
            let doubt = hits.first().and_then(|h| h.doubt.clone()).unwrap_or_default();
            format!(
                "{called}: {} hits, {longest} bytes, cut {}, beside {beside:?}, {doubt}",
                hits.len(),
                hits.iter().any(|h| h.cut)
            )
        }
        Err(e) => format!("{called}: {}", name(&e)),
    };
    let user = || Options { owner: Owner::User, ..Options::default() };
    let mut told = vec![
        asked("project", "port", Options::default()),
        asked("user", "port", user()),
        asked("what he said", "port", Options { sort: Sort::Observations, ..user() }),
        asked("nothing", "", Options::default()),
        asked("a book", &"x".repeat(1025), Options::default()),
        asked("all", "port", Options { max: 51, ..Options::default() }),
        format!("claim: {:?}", Live.claim(Owner::Project, "k1").map(|c| c.evidence.len()).map_err(|e| name(&e))),
        format!("observation: {:?}", Live.observation("o1").map(|o| o.attributes.len()).map_err(|e| name(&e))),
        format!("long id: {:?}", Live.observation(&"x".repeat(65)).map(|o| o.text).map_err(|e| name(&e))),
    ];
    (0..62).for_each(|_| drop(asked("again", "port", Options { max: 1, ..Options::default() })));
    told.push(asked("too often", "port", Options::default()));
    told.join("\n")
}

/// Never returns.
pub fn spin() -> ! {
    let mut x = 1u64;
    loop {
        x = black_box(x.wrapping_mul(3));
    }
}

fn told(key: &str, text: &str) -> Finding {
    Finding::new(key, "what a hostile plugin saw").detail(text).evidence(Evidence::new("test", "hostile", None, ""))
}

/// A text that says it is that long, with nothing behind it.
fn claim(length: usize) -> String {
    let start = Box::leak(vec![b'x'; 16].into_boxed_slice()).as_mut_ptr();
    // SAFETY: none; it is handed to the host before anything here looks at it.
    unsafe { String::from_raw_parts(start, length, length) }
}

/// A text that is none.
fn bytes(bytes: Vec<u8>) -> String {
    // SAFETY: none; as above.
    unsafe { String::from_utf8_unchecked(bytes) }
}

#[cfg(target_arch = "wasm32")]
fn grow(pages: usize) -> bool {
    core::arch::wasm32::memory_grow(0, pages) != usize::MAX
}

#[cfg(not(target_arch = "wasm32"))]
fn grow(_pages: usize) -> bool {
    false
}

fn abort() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}

#[allow(unconditional_recursion)]
fn recurse(n: u64) -> u64 {
    let there = black_box([n; 8]);
    recurse(n + 1) + black_box(there)[3]
}

fn seen(path: &str) -> String {
    match Live.read(path, 0, 1000) {
        Ok(bytes) => format!("{path}: {}", String::from_utf8_lossy(&bytes)),
        Err(e) => format!("{path}: {}", name(&e)),
    }
}

fn escape() -> String {
    let paths = ["../../etc/passwd", "/etc/passwd", "src/../secret.txt", "src/./../secret.txt", "./secret.txt", "src/a.rs"];
    let mut all: Vec<_> = paths.iter().map(|p| seen(p)).collect();
    for (version, called) in [(Version::Index, "index"), (Version::Head, "head"), (Version::BranchPoint, "branch point")] {
        all.push(match Live.read_at(version, "src/../secret.txt", 0, 1000) {
            Ok(bytes) => format!("{called}: {}", bytes.len()),
            Err(e) => format!("{called}: {}", name(&e)),
        });
    }
    for change in Live.git_changes(Version::Head, 10).unwrap_or_default() {
        all.push(format!("changed: {}, was {:?}", change.path, change.renamed_from));
    }
    all.push(match Live.stat("src/../secret.txt") {
        Ok(info) => format!("stat: {}", info.size),
        Err(e) => format!("stat: {}", name(&e)),
    });
    all.join("\n")
}

/// Reads a mebibyte until it gets no more.
fn read_flood() -> String {
    for n in 0..1000 {
        if let Err(e) = Live.read("big", 0, 1 << 20) {
            return format!("{n} reads, then {}", name(&e));
        }
    }
    "no end".into()
}

/// Counts its calls in its state, and then ends as told.
fn count(mode: &str) -> Result<String, Error> {
    let old = Live.get("count")?.and_then(|b| b.first().copied()).unwrap_or(0);
    Live.set("count", &[old + 1])?;
    match mode {
        "state-then-trap" => panic!("on purpose"),
        "state-then-loop" => spin(),
        "state-then-error" => Err(Error::new(ErrorCode::Other, format!("count was {old}"))),
        _ => Ok(format!("count was {old}")),
    }
}

/// Goes over each limit of the state, and tells what came of it.
fn state_flood() -> String {
    let code = |r: Result<(), Error>| r.map_or_else(|e| name(&e), |()| "kept".into());
    let value = vec![7; 64 << 10];
    let mut told = vec![
        format!("empty key: {}", code(Live.set("", b"x"))),
        format!("long key: {}", code(Live.set(&"k".repeat(257), b"x"))),
        format!("long value: {}", code(Live.set("v", &vec![0; (64 << 10) + 1]))),
    ];
    let big = (0..100).take_while(|i| Live.set(&format!("big{i:02}"), &value).is_ok()).count();
    told.push(format!("big values: {big}"));
    for i in 0..big {
        let _ = Live.delete(&format!("big{i:02}"));
    }
    let small = (0..5000).take_while(|i| Live.set(&format!("s{i}"), b"").is_ok()).count();
    told.push(format!("small values: {small}"));
    told.push(format!("keys: {}", Live.keys("").map_or(0, |k| k.len())));
    told.join("\n")
}
