//! Anchors for a claim: of what its text names, that which is in the project now.

use super::define::defines;
use super::mention::{Mentions, is_code_form, mentions};
use super::sight::{Seen, Sight};
use kairos_core::memory::{Anchor, MAX_CLAIM};
use kairos_core::ports::{FileKind, ProjectView};
use std::collections::BTreeSet;

/// Searches through the project for the names of one claim.
const MAX_SEARCHES: usize = 6;
/// Most anchors of a claim.
const MAX_ANCHORS: usize = 8;
/// Pages of 1,000 files that are listed to find a file by its name; in a bigger project only whole paths are found.
const MAX_PAGES: usize = 20;

/// The anchors of a claim's text. A name that is not found, or found in several places, has none: a wrong anchor would make a good
/// claim stale. At most 8, sorted.
pub async fn find(text: &str, project: &dyn ProjectView) -> Vec<Anchor> {
    Finder::new(project).find(text).await
}

/// Finds anchors for several claims while the project stays as it is: what was read for one is known for the next.
pub struct Finder<'a> {
    project: &'a dyn ProjectView,
    sight: Sight<'a>,
    /// All files; `None` inside where there are too many.
    files: Option<Option<Vec<String>>>,
}

impl<'a> Finder<'a> {
    /// Looks at the project as it is from now on.
    pub fn new(project: &'a dyn ProjectView) -> Self {
        Self { project, sight: Sight::new(project, MAX_SEARCHES), files: None }
    }

    /// As [`find()`].
    pub async fn find(&mut self, text: &str) -> Vec<Anchor> {
        if text.len() > MAX_CLAIM {
            return Vec::new();
        }
        self.sight.renew(MAX_SEARCHES);
        let Mentions { paths, symbols, tasks, quotes } = mentions(text);
        let mut places = Vec::new();
        for path in &paths {
            if let Some(place) = self.resolve(path).await
                && !places.contains(&place)
            {
                places.push(place);
            }
        }
        let mut anchors = BTreeSet::new();
        for (task, files) in &tasks {
            for file in *files {
                if self.defines(file, task).await {
                    anchors.insert(self.anchor(file, Some(task), None).await);
                    break;
                }
            }
        }
        for symbol in &symbols {
            for file in self.defining(symbol, &places).await {
                anchors.insert(self.anchor(&file, Some(symbol), None).await);
            }
        }
        for quote in &quotes {
            for place in &places {
                if matches!(self.sight.at(place).await, Seen::Text(file) if file.quotes(quote)) {
                    anchors.insert(self.anchor(place, None, Some(quote)).await);
                    break;
                }
            }
        }
        // What is said of a file's content says that the file is there.
        for place in &places {
            if !anchors.iter().any(|anchor| anchor.path == *place) {
                anchors.insert(self.anchor(place, None, None).await);
            }
        }
        anchors.into_iter().take(MAX_ANCHORS).collect()
    }

    async fn anchor(&mut self, path: &str, symbol: Option<&str>, quote: Option<&str>) -> Anchor {
        let blob = match self.sight.at(path).await {
            Seen::Text(file) => Some(file.blob.clone()),
            _ => None,
        };
        Anchor { path: path.to_owned(), blob, symbol: symbol.map(str::to_owned), quote: quote.map(str::to_owned) }
    }

    async fn defines(&mut self, path: &str, symbol: &str) -> bool {
        matches!(self.sight.at(path).await, Seen::Text(file) if defines(path, &file.text, symbol))
    }

    /// The named files that define it; else the only file that does, if the name is one that nobody uses by chance.
    async fn defining(&mut self, symbol: &str, places: &[String]) -> Vec<String> {
        let mut named = Vec::new();
        for place in places {
            if self.defines(place, symbol).await {
                named.push(place.clone());
            }
        }
        if !named.is_empty() || !is_code_form(symbol) || symbol.contains('-') {
            return named;
        }
        self.sight.definers(symbol).await.filter(|files| files.len() == 1).unwrap_or_default()
    }

    /// The path itself, or the only file whose path ends so.
    async fn resolve(&mut self, path: &str) -> Option<String> {
        let folder = path.ends_with('/');
        let path = path.trim_end_matches('/');
        match self.sight.at(path).await {
            Seen::Text(_) | Seen::Closed if !folder => return self.is_file(path).await.then(|| path.to_owned()),
            // A folder is named with a `/`: `docs` alone is a word.
            Seen::Folder if folder || path.contains('/') => return Some(path.to_owned()),
            Seen::Missing if !folder => {}
            _ => return None,
        }
        let end = format!("/{path}");
        let mut found = self.files().await?.iter().filter(|file| file.ends_with(&end));
        let only = found.next().cloned();
        only.filter(|_| found.next().is_none())
    }

    /// Is there such a file, even if it can't be read? What the project refuses to look at is no anchor.
    async fn is_file(&self, path: &str) -> bool {
        self.project.stat(path).await.is_ok_and(|info| matches!(info.kind, FileKind::File | FileKind::Link))
    }

    async fn files(&mut self) -> Option<&[String]> {
        if self.files.is_none() {
            self.files = Some(self.list().await);
        }
        self.files.as_ref().and_then(|files| files.as_deref())
    }

    async fn list(&self) -> Option<Vec<String>> {
        let (mut files, mut after) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let page = self.project.list_files("", 0, after.as_deref()).await.ok()?;
            files.extend(page.entries.into_iter().map(|entry| entry.path));
            after = page.next;
            if after.is_none() {
                return Some(files);
            }
        }
        None
    }
}
