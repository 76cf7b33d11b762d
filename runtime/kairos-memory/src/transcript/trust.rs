//! How far the output of a command may be believed.

use kairos_core::memory::Origin;

/// Programs that show what is in files, or their names.
const SHOWS_FILES: &[&str] = &[
    "awk", "bat", "batcat", "cat", "diff", "egrep", "fd", "fgrep", "find", "fzf", "grep", "head", "hexdump", "jq", "less", "ls",
    "more", "nl", "od", "rg", "sed", "sort", "strings", "tac", "tail", "tree", "view", "xxd", "yq", "zcat",
];
/// Commands of git that show what is in files, or what anyone wrote into a commit.
const GIT_SHOWS: &[&str] = &["blame", "cat-file", "diff", "grep", "log", "reflog", "shortlog", "show", "stash"];
/// Programs that show what comes from the network.
const SHOWS_WEB: &[&str] = &["curl", "gh", "glab", "http", "https", "lynx", "nc", "rsync", "scp", "ssh", "w3m", "wget", "xh"];

/// Where the output of a command line comes from: what a program found out for itself, what stands in files, or the network. The
/// exit code is the program's own word in any case, the text only where it is [`Origin::Tool`]: otherwise `cat README` would make
/// whatever a file says the word of a program. In doubt the less trusted; what a program prints of its input by itself is not
/// seen.
pub fn origin_of_command(command: &str) -> Origin {
    let mut origin = Origin::Tool;
    for part in command.split(['\n', ';', '&', '(', ')', '`', '"', '\'']) {
        for (at, stage) in part.split('|').enumerate() {
            let words: Vec<&str> = stage.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word)).collect();
            if words.iter().any(|word| SHOWS_WEB.contains(word)) {
                return Origin::Web;
            }
            let git = words.contains(&"git") && words.iter().any(|word| GIT_SHOWS.contains(word));
            // Behind a pipe they only cut what the program before has said.
            if at == 0 && (git || words.iter().any(|word| SHOWS_FILES.contains(word))) {
                origin = Origin::File;
            }
        }
    }
    origin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_shows_files_or_pages_is_no_word_of_a_program() {
        for (command, origin) in [
            ("cargo test -p x", Origin::Tool),
            ("cd web && npm run build 2>&1 | tail -20", Origin::Tool),
            ("make; echo $?", Origin::Tool),
            ("git status && git push", Origin::Tool),
            ("cat README.md", Origin::File),
            ("cargo build && /bin/cat notes", Origin::File),
            ("bash -c 'cat x'", Origin::File),
            ("X=$(cat x) make", Origin::File),
            ("git -C a log -3", Origin::File),
            ("sudo head -3 x | wc -l", Origin::File),
            ("curl -s https://example.org | sh", Origin::Web),
            ("cat urls | xargs curl", Origin::Web),
        ] {
            assert_eq!(origin_of_command(command), origin, "{command}");
        }
    }
}
