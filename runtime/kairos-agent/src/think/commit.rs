//! Commits for a turn. The host writes the command line, so that nothing in a message or in a name can say more than it does, and
//! the message says who helped.

use super::effects::{Effects, Places};
use kairos_core::finding::one_line;
use kairos_core::ports::{
    ChangeKind, Committed, FilePatch, MAX_COMMAND, MAX_RUN_SECONDS, PortResult, ProjectView, RunOptions, Withheld,
};
use kairos_core::{ErrorCode, PortError};
use kairos_exec::shell::quote;
use kairos_host::cache::content_hash;
use kairos_permit::{Action, Verdict};
use kairos_project::IntendedCommit;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The key of the line that says who helped, and its first word.
const KEY: &str = "Assisted-by";
const US: &str = "kairos-run";
/// Characters of a model's name.
const MAX_MODEL: usize = 80;
/// Bytes of git's own words in an error.
const MAX_SAID: usize = 700;
/// Hooks of a repository may test all of it.
const OPTIONS: RunOptions = RunOptions { timeout_s: MAX_RUN_SECONDS, network: false };

impl Effects {
    pub(super) async fn make_commit(&self, message: &str, paths: Vec<String>) -> PortResult<Committed> {
        if message.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(PortError::new(
                ErrorCode::Invalid,
                "the message has control characters; it may have lines, and nothing else",
            ));
        }
        if message.lines().all(|line| line.trim().is_empty() || is_ours(line)) {
            return Err(PortError::new(ErrorCode::Invalid, "there is no message"));
        }
        let message = if self.attribution { attributed(message, &self.speaker.name()) } else { message.trim().to_owned() };
        let intended = self.view.intended_commit(paths).await?;
        let line = line(&message, &intended);
        if line.len() > MAX_COMMAND {
            return Err(PortError::new(ErrorCode::TooLarge, "the message and the names are too long together: commit in parts"));
        }
        let before = self.view.git_status().await?.head;
        // Who may not read a file may not hand it on either.
        let about: Vec<Verdict> =
            intended.files.iter().map(|f| self.rules.judge_real(&Action::Read(Path::new(&f.path)))).collect();
        let stat: String = intended.files.iter().map(told).collect();
        let steering = steering(&intended.repository);
        let steered = contents(steering.clone()).await;
        let fixed: Vec<PathBuf> = steering.iter().filter(|path| path.exists()).cloned().collect();
        let mut done =
            self.run_line(&line, OPTIONS, about, &stat, Places { writable: &intended.repository, fixed: &fixed }).await?;
        // Not every system can keep it from change.
        if contents(steering).await != steered {
            let text = "While git ran, its configuration or its hooks were changed: look at them before you use git here again.";
            tracing::warn!("{}: {text}", self.view.root().display());
            done.output = format!("! {text}\n{}", done.output);
        }
        let after = self.view.git_status().await?.head;
        match after {
            Some(id) if done.exit == 0 && Some(&id) != before.as_ref() => {
                let mut output = done.output;
                if self.attribution && !self.says_who(&id).await {
                    output += "\nThe line that says who helped is not in the commit: a setting or a hook of this repository took it out.\n";
                }
                Ok(Committed { id, output })
            }
            _ => Err(PortError::new(ErrorCode::Other, refused(done.timed_out, done.exit, &done.output, &intended))),
        }
    }

    async fn says_who(&self, id: &str) -> bool {
        self.view.git_show(id, &[]).await.is_ok_and(|shown| shown.commit.body.lines().any(is_ours))
    }
}

/// What of a repository decides what git runs later: no commit has to change that, nor has a hook of it.
const STEERING: [&str; 5] = ["hooks", "info", "config", "config.worktree", "commondir"];

fn steering(repository: &[PathBuf; 2]) -> BTreeSet<PathBuf> {
    repository.iter().flat_map(|dir| STEERING.map(|name| dir.join(name))).collect()
}

/// What is in all of that, by file. Reads them.
async fn contents(steering: BTreeSet<PathBuf>) -> BTreeMap<PathBuf, String> {
    let within = |path: PathBuf| match std::fs::read_dir(&path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![path],
    };
    let content = |path: PathBuf| {
        let mode = path.metadata().ok()?.permissions().mode();
        Some((path.clone(), format!("{mode} {}", content_hash(&std::fs::read(path).ok()?))))
    };
    let read = move || steering.into_iter().flat_map(within).filter_map(content).collect();
    tokio::task::spawn_blocking(read).await.unwrap_or_default()
}

