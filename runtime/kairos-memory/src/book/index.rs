//! `MEMORY.md`: one line a topic that points at its file. Our lines are made anew from the topics each time, in the same order, as one
//! block; every other byte is a person's or another tool's, and stays.

use super::topic::text_of;
use kairos_core::memory::ClaimKind;
use std::collections::BTreeSet;

/// Longest line, in characters.
pub const MAX_LINE: usize = 150;
/// Most lines.
pub const MAX_LINES: usize = 200;
/// Most bytes.
pub const MAX_BYTES: usize = 25 << 10;
/// Room that is left free, for a person's next lines.
const SPARE: (usize, usize) = (4, 256);

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

/// The file as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Index {
    text: String,
    /// What we wrote last time, with the empty lines before it.
    block: String,
    /// It was there, even if empty.
    existed: bool,
    /// Why it must be left alone.
    frozen: Option<(String, Vec<u8>)>,
}

impl Index {
    /// `ours`: what [`Index::ours`] gave.
    pub fn read(file: Option<&[u8]>, ours: Option<&[u8]>) -> Self {
        let block = ours.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
        let existed = file.is_some();
        match text_of(file.unwrap_or_default()) {
            Ok(text) => Self { text: text.to_owned(), block, existed, frozen: None },
            Err(why) => {
                let frozen = Some((why.to_string(), file.unwrap_or_default().to_vec()));
                Self { text: String::new(), block, existed, frozen }
            }
        }
    }

    /// None where there is no such file.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match &self.frozen {
            Some((_, bytes)) => Some(bytes.clone()),
            None => (self.existed || !self.text.is_empty()).then(|| self.text.clone().into_bytes()),
        }
    }

    /// Its lines, without their ends.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }

    /// Which bytes of it are ours.
    pub fn ours(&self) -> Vec<u8> {
        self.block.clone().into_bytes()
    }

    /// What a person has to do about it.
    pub fn problem(&self) -> Option<String> {
        if let Some((why, _)) = &self.frozen {
            return Some(why.clone());
        }
        let (lines, bytes) = (self.text.lines().count(), self.text.len());
        (lines > MAX_LINES || bytes > MAX_BYTES).then(|| {
            format!(
                "has {lines} lines and {bytes} bytes, and agents read {MAX_LINES} lines and {MAX_BYTES} bytes of it; shorten it. \
                Nothing was cut off, and nothing is added to it meanwhile"
            )
        })
    }

    /// Puts these pointers in the place of ours. A topic that a person points at himself gets no second line. `links`: what stands
    /// before a file's name in a link.
    pub fn rewrite(&mut self, pointers: &[Pointer], links: &str) {
        if self.frozen.is_some() {
            return;
        }
        let (before, after) = self.others();
        let lines = lines(pointers, links, &[&before, &after]);
        // A file that we began has a heading, and goes when nothing is left to say.
        let begun = if self.text.is_empty() { !self.existed } else { self.text.starts_with(HEADING) };
        let alone = before.is_empty() && after.is_empty();
        let block = match (lines.is_empty(), alone && begun) {
            (true, _) => String::new(),
            (false, true) => format!("{HEADING}{}", lines.join("\n") + "\n"),
            (false, false) => block(&lines, &before, &after),
        };
        self.existed &= !(alone && begun && block.is_empty());
        self.text = format!("{before}{block}{after}");
        self.block = block;
    }

    /// What is not ours, before and after our place. Where our block was taken apart its lines are ours still; new ones stand at the end
    /// then, as a place between a person's lines has no meaning that we know.
    fn others(&self) -> (String, String) {
        if let Some((before, after)) = self.text.split_once(&self.block).filter(|_| !self.block.is_empty()) {
            return (before.to_owned(), after.to_owned());
        }
        let ours: BTreeSet<&str> = self.block.lines().filter(|line| line.starts_with("- ")).collect();
        let theirs = self.text.split_inclusive('\n').filter(|line| !ours.contains(line.trim_end()));
        (theirs.collect(), String::new())
    }
}

/// How a file of ours begins.
const HEADING: &str = "# Memory\n\n";
/// Stands for what the budget has no room for.
const MORE: &str = "- There is more: `kairos-run memory search WORDS`";

