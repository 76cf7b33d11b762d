//! Reports of crashes. They stay on this machine.

use crate::paths::Paths;
use std::backtrace::Backtrace;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Reports that are kept.
const KEPT: usize = 10;

/// From now on a panic of any thread is written to a file, and to the log. It holds where and why, and nothing of a project.
pub fn report_to(paths: &Paths) {
    let folder = paths.crashes();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("unnamed").to_string();
        let version = env!("CARGO_PKG_VERSION");
        let trace = Backtrace::force_capture();
        let report = format!(
            "kairos-run {version} on {} {}\nthread {thread} at {place}: {message}\n\n{trace}\n",
            std::env::consts::OS,
            std::env::consts::ARCH
        );
        match write(&folder, &report) {
            Ok(file) => tracing::error!("a part of kairos-run crashed at {place}: {message}; the report is {}", file.display()),
            Err(e) => tracing::error!("a part of kairos-run crashed at {place}: {message}; no report: {e}"),
        }
    }));
}

/// The reports, the oldest first.
pub fn reports(paths: &Paths) -> Vec<PathBuf> {
    listed(&paths.crashes())
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = folder.read_dir().into_iter().flatten().flatten().map(|e| e.path()).collect();
    all.sort();
    all
}

fn write(folder: &Path, report: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S%.6fZ").to_string();
    let file = folder.join(format!("{time}.txt"));
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?.write_all(report.as_bytes())?;
    let all = listed(folder);
    for old in &all[..all.len().saturating_sub(KEPT)] {
        std::fs::remove_file(old)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_reports_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<_> = (0..KEPT + 2).map(|n| write(dir.path(), &format!("report {n}")).unwrap()).collect();
        assert_eq!(listed(dir.path()), files[2..]);
        assert!(std::fs::read_to_string(&files[2]).unwrap().contains("report 2"));
    }
}
