//! Does a line of a document name a thing? Pure.

use crate::docs::{Line, is_about_the_project};
use crate::gone::{Kind, Thing};
use crate::manifest::{Runner, calls};

/// How a line names a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention {
    /// By a link that leads to it.
    Link,
    /// By its name.
    Name,
}

/// None where the line doesn't name it, or may mean something else by the name.
pub fn mention(doc: &str, line: &Line<'_>, thing: &Thing) -> Option<Mention> {
    // What is printed may be a help text, so a flag counts there.
    if line.output && thing.kind != Kind::Flag {
        return None;
    }
    let found = match thing.kind {
        Kind::File | Kind::Folder => path(doc, line, thing),
        Kind::Command(runner) => command(line, runner, &thing.name).then_some(Mention::Name),
        Kind::Flag => flag(line, &thing.name).then_some(Mention::Name),
    };
    found.filter(|_| !line.tells_of_the_past())
}

fn path(doc: &str, line: &Line<'_>, thing: &Thing) -> Option<Mention> {
    let (text, name) = (line.text, &thing.name);
    let inner = name.contains('/');
    let leads = targets(text).any(|target| resolve(doc, target).is_some_and(|path| path == *name));
    if leads || inner && hosted(text).any(|path| path == name) {
        return Some(Mention::Link);
    }
    let told = paths(text, name, thing.kind).any(|at| inner || is_about_the_project(doc) && line.is_code_at(at));
    told.then_some(Mention::Name)
}

/// Where a path stands for itself: not as a part of a longer one, nor of an address.
fn paths<'a>(text: &'a str, path: &'a str, kind: Kind) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(path).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].strip_suffix("./").unwrap_or(&text[..*at]);
        let mut after = text[at + path.len()..].chars();
        let mut next = after.next();
        if kind == Kind::Folder && next == Some('/') {
            next = after.next();
        } else if kind == Kind::Folder && !path.contains('/') {
            return false;
        }
        let part = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '/' | '\\' | '@' | '*');
        let goes_on = next.is_some_and(part) || next == Some('.') && after.clone().next().is_some_and(char::is_alphanumeric);
        // In a log or a message of a compiler: `path:12`.
        let printed = next == Some(':') && after.clone().next().is_some_and(|char| char.is_ascii_digit());
        !goes_on && !printed && !before.ends_with(|char: char| part(char) || matches!(char, '.' | '~' | '%' | '{' | '}' | ':'))
    })
}

/// What links, pictures and includes of a line lead to.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    const OPENINGS: &[(&str, &[char])] = &[
        ("](", &[')', ' ']),
        ("]: ", &[' ']),
        ("href=\"", &['"']),
        ("src=\"", &['"']),
        ("include:: ", &[' ']),
        ("image:: ", &[' ']),
        ("figure:: ", &[' ']),
    ];
    OPENINGS.iter().flat_map(move |(opening, ends)| {
        text.match_indices(opening).map(move |(at, _)| {
            let rest = &text[at + opening.len()..];
            rest.split(|char| ends.contains(&char)).next().unwrap_or(rest).trim_start_matches('<').trim_end_matches('>')
        })
    })
}

/// Paths in addresses that show a file of a repository's main branch. Whose repository it is can't be told; but that another one
/// has the very path that has just gone away here is rare.
fn hosted(text: &str) -> impl Iterator<Item = &str> {
    const BEFORE: &[&str] = &["/blob/main/", "/blob/master/", "/tree/main/", "/tree/master/", "/raw/main/", "/raw/master/"];
    let end = |rest: &str| rest.find([')', '>', '"', '#', '?', '`', ']', ' ', '\'']).unwrap_or(rest.len());
    BEFORE.iter().flat_map(move |before| {
        text.match_indices(before).map(move |(at, _)| {
            let rest = &text[at + before.len()..];
            rest[..end(rest)].trim_end_matches('/')
        })
    })
}

/// The path in the project that a link in a document leads to; none for addresses and anchors.
pub fn resolve(doc: &str, target: &str) -> Option<String> {
    let target = target.split(['#', '?']).next()?;
    if target.is_empty() || target.contains(':') || target.starts_with("//") {
        return None;
    }
    let folder = doc.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> =
        if target.starts_with('/') { Vec::new() } else { folder.split('/').filter(|part| !part.is_empty()).collect() };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn command(line: &Line<'_>, runner: Runner, name: &str) -> bool {
    let ends =
        |rest: &str| !rest.starts_with(|char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '.' | ':' | '/' | '='));
    if runner == Runner::Program {
        // At the beginning of a command: `name`, `$ name`, in a line of code.
        return line.text.match_indices(name).any(|(at, _)| {
            let before = line.text[..at].trim_end();
            line.is_code_at(at)
                && (before.is_empty() || before.ends_with(['`', '$', '|', ';', '&']))
                && ends(&line.text[at + name.len()..])
        });
    }
    calls(runner).iter().any(|call| {
        let built_in = *call == "npm " && !matches!(name, "test" | "start" | "stop" | "restart")
            // `yarn add` and the like are its own.
            || matches!(*call, "yarn " | "pnpm ") && matches!(name, "install" | "add" | "remove" | "run" | "init" | "publish" | "link" | "why");
        !built_in
            && line.text.match_indices(call).any(|(at, _)| {
                let whole = !line.text[..at].ends_with(|char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '.'));
                let rest = line.text[at + call.len()..].strip_prefix(name);
                whole && line.is_code_at(at) && rest.is_some_and(ends)
            })
    })
}

