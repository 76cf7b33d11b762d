//! Skills.

use super::JsonFlag;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum SkillCommand {
    /// Those that can be used in a project, and what is wrong with others
    #[command(
        after_help = "A skill is a folder with a SKILL.md that begins with its `name` (the folder's) and `description`. Yours lie in\n\
        ~/.claude/skills and in `skills` beside your kairos.toml; a project's in its .claude/skills."
    )]
    List {
        /// The project's folder
        #[arg(long, value_name = "DIR", default_value = ".")]
        project: PathBuf,
        #[command(flatten)]
        json: JsonFlag,
    },
}
