//! Which command lines are tests, and which can't have changed what a test sees. Pure.

/// What a command line is to this detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It runs tests: its exit code is their verdict on the files.
    Test,
    /// It looks, edits files (which the tree shows) or builds: tests before and after it can be compared.
    Harmless,
    /// It may have started a service, installed a package, set a variable.
    Unknown,
}

/// What an exit code says of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All passed.
    Passed,
    /// One or more failed.
    Failed,
    /// Interrupted, not found, not run.
    Nothing,
}

/// Leaves the tree, and what stands around it, as it is; or changes nothing but files that git sees.
const HARMLESS: &str = "cd pushd popd ls ll la pwd cat bat less more head tail man grep rg ag find fd diff cmp wc sort uniq tree du df \
    ps top htop which type echo printf true false clear history jobs sleep date stat file jq git gh tig lazygit jj \
    vi vim nvim nano emacs code hx micro subl kairos-run rustc gcc clang tsc eslint prettier black ruff flake8 \
    mypy gofmt rustfmt tokei";

/// Programs that run tests whatever their arguments are.
const RUNNERS: &str = "pytest py.test unittest tox nox jest mocha ava jasmine ctest rspec phpunit pest bats prove busted gotestsum \
    nosetests trial";

/// Words before the program that don't matter.
const WRAPPERS: &str = "sudo time env nice npx pnpx bunx command nocorrect xvfb-run";

