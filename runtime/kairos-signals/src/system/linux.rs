//! Memory on Linux: what can be had without swapping, and how long everybody waits for memory (PSI).

use super::Space;
use std::fs::read_to_string;

/// In the last minute all programs waited for memory for so many percent of the time.
const STALLED: f64 = 10.0;

/// The memory, and whether the machine stands still for want of it. None if nobody says.
pub fn look() -> Option<(Space, bool)> {
    let space = parse(&read_to_string("/proc/meminfo").ok()?)?;
    // Not there where the kernel was built without it.
    let stalled = read_to_string("/proc/pressure/memory").is_ok_and(|text| stalled(&text));
    Some((space, stalled))
}

fn parse(text: &str) -> Option<Space> {
    let bytes = |name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(name))?;
        line.trim().split(' ').next()?.parse::<u64>().ok()?.checked_mul(1024)
    };
    Some(Space { free: bytes("MemAvailable:")?, total: bytes("MemTotal:")? })
}

fn stalled(text: &str) -> bool {
    let full = text.lines().find(|l| l.starts_with("full "));
    let share = full.and_then(|l| l.split(' ').find_map(|part| part.strip_prefix("avg60=")));
    share.and_then(|s| s.parse::<f64>().ok()).is_some_and(|share| share >= STALLED)
}

#[test]
fn the_kernels_own_words_are_understood() {
    let text = "MemTotal:       16000 kB\nMemFree:  1 kB\nMemAvailable:     700 kB\n";
    assert_eq!(parse(text), Some(Space { free: 700 * 1024, total: 16_000 * 1024 }));
    assert!(parse(text).unwrap().is_short());
    assert_eq!(parse("MemTotal: x kB"), None);
    let line = |share: &str| {
        format!("some avg10=90.00 avg60=80.00 avg300=0.00 total=1\nfull avg10=0.00 avg60={share} avg300=0 total=1\n")
    };
    assert!(stalled(&line("12.50")) && !stalled(&line("9.99")) && !stalled(""));
}
