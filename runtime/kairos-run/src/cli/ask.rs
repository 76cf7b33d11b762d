//! Talking with the model.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct AskArgs {
    /// In your words; `-` reads them from standard input. `@path` hands a file of the project along
    #[arg(value_name = "TEXT", required_unless_present = "list")]
    pub text: Vec<String>,
    #[command(flatten)]
    pub about: AboutArgs,
    #[command(flatten)]
    pub resume: ResumeArgs,
    /// Which model answers in this conversation from now on: its name, or PROVIDER/MODEL, of the providers in your settings; `default`
    /// goes back to theirs
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Agree beforehand to all that would be asked: changes of files, commands, pages. What your rules forbid stays forbidden
    #[arg(long)]
    pub yes: bool,
    /// List the conversations that can be gone on with, the last used first
    #[arg(long, conflicts_with_all = ["text", "yes", "session", "resume", "model"])]
    pub list: bool,
    /// Print one JSON object a line as things happen; nothing is asked, what needs your word waits in the inbox (but see --yes)
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ChatArgs {
    #[command(flatten)]
    pub about: AboutArgs,
    #[command(flatten)]
    pub resume: ResumeArgs,
    /// Which model answers in this conversation from now on: its name, or PROVIDER/MODEL, of the providers in your settings; `default`
    /// goes back to theirs
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
}

/// Which conversation goes on; a new one begins where none is named.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// Go on with this conversation, as `ask --list` names it
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// Go on with the conversation of this project that was used last
    #[arg(id = "resume", long = "continue", conflicts_with = "session")]
    pub resume: bool,
}

#[derive(Debug, Args)]
pub struct AboutArgs {
    /// In which project, where several are watched
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
}
