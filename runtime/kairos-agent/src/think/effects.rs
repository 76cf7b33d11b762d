//! What a turn does to the world, judged where it happens: whatever a model or a tool says, no effect goes round this.

use super::governed::home;
use super::hooks::Hooked;
use super::log::Speaker;
use super::permits::{Asked, Permits, Wish};
use super::results::Results;
use super::web::WebSettings;
use crate::now;
use crate::recorder::Recorder;
use async_trait::async_trait;
use kairos_api::{AskEvent, PermissionAnswer};
use kairos_core::edit::FileEdit;
use kairos_core::memory::Origin;
use kairos_core::permission::Scope;
use kairos_core::ports::{Committed, Edit, Finished, PortResult, Process, RunOptions};
use kairos_core::{ErrorCode, PortError};
use kairos_exec::redact::Redactor;
use kairos_exec::sandbox::{self, Command, LAUNCHER};
use kairos_host::cache::content_hash;
use kairos_permit::{Action, Decision, Line, Rules, Verdict};
use kairos_project::{Planned, Project};
use serde_json::{Value, json};
use similar::TextDiff;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// So long the user may take to agree.
const PATIENCE: Duration = Duration::from_secs(600);
/// Most bytes of a difference that is shown.
const MAX_PREVIEW: usize = 64 << 10;

/// Effects of one turn.
pub(super) struct Effects {
    pub(super) view: Project,
    /// What of it may be read.
    pub(super) sight: Project,
    pub(super) recorder: Recorder,
    pub(super) session: String,
    pub(super) rules: Arc<Rules>,
    pub(super) hooks: Arc<Hooked>,
    pub(super) web: WebSettings,
    pub(super) permits: Arc<Permits>,
    pub(super) results: Arc<Results>,
    /// Whose wishes these are.
    pub(super) speaker: Speaker,
    /// A commit says so.
    pub(super) attribution: bool,
    /// The findings that the turn is about.
    pub(super) about: Vec<u64>,
    pub(super) audience: Audience,
}

/// Where a command may change something, beside the project, and where not, although it is in there.
#[derive(Clone, Copy, Default)]
pub(super) struct Places<'a> {
    pub(super) writable: &'a [PathBuf],
    pub(super) fixed: &'a [PathBuf],
}

/// Who looks on.
pub(super) enum Audience {
    /// The user, who can be asked.
    User(Sender<AskEvent>),
    /// Somebody who reads, and can't be asked.
    Reader(Sender<AskEvent>),
    /// Nobody: a tick began the turn.
    Nobody,
}

impl Audience {
    fn is_there(&self) -> bool {
        matches!(self, Self::User(_))
    }
}

impl crate::tools::Effects for Effects {
    fn sight(&self) -> &Project {
        &self.sight
    }
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
        for path in &paths {
            let input = json!({"file_path": self.view.root().join(path), "new_string": preview});
            self.hooks.before_effect("Edit", input).await.or_else(denied)?;
        }
        self.permit(verdict, paths, action, &preview).await?;
        self.view.apply(planned).await?;
        self.results.changed(now());
        self.recorder.turn(Origin::Model, "turn.edit", &shown(&preview), &self.session, now());
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
        self.run_line(command, options, Vec::new(), "", Places::default()).await
    }

    async fn commit(&self, message: &str, paths: Vec<String>) -> PortResult<Committed> {
        self.make_commit(message, paths).await
    }
}

fn failed(error: &dyn std::error::Error) -> PortError {
    PortError::new(ErrorCode::Other, error.to_string())
}

