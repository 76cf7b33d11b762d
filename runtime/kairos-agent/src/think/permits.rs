//! What waits for the user's word.

use kairos_api::PermissionAnswer;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Questions to the user that are open.
#[derive(Default)]
pub(crate) struct Permits(Mutex<HashMap<String, oneshot::Sender<PermissionAnswer>>>);

/// A question that was asked.
pub(super) struct Asked {
    /// To answer it by.
    pub(super) id: String,
    /// The answer, when it comes.
    pub(super) answer: oneshot::Receiver<PermissionAnswer>,
}

impl Permits {
    fn open(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<PermissionAnswer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ask(&self) -> Asked {
        let mut random = [0u8; 8];
        let _ = getrandom::fill(&mut random);
        let id = random.iter().fold(String::new(), |mut id, byte| {
            let _ = write!(id, "{byte:02x}");
            id
        });
        let (sender, answer) = oneshot::channel();
        let mut open = self.open();
        // Those who asked for these have gone.
        open.retain(|_, waits| !waits.is_closed());
        open.insert(id.clone(), sender);
        Asked { id, answer }
    }

    pub(super) fn forget(&self, id: &str) {
        self.open().remove(id);
    }

    /// The user's answer; false where nothing of that id waits any more.
    pub(crate) fn answer(&self, id: &str, answer: PermissionAnswer) -> bool {
        self.open().remove(id).is_some_and(|waits| waits.send(answer).is_ok())
    }
}
