//! What waits for a channel. For one whose other side may be in trouble for hours it is kept in the user's database, and
//! waits there across restarts; for the others it is in memory.

use super::message::Message;
use crate::now;
use kairos_store::{StoreError, Unsent, UserDb};
use tokio::sync::mpsc::{self, error::TrySendError};

/// Messages that wait in memory at most. At five messages a day that is weeks.
const QUEUE: usize = 64;

/// Where messages come in.
pub(super) enum Entrance {
    Memory(mpsc::Sender<Message>),
    Kept(UserDb, mpsc::Sender<()>),
}

/// Where they are taken out.
pub(super) enum Exit {
    Memory(mpsc::Receiver<Message>),
    Kept {
        user: UserDb,
        bell: mpsc::Receiver<()>,
        /// There may be one, whether it has rung or not.
        more: bool,
    },
}

/// In memory.
pub(super) fn memory() -> (Entrance, Exit) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Entrance::Memory(sender), Exit::Memory(receiver))
}

/// In the database. What waits there already is taken out from the first [`Entrance::wake`] on.
pub(super) fn kept(user: &UserDb) -> (Entrance, Exit) {
    let (sender, receiver) = mpsc::channel(1);
    (Entrance::Kept(user.clone(), sender), Exit::Kept { user: user.clone(), bell: receiver, more: false })
}

impl Entrance {
    /// Never waits for room. Else why the message was not taken, or what went for it.
    pub(super) async fn put(&self, message: Message) -> Result<(), String> {
        match self {
            Self::Memory(queue) => queue.try_send(message).map_err(|e| match e {
                TrySendError::Full(_) => "too many messages wait already".to_string(),
                TrySendError::Closed(_) => "it has ended".to_string(),
            }),
            Self::Kept(user, _) => {
                let body = serde_json::to_string(&message).map_err(|e| e.to_string())?;
                let gone = user.keep_unsent(Unsent { id: message.id, at: message.at, body }).await;
                self.wake();
                match gone.map_err(|e| e.to_string())? {
                    0 => Ok(()),
                    gone => Err(format!("too many messages wait; the oldest {gone} are given up")),
                }
            }
        }
    }

    /// Lets the other end look.
    pub(super) fn wake(&self) {
        if let Self::Kept(_, bell) = self {
            // One ring is as good as two.
            let _ = bell.try_send(());
        }
    }
}

impl Exit {
    /// The next one, as soon as there is one; none when the entrance is gone and nothing waits.
    pub(super) async fn next(&mut self) -> Option<Message> {
        match self {
            Self::Memory(queue) => queue.recv().await,
            Self::Kept { user, bell, more } => loop {
                let open = *more || bell.recv().await.is_some();
                let found = first(user).await.unwrap_or_else(|e| {
                    tracing::warn!("what waits to be sent can't be read: {e}");
                    None
                });
                *more = found.is_some();
                if found.is_some() || !open {
                    return found;
                }
            },
        }
    }

    /// It has arrived, or never will.
    pub(super) async fn done(&mut self, message: &Message) {
        if let Self::Kept { user, more, .. } = self
            && let Err(e) = user.forget_unsent(&message.id).await
        {
            // Not at once again, at any rate.
            *more = false;
            tracing::warn!("{} may be sent once more: {e}", message.ids());
        }
    }

    /// Does a message that is not done wait for the next start?
    pub(super) fn keeps(&self) -> bool {
        matches!(self, Self::Kept { .. })
    }
}

/// The one that waits longest. One that another version wrote, and we can't read, is dropped.
async fn first(user: &UserDb) -> Result<Option<Message>, StoreError> {
    while let Some(Unsent { id, body, .. }) = user.first_unsent(now()).await? {
        match serde_json::from_str(&body) {
            Ok(message) => return Ok(Some(message)),
            Err(e) => tracing::warn!("the message {id} can't be sent any more: {e}"),
        }
        user.forget_unsent(&id).await?;
    }
    Ok(None)
}
