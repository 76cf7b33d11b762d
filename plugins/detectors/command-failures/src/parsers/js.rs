//! tsc, eslint, jest, vitest, mocha, node.

use super::{Output, is_project_path, number_before, place};

pub fn read(lines: &[&str], output: &mut Output) {
    // eslint names a file on a line of its own; the problems stand below.
    let mut file = "";
    // The latest line that looks like a failure's message.
    let mut message = "";
    let mut stack_done = false;
    for line in lines {
        let trimmed = line.trim();
        if !line.starts_with(' ') && !trimmed.contains(' ') && !trimmed.contains(':') && is_script(trimmed) {
            file = trimmed;
        } else if trimmed.is_empty() {
            file = "";
        } else if !file.is_empty()
            && let Some((at, rest)) = trimmed.split_once(' ')
        {
            let number = at.split_once(':').filter(|(_, column)| column.parse::<u32>().is_ok());
            if let (Some((number, _)), Some(text)) = (number, rest.trim_start().strip_prefix("error ")) {
                output.add(file, number, text.trim());
            }
        }
        tsc(line, output);
        if trimmed.starts_with("● ") || trimmed.starts_with("FAIL ") || is_error(trimmed) {
            message = trimmed.trim_start_matches("● ");
            stack_done = false;
        } else if !stack_done && !message.is_empty() {
            let at = trimmed
                .strip_prefix("at ")
                .map(|rest| rest.rsplit_once('(').map_or(rest, |(_, inner)| inner.trim_end_matches(')')));
            let at = at.or_else(|| trimmed.strip_prefix("❯ ").map(|rest| rest.split_whitespace().last().unwrap_or(rest)));
            let at = at.map(|at| at.strip_prefix("file://").unwrap_or(at));
            if let Some((path, number, _)) = at.and_then(place)
                && is_script(path)
                && is_project_path(path)
            {
                output.add(path, number, message);
                stack_done = true;
            }
        }
        // `Tests:       2 failed, 5 passed, 7 total` (jest), `Tests  2 failed | 5 passed (7)` (vitest), `2 failing` (mocha).
        if trimmed.starts_with("Tests:") || trimmed.starts_with("Tests ") {
            output.failed_tests += number_before(trimmed, " failed").unwrap_or(0);
        } else if trimmed.ends_with(" failing") {
            output.failed_tests += number_before(trimmed, " failing").unwrap_or(0);
        }
    }
}

/// `src/a.ts(12,5): error TS2322: text`, or pretty: `src/a.ts:12:5 - error TS2322: text`.
fn tsc(line: &str, output: &mut Output) {
    if let Some((before, text)) = line.split_once("): error ") {
        if let Some((path, at)) = before.rsplit_once('(') {
            output.add(path, at.split(',').next().unwrap_or_default(), text);
        }
    } else if let Some((before, text)) = line.split_once(" - error ")
        && let Some((path, number, _)) = place(before)
    {
        output.add(path, number, text);
    }
}

fn is_script(path: &str) -> bool {
    [".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte"]
        .iter()
        .any(|extension| path.ends_with(extension))
}

/// `TypeError: text`
fn is_error(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(name, _)| name.ends_with("Error") && name.bytes().all(|b| b.is_ascii_alphanumeric()))
}
