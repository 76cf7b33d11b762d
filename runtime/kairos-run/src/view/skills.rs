//! What the model can read of how work is done.

use super::lists::Page;
use super::text::{Cell, dim, plain, table};
use kairos_agent::{Skill, Whose};
use kairos_api::SkillInfo;
use kairos_core::finding::one_line;

impl Page {
    /// `skill list`.
    pub fn skills(&self, all: &[Skill]) -> String {
        let told = all.iter().map(|s| (&s.name[..], s.whose == Whose::Project, &s.description[..]));
        self.all_skills(&told.collect::<Vec<_>>())
    }

    /// `/skill`.
    pub fn chat_skills(&self, all: &[SkillInfo]) -> String {
        self.all_skills(&all.iter().map(|s| (&s.name[..], s.is_projects, &s.description[..])).collect::<Vec<_>>())
    }

    fn all_skills(&self, all: &[(&str, bool, &str)]) -> String {
        if all.is_empty() {
            return "There are no skills; `kairos-run skill list --help` says where they would be.\n".into();
        }
        let row = |(name, is_projects, description): &(&str, bool, &str)| -> Vec<Cell> {
            vec![plain(name), dim(if *is_projects { "the project's" } else { "yours" }), plain(one_line(description))]
        };
        let rows: Vec<Vec<Cell>> = all.iter().map(row).collect();
        table(self.paint, &["NAME", "WHOSE", "WHAT FOR"], &rows, self.width)
    }
}
