//! What a turn does to the world, judged where it happens: whatever a model or a tool says, no effect goes round this.

use super::permits::{Asked, Permits};
use super::web::WebSettings;
use crate::now;
use crate::recorder::Recorder;
use async_trait::async_trait;
use kairos_api::{AskEvent, PermissionAnswer};
use kairos_core::config::Config;
use kairos_core::edit::FileEdit;
use kairos_core::memory::Origin;
use kairos_core::ports::{Edit, Finished, PortResult, Process, RunOptions};
use kairos_core::{ErrorCode, PortError};
use kairos_exec::redact::Redactor;
use kairos_exec::sandbox::{self, Command, LAUNCHER, SandboxError};
use kairos_permit::{Action, Decision, Line, Mode, Own, Place, Rules, Verdict};
use kairos_project::{Planned, Project};
use similar::TextDiff;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// So long the user may take to agree.
const PATIENCE: Duration = Duration::from_secs(600);
/// Most bytes of a difference that is shown.
const MAX_PREVIEW: usize = 64 << 10;

/// Effects of one turn.
pub(super) struct Effects {
    pub(super) view: Project,
    pub(super) recorder: Recorder,
    pub(super) session: String,
    pub(super) rules: Rules,
    pub(super) web: WebSettings,
    pub(super) permits: Arc<Permits>,
    /// Who is there to be asked; nobody in a turn that a tick began.
    pub(super) user: Option<Sender<AskEvent>>,
    /// Paths, and command lines, that the user allows in this conversation without being asked again.
    pub(super) allowed: Arc<Mutex<BTreeSet<String>>>,
}

/// The rules that hold in a project now: the user's files, and his kairos.toml. Reads files.
pub(super) fn rules(view: &Project, config: &Config) -> Rules {
    let own = Own {
        file: "kairos.toml".into(),
        allow: config.list("permissions.allow"),
        ask: config.list("permissions.ask"),
        deny: config.list("permissions.deny"),
        mode: Mode::named(config.text("permissions.default-mode")),
    };
    let (project, home) = (view.clone(), home());
    // What a project's own files allow may come from a stranger, and nobody can be asked here whether it does.
    let place = Place { project: view.root(), home: &home, trusted: false };
    let (rules, problems) = Rules::load(place, &[own], Arc::new(move |path| project.private_paths().is_private(path)));
    problems.iter().for_each(|problem| tracing::warn!("permissions: {problem}"));
    rules
}

fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_else(|| "/".into())
}

#[async_trait]
impl Edit for Effects {
    fn patience(&self) -> Duration {
        self.users_patience()
    }

    async fn apply(&self, edits: Vec<FileEdit>) -> PortResult<()> {
        let planned = self.view.plan(edits).await?;
        let preview = preview(&planned);
        let paths: BTreeSet<String> = planned.iter().map(|p| p.path.clone()).collect();
        let verdicts = paths.iter().map(|path| self.rules.judge_real(&Action::Edit(Path::new(path))));
        let verdict = verdicts.max_by_key(|v| v.decision);
        let action = format!("change {}", paths.iter().cloned().collect::<Vec<_>>().join(", "));
        self.permit(verdict, paths, action, &preview).await?;
        self.view.apply(planned).await?;
        self.recorder.turn(Origin::Model, "turn.edit", &preview, &self.session, now());
        Ok(())
    }
}

#[async_trait]
impl Process for Effects {
    fn patience(&self) -> Duration {
        // A command may take as long as the user, behind him.
        PATIENCE + self.users_patience()
    }

