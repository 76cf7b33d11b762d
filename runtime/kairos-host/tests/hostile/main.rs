//! What a hostile plugin can do to the host: nothing. One guest (`plugins/testing/hostile` of the repository) misbehaves in the way
//! that is patched into its binary; each test looks at the fault, and that a well-behaved plugin still works afterwards.

mod calls;
mod crowd;
mod dreams;
mod files;
mod largest;
mod models;
mod nights;
mod ports;
mod raw;
mod recall;
mod rights;
mod selfdescription;
mod state;
mod support;
