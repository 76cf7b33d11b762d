//! Projects come, go, and are taken in anew when their settings change.

use super::{Agent, StartError, place};
use crate::control::ProjectHandle;
use crate::dreams::Dreaming;
use crate::look::look;
use crate::open::{Opened, ProjectOptions, open};
use futures_util::FutureExt;
use kairos_api::{Event, ProjectChange, ProjectStatus};
use kairos_signals::SignalQueue;
use kairos_store::{ProjectDb, StoreError};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

type LoopTask = JoinHandle<Result<(), StoreError>>;

/// A loop under way, and how it is told to end.
pub(crate) struct LoopHandle {
    stop: watch::Sender<bool>,
    task: Mutex<Option<LoopTask>>,
}

impl LoopHandle {
    /// Says true when the loop is to end.
    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Ends the loop after the tick it is in. Why it may have ended before was told when it did.
    async fn end(&self) {
        let _ = self.stop.send(true);
        let _ = self.ended().await;
    }

    /// Waits until the loop has ended; a second call finds nothing to wait for.
    pub(super) async fn ended(&self) -> Result<Result<(), StoreError>, JoinError> {
        let task = self.task.lock().unwrap_or_else(|e| e.into_inner()).take();
        match task {
            Some(task) => task.await,
            None => Ok(Ok(())),
        }
    }
}

