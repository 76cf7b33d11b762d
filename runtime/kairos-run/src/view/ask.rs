//! A turn on the screen, piece by piece.

use super::markdown::Markdown;
use super::text::{Paint, clean_lines, size};
use kairos_api::AskEvent;
use kairos_core::finding::one_line_untrimmed;

/// Columns of a line about a tool.
const WIDTH: usize = 110;

/// Knows what stands on the screen already.
pub struct Screen {
    paint: Paint,
    /// Where there are colours; else the answer is shown as it was written.
    markdown: Option<Markdown>,
    /// Text stands on the last line, without its end.
    open: bool,
    /// What was shown of the answer as it came.
    heard: String,
}

impl Screen {
    /// Nothing was shown yet, on a terminal of so many columns.
    pub fn new(paint: Paint, columns: usize) -> Self {
        Self { paint, markdown: paint.is_on().then(|| Markdown::new(paint, columns)), open: false, heard: String::new() }
    }

    /// What is to be written to the terminal. All text is cleaned: it is a model's, or anybody's.
    pub fn show(&mut self, event: &AskEvent) -> String {
        match event {
            AskEvent::Began { .. } => String::new(),
            AskEvent::Text { text } => {
                self.heard += text;
                if let Some(markdown) = &mut self.markdown {
                    return markdown.push(text);
                }
                let clean = text.split('\n').map(one_line_untrimmed).collect::<Vec<_>>().join("\n");
                if !clean.is_empty() {
                    self.open = !clean.ends_with('\n');
                }
                clean
            }
            AskEvent::Compacted { before, after } => {
                let what = format!(
                    "the conversation was summed up for the model: {} became {}; the transcript keeps all of it",
                    size(*before),
                    size(*after)
                );
                self.line(&self.paint.dim(&what))
            }
            AskEvent::Call { tool, input } => {
                self.heard.clear();
                let line: String = one_line_untrimmed(&format!("· {tool} {input}")).chars().take(WIDTH).collect();
                self.line(&self.paint.dim(&line))
            }
            AskEvent::Outcome { tool, text, is_error: true } => {
                let line: String = one_line_untrimmed(&format!("  {tool}: {text}")).chars().take(WIDTH).collect();
                self.line(&self.paint.bad(&line))
            }
            AskEvent::Outcome { .. } => String::new(),
            AskEvent::Permission { action, preview, rule, .. } => {
                let why = if rule.is_empty() { String::new() } else { format!(" ({rule})") };
                let head = self.line(&self.paint.bold(&one_line_untrimmed(&format!("It wants to {action}{why}"))));
                head + &difference(self.paint, preview)
            }
            AskEvent::Waits { id, action, .. } => {
                let what = one_line_untrimmed(&format!("It wants to {action}: that waits for you"));
                let how = format!("  kairos-run permission show {id}, then allow {id} or deny {id}");
                self.line(&self.paint.bold(&what)) + &self.line(&self.paint.dim(&one_line_untrimmed(&how)))
            }
            AskEvent::Ended { text, why, summary } => {
                let mut out = String::new();
                // Pieces that can't be written in time are not waited for.
                let is_heard = self.heard.trim_end().ends_with(text.trim_end());
                if !is_heard && !self.heard.is_empty() {
                    out += &self.line(&self.paint.dim("not all of that came through; once more:"));
                }
                if let Some(markdown) = &mut self.markdown {
                    out += &if is_heard { String::new() } else { markdown.push(text) };
                } else if !is_heard {
                    for line in clean_lines(text) {
                        out += &self.line(&line);
                    }
                }
                if let Some(why) = why {
                    out += &self.line(&self.paint.bad(&one_line_untrimmed(why)));
                }
                out + &if summary.is_empty() { String::new() } else { self.line(&self.paint.dim(&one_line_untrimmed(summary))) }
            }
            AskEvent::Failed { error } => self.line(&self.paint.bad(&one_line_untrimmed(error))),
        }
    }

    /// The user has enough of it.
    pub fn stopped(&mut self) -> String {
        self.line(&self.paint.dim("stopped"))
    }

    /// On a line of its own.
    fn line(&mut self, text: &str) -> String {
        let rest = self.markdown.as_mut().map(Markdown::finish).unwrap_or_default();
        let start = if std::mem::take(&mut self.open) { "\n" } else { "" };
        format!("{rest}{start}{text}\n")
    }
}

/// What would change, or be run.
pub fn difference(paint: Paint, preview: &str) -> String {
    let coloured = |line: String| match line.as_bytes().first() {
        Some(b'+') => paint.good(&line),
        Some(b'-') => paint.bad(&line),
        _ => line,
    };
    clean_lines(preview).filter(|_| !preview.is_empty()).map(|line| coloured(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_lines_and_nobody_s_text_moves_the_cursor() {
        let mut screen = Screen::new(Paint::PLAIN, 80);
        let events = [
            AskEvent::Began { session: "ask-1".into() },
            AskEvent::Text { text: "I loo".into() },
            AskEvent::Text { text: "k.\u{1b}[2J".into() },
            AskEvent::Call { tool: "read-file".into(), input: "{\"path\":\"a\"}".into() },
            AskEvent::Outcome { tool: "read-file".into(), text: "there is no `a`".into(), is_error: true },
            AskEvent::Permission {
                id: "1".into(),
                action: "change b".into(),
                preview: "-old\n+new\n".into(),
                rule: String::new(),
            },
            AskEvent::Ended { text: "Done.".into(), why: None, summary: "2 questions".into() },
        ];
        let shown: String = events.iter().map(|e| screen.show(e)).collect();
        let expected = "I look.[2J\n· read-file {\"path\":\"a\"}\n  read-file: there is no `a`\nIt wants to change b\n-old\n+new\nDone.\n\
                        2 questions\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_was_lost_on_the_way_is_shown_in_the_end() {
        for paint in [Paint::PLAIN, Paint::FULL] {
            let mut screen = Screen::new(paint, 80);
            let ended = |text: &str| AskEvent::Ended { text: text.into(), why: None, summary: String::new() };
            let mut shown = screen.show(&AskEvent::Text { text: "One ".into() });
            shown += &screen.show(&AskEvent::Compacted { before: 2048, after: 100 });
            shown += &screen.show(&ended("One two.\n"));
            shown += &screen.line("you>");
            assert!(shown.starts_with("One") && shown.contains("2 KiB became 100 B"), "{shown:?}");
            assert!(shown.contains("once more:") && shown.ends_with("One two.\nyou>\n"), "{shown:?}");
            let mut screen = Screen::new(paint, 80);
            let shown = screen.show(&AskEvent::Text { text: "One two.".into() }) + &screen.show(&ended("One two."));
            assert!(!shown.contains("once more"), "{shown:?}");
        }
    }
}