/// Is it one of the words of a list?
fn listed(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// Sorts a command line.
pub fn class(line: &str) -> Class {
    let line = &line.replace("2>&1", "");
    // What is run, or whose exit code it is, can't be told from the line.
    if line.contains(['|', '`', '\n']) || line.contains("$(") || line.trim_end().ends_with('&') {
        let looks =
            line.split(['|', ';', '&']).filter(|part| !part.trim().is_empty()).all(|part| single(part) == Class::Harmless);
        return if looks && !line.contains(['`', '\n']) && !line.contains("$(") { Class::Harmless } else { Class::Unknown };
    }
    let mut parts: Vec<Class> = line.split("&&").flat_map(|part| part.split(';')).map(single).collect();
    let last = parts.pop().unwrap_or(Class::Harmless);
    if parts.contains(&Class::Unknown) { Class::Unknown } else { last }
}

fn single(part: &str) -> Class {
    let words: Vec<&str> = part.split_whitespace().skip_while(|word| is_assignment(word) || listed(WRAPPERS, word)).collect();
    let Some(first) = words.first() else {
        // `A=b` alone stays for what comes after.
        return if part.trim().is_empty() { Class::Harmless } else { Class::Unknown };
    };
    let program = first.rsplit('/').next().unwrap_or(first);
    let mut plain = words[1..].iter().filter(|word| !word.starts_with(['-', '+']));
    let second = plain.next().copied().unwrap_or_default();
    let third = plain.next().copied().unwrap_or_default();
    let test = match program {
        "cargo" => {
            matches!(second, "test" | "t") || (matches!(second, "nextest" | "miri") && matches!(third, "run" | "r" | "test"))
        }
        "go" | "swift" | "zig" | "deno" | "mix" | "dotnet" | "flutter" | "dart" | "stack" | "cabal" | "bazel" | "sbt"
        | "meson" | "rails" => second == "test" || (program == "zig" && third == "test"),
        "npm" | "pnpm" | "yarn" | "bun" => is_test_script(if second == "run" { third } else { second }),
        "vitest" | "playwright" => matches!(second, "run" | "test"),
        "cypress" | "karma" => matches!(second, "run" | "start"),
        "node" => words.contains(&"--test"),
        "make" | "gmake" | "ninja" | "just" | "task" | "rake" => {
            words[1..].iter().any(|word| is_test_script(word) || *word == "check")
        }
        "gradle" | "gradlew" => words[1..].iter().any(|word| matches!(word.rsplit(':').next(), Some("test" | "check"))),
        "mvn" | "mvnw" => words[1..].iter().any(|word| matches!(*word, "test" | "verify")),
        "python" | "python3" | "uv" | "poetry" | "pipenv" | "hatch" | "pdm" | "bundle" | "php" | "ruby" | "sh" | "bash" => {
            words[1..].iter().any(|word| listed(RUNNERS, word) || *word == "test" || is_test_program(word))
        }
        _ => listed(RUNNERS, program) || (first.contains('/') && is_test_program(first)),
    };
    match () {
        () if test && is_repeatable(&words) => Class::Test,
        () if test => Class::Harmless,
        () if program == "git" && matches!(second, "clean" | "submodule" | "lfs") => Class::Unknown,
        () if listed(HARMLESS, program) => Class::Harmless,
        // Builds: what they make follows from the tree.
        () if matches!(program, "cargo" | "go")
            && matches!(second, "build" | "b" | "check" | "c" | "clippy" | "fmt" | "vet" | "doc") =>
        {
            Class::Harmless
        }
        () => Class::Unknown,
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.bytes().next().is_some_and(|b| !b.is_ascii_digit()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// `test`, `tests`, `test:unit`, `unit-test`.
fn is_test_script(name: &str) -> bool {
    name == "t" || name.split([':', '-', '_']).any(|part| matches!(part, "test" | "tests" | "spec"))
}

/// A script of the project's own: `./scripts/test.sh`, `run_tests.py`.
fn is_test_program(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let stem = name.split('.').next().unwrap_or(name);
    stem.split(['-', '_']).any(|part| matches!(part, "test" | "tests" | "runtests" | "check"))
}

/// The same tests run each time. Not so where the last result picks them, or a watcher the moment.
fn is_repeatable(words: &[&str]) -> bool {
    const PICKS: &str = "--lf --last-failed --ff --failed-first --nf --sw --stepwise --onlyFailures --only-failures --onlyChanged -o \
        --changed --changedSince --rerun-failed --next-failure --bisect --watch --watchAll --looponfail -f --no-run \
        --collect-only --list --listTests --help -h --version";
    // `-f` and `-o` mean something else to most programs.
    let short = words.iter().any(|word| matches!(*word, "jest" | "rspec")) || words.contains(&"--looponfail");
    !words.iter().any(|word| {
        let name = word.split('=').next().unwrap_or(word);
        listed(PICKS, name) && (name.starts_with("--") || name == "-h" || short)
    })
}

/// Reads an exit code as a shell gives it.
pub fn exit(line: &str, code: i64, output: &str) -> Exit {
    match code {
        0 => Exit::Passed,
        126 | 127 | 129 | 130 | 131 | 137 | 141 | 143 | 146..=150 | -1_073_741_510 | 3_221_225_786 => Exit::Nothing,
        // pytest: interrupted or not collected, an internal error, wrong usage, no test found.
        2..=5 if line.contains("pytest") || line.contains("py.test") => Exit::Nothing,
        _ if never_ran(output) => Exit::Nothing,
        _ => Exit::Failed,
    }
}

/// The output says that it came to no test: a build, the network, a lock, a full disk.
fn never_ran(output: &str) -> bool {
    const SIGNS: &[&str] = &[
        "could not compile",
        "[build failed]",
        "[setup failed]",
        "failed to download",
        "failed to fetch",
        "failed to load manifest",
        "failed to select a version",
        "No rule to make target",
        "Test suite failed to run",
        "Missing script:",
        "Cannot find module",
        "ModuleNotFoundError",
        "ImportError while loading conftest",
        "No space left on device",
        "ECONNREFUSED",
        "Connection refused",
        "Temporary failure in name resolution",
        "getaddrinfo",
        "Address already in use",
        "address already in use",
        "EADDRINUSE",
        "Cannot connect to the Docker daemon",
        "Too many open files",
        "Cannot allocate memory",
    ];
    SIGNS.iter().any(|sign| output.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_test() {
        for line in [
            "cargo test",
            "cargo +nightly test -p a",
            "RUST_LOG=debug cargo t -p a",
            "cargo nextest run",
            "cd web && npm test",
            "npm run test:unit",
            "yarn test --runInBand",
            "npx jest -t adds",
            "npx vitest run",
            "python -m pytest -q tests/test_a.py",
            "uv run pytest",
            "python manage.py test",
            "python -m unittest discover",
            "go test ./...",
            "make -j8 check",
            "just test",
            "ctest --test-dir build",
            "./gradlew :app:test",
            "./scripts/test.sh",
            "bash run_tests.sh",
            "node --test",
            "bundle exec rspec spec/a_spec.rb",
            "cargo build && cargo test 2>&1",
        ] {
            assert_eq!(class(line), Class::Test, "{line}");
        }
        for line in [
            "git commit -m test",
            "cargo build",
            "vim tests/a.rs",
            "cat log | grep test",
            "pytest --lf",
            "npx jest --watch",
            "npx jest -o",
            "cargo test --no-run",
            "ls",
            "",
        ] {
            assert_eq!(class(line), Class::Harmless, "{line}");
        }
        for line in [
            "docker compose up -d",
            "npm install",
            "export A=b",
            "A=b",
            "source .venv/bin/activate",
            "git clean -fdx",
            "cargo test | tee log",
            "npm i && npm test",
            "pytest $(git diff --name-only)",
            "cargo test &",
            "vitest",
            "rm -rf target/db",
            "python app.py",
        ] {
            assert_eq!(class(line), Class::Unknown, "{line}");
        }
    }

    #[test]
    fn exits_that_say_nothing_of_tests() {
        assert_eq!(exit("cargo test", 101, "test a ... FAILED"), Exit::Failed);
        assert_eq!(exit("pytest", 1, ""), Exit::Failed);
        assert_eq!(exit("make check", 2, ""), Exit::Failed);
        for (line, code, output) in [
            ("cargo test", 130, ""),
            ("cargo test", 101, "error: could not compile `app` (lib test)"),
            ("pytest", 5, ""),
            ("make test", 2, "make: *** No rule to make target 'test'.  Stop."),
            ("npm test", 1, "Error: connect ECONNREFUSED 127.0.0.1:5432"),
            ("cargo test", 137, ""),
        ] {
            assert_eq!(exit(line, code, output), Exit::Nothing, "{line} {code}");
        }
    }
}
