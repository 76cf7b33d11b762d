//! What a command line is, as far as its exit code is concerned. Pure.

/// The kind of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It builds, tests or checks: an exit code other than 0 says that something is broken.
    Check,
    /// It runs something: a failure may be what was wanted.
    Other,
    /// Its exit code is an answer, or it is interactive: nothing to learn.
    Ignored,
}

/// What an exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it should.
    Passed,
    /// It didn't.
    Failed,
    /// Interrupted, not found, a broken pipe: nothing about the project.
    Nothing,
}

/// Reads an exit code as a shell gives it (128 + signal).
pub fn exit(code: i64) -> Exit {
    match code {
        0 => Exit::Passed,
        // Not executable, not found; HUP, INT, QUIT, KILL by the user, PIPE, TERM, and the stops (CONT to TTOU).
        126 | 127 | 129 | 130 | 131 | 141 | 143 | 146..=150 => Exit::Nothing,
        // Windows: Ctrl-C.
        -1_073_741_510 | 3_221_225_786 => Exit::Nothing,
        _ => Exit::Failed,
    }
}

const IGNORED: &[&str] = &[
    "ls",
    "ll",
    "la",
    "cd",
    "pushd",
    "popd",
    "pwd",
    "cat",
    "bat",
    "less",
    "more",
    "head",
    "tail",
    "man",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "ag",
    "ack",
    "find",
    "fd",
    "diff",
    "cmp",
    "comm",
    "test",
    "[",
    "[[",
    "which",
    "type",
    "command",
    "whereis",
    "git",
    "gh",
    "hub",
    "jj",
    "hg",
    "svn",
    "tig",
    "lazygit",
    "vi",
    "vim",
    "nvim",
    "nano",
    "emacs",
    "code",
    "hx",
    "helix",
    "micro",
    "ssh",
    "scp",
    "tmux",
    "screen",
    "top",
    "htop",
    "btop",
    "watch",
    "echo",
    "printf",
    "true",
    "false",
    "exit",
    "return",
    "kill",
    "pkill",
    "pgrep",
    "killall",
    "ping",
    "fg",
    "bg",
    "jobs",
    "history",
    "clear",
    "source",
    ".",
    "export",
    "alias",
    "unset",
    "read",
    "sleep",
    "wait",
    "mkdir",
    "rm",
    "rmdir",
    "mv",
    "cp",
    "touch",
    "ln",
    "chmod",
    "chown",
    "stat",
    "file",
    "wc",
    "sort",
    "uniq",
    "tree",
    "du",
    "df",
    "ps",
    "fzf",
    "curl",
    "wget",
    "dig",
    "nc",
    "jq",
    "sed",
    "awk",
    "xargs",
    "tee",
    "open",
    "xdg-open",
    "python -i",
    "gdb",
    "lldb",
    "strace",
    "timeout",
    "kairos-run",
    "man",
    "apropos",
    "expr",
    "systemctl",
    "journalctl",
    "pip",
    "apt",
    "apt-get",
    "brew",
    "docker",
    "podman",
    "kubectl",
    "psql",
    "mysql",
    "sqlite3",
    "redis-cli",
    "claude",
    "exec",
];

const CHECKS: &[&str] = &[
    "make",
    "gmake",
    "ninja",
    "cmake",
    "ctest",
    "meson",
    "bazel",
    "buck2",
    "gradle",
    "gradlew",
    "mvn",
    "mvnw",
    "ant",
    "sbt",
    "pytest",
    "py.test",
    "tox",
    "nox",
    "mypy",
    "pyright",
    "ruff",
    "flake8",
    "pylint",
    "black",
    "unittest",
    "jest",
    "vitest",
    "mocha",
    "ava",
    "tsc",
    "eslint",
    "prettier",
    "biome",
    "playwright",
    "cypress",
    "webpack",
    "vite",
    "rustc",
    "gcc",
    "g++",
    "cc",
    "c++",
    "clang",
    "clang++",
    "javac",
    "kotlinc",
    "ghc",
    "stack",
    "cabal",
    "mix",
    "rspec",
    "rake",
    "rubocop",
    "phpunit",
    "phpstan",
    "dotnet",
    "msbuild",
    "xcodebuild",
    "swiftc",
    "golangci-lint",
    "staticcheck",
    "shellcheck",
    "actionlint",
    "tflint",
    "pre-commit",
    "just",
    "task",
];

