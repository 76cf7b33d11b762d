//! What a command line and its exit code say. Pure.

/// Commands whose exit code is an answer, or whose end is up to the user.
const ANSWERS: &str = "ls cd cat bat less more head tail man grep egrep fgrep rg ag ack find fd diff cmp comm test [ [[ which type \
    command vi vim nvim nano emacs code hx micro ssh scp tmux screen top htop watch entr echo printf true false \
    exit kill pkill pgrep killall ping fg bg fzf curl wget nc jq expr timeout gdb lldb tig lazygit kairos-run \
    claude psql mysql sqlite3 redis-cli systemctl rm mkdir source .";

/// Is it one of the words of a list?
fn listed(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// Can this command fail because of the files that are being edited?
pub fn counts(line: &str) -> bool {
    if line.contains('|') || line.trim_end().ends_with('&') || line.contains("--watch") {
        return false;
    }
    let last = line.split("&&").flat_map(|part| part.split(';')).last().unwrap_or_default();
    let mut words = last.split_whitespace().skip_while(|word| {
        matches!(*word, "sudo" | "time" | "env" | "nice" | "npx")
            || word.split_once('=').is_some_and(|(name, _)| !name.starts_with('-'))
    });
    let Some(first) = words.next() else { return false };
    let program = first.rsplit('/').next().unwrap_or(first);
    // A commit that a hook refuses is a failed check; what else git answers isn't.
    match (program, words.next().unwrap_or_default()) {
        ("git", second) => second == "commit",
        ("cargo", "watch") => false,
        _ => !listed(ANSWERS, program),
    }
}

/// What an exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it should.
    Passed,
    /// It didn't.
    Failed,
    /// Interrupted or not found.
    Nothing,
}

/// Reads an exit code as a shell gives it.
pub fn exit(code: i64) -> Exit {
    match code {
        0 => Exit::Passed,
        126 | 127 | 129 | 130 | 131 | 137 | 141 | 143 | 146..=150 | -1_073_741_510 | 3_221_225_786 => Exit::Nothing,
        _ => Exit::Failed,
    }
}

/// Of the parts, with a byte behind each that no text holds.
pub fn hash(parts: &[&[u8]]) -> u64 {
    kairos_plugin::fnv(parts.iter().flat_map(|part| part.iter().chain(&[0xff]).copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts() {
        for line in
            ["cargo test", "make", "python train.py", "A=b ./run.sh", "git commit -m x", "cd a && npm test", "terraform plan"]
        {
            assert!(counts(line), "{line}");
        }
        for line in
            ["rg todo", "git push", "vim a", "cargo watch -x test", "cargo test | less", "npx jest --watch", "ls", "", "cd a; ls"]
        {
            assert!(!counts(line), "{line}");
        }
    }
}
