//! Three versions of a text become one, line by line: how an old change is taken back under a newer one.

use gix::diff::blob::sources::byte_lines;
use gix::diff::blob::{Algorithm, Diff, Hunk, InternedInput};
use std::ops::Range;

/// What became of two changes of the same text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// With both sides between `<<<<<<<` and `>>>>>>>` where they don't agree.
    pub text: Vec<u8>,
    /// How many such places there are.
    pub conflicts: usize,
}

/// One side: its lines, and how they differ from the base's.
struct Side<'a> {
    lines: Vec<&'a [u8]>,
    hunks: Vec<Hunk>,
}

/// Both changes of `base`. Changes of neighbouring lines don't hinder one another, a claim is a line; two insertions at the same
/// place do, unless they are the same.
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Merged {
    let whole = |text: &[u8]| Merged { text: text.to_vec(), conflicts: 0 };
    if ours == base || ours == theirs {
        return whole(theirs);
    }
    if theirs == base {
        return whole(ours);
    }
    let lines = lines(base);
    let sides = [side(base, ours), side(base, theirs)];
    let mut hunks: Vec<_> = (0..2).flat_map(|at| sides[at].hunks.iter().map(move |hunk| (hunk, at))).collect();
    hunks.sort_by_key(|(hunk, at)| (hunk.before.start, hunk.before.end, *at));
    let mut merged = Merged { text: Vec::new(), conflicts: 0 };
    let mut done = 0;
    let mut rest = hunks.as_slice();
    while let Some((first, _)) = rest.first() {
        let mut range = first.before.clone();
        let mut count = 1;
        while let Some((next, _)) = rest.get(count).filter(|(next, _)| next.before.start < range.end || next.before == range) {
            range.end = range.end.max(next.before.end);
            count += 1;
        }
        let (group, after) = rest.split_at(count);
        push(&mut merged.text, slice(&lines, done..range.start));
        let versions =
            [0, 1].map(|at| sides[at].version(&range, group.iter().filter(|(_, side)| *side == at).map(|(hunk, _)| *hunk)));
        match versions {
            [Some(ours), Some(theirs)] if ours != theirs => conflict(&mut merged, ours, theirs),
            [Some(lines), _] | [None, Some(lines)] => push(&mut merged.text, lines),
            [None, None] => {}
        }
        done = range.end;
        rest = after;
    }
    push(&mut merged.text, slice(&lines, done..lines.len() as u32));
    merged
}

impl<'a> Side<'a> {
    /// This side's lines for a range of the base; none where it changed nothing there.
    fn version<'h>(&self, range: &Range<u32>, mut hunks: impl Iterator<Item = &'h Hunk>) -> Option<&[&'a [u8]]> {
        let first = hunks.next()?;
        let last = hunks.last().unwrap_or(first);
        let start = first.after.start - (first.before.start - range.start);
        let end = last.after.end + (range.end - last.before.end);
        Some(slice(&self.lines, start..end))
    }
}

fn side<'a>(base: &'a [u8], text: &'a [u8]) -> Side<'a> {
    let input = InternedInput::new(byte_lines(base), byte_lines(text));
    Side { lines: lines(text), hunks: Diff::compute(Algorithm::Histogram, &input).hunks().collect() }
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

fn slice<'l, 'a>(lines: &'l [&'a [u8]], range: Range<u32>) -> &'l [&'a [u8]] {
    lines.get(range.start as usize..range.end as usize).unwrap_or_default()
}

fn push(text: &mut Vec<u8>, lines: &[&[u8]]) {
    lines.iter().for_each(|line| text.extend_from_slice(line));
}

fn conflict(merged: &mut Merged, ours: &[&[u8]], theirs: &[&[u8]]) {
    merged.conflicts += 1;
    let text = &mut merged.text;
    for (mark, lines) in [("<<<<<<< ours\n", ours), ("=======\n", theirs)] {
        text.extend_from_slice(mark.as_bytes());
        push(text, lines);
        if text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
    }
    text.extend_from_slice(b">>>>>>> theirs\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn changes_apart_are_joined_and_changes_of_one_line_are_not() {
        let merged = merge(b"a\nb\nc\n", b"A\nb\nc\n", b"a\nb\nC\nd\n");
        assert_eq!((merged.text.as_slice(), merged.conflicts), (&b"A\nb\nC\nd\n"[..], 0));
        let merged = merge(b"a\nb\n", b"A\nb\n", b"a\nB\n");
        assert_eq!((merged.text.as_slice(), merged.conflicts), (&b"A\nB\n"[..], 0));
        let merged = merge(b"a\nb\nc", b"a\nx\nc", b"a\ny\nc");
        assert_eq!((merged.text.as_slice(), merged.conflicts), (&b"a\n<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\nc"[..], 1));
        let merged = merge(b"a\r\n", b"a\r\nb\r\n", b"a\r\nc");
        assert_eq!(merged.conflicts, 1);
        assert_eq!(merge(b"a\nb\nc\n", b"a\nc\n", b"a\nc\n").text, b"a\nc\n");
    }

    proptest! {
        #[test]
        fn nothing_to_merge_is_byte_exact(base in "[ab\n]{0,12}", other in "[ab\n]{0,12}", third in "[ab\n]{0,12}") {
            let (base, other, third) = (base.as_bytes(), other.as_bytes(), third.as_bytes());
            prop_assert_eq!(merge(base, base, other), Merged { text: other.to_vec(), conflicts: 0 });
            prop_assert_eq!(merge(base, other, base), Merged { text: other.to_vec(), conflicts: 0 });
            prop_assert_eq!(merge(base, other, other), Merged { text: other.to_vec(), conflicts: 0 });
            let (one, two) = (merge(base, other, third), merge(base, third, other));
            prop_assert_eq!(one.conflicts, two.conflicts);
            if one.conflicts == 0 {
                prop_assert_eq!(one.text, two.text);
            }
        }
    }
}
