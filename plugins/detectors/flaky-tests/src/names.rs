//! The names of failed tests in an output. Pure, and never sure: the output is untrusted and its beginning may be cut off.

/// Names that are kept of one run, and the longest of them in bytes.
const MOST: usize = 50;
const LONGEST: usize = 160;

/// In the order of the output, each once, at most 50.
pub fn failed(output: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        let name = kairos_plugin::fit(name.trim(), LONGEST);
        if !name.is_empty() && !name.chars().any(char::is_control) && names.len() < MOST && !names.contains(&name) {
            names.push(name);
        }
    };
    // mocha numbers its failures at the end, with the name on several lines.
    let mut mocha = false;
    let mut suites: Option<Vec<&str>> = None;
    for line in output.lines() {
        let text = line.trim();
        if let Some(parts) = &mut suites {
            parts.push(text.trim_end_matches(':'));
            if text.ends_with(':') {
                add(&parts.join(" "));
                suites = None;
            } else if text.is_empty() || parts.len() > 4 {
                suites = None;
            }
        } else if text.ends_with(" failing") {
            mocha = true;
        } else if mocha
            && let Some((number, name)) = text.split_once(") ")
            && number.parse::<u32>().is_ok()
        {
            suites = Some(vec![name]);
        } else if let Some(name) = of_line(line, text) {
            add(name);
        }
    }
    names
}

fn of_line<'a>(line: &'a str, text: &'a str) -> Option<&'a str> {
    // Rust
    if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
        return Some(name);
    }
    // nextest: `FAIL [   0.003s] (1/5) app tests::b`
    if let Some(rest) = text.strip_prefix("FAIL [").or_else(|| text.strip_prefix("TIMEOUT [")) {
        let rest = rest.split_once(']')?.1.trim();
        return Some(if rest.starts_with('(') { rest.split_once(')')?.1 } else { rest });
    }
    // pytest, also under xdist: `[gw0] [ 50%] FAILED tests/a.py::test_b - assert 1`
    if let Some((before, rest)) = line.split_once("FAILED ").or_else(|| line.split_once("ERROR "))
        && (before.is_empty() || before.starts_with("[gw"))
        && rest.contains("::")
    {
        return Some(rest.split(" - ").next().unwrap_or(rest));
    }
    // unittest: `FAIL: test_a (tests.A.test_a)`
    if let Some(rest) = line.strip_prefix("FAIL: ").or_else(|| line.strip_prefix("ERROR: "))
        && rest.ends_with(')')
    {
        return Some(rest);
    }
    // Go. A subtest fails with its test, which stands unindented.
    if let Some(rest) = line.strip_prefix("--- FAIL: ") {
        return rest.split(" (").next();
    }
    // jest: `  ● suite › name`
    if let Some(name) = text.strip_prefix("● ") {
        return (!matches!(name, "Console" | "Test suite failed to run") && !name.contains("Validation")).then_some(name);
    }
    // vitest: ` FAIL  src/a.test.ts > suite > name`
    if let Some(name) = text.strip_prefix("FAIL ")
        && name.contains(" > ")
    {
        return Some(name);
    }
    // TAP, node --test, bats
    if let Some(rest) = text.strip_prefix("not ok ") {
        let name = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches([' ', '-']);
        return (!name.contains("# TODO")).then_some(name);
    }
    // ctest's list at the end: `  3 - name (Failed)`
    if let Some(rest) = text.strip_suffix(" (Failed)").or_else(|| text.strip_suffix(" (Timeout)"))
        && let Some((number, name)) = rest.split_once(" - ")
        && number.parse::<u32>().is_ok()
    {
        return Some(name);
    }
    // rspec: `rspec ./spec/a_spec.rb:12 # A does b`
    let (place, name) = line.strip_prefix("rspec ./").and_then(|rest| rest.split_once(" # "))?;
    Some(if name.is_empty() { place } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_usual_runners() {
        let table: &[(&str, &[&str])] = &[
            (
                "test tests::a ... ok\ntest tests::b ... FAILED\n\nfailures:\n    tests::b\n\ntest result: FAILED. 1 passed; 1 failed\n",
                &["tests::b"],
            ),
            (
                "        FAIL [   0.003s] app tests::b\n        FAIL [   0.003s] (2/5) app tests::c\n",
                &["app tests::b", "app tests::c"],
            ),
            ("FAILED tests/test_a.py::test_sum[1-2] - assert 2 == 3\n=== 1 failed ===\n", &["tests/test_a.py::test_sum[1-2]"]),
            ("[gw0] [ 50%] FAILED tests/test_a.py::test_sum \n", &["tests/test_a.py::test_sum"]),
            ("FAIL: test_a (tests.A.test_a)\n-----\nFAILED (failures=1)\n", &["test_a (tests.A.test_a)"]),
            ("--- FAIL: TestSum (0.00s)\n    --- FAIL: TestSum/one (0.00s)\nFAIL\nFAIL\tgithub.com/a/b\t0.1s\n", &["TestSum"]),
            ("FAIL src/sum.test.js\n  ● sum › adds numbers\n\n  ● Console\n", &["sum › adds numbers"]),
            (" FAIL  src/sum.test.ts > sum > adds\nAssertionError: x\n", &["src/sum.test.ts > sum > adds"]),
            (
                "  1 passing (9ms)\n  1 failing\n\n  1) app.router\n       should match:\n     Error: timeout\n",
                &["app.router should match"],
            ),
            ("ok 1 - a\nnot ok 2 - b\nnot ok 3 - c # TODO later\n", &["b"]),
            ("The following tests FAILED:\n\t  3 - net_test (Failed)\n", &["net_test"]),
            ("rspec ./spec/a_spec.rb:12 # A does b\n", &["A does b"]),
            ("ERROR: no such file\nFAILED\nthe test FAILED badly\n", &[]),
        ];
        for (output, names) in table {
            assert_eq!(failed(output), *names, "{output}");
        }
    }
}
