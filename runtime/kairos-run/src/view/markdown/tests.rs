use super::*;
use proptest::prelude::*;

fn drawn(paint: Paint, columns: usize, text: &str) -> String {
    let mut markdown = Markdown::new(paint, columns);
    let out = markdown.push(text);
    out + &markdown.finish()
}

/// With tags for colours.
fn told(text: &str) -> String {
    let signs = [
        ("0", "/"),
        ("1;4", "h1"),
        ("1;3", "bi"),
        ("1", "b"),
        ("2", "dim"),
        ("3", "i"),
        ("4", "u"),
        ("3;4", "ui"),
        ("36;4", "ucode"),
        ("9", "s"),
        ("36", "code"),
    ];
    // Each word is painted by itself.
    let mut out = drawn(Paint::FULL, 80, text);
    for (code, sign) in signs {
        out = out.replace(&format!("\u{1b}[{code}m"), &format!("<{sign}>"));
    }
    let (mut joined, mut last) = (String::new(), "");
    for part in out.split_inclusive("</>") {
        let sign = &part[part.rfind('<').map_or(0, |end| part[..end].rfind('<').unwrap_or(end))..];
        let sign = &sign[..sign.find('>').map_or(0, |end| end + 1)];
        match part.strip_prefix(sign).filter(|_| !last.is_empty() && sign == last) {
            Some(more) => joined.replace_range(joined.len() - 3.., more),
            None => joined += part,
        }
        last = sign;
    }
    joined
}

#[test]
fn markup_becomes_colours_and_what_is_none_stays() {
    let all = [
        ("# One #1\n\n### Two", "<h1>One #1</>\n\n<b>Two</>\n"),
        ("a **b *c* d** e", "a <b>b </><bi>c</><b> d</> e\n"),
        ("_it_ and snake_case_name, ~~no~~", "<i>it</> and snake_case_name, <s>no</>\n"),
        ("***both***, **重点**内容", "<bi>both</>, <b>重点</>内容\n"),
        ("2*3*4, **kwargs and *args, a * b", "2*3*4, **kwargs and *args, a * b\n"),
        ("`a ** b`, ``x ` y``, and ` alone", "<code>a ** b</>, <code>x ` y</>, and ` alone\n"),
        ("\\*not\\* C:\\dir", "*not* C:\\dir\n"),
        ("see [the *page*](https://a.b/c_(d) \"t\")!", "see <u>the </><ui>page</> <dim>(https://a.b/c_(d))</>!\n"),
        ("![a](u) [`x`](x) [x] [1] a[i](b c)", "<u>a</> <dim>(u)</> <ucode>x</> [x] [1] a[i](b c)\n"),
        ("- a\n    * b\n10. c", "<dim>• </>a\n<dim>    • </>b\n<dim>10. </>c\n"),
        ("> a\n>\n> - b", "<dim>│ </>a\n<dim>│</>\n<dim>│ • </>b\n"),
        ("-- a\n1.5 b\n#c\n---", "-- a\n1.5 b\n#c\n<dim>──────────</>\n"),
    ];
    for (text, wanted) in all {
        assert_eq!(told(text), wanted.replace("──────────", &"─".repeat(40)), "{text}");
    }
}

#[test]
fn code_stays_as_it_is() {
    let code = "fn  f() {\n\tlet x = \"**a** <b> | `c`\"; ".to_owned() + &"long ".repeat(40) + "\n\n   }";
    let shown = drawn(Paint::PLAIN, 40, &format!("So:\n```rust\n{code}\n```\nThat *is* all"));
    assert_eq!(shown, format!("So:\n```rust\n{code}\n```\nThat is all\n"));
    // What stands in a list is moved to the left, as a shell or Python wants it; other marks don't end it.
    let shown = drawn(Paint::PLAIN, 40, "1. do\n   ~~~~\n   a\n     b\n   ```\n   ~~~~\n2. then");
    assert_eq!(shown, "1. do\n~~~~\na\n  b\n```\n~~~~\n2. then\n");
}

