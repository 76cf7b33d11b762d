//! What the model may do, and the conversations with it.

use super::ask::difference;
use super::lists::Page;
use super::text::{Cell, ago, count, dim, plain, table, until};
use kairos_api::{Conversation, Permission};
use kairos_core::finding::one_line;

impl Page {
    /// `permission list`.
    pub fn permissions(&self, all: &[Permission]) -> String {
        if all.is_empty() {
            return "Nothing waits for your word, and no answer is remembered.\n".into();
        }
        let row = |p: &Permission| -> Vec<Cell> {
            vec![plain(&p.id), plain(answer(p)), dim(self.ends(p)), dim(ago(p.at, self.now)), plain(one_line(&p.action))]
        };
        let rows: Vec<Vec<Cell>> = all.iter().map(row).collect();
        let mut out = table(self.paint, &["ID", "ANSWER", "UNTIL", "SINCE", "WHAT"], &rows, self.width);
        if let Some(first) = all.iter().find(|p| p.answer.is_none()) {
            let id = &first.id;
            out += &self.paint.dim(&format!("\nkairos-run permission show {id}, then allow {id} or deny {id}\n"));
        }
        out
    }

    /// `permission show`.
    pub fn permission(&self, p: &Permission) -> String {
        let head = self.paint.bold(&one_line(&p.action));
        let state = format!("{}, until {}; asked in {}\n", answer(p), self.ends(p), one_line(&p.session));
        format!("{head}\n{}{}", self.paint.dim(&state), difference(self.paint, &p.preview))
    }

    /// `ask --list`.
    pub fn conversations(&self, all: &[Conversation]) -> String {
        let Some(first) = all.first() else {
            return "There is no conversation to go on with.\n".into();
        };
        let row = |c: &Conversation| -> Vec<Cell> {
            vec![plain(&c.id), dim(ago(c.at, self.now)), dim(count(c.turns, "turn")), plain(one_line(&c.title))]
        };
        let rows: Vec<Vec<Cell>> = all.iter().map(row).collect();
        let out = table(self.paint, &["ID", "LAST", "LENGTH", "BEGAN WITH"], &rows, self.width);
        out + &self.paint.dim(&format!("\nkairos-run chat --session {}\n", one_line(&first.id)))
    }

    fn ends(&self, p: &Permission) -> String {
        p.until.map_or_else(|| "taken back".into(), |t| until(t, self.now, &self.zone))
    }
}

fn answer(p: &Permission) -> String {
    match p.answer {
        None => "waits".into(),
        Some(answer) if answer.allow => format!("yes, {}", answer.scope),
        Some(_) => "no".into(),
    }
}
