//! What the model can read of how work is done.

use super::lists::Page;
use super::text::{Cell, dim, plain, table};
use kairos_agent::{Skill, Whose};
use kairos_core::finding::one_line;

impl Page {
    /// `skill list`.
    pub fn skills(&self, all: &[Skill]) -> String {
        if all.is_empty() {
            return "There are no skills; `kairos-run skill list --help` says where they would be.\n".into();
        }
        let row = |skill: &Skill| -> Vec<Cell> {
            let whose = if skill.whose == Whose::User { "yours" } else { "the project's" };
            vec![plain(&skill.name), dim(whose), plain(one_line(&skill.description))]
        };
        let rows: Vec<Vec<Cell>> = all.iter().map(row).collect();
        table(self.paint, &["NAME", "WHOSE", "WHAT FOR"], &rows, self.width)
    }
}
