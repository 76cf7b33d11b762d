//! The project and its git, behind the plugin's rights. Limits of arguments are checked here, once, before any port.

use crate::access::Scope;
use crate::bindings::wit;
use crate::context::{Bytes, Context};
use kairos_core::ports::{
    self, Change, ChangeKind, Commit, Comparison, FileInfo, FileKind, FilePatch, Match, Page, Patch, Repository, SearchOptions,
    Shown, Version, Withheld,
};
use kairos_core::{ErrorCode, PortError};
use serde::Serialize;
use wasmtime::Result;

type PortAnswer<T> = std::result::Result<T, PortError>;
type WitAnswer<T> = std::result::Result<T, wit::types::Error>;

fn in_range(name: &str, value: u32, max: u32) -> PortAnswer<()> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    Err(PortError::new(ErrorCode::Invalid, format!("`{name}` is {value}, allowed are 1 to {max}")))
}

fn readable_length(length: u32) -> PortAnswer<()> {
    if length <= ports::MAX_READ {
        return Ok(());
    }
    Err(PortError::new(ErrorCode::TooLarge, format!("at most {} bytes in one call, {length} were asked for", ports::MAX_READ)))
}

impl Context {
    /// Counts the bytes of an answer, journals it, and turns it into the contract's types.
    fn answer<T: Serialize, W>(
        &mut self,
        function: &'static str,
        arguments: impl Serialize,
        answer: PortAnswer<T>,
        size: impl Fn(&T) -> usize,
        convert: impl FnOnce(T) -> W,
    ) -> Result<WitAnswer<W>> {
        let answer = answer.and_then(|t| self.hand_over(size(&t)).map(|()| t));
        self.note(function, arguments, &answer);
        Ok(answer.map(convert).map_err(Into::into))
    }
}

impl Context {
    /// As [`Self::answer`], for the content of a file.
    fn answer_bytes(
        &mut self,
        function: &'static str,
        arguments: impl Serialize,
        answer: PortAnswer<Vec<u8>>,
    ) -> Result<WitAnswer<Vec<u8>>> {
        let answer = answer.and_then(|b| self.hand_over(b.len()).map(|()| b));
        self.note(function, arguments, &answer.as_ref().map(|b| Bytes(b)));
        Ok(answer.map_err(Into::into))
    }
}

impl wit::project::Host for Context {
    async fn read(&mut self, path: String, offset: u64, length: u32) -> Result<WitAnswer<Vec<u8>>> {
        self.enter()?;
        let answer = async {
            let project = self.access.project_with(&path)?;
            readable_length(length)?;
            project.read(&path, offset, length).await
        }
        .await;
        self.answer_bytes("project.read", (&path, offset, length), answer)
    }

    async fn stat(&mut self, path: String) -> Result<WitAnswer<wit::project::FileInfo>> {
        self.enter()?;
        let answer = async {
            let project = self.access.project_with(&path)?;
            project.stat(&path).await
        }
        .await;
        self.answer("project.stat", &path, answer, |i| i.path.len(), Into::into)
    }

    async fn list_files(&mut self, path: String, depth: u32, after: Option<String>) -> Result<WitAnswer<wit::project::Page>> {
        self.enter()?;
        let answer = async {
            let (project, scope) = self.access.project()?;
            let mut page = project.list_files(&path, depth, after.as_deref()).await?;
            page.entries.retain(|e| scope.contains(&e.path));
            Ok(page)
        }
        .await;
        let size = |p: &Page| p.entries.iter().map(|e| e.path.len() + 32).sum();
        self.answer("project.list-files", (&path, depth, &after), answer, size, |p| wit::project::Page {
            entries: p.entries.into_iter().map(Into::into).collect(),
            next: p.next,
        })
    }

    async fn search(&mut self, pattern: String, o: wit::project::SearchOptions) -> Result<WitAnswer<Vec<wit::project::Match>>> {
        self.enter()?;
        let options =
            SearchOptions { globs: o.globs, literal: o.literal, ignore_case: o.ignore_case, max_matches: o.max_matches };
        let answer = async {
            let (project, scope) = self.access.project()?;
            in_range("max-matches", options.max_matches, ports::MAX_MATCHES)?;
            let mut found = project.search(&pattern, &options).await?;
            found.retain(|m| scope.contains(&m.path));
            Ok(found)
        }
        .await;
        let size = |found: &Vec<Match>| found.iter().map(|m| m.path.len() + m.text.len() + 16).sum();
        self.answer("project.search", (&pattern, &options), answer, size, |found| {
            found.into_iter().map(|m| wit::project::Match { path: m.path, line: m.line, text: m.text }).collect()
        })
    }
}

