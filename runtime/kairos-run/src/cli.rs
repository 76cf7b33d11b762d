//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use kairos_api::InboxStatus;
use kairos_core::config::parse_duration;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "Examples:
  kairos-run                          watch the current folder; Ctrl-C stops
  kairos-run --ticks 1                look once, say what is there, end
  kairos-run --project a --project b  watch two projects
  kairos-run start                    the same in the background, until `stop`
  kairos-run inbox list               what was found (from another terminal)
  kairos-run inbox show 3             one finding, with what to do about it
  kairos-run digest                   what was said in the last week, and what was not
  kairos-run plugin list              what runs, and what waits for your grant
  kairos-run exec -- cargo test       run a command and let detectors see how it ended
  eval \"$(kairos-run shell-init bash)\"  report every command of this shell

Nothing leaves your machine unless you name a webhook, and no model is needed.
KAIROS_HOME puts settings, data and cache in one folder.";

/// Watches your project with sandboxed plugins and tells you what deserves your attention.
#[derive(Debug, Parser)]
#[command(name = "kairos-run", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunArgs,
}

/// Without a subcommand: run in the foreground.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    /// A folder to watch; may be given several times [default: the current folder]
    #[arg(long, value_name = "DIR")]
    pub project: Vec<PathBuf>,
    /// A folder with plugins (*.wasm), beside the standard set; a later one overrides an earlier one by file name
    #[arg(long, value_name = "DIR")]
    pub plugins: Vec<PathBuf>,
    /// Time between ticks, such as 10s or 5m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub every: Option<Duration>,
    /// End after so many ticks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub ticks: Option<u64>,
    /// Print one JSON object a line instead of the live view
    #[arg(long)]
    pub json: bool,
    /// Show ticks and silent findings, too; twice: debug log
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch in the background, until `stop`; one that runs already takes the project in
    #[command(after_help = "Examples:\n  kairos-run start               watch the current folder, and what was added before\n  \
        kairos-run start ~/code/mine   and that one")]
    Start {
        /// Folders to watch from now on [default: the current folder, where nothing was added before]
        #[arg(value_name = "DIR")]
        project: Vec<PathBuf>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// End what runs in the background
    Stop,
    /// End it and start it again: after an update, or a change of limits
    Restart,
    /// What the process in the background writes down
    Logs {
        /// Go on as lines come, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
        /// So many lines from the end
        #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
        lines: usize,
    },
    /// What `start` starts, without going into the background: for service managers
    #[command(hide = true)]
    Daemon,
    /// What the running process watches, and how it is
    Status(JsonFlag),
    /// A few characters for tmux, starship or a prompt; nothing while nothing runs
    #[command(after_help = "Examples:\n  set -g status-right '#(kairos-run statusline --format tmux)'    in ~/.tmux.conf\n  \
        PS1='$(kairos-run statusline) '\"$PS1\"                          in ~/.bashrc")]
    Statusline {
        /// For a terminal, for tmux, or for a program such as waybar
        #[arg(long, value_enum, default_value_t = LineFormat::Plain)]
        format: LineFormat,
    },
    /// Look at everything that it takes, and say what to do; also when nothing answers
    #[command(after_help = "Exit code: 0 if it works, 1 if something failed.")]
    Doctor(JsonFlag),
    /// Start with each login, and again after a failure: through systemd, or launchd on macOS
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Take it off this machine: process, service and cache, and with --purge every trace
    #[command(
        after_help = "It lists what it removes, and asks. What your projects hold (kairos.toml, .kairos) is theirs\nand stays."
    )]
    Uninstall {
        /// Also settings, inbox, grants, plugins, logs, and our line in shell files
        #[arg(long)]
        purge: bool,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Findings: list, read, decide
    #[command(subcommand)]
    Inbox(InboxCommand),
    /// What was said lately, accepted, dismissed, and kept from you, with the reasons and the costs
    Digest {
        /// The last seven days, which is the default
        #[arg(long, conflicts_with = "days")]
        week: bool,
        /// The last so many days
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=366))]
        days: Option<u16>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Plugins: what runs, what it may do
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Projects: which are watched, which may bring plugins of their own
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Tools of plugins
    #[command(subcommand)]
    Tool(ToolCommand),
    /// Run a command as if without us, and let detectors see how it ended
    #[command(after_help = "Example:\n  kairos-run exec -- cargo test\n\nThe exit code is the command's own.")]
    Exec {
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
        command: Vec<String>,
    },
    /// Print a hook that reports each command of an interactive shell
    #[command(
        after_help = "Examples:\n  eval \"$(kairos-run shell-init bash)\"    in ~/.bashrc\n  eval \"$(kairos-run shell-init zsh)\"     in ~/.zshrc\n  \
        kairos-run shell-init fish | source    in ~/.config/fish/config.fish\n\n\
        It reports the command line, its folder, exit code and duration, and never its output. Not reported: a command that\n\
        begins with a space."
    )]
    ShellInit {
        /// Which shell
        shell: Shell,
    },
    /// Reports a command that ended; the shell hook calls it
    #[command(hide = true, name = "report-command")]
    Report(ReportArgs),
    /// What is watched and why, with the switch of each source; pauses
    #[command(subcommand)]
    Signals(SignalsCommand),
    /// Results of continuous integration
    #[command(subcommand)]
    Ci(CiCommand),
    /// Settings: where they come from
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script for a shell
    #[command(
        after_help = "Examples:\n  kairos-run completions bash > ~/.local/share/bash-completion/completions/kairos-run\n  \
        kairos-run completions zsh > a folder of your fpath, as _kairos-run\n  \
        kairos-run completions fish > ~/.config/fish/completions/kairos-run.fish"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Compiles one component; the host starts it as a child process under resource limits
    #[command(hide = true)]
    CompileComponent {
        #[arg(long)]
        input: PathBuf,
        #[arg(long)]
        output: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub struct JsonFlag {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum InboxCommand {
    /// Open findings, the most urgent first
    List {
        /// Also those that are resolved, accepted, dismissed or snoozed
        #[arg(long, conflicts_with = "status")]
        all: bool,
        /// Only these: open, resolved, accepted, dismissed, snoozed
        #[arg(long)]
        status: Option<InboxStatus>,
        /// Only those that were not announced, with the reason
        #[arg(long)]
        suppressed: bool,
        /// Only of this project: its folder
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// One finding: detail, evidence, remedy, history
    Show {
        /// As the list shows it
        id: String,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// I take care of it: quiet until it is resolved
    Accept {
        /// As the list shows it
        id: String,
    },
    /// I don't want it: quiet unless it gets more urgent
    Dismiss {
        /// As the list shows it
        id: String,
    },
    /// Not now: hidden for a while
    Snooze {
        /// As the list shows it
        id: String,
        /// Such as 30m, 4h, 2d
        #[arg(value_parser = duration)]
        duration: Duration,
    },
}

#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// All plugins, also those that don't run, with the reason
    List(JsonFlag),
    /// What one plugin is, asks for, may do, and how it does
    Info {
        /// The file's name without .wasm
        name: String,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Allow this very file what it asks for
    #[command(
        after_help = "Examples:\n  kairos-run plugin grant todo-finder\n  kairos-run plugin grant todo-finder --only project --follow-updates"
    )]
    Grant {
        /// The file's name without .wasm
        name: String,
        /// Only this capability; may be given several times
        #[arg(long, value_name = "CAPABILITY")]
        only: Vec<String>,
        /// Later files at the same path keep the grant, as long as they ask for no more
        #[arg(long)]
        follow_updates: bool,
    },
    /// Take all grants back, at once
    Revoke {
        /// The file's name without .wasm
        name: String,
    },
    /// Let later files at the same path keep the grants, as long as they ask for no more
    Trust {
        /// The file's name without .wasm
        name: String,
    },
    /// Stop calling it
    Disable {
        /// The file's name without .wasm
        name: String,
    },
    /// Call it again; ends a quarantine, too
    Enable {
        /// The file's name without .wasm
        name: String,
    },
    /// Keep what it finds from being announced, critical findings apart
    Mute {
        /// The file's name without .wasm
        name: String,
    },
    /// Let it speak again, also one that was muted because most of what it found was dismissed
    Unmute {
        /// The file's name without .wasm
        name: String,
    },
    /// Make a component from a plugin written in Rust
    Build {
        /// The plugin's folder, with Cargo.toml
        dir: PathBuf,
    },
    /// The contract that plugins implement (WIT)
    Wit {
        /// Write the files there instead of printing them
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

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
pub enum ToolCommand {
    /// All tools
    List(JsonFlag),
    /// Call a tool
    #[command(after_help = "Example:\n  kairos-run tool call search '{\"pattern\": \"TODO\"}'")]
    Call {
        /// As the list shows it
        name: String,
        /// The input as a JSON object; `-` reads it from standard input
        #[arg(default_value = "{}")]
        input: String,
        /// In which project, where several are watched
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        #[command(flatten)]
        json: JsonFlag,
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

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// All settings with their values, and where each comes from
    Show {
        /// With the settings of this project [default: the current folder]
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Which files and folders are used
    Path(JsonFlag),
    /// Write a commented kairos.toml for you, or with --project for a project
    Init {
        /// Write it into this project's folder instead
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ServiceCommand {
    /// Let the system start it; one that runs already hands over its projects
    #[command(after_help = "It belongs to you alone and needs no root. What fails again and again is left down by systemd,\n\
        and tried once a minute by launchd. Where the program moves, or a new version replaces it,\n\
        install again.")]
    Install,
    /// Stop it, and remove what `install` made
    Uninstall,
    /// Is it installed, does it run, and for this very program?
    Status(JsonFlag),
}

/// What the hook knows about a command.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[arg(long)]
    pub folder: PathBuf,
    #[arg(long, allow_hyphen_values = true)]
    pub exit_code: i32,
    #[arg(long)]
    pub duration_ms: u64,
    #[arg(required = true, last = true)]
    pub command: String,
}

/// Who shows the status line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LineFormat {
    Plain,
    Tmux,
    Json,
}

/// The shells that have a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_users_type_is_understood() {
        let cli =
            Cli::parse_from(["kairos-run", "--project", "a", "--project", "b", "--every", "10s", "--ticks", "3", "--json", "-v"]);
        assert_eq!(cli.run.project.len(), 2);
        assert_eq!(
            (cli.run.every, cli.run.ticks, cli.run.json, cli.run.verbose),
            (Some(Duration::from_secs(10)), Some(3), true, 1)
        );
        let cli = Cli::parse_from(["kairos-run", "exec", "--", "ls", "-l", "--json"]);
        assert!(matches!(cli.command, Some(Command::Exec { command }) if command == ["ls", "-l", "--json"]));
        assert!(Cli::try_parse_from(["kairos-run", "--ticks", "0"]).is_err());
        assert!(Cli::try_parse_from(["kairos-run", "--every", "10"]).unwrap_err().to_string().contains("30s, 5m"));
        assert!(Cli::try_parse_from(["kairos-run", "inbox", "list", "--status", "eaten"]).is_err());
        let cli = Cli::parse_from([
            "kairos-run",
            "report-command",
            "--exit-code",
            "-1",
            "--duration-ms",
            "5",
            "--folder",
            "/",
            "--",
            "--x",
        ]);
        assert!(matches!(cli.command, Some(Command::Report(r)) if r.exit_code == -1 && r.command == "--x"));
    }
}
