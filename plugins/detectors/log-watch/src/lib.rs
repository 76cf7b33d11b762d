//! Tells of bursts of errors and of new kinds of errors in the logs that are watched. `README.md` says what is not reported.

mod entries;
mod findings;
mod judge;
mod level;
mod mask;
mod memory;
mod template;
#[cfg(test)]
mod tests;

use judge::judge;
use kairos_plugin::prelude::*;
use memory::Log;

struct LogWatch;

/// Logs that are remembered: each may take 48 KiB of the state's 1 MiB.
const MOST_LOGS: usize = 16;

/// Text that is read in one call: what a slow machine manages within the CPU time of a call, with room to spare.
const MOST_BYTES_A_CALL: usize = 1 << 20;

impl Detector for LogWatch {
    fn describe() -> Description {
        describe!("Tells of bursts of errors and of new kinds of errors in the logs that are watched")
    }

    fn interests() -> Vec<Interest> {
        vec![
            Interest::new("log.lines", "to read what is added to the logs that you named"),
            Interest::new("kairos.wake", "to see that a log has become quiet"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        let known = host.keys(memory::PREFIX)?;
        let mut report = Report::new();
        let mut logs: Vec<Log> = Vec::new();
        let mut left = MOST_BYTES_A_CALL;
        for signal in signals.iter().filter(|signal| signal.kind == "log.lines") {
            let Some(path) = signal.path() else { continue };
            let at = match logs.iter().position(|log| log.path == path) {
                Some(at) => at,
                None if !known.contains(&memory::key(path)) && known.len() + logs.len() >= MOST_LOGS => {
                    log::warn(&format!("{path} is not looked at: {MOST_LOGS} logs are the most"));
                    continue;
                }
                None => {
                    logs.push(Log::load(host, path)?);
                    logs.len() - 1
                }
            };
            if signal.body.len() > left {
                log::warn(&format!("{path} grows faster than it can be read: some lines are passed over"));
                break;
            }
            left -= signal.body.len();
            judge(&mut logs[at], signal, &mut report);
        }
        // Another log may have become quiet, or a wake-up of its own be needed.
        for key in known {
            if !logs.iter().any(|log| memory::key(&log.path) == key) {
                logs.extend(Log::load_key(host, &key)?);
            }
        }
        let mut wait: Option<u64> = None;
        for log in &mut logs {
            let left = judge::quiet(log, host.now(), &mut report);
            wait = wait.into_iter().chain(left).min();
            log.save(host)?;
        }
        let seconds = wait.map_or(0, |wait| u32::try_from(wait / 1000 + 1).unwrap_or(u32::MAX));
        Ok(report.wake_after(seconds))
    }
}

kairos_plugin::detector!(LogWatch);
