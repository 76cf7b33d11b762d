//! The launcher: a process of our own binary that gives up its rights, runs one command and outlives all that comes of it.

use super::{Command, What, places};
use rustix::process::{Resource, Rlimit, Signal, WaitOptions, kill_process, kill_process_group, setrlimit};
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// More processes than there are now may be started; on most systems the user's others count too.
const PROCESSES: u64 = 512;
/// Bytes of a file that it writes.
const FILE: u64 = 4 << 30;
/// So long, what was left behind is killed again and again.
const KILLING: Duration = Duration::from_secs(2);
const NO_BASH: &str = "/bin/sh";

/// What is asked of the launcher, as its arguments say it.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub readable: Vec<PathBuf>,
    pub writable: Vec<PathBuf>,
    pub fixed: Vec<PathBuf>,
    pub network: bool,
    pub confined: bool,
    pub memory: u64,
    pub cpu: u64,
    pub argv: Vec<OsString>,
}

/// The arguments for a command.
pub(super) fn arguments(command: &Command, temporary: &Path) -> Vec<OsString> {
    let mut out: Vec<OsString> = Vec::new();
    let mut add = |name: &str, value: &OsStr| out.extend([name.into(), value.into()]);
    places::readable(&command.readable).iter().for_each(|path| add("--read", path.as_os_str()));
    command.writable.iter().for_each(|path| add("--write", path.as_os_str()));
    command.fixed.iter().for_each(|path| add("--fixed", path.as_os_str()));
    add("--write", temporary.as_os_str());
    add("--memory", command.memory.to_string().as_ref());
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    add("--cpu", (command.time.as_secs().max(1) * cores).to_string().as_ref());
    add("--network", if command.network { "yes" } else { "no" }.as_ref());
    add("--confined", if command.confined { "yes" } else { "no" }.as_ref());
    out.push("--".into());
    match &command.what {
        What::Program(argv) => out.extend(argv.iter().cloned()),
        What::Line(line) => {
            let bash = ["/bin/bash", "/usr/bin/bash"].into_iter().find(|path| Path::new(path).exists());
            out.extend(bash.map_or(vec![NO_BASH], |bash| vec![bash, "--noprofile", "--norc"]).into_iter().map(OsString::from));
            out.extend(["-c".into(), line.into()]);
        }
    }
    out
}

impl Order {
    fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut order = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let name = name.to_string_lossy().into_owned();
            if name == "--" {
                order.argv = arguments.collect();
                return if order.argv.is_empty() { Err("there is no command".into()) } else { Ok(order) };
            }
            let value = arguments.next().ok_or(format!("{name} has no value"))?;
            let number = || value.to_string_lossy().parse::<u64>().map_err(|_| format!("{name} needs a number"));
            match name.as_str() {
                "--read" => order.readable.push(value.into()),
                "--write" => order.writable.push(value.into()),
                "--fixed" => order.fixed.push(value.into()),
                "--memory" => order.memory = number()?,
                "--cpu" => order.cpu = number()?,
                "--network" => order.network = value == "yes",
                "--confined" => order.confined = value == "yes",
                _ => return Err(format!("{name} is not known")),
            }
        }
        Err("there is no command".into())
    }
}

/// What the launcher's report says: the exit code, or none if it was killed before, or why nothing ran.
pub(super) fn outcome(report: &str) -> Result<Option<i32>, String> {
    let line = report.lines().last().unwrap_or_default();
    if let Some(code) = line.strip_prefix("exit ").and_then(|code| code.parse().ok()) {
        return Ok(Some(code));
    }
    line.strip_prefix("failed ").map_or(Ok(None), |problem| Err(problem.into()))
}

