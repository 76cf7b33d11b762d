//! A page as text: what a reader sees of it, with the addresses that its links lead to.

use crate::link::join;
use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer};

/// A link with a longer address is shown without it.
const MAX_LINK: usize = 500;

/// A page of an address as text of about `max` bytes, and whether there is more.
pub fn text(html: &str, address: &str, max: usize) -> (String, bool) {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut page = Page { base: address.into(), ..Page::default() };
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        if page.out.len() > max {
            return (page.out, true);
        }
        match token {
            Token::StartTag(tag) => page.open(&tag),
            Token::EndTag(tag) => page.close(&tag.name),
            Token::String(text) => page.say(&String::from_utf8_lossy(&text)),
            _ => {}
        }
    }
    page.out.truncate(page.out.trim_end().len());
    (page.out, false)
}

#[derive(Default)]
struct Page {
    out: String,
    base: String,
    /// Line ends, and a space, that come before the next word.
    breaks: usize,
    space: bool,
    /// Within how many `pre`.
    pre: usize,
    /// Of which hidden element, within how many.
    hidden: Option<(HtmlString, usize)>,
    /// The address of the link that is open, and where its text begins.
    link: Option<(String, usize)>,
}

/// An element of which nothing is shown.
fn is_hidden(name: &[u8]) -> bool {
    let raw = matches!(name, b"script" | b"style" | b"noscript" | b"template" | b"textarea");
    raw || matches!(name, b"svg" | b"math" | b"iframe" | b"object")
}

/// One that stands apart from what is around it.
fn is_block(name: &[u8]) -> bool {
    let part = matches!(name, b"title" | b"body" | b"header" | b"footer" | b"main" | b"aside" | b"nav" | b"section" | b"article");
    let text = matches!(name, b"p" | b"div" | b"blockquote" | b"pre" | b"figure" | b"details" | b"summary" | b"address" | b"hr");
    part || text || heading(name).is_some() || matches!(name, b"ul" | b"ol" | b"dl" | b"table" | b"form" | b"fieldset")
}

/// One that begins a line.
fn is_line(name: &[u8]) -> bool {
    matches!(name, b"br" | b"li" | b"tr" | b"dt" | b"dd" | b"option" | b"figcaption")
}

fn attribute<'a>(tag: &'a StartTag<()>, name: &[u8]) -> Option<std::borrow::Cow<'a, str>> {
    tag.attributes.get(name).map(|value| String::from_utf8_lossy(value))
}

/// 1 to 6.
fn heading(name: &[u8]) -> Option<usize> {
    match name {
        [b'h', level @ b'1'..=b'6'] => Some(usize::from(level - b'0')),
        _ => None,
    }
}

impl Page {
    fn open(&mut self, tag: &StartTag<()>) {
        let name = tag.name.as_slice();
        if let Some((hidden, depth)) = &mut self.hidden {
            *depth += usize::from(hidden.as_slice() == name && !tag.self_closing);
            return;
        }
        if is_hidden(name) {
            if !tag.self_closing {
                self.hidden = Some((tag.name.clone(), 1));
            }
            return;
        }
        match name {
            b"base" => {
                if let Some(base) = attribute(tag, b"href").and_then(|href| join(&self.base, &href)) {
                    self.base = base;
                }
            }
            b"a" => {
                self.end_link();
                let url = attribute(tag, b"href").and_then(|href| join(&self.base, &href));
                self.link = url.filter(|url| url.len() <= MAX_LINK).map(|url| (url, self.out.len()));
            }
            b"img" => {
                if let Some(alt) = attribute(tag, b"alt").filter(|alt| !alt.trim().is_empty()) {
                    self.say(&format!("[{}]", alt.trim()));
                }
            }
            b"li" => {
                self.apart(1);
                self.put("-");
                self.space = true;
            }
            b"td" | b"th" if !self.out.is_empty() && self.breaks == 0 => {
                self.put(" |");
                self.space = true;
            }
            b"pre" => {
                self.apart(2);
                self.put("```");
                self.apart(1);
                self.pre += 1;
            }
            name if heading(name).is_some() => {
                self.apart(2);
                self.put(&"#".repeat(heading(name).unwrap_or(1)));
                self.space = true;
            }
            name if is_block(name) => self.apart(2),
            name if is_line(name) => self.apart(1),
            _ => {}
        }
    }