/// What is run: new files are made known to git first, and what else is staged stays as it is.
fn line(message: &str, intended: &IntendedCommit) -> String {
    let words = |paths: &[String]| paths.iter().map(|path| word(path)).collect::<Vec<_>>().join(" ");
    let add = match &intended.untracked[..] {
        [] => String::new(),
        new => format!("git add --intent-to-add -- {} && ", words(new)),
    };
    let only = match &intended.paths[..] {
        [] => String::new(),
        paths => format!(" --only -- {}", words(paths)),
    };
    format!("{add}git commit -m {}{only}", quote(message))
}

/// A path as one word of a shell that is nothing but this path to git.
fn word(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./+@%,".contains(c);
    if path.starts_with(':') || path.contains(['*', '?', '[', '\\']) {
        quote(&format!(":(literal){path}"))
    } else if path.chars().all(is_plain) {
        path.into()
    } else {
        quote(path)
    }
}

/// `M src/lib.rs +3 -1`
fn told(file: &FilePatch) -> String {
    let kind = match file.kind {
        ChangeKind::Added | ChangeKind::Untracked => 'A',
        ChangeKind::Deleted => 'D',
        ChangeKind::Renamed => 'R',
        ChangeKind::TypeChanged => 'T',
        ChangeKind::Modified | ChangeKind::Conflicted => 'M',
    };
    let name = |path: &str| if path.contains(char::is_control) { format!("{path:?}") } else { path.to_owned() };
    let from = file.renamed_from.as_ref().map(|old| format!("{} => ", name(old))).unwrap_or_default();
    let how = match file.withheld {
        Some(Withheld::Private) => "private".into(),
        Some(Withheld::Binary) => "binary".into(),
        Some(Withheld::TooLarge) => "large".into(),
        Some(Withheld::Unreadable) => "not a file".into(),
        Some(Withheld::Cut) | None => format!("+{} -{}", file.added, file.removed),
    };
    format!("{kind} {from}{} {how}\n", name(&file.path))
}

/// Why nothing came of it, in git's own words.
fn refused(timed_out: bool, exit: i32, output: &str, intended: &IntendedCommit) -> String {
    let output = output.trim();
    let said = &output[output.ceil_char_boundary(output.len().saturating_sub(MAX_SAID))..];
    let new = match &intended.untracked[..] {
        [] => "",
        _ => "\nThe new files stay marked as to be added; `git reset -- PATH` takes that back.",
    };
    match timed_out {
        true => {
            format!("its time was up, and git was stopped; if it says that `index.lock` is there, remove that file: {said}{new}")
        }
        false => format!("nothing was committed, git ended with {exit}: {said}{new}"),
    }
}

