//! All settings there are.

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `"30s"`, `"5m"`, `"200ms"`, `"2h"`.
    Duration,
    /// `"64MiB"`, `"16KiB"`, bytes as a number.
    Size,
    /// A whole number from 0.
    Count,
    /// `true` or `false`.
    Bool,
    /// A list of strings.
    List,
    /// A list of parts of the day, `["22:00-07:00"]`.
    Hours,
    /// A list of days, `["sat", "sun"]`.
    Days,
    /// A list of [`crate::schedule::Schedule`]s.
    Schedules,
    /// A time of day, `"03:00"`; may be empty.
    Time,
    /// Text on one line; may be empty.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Dotted name.
    pub key: &'static str,
    /// What its value must look like.
    pub kind: Kind,
    /// As TOML.
    pub default: &'static str,
    /// May the `kairos.toml` of a project set it? It may come from a stranger, so it can only narrow what the user has
    /// set: a list is added to his, a number counts where it is lower, a time where it is longer (all of them are waits), a
    /// switch where it is off. Other kinds have no narrower value, and are never a project's to set.
    pub project: bool,
    /// One or two sentences.
    pub doc: &'static str,
}

const fn s(key: &'static str, kind: Kind, default: &'static str, project: bool, doc: &'static str) -> Setting {
    Setting { key, kind, default, project, doc }
}

/// From which urgency on a channel is used.
const LEAST_URGENCY: Kind = Kind::Choice(&["off", "low", "normal", "high", "critical"]);

