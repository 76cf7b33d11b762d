//! What waits for the user's word, and what he said.
//!
//! Who is there is asked at once. Who is not finds the question in his inbox: see [`super::waiting`].

use super::waiting::Waiting;
use crate::inbox::Inbox;
use crate::now;
use kairos_api::PermissionAnswer;
use kairos_core::Millis;
use kairos_core::finding::one_line;
use kairos_core::permission::Scope;
use kairos_exec::redact::Redactor;
use kairos_host::cache::content_hash;
use kairos_store::{Permission, StoreError, Wanted};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

const DAY: Millis = 86_400_000;
/// Characters of what is to be done, as the user sees it in a list.
const MAX_ACTION: usize = 300;

/// What a turn wants to do.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// Paths, command lines, hosts: what the user may agree to for longer.
    pub(super) keys: BTreeSet<String>,
    /// In words: `change src/lib.rs`.
    pub(super) action: String,
    /// Exactly what would be done.
    pub(super) preview: String,
    /// Which rule wants it asked, or why it is; may be empty.
    pub(super) rule: String,
}

impl Wish {
    /// As answers name it: by digests, since a command line may hold a secret.
    pub(super) fn wanted(&self, session: &str) -> Wanted {
        let keys: Vec<String> = self.keys.iter().map(|key| content_hash(key.as_bytes())).collect();
        let whole = content_hash(format!("{}\n{}\n{}", keys.join(" "), self.action, self.preview).as_bytes());
        Wanted { whole, keys, session: session.into() }
    }
}

/// The questions of one project, and the answers to them.
pub(crate) struct Permits {
    pub(super) inbox: Inbox,
    /// How long a question waits in the inbox; zero: none does.
    pub(super) wait: Duration,
    redactor: Redactor,
    open: Mutex<Open>,
}

/// Questions without an answer.
#[derive(Default)]
pub(super) struct Open {
    /// To a user who is there.
    asked: HashMap<String, oneshot::Sender<PermissionAnswer>>,
    /// In the inbox.
    pub(super) waiting: Vec<Waiting>,
}

/// A question that was asked.
pub(super) struct Asked {
    /// To answer it by.
    pub(super) id: String,
    /// The answer, when it comes.
    pub(super) answer: oneshot::Receiver<PermissionAnswer>,
}

impl Permits {
    pub(super) fn new(inbox: Inbox, wait: Duration) -> Self {
        Self { inbox, wait, redactor: Redactor::from_env(), open: Mutex::default() }
    }

    pub(super) fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn new_id() -> String {
        let mut random = [0u8; 4];
        let _ = getrandom::fill(&mut random);
        format!("{:08x}", u32::from_be_bytes(random))
    }

    pub(super) fn ask(&self) -> Asked {
        let id = Self::new_id();
        let (sender, answer) = oneshot::channel();
        let mut open = self.open();
        // Those who asked for these have gone.
        open.asked.retain(|_, waits| !waits.is_closed());
        open.asked.insert(id.clone(), sender);
        Asked { id, answer }
    }

    pub(super) fn forget(&self, id: &str) {
        self.open().asked.remove(id);
    }

    /// The answer of a user who is there; false where nobody waits for it any more.
    pub(super) fn answer(&self, id: &str, answer: PermissionAnswer) -> bool {
        self.open().asked.remove(id).is_some_and(|waits| waits.send(answer).is_ok())
    }

    /// What he said of this before, if it still holds. A yes for once is used up by that.
    pub(super) async fn remembered(&self, wanted: &Wanted) -> Option<Permission> {
        let found = self.inbox.db.permission(wanted.clone(), now()).await;
        found.inspect_err(|e| tracing::error!("what the user agreed to can't be read: {e}")).ok().flatten()
    }

    /// Keeps an answer for as long as it is to hold.
    pub(super) async fn remember(
        &self,
        id: &str,
        action: String,
        wanted: Wanted,
        about: Vec<u64>,
        answer: PermissionAnswer,
    ) -> Result<(), StoreError> {
        let at = now();
        let until = match answer.scope {
            _ if !answer.allow => Some(at + DAY),
            Scope::Once | Scope::Day => Some(at + DAY),
            Scope::Conversation => Some(at + 30 * DAY),
            Scope::Always => None,
        };
        let Wanted { whole, keys, session } = wanted;
        let PermissionAnswer { allow, scope } = answer;
        let row = Permission { id: id.into(), action, whole, keys, allow, scope, session, about, at, until };
        self.inbox.db.remember_permission(row).await
    }

    /// A wish in a line, without secrets.
    pub(super) fn in_words(&self, wish: &Wish) -> String {
        let keys = wish.keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let text = if wish.action.contains(&keys) { wish.action.clone() } else { format!("{}: {keys}", wish.action) };
        one_line(&self.redactor.redact(&text)).chars().take(MAX_ACTION).collect()
    }

    pub(super) fn redacted(&self, text: &str) -> String {
        self.redactor.redact(text)
    }
}
