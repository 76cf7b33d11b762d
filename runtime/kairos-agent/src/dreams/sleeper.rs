//! Whose memory dreams: a project's, or the user's own. What the latter hears of is what the watched projects know of him.

use super::review::Dreaming;
use super::{DreamError, open};
use crate::agent::Agent;
use crate::control::ProjectHandle;
use crate::inbox::Inbox;
use crate::upkeep::USERS;
use kairos_core::config::Config;
use kairos_memory::dream::{Fallen, Told, rising};
use kairos_memory::memory::{Error, Home};
use kairos_project::Project;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// A memory, with what a dream over it takes.
#[derive(Clone)]
pub(crate) struct Sleeper {
    /// Its name among our data.
    pub(super) name: String,
    pub(crate) dreaming: Arc<Dreaming>,
    pub(crate) config: Config,
    /// Where the user is told of its dreams. His own memory uses the inbox of the project that is watched first.
    pub(super) inbox: Inbox,
    pub(super) whose: Whose,
    /// Says true when that inbox goes.
    pub(super) stopped: watch::Receiver<bool>,
}

#[derive(Clone)]
pub(super) enum Whose {
    /// Its claims point at files here.
    Project { root: PathBuf, view: Project },
    /// It hears from these projects, by their names.
    User(Vec<(String, Home)>),
}

impl Sleeper {
    /// As events name it: the project's folder.
    pub(super) fn title(&self) -> String {
        match self.whose {
            Whose::Project { .. } => self.inbox.project.clone(),
            Whose::User(_) => USERS.into(),
        }
    }

    /// What the projects know of the user and may hold everywhere. One whose memory can't be read has nothing to say. Waits for the disk.
    pub(super) fn told(&self) -> Vec<Told> {
        let Whose::User(projects) = &self.whose else { return vec![] };
        let mut told = vec![];
        for (name, home) in projects.iter().filter(|(_, home)| home.has_claims()) {
            match open(home.clone()).and_then(|memory| memory.about_user(name)) {
                Ok(known) => told.extend(known),
                Err(e) => tracing::warn!("what {name} knows of you can't be read: {e}"),
            }
        }
        rising(told)
    }

    /// What of a dream that waits no longer stands in the project.
    pub(crate) async fn fallen(&self, id: &str) -> Result<Fallen, Error> {
        let Whose::Project { view, .. } = &self.whose else { return Ok(Fallen::default()) };
        let home = self.dreaming.home().clone();
        let memory = crate::drift::blocking(move || open(home)).await?;
        Fallen::of(&memory, id, view).await
    }

    /// How much is new, counted up to `most`. A claim of a project is worth a dream by itself: it was learnt from many observations.
    pub(super) fn count_new(&self, most: usize) -> Result<usize, DreamError> {
        let memory = open(self.dreaming.home().clone())?;
        if let Whose::User(_) = self.whose {
            let last = memory.dreams()?.first().map_or(0, |dream| dream.time);
            if self.told().iter().any(|told| told.recorded() > last) {
                return Ok(most);
            }
        }
        Ok(memory.count_new(most)?)
    }
}

impl ProjectHandle {
    /// Its memory, to dream over.
    pub(crate) fn sleeper(&self) -> Sleeper {
        Sleeper {
            name: self.slug.clone(),
            dreaming: self.dreaming.clone(),
            config: self.options.config.clone(),
            inbox: self.inbox.clone(),
            whose: Whose::Project { root: self.root.clone(), view: self.view.clone() },
            stopped: self.handle.stopped(),
        }
    }

    /// Brings the inbox and the status in line with the files, where these have changed.
    pub(crate) async fn review_dreams(&self) {
        if !self.has_failed() {
            self.sleeper().review().await;
        }
    }
}

impl Agent {
    /// The user's own memory; none where no project is watched: what he has set is read with those.
    pub(crate) fn users_sleeper(&self) -> Option<Sleeper> {
        let projects: Vec<Arc<ProjectHandle>> = self.projects().into_iter().filter(|p| !p.has_failed()).collect();
        let first = projects.first()?;
        let home = &first.options.users_home;
        let mut kept = self.users_dreaming.lock().unwrap_or_else(|e| e.into_inner());
        let dreaming = match kept.as_ref().filter(|known| known.home().places.private == home.places.private) {
            Some(known) => known.clone(),
            None => kept.insert(Arc::new(Dreaming::new(home.clone()))).clone(),
        };
        Some(Sleeper {
            name: USERS.into(),
            dreaming,
            config: first.options.users_config.clone(),
            inbox: first.inbox.clone(),
            whose: Whose::User(projects.iter().map(|p| (p.slug.clone(), p.options.home.clone())).collect()),
            stopped: first.handle.stopped(),
        })
    }

    /// As [`ProjectHandle::review_dreams`], of the user's own memory.
    pub(crate) async fn review_users_dreams(&self) {
        if let Some(users) = self.users_sleeper() {
            users.review().await;
        }
    }
}
