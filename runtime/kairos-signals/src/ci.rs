//! Results of continuous integration: files that somebody drops into a folder of the project, and what is posted to us.
//! Whoever wrote them is not trusted.

mod junit;

use crate::logs::Clean;
use crate::queue::SignalQueue;
use kairos_core::finding::one_line;
use kairos_core::signal::{MAX_BODY, Millis, Signal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{DirEntry, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The drop folder, in the project.
pub const CI_FOLDER: &str = ".kairos/ci";
/// A larger file is refused.
pub const MAX_CI_FILE: u64 = 8 << 20;
/// Files of the folder that are looked at, and results that are told in one look; the next look tells more.
const MAX_FILES: usize = 1000;
const MAX_TOLD: usize = 64;
/// What lies there when a project is watched for the first time counts if it is no older than a day.
const FRESH: Millis = 86_400_000;
const MAX_TEXT: usize = 200;
const MAX_URL: usize = 1000;

/// How a run ended, in the form of our JSON. All but the status may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CiResult {
    /// Of the workflow or job.
    pub name: String,
    /// `passed`, `failed`, `cancelled`; the words that CI systems use for these are understood, too.
    pub status: String,
    /// Where one can read on: `http` or `https`.
    pub url: String,
    /// What was tested: the commit's hash.
    pub commit: String,
    /// And its branch.
    pub branch: String,
    /// What failed.
    pub summary: String,
}

impl CiResult {
    /// Reads JUnit XML (`.xml`, or what begins with `<`) or JSON. `file` gives a report without a name its name.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence's end.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() as u64 > MAX_CI_FILE {
            return Err(format!("it is over {} MiB", MAX_CI_FILE >> 20));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?.trim_start_matches('\u{feff}').trim_start();
        let mut result =
            if text.starts_with('<') { junit::parse(text)? } else { serde_json::from_str(text).map_err(|e| e.to_string())? };
        if result.status.is_empty() {
            return Err("it has no status".into());
        }
        if result.name.is_empty() {
            result.name = file.rsplit('/').next().unwrap_or(file).rsplit_once('.').map_or(file, |(stem, _)| stem).into();
        }
        Ok(result)
    }

    /// The signal, with all text cleaned and cut.
    pub fn signal(&self, clean: &Clean) -> Signal {
        let text = |value: &str, most: usize| {
            let line = one_line(&clean(&value[..value.floor_char_boundary(most * 4)]));
            line[..line.floor_char_boundary(most)].to_string()
        };
        let commit: String = self.commit.chars().filter(char::is_ascii_hexdigit).take(64).collect();
        let is_web = ["http://", "https://"].iter().any(|scheme| self.url.starts_with(scheme));
        let summary = clean(&self.summary[..self.summary.floor_char_boundary(4 * MAX_BODY)]);
        Signal::new("ci.finished", "ci", crate::now())
            .with("name", text(&self.name, MAX_TEXT))
            .with("status", status(&self.status))
            .with("branch", text(&self.branch, MAX_TEXT))
            .with("commit", if commit.len() == self.commit.len() { commit } else { String::new() })
            .with("url", if is_web { text(&self.url, MAX_URL) } else { String::new() })
            // The first failure says more than the last.
            .with_body(&summary[..summary.floor_char_boundary(MAX_BODY)])
    }
}

fn status(word: &str) -> &'static str {
    match word.to_ascii_lowercase().as_str() {
        "passed" | "pass" | "success" | "succeeded" | "successful" | "ok" | "green" => "passed",
        "failed" | "fail" | "failure" | "error" | "errored" | "red" | "timed_out" | "timedout" => "failed",
        "cancelled" | "canceled" | "aborted" | "skipped" => "cancelled",
        _ => "other",
    }
}

type Stamp = (Millis, u64);

/// The drop folder, looked at when it is asked for.
pub(crate) struct CiDrop {
    root: PathBuf,
    clean: Clean,
    /// What was changed before is known.
    since: Millis,
    known: BTreeMap<String, Stamp>,
    /// Files that could not be read as they are: perhaps not written to their end yet.
    doubtful: BTreeMap<String, Stamp>,
}

impl CiDrop {
    pub fn new(root: &Path, clean: Clean) -> Self {
        let since = crate::now().saturating_sub(FRESH);
        Self { root: root.into(), clean, since, known: BTreeMap::new(), doubtful: BTreeMap::new() }
    }

    /// What was told by then is not told again.
    pub fn read_until(&mut self, since: Millis) {
        self.since = since;
    }

    /// Answers the time of the newest file that was told in this look.
    pub fn look(&mut self, queue: &SignalQueue) -> Option<Millis> {
        let folder = self.root.join(CI_FOLDER);
        // Nearly always there is none, and that is all it costs.
        let list = std::fs::read_dir(&folder).ok()?;
        // A link that leads out of the project would let it read what is none of its business.
        if !folder.canonicalize().ok()?.starts_with(self.root.canonicalize().ok()?) {
            return None;
        }
        let mut files: Vec<(Stamp, String)> = list.flatten().take(MAX_FILES).filter_map(|e| report(&e)).collect();
        self.known.retain(|name, _| files.iter().any(|(_, n)| n == name));
        self.doubtful.retain(|name, _| files.iter().any(|(_, n)| n == name));
        files.retain(|(stamp, name)| stamp.0 > self.since && self.known.get(name) != Some(stamp));
        files.sort();
        let mut newest = None;
        for (stamp, name) in files.into_iter().take(MAX_TOLD) {
            match read(&folder.join(&name), stamp.1).and_then(|bytes| CiResult::parse(&name, &bytes)) {
                Ok(result) => {
                    queue.push(result.signal(&self.clean));
                    newest = Some(stamp.0);
                    self.doubtful.remove(&name);
                }
                Err(_) if self.doubtful.get(&name) != Some(&stamp) => {
                    self.doubtful.insert(name, stamp);
                    continue;
                }
                Err(why) => tracing::warn!(file = %format!("{CI_FOLDER}/{name}"), "no result of CI can be read from it: {why}"),
            }
            self.known.insert(name, stamp);
        }
        newest
    }
}

/// A file that may be a report, with its stamp. A link is none.
fn report(entry: &DirEntry) -> Option<(Stamp, String)> {
    let name = entry.file_name().into_string().ok()?;
    let is_report = [".xml", ".json"].iter().any(|end| name.ends_with(end));
    let meta = entry.metadata().ok().filter(|m| is_report && m.is_file() && !name.starts_with('.'))?;
    let changed = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(((changed.as_millis() as Millis, meta.len()), name))
}

fn read(file: &Path, size: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    if size <= MAX_CI_FILE {
        File::open(file).and_then(|f| f.take(MAX_CI_FILE + 1).read_to_end(&mut bytes)).map_err(|e| e.to_string())?;
        return Ok(bytes);
    }
    Err(format!("it is over {} MiB", MAX_CI_FILE >> 20))
}

#[cfg(test)]
mod tests;
