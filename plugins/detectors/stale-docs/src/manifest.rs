//! The commands that a manifest defines, and how they are called. Pure.

/// Who runs a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runner {
    /// Scripts of `package.json`.
    Npm,
    /// Targets of a Makefile.
    Make,
    /// Recipes of a justfile.
    Just,
    /// Programs of a Rust package, run with `cargo run --bin`.
    Cargo,
    /// Programs that an installation puts in the path.
    Program,
}

/// What a manifest defines: who runs it, and its name.
pub type Command = (Runner, String);

/// Is this path a manifest?
pub fn is_manifest(path: &str) -> bool {
    matches!(
        path.rsplit('/').next().unwrap_or(path),
        "package.json"
            | "Makefile"
            | "makefile"
            | "GNUmakefile"
            | "justfile"
            | "Justfile"
            | ".justfile"
            | "Cargo.toml"
            | "pyproject.toml"
    )
}

/// The commands of a manifest; none where it isn't understood.
pub fn commands(path: &str, text: &str) -> Vec<Command> {
    let all = |runner: Runner, names: Vec<String>| names.into_iter().map(move |name| (runner, name));
    match path.rsplit('/').next().unwrap_or(path) {
        "package.json" => {
            all(Runner::Npm, json_keys(text, "scripts")).chain(all(Runner::Program, json_keys(text, "bin"))).collect()
        }
        "Cargo.toml" => all(Runner::Cargo, rust_programs(text)).collect(),
        "pyproject.toml" => {
            let tables = ["[project.scripts]", "[project.gui-scripts]", "[tool.poetry.scripts]"];
            all(Runner::Program, tables.iter().flat_map(|table| toml_keys(text, table)).collect()).collect()
        }
        "justfile" | "Justfile" | ".justfile" => all(Runner::Just, targets(text, true)).collect(),
        _ => all(Runner::Make, targets(text, false)).collect(),
    }
}

/// Manifests in which a name of this kind may live on, and a regular expression that finds it there.
pub fn definition(runner: Runner, name: &str) -> (&'static [&'static str], String) {
    let name = crate::escape(name);
    match runner {
        Runner::Npm => (&["**/package.json"], format!(r#""{name}"\s*:"#)),
        Runner::Make => (
            &["**/Makefile", "**/makefile", "**/GNUmakefile", "**/*.mk", "**/Makefile.*"],
            format!(r"^([^#\t=]*\s)?{name}(\s[^=]*)?:|^[^#\t=]*%[^=]*:"),
        ),
        Runner::Just => (&["**/justfile", "**/Justfile", "**/.justfile", "**/*.just"], format!(r"^@?{name}\b|^alias\s+{name}\b")),
        Runner::Cargo => (&["**/Cargo.toml"], format!(r#"name\s*=\s*"{name}""#)),
        Runner::Program => (
            &["**/pyproject.toml", "**/package.json", "**/setup.py", "**/setup.cfg", "**/Cargo.toml"],
            format!(r#"\b{name}"?\s*[=:]|name\s*=\s*"{name}"|"name"\s*:\s*"{name}""#),
        ),
    }
}

/// How the command is written, without its name.
pub fn calls(runner: Runner) -> &'static [&'static str] {
    match runner {
        Runner::Npm => &["npm run ", "npm run-script ", "yarn ", "yarn run ", "pnpm ", "pnpm run ", "bun run ", "npm "],
        Runner::Make => &["make "],
        Runner::Just => &["just "],
        Runner::Cargo => &["--bin ", "--bin=", "cargo install "],
        Runner::Program => &[],
    }
}

/// The keys of the object behind a key of the outermost object.
fn json_keys(text: &str, of: &str) -> Vec<String> {
    let (mut depth, mut keys, mut inside) = (0_u32, Vec::new(), None);
    let (mut last, mut chars) = (String::new(), text.chars());
    let mut after_colon = false;
    while let Some(char) = chars.next() {
        match char {
            '"' => {
                last.clear();
                while let Some(char) = chars.next().filter(|char| *char != '"') {
                    last.extend(if char == '\\' { chars.next() } else { Some(char) });
                }
            }
            ':' => {
                if inside == Some(depth) {
                    keys.push(last.clone());
                }
                after_colon = depth == 1 && last == of;
            }
            '{' | '[' => {
                depth += 1;
                if char == '{' && after_colon {
                    inside = Some(depth);
                }
                after_colon = false;
            }
            '}' | ']' => {
                if inside == Some(depth) {
                    return keys;
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
    }
    keys
}

fn toml_keys(text: &str, table: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).skip_while(|line| *line != table).skip(1).take_while(|line| !line.starts_with('['));
    let keys = lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('=')?.0.trim().trim_matches('"').to_string()));
    keys.collect()
}

/// `[[bin]]` tables; and the package itself, which is a program if nothing says otherwise.
fn rust_programs(text: &str) -> Vec<String> {
    let mut table = "";
    let mut names = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            table = line;
        } else if matches!(table, "[[bin]]" | "[package]")
            && let Some(value) = line.strip_prefix("name").and_then(|rest| rest.trim_start().strip_prefix('='))
            && let Some(name) = value.trim().strip_prefix('"').and_then(|rest| rest.split('"').next())
        {
            names.push(name.to_string());
        }
    }
    names
}

/// Names before a colon at the start of a line; in a justfile parameters may stand between.
fn targets(text: &str, just: bool) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with([' ', '\t', '#', '.'])) {
        let Some((head, rest)) = line.split_once(':') else { continue };
        if rest.starts_with('=') || head.contains(['=', '$', '%', '/', '"']) && !just {
            continue;
        }
        let words = head.trim_start_matches('@').split_whitespace().take(if just { 1 } else { usize::MAX });
        names.extend(words.filter(|word| is_name(word)).map(String::from));
    }
    names
}

fn is_name(word: &str) -> bool {
    word.starts_with(|char: char| char.is_ascii_alphanumeric())
        && word.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.' | ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, text: &str) -> Vec<String> {
        commands(path, text).into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn commands_of_each_manifest() {
        let package = r#"{"name": "a", "x": {"scripts": {"no": "b"}}, "scripts": {"lint": "eslint \"a:b\" .", "test:unit": "x"}, "bin": {"a-cli": "b.js"}}"#;
        assert_eq!(names("package.json", package), ["lint", "test:unit", "a-cli"]);
        let make = "CC := gcc\n.PHONY: all\nall test: dep\n\techo a: b\n%.o: %.c\n$(X): y\ndocs::\n";
        assert_eq!(names("sub/Makefile", make), ["all", "test", "docs"]);
        assert_eq!(names("justfile", "x := \"1\"\n@build target='a:b' :\n  cargo build\nfmt:\n"), ["build", "fmt"]);
        assert_eq!(
            names("Cargo.toml", "[package]\nname = \"rg\"\n[dependencies]\nname = \"no\"\n[[bin]]\nname = \"rga\"\n"),
            ["rg", "rga"]
        );
        assert_eq!(
            names("pyproject.toml", "[project.scripts]\nflask = \"flask.cli:main\"\n# x = 1\n[tool.x]\ny = 1\n"),
            ["flask"]
        );
    }
}
