//! A topic file: frontmatter, and one claim a bullet. What is not changed is written back byte for byte, whoever wrote it.
//!
//! A bullet is a line that begins with `-`, `*` or `+` outside a code block, with the lines indented below it. Behind its text stands
//! a comment with the claim's id, and how far it is believed where that is less than a fact: `<!-- id: k7f3q2ma, stale -->`. Other
//! comments there are somebody else's and stay. A file of another tool that has frontmatter and no bullet at all is one claim a
//! paragraph, with those below it that begin with a label (`**Why:**`). A bullet without such a comment may be a claim all the same: the ledger knows its words.

use super::frontmatter::Frontmatter;
use super::ledger::hash;
use super::scan::{Block, after_item, blocks, is_bullet, own_lines};
use kairos_core::Millis;
use kairos_core::memory::{ClaimKind, Status};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Why a file can't be read as a topic; nothing is written to it until a person has mended it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not UTF-8, from this line on.
    #[error("line {0} is not UTF-8; convert the file, or move it out of the memory folder; its claims rest until then")]
    Encoding(usize),
    /// `<<<<<<<` and the like.
    #[error("line {0} is a marker of an unfinished merge; resolve the merge, its claims rest until then")]
    MergeMarker(usize),
    /// More than [`MAX_FILE`].
    #[error("has more than {MAX_FILE} bytes; split it")]
    TooLarge,
    /// A claim below it would be part of it.
    #[error("ends in a code block or comment that is not closed; close it")]
    Open,
}

/// Largest topic file, in bytes: what a person could still read.
pub const MAX_FILE: usize = 1 << 20;

/// A claim in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bullet {
    /// From the comment behind it, or of the claim that has its words; none if it is nobody's claim yet.
    pub id: Option<String>,
    /// The id stands in the file.
    pub marked: bool,
    /// Its words, on one line, without marker and comments.
    pub text: String,
    first: usize,
    /// One past its last line.
    end: usize,
}

/// A topic file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Each with its end, as it was read.
    lines: Vec<String>,
    /// It begins with a byte order mark.
    bom: bool,
    frontmatter: Option<Frontmatter>,
    bullets: Vec<Bullet>,
    adopted: Adopted,
}

/// Claims by the hash of their words: those of bullets that say the same from above.
pub(super) type Adopted = BTreeMap<String, Vec<String>>;

const BOM: char = '\u{feff}';