    async fn run(&self, command: &str, options: RunOptions) -> PortResult<Finished> {
        let root = self.view.root();
        let line = Line::parse(command, root, &home());
        let verdict = self.rules.judge_real(&Action::Command(&line));
        let network = if options.network { " with connections to the network" } else { "" };
        let key = BTreeSet::from([format!("$ {}{network}", line.text())]);
        self.permit(Some(verdict), key, format!("run a command{network}"), &format!("$ {}\n", line.text())).await?;
        let time = Duration::from_secs(u64::from(options.timeout_s));
        let wish = Command { time, network: options.network, ..Command::line(line.text(), root) };
        let own = std::env::current_exe().map_err(|e| failed(&e))?;
        let done = sandbox::run(&wish, (&own, LAUNCHER)).await.map_err(|e| match e {
            SandboxError::Unconfined(_) => PortError::new(ErrorCode::Unavailable, e.to_string()),
            other => failed(&other),
        })?;
        let output = Redactor::from_env().redact(&done.output);
        let told = format!("$ {} (exit {})\n{output}", line.text(), done.exit);
        self.recorder.turn(Origin::Model, "turn.command", &told, &self.session, now());
        Ok(Finished {
            exit: done.exit,
            output,
            omitted: done.truncated,
            timed_out: done.timed_out,
            duration_ms: done.duration.as_millis() as u64,
            confinement: done.sandboxed.to_string(),
        })
    }
}

fn failed(error: &dyn std::error::Error) -> PortError {
    PortError::new(ErrorCode::Other, error.to_string())
}

impl Effects {
    /// So long the user may take to agree, if he is there.
    pub(super) fn users_patience(&self) -> Duration {
        if self.user.is_some() { PATIENCE } else { Duration::ZERO }
    }

    /// By the rules, else by the user. `keys` are what he may allow for the rest of the conversation.
    pub(super) async fn permit(
        &self,
        verdict: Option<Verdict>,
        keys: BTreeSet<String>,
        action: String,
        preview: &str,
    ) -> PortResult<()> {
        let denied = |text: String| Err(PortError::new(ErrorCode::Denied, text));
        let allowed = || self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = match verdict {
            Some(Verdict { decision: Decision::Allow, .. }) => return Ok(()),
            Some(verdict @ Verdict { decision: Decision::Deny, .. }) => {
                return denied(format!("the user's rules forbid to {action}: {}", why(&verdict)));
            }
            Some(verdict) => why(&verdict),
            None => String::new(),
        };
        if keys.is_subset(&allowed()) {
            return Ok(());
        }
        let Some(user) = &self.user else {
            return denied(format!("nobody is there to agree to {action}"));
        };
        let Asked { id, answer } = self.permits.ask();
        let event = AskEvent::Permission { id: id.clone(), action: action.clone(), preview: preview.into(), rule };
        if user.send(event).await.is_err() {
            return denied("nobody is there any more".into());
        }
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(PermissionAnswer { allow: true, again })) => {
                if again {
                    allowed().extend(keys);
                }
                Ok(())
            }
            Ok(_) => denied(format!("the user does not agree to {action}: ask him what he wants instead")),
            Err(_) => {
                self.permits.forget(&id);
                denied(format!("nobody answered within {} min", PATIENCE.as_secs() / 60))
            }
        }
    }
}

/// Which rule, or why none is enough.
fn why(verdict: &Verdict) -> String {
    match &verdict.by {
        Some(rule) => rule.to_string(),
        None => verdict.why.to_string(),
    }
}

/// What changes, as a unified difference.
fn preview(planned: &[Planned]) -> String {
    let text = |bytes: &Option<Vec<u8>>| String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
    let name = |side: char, path: &str, there: bool| if there { format!("{side}/{path}") } else { "/dev/null".into() };
    let one = |p: &Planned| {
        let (old, new) = (text(&p.old), text(&p.new));
        let (from, to) = (name('a', &p.path, p.old.is_some()), name('b', &p.path, p.new.is_some()));
        TextDiff::from_lines(&old, &new).unified_diff().context_radius(3).header(&from, &to).to_string()
    };
    let mut all: String = planned.iter().map(one).collect();
    if all.len() > MAX_PREVIEW {
        all.truncate(all.floor_char_boundary(MAX_PREVIEW));
        all += "\n[the rest is left out]\n";
    }
    all
}
