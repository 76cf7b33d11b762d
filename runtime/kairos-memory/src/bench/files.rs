//! Data sets on disk.

use super::BenchError;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What in a folder has a name that begins and ends so, in the order of the names; nothing where there is no such folder.
pub(super) fn named(folder: &Path, head: &str, tail: &str) -> Result<Vec<PathBuf>, BenchError> {
    let failed = |e| BenchError::Read(folder.to_owned(), e);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(failed(e)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    paths.retain(|path| name(path).starts_with(head) && name(path).ends_with(tail));
    paths.sort();
    Ok(paths)
}

/// The last part of a path.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A file's content; what is not UTF-8 in it is replaced.
pub(super) fn text(path: &Path) -> Result<String, BenchError> {
    let bytes = std::fs::read(path).map_err(|e| BenchError::Read(path.to_owned(), e))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A file of JSON.
pub(super) fn json(path: &Path) -> Result<Value, BenchError> {
    serde_json::from_str(&text(path)?).map_err(|e| BenchError::Format(path.to_owned(), e))
}

/// The lines of all files with such names; `what` is named in `skipped` where there is no such file.
pub(super) fn lines(
    folder: &Path,
    (head, tail): (&str, &str),
    what: &str,
    skipped: &mut Vec<String>,
) -> Result<Vec<(PathBuf, String)>, BenchError> {
    let files = named(folder, head, tail)?;
    if files.is_empty() {
        skipped.push(format!("{what}: no {}", folder.join(format!("{head}*{tail}")).display()));
    }
    let mut out = vec![];
    for file in files {
        out.extend(text(&file)?.lines().map(|line| (file.clone(), line.to_owned())));
    }
    Ok(out)
}

/// The same for files with one JSON value a line.
pub(super) fn json_lines(
    folder: &Path,
    names: (&str, &str),
    what: &str,
    skipped: &mut Vec<String>,
) -> Result<Vec<Value>, BenchError> {
    let lines = lines(folder, names, what, skipped)?;
    let lines = lines.iter().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(file, line)| serde_json::from_str(line).map_err(|e| BenchError::Format(file.clone(), e))).collect()
}

/// The items of a list; none where it is none.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text; empty where it is none.
pub(super) fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
