//! What the system tells about a process: memory, CPU time, wake-ups.

use crate::plugins::Result;
use rustix::time::{ClockId, clock_gettime};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// CPU time of all threads of this process.
pub fn process_cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

/// Bytes of anonymous memory that a process holds; `who` is a process id or `self`. Linux only.
pub fn rss_anon(who: &str) -> Result<u64> {
    let status = read(format!("/proc/{who}/status"))?;
    Ok(field(&status, "RssAnon:").ok_or("the system doesn't tell RssAnon")? * 1024)
}

/// What the threads of a process did so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Activity {
    pub cpu: Duration,
    /// Voluntary context switches: each is a thread that went to sleep, hence one that had woken up.
    pub wakeups: u64,
}

impl Activity {
    pub fn of(pid: u32) -> Result<Self> {
        let mut sum = Self::default();
        for task in std::fs::read_dir(format!("/proc/{pid}/task")).map_err(|e| format!("/proc/{pid}/task: {e}"))? {
            let task = task?.path();
            // A thread that ends meanwhile is no longer of interest.
            let Ok(status) = read(task.join("status")) else { continue };
            sum.wakeups += field(&status, "voluntary_ctxt_switches:").unwrap_or(0);
            sum.cpu += thread_cpu(&task)?;
        }
        Ok(sum)
    }
}

/// From `schedstat`, which counts nanoseconds; where that is missing, from `stat`, which counts hundredths of a second.
fn thread_cpu(task: &Path) -> Result<Duration> {
    if let Ok(text) = read(task.join("schedstat"))
        && let Some(ns) = text.split_whitespace().next().and_then(|n| n.parse().ok())
    {
        return Ok(Duration::from_nanos(ns));
    }
    let stat = read(task.join("stat"))?;
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second().max(1)))
}

fn field(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|l| l.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

/// Watches how much anonymous memory this process takes on top of what it had at the start.
pub struct Peak {
    before: u64,
    most: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Peak {
    pub fn start() -> Result<Self> {
        let before = rss_anon("self")?;
        let (most, stop) = (Arc::new(AtomicU64::new(before)), Arc::new(AtomicBool::new(false)));
        let (seen, ended) = (most.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            while !ended.load(Relaxed) {
                seen.fetch_max(rss_anon("self").unwrap_or(0), Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Ok(Self { before, most, stop, thread })
    }

    /// The growth at its peak.
    pub fn end(self) -> u64 {
        self.stop.store(true, Relaxed);
        let _ = self.thread.join();
        self.most.load(Relaxed).max(rss_anon("self").unwrap_or(0)).saturating_sub(self.before)
    }
}
