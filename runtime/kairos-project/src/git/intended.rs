//! What a commit would be about, before anybody agrees to it.

use super::diff::{Below, Differ, Side, kind};
use crate::Inner;
use kairos_core::ports::{Change, ChangeKind, Comparison, FilePatch, MAX_CHANGES, PortResult, Version};
use kairos_core::{ErrorCode, PortError};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Files of one commit: a person is to look at them.
const MAX_FILES: usize = 200;

/// What a commit would be about.
#[derive(Debug)]
pub struct IntendedCommit {
    /// Each file, with what changes in it.
    pub files: Vec<FilePatch>,
    /// The paths to be committed, one for each file and each old name; empty where it is what is staged.
    pub paths: Vec<String>,
    /// Those of them that git doesn't know yet.
    pub untracked: Vec<String>,
    /// The folders of the repository: that of this work tree, and the one that all its work trees share.
    pub repository: [PathBuf; 2],
}

impl Inner {
    pub(crate) fn intended_commit(&self, paths: &[String], stop: Arc<AtomicBool>) -> PortResult<IntendedCommit> {
        if paths.is_empty() && self.git.is_below_work_tree() {
            // What is staged beside the project is not for us to see, nor to commit.
            return Err(invalid("this project is a folder of a bigger repository: name the paths that are to be committed"));
        }
        let below = Below::new(paths)?;
        let changes = self.git.changes(Version::Head, MAX_CHANGES, stop.clone())?;
        let opened = self.git.open()?;
        let (what, new) = if paths.is_empty() { (Comparison::Staged, Side::Index) } else { (Comparison::Head, Side::Work) };
        let mut chosen: Vec<(&Change, ChangeKind)> = Vec::new();
        for change in &changes {
            let is_new = is_untracked(change) && !paths.is_empty();
            let kind = if is_new { Some(ChangeKind::Added) } else { kind(change, what) };
            let is_meant = below.has(&change.path) || change.renamed_from.as_ref().is_some_and(|old| below.has(old));
            chosen.extend(kind.filter(|_| is_meant).map(|kind| (change, kind)));
        }
        if let Some((conflicted, _)) = chosen.iter().find(|(_, kind)| *kind == ChangeKind::Conflicted) {
            return Err(invalid(format!("`{}` is in conflict", conflicted.path)));
        }
        if chosen.is_empty() {
            let staged = "nothing is staged: name the paths that are to be committed";
            return Err(invalid(if paths.is_empty() { staged } else { "nothing changed at these paths" }));
        }
        for path in paths {
            let one = Below::new(std::slice::from_ref(path))?;
            if !chosen.iter().any(|(c, _)| one.has(&c.path) || c.renamed_from.as_ref().is_some_and(|old| one.has(old))) {
                return Err(invalid(format!("nothing changed at `{path}`")));
            }
        }
        if chosen.len() > MAX_FILES {
            return Err(invalid(format!("{} files at once are more than {MAX_FILES}: commit them in parts", chosen.len())));
        }
        let head = Side::Commit(opened.head_commit().ok());
        let patch = Differ::new(self, &opened, head, new).all(chosen.iter().copied(), &Below::new(&[])?, &stop)?;
        let named = |(c, _): &(&Change, ChangeKind)| c.renamed_from.iter().chain([&c.path]).cloned().collect::<Vec<_>>();
        let (own, common) = self.git.dirs().ok_or_else(|| PortError::new(ErrorCode::Unavailable, "the repository went away"))?;
        Ok(IntendedCommit {
            files: patch.files,
            paths: if paths.is_empty() { Vec::new() } else { chosen.iter().flat_map(named).collect() },
            untracked: chosen.iter().filter(|(c, _)| is_untracked(c)).map(|(c, _)| c.path.clone()).collect(),
            repository: [own, common],
        })
    }
}

fn is_untracked(change: &Change) -> bool {
    change.staged.is_none() && change.unstaged == Some(ChangeKind::Untracked)
}

fn invalid(text: impl Into<String>) -> PortError {
    PortError::new(ErrorCode::Invalid, text)
}