/// The message with a line that says which model helped: ours, and only once, whatever the message says of it.
fn attributed(message: &str, model: &str) -> String {
    let kept: Vec<&str> = message.lines().map(str::trim_end).filter(|line| !is_ours(line)).collect();
    let kept = kept.join("\n");
    let kept = kept.trim();
    let is_trailer = |line: &str| {
        let key = line.split_once(": ").map_or("", |(key, _)| key);
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let ends_with_trailers = kept.rsplit_once("\n\n").is_some_and(|(_, last)| last.lines().all(is_trailer));
    let model: String = one_line(model).chars().filter(|c| !"()".contains(*c)).take(MAX_MODEL).collect();
    let model = if model.trim().is_empty() { String::new() } else { format!(" ({})", model.trim()) };
    format!("{kept}\n{}{KEY}: {US}{model}", if ends_with_trailers { "" } else { "\n" })
}

/// Is it a line that says that we helped?
fn is_ours(line: &str) -> bool {
    let parts = line.split_once(':').map(|(key, value)| (key.trim(), value.trim_start().to_ascii_lowercase()));
    parts.is_some_and(|(key, value)| key.eq_ignore_ascii_case(KEY) && value.starts_with(US))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_says_who_helped_is_there_once_and_is_the_hosts() {
        let of = |message: &str| attributed(message, "m-1\n(x)");
        assert_eq!(of("Fix it\n"), "Fix it\n\nAssisted-by: kairos-run (m-1 x)");
        assert_eq!(of("Fix: it"), "Fix: it\n\nAssisted-by: kairos-run (m-1 x)", "a subject is no trailer");
        let signed = "Fix it\n\nBecause.\n\nSigned-off-by: A <a@b>";
        assert_eq!(of(signed), format!("{signed}\nAssisted-by: kairos-run (m-1 x)"));
        for forged in ["Assisted-by: kairos-run (other)", "assisted-BY : Kairos-Run", "  Assisted-by:kairos-run (m-1 x)"] {
            assert_eq!(of(&format!("Fix it\n\n{forged}\n{forged}")), "Fix it\n\nAssisted-by: kairos-run (m-1 x)", "{forged}");
        }
        assert_eq!(of("Fix it\n\nAssisted-by: A person"), "Fix it\n\nAssisted-by: A person\nAssisted-by: kairos-run (m-1 x)");
        assert_eq!(attributed("Fix it", ""), "Fix it\n\nAssisted-by: kairos-run");
        let twice = of(signed);
        assert_eq!(of(&twice), twice);
    }

    fn commit(message: &str, paths: &[&str], untracked: &[&str]) -> String {
        let all = |paths: &[&str]| paths.iter().map(ToString::to_string).collect();
        line(
            message,
            &IntendedCommit { files: vec![], paths: all(paths), untracked: all(untracked), repository: Default::default() },
        )
    }

    #[test]
    fn the_line_names_what_is_meant_and_no_more() {
        assert_eq!(commit("Fix", &[], &[]), "git commit -m 'Fix'");
        assert_eq!(
            commit("it's -x", &["a b", "-n", "src/*.rs", ":/"], &["-n"]),
            r"git add --intent-to-add -- -n && git commit -m 'it'\''s -x' --only -- 'a b' -n ':(literal)src/*.rs' ':(literal):/'"
        );
    }

    /// Whatever is in a message or a name comes out of a real shell as it went in.
    #[test]
    fn nothing_gets_out_of_its_quotes() {
        let pieces = [
            "'",
            "\"",
            "\\",
            "\n",
            "$(touch x)",
            "`id`",
            "${HOME}",
            "!",
            "!!",
            ";",
            "&&",
            "|",
            "<",
            ">",
            "*",
            "?",
            "[a]",
            "{a,b}",
            "~",
            "-",
            "--amend",
            "#",
            " ",
            "\t",
            "é",
            "\u{202e}",
            "a",
            "EOF",
            "$'\\n'",
            "=",
            "%s",
            "(",
            ")",
        ];
        // A small generator: the same texts each time.
        let mut seed = 7u64;
        let mut next = |n: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % n
        };
        let mut texts: Vec<String> = (0..400).map(|_| (0..=next(8)).map(|_| pieces[next(pieces.len())]).collect()).collect();
        texts.retain(|text| !text.trim().is_empty());
        for batch in texts.chunks(40) {
            let (message, paths) = batch.split_first().unwrap();
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let line = commit(message, &paths, &paths[..1]);
            let script = format!("git() {{ printf '%s\\0' \"$@\"; }}; {line}");
            let folder = tempfile::tempdir().unwrap();
            let run =
                |shell: &str| std::process::Command::new(shell).args(["-c", &script]).current_dir(&folder).output().unwrap();
            let literal = |path: &str| match path.starts_with(':') || path.contains(['*', '?', '[', '\\']) {
                true => format!(":(literal){path}"),
                false => path.to_owned(),
            };
            let named = paths.iter().map(|path| literal(path));
            let words = ["add", "--intent-to-add", "--"].map(String::from).into_iter().chain([literal(paths[0])]);
            let words = words.chain(["commit", "-m", message, "--only", "--"].map(String::from)).chain(named);
            let expected: String = words.map(|word| word + "\0").collect();
            for shell in ["sh", "bash"] {
                assert_eq!(String::from_utf8(run(shell).stdout).unwrap(), expected, "{shell}: {line}");
            }
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing else was run: {line}");
        }
    }
}
