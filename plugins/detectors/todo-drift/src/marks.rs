//! Finds what people mean to take out again: debug prints, breakpoints, narrowed tests, notes to themselves. Pure.

use crate::language::{Language, lines};
use crate::place::Place;

/// What a mark is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Only one test runs (`.only`, `fit`), or the program halts (`debugger`, `breakpoint()`).
    Halt,
    /// A print that is there for nothing but looking (`dbg!`).
    Debug,
    /// A print that may be meant (`console.log`): the file and the project decide.
    Print,
    /// A test that is switched off without a reason.
    Skip,
    /// A note that something is wrong or not there yet: `FIXME`, `XXX`, `HACK`, `todo!`, a `TODO` that says so or says nothing.
    Flaw,
    /// Any other `TODO`: a wish, as a rule.
    Wish,
    /// A note that names an issue, an owner or a page, or says when it is due: somebody has thought of it.
    Tracked,
}

impl Kind {
    /// A comment, or what stands for one.
    pub fn is_note(self) -> bool {
        self >= Self::Flaw
    }
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub kind: Kind,
    /// How it is called in a title.
    pub word: &'static str,
    /// From 1.
    pub line: u32,
    /// By which it is known again after it moved: a note from its word on, else the line.
    pub text: String,
}

/// If none of these is in a text, nothing is: most files end here.
const SIGNS: &[&str] = &[
    "TODO",
    "FIXME",
    "XXX",
    "HACK",
    "todo!",
    "dbg!",
    "console.",
    "debugger",
    "print",
    "Print",
    "breakpoint",
    "set_trace",
    "Dump",
    "binding.",
    "byebug",
    "var_dump",
    "#[ignore]",
    ".only",
    "fit(",
    "fdescribe",
    "xit(",
    "xdescribe",
];
const NOTES: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];

/// All marks of a text.
pub fn marks(text: &str, language: Language, place: Place) -> Vec<Mark> {
    if !SIGNS.iter().any(|sign| text.contains(sign)) {
        return Vec::new();
    }
    let prints = place == Place::Library && may_print_by_mistake(text, language);
    let mut found = Vec::new();
    for (index, (line, raw)) in lines(text, language).iter().zip(text.lines()).enumerate() {
        let number = index as u32 + 1;
        if let Some((kind, word)) = of_code(&line.code, language, place).filter(|(kind, _)| *kind != Kind::Print || prints) {
            found.push(Mark { kind, word, line: number, text: squeezed(raw) });
        }
        for comment in line.comment.lines() {
            if let Some((word, text)) = note(comment) {
                found.push(Mark { kind: weigh(word, text), word, line: number, text: squeezed(text) });
            }
        }
    }
    found
}

/// Programs and servers print because they are asked to.
fn may_print_by_mistake(text: &str, language: Language) -> bool {
    let signs: &[&str] = match language {
        Language::Python => &["__main__", "import argparse", "import click", "sys.argv", "BaseCommand"],
        Language::Js => &["process.argv", "process.exit", ".listen("],
        Language::Go => &["package main", "// Output:"],
        _ => &[],
    };
    !text.starts_with("#!") && !signs.iter().any(|sign| text.contains(sign))
}

