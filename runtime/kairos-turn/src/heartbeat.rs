//! `HEARTBEAT.md`: what the user wants looked at again and again.

/// What is to be looked at: open items of the checklist, and lines of plain text. Nothing but blank lines, headings, comments and items
/// that are ticked off is nothing to do.
pub fn checklist(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut comment = false;
    for line in text.lines() {
        let line = uncommented(line, &mut comment);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.chars().all(|c| matches!(c, '-' | '*' | '_' | '=')) {
            continue;
        }
        let item = line.strip_prefix(['-', '*', '+']).map_or(line, str::trim_start);
        if item.starts_with("[x]") || item.starts_with("[X]") {
            continue;
        }
        let item = item.strip_prefix("[ ]").unwrap_or(item).trim();
        if !item.is_empty() {
            items.push(item.to_owned());
        }
    }
    items
}

/// A line without what stands in HTML comments.
fn uncommented(line: &str, comment: &mut bool) -> String {
    let (mut kept, mut rest) = (String::new(), line);
    loop {
        let mark = if *comment { "-->" } else { "<!--" };
        let Some(at) = rest.find(mark) else { break };
        if !*comment {
            kept += &rest[..at];
        }
        rest = &rest[at + mark.len()..];
        *comment = !*comment;
    }
    if !*comment {
        kept += rest;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_comments_and_what_is_done_are_nothing_to_do() {
        for nothing in
            ["", "# Heartbeat\n\n## Daily\n---\n", "<!-- fill\n- [ ] this in -->\n", "- [x] done\n* [X] done, too\n- \n"]
        {
            assert_eq!(checklist(nothing), Vec::<String>::new(), "{nothing:?}");
        }
        let text = "# Daily\n- [ ] is CI green?\n- [x] no\n* look at the <!-- big --> log\nSay when main moves.\n<!-- open";
        assert_eq!(checklist(text), ["is CI green?", "look at the  log", "Say when main moves."]);
    }
}
