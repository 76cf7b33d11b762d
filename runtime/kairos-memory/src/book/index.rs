//! `MEMORY.md`: one line a topic that points at its file. Made anew from the topics each time, in the same order; lines that a
//! person wrote stay where they are.

use kairos_core::memory::ClaimKind;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Longest line, in characters.
pub const MAX_LINE: usize = 150;
/// Most lines.
pub const MAX_LINES: usize = 200;
/// Most bytes.
pub const MAX_BYTES: usize = 25 << 10;

/// A topic that is to be pointed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer {
    pub file: String,
    pub title: String,
    pub kind: ClaimKind,
    /// What is found there.
    pub hook: String,
    /// How many facts it holds: the fuller files are named first where not all can be.
    pub facts: usize,
}

/// The file's new text. `ours`: the lines that we wrote last time; all others are a person's, and a topic that he points at himself
/// gets no second line. Answers the lines that are ours now.
pub(super) fn write(old: &str, ours: &BTreeSet<String>, pointers: &[Pointer]) -> (String, BTreeSet<String>) {
    let is_ours = |line: &str| ours.contains(line) || line == MORE;
    let kept: Vec<&str> = old.lines().map(str::trim_end).filter(|line| !is_ours(line)).collect();
    let pointed = |file: &str| kept.iter().any(|line| line.contains(&format!("]({file})")));
    let mut wanted: Vec<&Pointer> = pointers.iter().filter(|p| !pointed(&p.file)).collect();
    let used = |lines: &[String]| kept.iter().map(|l| l.len() + 1).chain(lines.iter().map(|l| l.len() + 1)).sum::<usize>();
    let order = |p: &&Pointer| (place(p.kind), p.file.clone());
    wanted.sort_by_key(order);
    let mut lines: Vec<String> = wanted.iter().map(|p| line(p)).collect();
    while !lines.is_empty() && (kept.len() + lines.len() > MAX_LINES - 4 || used(&lines) > MAX_BYTES - 256) {
        let least = wanted.iter().enumerate().min_by_key(|(at, p)| (p.facts, std::cmp::Reverse(*at))).map_or(0, |(at, _)| at);
        wanted.remove(least);
        lines.remove(least);
    }
    let left_out = pointers.iter().filter(|p| !pointed(&p.file)).count() > lines.len();
    let mut text = kept.join("\n");
    if text.trim().is_empty() {
        text = "# Memory\n".to_owned();
    }
    // Where ours stood among a person's lines they stand again at the end: a place between them has no meaning that we know.
    let mut out = text.trim_end().to_owned();
    let list_goes_on = out.lines().last().is_some_and(|line| line.starts_with("- "));
    out.push_str(if list_goes_on || lines.is_empty() { "\n" } else { "\n\n" });
    for line in &lines {
        let _ = writeln!(out, "{line}");
    }
    if left_out {
        let _ = writeln!(out, "{MORE}");
    }
    (out, lines.into_iter().collect())
}

/// Stands for what the budget has no room for.
const MORE: &str = "- There is more: `kairos-run memory search WORDS`";

fn place(kind: ClaimKind) -> usize {
    ClaimKind::ALL.iter().position(|k| *k == kind).unwrap_or_default()
}

fn line(p: &Pointer) -> String {
    let start = format!("- [{}]({})", p.title, p.file);
    let line = if p.hook.is_empty() { start } else { format!("{start} — {}", p.hook) };
    if line.chars().count() <= MAX_LINE { line } else { line.chars().take(MAX_LINE - 1).chain(['…']).collect() }
}

/// The titles of files by name, for a person: `build-and-test` is "Build and test".
pub(super) fn title(topic: &str) -> String {
    let words = topic.replace(['-', '_'], " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Which lines are ours, by the state file's form: one a line.
pub(super) fn read_ours(bytes: &[u8]) -> BTreeSet<String> {
    String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()
}

/// The other way.
pub(super) fn write_ours(ours: &BTreeSet<String>) -> Vec<u8> {
    ours.iter()
        .fold(String::new(), |mut all, line| {
            let _ = writeln!(all, "{line}");
            all
        })
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(file: &str, facts: usize) -> Pointer {
        Pointer {
            file: file.into(),
            title: title(file.trim_end_matches(".md")),
            kind: ClaimKind::Project,
            hook: "hook".into(),
            facts,
        }
    }

    #[test]
    fn a_persons_lines_stay_and_ours_are_made_anew() {
        let (first, ours) = write("", &BTreeSet::new(), &[pointer("b.md", 1), pointer("a.md", 1)]);
        assert_eq!(first, "# Memory\n\n- [A](a.md) — hook\n- [B](b.md) — hook\n");
        let edited = first.replace("- [B](b.md) — hook", "- [My B](b.md), read this\n\nA note.");
        let (second, ours) = write(&edited, &ours, &[pointer("b.md", 1), pointer("c.md", 1)]);
        assert_eq!(second, "# Memory\n\n- [My B](b.md), read this\n\nA note.\n\n- [C](c.md) — hook\n");
        assert_eq!(write(&second, &ours, &[pointer("b.md", 1), pointer("c.md", 1)]).0, second);
    }

    #[test]
    fn the_budget_is_kept_and_the_emptiest_files_go_first() {
        let many: Vec<Pointer> = (0..400).map(|n| pointer(&format!("{}{n:03}.md", "long-".repeat(20)), n)).collect();
        let (text, _) = write("", &BTreeSet::new(), &many);
        assert!(text.len() <= MAX_BYTES && text.lines().count() <= MAX_LINES, "{} {}", text.len(), text.lines().count());
        assert!(text.lines().all(|line| line.chars().count() <= MAX_LINE));
        assert!(text.contains("399") && !text.contains("-000.md") && text.ends_with(&format!("{MORE}\n")));
    }
}
