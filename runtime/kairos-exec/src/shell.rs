//! The shell hook: `eval "$(kairos-run shell-init bash)"` reports every interactive command with its folder, exit code and
//! duration. Commands that begin with a space are not reported, nor is anything while no daemon listens.

use std::path::Path;

/// The shells that there is a hook for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// Bash 4.4 or newer (5.0 for durations finer than a second). Older ones are left alone.
    Bash,
    /// Zsh 5 or newer.
    Zsh,
    /// Fish 3.1 or newer.
    Fish,
}

/// The script to evaluate in an interactive shell; anywhere else it does nothing, and a second time it changes nothing.
///
/// After each command, if a socket is at `socket` (or where `KAIROS_SOCKET` says), this runs in the background, silently:
/// `PROGRAM report-command --exit-code N --duration-ms N --folder DIR -- COMMAND`. Commands are cut at 8,192 characters.
/// Paths that are not UTF-8 are not supported: the hook then finds no socket.
///
/// Bash tells a hook the command only through its history: what the history leaves out (HISTIGNORE) is not reported. A
/// repeated command that HISTCONTROL leaves out is reported if its last word is the same after expansion. In fish, nothing
/// is reported in private mode, nor what the user's own `fish_should_add_to_history` refuses.
pub fn init_script(shell: Shell, program: &Path, socket: &Path) -> String {
    let template = match shell {
        Shell::Bash => include_str!("shell/init.bash"),
        Shell::Zsh => include_str!("shell/init.zsh"),
        Shell::Fish => include_str!("shell/init.fish"),
    };
    let word = |path: &Path| match shell {
        Shell::Bash | Shell::Zsh => quote(&path.to_string_lossy()),
        // Unlike the others, fish knows escapes within single quotes.
        Shell::Fish => quote(&path.to_string_lossy().replace('\\', r"\\")),
    };
    template.replace("@PROGRAM@", &word(program)).replace("@SOCKET@", &word(socket))
}

/// As one word of a POSIX shell, whatever is in it.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted() {
        assert_eq!(quote("a'b $x"), r"'a'\''b $x'");
        let script = init_script(Shell::Bash, Path::new("/o'/k"), Path::new("/s"));
        assert!(script.contains(r"__kairos_program='/o'\''/k'"));
        assert!(init_script(Shell::Fish, Path::new(r"/o\'"), Path::new("/s")).contains(r"__kairos_program '/o\\'\'''"));
        assert!(!script.contains("@PROGRAM@") && !script.contains("@SOCKET@"));
    }
}
