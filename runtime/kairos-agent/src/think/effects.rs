//! What a turn does to the world, judged where it happens: whatever a model or a tool says, no effect goes round this.

use super::permits::{Asked, Permits};
use crate::now;
use crate::recorder::Recorder;
use async_trait::async_trait;
use kairos_api::{AskEvent, PermissionAnswer};
use kairos_core::edit::FileEdit;
use kairos_core::memory::Origin;
use kairos_core::ports::{Edit, PortResult};
use kairos_core::{ErrorCode, PortError};
use kairos_project::{Planned, Project};
use similar::TextDiff;
use std::collections::BTreeSet;
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
    pub(super) permits: Arc<Permits>,
    /// Who is there to be asked; nobody in a turn that a tick began.
    pub(super) user: Option<Sender<AskEvent>>,
    /// Paths that the user lets change in this conversation without asking again.
    pub(super) allowed: Arc<Mutex<BTreeSet<String>>>,
}

#[async_trait]
impl Edit for Effects {
    fn patience(&self) -> Duration {
        if self.user.is_some() { PATIENCE } else { Duration::ZERO }
    }

    async fn apply(&self, edits: Vec<FileEdit>) -> PortResult<()> {
        let planned = self.view.plan(edits).await?;
        let preview = preview(&planned);
        self.permit(&planned, &preview).await?;
        self.view.apply(planned).await?;
        self.recorder.turn(Origin::Model, "turn.edit", &preview, &self.session, now());
        Ok(())
    }
}

impl Effects {
    async fn permit(&self, planned: &[Planned], preview: &str) -> PortResult<()> {
        let denied = |text: String| Err(PortError::new(ErrorCode::Denied, text));
        let paths: BTreeSet<String> = planned.iter().map(|p| p.path.clone()).collect();
        let allowed = || self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        if paths.is_subset(&allowed()) {
            return Ok(());
        }
        let names = paths.iter().cloned().collect::<Vec<_>>().join(", ");
        let Some(user) = &self.user else {
            return denied(format!("nobody is there to agree that {names} changes"));
        };
        let Asked { id, answer } = self.permits.ask();
        let action = format!("change {names}");
        let event = AskEvent::Permission { id: id.clone(), action, preview: preview.into(), rule: String::new() };
        if user.send(event).await.is_err() {
            return denied("nobody is there any more".into());
        }
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(PermissionAnswer { allow: true, again })) => {
                if again {
                    allowed().extend(paths);
                }
                Ok(())
            }
            Ok(_) => denied(format!("the user does not want {names} changed so: ask him what he wants instead")),
            Err(_) => {
                self.permits.forget(&id);
                denied(format!("nobody answered within {} min", PATIENCE.as_secs() / 60))
            }
        }
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