/// As many as there is room for beside what stands there.
fn lines(pointers: &[Pointer], links: &str, others: &[&str]) -> Vec<String> {
    let pointed = |p: &&Pointer| others.iter().any(|text| text.contains(&format!("]({links}{})", p.file)));
    let mut wanted: Vec<(&Pointer, String)> = pointers.iter().filter(|p| !pointed(p)).map(|p| (p, line(p, links))).collect();
    let all = wanted.len();
    let count = |text: &str| (text.lines().count(), text.len());
    let used = others.iter().map(|text| count(text)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let room = (MAX_LINES.saturating_sub(SPARE.0 + used.0), MAX_BYTES.saturating_sub(SPARE.1 + used.1));
    // The fuller first; of two, the one that the list would name first.
    wanted.sort_by_key(|(p, _)| (std::cmp::Reverse(p.facts), place(p.kind), p.file.clone()));
    let mut bytes = 0;
    let fits = wanted.iter().take(room.0).take_while(|(_, line)| {
        bytes += line.len() + 2;
        bytes <= room.1
    });
    let fitting = fits.count();
    wanted.truncate(fitting);
    wanted.sort_by_key(|(p, _)| (place(p.kind), p.file.clone()));
    let mut lines: Vec<String> = wanted.into_iter().map(|(_, line)| line).collect();
    if lines.len() < all && room.0 > 0 && room.1 > MORE.len() {
        lines.push(MORE.to_owned());
    }
    lines
}

/// The lines with what keeps them apart from their neighbours, in the line ends of the file.
fn block(lines: &[String], before: &str, after: &str) -> String {
    let end = if before.contains("\r\n") || after.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = String::new();
    if !before.is_empty() && !before.ends_with('\n') {
        out.push_str(end);
    }
    let last = before.lines().last().unwrap_or_default();
    if !last.trim().is_empty() && !last.trim_start().starts_with("- ") {
        out.push_str(end);
    }
    lines.iter().for_each(|line| out.extend([line, end]));
    out
}

fn place(kind: ClaimKind) -> usize {
    ClaimKind::ALL.iter().position(|k| *k == kind).unwrap_or_default()
}

fn line(p: &Pointer, links: &str) -> String {
    let start = format!("- [{}]({links}{})", p.title, p.file);
    let line = if p.hook.is_empty() { start } else { format!("{start} — {}", p.hook) };
    if line.chars().count() <= MAX_LINE { line } else { line.chars().take(MAX_LINE - 1).chain(['…']).collect() }
}

/// The titles of files by name, for a person: `build-and-test` is "Build and test".
pub(super) fn title(topic: &str) -> String {
    let words = topic.replace(['-', '_'], " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
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

    fn write(old: &str, ours: &[u8], pointers: &[Pointer]) -> (String, Vec<u8>) {
        let mut index = Index::read(Some(old.as_bytes()).filter(|_| !old.is_empty()), Some(ours));
        index.rewrite(pointers, "");
        (index.text.clone(), index.ours())
    }

    #[test]
    fn a_persons_lines_stay_and_ours_are_made_anew() {
        let (first, ours) = write("", b"", &[pointer("b.md", 1), pointer("a.md", 1)]);
        assert_eq!(first, "# Memory\n\n- [A](a.md) — hook\n- [B](b.md) — hook\n");
        let edited = first.replace("- [B](b.md) — hook", "- [My B](b.md), read this\n\nA note.");
        let (second, ours) = write(&edited, &ours, &[pointer("b.md", 1), pointer("c.md", 1)]);
        assert_eq!(second, "# Memory\n\n- [My B](b.md), read this\n\nA note.\n\n- [C](c.md) — hook\n");
        assert_eq!(write(&second, &ours, &[pointer("b.md", 1), pointer("c.md", 1)]).0, second);
        let noted = second.clone() + "Below.";
        let (third, ours) = write(&noted, &ours, &[pointer("d.md", 1)]);
        assert_eq!(third, noted.replace("[C](c.md)", "[D](d.md)"), "ours stay where they are");
        assert_eq!(write(&third, &ours, &[]).0, "# Memory\n\n- [My B](b.md), read this\n\nA note.\nBelow.");
    }

    #[test]
    fn another_s_bytes_are_the_same_when_ours_are_gone() {
        for text in ["a\r\n\r\n- b", "- a\n", "\n\n", "# Memory", "x  \n", "", "- [A](a.md)\n<!-- c -->\n\n\n"] {
            let (with, ours) = write(text, b"", &[pointer("z.md", 1)]);
            assert!(with.contains("- [Z](z.md) — hook"), "{text:?}");
            assert_eq!(with.replace("\r\n", "").contains('\n'), !text.contains('\r'), "{with:?}");
            assert_eq!(write(&with, &ours, &[]).0, text);
        }
        for file in [None, Some(&b""[..])] {
            let mut index = Index::read(file, None);
            index.rewrite(&[pointer("z.md", 1)], "");
            index.rewrite(&[], "");
            assert_eq!(index.bytes().as_deref(), file, "what was not there is not there");
        }
    }

    #[test]
    fn the_budget_is_kept_and_the_emptiest_files_go_first() {
        let many: Vec<Pointer> = (0..400).map(|n| pointer(&format!("{}{n:03}.md", "long-".repeat(20)), n)).collect();
        let (text, _) = write("", b"", &many);
        assert!(text.len() <= MAX_BYTES && text.lines().count() <= MAX_LINES, "{} {}", text.len(), text.lines().count());
        assert!(text.lines().all(|line| line.chars().count() <= MAX_LINE));
        assert!(text.contains("399") && !text.contains("-000.md") && text.ends_with(&format!("{MORE}\n")));
    }

    #[test]
    fn what_is_over_the_budget_or_broken_is_left_alone_and_named() {
        let long = "- a line\n".repeat(201);
        let mut index = Index::read(Some(long.as_bytes()), None);
        index.rewrite(&[pointer("a.md", 1)], "");
        assert_eq!(index.bytes(), Some(long.clone().into_bytes()));
        assert!(index.problem().unwrap().starts_with("has 201 lines"));
        for broken in [&b"- a\xff\n"[..], b"<<<<<<< HEAD\n- a\n"] {
            let mut index = Index::read(Some(broken), None);
            index.rewrite(&[pointer("a.md", 1)], "");
            assert_eq!(index.bytes().unwrap(), broken);
            assert!(index.problem().is_some());
        }
    }
}
