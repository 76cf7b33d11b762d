//! Guests written by hand: what no compiler makes, what WASI offers, and what runs before anybody calls: the start function.

use crate::support::{Bench, limits};
use kairos_host::{FaultKind, Limits, LoadError};
use std::time::Duration;

/// A tool whose exports have the right names and the wrong types, and whose start function runs `start`. It is called
/// before the types are looked at.
fn component(imports: &str, core_imports: &str, with: &str, start: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            {imports}
            (core module $libc
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
            (core instance $libc (instantiate $libc))
            (alias core export $libc "memory" (core memory $memory))
            (alias core export $libc "realloc" (core func $realloc))
            {core_imports}
            (core module $m
                {with}
                (func (export "f"))
                (func $start {start})
                (start $start))
            (core instance $i (instantiate $m (with "w" (instance {exports}))))
            (func $f (canon lift (core func $i "f")))
            (instance $manifest (export "describe" (func $f)))
            (instance $tool (export "definitions" (func $f)) (export "call" (func $f)))
            (export "kairos:host/manifest@0.1.0" (instance $manifest))
            (export "kairos:tool/tool@0.1.0" (instance $tool)))"#,
        exports = ["a", "b"]
            .iter()
            .filter(|n| core_imports.contains(&format!("$w{n}")))
            .map(|n| format!(r#"(export "{n}" (func $w{n}))"#))
            .collect::<String>(),
    );
    wat::parse_str(text).expect("a component")
}

async fn describe_fault(bench: &Bench, bytes: &[u8], kind: FaultKind) -> String {
    let plugin = bench.host.load(bytes).await.expect("loads");
    match bench.host.describe(&plugin).await {
        Err(LoadError::Fault(fault)) => {
            assert_eq!(fault.kind, kind, "{fault}");
            bench.is_well().await;
            fault.message
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn start_function_is_under_the_same_limits() {
    let bench = Bench::new();
    let bytes = component("", "", "", "(loop $l (br $l))");
    assert_eq!(describe_fault(&bench, &bytes, FaultKind::Timeout).await, "used more than 200 ms of CPU time");
    describe_fault(&bench, &component("", "", "", "unreachable"), FaultKind::Trap).await;
}

#[tokio::test]
async fn table_limit_violated_is_out_of_memory() {
    let bench = Bench::new();
    let grow = "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable";
    let bytes = component("", "", "(table $t 1 funcref)", grow);
    let message = describe_fault(&bench, &bytes, FaultKind::OutOfMemory).await;
    assert_eq!(message, "needs more table elements than a plugin may have");
}

#[tokio::test]
async fn growth_over_a_guests_own_maximum_is_not_counted() {
    let bench = Bench::new();
    // Each of the tries is within the limit, their sum isn't; the last growth is within the maximum and must succeed.
    let tries = "(drop (memory.grow (i32.const 900)))".repeat(5);
    let start = format!("{tries} (if (i32.ne (memory.grow (i32.const 1)) (i32.const 1)) (then unreachable))");
    // What remains is the wrong types of the exports.
    describe_fault(&bench, &component("", "", "(memory 1 2)", &start), FaultKind::BadOutput).await;
}

#[tokio::test]
async fn functions_of_the_wrong_type_are_bad_output() {
    let bench = Bench::new();
    describe_fault(&bench, &component("", "", "", ""), FaultKind::BadOutput).await;
}

#[tokio::test]
async fn random_bytes_without_end_are_not_made() {
    let bench = Bench::new();
    let bytes = component(
        r#"(import "wasi:random/random@0.2.0" (instance $r
            (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))"#,
        r#"(core func $wa (canon lower (func $r "get-random-bytes") (memory $memory) (realloc (core func $realloc))))"#,
        r#"(import "w" "a" (func $get (param i64 i32)))"#,
        "(call $get (i64.const 50_000_000) (i32.const 0))",
    );
    describe_fault(&bench, &bytes, FaultKind::BadOutput).await;
    let largest = crate::largest::allocation();
    assert!(largest < 20 << 20, "the host allocated {largest} bytes at once");
}

#[tokio::test]
async fn sleep_for_ever_is_a_timeout() {
    let bench = Bench::with(Limits { call_wall: Duration::from_secs(1), ..limits() });
    bench.is_well().await;
    let bytes = component(
        r#"(import "wasi:io/poll@0.2.0" (instance $poll
                (export "pollable" (type $p (sub resource)))
                (export "[method]pollable.block" (func (param "self" (borrow $p))))))
           (alias export $poll "pollable" (type $pollable))
           (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
                (export "pollable" (type $p (eq $pollable)))
                (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))"#,
        r#"(core func $wa (canon lower (func $clock "subscribe-duration")))
           (core func $wb (canon lower (func $poll "[method]pollable.block")))"#,
        r#"(import "w" "a" (func $subscribe (param i64) (result i32)))
           (import "w" "b" (func $block (param i32)))"#,
        "(call $block (call $subscribe (i64.const 3_600_000_000_000)))",
    );
    assert_eq!(describe_fault(&bench, &bytes, FaultKind::Timeout).await, "took more than 1 s, waits included");
}

#[tokio::test]
async fn exit_ends_the_call_and_nothing_else() {
    let bench = Bench::new();
    let bytes = component(
        r#"(import "wasi:cli/exit@0.2.0" (instance $e (export "exit" (func (param "status" (result))))))"#,
        r#"(core func $wa (canon lower (func $e "exit")))"#,
        r#"(import "w" "a" (func $exit (param i32)))"#,
        "(call $exit (i32.const 1))",
    );
    let message = describe_fault(&bench, &bytes, FaultKind::Trap).await;
    assert_eq!(message, "ended itself with exit code 1");
}
