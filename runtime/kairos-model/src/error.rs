//! Why there is no answer.

use kairos_net::NetError;
use std::time::Duration;

/// Why there is no answer, in words for the user. No message holds a key: what a server says is cleaned of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Nobody to ask.
    #[error("no model is set up: {0}")]
    None(String),
    /// What the question may cost is more than is left of a budget.
    #[error("{0}")]
    Budget(String),
    /// The prompt is not what a prompt has to be.
    #[error("the prompt can't be sent: {0}")]
    Prompt(String),
    /// The key can't be had.
    #[error("{0}; `model.key` in kairos.toml says where it is")]
    Key(String),
    /// The provider doesn't know the key, or doesn't let it in. Nobody is asked again until the key or the address changes.
    #[error("{who} refuses the key (status {status}): {said}; it is not asked again before the key or `model.url` is another")]
    Refused {
        /// The host.
        who: String,
        /// Of HTTP.
        status: u16,
        /// What the server says of it.
        said: String,
    },
    /// It wants to be left alone, or has too much to do.
    #[error("{who} has no time (status {status}): {said}{}", after.map(|a| format!("; it may be asked again in {} s", a.as_secs().max(1))).unwrap_or_default())]
    Busy {
        /// The host.
        who: String,
        /// Of HTTP.
        status: u16,
        /// What the server says of it.
        said: String,
        /// So long it wants to be left alone.
        after: Option<Duration>,
    },
    /// It failed too often: it is left alone for a while.
    #[error("{who} failed {failures} times in a row; it is asked again in {} s", after.as_secs().max(1))]
    Resting {
        /// The host.
        who: String,
        /// One after the other.
        failures: u32,
        /// So long.
        after: Duration,
    },
    /// It doesn't want this request: an unknown model, a prompt that is too long, a schema that it can't follow.
    #[error("{who} does not take the request (status {status}): {said}; see `model.name` and `model.url` in kairos.toml")]
    Rejected {
        /// The host.
        who: String,
        /// Of HTTP.
        status: u16,
        /// What the server says of it.
        said: String,
    },
    /// The way there.
    #[error(transparent)]
    Net(#[from] NetError),
    /// It began, and then said that it can't go on.
    #[error("{who} stops in the middle of its answer: {said}")]
    Stopped {
        /// The host.
        who: String,
        /// What the server says of it.
        said: String,
    },
    /// What came can't be used: cut off, too long, or of another form than was asked for.
    #[error("{who} answers with what can't be used: {what}")]
    Malformed {
        /// The host.
        who: String,
        /// What is wrong with it.
        what: String,
    },
}

impl ModelError {
    /// It may have used tokens, though there is no answer.
    pub fn may_cost(&self) -> bool {
        match self {
            Self::Net(e) => matches!(e, NetError::Timeout(..) | NetError::Broken(..) | NetError::TooLong(_)),
            Self::Malformed { .. } | Self::Stopped { .. } => true,
            _ => false,
        }
    }

    /// It may be well later, without anyone changing a setting.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Net(e) => e.is_passing(),
            Self::Busy { .. } | Self::Resting { .. } | Self::Malformed { .. } | Self::Stopped { .. } => true,
            _ => false,
        }
    }

    /// It says nothing of the question: another provider may answer it, or cost nothing.
    pub fn is_of_one(&self) -> bool {
        self.is_passing() || matches!(self, Self::Refused { .. } | Self::Key(_) | Self::Budget(_))
    }
}