/// Sorts a command line: a pipe is as its last command, a chain as the most telling of its commands.
pub fn class(line: &str) -> Class {
    let mut best = Class::Ignored;
    for part in line.split("&&").flat_map(|part| part.split("||")).flat_map(|part| part.split(';')) {
        let mut pipe = part.split('|').map(single);
        let class = match pipe.next_back() {
            // `cargo test | tail`: the exit code is that of `tail`, 0 unless something odd happened.
            Some(last) => last,
            None => Class::Ignored,
        };
        if class == Class::Check || best == Class::Ignored {
            best = class;
        }
    }
    best
}

fn single(part: &str) -> Class {
    let mut words = part.split_whitespace().skip_while(|word| {
        let assigns = word
            .split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        assigns
            || matches!(*word, "sudo" | "time" | "nice" | "nohup" | "env" | "doas" | "npx" | "pnpx" | "bunx" | "(" | "{" | "!")
    });
    let Some(first) = words.next() else { return Class::Ignored };
    let program = first.rsplit('/').next().unwrap_or(first).trim_start_matches('(');
    let mut rest = words.filter(|word| !word.starts_with(['-', '+']));
    let second = rest.next().unwrap_or_default();
    let third = rest.next().unwrap_or_default();
    match program {
        "cargo" => match second {
            "build" | "b" | "test" | "t" | "check" | "c" | "clippy" | "fmt" | "nextest" | "doc" | "bench" | "package"
            | "publish" | "miri" | "deny" => Class::Check,
            "xtask" => Class::Check,
            _ => Class::Other,
        },
        "go" => {
            if matches!(second, "build" | "test" | "vet" | "generate" | "install") {
                Class::Check
            } else {
                Class::Other
            }
        }
        "npm" | "pnpm" | "yarn" | "bun" | "deno" => {
            let script = if second == "run" { third } else { second };
            let checks =
                ["test", "build", "lint", "check", "typecheck", "tsc", "ci", "jest", "vitest", "eslint", "t", "fmt", "format"];
            if checks.iter().any(|name| script.split(':').any(|part| part == *name)) { Class::Check } else { Class::Other }
        }
        "python" | "python3" | "uv" | "poetry" | "pipenv" | "hatch" | "pdm" | "bundle" | "php" | "node" => {
            let named = [second, third].iter().any(|word| CHECKS.contains(word));
            if named || part.contains(" test") { Class::Check } else { Class::Other }
        }
        "swift" | "zig" | "stack" | "mix" | "dotnet" | "flutter" | "dart" => {
            if matches!(second, "build" | "test" | "analyze" | "compile" | "check") { Class::Check } else { Class::Other }
        }
        _ if CHECKS.contains(&program) => Class::Check,
        _ if IGNORED.contains(&program) => Class::Ignored,
        // A script of the project's own.
        _ if first.contains('/') && ["test", "build", "check", "lint", "ci"].iter().any(|name| program.contains(name)) => {
            Class::Check
        }
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        for line in [
            "cargo test",
            "cargo +nightly clippy --all",
            "RUST_LOG=debug cargo t -p a",
            "cd web && npm run build",
            "npm test",
            "yarn lint",
            "npx tsc --noEmit",
            "python -m pytest -q",
            "uv run pytest",
            "go test ./...",
            "make -j8",
            "./gradlew check",
            "./scripts/test.sh",
            "npm run test:unit",
            "time make",
            "cargo build; ls",
            "/usr/bin/gcc -c a.c",
        ] {
            assert_eq!(class(line), Class::Check, "{line}");
        }
        for line in ["cargo run", "python app.py", "./server --port 80", "npm start", "npm run dev", "terraform apply"] {
            assert_eq!(class(line), Class::Other, "{line}");
        }
        for line in [
            "ls x",
            "grep a b",
            "cat f | grep x",
            "git push",
            "vim a.rs",
            "false",
            "test -f x",
            "[ -f x ]",
            "cargo test | grep FAIL",
            "sudo rm x",
            "",
            "diff a b",
            "ssh host make",
        ] {
            assert_eq!(class(line), Class::Ignored, "{line}");
        }
    }

    #[test]
    fn exits_that_say_nothing() {
        for code in [126, 127, 130, 141, 143, 148] {
            assert_eq!(exit(code), Exit::Nothing, "{code}");
        }
        assert_eq!(
            (exit(0), exit(1), exit(2), exit(101), exit(139)),
            (Exit::Passed, Exit::Failed, Exit::Failed, Exit::Failed, Exit::Failed)
        );
    }
}