/// The launcher's whole life; what to do is in the arguments, our input is open as long as anybody wants the result, our output is
/// the command's, and what became of it goes to our standard error. Returns the code to exit with.
pub fn launcher_main(arguments: impl IntoIterator<Item = OsString>) -> i32 {
    let report = |line: String| _ = writeln!(std::io::stderr(), "{line}");
    match launch(arguments) {
        Ok(status) => {
            report(format!("exit {}", status.code().or(status.signal().map(|s| 128 + s)).unwrap_or(1)));
            0
        }
        Err(problem) => {
            report(format!("failed {}", problem.replace('\n', " ")));
            1
        }
    }
}

fn launch(arguments: impl IntoIterator<Item = OsString>) -> Result<ExitStatus, String> {
    let order = Order::parse(arguments)?;
    // Away from any terminal: it could be typed into.
    let _ = rustix::process::setsid();
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    #[cfg(target_os = "linux")]
    if order.confined && !order.fixed.is_empty() {
        // Not every system lets us.
        let _ = super::fixed::fix(&order);
    }
    limit(&order)?;
    // On a thread that is gone afterwards: what confines is bound to the thread and what it starts, so that this process stays
    // outside, where the command can't kill it.
    let started = std::thread::spawn(move || start(&order)).join();
    let mut child = started.map_err(|_| "the launcher failed")??;
    let pid = rustix::process::Pid::from_child(&child);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        // Nobody waits any more.
        let _ = kill_process_group(pid, Signal::KILL);
        kill_all();
        std::process::exit(1);
    });
    let status = match child.wait() {
        Ok(status) => status,
        // Nobody waits any more: the other thread has killed it and taken its status, and ends this process.
        Err(e) if e.raw_os_error() == Some(rustix::io::Errno::CHILD.raw_os_error()) => loop {
            std::thread::park();
        },
        Err(e) => return Err(e.to_string()),
    };
    let _ = kill_process_group(pid, Signal::KILL);
    kill_all();
    Ok(status)
}

/// Confines this thread and starts the command.
fn start(order: &Order) -> Result<Child, String> {
    #[cfg(target_os = "macos")]
    let argv = if order.confined { super::macos::argv(order, &order.argv) } else { order.argv.clone() };
    #[cfg(not(target_os = "macos"))]
    let argv = &order.argv;
    #[cfg(target_os = "linux")]
    if order.confined {
        super::linux::confine(order)?;
    }
    Process::new(&argv[0])
        .args(&argv[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::inherit())
        .stderr(rustix::io::dup(rustix::stdio::stdout()).map_err(|e| e.to_string())?)
        .process_group(0)
        .spawn()
        .map_err(|e| format!("{}: {e}", argv[0].to_string_lossy()))
}

fn limit(order: &Order) -> Result<(), String> {
    let set = |what, n| {
        let old = rustix::process::getrlimit(what);
        let most = old.maximum.map_or(n, |most| most.min(n));
        setrlimit(what, Rlimit { current: Some(most), maximum: Some(most) }).map_err(|e| format!("a limit can't be set: {e}"))
    };
    set(Resource::Core, 0)?;
    set(Resource::Cpu, order.cpu)?;
    set(Resource::Fsize, FILE)?;
    // Not the address space, of which many a runtime reserves a lot without using it.
    set(Resource::Data, order.memory)?;
    #[cfg(target_os = "linux")]
    if let Some(now) = threads() {
        set(Resource::Nproc, now + PROCESSES)?;
    }
    Ok(())
}

/// All threads of the machine.
#[cfg(target_os = "linux")]
fn threads() -> Option<u64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(['/', ' ']).nth(4)?.parse().ok()
}

/// Kills what is left, also what has gone to groups and sessions of its own: where the system lets us, it has become our child.
fn kill_all() {
    let end = Instant::now() + KILLING;
    while Instant::now() < end {
        let children = children();
        if children.is_empty() {
            return;
        }
        for child in children {
            let _ = kill_process(child, Signal::KILL);
        }
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn children() -> Vec<rustix::process::Pid> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let parse = |list: String| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>();
    lists.flat_map(parse).filter_map(rustix::process::Pid::from_raw).collect()
}