impl Topic {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// Where it must be left alone.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.len() > MAX_FILE {
            return Err(Unreadable::TooLarge);
        }
        let text = text_of(bytes)?;
        let plain = text.trim_start_matches(BOM);
        let bom = plain.len() < text.len();
        Ok(Self { bom, ..Self::of(plain.split_inclusive('\n').map(str::to_owned).collect(), Adopted::new()) })
    }

    /// A file that does not exist yet.
    pub fn new(name: &str, description: &str, kind: ClaimKind) -> Self {
        let kind = kind.as_str();
        let text = format!("---\nname: {name}\ndescription: {description}\nmetadata:\n  type: {kind}\nmodified:\n---\n\n");
        Self::of(text.split_inclusive('\n').map(str::to_owned).collect(), Adopted::new())
    }

    fn of(lines: Vec<String>, adopted: Adopted) -> Self {
        let frontmatter = Frontmatter::read(&lines);
        let blocks = blocks(&lines, frontmatter.as_ref().map_or(0, |f| f.end));
        let prose_alone = frontmatter.is_some() && !blocks.iter().any(|b| b.bullet);
        let all = blocks.into_iter().map(|block| (block.bullet, bullet(&lines, &block)));
        // Prose beside bullets is text, unless it was a claim before there was a bullet.
        let claims = all.filter(|(is_bullet, b)| *is_bullet || prose_alone || b.marked || adopted.contains_key(&hash(&b.text)));
        let bullets = claims.map(|(_, bullet)| bullet).collect();
        let mut topic = Self { lines, bom: false, frontmatter, bullets, adopted };
        topic.recognize();
        topic
    }

    /// Takes for a claim what has its words.
    pub(super) fn adopt(&mut self, adopted: Adopted) {
        let bom = self.bom;
        *self = Self { bom, ..Self::of(std::mem::take(&mut self.lines), adopted) };
    }

    /// The same for one bullet.
    pub(super) fn adopt_one(&mut self, at: usize, id: &str) {
        let bullet = &mut self.bullets[at];
        bullet.id = Some(id.to_owned());
        self.adopted.entry(hash(&bullet.text)).or_default().push(id.to_owned());
    }

    fn recognize(&mut self) {
        let marked: Vec<String> = self.bullets.iter().filter(|b| b.marked).filter_map(|b| b.id.clone()).collect();
        let mut waiting = self.adopted.clone();
        waiting.values_mut().for_each(|ids| ids.retain(|id| !marked.contains(id)));
        for bullet in self.bullets.iter_mut().filter(|b| !b.marked) {
            let ids = waiting.get_mut(&hash(&bullet.text)).filter(|ids| !ids.is_empty());
            bullet.id = ids.map(|ids| ids.remove(0));
        }
    }

    /// Its bytes.
    pub fn render(&self) -> Vec<u8> {
        let text = self.lines.concat();
        if self.bom { format!("{BOM}{text}").into_bytes() } else { text.into_bytes() }
    }

    /// Its claims, from above.
    pub fn bullets(&self) -> &[Bullet] {
        &self.bullets
    }

    /// Does a frontmatter begin that doesn't end? Then all of it is read as text.
    pub fn is_open(&self) -> bool {
        self.frontmatter.is_none() && self.lines.first().is_some_and(|line| line.trim_end() == "---")
    }

    /// `name` of the frontmatter.
    pub fn name(&self) -> Option<&str> {
        self.frontmatter.as_ref()?.name.as_deref()
    }

    /// `description` of the frontmatter.
    pub fn description(&self) -> Option<&str> {
        self.frontmatter.as_ref()?.description.as_deref()
    }

    /// `metadata.type` of the frontmatter, where it is one of ours.
    pub fn kind(&self) -> Option<ClaimKind> {
        let kind = self.frontmatter.as_ref()?.kind.as_deref()?;
        ClaimKind::ALL.into_iter().find(|known| known.as_str() == kind)
    }

    /// The lines of a bullet, as they stand.
    pub fn source(&self, bullet: &Bullet) -> String {
        self.lines[bullet.first..bullet.end].concat()
    }

    /// Puts a claim below the last one.
    ///
    /// # Errors
    /// Where the file's end is code or a comment that is not closed: a claim there would be none.
    pub fn append(&mut self, id: &str, text: &str, status: Status) -> Result<(), Unreadable> {
        let (at, marker) = match self.bullets.last() {
            Some(last) if is_bullet(&self.lines[last.first]) => {
                (after_item(&self.lines, last.end), self.lines[last.first].trim_start()[..1].to_owned())
            }
            _ => (self.lines.len(), "-".to_owned()),
        };
        let before = self.clone();
        self.insert(at, &format!("{marker} {}", commented(text, id, status)));
        if self.bullets.iter().any(|b| b.id.as_deref() == Some(id)) {
            return Ok(());
        }
        *self = before;
        Err(Unreadable::Open)
    }

    /// Puts lines back that [`Topic::source`] gave: behind the claim `after`, or where it is gone below the last one.
    pub fn restore(&mut self, source: &str, after: Option<&str>) {
        let behind = after.and_then(|id| self.bullets.iter().find(|b| b.id.as_deref() == Some(id)));
        let first = self.bullets.first().filter(|_| after.is_none()).map(|b| b.first);
        let at = behind.map(|b| b.end).or(first).or(self.bullets.last().map(|b| b.end)).unwrap_or(self.lines.len());
        self.splice(at, at, source.split_inclusive('\n').map(str::to_owned).collect());
    }

    /// Gives the `at`-th bullet an id, other words, or another mark. Words that stay the same keep their bytes.
    pub fn set(&mut self, at: usize, id: &str, text: &str, status: Status) {
        let bullet = &self.bullets[at];
        let end = line_end(&self.lines[bullet.first]);
        let lines = if bullet.text == text {
            let other = |line: &String| id_in(line).map_or_else(|| line.clone(), |_| without_id(line));
            let mut lines: Vec<String> = self.lines[bullet.first..bullet.end].iter().map(other).collect();
            // What is nested below it, or a code block, is no place for a comment.
            let own = own_lines(&lines);
            if let Some(last) = lines.get_mut(own - 1) {
                let line_end = line_end(last).to_owned();
                *last = format!("{}{line_end}", commented(last.trim_end(), id, status));
            }
            lines
        } else {
            let line = &self.lines[bullet.first];
            let indent = if is_bullet(line) { &line[..line.len() - line.trim_start().len() + 2] } else { "" };
            let foreign = foreign_comments(&self.lines[bullet.end - 1]);
            vec![format!("{indent}{}{end}", commented(&format!("{text}{foreign}"), id, status))]
        };
        let (first, end) = (bullet.first, bullet.end);
        self.splice(first, end, lines);
    }

    /// Takes the `at`-th bullet out, with its lines.
    pub fn remove(&mut self, at: usize) {
        let (first, end) = (self.bullets[at].first, self.bullets[at].end);
        if let Some(id) = self.bullets[at].id.clone() {
            self.adopted.values_mut().for_each(|ids| ids.retain(|other| *other != id));
            self.adopted.retain(|_, ids| !ids.is_empty());
        }
        self.splice(first, end, vec![]);
    }

    /// Its frontmatter and prose alone.
    pub fn without_bullets(&self) -> Self {
        let mut topic = self.clone();
        while !topic.bullets.is_empty() {
            topic.remove(0);
        }
        topic
    }

    /// Writes the time into the frontmatter's `modified`, where it has one that is empty or a time.
    pub fn touch(&mut self, now: Millis) {
        let end = self.frontmatter.as_ref().map_or(0, |f| f.end);
        let time = i64::try_from(now).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let line = self.lines[..end].iter_mut().find(|line| line.trim_start().starts_with("modified:"));
        let (Some(line), Some(time)) = (line, time) else { return };
        let (key, was) = line.split_once(':').unwrap_or_default();
        let was = was.trim().trim_matches(['"', '\'']);
        if was.is_empty() {
            *line = format!("{key}: {time:.0}{}", line_end(line));
        } else if was.parse::<jiff::Timestamp>().is_ok() {
            *line = line.replacen(was, &format!("{time:.0}"), 1);
        }
    }

    fn insert(&mut self, at: usize, line: &str) {
        let end = self.lines.first().map_or("\n", |line| line_end(line)).to_owned();
        let end = if end.is_empty() { "\n".to_owned() } else { end };
        if let Some(before) = at.checked_sub(1).and_then(|at| self.lines.get_mut(at)).filter(|line| line_end(line).is_empty()) {
            before.push_str(&end);
        }
        self.splice(at, at, vec![format!("{line}{end}")]);
    }

    fn splice(&mut self, first: usize, end: usize, lines: Vec<String>) {
        let mut all = std::mem::take(&mut self.lines);
        all.splice(first..end, lines);
        *self = Self { bom: self.bom, ..Self::of(all, std::mem::take(&mut self.adopted)) };
    }
}

