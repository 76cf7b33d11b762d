//! Which lines of a topic file may be claims: bullets, and paragraphs. Code, comments, tables, quotations and headings are none.

/// A stretch of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Else a paragraph.
    pub bullet: bool,
    pub first: usize,
    /// One past its last line.
    pub end: usize,
}

/// All of them from line `start` on.
pub(super) fn blocks(lines: &[String], start: usize) -> Vec<Block> {
    let mut out = vec![];
    let mut at = start;
    while at < lines.len() {
        let line = &lines[at];
        at = if let Some(fence) = fence(line) {
            closing(lines, at + 1, fence).unwrap_or(lines.len())
        } else if line.trim_start().starts_with("<!--") {
            after_comment(lines, at)
        } else if begins_bullet(line) {
            let end = bullet_end(lines, at);
            out.push(Block { bullet: true, first: at, end });
            end
        } else if is_prose(line) {
            let end = at + lines[at..].iter().take_while(|line| is_prose(line)).count();
            let blank = |from: usize| lines[from..at].iter().all(|line| line.trim().is_empty());
            match out.last_mut().filter(|above: &&mut Block| !above.bullet && is_labelled(line) && blank(above.end)) {
                Some(above) => above.end = end,
                None => out.push(Block { bullet: false, first: at, end }),
            }
            end
        } else {
            at + 1
        };
    }
    out
}

/// A bullet's own words end where something is nested below it. How many of its lines that is.
pub(super) fn own_lines(lines: &[String]) -> usize {
    let nested =
        |line: &&String| is_bullet(line) || is_number(line) || line.trim_start().starts_with(['`', '~', '|', '>', '#', '<']);
    1 + lines.iter().skip(1).take_while(|line| !nested(line)).count()
}

/// One past an item that ends at `end`, with the paragraphs indented below it.
pub(super) fn after_item(lines: &[String], mut end: usize) -> usize {
    let indented = |line: &&String| ["  ", "\t"].iter().any(|indent| line.starts_with(indent)) && !line.trim().is_empty();
    while let Some(next) = lines[end..].iter().position(|line| !line.trim().is_empty()).filter(|n| *n > 0)
        && indented(&&lines[end + next])
    {
        end += next;
        end += lines[end..].iter().take_while(indented).count();
    }
    end
}

/// Is it a list's item, with words in it?
pub(super) fn is_bullet(line: &str) -> bool {
    let line = line.trim_start();
    line.len() > 2 && line.starts_with(['-', '*', '+']) && line[1..].starts_with([' ', '\t']) && !line[2..].trim().is_empty()
}

fn begins_bullet(line: &str) -> bool {
    line.len() - line.trim_start().len() < 2 && is_bullet(line) && !is_rule(line)
}

fn is_number(line: &str) -> bool {
    let line = line.trim_start();
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < line.len() && rest.starts_with([')', '.'])
}

/// A rule (`- - -`, `***`) is no bullet.
fn is_rule(line: &str) -> bool {
    line.chars().filter(|c| !c.is_whitespace()).all(|c| matches!(c, '-' | '*' | '_' | '='))
}

fn is_prose(line: &str) -> bool {
    let words = line.trim_start();
    !words.is_empty() && !words.starts_with(['#', '|', '>', '<', '`', '~']) && !is_rule(line) && !begins_bullet(line)
}

/// `**Why:** ...` belongs to the paragraph above it.
fn is_labelled(line: &str) -> bool {
    let label = line.trim_start().strip_prefix("**").and_then(|rest| rest.split_once("**"));
    label.is_some_and(|(label, rest)| label.ends_with(':') || rest.starts_with(':'))
}

/// The lines indented below it, and a code block among them whole.
fn bullet_end(lines: &[String], first: usize) -> usize {
    let mut at = first + 1;
    while let Some(line) = lines.get(at).filter(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty()) {
        at = fence(line).and_then(|fence| closing(lines, at + 1, fence)).unwrap_or(at + 1);
    }
    at
}

/// The mark that opens a code block, and how often it stands there.
fn fence(line: &str) -> Option<(char, usize)> {
    let line = line.trim_start();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let count = line.chars().take_while(|c| *c == mark).count();
    (count >= 3).then_some((mark, count))
}

/// One past the line that closes a code block.
fn closing(lines: &[String], from: usize, (mark, count): (char, usize)) -> Option<usize> {
    let closes = |line: &String| {
        let line = line.trim();
        line.chars().count() >= count && line.chars().all(|c| c == mark)
    };
    lines.get(from..)?.iter().position(closes).map(|at| from + at + 1)
}

/// One past the line in which a comment ends; the next line where it does not.
fn after_comment(lines: &[String], at: usize) -> usize {
    lines[at..].iter().position(|line| line.contains("-->")).map_or(at + 1, |n| at + n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_comments_and_tables_are_no_claims() {
        let text = "Intro\nof two lines\n\n````\n- code\n```\n- code\n````\n<!--\n- hidden\n-->\n| - | - |\n- a\n  - nested\n\n  \
            - loose\n- b\n  ```\n\n- in code\n  ```\n- c\n---\n> - quoted\n";
        let lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let found: Vec<String> = blocks(&lines, 0).iter().map(|b| lines[b.first..b.end].concat()).collect();
        let loose = "  - loose\n";
        assert_eq!(found, ["Intro\nof two lines\n", "- a\n  - nested\n", loose, "- b\n  ```\n\n- in code\n  ```\n", "- c\n"]);
        assert!(!blocks(&lines, 0)[2].bullet);
        let why: Vec<String> = ["A.\n", "\n", "**Why:** b\n", "\n", "**not** a label\n"].map(str::to_owned).to_vec();
        assert_eq!(blocks(&why, 0).iter().map(|b| (b.first, b.end)).collect::<Vec<_>>(), [(0, 3), (4, 5)]);
        let open = ["```\n".to_owned(), "- a\n".to_owned()];
        assert!(blocks(&open, 0).is_empty());
    }
}
