//! The command line: what stands at its top; the commands of a family are in a file each.

mod ask;
mod audit;
mod dreams;
mod findings;
mod hook;
mod machine;
mod memory;
mod permissions;
mod plugins;
mod projects;
mod schedule;
mod skills;

pub use ask::{AboutArgs, AskArgs, ChatArgs, ResumeArgs};
pub use audit::{AuditCommand, CostBy, EgressArgs, EgressCommand};
use clap::{Args, Parser, Subcommand};
pub use dreams::{DreamArgs, DreamCommand};
pub use findings::{ChannelsCommand, InboxCommand, ProactiveArgs, ProactiveWord};
pub use hook::HookArgs;
use kairos_core::config::parse_duration;
pub use machine::{ConfigCommand, LineFormat, ServiceCommand, Shell};
pub use memory::{ImportArgs, Kind, MemoryArgs, MemoryCommand, Source, WhoseArgs};
pub use permissions::PermissionCommand;
pub use plugins::{PluginCommand, ToolCommand};
pub use projects::{CiCommand, CiReportArgs, ProjectCommand, SignalsCommand};
pub use schedule::ScheduleCommand;
pub use skills::SkillCommand;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "Examples:
  kairos-run                          watch the current folder; Ctrl-C stops
  kairos-run --ticks 1                look once, say what is there, end
  kairos-run --project a --project b  watch two projects
  kairos-run start                    the same in the background, until `stop`
  kairos-run inbox list               what was found (from another terminal)
  kairos-run inbox show 3             one finding, with what to do about it
  kairos-run ask \"why ...?\"          ask the model about the project, or have it change something
  kairos-run digest                   what was said in the last week, and what was not
  kairos-run plugin list              what runs, and what waits for your grant
  kairos-run exec -- cargo test       run a command and let detectors see how it ended
  eval \"$(kairos-run shell-init bash)\"  report every command of this shell

Nothing leaves your machine unless you name a webhook or let a model be asked, and none is needed.
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
        kairos-run start ~/code/mine   and that one\n\nWhere `service install` has put a service, it is started through it.")]
    Start {
        /// Folders to watch from now on [default: the current folder, where nothing was added before]
        #[arg(value_name = "DIR")]
        project: Vec<PathBuf>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// End what runs in the background; its service, too, until the next start or login
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
    /// Let more or less be announced for a while, also after a restart; what is held back is in the inbox
    #[command(after_help = "Examples:\n  kairos-run proactive off --for 2h          say nothing until then\n  \
        kairos-run proactive important --for 1d    only what is of high or critical urgency\n  \
        kairos-run proactive resume                what the settings say, at once\n\n\
        For good: `proactive` in your kairos.toml.")]
    Proactive(ProactiveArgs),
    /// Where announced findings are shown or sent, and whether that works
    #[command(subcommand)]
    Channels(ChannelsCommand),
    /// What is remembered: state, find, ask why, correct, forget
    Memory(MemoryArgs),
    /// How claims change while nobody looks: proposed by plugins, checked, undone if need be
    Dream(DreamArgs),
    /// Plugins: what runs, what it may do
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Projects: which are watched, which may bring plugins of their own
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Ask the model about the project, or have it change something
    #[command(
        after_help = "Examples:\n  kairos-run ask why does the build fail\n  kairos-run ask \"fix the test in @tests/parse.rs\"\n  \
        git diff | kairos-run ask -\n  kairos-run ask --continue \"and the other test?\"\n\nIt may read the project; before a file changes you see the difference, and agree or not.\nWhich \
        model: `model` in kairos.toml, or one of ANTHROPIC_API_KEY, OPENAI_API_KEY, OPENROUTER_API_KEY, OLLAMA_HOST."
    )]
    Ask(AskArgs),
    /// A conversation with the model, line by line; /help shows what there is
    Chat(ChatArgs),
    /// Model Context Protocol: serve memory and findings to another agent; servers whose tools the model may call
    #[command(
        after_help = "Without a subcommand it serves on standard input and output, for the settings of another agent, which starts\n\
        it in the project's folder:\n  {\"mcpServers\": {\"kairos\": {\"command\": \"kairos-run\", \"args\": [\"mcp\"]}}}\n\
        What it adds is kept as a model's note, not as your word, and its answers to findings are not taken for yours.\n\n\
        Servers of others stand in mcp.json beside your kairos.toml, and in a project's .mcp.json. The model's calls of their tools\n\
        are asked for, unless your rules allow them: \"mcp__server\", \"mcp__server__tool\"."
    )]
    Mcp(McpArgs),
    /// What the model may do: what waits for your word, and what you said
    #[command(subcommand)]
    #[command(
        after_help = "Examples:\n  kairos-run permission list\n  kairos-run permission show 1f0c22aa         what would be done\n  \
        kairos-run permission allow 1f0c22aa --for day\n\nWhat your rules forbid stays forbidden, whatever you agreed to."
    )]
    Permission(PermissionCommand),
    /// Tools of plugins
    #[command(subcommand)]
    Tool(ToolCommand),
    /// Schedules: what the model is woken for at set times
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Skills: what the model can read of how a kind of work is done
    #[command(subcommand)]
    Skill(SkillCommand),
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
    /// Take in what another agent does: a command for its hooks, which it runs itself
    #[command(after_help = "Examples:\n  kairos-run hook --install claude              in Claude Code, wherever you work\n  \
        kairos-run hook --install claude --project    in this folder alone, for you alone\n  kairos-run hook --uninstall claude\n\n\
        Without an option it reads one event as JSON from standard input, says nothing, and always ends well. Your prompts,\n\
        what it answers, and what its tools found go into the transcript of the project, its commands to detectors.")]
    Hook(HookArgs),
    /// What is watched and why, with the switch of each source; pauses
    #[command(subcommand)]
    Signals(SignalsCommand),
    /// Results of continuous integration
    #[command(subcommand)]
    Ci(CiCommand),
    /// Settings: where they come from
    #[command(subcommand)]
    Config(ConfigCommand),
    /// What models cost, and what left this machine
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Measure this program on data that you name
    #[command(subcommand)]
    Bench(BenchCommand),
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
    /// Runs one command confined; whoever runs a command for somebody else starts it as a child process
    #[command(hide = true, name = kairos_exec::sandbox::LAUNCHER)]
    SandboxLaunch {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        order: Vec<std::ffi::OsString>,
    },
}

