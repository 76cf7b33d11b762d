//! Commands that the shell itself carries out.

use super::word::Word;

/// No rule is needed for it: it neither reads nor changes anything but the flow of the line.
pub(super) fn has_no_effect(name: &str, arguments: &[Word]) -> bool {
    match name {
        ":" | "true" | "false" | "pwd" | "echo" | "exit" | "return" | "break" | "continue" | "wait" | "sleep" => true,
        "printf" => arguments.first().is_none_or(|word| !word.text.starts_with('-')),
        "set" => arguments
            .iter()
            .all(|word| ["-e", "-u", "-x", "-eu", "-ex", "-euo", "-o", "pipefail", "-exo"].iter().any(|o| word.is(o))),
        // `command -v git` asks where git is.
        "command" => arguments.first().is_some_and(|word| word.is("-v") || word.is("-V")),
        _ => false,
    }
}

/// Why what comes after, or the shell itself, may then be another than its text says.
pub(super) fn state(name: &str, arguments: &[Word]) -> Option<&'static str> {
    Some(match name {
        "alias" | "unalias" | "hash" | "enable" | "shopt" | "set" | "bind" | "complete" | "compopt" => {
            "it changes what the names of commands mean"
        }
        "export" | "declare" | "typeset" | "local" | "readonly" | "unset" | "read" | "mapfile" | "readarray" | "getopts"
        | "let" => "it changes variables, which may change what is run",
        "printf" => "`printf -v` changes a variable",
        "test" | "[" if arguments.iter().any(|word| word.text.contains('[')) => {
            "it computes, and in what it computes there may be a command"
        }
        "compgen" | "fc" | "history" => "it may run what is only known when it runs",
        "trap" | "ulimit" | "umask" | "disown" | "suspend" => "it changes the shell itself",
        _ => return None,
    })
}