/// A file's text, where it can be read as one.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let before = &bytes[..e.valid_up_to()];
        Unreadable::Encoding(1 + memchr::memchr_iter(b'\n', before).count())
    })?;
    let marker = |line: &str| ["<<<<<<< ", ">>>>>>> ", "||||||| "].iter().any(|m| line.starts_with(m));
    text.split('\n').position(marker).map_or(Ok(text), |at| Err(Unreadable::MergeMarker(at + 1)))
}

fn line_end(line: &str) -> &str {
    &line[line.trim_end_matches(['\r', '\n']).len()..]
}

fn bullet(lines: &[String], block: &Block) -> Bullet {
    let (first, end) = (block.first, block.end);
    let (mut id, mut text) = (None, String::new());
    for line in &lines[first..end] {
        let line = line.trim();
        id = id.or(id_in(line));
        let _ = write!(text, "{} ", without_comments(line));
    }
    let text = if block.bullet { &text[2..] } else { &text };
    Bullet { marked: id.is_some(), id, text: text.split_whitespace().collect::<Vec<_>>().join(" "), first, end }
}

/// The comments at the end of a line, with their places.
fn comments(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.match_indices("<!--").filter_map(|(at, _)| line[at..].find("-->").map(|end| (at, &line[at..at + end + 3])))
}

fn id_in(line: &str) -> Option<String> {
    comments(line).find_map(|(_, comment)| {
        let inner = comment.trim_start_matches("<!--").trim_end_matches("-->").trim();
        let id = inner.strip_prefix("id:")?.split(',').next()?.trim();
        super::is_claim_id(id).then(|| id.to_owned())
    })
}

fn without_comments(line: &str) -> String {
    let mut line = line.to_owned();
    let ranges: Vec<_> = comments(&line).map(|(at, c)| at..at + c.len()).collect();
    for range in ranges.into_iter().rev() {
        line.replace_range(range, "");
    }
    line.trim_end().to_owned()
}

/// The line without our comment.
fn without_id(line: &str) -> String {
    let ours = comments(line).find(|(_, c)| id_in(c).is_some()).map(|(at, c)| at..at + c.len());
    let mut line = line.to_owned();
    if let Some(range) = ours {
        line.replace_range(range, "");
    }
    line
}

/// Comments of others behind a bullet, each with a space before it.
fn foreign_comments(line: &str) -> String {
    comments(line).filter(|(_, c)| id_in(c).is_none()).map(|(_, c)| format!(" {c}")).collect()
}