impl Agent {
    /// Starts a project's loop.
    pub(super) fn begin(&self, opened: Opened) -> Arc<ProjectHandle> {
        let options = opened.options.clone();
        let (root, slug) = (opened.project.root().to_path_buf(), options.slug.clone());
        let (view, inbox, queue) = (opened.project.clone(), opened.inbox.clone(), opened.queue.clone());
        let (recorder, tools, thinker) = (opened.recorder.clone(), opened.tools.clone(), opened.thinker.clone());
        let (own, status) = opened.into_loop(self.registry.clone(), self.ticks, self.settings_changed.clone());
        let stop = watch::Sender::new(false);
        let ended = own.run(self.stop.subscribe(), stop.subscribe());
        let (running, failed) = (self.running.clone(), status.clone());
        running.send_modify(|n| *n += 1);
        let name = inbox.project.clone();
        let task = tokio::spawn(async move {
            // A bug that one project brings out must not go unnoticed, nor end the others.
            let result = AssertUnwindSafe(ended).catch_unwind().await;
            let error = match &result {
                Ok(Ok(())) => None,
                Ok(Err(e)) => Some(e.to_string()),
                Err(_) => Some("it crashed; `kairos-run doctor` shows the report".into()),
            };
            if let Some(error) = error {
                tracing::error!("{name} is no longer watched: {error}");
                failed.lock().unwrap_or_else(|e| e.into_inner()).error = Some(error);
            }
            running.send_modify(|n| *n -= 1);
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        let handle = LoopHandle { stop, task: Mutex::new(Some(task)) };
        let dreaming = Arc::new(Dreaming::new(options.home.clone()));
        Arc::new(ProjectHandle { root, slug, options, view, inbox, queue, recorder, tools, thinker, status, handle, dreaming })
    }

    /// Takes a project in, while others are watched; one that is watched already is answered as it is.
    pub(crate) async fn add(&self, options: ProjectOptions) -> Result<Arc<ProjectHandle>, StartError> {
        let _one = self.changing.lock().await;
        if let Some(there) = self.watched(&options.root) {
            return Ok(there);
        }
        let root = options.root.clone();
        self.registry.add_project(place(&options));
        let project = match self.open(options, None).await {
            Ok(opened) => self.begin(opened),
            Err(e) => {
                self.registry.remove_project(&root);
                return Err(e);
            }
        };
        self.change_projects(|all| all.push(project.clone()));
        self.registry.reload_in_background();
        self.tell(&project, ProjectChange::Added);
        Ok(project)
    }

    /// Lets a project go, after the tick it is in. False if it is not watched.
    pub(crate) async fn remove(&self, root: &Path) -> Result<bool, StoreError> {
        let _one = self.changing.lock().await;
        let Some(project) = self.watched(root) else { return Ok(false) };
        self.change_projects(|all| all.retain(|p| p.root != root));
        project.handle.end().await;
        project.inbox.db.close().await;
        self.registry.remove_project(root);
        self.registry.reload().await?;
        self.tell(&project, ProjectChange::Removed);
        Ok(true)
    }

    /// Takes a project in anew, in its place on the list, where it answers all the while. One that can't be is let go.
    async fn replace(&self, options: ProjectOptions) -> Result<(), StartError> {
        let _one = self.changing.lock().await;
        let root = options.root.clone();
        let Some(old) = self.watched(&root) else { return Ok(()) };
        // Between the two nobody must take the only project for the last that has ended.
        self.running.send_modify(|n| *n += 1);
        old.handle.end().await;
        let result = match self.open(options, Some(old.inbox.db.clone())).await {
            Ok(opened) => {
                let new = self.begin(opened);
                self.change_projects(|all| all.iter_mut().filter(|p| p.root == root).for_each(|p| *p = new.clone()));
                Ok(())
            }
            Err(e) => {
                self.change_projects(|all| all.retain(|p| p.root != root));
                old.inbox.db.close().await;
                self.registry.remove_project(&root);
                Err(e)
            }
        };
        self.running.send_modify(|n| *n -= 1);
        self.registry.reload_in_background();
        result
    }

    /// Reads a project's settings, some of which lie in it; an error is a sentence for the user.
    pub(crate) async fn read(&self, folder: &Path) -> Result<ProjectOptions, String> {
        let (opener, path) = (self.opener.clone(), folder.to_path_buf());
        look(folder, "settings", move || opener(&path)).await.map_err(|e| e.to_string())?
    }

    async fn open(&self, options: ProjectOptions, db: Option<ProjectDb>) -> Result<Opened, StartError> {
        open(options, db, self.registry.clone(), self.several.clone(), self.events.clone(), self.manners.clone()).await
    }

    /// Waits until some project's own settings may have changed, or it has to be opened anew for another reason.
    pub async fn settings_changed(&self) {
        self.settings_changed.notified().await;
    }

    /// Reads all settings again. A project whose settings have changed is taken in anew; one whose settings can't be used
    /// keeps those that it has, and the reason is answered and told.
    pub async fn reconfigure(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for project in self.projects() {
            let problem = match self.read(&project.root).await {
                Ok(options) if options.has_settings_of(&project.options) && !project.is_outdated() => continue,
                Ok(options) => match self.replace(options).await {
                    Ok(()) => {
                        self.events.send(Event::Settings { project: project.inbox.project.clone(), error: None });
                        continue;
                    }
                    Err(e) => e.to_string(),
                },
                Err(e) => e,
            };
            self.events.send(Event::Settings { project: project.inbox.project.clone(), error: Some(problem.clone()) });
            problems.push(problem);
        }
        // What is the user's alone stands in the settings of every project.
        if let Some(project) = self.projects().first() {
            self.channels.reconfigure(&project.options.config).await;
        }
        problems
    }

    fn tell(&self, project: &ProjectHandle, change: ProjectChange) {
        self.events.send(Event::Project { project: project.inbox.project.clone(), change, why: None });
    }

    pub(super) fn change_projects(&self, change: impl FnOnce(&mut Vec<Arc<ProjectHandle>>)) {
        let mut all = self.projects.write().unwrap_or_else(|e| e.into_inner());
        change(&mut all);
        self.several.store(all.len() > 1, Relaxed);
    }

    fn watched(&self, root: &Path) -> Option<Arc<ProjectHandle>> {
        self.projects().into_iter().find(|p| p.root == root)
    }

    /// All that are watched, in the order in which they came.
    pub(crate) fn projects(&self) -> Vec<Arc<ProjectHandle>> {
        self.projects.read().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// Those of them that a request names; all where it names none.
    pub(crate) fn projects_named(&self, name: Option<&str>) -> Vec<Arc<ProjectHandle>> {
        let mut all = self.projects();
        all.retain(|p| name.is_none_or(|name| p.is(name)));
        all
    }

    /// The queue that a project's watchers fill, by the project's slug: for those who have signals of their own to add.
    /// What is pushed is seen at the next tick.
    pub fn queue(&self, slug: &str) -> Option<SignalQueue> {
        self.projects().iter().find(|p| p.slug == slug).map(|p| p.queue.clone())
    }

    /// Takes in those projects of the user's list that are not watched: after a start, or because they could not be watched
    /// before. Each that can't be now is told once, until it can.
    pub async fn watch_added(&self) -> Result<(), StoreError> {
        for project in self.registry.user.projects().await? {
            let path = Path::new(&project);
            if self.watched(path).is_some_and(|p| !p.has_failed()) {
                continue;
            }
            if let Err(why) = self.take_in(path).await {
                let news = self.failed().insert(project.clone(), why.clone()).as_ref() != Some(&why);
                if news {
                    self.events.send(Event::Project { project, change: ProjectChange::Failed, why: Some(why) });
                }
            } else {
                self.failed().remove(&project);
            }
        }
        Ok(())
    }

    /// Those projects of the user's list that are not watched, with the reason.
    pub(crate) async fn missing(&self) -> Result<Vec<ProjectStatus>, StoreError> {
        let mut missing = Vec::new();
        for path in self.registry.user.projects().await? {
            if self.watched(Path::new(&path)).is_none() {
                let error = self.failed().get(&path).cloned().unwrap_or_else(|| "it is being opened".into());
                missing.push(ProjectStatus { path, error: Some(error), ..ProjectStatus::default() });
            }
        }
        Ok(missing)
    }

    async fn take_in(&self, path: &Path) -> Result<(), String> {
        let options = self.read(path).await?;
        // One that is on the list has failed.
        self.remove(&options.root).await.map_err(|e| e.to_string())?;
        self.add(options).await.map_err(|e| e.to_string()).map(drop)
    }

    fn failed(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.failed.lock().unwrap_or_else(|e| e.into_inner())
    }
}