impl Effects {
    /// Runs a command line, if that may be. `about` is what the rules say of the files that it is about, `told` what the user sees of them.
    pub(super) async fn run_line(
        &self,
        command: &str,
        options: RunOptions,
        about: Vec<Verdict>,
        told: &str,
        places: Places<'_>,
    ) -> PortResult<Finished> {
        let root = self.view.root();
        let line = Line::parse(command, root, &home());
        let how = sandbox::available();
        // Whatever is allowed is allowed in a sandbox.
        let unconfined =
            (!how.is_whole()).then(|| Verdict { decision: Decision::Ask, by: None, why: format!("it would be {how}").into() });
        let verdicts = about.into_iter().chain([self.rules.judge_real(&Action::Command(&line))]).chain(unconfined);
        let mut with = if options.network { " with connections to the network" } else { "" }.to_owned();
        if !how.is_whole() {
            with += " that this system can't confine: it could reach all that you can";
        }
        let key = BTreeSet::from([format!("$ {}{with}", line.text())]);
        self.hooks.before_effect("Bash", json!({"command": line.text()})).await.or_else(denied)?;
        let preview = format!("$ {}\n{told}", line.text());
        // What is asked for a reason is not spared by a hook that allows what no rule speaks of.
        let strictest = verdicts.max_by_key(|v| (v.decision, !v.is_for_want_of_a_rule()));
        self.permit(strictest, key, format!("run a command{with}"), &preview).await?;
        let time = Duration::from_secs(u64::from(options.timeout_s));
        let mut wish = Command { time, network: options.network, ..Command::line(line.text(), root) };
        wish.confined = how.is_whole();
        wish.writable.extend_from_slice(places.writable);
        wish.fixed.extend_from_slice(places.fixed);
        let own = std::env::current_exe().map_err(|e| failed(&e))?;
        let done = sandbox::run(&wish, (&own, LAUNCHER)).await.map_err(|e| failed(&e))?;
        let output = Redactor::from_env().redact(&done.output);
        let told = format!("$ {} (exit {})\n{output}", line.text(), done.exit);
        self.results.ran(line.text(), done.exit == 0 && !done.timed_out, now());
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

    /// So long the user may take to agree, if he is there.
    pub(super) fn users_patience(&self) -> Duration {
        if self.audience.is_there() { PATIENCE } else { Duration::ZERO }
    }

    /// By the rules, by what the user said before, else by the user. `keys` are what he may allow for longer than once; `preview` is
    /// exactly what would be done.
    pub(super) async fn permit(
        &self,
        verdict: Option<Verdict>,
        keys: BTreeSet<String>,
        action: String,
        preview: &str,
    ) -> PortResult<()> {
        let rule = match verdict {
            Some(Verdict { decision: Decision::Allow, .. }) => return Ok(()),
            Some(verdict @ Verdict { decision: Decision::Deny, .. }) => {
                return denied(format!("the user's rules forbid to {action}: {}", why(&verdict)));
            }
            Some(verdict) if verdict.is_for_want_of_a_rule() && self.hooks.allows() => return Ok(()),
            Some(verdict) => why(&verdict),
            None => String::new(),
        };
        let wish = Wish { keys, action, preview: preview.into(), rule };
        match self.permits.remembered(&wish.wanted(&self.session)).await {
            Some(known) if known.allow => return Ok(()),
            // Who is there may think otherwise by now.
            Some(_) if !self.audience.is_there() => {
                return denied(format!("the user was asked already, and did not agree to {}: do without it", wish.action));
            }
            _ => {}
        }
        match &self.audience {
            Audience::User(user) => self.ask(wish, user).await,
            Audience::Reader(reader) => self.put_off(wish, Some(reader)).await,
            Audience::Nobody => self.put_off(wish, None).await,
        }
    }

    /// Whether a tool that is not ours may be called with this.
    pub(super) async fn use_tool(&self, name: &str, input: &Value) -> PortResult<()> {
        let preview = format!("{name} {}\n", serde_json::to_string_pretty(input).unwrap_or_default());
        let keys = BTreeSet::from([format!("{name} {input}")]);
        self.permit(Some(self.rules.judge_real(&Action::Tool(name))), keys, format!("call {name}"), &preview).await
    }

    /// May it be called without asking anybody?
    pub(super) fn is_allowed(&self, tool: &str) -> bool {
        self.rules.judge_real(&Action::Tool(tool)).decision == Decision::Allow
    }

    async fn ask(&self, wish: Wish, user: &Sender<AskEvent>) -> PortResult<()> {
        let Asked { id, answer } = self.permits.ask();
        let event = AskEvent::Permission {
            id: id.clone(),
            action: wish.action.clone(),
            preview: shown(&wish.preview),
            rule: wish.rule.clone(),
        };
        self.hooks.notify(format!("kairos-run needs your permission to {}", wish.action));
        if user.send(event).await.is_err() {
            return denied("nobody is there any more".into());
        }
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer @ PermissionAnswer { allow: true, scope })) => {
                if scope != Scope::Once {
                    let (action, wanted) = (self.permits.in_words(&wish), wish.wanted(&self.session));
                    if let Err(e) = self.permits.remember(&id, action, wanted, Vec::new(), answer).await {
                        tracing::error!("what the user agreed to can't be kept: {e}");
                    }
                }
                Ok(())
            }
            Ok(_) => denied(format!("the user does not agree to {}: ask him what he wants instead", wish.action)),
            Err(_) => {
                self.permits.forget(&id);
                denied(format!("nobody answered within {} min", PATIENCE.as_secs() / 60))
            }
        }
    }

    /// Nobody is there: the question goes into the inbox, and the turn goes on without.
    async fn put_off(&self, wish: Wish, reader: Option<&Sender<AskEvent>>) -> PortResult<()> {
        let action = &wish.action;
        let Some(waiting) = self.permits.put_off(&wish, &self.session, &self.about).await else {
            return denied(format!("nobody is there to agree to {action}"));
        };
        if let Some(reader) = reader {
            // Who does not read finds it in the inbox.
            let _ = reader.send(AskEvent::Waits { id: waiting.id, action: waiting.action, until: waiting.until }).await;
        }
        denied(format!(
            "nobody is there to agree to {action}: this waits for the user's agreement, and is not done. Don't try it again now; do what \
             can be done without it and end your turn. You are told when he agrees"
        ))
    }
}

fn denied(text: String) -> PortResult<()> {
    Err(PortError::new(ErrorCode::Denied, text))
}

/// Which rule, or why none is enough.
pub(super) fn why(verdict: &Verdict) -> String {
    match &verdict.by {
        Some(rule) => rule.to_string(),
        None => verdict.why.to_string(),
    }
}

/// What changes, as a unified difference.
fn preview(planned: &[Planned]) -> String {
    // What is no text is named by its digest: one who agrees to this does not agree to something else that looks the same.
    let text = |bytes: &Option<Vec<u8>>| match std::str::from_utf8(bytes.as_deref().unwrap_or_default()) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let bytes = bytes.as_deref().unwrap_or_default();
            format!("{} bytes that are no text, SHA-256 {}\n", bytes.len(), content_hash(bytes))
        }
    };
    let name = |side: char, path: &str, there: bool| if there { format!("{side}/{path}") } else { "/dev/null".into() };
    let one = |p: &Planned| {
        let (old, new) = (text(&p.old), text(&p.new));
        let (from, to) = (name('a', &p.path, p.old.is_some()), name('b', &p.path, p.new.is_some()));
        TextDiff::from_lines(&old, &new).unified_diff().context_radius(3).header(&from, &to).to_string()
    };
    planned.iter().map(one).collect()
}

/// As much of it as fits on a screen.
pub(super) fn shown(preview: &str) -> String {
    let cut = preview.floor_char_boundary(MAX_PREVIEW);
    if cut == preview.len() { preview.into() } else { format!("{}\n[the rest is left out]\n", &preview[..cut]) }
}