#[test]
fn words_are_put_into_lines_below_each_other() {
    let shown = drawn(
        Paint::PLAIN,
        20,
        "\n\n- one two three four five\n\n> 日本語の長い段落、改行されます。\n\nhttps://example.org/a/long/path and on",
    );
    let wanted =
        "• one two three four\n  five\n\n│ 日本語の長い段落、\n│ 改行されます。\n\nhttps://example.org/a/long/path and on\n";
    assert_eq!(shown, wanted);
}

#[test]
fn a_table_stands_in_columns_or_is_told_cell_by_cell() {
    let table = "| Tool | ms |\n|---|--:|\n| `a\\|b` | 7 |\n| 日本 | 1,000 | more |\nend";
    assert_eq!(drawn(Paint::PLAIN, 40, table), "Tool     ms\n────  ─────  ────\na|b       7\n日本  1,000  more\nend\n");
    assert_eq!(drawn(Paint::PLAIN, 12, table), "• Tool: a|b\n  ms: 7\n• Tool: 日本\n  ms: 1,000\n  more\nend\n");
    assert!(drawn(Paint::PLAIN, 12, "|a|b|\n|-|-|\n|1|two words more|\n").starts_with("• a: 1\n  b: two\n    words\n"));
    assert_eq!(drawn(Paint::PLAIN, 40, "| no table |\n|x"), "| no table |\n| x |\n");
}

#[test]
fn a_word_is_shown_as_soon_as_it_has_ended() {
    let mut markdown = Markdown::new(Paint::PLAIN, 40);
    assert_eq!(
        ["One ", "two th", "ree", " **fo", "ur**,", " "].map(|piece| markdown.push(piece)),
        ["One", " two", "", " three", "", " four,"]
    );
    // What never becomes markup is held up for a moment only.
    let shown = markdown.push(&format!("**{}", "word ".repeat(80)));
    assert!(shown.contains("word\nword"), "{shown}");
}

const PIECES: [&str; 40] = [
    "word ",
    "a",
    " ",
    "  ",
    "\n",
    "\n\n",
    "*",
    "**",
    "***",
    "_",
    "`",
    "``",
    "```",
    "~~",
    "~~~\n",
    "# ",
    "### ",
    "- ",
    "1. ",
    "12) ",
    "> ",
    ">",
    "|",
    "| a | b |\n",
    "|---|--:|\n",
    "---\n",
    "[",
    "](",
    ")",
    "[t](http://u)",
    "\\",
    "!",
    "日本",
    "é",
    "👩\u{200d}💻",
    "\t",
    "\u{1b}[2J",
    "```rust\n",
    "\r\n",
    "    ",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_does_not_matter_where_the_text_is_cut(parts in prop::collection::vec(0..PIECES.len(), 0..60), cuts in prop::collection::vec(1..9usize, 1..20)) {
        let text: String = parts.iter().map(|n| PIECES[*n]).collect();
        let whole = drawn(Paint::FULL, 30, &text);
        let mut markdown = Markdown::new(Paint::FULL, 30);
        let (mut out, mut rest, mut cuts) = (String::new(), &text[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let at = rest.char_indices().nth(*cuts.next().unwrap()).map_or(rest.len(), |(at, _)| at);
            out += &markdown.push(&rest[..at]);
            rest = &rest[at..];
        }
        prop_assert_eq!(out + &markdown.finish(), whole);
    }

    #[test]
    fn nothing_moves_the_cursor_and_nothing_said_is_lost(parts in prop::collection::vec(0..PIECES.len(), 0..60), noise in any::<String>()) {
        // A link's title, and an address that is its own text, are left out.
        let text: String = parts.iter().map(|n| PIECES[*n]).filter(|piece| *piece != "](").collect::<String>() + &noise;
        let out = drawn(Paint::PLAIN, 1000, &text);
        prop_assert!(out.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'), "{:?}", out);
        let letters = |text: &str| plain(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        prop_assert_eq!(letters(&out), letters(&text));
    }
}
