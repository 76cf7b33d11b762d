//! Unified diffs of several files.

use crate::read;
use kairos_plugin::prelude::*;

/// What a patch makes of the files it names.
pub(crate) fn changes(host: &impl Host, patch: &str) -> Result<Vec<FileChange>, Error> {
    let files = files(patch);
    if files.is_empty() {
        return Err(Error::invalid("the patch names no file: it needs lines `--- a/PATH` and `+++ b/PATH`"));
    }
    files.into_iter().map(|file| change(host, &file)).collect()
}

/// The part of a patch that concerns one file.
struct Part {
    from: Option<String>,
    to: Option<String>,
    text: String,
}

fn files(patch: &str) -> Vec<Part> {
    let lines: Vec<&str> = patch.lines().collect();
    let heads: Vec<usize> =
        (1..lines.len()).filter(|n| lines[n - 1].starts_with("--- ") && lines[*n].starts_with("+++ ")).collect();
    let mut parts = Vec::new();
    for (n, head) in heads.iter().enumerate() {
        let end = heads.get(n + 1).map_or(lines.len(), |next| next - 1);
        // Between two files git puts lines of its own.
        let body = lines[head - 1..end]
            .iter()
            .filter(|l| !["diff --git ", "index ", "new file ", "deleted file "].iter().any(|s| l.starts_with(s)));
        let text = body.map(|line| format!("{line}\n")).collect();
        parts.push(Part { from: path(lines[head - 1]), to: path(lines[*head]), text });
    }
    parts
}

/// `+++ b/src/lib.rs` and a time behind a tab; none for `/dev/null`.
fn path(line: &str) -> Option<String> {
    let path = line[4..].split('\t').next().unwrap_or_default().trim();
    let path = path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).unwrap_or(path);
    (path != "/dev/null").then(|| path.to_owned())
}

fn change(host: &impl Host, part: &Part) -> Result<FileChange, Error> {
    let path = match (&part.from, &part.to) {
        (Some(from), Some(to)) if from != to => return Err(Error::invalid(format!("a patch can't rename: {from} to {to}"))),
        (Some(path), _) | (None, Some(path)) => path.clone(),
        (None, None) => return Err(Error::invalid("a patch from nothing to nothing")),
    };
    let (old, expected) = match &part.from {
        Some(from) => read(host, from).map(|(text, expected)| (text, Some(expected)))?,
        None => (String::new(), None),
    };
    let wrong = |why: String| Error::invalid(format!("the patch does not fit {path}: {why}; read the file again"));
    let parsed = diffy::Patch::from_str(&part.text).map_err(|e| wrong(e.to_string()))?;
    let new = diffy::apply(&old, &parsed).map_err(|e| wrong(e.to_string()))?;
    if part.to.is_none() && !new.is_empty() {
        return Err(wrong("something of it would stay".into()));
    }
    Ok(FileChange { path, expected, content: part.to.as_ref().map(|_| new.into_bytes()) })
}
