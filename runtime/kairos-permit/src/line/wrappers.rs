//! Commands that run another one, which is the one to be judged.

use super::word::Word;

/// What a command runs beside itself.
pub(super) enum Wrapped {
    /// Nothing.
    No,
    /// Something that can't be told.
    Doubt(&'static str),
    /// The words from `at` on. `assigned` are variables that it sets.
    Words { at: usize, assigned: Vec<usize>, doubt: Option<&'static str> },
    /// A program text.
    Text { text: String, doubt: Option<&'static str> },
    /// It goes to a folder.
    Folder(Option<String>),
}

const RIGHTS: &str = "it runs with other rights";
const INPUT: &str = "what it runs, or on what, comes from the output of another command or from a file";
const FILES: &str = "it runs a command on whatever files there are";
const OPTION: &str = "an option of what wraps the command is not known here";
const AWAY: &str = "it runs a command in another way than by itself";

/// A wrapper: its options that take the next word, those that stand alone (a letter each, or whole), how many words stand before
/// the command, and why it is not as good as the command alone.
struct Plain {
    names: &'static [&'static str],
    taking: &'static [&'static str],
    alone: &'static [&'static str],
    before: usize,
    doubt: Option<&'static str>,
}

const fn plain(
    names: &'static [&'static str],
    taking: &'static [&'static str],
    alone: &'static [&'static str],
    before: usize,
    doubt: Option<&'static str>,
) -> Plain {
    Plain { names, taking, alone, before, doubt }
}

