//! Through `/proc`: which sockets listen, which processes of ours stand in the folder, which of these hold one of those.

use super::Server;
use kairos_core::signal::Millis;
use std::collections::BTreeMap;
use std::fs::{read, read_dir, read_link, read_to_string};
use std::path::Path;

/// Processes and files of one process that are looked at, each at most.
const MAX_PROCESSES: usize = 20_000;
const MAX_FILES: usize = 4096;
/// In the table of sockets: it waits for connections.
const LISTENS: &str = "0A";

/// Those in the folder or below it, without ourselves.
pub fn find(root: &Path) -> Vec<Server> {
    let mut found = find_all(root);
    found.retain(|s| s.pid != std::process::id());
    found
}

/// With ourselves.
pub fn find_all(root: &Path) -> Vec<Server> {
    let user = rustix::process::getuid().as_raw();
    let mut listening = BTreeMap::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        listening.extend(sockets(&read_to_string(table).unwrap_or_default(), user));
    }
    if listening.is_empty() {
        return Vec::new();
    }
    let Ok(all) = read_dir("/proc") else { return Vec::new() };
    let pids = all.flatten().take(MAX_PROCESSES).filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| server(pid, root, &listening)).collect()
}

/// Inode and port of each socket of this user that listens.
fn sockets(table: &str, user: u32) -> BTreeMap<u64, u16> {
    let parse = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, state) = (fields.next()?, fields.nth(1)?);
        let (owner, inode) = (fields.nth(3)?, fields.nth(1)?);
        let is_ours = state == LISTENS && owner.parse() == Ok(user);
        let port = u16::from_str_radix(local.rsplit(':').next()?, 16).ok()?;
        is_ours.then_some((inode.parse().ok()?, port))
    };
    table.lines().skip(1).filter_map(parse).collect()
}

fn server(pid: u32, root: &Path, listening: &BTreeMap<u64, u16>) -> Option<Server> {
    let dir = Path::new("/proc").join(pid.to_string());
    // Of somebody else's process this can't be read.
    if !read_link(dir.join("cwd")).ok()?.starts_with(root) {
        return None;
    }
    let files = read_dir(dir.join("fd")).ok()?.flatten().take(MAX_FILES);
    let inode = |link: &Path| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok();
    let ports = files.filter_map(|f| listening.get(&inode(&read_link(f.path()).ok()?)?).copied());
    let port = ports.min()?;
    let line = read(dir.join("cmdline")).ok()?;
    let command = String::from_utf8_lossy(&line[..line.len().min(64 * 1024)]).trim_end_matches('\0').replace('\0', " ");
    Some(Server { pid, port, command, since: since(&read_to_string(dir.join("stat")).ok()?)? })
}

/// When a process began. The kernel counts from its own start.
fn since(stat: &str) -> Option<Millis> {
    // The name, in parentheses, may hold anything.
    let ticks: u64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let kernel = read_to_string("/proc/stat").ok()?;
    let booted: u64 = kernel.lines().find_map(|l| l.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(booted * 1000 + ticks.saturating_mul(1000) / rustix::param::clock_ticks_per_second().max(1))
}

#[test]
fn only_this_users_listening_sockets_count() {
    let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 x 100 0 0 10 0\n\
        1: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 x 100 0 0 10 0\n\
        2: 0100007F:1F92 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 13 1 x 100 0 0 10 0\n\
        3: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 0:0 00:0 0  1000 0 14 1 x\nbroken\n";
    assert_eq!(sockets(table, 1000), BTreeMap::from([(11, 8080), (14, 3000)]));
}