fn of_code(code: &str, language: Language, place: Place) -> Option<(Kind, &'static str)> {
    let statement = code.trim().trim_end_matches(';');
    let first = |names: &[&'static str]| names.iter().copied().find(|name| calls(code, name));
    let kind = |kind: Kind, names: &[&'static str]| first(names).map(|word| (kind, word));
    let print = |names| kind(Kind::Print, names).filter(|_| !is_message(code));
    let is = |names: &[&'static str]| names.iter().copied().find(|name| statement == *name).map(|word| (Kind::Halt, word));
    match language {
        Language::Rust => kind(Kind::Debug, &["dbg!"])
            .or_else(|| kind(Kind::Flaw, &["todo!"]))
            .or_else(|| (statement == "#[ignore]").then_some((Kind::Skip, "#[ignore]"))),
        Language::Js => is(&["debugger"])
            .or_else(|| print(&["console.log", "console.dir", "console.trace", "console.debug"]))
            .or_else(|| (place == Place::Test).then(|| kind(Kind::Halt, ONLY)).flatten())
            .or_else(|| (place == Place::Test).then(|| kind(Kind::Skip, &["xit", "xdescribe", "xtest"])).flatten()),
        Language::Python => kind(Kind::Halt, &["breakpoint", "pdb.set_trace", "ipdb.set_trace", "pudb.set_trace"])
            .or_else(|| print(&["print", "pprint"]).filter(|_| !statement.starts_with("def "))),
        Language::Go => kind(Kind::Debug, &["spew.Dump"]).or_else(|| print(&["fmt.Println", "fmt.Printf", "fmt.Print"])),
        Language::Ruby => is(&["binding.pry", "binding.irb", "byebug"]),
        Language::Php => kind(Kind::Debug, &["var_dump"]).or_else(|| kind(Kind::Halt, &["xdebug_break"])),
        Language::CLike | Language::Hash => None,
    }
}

const ONLY: &[&str] =
    &["it.only", "test.only", "describe.only", "context.only", "suite.only", "fit", "fdescribe", "ftest", "fcontext"];

/// Errors and usage are printed for the user.
fn is_message(code: &str) -> bool {
    let lower = code.to_lowercase();
    ["err", "usage", "help", "version"].iter().any(|word| lower.contains(word))
        || code.split(|char: char| !char.is_alphanumeric() && char != '_').any(|word| matches!(word, "e" | "ex" | "exc"))
}

/// Is `name` called, as itself and not as the end of another name?
fn calls(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let whole = !before.is_some_and(|char| char.is_alphanumeric() || matches!(char, '_' | '.' | '$'));
        whole && code[at + name.len()..].trim_start().starts_with('(')
    })
}

/// A note and its text. It opens its comment, or a colon or an owner follows: all else is prose about notes.
fn note(comment: &str) -> Option<(&'static str, &str)> {
    NOTES.iter().copied().find_map(|word| {
        let at = comment.find(word)?;
        let (before, after) = (&comment[..at], &comment[at + word.len()..]);
        let whole = !before.ends_with(|char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '`' | '"' | '\''))
            && !after.starts_with(|char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '`' | '"' | '\''));
        let opens = before.trim_end_matches([' ', '@', '(', '[', '<', '-', '*']).is_empty();
        (whole && (opens || after.starts_with(':') || after.starts_with('('))).then_some((word, &comment[at..]))
    })
}

/// Words of a `TODO` that says what is wrong.
const WRONG: &[&str] = &["fix", "fail", "broken", "wrong", "flaky", "panic", "crash", "bug", "passing", "enable"];

fn weigh(word: &str, text: &str) -> Kind {
    let said = text[word.len()..].to_ascii_lowercase();
    let wrong = !said.contains(char::is_alphanumeric) || WRONG.iter().any(|wrong| said.contains(wrong));
    match word {
        _ if is_tracked(text) => Kind::Tracked,
        "TODO" if !wrong => Kind::Wish,
        _ => Kind::Flaw,
    }
}

/// Words of a note that waits for something outside of this branch.
const DUE: &[&str] = &[
    " when ",
    " once ",
    " until ",
    " > ",
    ">=",
    "deprecat",
    "semver",
    "next major",
    "next release",
    "workaround",
    "work around",
    "works around",
];

/// `TODO(anna)`, `TODO #12`, `TODO: see https://…`, `TODO(ABC-12)`, `TODO @anna`, `TODO: remove when 2.0 is out`.
fn is_tracked(note: &str) -> bool {
    let lower = note.to_ascii_lowercase();
    if DUE.iter().any(|word| lower.contains(word)) || waits_for_a_version(&lower) {
        return true;
    }
    let rest = note.trim_start_matches(|char: char| char.is_ascii_uppercase());
    let owner = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).is_some_and(|(owner, _)| !owner.trim().is_empty());
    let word = |word: &str| {
        let word = word.trim_matches(|char: char| matches!(char, '(' | ')' | '[' | ']' | ',' | '.' | ':' | ';'));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let key = |text: &str| text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        word.starts_with("http")
            || word.starts_with('@') && word.len() > 2
            || word.rsplit_once('#').is_some_and(|(_, number)| digits(number))
            || word.split_once('-').is_some_and(|(left, right)| key(left) && digits(right))
    };
    owner || rest.split_whitespace().any(word)
}