impl wit::git::Host for Context {
    async fn status(&mut self) -> Result<WitAnswer<wit::git::Repository>> {
        self.enter()?;
        let answer = async { self.access.project()?.0.git_status().await }.await;
        self.answer("git.status", (), answer, |r: &Repository| 256 + r.stashes.len() * 64, Into::into)
    }

    async fn changes(&mut self, since: wit::git::Version, max: u32) -> Result<WitAnswer<Vec<wit::git::Change>>> {
        self.enter()?;
        let since = Version::from(since);
        let answer = async {
            let (project, scope) = self.access.project()?;
            in_range("max", max, ports::MAX_CHANGES)?;
            let mut changes = project.git_changes(since, max).await?;
            changes.retain(|c| scope.contains(&c.path));
            for change in &mut changes {
                change.renamed_from.take_if(|path| !scope.contains(path));
            }
            Ok(changes)
        }
        .await;
        let size = |changes: &Vec<Change>| {
            changes.iter().map(|c| c.path.len() + c.renamed_from.as_ref().map_or(0, String::len) + 16).sum()
        };
        self.answer("git.changes", (since, max), answer, size, |changes| changes.into_iter().map(Into::into).collect())
    }

    async fn read_at(
        &mut self,
        version: wit::git::Version,
        path: String,
        offset: u64,
        length: u32,
    ) -> Result<WitAnswer<Vec<u8>>> {
        self.enter()?;
        let version = Version::from(version);
        let answer = async {
            let project = self.access.project_with(&path)?;
            readable_length(length)?;
            project.read_at(version, &path, offset, length).await
        }
        .await;
        self.answer_bytes("git.read-at", (version, &path, offset, length), answer)
    }

    async fn size_at(&mut self, version: wit::git::Version, path: String) -> Result<WitAnswer<u64>> {
        self.enter()?;
        let version = Version::from(version);
        let answer = async {
            let project = self.access.project_with(&path)?;
            project.size_at(version, &path).await
        }
        .await;
        self.answer("git.size-at", (version, &path), answer, |_| 8, |n| n)
    }

    async fn log(&mut self, max: u32, path: Option<String>) -> Result<WitAnswer<Vec<wit::git::Commit>>> {
        self.enter()?;
        let answer = async {
            let (project, scope) = self.access.project()?;
            in_range("max", max, ports::MAX_COMMITS)?;
            if let Some(p) = path.as_deref().filter(|p| !scope.contains(p)) {
                return Err(crate::access::out_of_scope(p));
            }
            project.git_log(max, path.as_deref()).await
        }
        .await;
        let size = |log: &Vec<Commit>| log.iter().map(|c| 128 + c.summary.len() + c.body.len()).sum();
        self.answer("git.log", (max, &path), answer, size, |log| log.into_iter().map(Into::into).collect())
    }

    async fn diff(&mut self, what: wit::git::Comparison, paths: Vec<String>) -> Result<WitAnswer<wit::git::Patch>> {
        self.enter()?;
        let what = Comparison::from(what);
        let answer = async {
            let (project, scope) = self.access.project()?;
            Ok(within(project.git_diff(what, &paths).await?, &scope))
        }
        .await;
        self.answer("git.diff", (what, &paths), answer, patch_size, Into::into)
    }

    async fn show(&mut self, revision: String, paths: Vec<String>) -> Result<WitAnswer<wit::git::Shown>> {
        self.enter()?;
        let answer = async {
            let (project, scope) = self.access.project()?;
            let shown = project.git_show(&revision, &paths).await?;
            Ok(Shown { patch: within(shown.patch, &scope), ..shown })
        }
        .await;
        let size = |s: &Shown| 128 + s.commit.summary.len() + s.commit.body.len() + s.parents.len() * 64 + patch_size(&s.patch);
        self.answer("git.show", (&revision, &paths), answer, size, |s| wit::git::Shown {
            commit: s.commit.into(),
            parents: s.parents,
            patch: s.patch.into(),
        })
    }
}

/// What of it the plugin may read. Lines that a file brought along from another one may not be.
fn within(mut patch: Patch, scope: &Scope) -> Patch {
    patch.files.retain(|f| scope.contains(&f.path));
    for file in &mut patch.files {
        if file.renamed_from.take_if(|old| !scope.contains(old)).is_some() {
            file.hunks.clear();
            file.withheld = Some(Withheld::Private);
        }
    }
    patch
}

