//! `kairos-run shell-init`.

use crate::cli::Shell;
use crate::paths::Paths;
use crate::view;
use anyhow::Result;
use kairos_exec::shell;

/// Prints the hook.
pub fn shell_init(paths: &Paths, which: Shell) -> Result<()> {
    let which = match which {
        Shell::Bash => shell::Shell::Bash,
        Shell::Zsh => shell::Shell::Zsh,
        Shell::Fish => shell::Shell::Fish,
    };
    view::print(&shell::init_script(which, &paths.commands()))
}
