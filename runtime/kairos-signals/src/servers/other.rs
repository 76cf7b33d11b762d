//! Through `lsof`, on macOS; elsewhere nobody is asked.

use super::Server;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Those in the folder or below it, without ourselves.
pub fn find(root: &Path) -> Vec<Server> {
    if !cfg!(target_os = "macos") {
        return Vec::new();
    }
    let user = rustix::process::getuid().as_raw().to_string();
    let ports = listening(&ask("/usr/sbin/lsof", &["-nP", "-a", "-u", &user, "-iTCP", "-sTCP:LISTEN", "-Fpn"]));
    if ports.is_empty() {
        return Vec::new();
    }
    let pids = ports.keys().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let here = folders(&ask("/usr/sbin/lsof", &["-a", "-p", &pids, "-d", "cwd", "-Fpn"]), root);
    let of = |pid: u32| {
        let line = ask("/bin/ps", &["-o", "etime=,command=", "-p", &pid.to_string()]);
        let (age, command) = line.trim().split_once(' ')?;
        let since = crate::now().saturating_sub(seconds(age)? * 1000);
        Some(Server { pid, port: *ports.get(&pid)?, command: command.trim().into(), since })
    };
    here.into_iter().filter(|pid| *pid != std::process::id()).filter_map(of).collect()
}

fn ask(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| String::new(), |o| String::from_utf8_lossy(&o.stdout).into_owned())
}

/// The lowest port of each process: `p123` begins a process, `n*:8080` names a socket.
fn listening(fields: &str) -> BTreeMap<u32, u16> {
    let (mut ports, mut pid) = (BTreeMap::new(), None);
    for line in fields.lines() {
        if let Some(number) = line.strip_prefix('p') {
            pid = number.parse::<u32>().ok();
        } else if let (Some(pid), Some(Ok(port))) =
            (pid, line.strip_prefix('n').and_then(|n| Some(n.rsplit_once(':')?.1.parse())))
        {
            let lowest: &mut u16 = ports.entry(pid).or_insert(port);
            *lowest = port.min(*lowest);
        }
    }
    ports
}

/// The processes whose folder it is, or lies below it.
fn folders(fields: &str, root: &Path) -> BTreeSet<u32> {
    let (mut here, mut pid) = (BTreeSet::new(), None);
    for line in fields.lines() {
        if let Some(number) = line.strip_prefix('p') {
            pid = number.parse::<u32>().ok();
        } else if line.strip_prefix('n').is_some_and(|folder| Path::new(folder).starts_with(root)) {
            here.extend(pid);
        }
    }
    here
}

/// `[[days-]hours:]minutes:seconds`.
fn seconds(age: &str) -> Option<u64> {
    let (days, rest) = age.split_once('-').unwrap_or(("0", age));
    let time = rest.split(':').try_fold(0, |sum: u64, part| Some(sum * 60 + part.parse::<u64>().ok()?))?;
    Some(days.parse::<u64>().ok()? * 86_400 + time)
}

#[test]
fn what_lsof_and_ps_say_is_understood() {
    let ports = listening("p12\nf3\nn*:8080\nf4\nn[::1]:3000\np13\nf5\nn127.0.0.1:9\npx\nn*:1\n");
    assert_eq!(ports, BTreeMap::from([(12, 3000), (13, 9)]));
    let here = folders("p12\nfcwd\nn/p/web\np13\nfcwd\nn/pp\n", Path::new("/p"));
    assert_eq!(here, BTreeSet::from([12]));
    assert_eq!((seconds("05:03"), seconds("1-02:00:01"), seconds("x")), (Some(303), Some(93_601), None));
    assert!(cfg!(target_os = "macos") || find(Path::new("/")).is_empty());
}
