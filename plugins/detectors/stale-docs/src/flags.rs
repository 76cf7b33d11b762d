//! Command-line flags that a source file defines. Pure.

/// A line that defines a flag has one of these: a flag that is only handed to another program hasn't.
const DEFINES: &[&str] = &["add_argument", "option", "Option", "long(", "long =", "flag", "Flag", "Arg::", "arg("];

/// Is this a file in which flags may be defined?
pub fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((_, extension)) = name.rsplit_once('.') else { return path.contains("bin/") };
    let test = path
        .split('/')
        .any(|part| matches!(part, "test" | "tests" | "__tests__" | "spec" | "vendor" | "node_modules" | "fixtures"));
    !test
        && matches!(
            extension,
            "rs" | "py" | "js" | "mjs" | "cjs" | "ts" | "go" | "rb" | "sh" | "php" | "java" | "kt" | "c" | "cc" | "cpp"
        )
}

/// Flags with their dashes, sorted: `"--name"`, `'-n, --name <value>'`, and `long("name")` or `long = "name"`.
pub fn flags(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| DEFINES.iter().any(|sign| line.contains(sign))) {
        for opening in ["\"--", "'--", ", --", "long(\"", "long = \""] {
            for (at, _) in line.match_indices(opening) {
                let rest = &line[at + opening.len()..];
                let end = rest.find(|char: char| !(char.is_ascii_alphanumeric() || char == '-')).unwrap_or(rest.len());
                let name = rest[..end].trim_end_matches('-');
                // One that is cut by something else than a quote, a value or a space is no whole name.
                let whole = rest[end..].starts_with(['"', '\'', ' ', '=', '[', '<', ',', '/']);
                // These two come with the parser, whether or not a source names them.
                if name.len() > 2 && whole && !matches!(name, "help" | "version") {
                    found.push(format!("--{name}"));
                }
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_common_parsers() {
        let text = "parser.add_argument('-d', \"--dry-run\")\n@click.option('--host/--no-host')\n  .option('-p, --port <n>', 'x')\n\
                    #[arg(long = \"color\")]\nArg::new(\"x\").long(\"sort\")\nrun([\"git\", \"--bare\"])\n// option \"--x";
        assert_eq!(flags(text), ["--color", "--dry-run", "--host", "--port", "--sort"]);
        assert!(is_source("bin/express") && is_source("src/a.rs") && !is_source("tests/a.rs") && !is_source("a.md"));
    }
}
