//! Dreams: operations checked against evidence, carried out as one change, undone byte for byte.

mod chain;
mod check;
mod draft;
mod evidence;
mod nearest;
mod night;
mod outlook;
mod policy;
mod recheck;
mod record;
mod revert;
mod snapshot;
mod told;
mod unread;

pub use draft::Draft;
pub use evidence::Seen;
pub use kairos_core::dream::{Conflict, Dream, Refusal, Reverted, State, Step, Touched, verb};
pub use night::{DREAM, Night};
pub use outlook::unwanted;
pub use policy::Policy;
pub use recheck::Fallen;
pub use record::FOLDER;
pub(crate) use record::render;
pub use snapshot::MemorySnapshot;
pub use told::{Told, rising};

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
