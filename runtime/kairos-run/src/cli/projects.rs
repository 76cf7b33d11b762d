//! Projects, and what is watched in them.

use super::{JsonFlag, duration};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Watch one more folder, now and after each start
    Add {
        /// The project's folder
        #[arg(default_value = ".", value_name = "DIR")]
        dir: PathBuf,
    },
    /// Watch it no longer; what is known about it stays
    Remove {
        /// The project's folder, also one that is gone
        #[arg(default_value = ".", value_name = "DIR")]
        dir: PathBuf,
    },
    /// What is watched
    List(JsonFlag),
    /// Let the project's own plugins (.kairos/plugins) be loaded: exactly these files, in this project alone
    #[command(
        after_help = "They still run sandboxed and wait for `plugin grant`. When one of the files changes, all of them wait again."
    )]
    Trust {
        /// The project's folder
        #[arg(default_value = ".", value_name = "DIR")]
        dir: PathBuf,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Load none of them, from now on
    Distrust {
        /// The project's folder
        #[arg(default_value = ".", value_name = "DIR")]
        dir: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum SignalsCommand {
    /// Exactly what is watched in each project, when something last came, and what was lost
    Show {
        /// Only in this project: its folder
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Take in nothing for a while, also after a restart; what happens meanwhile is counted and not kept
    #[command(after_help = "At the end of the pause, which comes by itself, everything is looked at as it stands then.")]
    Pause {
        /// Such as 30m, 1h, 2d
        #[arg(value_parser = duration)]
        duration: Duration,
        /// Only in this project: its folder
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
    },
    /// End a pause before its time
    Resume {
        /// Only in this project: its folder
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum CiCommand {
    /// Tell of a run that has ended: a JUnit XML file, or JSON
    #[command(
        after_help = "The JSON is an object with `status` (passed, failed, cancelled), and if known `name`, `branch`, `commit`, `url`\n\
        and `summary`. The same files are taken from the project's folder .kairos/ci.\n\n\
        Example:\n  kairos-run ci report target/junit.xml --branch main"
    )]
    Report(CiReportArgs),
}

/// What is told of a run of CI.
#[derive(Debug, Args)]
pub struct CiReportArgs {
    /// The file; `-` reads standard input
    pub file: PathBuf,
    /// Of which project: its folder [default: the one around the current folder]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Of the workflow or job
    #[arg(long)]
    pub name: Option<String>,
    /// Which branch it ran on
    #[arg(long)]
    pub branch: Option<String>,
    /// The commit's hash
    #[arg(long)]
    pub commit: Option<String>,
    /// Where one can read on
    #[arg(long)]
    pub url: Option<String>,
}
