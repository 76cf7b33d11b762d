//! What a path says about the lines in it. Pure.

/// The kind of place a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Not read: other people's code, what a build makes, data of tests.
    Skip,
    /// Tests, which may print.
    Test,
    /// Examples, scripts, tools, documentation, settings of tools: they print because that is their job.
    Aside,
    /// All else.
    Library,
}

/// Sorts a path.
pub fn place(path: &str) -> Place {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let stem = name.split('.').next().unwrap_or(name);
    let within = |names: &[&str]| folder.split('/').any(|part| names.contains(&part));
    const OTHERS: &[&str] = &[
        "node_modules",
        "vendor",
        "third_party",
        "third-party",
        "site-packages",
        "dist",
        "build",
        "target",
        "generated",
        "gen",
        "fixtures",
        "__fixtures__",
        "testdata",
        "test-data",
        "test_data",
        "__snapshots__",
        "snapshots",
        "golden",
    ];
    if within(OTHERS)
        || name.contains(".min.")
        || name.contains(".generated.")
        || name.contains("_pb2.")
        || name.ends_with(".pb.go")
    {
        return Place::Skip;
    }
    let test_name = stem.starts_with("test_") || stem.ends_with("_test") || stem.ends_with("_spec") || stem == "conftest";
    if within(&["test", "tests", "testsuite", "__tests__", "spec", "specs", "e2e", "mocks", "__mocks__"])
        || test_name
        || matches!(stem, "test" | "tests")
        || name.contains(".test.")
        || name.contains(".spec.")
    {
        return Place::Test;
    }
    const ASIDE: &[&str] = &[
        "examples",
        "example",
        "samples",
        "demo",
        "demos",
        "docs",
        "doc",
        "scripts",
        "script",
        "bin",
        "tools",
        "tool",
        "bench",
        "benches",
        "benchmark",
        "benchmarks",
        "ci",
        "cmd",
        "cli",
        "playground",
        "tutorial",
        "xtask",
    ];
    const SCRIPTS: &[&str] =
        &["setup", "build", "manage", "noxfile", "tasks", "gruntfile", "gulpfile", "cli", "__main__", "logger", "logging"];
    if within(ASIDE)
        || folder.split('/').any(|part| part.starts_with('.'))
        || SCRIPTS.contains(&stem)
        || name.contains(".config.")
    {
        return Place::Aside;
    }
    Place::Library
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let table = [
            (Place::Skip, "node_modules/a/b.js tests/fixtures/a.rs web/app.min.js api/x.pb.go"),
            (Place::Test, "tests/a.rs src/__tests__/a.ts a/b_test.go src/login.test.ts tests.py src/tests.rs"),
            (Place::Aside, "examples/a.py scripts/x.js build.rs setup.py .github/run.py vite.config.ts cmd/app/main.go"),
            (Place::Library, "src/lib.rs lib/contest.js app/models.py src/latest/a.ts"),
        ];
        for (expected, paths) in table {
            for path in paths.split(' ') {
                assert_eq!(place(path), expected, "{path}");
            }
        }
    }
}
