//! Finding complete conflict markers in a text. Pure: bytes in, blocks out.

/// One conflict block, from its opening to its closing marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line of the opening marker, from 1.
    pub line: u32,
    /// The opening marker as it stands, cut at 200 bytes.
    pub opening: String,
    /// The block stands inside a code fence that was opened before it and closed after it: an example, not a conflict.
    pub fenced: bool,
    /// All markers are there. If not, someone took out some of them and forgot the rest.
    pub whole: bool,
}

/// How a file's format quotes code at the start of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prose {
    /// It doesn't: program text, configuration, reStructuredText (which indents its code).
    None,
    /// Three or more backticks or tildes.
    Markdown,
    /// Four or more dashes, dots or equals signs alone on a line.
    AsciiDoc,
}

#[derive(Clone, Copy, PartialEq)]
enum Marker {
    Ours,
    Base,
    Middle,
    Theirs,
}

/// What marker a line is. Git writes exactly seven characters at the start of the line, then a space and a label, or nothing.
fn marker(line: &[u8]) -> Option<Marker> {
    let first = *line.first()?;
    let kind = match first {
        b'<' => Marker::Ours,
        b'|' => Marker::Base,
        b'=' => Marker::Middle,
        b'>' => Marker::Theirs,
        _ => return None,
    };
    if line.len() < 7 || line[..7].iter().any(|b| *b != first) {
        return None;
    }
    match (kind, line.get(7)) {
        (_, None) => Some(kind),
        // Git adds no label to the middle marker; a heading underline that is longer isn't one either.
        (Marker::Middle, Some(_)) => None,
        (_, Some(b' ')) => Some(kind),
        _ => None,
    }
}

/// The fence that a line opens or closes: its character and length.
fn fence(line: &[u8], prose: Prose) -> Option<(u8, usize)> {
    let start = line.iter().position(|b| *b != b' ')?;
    let first = line[start];
    let length = line[start..].iter().take_while(|b| **b == first).count();
    match prose {
        Prose::None => None,
        Prose::Markdown => (start < 4 && matches!(first, b'`' | b'~') && length >= 3).then_some((first, length)),
        Prose::AsciiDoc => {
            let alone = line[start + length..].iter().all(u8::is_ascii_whitespace);
            // Seven equals signs would be a middle marker: never a fence here.
            (start == 0 && alone && length >= 4 && matches!(first, b'-' | b'.') || first == b'=' && alone && length == 4)
                .then_some((first, length))
        }
    }
}

/// All blocks of a text: an opening marker, perhaps a base marker, a middle and a closing marker, in this order. A new opening
/// marker starts over, so a stray one before a real conflict hides nothing. Where a labelled opening marker has only one of the
/// other two after it, a conflict was resolved by half.
pub fn blocks(text: &[u8], prose: Prose) -> Vec<Block> {
    let mut found = Vec::new();
    // Most files hold no opening marker; one quick search settles them.
    if !contains(text, b"<<<<<<<") {
        return found;
    }
    let mut open: Option<(Block, bool)> = None;
    let mut fenced: Option<(u8, usize)> = None;
    let mut waiting: Vec<Block> = Vec::new();
    for (index, line) in text.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some((character, length)) = fence(line, prose) {
            match fenced {
                None => fenced = Some((character, length)),
                Some((opened, least)) if opened == character && length >= least => {
                    fenced = None;
                    found.extend(waiting.drain(..).map(|block| Block { fenced: true, ..block }));
                }
                Some(_) => {}
            }
        }
        match (marker(line), open.as_mut()) {
            (Some(Marker::Ours), _) => {
                found.extend(open.take().and_then(rest));
                let opening = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
                open = Some((Block { line: index as u32 + 1, opening, fenced: fenced.is_some(), whole: true }, false));
            }
            (Some(Marker::Middle), Some((_, middle))) => *middle = true,
            // The line between the sides was taken out, and these two were not.
            (Some(Marker::Theirs), Some((block, false))) if line.len() > 8 && is_labelled(block) => {
                found.extend(open.take().and_then(|(block, _)| rest((block, true))));
            }
            (Some(Marker::Theirs), Some((_, true))) => {
                if let Some((block, _)) = open.take() {
                    // Whether the fence is ever closed is known only later.
                    if block.fenced && fenced.is_some() {
                        waiting.push(block);
                    } else {
                        found.push(Block { fenced: false, ..block });
                    }
                }
            }
            _ => {}
        }
    }
    found.extend(open.and_then(rest));
    // A fence that never closes quotes nothing.
    found.extend(waiting.into_iter().map(|block| Block { fenced: false, ..block }));
    found.sort_by_key(|block| block.line);
    found
}

fn is_labelled(block: &Block) -> bool {
    block.opening.len() > 8
}

