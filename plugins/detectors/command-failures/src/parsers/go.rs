//! go build, vet and test.

use super::{Output, place};

pub fn read(lines: &[&str], output: &mut Output) {
    let mut failing = false;
    let mut panicked = "";
    // Places in a package's tests are named by file alone; the package is named after them.
    let mut first = output.locations.len();
    for line in lines {
        let trimmed = line.trim_start();
        if trimmed.starts_with("--- FAIL: ") {
            failing = true;
            // Subtests are indented, and counted with their test.
            output.failed_tests += u32::from(!line.starts_with(' '));
        } else if trimmed.starts_with("--- ") || trimmed.starts_with("=== RUN") {
            failing = false;
        } else if let Some(text) = line.strip_prefix("panic: ") {
            panicked = text;
        } else if let Some(package) = line.strip_prefix("FAIL\t") {
            let package = package.split('\t').next().unwrap_or_default();
            if let Some(folder) = folder(package) {
                for location in
                    output.locations.iter_mut().skip(first).filter(|l| l.path.ends_with(".go") && !l.path.contains('/'))
                {
                    location.path = format!("{folder}/{}", location.path);
                }
            }
            first = output.locations.len();
            failing = false;
        } else if let Some((path, number, rest)) = place(trimmed.strip_prefix("vet: ").unwrap_or(trimmed))
            && path.ends_with(".go")
        {
            let indented = line.starts_with([' ', '\t']);
            if indented && !panicked.is_empty() && rest.starts_with(" +0x") {
                if super::is_project_path(path) {
                    output.add(path, number, std::mem::take(&mut panicked));
                }
            } else if !indented || failing {
                output.add(path, number, rest.trim_start_matches([':', ' ']));
            }
        }
    }
}

/// The folder of a package below its module, where the module's path shows it: `github.com/owner/module/a/b`.
fn folder(package: &str) -> Option<String> {
    let mut parts = package.split('/');
    let known = matches!(parts.next()?, "github.com" | "gitlab.com" | "bitbucket.org" | "codeberg.org");
    let rest: Vec<&str> = parts.skip(2).skip_while(|part| part.starts_with('v') && part[1..].parse::<u32>().is_ok()).collect();
    (known && !rest.is_empty()).then(|| rest.join("/"))
}
