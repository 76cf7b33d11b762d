//! What the running process tells whoever looks on: the live view, and `--json`, one object a line.

use crate::{DreamSummary, InboxItem, OpenFindings};
use kairos_core::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that happened in the runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Everything is loaded; ticks begin.
    Started {
        /// Of the program.
        version: String,
        /// Folders.
        projects: Vec<String>,
        /// Plugins that run.
        plugins: u32,
        /// Time between ticks, in milliseconds.
        every_ms: u64,
    },
    /// A tick ended.
    Tick {
        /// The folder.
        project: String,
        /// From 1, since the process began.
        number: u64,
        /// When it began; 0 from a process that did not say so yet.
        #[serde(default)]
        started: Millis,
        /// Signals it began with.
        signals: u64,
        /// Signals handed to detectors, counted once for each.
        deliveries: u64,
        /// How long it took.
        duration_us: u64,
        /// `interval`, or which signal woke it.
        reason: String,
        /// What is open in the project after it.
        open: OpenFindings,
    },
    /// A finding is new, or came back.
    Finding {
        /// Which of the two.
        change: FindingChange,
        /// The finding.
        item: Box<InboxItem>,
        /// It should be shown; else it only went to the inbox.
        announced: bool,
        /// Why it is announced, or not.
        why: String,
        /// It is announced together with others, which come right after it or before it; none if it stands alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<FindingGroup>,
    },
    /// A finding no longer holds.
    Resolved {
        /// The finding.
        item: Box<InboxItem>,
        /// What ended it.
        reason: String,
    },
    /// Something changed about a plugin.
    Plugin {
        /// Its name.
        name: String,
        /// What changed.
        change: PluginChange,
        /// Why, with what to do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// A project came or went.
    Project {
        /// The folder.
        project: String,
        /// What changed.
        change: ProjectChange,
        /// Why, where it is not what the user asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Settings were read again, because a file of them has changed.
    Settings {
        /// The project for which they hold: its folder.
        project: String,
        /// Why they can't be used; then the old ones hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// How a project's files are watched has changed.
    Watch {
        /// The folder.
        project: String,
        /// `native`, `polling`, `off`.
        mode: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The user has paused a project's signals, or the pause has ended.
    Pause {
        /// The folder.
        project: String,
        /// Until when; none: it has ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Millis>,
    },
    /// A dream began, or ended.
    Dream {
        /// The folder.
        project: String,
        /// Which of the two, and how.
        change: DreamChange,
        /// Why it began, or why it came to nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// What it came to; only of one that ended well.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dream: Option<DreamSummary>,
    },
    /// A tick woke a model, or its turn ended.
    Turn {
        /// The folder.
        project: String,
        /// Which of the two, and how.
        change: TurnChange,
        /// Why it began; what came of it; why it failed.
        text: String,
    },
    /// More than 80 % of a budget for models are used. Told once, until it is less again.
    Budget {
        /// Which, and which setting says how much there is.
        text: String,
    },
    /// A memory was changed by hand, or something old was dropped.
    Memory {
        /// The folder; `user` for the user's own memory.
        project: String,
        /// Which of the two.
        change: MemoryChange,
        /// Which claims; how many observations, and by which setting.
        text: String,
    },
    /// Signals or events were lost because a queue was full.
    Dropped {
        /// How many since the last such event.
        count: u64,
    },
    /// The user wants to see whether he is reached.
    Test {
        /// In words.
        text: String,
    },
    /// Plugins are being compiled.
    Compiling {
        /// The one that begins now; empty at the end.
        plugin: String,
        /// Finished ones.
        done: u32,
        /// All of them.
        total: u32,
    },
    /// The pet drew a frame.
    Buddy {
        /// At most 8 lines of 24 columns.
        lines: Vec<String>,
        /// One word.
        mood: String,
    },
    /// The last event.
    Stopped {
        /// Why.
        reason: String,
    },
}

/// How it is with a dream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DreamChange {
    /// Strategies are asked from now on.
    Began,
    /// It ended; memory is as the dream's state says.
    Ended,
    /// It failed; memory is as it was.
    Failed,
    /// The process ends, or who asked for it no longer waits; memory is as it was.
    Stopped,
}

/// How it is with a turn of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TurnChange {
    /// The model is asked from now on.
    Began,
    /// It ended; what it had to say is in the inbox.
    Ended,
    /// It broke off. What woke it is looked at again when that is of use.
    Failed,
}

/// What changed about a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryChange {
    /// A person edited its files, and that was taken in as his word.
    Edited,
    /// Observations were dropped because they were old, or too many.
    Dropped,
}

/// What changed about a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectChange {
    /// It is watched from now on.
    Added,
    /// It is no longer watched, as the user wants it.
    Removed,
    /// It can't be watched; it is tried again.
    Failed,
}

/// Findings that are announced as one message, the most urgent first. Each has its own event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingGroup {
    /// What they are together, such as `secrets: 4 findings`.
    pub title: String,
    /// How many, at least 2.
    pub size: u32,
    /// Which of them this is, from 1.
    pub place: u32,
}

/// How a finding came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingChange {
    /// For the first time.
    New,
    /// It was resolved and holds again, was put off until now, or has become more urgent.
    Reopened,
}

/// What changed about a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginChange {
    /// It is called from now on.
    Loaded,
    /// Its file changed; the new one is called from now on.
    Replaced,
    /// Its file is gone, or the user switched it off.
    Removed,
    /// It waits for the user to grant what it asks for.
    Waiting,
    /// Too many faults.
    Quarantined,
    /// It could not be loaded.
    Refused,
    /// A call failed.
    Fault,
}