/// What is left of a block without its end. A label is asked for, because git always writes one; inside a fence it is an example.
fn rest((block, middle): (Block, bool)) -> Option<Block> {
    (middle && is_labelled(&block) && !block.fenced).then_some(Block { whole: false, ..block })
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    let first = needle[0];
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|b| *b == first) {
        if text[from + at..].starts_with(needle) {
            return true;
        }
        from += at + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(label: &str) -> String {
        format!("{} {label}", "<".repeat(7))
    }
    fn middle() -> String {
        "=".repeat(7)
    }
    fn theirs(label: &str) -> String {
        format!("{} {label}", ">".repeat(7))
    }
    fn conflict() -> String {
        format!("{}\nlet a = 1;\n{}\nlet a = 2;\n{}\n", ours("HEAD"), middle(), theirs("feature"))
    }
    fn found(text: &str, prose: Prose) -> Vec<(u32, bool)> {
        blocks(text.as_bytes(), prose).into_iter().map(|block| (block.line, block.fenced)).collect()
    }

    #[test]
    fn complete_blocks_are_found() {
        let two = format!("fn main() {{\n{}}}\n{}", conflict(), conflict());
        assert_eq!(found(&two, Prose::None), [(2, false), (8, false)]);
        let windows = conflict().replace('\n', "\r\n");
        assert_eq!(found(&windows, Prose::None), [(1, false)]);
        let base = format!("{}\na\n{} 1234abc\nb\n{}\nc\n{}", ours("HEAD"), "|".repeat(7), middle(), theirs("x"));
        assert_eq!(found(&base, Prose::None), [(1, false)]);
        let bare = format!("{}\na\n{}\nb\n{}\n", "<".repeat(7), middle(), ">".repeat(7));
        assert_eq!(found(&bare, Prose::None), [(1, false)]);
        assert_eq!(blocks(conflict().as_bytes(), Prose::None)[0].opening, ours("HEAD"));
    }

    #[test]
    fn what_only_looks_like_one_is_not() {
        let heading = "Title\n=======\n\ntext >>>>>>> quoted\n";
        let indented = conflict().lines().map(|line| format!("    {line}\n")).collect::<String>();
        let longer = conflict().replace("<<<<<<<", "<<<<<<<<<");
        let in_diff = conflict().lines().map(|line| format!("+{line}\n")).collect::<String>();
        let quoted = format!("const M: &str = \"{}\";\n{}\n", ours("HEAD"), theirs("x"));
        let alone = format!("{}\nx\n", ours("HEAD"));
        let unlabelled = format!("{}\nx\n{}\n", "<".repeat(7), middle());
        let wrong_order = format!("{}\n{}\n{}\n", theirs("x"), middle(), ours("HEAD"));
        let shift = "cat <<<<<<<EOF\n=======\n>>>>>>>EOF\n";
        for text in [heading, &indented, &longer, &in_diff, &quoted, &alone, &unlabelled, &wrong_order, shift, ""] {
            assert_eq!(found(text, Prose::None), [], "{text}");
        }
    }

    /// A web framework once committed the first of these: the closing marker alone had been taken out.
    #[test]
    fn a_conflict_resolved_by_half_is_found() {
        let whole = |text: &str| blocks(text.as_bytes(), Prose::None).iter().map(|b| (b.line, b.whole)).collect::<Vec<_>>();
        let no_end = format!("/**\n{}\n * Map it.\n{}\n * Register it.\n */\n", ours("HEAD"), middle());
        assert_eq!(whole(&no_end), [(2, false)]);
        let no_middle = format!("{}\na\nb\n{}\n", ours("HEAD"), theirs("topic"));
        assert_eq!(whole(&no_middle), [(1, false)]);
        assert_eq!(whole(&format!("{no_end}{}", conflict())), [(2, false), (7, true)]);
        let example = format!("```\n{}\n{}\n```\n", ours("HEAD"), middle());
        assert_eq!(found(&example, Prose::Markdown), []);
    }

    #[test]
    fn a_stray_opening_marker_hides_nothing() {
        assert_eq!(found(&format!("{}\n{}", ours("x"), conflict()), Prose::None), [(2, false)]);
    }

    #[test]
    fn a_fence_around_it_makes_it_an_example() {
        let example = format!("# Conflicts\n```text\n{}```\n", conflict());
        assert_eq!(found(&example, Prose::Markdown), [(3, true)]);
        assert_eq!(found(&example, Prose::None), [(3, false)]);
        let after = format!("```\ncode\n```\n{}", conflict());
        assert_eq!(found(&after, Prose::Markdown), [(4, false)]);
        let never_closed = format!("```\n{}", conflict());
        assert_eq!(found(&never_closed, Prose::Markdown), [(2, false)]);
        let longer_fence = format!("````\n```\n{}````\n", conflict());
        assert_eq!(found(&longer_fence, Prose::Markdown), [(3, true)]);
        let listing = format!("----\n{}----\n", conflict());
        assert_eq!(found(&listing, Prose::AsciiDoc), [(2, true)]);
    }

    #[test]
    fn a_conflict_that_holds_a_whole_fence_is_real() {
        let text = format!("{}\n```\nold\n```\n{}\n```\nnew\n```\n{}\n", ours("HEAD"), middle(), theirs("x"));
        assert_eq!(found(&text, Prose::Markdown), [(1, false)]);
    }
}
