//! What compilers have agreed on: `path:line:column: error: text`. gcc, clang, make, mypy, ruff, flake8, javac, shellcheck, MSVC.

use super::{Output, place};

pub fn read(lines: &[&str], output: &mut Output) {
    let mut makefile = None;
    for line in lines {
        // `make: *** [Makefile:12: target] Error 1` only repeats what went wrong above.
        if let Some((_, rest)) = line.split_once("*** [")
            && line.contains("] Error")
        {
            makefile = place(rest)
                .map(|(path, number, rest)| (path, number, rest.split(']').next().unwrap_or(rest).trim_start_matches([':', ' '])))
                .or(makefile);
            continue;
        }
        // `src/a.c(12): error C2065: text`
        if let Some((before, text)) = line.split_once("): error ")
            && let Some((path, number)) = before.rsplit_once('(')
        {
            output.add(path, number.split(',').next().unwrap_or_default(), text);
            continue;
        }
        let linker = line.split_once(": ").filter(|(tool, _)| tool.ends_with("/ld") || *tool == "ld").map(|(_, rest)| rest);
        let Some((path, number, rest)) = place(linker.unwrap_or(line)) else { continue };
        let Some(text) = rest.strip_prefix(": ") else { continue };
        let said = ["error: ", "fatal error: ", "error[", "*** "].iter().find_map(|word| text.strip_prefix(word));
        if let Some(said) = said {
            output.add(path, number, said);
        } else if text.starts_with("undefined reference to") || text.starts_with("multiple definition of") || is_rule(text) {
            output.add(path, number, text);
        }
    }
    if let (true, Some((path, number, target))) = (output.locations.is_empty(), makefile) {
        output.add(path, number, &format!("the recipe of {target} fails"));
    }
}

/// A linter's code before its text: `F401 'os' imported but unused`.
fn is_rule(text: &str) -> bool {
    let code = text.split([' ', ':']).next().unwrap_or_default();
    let letters = code.bytes().take_while(u8::is_ascii_uppercase).count();
    (1..=4).contains(&letters)
        && (2..=5).contains(&(code.len() - letters))
        && code.bytes().skip(letters).all(|b| b.is_ascii_digit())
}
