//! Does an anchor hold?

use super::define::defines;
use super::sight::{Seen, Sight, Text};
use super::{Followed, Lost, Verdict};
use kairos_core::memory::Anchor;
use kairos_core::ports::{ChangeKind, MAX_CHANGES, PortResult, Version};
use std::collections::HashMap;
use std::time::Instant;

/// Searches of one check: the name that is gone is looked for once.
const MAX_SEARCHES: usize = 1;
/// New files without a commit that are compared with one that is gone.
const MAX_NEW_FILES: usize = 50;

/// Says whether the anchor holds in the work tree as it is now. Costs a `stat` and a read where it does; a search through the
/// project where a symbol is gone from its file, and a look at git where the file is.
pub async fn check(anchor: &Anchor, project: &dyn Followed) -> Verdict {
    Checker::new(project, MAX_SEARCHES).check(anchor).await
}

/// Checks several anchors of one moment.
pub(super) struct Checker<'a> {
    project: &'a dyn Followed,
    sight: Sight<'a>,
    followed: HashMap<String, PortResult<Option<String>>>,
    new_files: Option<Vec<(String, Option<String>)>>,
    /// After it nothing is looked for that takes long.
    deadline: Option<Instant>,
}

impl<'a> Checker<'a> {
    /// At most so many searches through the project; what is looked for after them counts as not found elsewhere.
    pub(super) fn new(project: &'a dyn Followed, searches: usize) -> Self {
        Self { project, sight: Sight::new(project, searches), followed: HashMap::new(), new_files: None, deadline: None }
    }

    /// What is gone after this time is not looked for elsewhere, and nothing is said of it.
    pub(super) fn until(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    fn has_time(&self) -> bool {
        self.deadline.is_none_or(|deadline| Instant::now() < deadline)
    }

    pub(super) async fn check(&mut self, anchor: &Anchor) -> Verdict {
        let says_more = anchor.symbol.is_some() || anchor.quote.is_some();
        match self.sight.at(&anchor.path).await {
            Seen::Unknown(reason) => Verdict::Unknown(reason),
            Seen::Missing => self.follow(anchor).await,
            Seen::Folder | Seen::Closed if !says_more => Verdict::Holds,
            Seen::Closed => Verdict::Unknown(format!("`{}` can't be read as text", anchor.path)),
            Seen::Folder => Verdict::Gone { what: Lost::Path },
            Seen::Text(file) if anchor.blob.as_deref() == Some(&file.blob) => Verdict::Holds,
            Seen::Text(file) => match missing(anchor, &anchor.path, &file) {
                None => Verdict::Holds,
                Some(what) => self.elsewhere(anchor, what).await,
            },
        }
    }

    /// The file is not at its path.
    async fn follow(&mut self, anchor: &Anchor) -> Verdict {
        if !self.has_time() {
            return Verdict::Unknown(format!("`{}` is gone; there was no time to see where to", anchor.path));
        }
        let became = match self.became(&anchor.path).await {
            Ok(Some(path)) if path != anchor.path => Some(path),
            // Gone since the last commit, or never in one.
            Ok(_) => self.among_new(anchor).await,
            Err(error) => return Verdict::Unknown(error.message),
        };
        let Some(path) = became else { return self.elsewhere(anchor, Lost::Path).await };
        match self.sight.at(&path).await {
            Seen::Unknown(reason) => Verdict::Unknown(reason),
            Seen::Missing => self.elsewhere(anchor, Lost::Path).await,
            Seen::Folder | Seen::Closed => Verdict::Moved(path),
            Seen::Text(file) => match missing(anchor, &path, &file) {
                None => Verdict::Moved(path),
                Some(what) => self.elsewhere(anchor, what).await,
            },
        }
    }

    async fn became(&mut self, path: &str) -> PortResult<Option<String>> {
        if let Some(known) = self.followed.get(path) {
            return known.clone();
        }
        let became = self.project.became(path).await;
        self.followed.insert(path.to_owned(), became.clone());
        became
    }

    /// A file that no commit has yet and that is what the anchor's was: renamed in the index, or with the same bytes.
    async fn among_new(&mut self, anchor: &Anchor) -> Option<String> {
        if self.new_files.is_none() {
            let changes = self.project.git_changes(Version::Head, MAX_CHANGES).await.unwrap_or_default();
            let is_new = |kind| matches!(kind, Some(ChangeKind::Added | ChangeKind::Untracked | ChangeKind::Renamed));
            let new = changes.into_iter().filter(|change| is_new(change.staged) || is_new(change.unstaged));
            self.new_files = Some(new.map(|change| (change.path, change.renamed_from)).collect());
        }
        let new = self.new_files.clone().unwrap_or_default();
        if let Some((path, _)) = new.iter().find(|(_, from)| from.as_deref() == Some(&anchor.path)) {
            return Some(path.clone());
        }
        let blob = anchor.blob.as_deref()?;
        for (path, _) in new.into_iter().take(MAX_NEW_FILES) {
            if matches!(self.sight.at(&path).await, Seen::Text(file) if file.blob == blob) {
                return Some(path);
            }
        }
        None
    }

    /// A definition that is in exactly one other file now has moved there.
    async fn elsewhere(&mut self, anchor: &Anchor, what: Lost) -> Verdict {
        if !self.has_time() {
            return Verdict::Unknown(format!("`{}` is another file now; there was no time for a search", anchor.path));
        }
        if let (Some(symbol), true) = (&anchor.symbol, what != Lost::Quote)
            && let Some([path]) = self.sight.definers(symbol).await.as_deref()
            && *path != anchor.path
            && let Seen::Text(file) = self.sight.at(path).await
            && missing(anchor, path, &file).is_none()
        {
            return Verdict::Moved(path.clone());
        }
        Verdict::Gone { what }
    }
}

fn missing(anchor: &Anchor, path: &str, file: &Text) -> Option<Lost> {
    if anchor.symbol.as_deref().is_some_and(|symbol| !defines(path, &file.text, symbol)) {
        return Some(Lost::Symbol);
    }
    anchor.quote.as_deref().is_some_and(|quote| !file.quotes(quote)).then_some(Lost::Quote)
}