fn patch_size(patch: &Patch) -> usize {
    patch.files.iter().map(|f| f.path.len() + f.renamed_from.as_ref().map_or(0, String::len) + f.hunks.len() + 24).sum()
}

impl From<Commit> for wit::git::Commit {
    fn from(c: Commit) -> Self {
        Self { id: c.id, author: c.author, time: c.time, summary: c.summary, body: c.body }
    }
}

impl From<wit::git::Comparison> for Comparison {
    fn from(c: wit::git::Comparison) -> Self {
        match c {
            wit::git::Comparison::Unstaged => Self::Unstaged,
            wit::git::Comparison::Staged => Self::Staged,
            wit::git::Comparison::Head => Self::Head,
            wit::git::Comparison::BranchPoint => Self::BranchPoint,
        }
    }
}

impl From<Patch> for wit::git::Patch {
    fn from(d: Patch) -> Self {
        Self { files: d.files.into_iter().map(Into::into).collect(), more: d.more }
    }
}

impl From<FilePatch> for wit::git::FilePatch {
    fn from(f: FilePatch) -> Self {
        let FilePatch { path, renamed_from, kind, added, removed, hunks, withheld } = f;
        let withheld = withheld.map(|why| match why {
            Withheld::Private => wit::git::Withheld::Private,
            Withheld::Binary => wit::git::Withheld::Binary,
            Withheld::TooLarge => wit::git::Withheld::TooLarge,
            Withheld::Cut => wit::git::Withheld::Cut,
            Withheld::Unreadable => wit::git::Withheld::Unreadable,
        });
        Self { path, renamed_from, kind: kind.into(), added, removed, hunks, withheld }
    }
}

impl From<FileInfo> for wit::project::FileInfo {
    fn from(i: FileInfo) -> Self {
        use wit::project::FileKind as W;
        let kind = match i.kind {
            FileKind::File => W::File,
            FileKind::Directory => W::Directory,
            FileKind::Link => W::Link,
            FileKind::Other => W::Other,
        };
        Self { path: i.path, kind, size: i.size, modified: i.modified, executable: i.executable }
    }
}

impl From<Repository> for wit::git::Repository {
    fn from(r: Repository) -> Self {
        Self {
            branch: r.branch,
            head: r.head,
            operation: r.operation,
            operation_since: r.operation_since,
            upstream: r.upstream,
            ahead: r.ahead,
            behind: r.behind,
            stashes: r.stashes.into_iter().map(|s| wit::git::Stash { time: s.time, message: s.message }).collect(),
        }
    }
}

impl From<wit::git::Version> for Version {
    fn from(v: wit::git::Version) -> Self {
        match v {
            wit::git::Version::Index => Self::Index,
            wit::git::Version::Head => Self::Head,
            wit::git::Version::BranchPoint => Self::BranchPoint,
        }
    }
}

impl From<Change> for wit::git::Change {
    fn from(c: Change) -> Self {
        let kind = |kind: Option<ChangeKind>| kind.map(Into::into);
        Self {
            path: c.path,
            renamed_from: c.renamed_from,
            committed: kind(c.committed),
            staged: kind(c.staged),
            unstaged: kind(c.unstaged),
        }
    }
}

impl From<ChangeKind> for wit::git::ChangeKind {
    fn from(k: ChangeKind) -> Self {
        match k {
            ChangeKind::Added => Self::Added,
            ChangeKind::Modified => Self::Modified,
            ChangeKind::Deleted => Self::Deleted,
            ChangeKind::Renamed => Self::Renamed,
            ChangeKind::TypeChanged => Self::TypeChanged,
            ChangeKind::Conflicted => Self::Conflicted,
            ChangeKind::Untracked => Self::Untracked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_tells_nothing_of_what_is_out_of_scope() {
        let file = |path: &str, old: Option<&str>| FilePatch {
            path: path.into(),
            renamed_from: old.map(Into::into),
            kind: ChangeKind::Renamed,
            added: 1,
            removed: 1,
            hunks: "@@".into(),
            withheld: None,
        };
        let files = vec![file("src/a", Some("src/b")), file("src/c", Some("secret")), file("secret", Some("src/d"))];
        let seen = within(Patch { files, more: false }, &Scope::new(&["src/**".into()])).files;
        let told = seen.iter().map(|f| (f.path.as_str(), f.renamed_from.as_deref(), f.hunks.as_str()));
        assert_eq!(told.collect::<Vec<_>>(), [("src/a", Some("src/b"), "@@"), ("src/c", None, "")]);
    }
}