/// All settings, in the order in which they are shown.
pub const SETTINGS: &[Setting] = &[
    s(
        "every",
        Kind::Duration,
        "\"30s\"",
        true,
        "Time between ticks (1s to 24h), give or take a tenth. Urgent signals do not wait for it.",
    ),
    s("every-on-battery", Kind::Duration, "\"2m\"", true, "The same while the machine runs on its battery, where it is more."),
    s("idle-after", Kind::Duration, "\"5m\"", true, "Without any signal for so long, the project is idle."),
    s(
        "proactive",
        Kind::Choice(&["off", "important", "all"]),
        "\"all\"",
        false,
        "What may be announced: nothing, high and critical findings, or all that pass the other rules.",
    ),
    s(
        "plugins.dirs",
        Kind::List,
        "[]",
        false,
        "Folders with plugins, beside the standard one. A later folder overrides an earlier one by file name.",
    ),
    s("plugins.disabled", Kind::List, "[]", true, "Plugins that are not loaded, by file name without `.wasm`."),
    s("files.ignore", Kind::List, "[]", true, "Globs of files that are not watched, on top of .gitignore."),
    s(
        "files.private",
        Kind::List,
        "[]",
        true,
        "Globs of files that no plugin may read, on top of the built-in list (.env files, keys, credentials).",
    ),
    s("files.poll", Kind::Duration, "\"10s\"", true, "How often files are looked at where the system can't watch them."),
    s(
        "signals.files",
        Kind::Bool,
        "true",
        true,
        "Watch the project's files. A project may switch this off, not on, like all below.",
    ),
    s("signals.git", Kind::Bool, "true", true, "Watch its repository: branches, commits, the index, stashes."),
    s("signals.commands", Kind::Bool, "true", true, "Take in commands that `exec`, the shell hook and hooks of agents report."),
    s(
        "signals.logs",
        Kind::List,
        "[]",
        true,
        "Log files to watch, such as `log/*.log`, below the project; absolute paths only in your own file, not in a project's.",
    ),
    s("signals.ci", Kind::Bool, "true", true, "Take in results of CI: from the project's folder .kairos/ci and `ci report`."),
    s("signals.system", Kind::Bool, "true", true, "Watch for a full disk and for low memory."),
    s("signals.servers", Kind::Bool, "true", true, "Look for servers of yours that run in the project."),
    s(
        "signals.agents",
        Kind::List,
        "[]",
        false,
        "Other agents whose sessions in the project are counted, and never read: `claude-code`.",
    ),
    s(
        "surfacing.daily-cap",
        Kind::Count,
        "5",
        false,
        "Messages sent in a day, over all projects; more go to the inbox silently. Critical ones always pass.",
    ),
    s(
        "surfacing.detector-rate",
        Kind::Count,
        "3",
        true,
        "Messages of one detector in an hour, over all projects; more go to the inbox silently.",
    ),
    s(
        "quiet.hours",
        Kind::Hours,
        "[]",
        false,
        "Parts of the day in which only critical findings are announced, such as [\"22:00-07:00\"]. What waits is said when they end.",
    ),
    s("quiet.days", Kind::Days, "[]", false, "Days that are quiet as a whole, such as [\"sat\", \"sun\"]."),
    s(
        "quiet.zone",
        Kind::Text,
        "\"\"",
        false,
        "Where these times and days hold, such as \"Europe/Berlin\"; empty: the system's zone.",
    ),
    s(
        "presence.away-after",
        Kind::Duration,
        "\"15m\"",
        false,
        "Without a key pressed for so long you are away, and findings below high wait until you are back. \"0s\": never.",
    ),
    s(
        "channels.desktop",
        LEAST_URGENCY,
        "\"high\"",
        false,
        "Announced findings of at least this urgency are shown as notifications, where there is a desktop.",
    ),
    s("channels.webhook", LEAST_URGENCY, "\"normal\"", false, "And these are sent to `webhook-url`, if that is set."),
    s("channels.webhook-url", Kind::Text, "\"\"", false, "Where announced findings are posted, signed by Standard Webhooks."),
    s(
        "channels.webhook-secret",
        Kind::Text,
        "\"env:KAIROS_WEBHOOK_SECRET\"",
        false,
        "Where the key is that signs them: `env:NAME`, or `file:/PATH` of a file that only you can read.",
    ),
    s("channels.command", LEAST_URGENCY, "\"normal\"", false, "And these are given to `command-line`, if that is set."),
    s(
        "channels.command-line",
        Kind::List,
        "[]",
        false,
        "A program and its arguments, run with the findings as JSON on its standard input. No shell.",
    ),
    s("channels.timeout", Kind::Duration, "\"10s\"", false, "How long one delivery to a webhook or a command may take."),
    s(
        "permissions.allow",
        Kind::List,
        "[]",
        false,
        "What may be done without asking, such as [\"Bash(git *)\", \"Edit(src/**)\", \"WebFetch(domain:example.org)\"], on top of what \
        your `.claude/settings.json` allows.",
    ),
    s("permissions.ask", Kind::List, "[]", true, "What is asked about, whatever is allowed. The same syntax."),
    s("permissions.deny", Kind::List, "[]", true, "What is never done. The same syntax."),
    s(
        "permissions.default-mode",
        Kind::Choice(&["inherit", "default", "acceptEdits", "plan", "dontAsk"]),
        "\"inherit\"",
        false,
        "What holds where no rule does: `default` asks before everything with an effect, `acceptEdits` edits the project's files, `plan` \
        has no effect at all, `dontAsk` refuses instead of asking; `inherit` is what your `.claude/settings.json` says.",
    ),
    s(
        "permissions.wait",
        Kind::Duration,
        "\"10m\"",
        false,
        "How long something that asks waits in the inbox while nobody is there (0s to 7d); then it counts as refused. \"0s\": refused \
        at once.",
    ),
    s(
        "git.attribution",
        Kind::Bool,
        "true",
        false,
        "Commits that a model makes say so: the last line of the message is `Assisted-by: kairos-run (MODEL)`. Author and committer are you.",
    ),
    s(
        "web.local-hosts",
        Kind::List,
        "[]",
        false,
        "Hosts on this machine or in the local network that pages may be asked for, such as [\"wiki.lan\", \"127.0.0.1:8080\"]; all others \
        have to be on the internet. Your rules for `WebFetch` hold for them, too.",
    ),
    s("limits.memory", Kind::Size, "\"64MiB\"", false, "Memory of one plugin instance, all its memories together."),
    s("limits.call-cpu", Kind::Duration, "\"500ms\"", false, "CPU time of one call into a plugin."),
    s("limits.call-wall", Kind::Duration, "\"10s\"", false, "Wall-clock time of one call, host calls included."),
    s("limits.tick-cpu", Kind::Duration, "\"2s\"", false, "CPU time that all detectors of a project share in one tick."),
    s("limits.host-calls", Kind::Count, "20000", false, "Calls that a plugin may make to the host in one call."),
    s("limits.host-bytes", Kind::Size, "\"64MiB\"", false, "Bytes that the host hands to a plugin in one call."),
    s("limits.component", Kind::Size, "\"64MiB\"", false, "Size of a plugin's file."),
    s("limits.plugins", Kind::Count, "2000", false, "Plugins loaded at once."),
    s(
        "limits.disk",
        Kind::Size,
        "\"512MiB\"",
        false,
        "Room that databases, memories, compiled plugins, logs and reports take together; over it goes what can be spared, the oldest first.",
    ),
    s("journal.keep", Kind::Duration, "\"168h\"", false, "How long ticks are kept for replay."),
    s("journal.size", Kind::Size, "\"64MiB\"", false, "How much of them is kept; the oldest go first."),
    s(
        "memory.transcripts",
        Kind::Bool,
        "true",
        true,
        "Keep what is observed (commands, commits, changed files, your answers), on this machine only: dreams learn from it.",
    ),
    s(
        "memory.dir",
        Kind::Text,
        "\"\"",
        false,
        "Where a project's memory is written as Markdown: `claude` for the one that Claude Code keeps of the project, or a folder of \
        another agent's, relative to the project. Empty: a folder of ours.",
    ),
    s("memory.user-dir", Kind::Text, "\"\"", false, "The same for what is true of you in all projects."),
    s(
        "memory.keep",
        Kind::Duration,
        "\"365d\"",
        false,
        "How long observations are kept; what a claim rests on is kept always. \"0s\": for ever.",
    ),
    s(
        "memory.size",
        Kind::Size,
        "\"256MiB\"",
        false,
        "How much the observations of one project may take; over it the oldest go, but for what a claim rests on. 0: no limit.",
    ),
    s(
        "dream.auto",
        Kind::Bool,
        "true",
        true,
        "Dream also when nobody asks: when you are away from the keyboard, or at a time of day; never on battery.",
    ),
    s(
        "dream.idle-after",
        Kind::Duration,
        "\"30m\"",
        false,
        "A dream begins when nobody has typed, edited or committed for so long. \"0s\": never.",
    ),
    s(
        "dream.schedule",
        Kind::Time,
        "\"\"",
        false,
        "A time of day to dream at, such as \"03:00\", by the clock of `quiet.zone`; made up for once where the machine slept.",
    ),
    s(
        "dream.least-every",
        Kind::Duration,
        "\"6h\"",
        true,
        "Time between two dreams that nobody asked for, those at `schedule` apart.",
    ),
    s("dream.least-new", Kind::Count, "20", false, "Observations that have to be new for a dream that nobody asked for."),
    s(
        "dream.strategies",
        Kind::List,
        "[\"consolidate\", \"forget\"]",
        false,
        "Plugins that propose changes of memory, in this order. `kairos-run dream use` sets others for one memory.",
    ),
    s(
        "dream.review",
        Kind::Bool,
        "false",
        false,
        "Leave everything that a dream proposes, and that passes the checks, for you to accept.",
    ),
    s(
        "model.provider",
        Kind::Choice(&["auto", "none", "anthropic", "openai", "openrouter", "ollama", "llamacpp", "vllm"]),
        "\"auto\"",
        false,
        "Who runs the language model for plugins that you grant one; nothing else needs it. \"auto\": whose variable is set \
         (ANTHROPIC_API_KEY, OPENAI_API_KEY, OPENROUTER_API_KEY, OLLAMA_HOST), else a server that answers on this machine (Ollama, \
         llama.cpp, vLLM on their usual ports), else none.",
    ),
    s(
        "model.name",
        Kind::Text,
        "\"\"",
        false,
        "Which model, in its provider's words; empty: a small one, where there is a usual one.",
    ),
    s(
        "model.url",
        Kind::Text,
        "\"\"",
        false,
        "Where it answers; empty: the provider's own address, or ANTHROPIC_BASE_URL, OPENAI_BASE_URL.",
    ),
    s(
        "model.key",
        Kind::Text,
        "\"\"",
        false,
        "Where the key is: `env:NAME`, or `file:/PATH` of a file that only you can read; empty: the provider's usual variable.",
    ),
    s(
        "model.fallback",
        Kind::List,
        "[]",
        false,
        "Who is asked where that one does not answer, in this order: a provider, or PROVIDER/MODEL, such as \"ollama/qwen3:4b\"; at its \
         usual address, with its usual key.",
    ),
    s("model.timeout", Kind::Duration, "\"2m\"", false, "How long one answer may take, further tries included."),
    s(
        "model.tokens-a-day",
        Kind::Count,
        "100000",
        false,
        "Tokens that plugins and ticks together may use within 24 hours; what you ask yourself does not count.",
    ),
    s("model.tokens-a-dream", Kind::Count, "30000", false, "Tokens that one dream may use."),
    s("model.tokens-a-turn", Kind::Count, "50000", false, "Tokens that one turn may use which a tick began."),
    s("model.tokens-an-ask", Kind::Count, "500000", false, "Tokens that one conversation with you may use."),
    s(
        "model.budgets",
        Kind::List,
        "[\"day 5 usd\", \"month 50 usd\"]",
        false,
        "What else may be used within 24 hours or 30 days, by all or by one: [project:NAME | plugin:NAME | provider:NAME] day|month \
         NUMBER tokens|usd. At 80 % you are told, at 100 % nothing is sent.",
    ),
    s(
        "model.prices",
        Kind::List,
        "[]",
        false,
        "Prices that are not known, or other ones: MODEL INPUT OUTPUT [CACHED], in dollars per million tokens; the beginning of a \
         model's name is enough.",
    ),
    s(
        "think.on",
        Kind::Choice(&["never", "low", "normal", "high", "critical"]),
        "\"never\"",
        false,
        "Least urgency of a new finding that makes a tick wake the model, which may look into it and speak up itself.",
    ),
    s(
        "think.model",
        Kind::Text,
        "\"\"",
        false,
        "The model that a tick wakes, where it is another one than yours: NAME or PROVIDER/NAME of a provider that `model.provider` or \
         `model.fallback` names, such as a small and cheap one.",
    ),
    s(
        "think.tools",
        Kind::List,
        "[]",
        false,
        "The tools of plugins that such a turn may call; empty: all. Fewer cost less, and a small model does better with few.",
    ),
    s(
        "heartbeat.every",
        Kind::Duration,
        "\"0s\"",
        false,
        "How often the model is woken for the open items of a project's HEARTBEAT.md. \"0s\": never; without items it never is.",
    ),
    s("heartbeat.hours", Kind::Hours, "[]", false, "The parts of the day in which it is; none: all day."),
    s(
        "heartbeat.schedules",
        Kind::Schedules,
        "[]",
        false,
        "What the model is woken for at set times: five fields as in a crontab, in your time zone, or @hourly, @daily, @weekly, @monthly, \
         and what you want then, such as \"0 9 * * mon-fri Is main green?\". What came while this machine slept comes once, afterwards. \
         Best below [projects.\"/home/me/code/mine\"].",
    ),
    s(
        "redact.patterns",
        Kind::List,
        "[]",
        true,
        "Regular expressions of what is taken out of all that a model is sent, beside known forms of secrets and the values of secret \
         variables: names, paths, numbers of clients.",
    ),
    s("terminal.buddy", Kind::Bool, "true", false, "Show the pet in the live view."),
];