const PLAIN: &[Plain] = &[
    plain(&["nohup", "builtin"], &[], &[], 0, None),
    plain(&["command"], &[], &["-p"], 0, None),
    plain(&["exec"], &[], &["-c"], 0, None),
    plain(&["time"], &["-f", "--format"], &["-p", "-v", "--verbose", "--portability"], 0, None),
    plain(
        &["timeout", "gtimeout"],
        &["-k", "--kill-after", "-s", "--signal"],
        &["--foreground", "--preserve-status", "-v", "--verbose", "-p", "-f"],
        1,
        None,
    ),
    plain(&["nice"], &["-n", "--adjustment"], &[], 0, None),
    plain(&["ionice"], &["-c", "-n", "--class", "--classdata"], &["-t"], 0, None),
    plain(&["stdbuf"], &["-i", "-o", "-e", "--input", "--output", "--error"], &[], 0, None),
    plain(&["setsid"], &[], &["-w", "--wait", "-c", "--ctty", "-f", "--fork"], 0, None),
    plain(
        &["sudo", "doas"],
        &["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "-r", "-t", "--user", "--group", "--chdir"],
        &["-n", "-E", "-H", "-S", "-k", "-b", "-A", "-P", "-i", "-s", "--"],
        0,
        Some(RIGHTS),
    ),
    plain(&["pkexec"], &["--user"], &["--disable-internal-agent"], 0, Some(RIGHTS)),
    plain(&["chroot"], &["--userspec", "--groups"], &[], 1, Some(RIGHTS)),
    plain(&["unshare", "nsenter", "setpriv", "runuser", "fakeroot", "firejail", "bwrap"], &["-u"], &[], 0, Some(RIGHTS)),
    plain(
        &["xargs", "gxargs"],
        &["-I", "-n", "-P", "-L", "-d", "-E", "-s", "-a", "--max-args", "--max-procs", "--delimiter", "--replace", "--arg-file"],
        &["-0", "-r", "-t", "-x", "--null", "--no-run-if-empty", "--verbose"],
        0,
        Some(INPUT),
    ),
    plain(&["busybox", "toybox"], &[], &[], 0, Some(AWAY)),
    plain(&["watch"], &["-n", "--interval"], &["-t", "-d", "-e", "-g", "-x"], 0, Some(AWAY)),
    plain(&["strace", "ltrace"], &["-e", "-o", "-p", "-s"], &["-f", "-c"], 0, Some(AWAY)),
    plain(&["flock"], &["-w", "--timeout"], &["-n", "-x", "-s", "-u"], 1, Some(AWAY)),
    plain(&["parallel"], &["-j", "--jobs"], &[], 0, Some(INPUT)),
    plain(&["taskset", "chrt"], &[], &["-i", "-b", "-o", "-f", "-r", "-c"], 1, Some(AWAY)),
];

/// What a command of this name runs with these arguments.
pub(super) fn look(name: &str, arguments: &[Word]) -> Wrapped {
    if let Some(wrapper) = PLAIN.iter().find(|w| w.names.contains(&name)) {
        return wrapper.look(arguments);
    }
    match name {
        "env" => env(arguments),
        "find" | "gfind" => find(arguments),
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "mksh" | "ash" | "fish" | "rbash" => shell(arguments),
        "eval" => Wrapped::Text { text: join(arguments), doubt: None },
        "trap" => Wrapped::Text { text: arguments.first().map(|w| w.text.clone()).unwrap_or_default(), doubt: None },
        "source" | "." => Wrapped::Doubt("it runs what stands in a file, in the shell itself"),
        "cd" | "pushd" => match arguments {
            [folder] if !folder.text.starts_with('-') && folder.doubt.is_none() => Wrapped::Folder(Some(folder.text.clone())),
            _ => Wrapped::Folder(None),
        },
        "popd" => Wrapped::Folder(None),
        "fd" | "fdfind" => {
            let runs = |w: &Word| ["-x", "-X", "--exec", "--exec-batch"].iter().any(|o| w.text.starts_with(o));
            if arguments.iter().any(runs) { Wrapped::Doubt(FILES) } else { Wrapped::No }
        }
        "su" | "script" | "gdb" | "lldb" | "expect" | "at" | "batch" | "crontab" | "systemd-run" | "tmux" | "screen"
        | "osascript" => Wrapped::Doubt(AWAY),
        _ => Wrapped::No,
    }
}

impl Plain {
    fn look(&self, arguments: &[Word]) -> Wrapped {
        let (mut at, mut doubt) = (0, self.doubt);
        while let Some(word) = arguments.get(at).filter(|w| w.text.starts_with('-') && w.text.len() > 1) {
            let text = word.text.as_str();
            at += 1;
            if text == "--" {
                break;
            }
            let short = text.len() > 2 && !text.starts_with("--");
            let with_value = text.split_once('=').is_some_and(|(name, _)| self.taking.contains(&name))
                || (short && self.taking.contains(&text.get(..2).unwrap_or_default()))
                // `nice -5`.
                || text[1..].bytes().all(|b| b.is_ascii_digit());
            if self.taking.contains(&text) {
                at += 1;
            } else if !with_value && !self.alone.contains(&text) {
                doubt = doubt.or(Some(OPTION));
            }
        }
        at += self.before;
        let assigned: Vec<usize> =
            (at..arguments.len()).take_while(|n| doubt.is_some() && is_assignment(&arguments[*n].text)).collect();
        at += assigned.len();
        if at < arguments.len() {
            return Wrapped::Words { at, assigned, doubt };
        }
        // `exec`, `time`, `xargs` alone.
        doubt.map_or(Wrapped::No, Wrapped::Doubt)
    }
}

fn env(arguments: &[Word]) -> Wrapped {
    let (mut at, mut doubt) = (0, None);
    while let Some(word) = arguments.get(at).filter(|w| w.text.starts_with('-')) {
        let text = word.text.as_str();
        at += 1;
        match text {
            "-i" | "-" | "--ignore-environment" | "-0" | "--null" | "-v" | "--debug" => {}
            "--" => break,
            "-u" | "--unset" => at += 1,
            _ if text.starts_with("--unset=") => {}
            _ if text.starts_with("-S")
                || text.starts_with("--split-string")
                || (text.contains('S') && !text.starts_with("--")) =>
            {
                let first = text.split_once('=').map(|(_, t)| t).or_else(|| text.split_once('S').map(|(_, t)| t));
                let mut parts = vec![first.unwrap_or_default().to_string()];
                parts.extend(arguments[at..].iter().map(|word| word.quoted().into_owned()));
                // What env splits is not quite what a shell would; it is looked into, and asked about.
                let text = if first.is_some_and(|t| t.is_empty()) {
                    arguments[at..].iter().map(|w| w.text.clone()).collect::<Vec<_>>()
                } else {
                    parts
                };
                return Wrapped::Text { text: text.join(" "), doubt: Some("`env -S` hides a command line in a word") };
            }
            _ => doubt = Some(OPTION),
        }
    }
    let assigned: Vec<usize> = (at..arguments.len()).take_while(|n| is_assignment(&arguments[*n].text)).collect();
    at += assigned.len();
    if at < arguments.len() {
        return Wrapped::Words { at, assigned, doubt };
    }
    doubt.map_or(Wrapped::No, Wrapped::Doubt)
}

fn find(arguments: &[Word]) -> Wrapped {
    let runs = ["-exec", "-execdir", "-ok", "-okdir"];
    if let Some(at) = arguments.iter().position(|w| runs.contains(&w.text.as_str()))
        && at + 1 < arguments.len()
    {
        return Wrapped::Words { at: at + 1, assigned: Vec::new(), doubt: Some(FILES) };
    }
    let changes = |w: &Word| w.text == "-delete" || w.text.starts_with("-fprint") || w.text == "-fls";
    if arguments.iter().any(changes) { Wrapped::Doubt("it deletes or writes files") } else { Wrapped::No }
}

fn shell(arguments: &[Word]) -> Wrapped {
    let mut doubt = None;
    let mut at = 0;
    while let Some(word) = arguments.get(at).filter(|w| w.text.starts_with(['-', '+'])) {
        let text = word.text.as_str();
        at += 1;
        let letters = if text.starts_with("--") { "" } else { &text[1..] };
        match text {
            "--norc" | "--noprofile" | "--posix" => {}
            "-o" | "+o" => {
                if !arguments.get(at).is_some_and(|w| w.is("pipefail")) {
                    doubt = Some(OPTION);
                }
                at += 1;
            }
            _ if !letters.is_empty() && letters.bytes().all(|b| b"ceuxf".contains(&b)) => {}
            // A login or an interactive shell reads files first; so does one with `--rcfile`.
            _ => doubt = Some("this shell runs what stands in other files first, or what it is given"),
        }
        if letters.contains('c') {
            return match arguments.get(at) {
                Some(word) if word.doubt.is_none() => Wrapped::Text { text: word.text.clone(), doubt },
                _ => Wrapped::Doubt("the text that a shell runs is known only when it runs"),
            };
        }
    }
    match arguments.get(at) {
        // A script: a rule for the shell with its name decides.
        Some(_) => doubt.map_or(Wrapped::No, Wrapped::Doubt),
        None => Wrapped::Doubt("what this shell runs comes from its input"),
    }
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

fn join(words: &[Word]) -> String {
    words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}
