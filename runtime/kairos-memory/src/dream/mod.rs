//! Dreams: operations checked against evidence, carried out as one change, undone byte for byte.

mod check;
mod draft;
mod evidence;
mod nearest;
mod night;
mod policy;
mod record;
mod revert;
mod snapshot;

pub use draft::Draft;
pub use evidence::Seen;
pub use kairos_core::dream::{Dream, Refusal, State, Step, Touched, verb};
pub use night::{DREAM, Night};
pub use policy::Policy;
pub use record::FOLDER;
pub use revert::{Conflict, Reverted};
pub use snapshot::MemorySnapshot;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
