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
    /// Some of the answer was shown as it came.
    heard: bool,
}

impl Screen {
    /// Nothing was shown yet, on a terminal of so many columns.
    pub fn new(paint: Paint, columns: usize) -> Self {
        Self { paint, markdown: paint.is_on().then(|| Markdown::new(paint, columns)), open: false, heard: false }
    }

    /// What is to be written to the terminal. All text is cleaned: it is a model's, or anybody's.
    pub fn show(&mut self, event: &AskEvent) -> String {
        match event {
            AskEvent::Began { .. } => String::new(),
            AskEvent::Text { text } => {
                self.heard = true;
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
                self.heard = false;
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
                if let Some(markdown) = &mut self.markdown {
                    out += &if self.heard { String::new() } else { markdown.push(text) };
                } else if !self.heard {
                    for line in clean_lines(text) {
                        out += &self.line(&line);
                    }
                }
                if let Some(why) = why {
                    out += &self.line(&self.paint.bad(&one_line_untrimmed(why)));
                }
                if summary.is_empty() { out } else { out + &self.line(&self.paint.dim(&one_line_untrimmed(summary))) }
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
}
