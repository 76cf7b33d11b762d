//! What is remembered, as any plugin may look it up.

use crate::types::Error;

pub use crate::bindings::imports::kairos::host::memory_types::{Anchor, Claim, Kind, Observation, Origin, Status};
pub use crate::bindings::imports::kairos::host::recall::{Granularity, Hit, Options, Owner, Sort, Turn};

/// Most hits of a search.
pub const MAX_HITS: u32 = 50;
/// Longest question, in bytes.
pub const MAX_QUERY: usize = 1024;

/// Looks up what is remembered; needs the capability `memory`. Memory is a hint: hand a hit's `doubt` on with its text. At most 64 calls
/// in one call of the plugin; `unavailable` where an answer takes too long. `wit/host/memory.wit` says what each call promises.
pub trait Recall {
    /// The best hits, best first; `query` has 1 to [`MAX_QUERY`] bytes.
    fn recall(&self, query: &str, options: &Options) -> Result<Vec<Hit>, Error>;
    /// One claim, a retired one too.
    fn claim(&self, owner: Owner, id: &str) -> Result<Claim, Error>;
    /// One observation of this project, whole; `not-found` where its text was forgotten.
    fn observation(&self, id: &str) -> Result<Observation, Error>;
}

impl Default for Options {
    /// The ten best turns of this project's claims and observations.
    fn default() -> Self {
        Self { owner: Owner::Project, sort: Sort::Both, granularity: Granularity::Turn, since: None, until: None, max: 10 }
    }
}

impl Origin {
    /// May text of this origin carry a claim to a fact? What anyone could have written into a file, a page or a prompt may not.
    pub fn is_trusted(self) -> bool {
        matches!(self, Self::User | Self::Tool)
    }

    /// The name used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Tool => "tool",
            Self::Model => "model",
            Self::File => "file",
            Self::Web => "web",
            Self::Plugin => "plugin",
        }
    }
}

impl Status {
    /// The name used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tentative => "tentative",
            Self::Fact => "fact",
            Self::Disputed => "disputed",
            Self::Stale => "stale",
            Self::Retired => "retired",
        }
    }
}

impl Kind {
    /// The name used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Feedback => "feedback",
            Self::Project => "project",
            Self::Reference => "reference",
        }
    }
}

impl Observation {
    /// The first attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.name == name).map(|a| a.value.as_str())
    }

    /// See [`Origin::is_trusted`].
    pub fn is_trusted(&self) -> bool {
        self.origin.is_trusted()
    }
}
