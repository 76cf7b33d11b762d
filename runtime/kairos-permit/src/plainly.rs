//! The verdict as one would write it down who has all the time in the world: every path is followed for itself, and every rule
//! is asked about every text. What [`crate::Rules`] does faster must come to the same.

use crate::line::{Line, Use};
use crate::path::{Links, normal, real};
use crate::rule::List;
use crate::rules::{Action, Decision, Own, Place, Rules, Sets, Verdict};
use crate::wildcard::{TextPattern, matches};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn says(pattern: &TextPattern, text: &str) -> bool {
    match pattern {
        TextPattern::All => true,
        TextPattern::Exact(exact) => text == exact,
        TextPattern::Words(words) => text == words || matches(&format!("{words} *"), text),
        TextPattern::Wild(pattern) => matches(pattern, text),
    }
}

fn judge(rules: &Rules, line: &Line, follow: &dyn Fn(&Path) -> PathBuf) -> (Decision, Option<usize>) {
    let of = |number: usize| {
        let decision = match rules.refs[number].list {
            List::Deny => Decision::Deny,
            List::Ask => Decision::Ask,
            List::Allow => Decision::Allow,
        };
        (decision, Some(number))
    };
    let placed = |path: &Path| match path.strip_prefix(&rules.project[0]) {
        Ok(rest) => normal(&rules.project[1], rest),
        Err(_) => path.to_path_buf(),
    };
    let files: Vec<(Use, PathBuf)> = line.files.iter().map(|(usage, path)| (*usage, follow(&placed(path)))).collect();
    let forbids = |sets: &Sets| {
        for (number, pattern) in &sets.commands {
            let texts = line.commands.iter().flat_map(|command| &command.lower).chain([&line.lower]);
            if texts.into_iter().any(|text| says(pattern, text)) {
                return Some(of(*number));
            }
        }
        for (usage, path) in &files {
            let (read, edit) = (&sets.read, &sets.edit);
            let below = path.join("_");
            let found = match usage {
                Use::Read => read.find(path).map(of),
                Use::Edit => edit.find(path).or_else(|| read.find(path)).map(of),
                Use::Named | Use::Enter => read
                    .find(path)
                    .or_else(|| read.find(&below))
                    .map(of)
                    .or_else(|| edit.find(path).or_else(|| edit.find(&below)).map(|number| (Decision::Ask, Some(number)))),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    };
    if let Some(found) = forbids(&rules.deny).or_else(|| forbids(&rules.ask)) {
        return found;
    }
    for (number, pattern) in &rules.allow.commands {
        if *pattern == TextPattern::Exact(line.text.clone()) {
            return of(*number);
        }
    }
    let private = |path: &Path| (rules.private)(&path.strip_prefix(&rules.project[1]).unwrap_or(path).to_string_lossy());
    let inside = |path: &Path| rules.folders.iter().any(|folder| path.starts_with(folder));
    for (usage, path) in &files {
        let (set, open) = match usage {
            Use::Read => (&rules.allow.read, inside(path)),
            Use::Edit => (&rules.allow.edit, false),
            Use::Named => (&rules.allow.read, true),
            Use::Enter => (&rules.allow.read, inside(path)),
        };
        let allowed = match usage {
            Use::Read | Use::Edit => !private(path) && (open || set.find(path).is_some()),
            Use::Named => !private(path),
            Use::Enter => open,
        };
        if !allowed {
            return (Decision::Ask, None);
        }
    }
    if !line.doubts.is_empty() {
        return (Decision::Ask, None);
    }
    let mut by = None;
    for command in line.commands.iter().filter(|command| !command.free) {
        let all = rules.allow.commands.iter();
        let found =
            all.filter(|(_, pattern)| command.texts.iter().any(|text| says(pattern, text))).map(|(number, _)| *number).min();
        match found {
            Some(number) => by = Some(number),
            None => return (Decision::Ask, None),
        }
    }
    (Decision::Allow, by)
}

/// Part of a rule or of a line.
fn word() -> impl Strategy<Value = String> {
    proptest::sample::select(vec![
        "git",
        "log",
        "push",
        "rm",
        "src/a",
        "src",
        "secret",
        "secret/k",
        "out",
        "out/k",
        "in/a",
        "away",
        "./git",
        "'a b'",
        ".env",
        "deep/back/a",
        "-C",
        "-x",
        "GIT",
        "/etc/x",
        "src/../secret/k",
        "gone/x",
        "~/k",
        "src/a/b",
    ])
    .prop_map(str::to_owned)
}

fn line() -> impl Strategy<Value = String> {
    let program = || proptest::sample::select(vec!["cat", "tool", "git log", "/bin/cat", "Tool", "cd src && cat"]);
    let simple = move || {
        let words = proptest::collection::vec(word(), 0..4);
        (program(), words).prop_map(|(program, words)| [vec![program.to_owned()], words].concat().join(" "))
    };
    let mark =
        proptest::sample::select(vec![" && ", " | ", "; ", " > ", " < ", " || ", " && cd ", " && timeout 5 ", " $(", " *"]);
    (simple(), proptest::collection::vec((mark, simple()), 0..3))
        .prop_map(|(first, more)| more.into_iter().fold(first, |line, (mark, text)| line + mark + &text))
}

fn rule() -> impl Strategy<Value = String> {
    let form = proptest::sample::select(vec![
        "Bash(X *)",
        "Bash(X Y *)",
        "Bash(X Y)",
        "Bash(* X)",
        "Bash(X*Y)",
        "Bash(X:*)",
        "Bash(* X *)",
        "Read(X)",
        "Read(./X/**)",
        "Edit(X)",
        "Edit(X/**)",
        "Read(*X)",
        "Bash(X)",
        "Bash(cat *)",
        "Bash(tool:*)",
        "Bash(cat X)",
        "Bash(git *)",
        "Bash(*t*)",
    ]);
    (form, word(), word()).prop_map(|(form, a, b)| form.replace('X', &a).replace('Y', &b))
}

fn rules() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(rule(), 0..8)
}

/// Folders, files, and links to within and without, to links, and to nothing; the project itself is named by a link.
#[cfg(unix)]
fn world() -> tempfile::TempDir {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().canonicalize().unwrap();
    for folder in ["p/src", "p/secret", "p/deep", "away"] {
        std::fs::create_dir_all(at.join(folder)).unwrap();
    }
    for file in ["p/src/a", "p/secret/k", "p/.env", "away/k", "p/-x"] {
        std::fs::write(at.join(file), "").unwrap();
    }
    for (to, from) in
        [("p", "named"), ("../away", "p/out"), ("secret/../src", "p/in"), ("../../p/src", "p/deep/back"), ("nowhere/x", "p/gone")]
    {
        symlink(to, at.join(from)).unwrap();
    }
    symlink("secret/k", at.join("p/log")).unwrap();
    dir
}

#[cfg(unix)]
proptest! {
    #[test]
    fn what_is_quick_comes_to_the_same(deny in rules(), ask in rules(), allow in rules(), lines in proptest::collection::vec(line(), 1..20)) {
        let dir = world();
        let (project, home) = (dir.path().join("named"), dir.path().join("away"));
        let own = Own { file: "own".into(), deny, ask, allow, mode: None };
        let place = Place { project: &project, home: &home, trusted: false };
        let (rules, _) = Rules::load(place, &[own], Arc::new(|path| path.ends_with(".env")));
        for text in lines {
            let line = Line::parse(&text, &project, &home);
            let told = |verdict: Verdict| (verdict.decision, verdict.by);
            let plain = |follow| {
                let (decision, by) = judge(&rules, &line, follow);
                (decision, by.map(|number| rules.refs[number].clone()))
            };
            let by_name = plain(&|path| path.to_path_buf());
            prop_assert_eq!(told(rules.judge(&Action::Command(&line))), by_name.clone(), "{}", text);
            let led = plain(&|path| real(path));
            let stricter = if led.0 > by_name.0 { led } else { by_name };
            prop_assert_eq!(told(rules.judge_real(&Action::Command(&line))), stricter, "{}", text);
            let mut links = Links::default();
            for (_, path) in &line.files {
                prop_assert_eq!(links.follow(path).unwrap_or_else(|| path.clone()), real(path));
            }
        }
    }
}
