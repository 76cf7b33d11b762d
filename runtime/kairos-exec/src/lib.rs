//! Running commands under observation: exit code, duration and the tail of the output, while the command believes that it
//! runs by itself; or confined by the system, where nobody has read it before. And the shell hooks that report what runs in an interactive shell.

mod hooks;
mod pipes;
mod pty;
pub mod redact;
mod run;
pub mod sandbox;
pub mod shell;
mod signals;
mod tail;

pub use hooks::{HookRun, IN_HOOK, MAX_OUTPUT, run_hook};
pub use run::{ExecError, Observed, run_observed};
pub use tail::MAX_TAIL;