#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Retrieval, comparison of claims, updates, poisoning and drift, beside what is to be reached: no model, no network
    #[command(
        after_help = "The folder holds what is there of:\n  locomo/locomo*.json, beam*/*/chat.json, halumem_updates*.json, vista*.jsonl,\n  \
        pairs/ with breaking_nli*.jsonl, SICK*.txt, stsb*.csv, msr-para*.tsv\n\
        What is missing is named and left out. The same data give the same bytes, but for --speed.\n\n\
        Examples:\n  kairos-run bench memory --data research/\n  kairos-run bench memory --repo ~/src/flask --repo ~/src/ripgrep\n  \
        kairos-run bench memory --data research/ --repo . --speed --json"
    )]
    Memory(BenchMemory),
    /// A month of dreams over a made-up project: what is kept, what is junk, what is found, beside three controls
    #[command(
        after_help = "Facts, changes of mind, repetition in other words, noise, planted text and memory's own words are made \
        from the seed.\nEnds with 1 where something is out of bounds."
    )]
    Dreams(BenchDreams),
}

#[derive(Debug, Args)]
pub struct BenchMemory {
    /// The folder with the data sets
    #[arg(long, value_name = "DIR", required_unless_present_any = ["repo", "speed"])]
    pub data: Option<PathBuf>,
    /// A git repository over whose history drift is measured; may be given several times. Wants git, grep and ctags
    #[arg(long, value_name = "DIR")]
    pub repo: Vec<PathBuf>,
    /// Also the speed of searching and appending: some minutes, and room for 1,000,000 observations among the temporary files
    #[arg(long)]
    pub speed: bool,
    /// Also rows in which nothing is to be reached: parts, variants, kinds of question
    #[arg(long)]
    pub detail: bool,
    #[command(flatten)]
    pub json: JsonFlag,
}

/// What `bench dreams` takes.
#[derive(Debug, Clone, Args)]
pub struct BenchDreams {
    /// How many nights
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub nights: u32,
    /// Another seed makes another month
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// A folder with other components in place of the program's own strategies
    #[arg(long, value_name = "DIR")]
    pub strategies: Option<PathBuf>,
    /// What a promotion needs, in place of the defaults: `days`, `sessions` or `tool-sessions`
    #[arg(long, value_name = "NAME=NUMBER", value_parser = need)]
    pub need: Vec<(String, usize)>,
    /// One dream over so many observations instead, timed
    #[arg(long, value_name = "NUMBER")]
    pub observations: Option<usize>,
    /// With so many claims
    #[arg(long, value_name = "NUMBER", default_value_t = 2000, requires = "observations")]
    pub claims: usize,
}

/// What `mcp` takes.
#[derive(Debug, Args)]
pub struct McpArgs {
    #[command(subcommand)]
    pub command: Option<McpCommand>,
    #[command(flatten)]
    pub whose: WhoseArgs,
    /// Let the other agent also accept, reject and undo what dreams did
    #[arg(long)]
    pub allow_dreams: bool,
}

#[derive(Debug, Subcommand)]
pub enum McpCommand {
    /// Servers that you and the project name, and how they are
    List(JsonFlag),
    /// Let a server that the project's .mcp.json names be started, or reached, for its tools
    Trust {
        /// As the file has it
        name: String,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Take that back; a server that runs ends
    Distrust {
        /// As the file has it
        name: String,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub struct JsonFlag {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

fn need(text: &str) -> Result<(String, usize), String> {
    let (name, number) = text.split_once('=').ok_or("NAME=NUMBER is wanted")?;
    if !["days", "sessions", "tool-sessions"].contains(&name) {
        return Err(format!("`{name}` is none of days, sessions, tool-sessions"));
    }
    Ok((name.into(), number.parse().map_err(|_| format!("`{number}` is no number"))?))
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
    }
}
