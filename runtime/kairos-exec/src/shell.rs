//! The shell hook: `eval "$(kairos-run shell-init bash)"` reports every interactive command with its folder, exit code and
//! duration. Commands that begin with a space are not reported, nor is anything while no daemon reads.

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
/// After each command it appends a record to `file` with the shell's own means: starting a process would hold up the prompt.
/// Whoever wants to know makes the file, and puts an empty one in its place once something is in it. A shell takes the reader
/// for dead after 100 records during which the file never was empty, until it is.
///
/// A record is `>`, exit code, milliseconds, folder, command and `<`, each followed by a NUL, after a NUL: nothing in a command
/// can be taken for a border. A long one is written in parts, between which another shell's may lie.
/// A path that is not UTF-8 is not supported: the hook then finds no file.
///
/// Bash tells a hook the command only through its history: what the history leaves out (HISTIGNORE) is not reported. A
/// repeated command that HISTCONTROL leaves out is reported if its last word is the same after expansion. In fish, nothing
/// is reported in private mode, nor what the user's own `fish_should_add_to_history` refuses.
pub fn init_script(shell: Shell, file: &Path) -> String {
    let template = match shell {
        Shell::Bash => include_str!("shell/init.bash"),
        Shell::Zsh => include_str!("shell/init.zsh"),
        Shell::Fish => include_str!("shell/init.fish"),
    };
    let file = match shell {
        Shell::Bash | Shell::Zsh => quote(&file.to_string_lossy()),
        // Unlike the others, fish knows escapes within single quotes.
        Shell::Fish => quote(&file.to_string_lossy().replace('\\', r"\\")),
    };
    template.replace("@FILE@", &file)
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
        let script = init_script(Shell::Bash, Path::new("/o'/k"));
        assert!(script.contains(r"__kairos_file='/o'\''/k'") && !script.contains("@FILE@"));
        assert!(init_script(Shell::Fish, Path::new(r"/o\'")).contains(r"__kairos_file '/o\\'\'''"));
    }
}