/// Commands with flags of their own.
const OTHERS: &[&str] = &[
    "git",
    "cargo",
    "npm",
    "npx",
    "yarn",
    "pnpm",
    "pip",
    "pip3",
    "uv",
    "poetry",
    "python",
    "python3",
    "pytest",
    "tox",
    "docker",
    "make",
    "curl",
    "brew",
    "apt",
    "apt-get",
    "go",
    "rustc",
    "rustup",
    "node",
    "tar",
    "ssh",
    "ls",
    "grep",
    "find",
    "sudo",
    "mypy",
    "ruff",
    "eslint",
    "jest",
    "mocha",
    "kubectl",
    "helm",
    "gcc",
    "cmake",
    "wget",
    "choco",
    "sphinx-build",
    "gunicorn",
    "uwsgi",
    "celery",
];

fn flag(line: &Line<'_>, name: &str) -> bool {
    line.text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&line.text[..at], &line.text[at + name.len()..]);
        let whole = !before.ends_with(|char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '/'))
            && !after.starts_with(|char: char| char.is_alphanumeric() || matches!(char, '-' | '_'));
        // The command that it belongs to, not what the sentence says before it.
        let command = before.rsplit(['`', '|', ';', '&', '(']).next().unwrap_or(before);
        let others = command.split(|char: char| !(char.is_alphanumeric() || char == '-')).any(|word| OTHERS.contains(&word));
        whole && !others
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::lines;

    fn told(doc: &str, text: &str, kind: Kind, name: &str) -> Option<Mention> {
        let thing = Thing { kind, name: name.into(), became: None };
        lines(text).iter().find_map(|line| mention(doc, line, &thing))
    }

    #[test]
    fn paths_stand_for_themselves() {
        use {Kind::*, Mention::*};
        let table = [
            ("README.md", "see `src/a.rs`.", File, "src/a.rs", Some(Name)),
            ("README.md", "see ./src/a.rs, too", File, "src/a.rs", Some(Name)),
            ("README.md", "see lib/src/a.rs or src/a.rsx or https://x.y/src/a.rs", File, "src/a.rs", None),
            ("README.md", "`src/a.rs` was removed", File, "src/a.rs", None),
            ("README.md", "error at src/a.rs:12", File, "src/a.rs", None),
            ("README.md", "```\n$ x\nsrc/a.rs\n```", File, "src/a.rs", None),
            ("docs/a.md", "[a](https://x.y/o/r/blob/main/src/a.rs#L3)", File, "src/a.rs", Some(Link)),
            ("docs/a.md", "[a](https://x.y/o/r/blob/1.0/src/a.rs)", File, "src/a.rs", None),
            ("docs/a/b.md", "[x](../c.md#top)", File, "docs/c.md", Some(Link)),
            ("docs/a/b.rst", ".. include:: ../../CHANGES.rst", File, "CHANGES.rst", Some(Link)),
            ("docs/a/b.md", "save it as `app.py`", File, "app.py", None),
            ("CONTRIBUTING.md", "run `setup.sh` first", File, "setup.sh", Some(Name)),
            ("CONTRIBUTING.md", "the setup.sh", File, "setup.sh", None),
            ("README.md", "in `tools/gen/` and", Folder, "tools/gen", Some(Name)),
            ("README.md", "in `tools/gen/x`", Folder, "tools/gen", None),
            ("README.md", "`examples`", Folder, "examples", None),
            ("README.md", "`examples/`", Folder, "examples", Some(Name)),
        ];
        for (doc, text, kind, name, expected) in table {
            assert_eq!(told(doc, text, kind, name), expected, "{text}");
        }
    }

    #[test]
    fn commands_stand_in_code() {
        let table = [
            ("`npm run lint`", Runner::Npm, "lint", true),
            ("`npm run lint:fix`", Runner::Npm, "lint", false),
            ("npm run lint", Runner::Npm, "lint", false),
            ("`npm publish`", Runner::Npm, "publish", false),
            ("we make docs", Runner::Make, "docs", false),
            ("    make docs", Runner::Make, "docs", true),
            ("    cmake docs", Runner::Make, "docs", false),
            ("$ flaskr run", Runner::Program, "flaskr", true),
            ("the `flaskr` package, `import flaskr`", Runner::Program, "flaskr", true),
            ("`import flaskr`", Runner::Program, "flaskr", false),
            ("`cargo run --bin rga -- x`", Runner::Cargo, "rga", true),
        ];
        for (text, runner, name, expected) in table {
            assert_eq!(told("README.md", text, Kind::Command(runner), name).is_some(), expected, "{text}");
        }
        assert!(told("README.md", "pass `--fast` to it", Kind::Flag, "--fast").is_some());
        assert!(told("README.md", "pass `--fast-mode` to it", Kind::Flag, "--fast").is_none());
        assert!(told("README.md", "`cargo build --fast`", Kind::Flag, "--fast").is_none());
    }
}