    fn close(&mut self, name: &HtmlString) {
        if let Some((hidden, depth)) = &mut self.hidden {
            if hidden == name {
                *depth -= 1;
            }
            if *depth == 0 {
                self.hidden = None;
            }
            return;
        }
        match name.as_slice() {
            b"a" => self.end_link(),
            b"pre" if self.pre > 0 => {
                self.pre -= 1;
                self.apart(1);
                self.put("```");
                self.apart(2);
            }
            name if is_block(name) => self.apart(2),
            name if is_line(name) => self.apart(1),
            _ => {}
        }
    }

    /// The address behind the text of a link, where it has some.
    fn end_link(&mut self) {
        if let Some((url, at)) = self.link.take()
            && self.out.get(at..).is_some_and(|text| !text.trim().is_empty() && text.trim() != url)
        {
            self.out += &format!(" ({url})");
        }
    }

    fn apart(&mut self, lines: usize) {
        self.breaks = self.breaks.max(lines);
    }

    fn say(&mut self, text: &str) {
        if self.hidden.is_some() {
            return;
        }
        if self.pre > 0 {
            return self.put(text);
        }
        for (n, word) in text.split(|c: char| c.is_whitespace()).enumerate() {
            self.space |= n > 0;
            if !word.is_empty() {
                self.put(word);
            }
        }
    }

    /// As it is, behind what has to come before it.
    fn put(&mut self, text: &str) {
        if !self.out.is_empty() {
            match self.breaks {
                0 if self.space => self.out.push(' '),
                breaks => self.out.extend(std::iter::repeat_n('\n', breaks)),
            }
        }
        (self.breaks, self.space) = (0, false);
        self.out += text;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        text(html, "https://example.org/docs/a", 1 << 16).0
    }

    #[test]
    fn a_page_is_what_a_reader_sees() {
        let html = "<!DOCTYPE html><html><head><title>A &amp; B</title><style>p { color: red }</style><meta charset=utf-8>
            <script>if (1 < 2) document.write('<p>no</p>')</script></head>
            <body><nav><a href='/'>Home</a> <a href='#x'>here</a></nav><h2 class=x>How to <em>begin</em></h2>
            <p>First,\n   read <a href=\"b.html?x=1&amp;y=2\">the <b>guide</b></a>.<br>Then go on.</p>
            <ul><li>one<li>two</li></ul><table><tr><th>k<th>v<tr><td>1<td>2</table>
            <pre><code>fn main() {\n    a &lt; b\n}</code></pre><img src=x alt='a diagram'><!-- <p>not this</p> --><svg><text>nor this</text></svg>
            <template>nor <template>this</template> at all</template>End&hellip;</body></html>";
        let expected = "A & B\n\nHome (https://example.org/) here\n\n## How to begin\n\nFirst, read the guide (https://example.org/docs/b.html?x=1&y=2).\nThen go on.\n\n- one\n- two\n\nk | v\n1 | 2\n\n```\nfn main() {\n    a < b\n}\n```\n\n[a diagram] End…";
        assert_eq!(shown(html), expected);
    }

    #[test]
    fn soup_is_read_as_far_as_it_goes() {
        assert_eq!(shown("</p></a></pre></svg>a<a href=/x>b<a href=/y>c"), "ab (https://example.org/x)c");
        assert_eq!(shown("<base href='https://cdn.example/v2/'><a href=x>y</a>"), "y (https://cdn.example/v2/x)");
        assert_eq!(shown("<a href='javascript:x()'>y</a> <a href=' '>z</a>"), "y z");
        assert_eq!(shown("<script>never closed <p>a"), "");
        assert_eq!(shown(""), "");
        assert_eq!(shown("a < b & c &notanentity; &#0; \u{0}"), "a < b & c \u{ac}anentity; \u{fffd} \u{0}");
        let (long, more) = text(&"<p>word ".repeat(10_000), "https://example.org/", 1000);
        assert!(more && long.len() < 1100);
    }
}
