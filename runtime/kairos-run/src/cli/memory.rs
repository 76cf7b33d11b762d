//! What is remembered.

use super::JsonFlag;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Whose memory.
#[derive(Debug, Clone, Default, Args)]
pub struct WhoseArgs {
    /// The project's folder [default: the current one]
    #[arg(long, value_name = "DIR", conflicts_with = "user", global = true)]
    pub project: Option<PathBuf>,
    /// What is true of you in all projects
    #[arg(long, global = true)]
    pub user: bool,
}

#[derive(Debug, Args)]
pub struct MemoryArgs {
    #[command(flatten)]
    pub whose: WhoseArgs,
    #[command(subcommand)]
    pub command: MemoryCommand,
}

#[derive(Debug, Subcommand)]
pub enum MemoryCommand {
    /// Remember something, as your word
    #[command(after_help = "Examples:\n  kairos-run memory add 'Tests run with `just test`'\n  \
        kairos-run memory add --kind feedback 'Never push to main without asking'\n\n\
        What it names in the project (files, functions, targets) is watched: when that is gone, the claim is stale.")]
    Add {
        /// One line
        text: String,
        /// What it is about
        #[arg(long, value_enum, default_value_t = Kind::Project)]
        kind: Kind,
        /// The file to put it in, without .md [default: the kind's own]
        #[arg(long)]
        topic: Option<String>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Claims, by file
    List {
        /// Only of this kind
        #[arg(long, value_enum)]
        kind: Option<Kind>,
        /// Also those that are retired
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Find claims and what was observed: a question, or a few words
    #[command(after_help = "Examples:\n  kairos-run memory search 'how do we release?'\n  \
        kairos-run memory search 'what failed last Tuesday'\n  kairos-run memory search --exact parse_config")]
    Search {
        /// The words; days such as \"last Tuesday\" are understood
        #[arg(required = true)]
        words: Vec<String>,
        /// Only claims, nothing of the transcripts
        #[arg(long)]
        claims: bool,
        /// As it stands, in the transcripts: for identifiers and error messages
        #[arg(long, conflicts_with = "claims")]
        exact: bool,
        /// Most results
        #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// One claim
    Show {
        /// As the list shows it
        id: String,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Why a claim is believed: its evidence, what it points at, and its history
    Why {
        /// As the list shows it
        id: String,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Say it in other words: yours
    Edit {
        /// As the list shows it
        id: String,
        /// The new words, one line
        text: String,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Take claims out of the files; their words stay in the archive, and no dream brings them back
    Retire {
        /// As the list shows them
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Forget for good: claims with the words of their evidence, in every version, in the journal and the inbox
    #[command(after_help = "Examples:\n  kairos-run memory forget k7f3q2ma\n  \
        kairos-run memory forget --containing 'Project Bluebird' --dry-run\n\n\
        It shows what goes, and asks. What a remote, a backup or a snapshot holds can't be reached.")]
    Forget {
        /// Claims as the list shows them, observations as `search` does
        #[arg(required_unless_present = "containing")]
        ids: Vec<String>,
        /// Whatever holds these words, as they stand: claims, observations, ticks, findings, conversations, logs
        #[arg(long, value_name = "TEXT", conflicts_with = "ids")]
        containing: Option<String>,
        /// Only show what would go
        #[arg(long)]
        dry_run: bool,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Who you are, how you want to work, what to avoid and to do again, what the work is for: each line with its why
    #[command(
        after_help = "From the claims of the kinds user and feedback, in this project and with --user, and the project's aims."
    )]
    Profile(JsonFlag),
    /// The changes of the memory, newest first
    Log {
        /// So many
        #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
        limit: usize,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// What a change of the log did
    Diff {
        /// As the log shows it [default: the newest]
        revision: Option<String>,
    },
    /// Undo a change of the log; a claim that was changed again since is left as it is
    Revert {
        /// As the log shows it
        revision: String,
    },
    /// All claims with their evidence, as JSON, for `memory import claims`
    #[command(
        after_help = "In it: every claim, retired ones too, with id, status, topic, anchors and times, and the words of what it rests \
        on.\nNot in it: the history, dreams, and what was observed but bears out no claim."
    )]
    Export {
        /// A file, for you alone to read [default: standard output]
        file: Option<PathBuf>,
    },
    /// Read what was said or noted elsewhere, as observations; nothing is believed for it. Or take claims over
    Import(ImportArgs),
    /// Drop now what is over `memory.keep` and `memory.size`; what a claim rests on is kept
    Prune {
        /// Only show what would go
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Look whether everything is whole: files, ledger, index, history, evidence
    Verify(JsonFlag),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kairos-run memory import claude                 this project's sessions of Claude Code\n  \
        kairos-run memory import notes ~/notes/project  Markdown or text, as your own words\n  \
        kairos-run memory import git                    which files were changed together: up to 1,000 commits of a year\n  \
        kairos-run memory import claims me.json --mine  your own export: the same claims, with status and evidence\n\n\
        What was read before is not read twice. Lines that can't be read are named.")]
pub struct ImportArgs {
    /// From where
    #[arg(value_enum)]
    pub from: Source,
    /// A file or folder
    pub path: Option<PathBuf>,
    /// Of claims: the export is yours, and they are believed as they were
    #[arg(long, conflicts_with = "others")]
    pub mine: bool,
    /// Of claims: somebody else wrote them, and they are tentative; what they say of you is left out
    #[arg(long)]
    pub others: bool,
    #[command(flatten)]
    pub json: JsonFlag,
}

/// What a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Who you are and how you want to work
    User,
    /// What to do again, and what to avoid
    Feedback,
    /// How things are in this project
    Project,
    /// Where to find something
    Reference,
}

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// Sessions of Claude Code
    Claude,
    /// Markdown or text files of yours
    Notes,
    /// Commits of the project
    Git,
    /// What `memory export` wrote
    Claims,
}
