//! Talking with the model.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct AskArgs {
    /// In your words; `-` reads them from standard input. `@path` hands a file of the project along
    #[arg(value_name = "TEXT", required = true)]
    pub text: Vec<String>,
    #[command(flatten)]
    pub about: AboutArgs,
    /// Go on with this conversation, as its first line named it with --json
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// Agree beforehand to all that would be asked: changes of files, commands. What your rules forbid stays forbidden
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON object a line as things happen; nothing is asked, what needs your word waits in the inbox (but see --yes)
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct AboutArgs {
    /// In which project, where several are watched
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
}
