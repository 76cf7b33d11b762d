//! Markup within a line: what can be shown of it whatever comes behind, and how.

use owo_colors::Style;

/// Bytes that are held back for the end of some markup. Behind that it is taken for text, so that nothing is ever lost.
const HELD: usize = 300;

/// What stands at a place of a line.
enum Span<'a> {
    /// Text as it is, of so many bytes.
    Plain(usize),
    /// A character that a backslash takes for text.
    Escaped(char),
    Code(&'a str, usize),
    /// Emphasis: how many markers, and which.
    Marked(usize, char, &'a str, usize),
    Link {
        text: &'a str,
        url: &'a str,
        used: usize,
    },
}

/// Shows all that is settled at the beginning of `text`; answers how many bytes that are. `before` is the character in front of it;
/// `last`: nothing comes behind it.
pub(super) fn spans(text: &str, mut before: char, look: Style, last: bool, put: &mut dyn FnMut(char, Style)) -> usize {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let used = match span(rest, c, before, last) {
            Some(Span::Plain(used)) => shown(&rest[..used], look, put),
            Some(Span::Escaped(c)) => {
                put(c, look);
                1 + c.len_utf8()
            }
            Some(Span::Code(code, used)) => {
                shown(code, look.cyan(), put);
                used
            }
            Some(Span::Marked(count, marker, text, used)) => {
                spans(text, ' ', marked(look, count, marker), true, put);
                used
            }
            Some(Span::Link { text, url, used }) => {
                spans(text, ' ', look.underline(), true, put);
                if text.trim_matches('`') != url {
                    put(' ', look);
                    shown(&format!("({url})"), look.dimmed(), put);
                }
                used
            }
            None if last || rest.len() > HELD => shown(&rest[..run(rest)], look, put),
            None => return at,
        };
        before = rest[..used].chars().next_back().unwrap_or(before);
        at += used;
    }
    at
}

fn shown(text: &str, look: Style, put: &mut dyn FnMut(char, Style)) -> usize {
    text.chars().for_each(|c| put(c, look));
    text.len()
}

fn marked(look: Style, count: usize, marker: char) -> Style {
    match (marker, count) {
        ('~', _) => look.strikethrough(),
        (_, 1) => look.italic(),
        (_, 2) => look.bold(),
        _ => look.bold().italic(),
    }
}

/// None where that depends on what comes.
fn span(rest: &str, c: char, before: char, last: bool) -> Option<Span<'_>> {
    match c {
        '\\' => match rest[1..].chars().next() {
            Some(c) if c.is_ascii_punctuation() => Some(Span::Escaped(c)),
            Some(_) => Some(Span::Plain(1)),
            None => None,
        },
        '`' => code(rest, last),
        '*' | '_' | '~' => emphasis(rest, c, before, last),
        '[' => link(rest, last),
        '!' => match rest[1..].chars().next()? {
            '[' => match link(&rest[1..], last)? {
                Span::Link { text, url, used } => Some(Span::Link { text, url, used: used + 1 }),
                _ => Some(Span::Plain(1)),
            },
            _ => Some(Span::Plain(1)),
        },
        c => Some(Span::Plain(c.len_utf8())),
    }
}

/// Bytes of the same character at the beginning, where it is one of markup.
fn run(text: &str) -> usize {
    let Some(first) = text.chars().next() else { return 0 };
    if first.is_ascii_punctuation() { text.bytes().take_while(|b| *b == first as u8).count() } else { first.len_utf8() }
}

fn code(rest: &str, last: bool) -> Option<Span<'_>> {
    let count = run(rest);
    let mut at = count;
    while let Some(next) = rest[at..].find('`') {
        let close = at + next;
        at = close + run(&rest[close..]);
        if at - close == count {
            // It may become longer, and then is none.
            let is_whole = last || at < rest.len();
            let inner = &rest[count..close];
            let bare = inner.strip_prefix(' ').and_then(|t| t.strip_suffix(' ')).filter(|t| !t.trim().is_empty());
            return is_whole.then_some(Span::Code(bare.unwrap_or(inner), at));
        }
    }
    None
}

/// By the rules of CommonMark, except that `*` within a word is none: it is more often one of `2*3*4`.
fn emphasis(rest: &str, marker: char, before: char, last: bool) -> Option<Span<'_>> {
    let in_word = |c: char| if marker == '_' { c.is_alphanumeric() } else { c.is_ascii_alphanumeric() };
    let count = run(rest);
    let next = rest[count..].chars().next()?;
    if count > 3 || (marker == '~' && count != 2) || next.is_whitespace() || in_word(before) {
        return Some(Span::Plain(count));
    }
    let (mut at, mut previous) = (count, next);
    while let Some(c) = rest[at..].chars().next() {
        let begin = at;
        match c {
            '\\' => at += 1 + rest[at + 1..].chars().next()?.len_utf8(),
            '`' => match code(&rest[at..], last) {
                Some(Span::Code(_, used)) => at += used,
                _ if last => at += run(&rest[at..]),
                _ => return None,
            },
            c if c == marker => {
                at += run(&rest[at..]);
                let behind = rest[at..].chars().next();
                if behind.is_none() && !last {
                    return None;
                }
                let closes = at - begin == count || (at - begin == 3 && count < 3);
                if closes && !previous.is_whitespace() && !behind.is_some_and(in_word) {
                    return Some(Span::Marked(count, marker, &rest[count..at - count], at));
                }
            }
            c => at += c.len_utf8(),
        }
        previous = rest[begin..at].chars().next_back()?;
    }
    None
}

fn link(rest: &str, last: bool) -> Option<Span<'_>> {
    let close = closing(rest, '[', ']')?;
    let behind = &rest[close + 1..];
    match behind.chars().next() {
        Some('(') => {}
        None if !last => return None,
        _ => return Some(Span::Plain(1)),
    }
    let end = closing(behind, '(', ')')?;
    let (url, title) = behind[1..end].split_once(char::is_whitespace).unwrap_or((&behind[1..end], ""));
    if !title.is_empty() && !title.trim_start().starts_with(['"', '\'', '(']) {
        return Some(Span::Plain(1));
    }
    let text = Some(&rest[1..close]).filter(|text| !text.is_empty()).unwrap_or(url);
    Some(Span::Link { text, url, used: close + 1 + end + 1 })
}

/// Where the bracket is closed with which the text begins.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == open) - i32::from(c == close);
        if depth == 0 {
            return Some(at);
        }
    }
    None
}