/// `remove this in v13`, `drop it before 2.0`.
fn waits_for_a_version(note: &str) -> bool {
    let goes = ["remove", "drop", "delete", "rename", "change"].iter().any(|word| note.contains(word));
    let version = |word: &str| word.trim_start_matches('v').starts_with(|char: char| char.is_ascii_digit());
    goes && note.split_whitespace().any(version)
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, language: Language, place: Place) -> Vec<(Kind, &'static str)> {
        marks(text, language, place).into_iter().map(|mark| (mark.kind, mark.word)).collect()
    }

    #[test]
    fn what_counts_and_what_only_looks_like_it() {
        use {
            Kind::{Debug, Flaw, Halt, Print, Skip},
            Place::{Aside, Library, Test},
        };
        type Row = (Language, Place, &'static str, &'static [(Kind, &'static str)]);
        let table: &[Row] = &[
            (Language::Rust, Library, "let x = dbg!(y);\nmy_dbg!(y); // dbg!(z)\ntodo!()", &[(Debug, "dbg!"), (Flaw, "todo!")]),
            (Language::Rust, Test, "#[ignore]\n#[ignore = \"slow\"]", &[(Skip, "#[ignore]")]),
            (
                Language::Js,
                Library,
                "console.log(a)\nconsole.error(a)\nmyconsole.log(b)\ndebugger;",
                &[(Print, "console.log"), (Halt, "debugger")],
            ),
            (Language::Js, Library, "console.log('up'); app.listen(80)", &[]),
            (
                Language::Js,
                Test,
                "console.log(1)\nit.only('a', f)\nmodel.fit(x)\nfit('b', f)\nxit('c')",
                &[(Halt, "it.only"), (Halt, "fit"), (Skip, "xit")],
            ),
            (Language::Js, Library, "chart.fit(x); fit(y)", &[]),
            (
                Language::Python,
                Library,
                "print(x)\nself.print(x)\ndef print(x): ...\nbreakpoint()",
                &[(Print, "print"), (Halt, "breakpoint")],
            ),
            (Language::Python, Aside, "print(x)\nimport pdb; pdb.set_trace()", &[(Halt, "pdb.set_trace")]),
            (Language::Python, Library, "print(x)\nif __name__ == '__main__': main()", &[]),
            (Language::Go, Library, "package a\nfmt.Println(x)\nfmt.Println(err)", &[(Print, "fmt.Println")]),
            (Language::Go, Library, "package main\nfmt.Println(x)", &[]),
            (Language::Ruby, Library, "  binding.pry\nbinding.pry_remote", &[(Halt, "binding.pry")]),
        ];
        for (language, place, text, expected) in table {
            assert_eq!(words(text, *language, *place), *expected, "{text}");
        }
    }

    #[test]
    fn notes_open_a_comment_or_are_addressed() {
        let text = "// TODO: a\n// we keep a TODO list\n// later: FIXME: b\n// XXX\n// 'TODO'\n// XXX-XXX-1\n// @todo c\n/* HACK around */";
        let found: Vec<u32> = marks(text, Language::Js, Place::Library).iter().map(|mark| mark.line).collect();
        assert_eq!(found, [1, 3, 4, 8]);
        let tracked = [
            "TODO(anna): x",
            "TODO #12",
            "TODO: see https://a.b/c",
            "FIXME ABC-123 x",
            "TODO: gh#7",
            "TODO @anna",
            "TODO drop once 3.8 is gone",
            "XXX deprecated",
        ];
        for note in tracked {
            assert!(is_tracked(note), "{note}");
        }
        for note in ["TODO: x", "TODO() x", "FIXME utf-8", "XXX", "TODO: A-1"] {
            assert!(!is_tracked(note), "{note}");
        }
        let weights = ["TODO", "TODO: fix it", "TODO: cache", "FIXME: cache", "TODO(anna): fix it"].map(|note| {
            let (word, text) = super::note(note).unwrap();
            weigh(word, text)
        });
        assert_eq!(weights, [Kind::Flaw, Kind::Flaw, Kind::Wish, Kind::Flaw, Kind::Tracked]);
    }
}