fn commented(text: &str, id: &str, status: Status) -> String {
    match status {
        Status::Fact => format!("{text} <!-- id: {id} -->"),
        other => format!("{text} <!-- id: {id}, {} -->", other.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "---\r\nname: Build\r\nx-other: [1,\r\n  2]\r\nmetadata:\r\n  type: project\r\n---\r\n\r\n# Build\r\n\r\n\
        * Tests run with `make t`. <!-- importance: 7 --> <!-- id: aaaaaaaa -->\r\n\
        * A long one\r\n  on two lines\r\n```\r\n- no bullet\r\n```\r\n* * *\r\n- by hand";

    #[test]
    fn what_is_not_changed_keeps_its_bytes() {
        let mut topic = Topic::read(FILE.as_bytes()).unwrap();
        assert_eq!(topic.render(), FILE.as_bytes());
        assert_eq!((topic.name(), topic.kind()), (Some("Build"), Some(ClaimKind::Project)));
        let texts: Vec<&str> = topic.bullets().iter().map(|b| b.text.as_str()).collect();
        assert_eq!(texts, ["Tests run with `make t`.", "A long one on two lines", "by hand"]);
        assert_eq!(topic.bullets()[0].id.as_deref(), Some("aaaaaaaa"));
        topic.set(0, "aaaaaaaa", "Tests run with `make test`.", Status::Stale);
        topic.set(1, "bbbbbbbb", "A long one on two lines", Status::Fact);
        topic.append("cccccccc", "New.", Status::Tentative).unwrap();
        let expected = FILE
            .replace(
                "`make t`. <!-- importance: 7 --> <!-- id: aaaaaaaa -->",
                "`make test`. <!-- importance: 7 --> <!-- id: aaaaaaaa, stale -->",
            )
            .replace("on two lines", "on two lines <!-- id: bbbbbbbb -->");
        let expected = format!("{expected}\r\n- New. <!-- id: cccccccc, tentative -->\r\n");
        assert_eq!(String::from_utf8(topic.render()).unwrap(), expected);
    }

    #[test]
    fn a_new_claim_stands_below_all_that_is_nested_in_the_last_one() {
        let mut topic = Topic::read(b"- one\n\n  - nested\n  - nested, too\n\n  a paragraph\n\nprose\n").unwrap();
        topic.append("cccccccc", "New.", Status::Fact).unwrap();
        let expected = "- one\n\n  - nested\n  - nested, too\n\n  a paragraph\n- New. <!-- id: cccccccc -->\n\nprose\n";
        assert_eq!(String::from_utf8(topic.render()).unwrap(), expected);
    }

    #[test]
    fn a_bullet_taken_out_goes_back_where_it_stood() {
        let mut topic =
            Topic::read(b"- a <!-- id: aaaaaaaa -->\n- b\n  more <!-- id: bbbbbbbb -->\n- c <!-- id: cccccccc -->\n").unwrap();
        let before = topic.render();
        for (at, after) in [(0, None), (1, Some("aaaaaaaa")), (2, Some("bbbbbbbb"))] {
            let source = topic.source(&topic.bullets()[at]);
            topic.remove(at);
            topic.restore(&source, after);
            assert_eq!(topic.render(), before);
        }
    }

    #[test]
    fn a_file_of_prose_is_one_claim_a_paragraph() {
        let topic = Topic::read(b"---\nname: x\n---\n\nUse pnpm,\nnever npm.\n\n## Why\nIt is faster.\n").unwrap();
        let texts: Vec<&str> = topic.bullets().iter().map(|b| b.text.as_str()).collect();
        assert_eq!(texts, ["Use pnpm, never npm.", "It is faster."]);
        assert!(Topic::read(b"just a text\n").unwrap().bullets().is_empty());
    }

    #[test]
    fn what_must_be_left_alone_says_so() {
        assert_eq!(Topic::read(b"- a\n<<<<<<< HEAD\n- b\n"), Err(Unreadable::MergeMarker(2)));
        assert_eq!(Topic::read(b"- a\n- b\xff"), Err(Unreadable::Encoding(2)));
        assert!(Topic::read(b"---\nname: x\n- a\n").unwrap().is_open());
        assert!(!Topic::read(b"---\nname: x\n---\n- a\n").unwrap().is_open() && !Topic::read(b"- a\n").unwrap().is_open());
        for garbage in ["", "---\n", "---\nname: x", "- ", "-\n", "<!-- id: aaaaaaaa", "- <!-- id: aaaaaaaa -->\n"] {
            assert_eq!(Topic::read(garbage.as_bytes()).unwrap().render(), garbage.as_bytes());
        }
    }
}
