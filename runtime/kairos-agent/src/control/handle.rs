//! What the API reaches of a watched project.

use super::internal;
use crate::agent::LoopHandle;
use crate::dreams::Dreaming;
use crate::inbox::Inbox;
use crate::open::ProjectOptions;
use crate::project_loop::LoopStatus;
use crate::recorder::Recorder;
use crate::scan::Place;
use crate::think::Thinker;
use crate::tools::Tools;
use kairos_api::{ApiResult, ProjectStatus};
use kairos_project::Project;
use kairos_signals::SignalQueue;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A watched project, as the API reaches it.
pub(crate) struct ProjectHandle {
    pub(crate) root: PathBuf,
    pub(crate) slug: String,
    pub(crate) options: ProjectOptions,
    pub(crate) view: Project,
    pub(crate) inbox: Inbox,
    pub(crate) queue: SignalQueue,
    pub(crate) recorder: Recorder,
    pub(crate) tools: Tools,
    pub(crate) thinker: Thinker,
    pub(crate) status: Arc<Mutex<LoopStatus>>,
    pub(crate) handle: LoopHandle,
    pub(crate) dreaming: Arc<Dreaming>,
}

impl ProjectHandle {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.slug == name || self.root == Path::new(name)
    }

    pub(super) async fn describe(&self) -> ApiResult<ProjectStatus> {
        self.review_dreams().await;
        let status = self.status.lock().unwrap_or_else(|e| e.into_inner()).clone();
        Ok(ProjectStatus {
            path: self.root.display().to_string(),
            slug: self.slug.clone(),
            tick: status.ticks,
            every_ms: status.every.as_millis() as u64,
            on_battery: status.on_battery,
            last_tick: status.last_tick,
            next_tick: status.next_tick,
            // A project whose database is broken still has a status.
            open: if status.error.is_none() { self.inbox.open().await.map_err(internal)? } else { Default::default() },
            watch: status.watch,
            dropped_signals: status.dropped,
            paused_until: self.queue.paused_until(),
            git: status.git_dir.is_some(),
            dreams: self.dreaming.status(self.options.config.flag("dream.auto")),
            error: status.error,
        })
    }

    pub(crate) fn is_outdated(&self) -> bool {
        self.status.lock().unwrap_or_else(|e| e.into_inner()).outdated
    }

    /// Is anything known of it?
    pub(crate) fn has_ticked(&self) -> bool {
        self.status.lock().unwrap_or_else(|e| e.into_inner()).ticks > 0
    }

    /// Has its loop ended before its time?
    pub(crate) fn has_failed(&self) -> bool {
        self.status.lock().unwrap_or_else(|e| e.into_inner()).error.is_some()
    }

    pub(super) fn place(&self) -> Place {
        Place { root: self.root.clone(), slug: self.slug.clone() }
    }
}
