//! What holds for a turn: the user's rules and hooks as his files have them when it begins, and so what it may read and do.

use super::Inner;
use super::effects::{Audience, Effects, why};
use super::hooks::Hooked;
use super::log::Speaker;
use super::web::WebSettings;
use kairos_core::config::Config;
use kairos_core::ports::{ErrorCode, PortError, PortResult};
use kairos_permit::{Decision, Mode, Own, Place, Rules};
use kairos_project::Project;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Inner {
    /// What a turn may do to the world.
    pub(super) async fn effects(
        &self,
        session: &str,
        speaker: Speaker,
        about: Vec<u64>,
        audience: Audience,
    ) -> PortResult<Effects> {
        let (rules, hooks) = self.governed(session, !matches!(audience, Audience::Nobody)).await?;
        Ok(Effects {
            sight: sight(&self.view, &rules),
            rules,
            hooks,
            view: self.view.clone(),
            recorder: self.recorder.clone(),
            session: session.to_owned(),
            web: WebSettings::new(&self.config, self.registry.user.clone()),
            permits: self.permits.clone(),
            results: self.results.clone(),
            speaker,
            attribution: self.config.flag("git.attribution"),
            about,
            audience,
        })
    }

    /// The user's rules and hooks, as his files have them now.
    pub(super) async fn governed(&self, session: &str, attended: bool) -> PortResult<(Arc<Rules>, Arc<Hooked>)> {
        let (view, config, id) = (self.view.clone(), self.config.clone(), session.to_owned());
        let read = tokio::task::spawn_blocking(move || {
            let rules = rules(&view, &config, attended);
            let hooks = Hooked::load(&view, &config, &home(), &id, rules.mode());
            (Arc::new(rules), Arc::new(hooks))
        });
        read.await.map_err(|e| PortError::new(ErrorCode::Other, format!("the rules can't be read: {e}")))
    }
}

/// The rules that hold in a project now: the user's files, and his kairos.toml. Reads files.
fn rules(view: &Project, config: &Config, attended: bool) -> Rules {
    let own = Own {
        file: "kairos.toml".into(),
        allow: config.list("permissions.allow"),
        ask: config.list("permissions.ask"),
        deny: config.list("permissions.deny"),
        mode: Mode::named(config.text("permissions.default-mode")),
    };
    let is_own_mode = own.mode.is_some();
    let (project, home) = (view.clone(), home());
    // What a project's own files allow may come from a stranger, and nobody can be asked here whether it does.
    let place = Place { project: view.root(), home: &home, trusted: false };
    let (mut rules, problems) = Rules::load(place, &[own], Arc::new(move |path| project.private_paths().is_private(path)));
    problems.iter().for_each(|problem| tracing::warn!("permissions: {problem}"));
    if !attended && !is_own_mode {
        // Set for sessions of another agent, at which the user looks on.
        rules.edits_ask();
    }
    rules
}

/// What a turn sees of a project: without the files that the user's rules forbid to read. Where a rule wants it asked, that is told:
/// a reading tool reads many files, and nobody answers for each.
fn sight(view: &Project, rules: &Arc<Rules>) -> Project {
    if !rules.limit_reading() {
        return view.clone();
    }
    let rules = rules.clone();
    view.without(Arc::new(move |path| {
        let verdict = rules.on_reading(Path::new(path))?;
        Some(match verdict.decision {
            Decision::Deny => format!("the user's rules forbid it: {}", why(&verdict)),
            _ => format!("the user wants to be asked before: {}; ask him for what you need of it", why(&verdict)),
        })
    }))
}

pub(super) fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_else(|| "/".into())
}
