//! Options with which a well-known program runs another one, or writes where it was not told to. A rule for the program was
//! hardly meant for these.

use super::word::Word;

const RUNS: &str = "with this option the program runs another one";

/// Programs, and beginnings of options that make them run something.
const RUNNING: &[(&str, &[&str])] = &[
    (
        "tar",
        &[
            "--checkpoint-action",
            "--to-command",
            "--use-compress-program",
            "-I",
            "-F",
            "--info-script",
            "--new-volume-script",
            "--rsh-command",
        ],
    ),
    ("rsync", &["-e", "--rsh", "--rsync-path"]),
    ("scp", &["-S", "-o", "-F"]),
    ("ssh", &["-o", "-F", "-E"]),
    ("sort", &["--compress-program", "-o", "--output"]),
    ("sed", &["-i", "--in-place", "-n-i", "-s-i"]),
    ("cargo", &["--config", "-Z"]),
    ("npm", &["--script-shell", "--prefix", "--node-options"]),
    ("make", &["--eval", "SHELL=", "-f", "--file", "--makefile", "-C", "--directory"]),
    ("man", &["-P", "--pager", "-H", "--html"]),
    ("zip", &["-T", "--unzip-command"]),
    ("rg", &["--pre", "--hostname-bin"]),
    ("curl", &["-o", "-O", "--output", "--remote-name", "-K", "--config", "-T", "--upload-file"]),
    ("wget", &["-O", "--output-document", "-e", "--execute", "--use-askpass", "--post-file"]),
];

/// Why this command may do more than its name says.
pub(super) fn dangerous(name: &str, arguments: &[Word]) -> Option<&'static str> {
    if name.eq_ignore_ascii_case("git") {
        return git(arguments);
    }
    // `tar xIf`, without a dash.
    let bundle = |word: &Word| !word.text.starts_with('-') && word.text.contains(['I', 'F']);
    if name == "tar" && arguments.first().is_some_and(bundle) {
        return Some(RUNS);
    }
    let (_, options) = RUNNING.iter().find(|(program, _)| *program == name)?;
    let begins = |word: &Word| options.iter().any(|option| abbreviates(&word.text, option));
    arguments.iter().any(begins).then_some(RUNS)
}

/// Is it this option, perhaps with a value, or shortened as getopt allows?
fn abbreviates(word: &str, option: &str) -> bool {
    let name = word.split('=').next().unwrap_or(word);
    match option.strip_prefix("--") {
        Some(_) => name.len() > 4 && option.starts_with(name),
        None if option.starts_with('-') => {
            // `-xI` has `-I` in it.
            word.starts_with(option)
                || (word.starts_with('-') && !word.starts_with("--") && option.len() == 2 && name.contains(&option[1..]))
        }
        None => word.starts_with(option),
    }
}

/// Options of git itself that take the next word.
const TAKING: &[&str] =
    &["-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env", "--super-prefix", "--attr-source"];

/// Where git's command stands among its arguments.
pub(super) fn git_command(arguments: &[Word]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = arguments.get(at) {
        if TAKING.contains(&word.text.as_str()) {
            at += 2;
        } else if word.text.starts_with('-') {
            at += 1;
        } else {
            return Some(at);
        }
    }
    None
}

/// Commands of git that run no others by themselves. What is none of these may be an alias of the project's.
const COMMANDS: &[&str] = &[
    "add",
    "am",
    "annotate",
    "apply",
    "archive",
    "bisect",
    "blame",
    "branch",
    "bundle",
    "cat-file",
    "check-attr",
    "check-ignore",
    "checkout",
    "cherry",
    "cherry-pick",
    "clean",
    "clone",
    "commit",
    "count-objects",
    "describe",
    "diff",
    "diff-files",
    "diff-index",
    "diff-tree",
    "fetch",
    "for-each-ref",
    "format-patch",
    "fsck",
    "gc",
    "grep",
    "help",
    "init",
    "log",
    "ls-files",
    "ls-remote",
    "ls-tree",
    "merge",
    "merge-base",
    "mv",
    "name-rev",
    "notes",
    "prune",
    "pull",
    "push",
    "range-diff",
    "rebase",
    "reflog",
    "remote",
    "repack",
    "reset",
    "restore",
    "rev-list",
    "rev-parse",
    "revert",
    "rm",
    "shortlog",
    "show",
    "show-branch",
    "show-ref",
    "sparse-checkout",
    "stash",
    "status",
    "switch",
    "symbolic-ref",
    "tag",
    "update-index",
    "update-ref",
    "verify-commit",
    "version",
    "whatchanged",
    "worktree",
    "write-tree",
];

/// Options of git's commands with which something is run or written.
const GIT_OPTIONS: &[&str] = &[
    "--upload-pack",
    "--receive-pack",
    "--exec",
    "--ext-diff",
    "--textconv",
    "--open-files-in-pager",
    "--output",
    "--output-directory",
    "--extcmd",
    "--config",
    "--template",
    "--remote",
    "--strategy",
    "--interactive",
    "--sendmail-cmd",
    "--to-cmd",
    "--cc-cmd",
    "--paginate",
    "--separate-git-dir",
    "--recurse-submodules",
    "--remote-submodules",
];

fn git(arguments: &[Word]) -> Option<&'static str> {
    let at = git_command(arguments);
    let (before, after) = arguments.split_at(at.unwrap_or(arguments.len()));
    let harmless = ["--no-pager", "--version", "--help", "--no-optional-locks", "--literal-pathspecs", "-P"];
    if before.iter().any(|word| !harmless.contains(&word.text.as_str())) {
        return Some("options before git's command can make it run another program, or look elsewhere");
    }
    let [command, rest @ ..] = after else { return None };
    if !COMMANDS.contains(&command.text.as_str()) {
        return Some("this is no command of git's that is known here; it may be an alias that runs another program");
    }
    let command = command.text.as_str();
    let short: &[&str] = match command {
        "clone" | "init" => &["-c", "-u"],
        "ls-remote" => &["-u"],
        "rebase" => &["-x", "-i"],
        "grep" => &["-O"],
        "bisect" => &["run"],
        _ => &[],
    };
    // `ext::sh -c ...`, and whatever other helper a name before `::` calls.
    let addresses = ["clone", "fetch", "ls-remote", "pull", "push", "remote", "archive"].contains(&command);
    let opens = |word: &Word| {
        let text = word.text.as_str();
        text.starts_with("--") && GIT_OPTIONS.iter().any(|option| abbreviates(text, option))
            || addresses && text.contains("::")
            || short.iter().any(|option| text.starts_with(option))
    };
    rest.iter().any(opens).then_some(RUNS)
}
