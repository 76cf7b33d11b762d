//! What is remembered: observations, the claims that rest on them, and what a dream proposes to do with claims. Mirrors `wit/dream`.

use crate::signal::Millis;
use serde::{Deserialize, Serialize};

/// Longest text of an observation, in bytes. What is longer is refused, or cut by whoever observes and marked there.
pub const MAX_OBSERVATION: usize = 64 << 10;
/// Longest text of a claim, in bytes: a claim is one bullet that a person reads at a glance.
pub const MAX_CLAIM: usize = 2 << 10;

/// Where an observation comes from. It says how far its text may be believed, not who wrote it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The user said, typed, accepted or dismissed it.
    User,
    /// A program's output: an exit code, a test result.
    Tool,
    /// A model wrote it.
    Model,
    /// A file of the project.
    File,
    /// A web page.
    Web,
    /// A plugin's finding.
    Plugin,
}

impl Origin {
    /// The name used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Tool => "tool",
            Self::Model => "model",
            Self::File => "file",
            Self::Web => "web",
            Self::Plugin => "plugin",
        }
    }

    /// May text of this origin carry a claim to a fact? The user's word and what a program was seen to do may; what anyone could
    /// have written into a file, a page or a prompt may not.
    pub fn is_trusted(self) -> bool {
        matches!(self, Self::User | Self::Tool)
    }
}

/// Something that was seen or said, once, word for word. Never changed; forgotten only as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Observation {
    /// Made from source, session, time and text: what is put in twice has the same.
    pub id: String,
    /// When it happened.
    pub time: Millis,
    /// Who noticed it: `cli`, `exec`, `shell`, `git`, the name of an importer or a plugin.
    pub source: String,
    /// A conversation, a terminal, a day: what belongs together.
    pub session: String,
    /// Where the text comes from.
    pub origin: Origin,
    /// What it is: `message`, `note`, `feedback`, `command`, `commit`, `finding`, `signal`. Others may come.
    pub kind: String,
    /// Named values, such as `exit-code`; `speaker` for a message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
    /// SHA-256 of the text, in hexadecimal. Stays when the text is forgotten.
    pub hash: String,
    /// What was seen or said, at most 64 KiB.
    pub text: String,
}

impl Observation {
    /// The first attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// How far a claim is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Inferred, not yet borne out. Never in the index.
    Tentative,
    /// Rests on evidence that was checked.
    Fact,
    /// Another claim says otherwise; both are kept.
    Disputed,
    /// What it points at in the project is no longer so.
    Stale,
    /// No longer said; kept in the ledger, out of the files.
    Retired,
}

impl Status {
    /// The name used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tentative => "tentative",
            Self::Fact => "fact",
            Self::Disputed => "disputed",
            Self::Stale => "stale",
            Self::Retired => "retired",
        }
    }
}

/// What a claim is about; how long it is kept follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClaimKind {
    /// Who the user is and how he wants to work.
    User,
    /// What to do again, and what to avoid.
    Feedback,
    /// How things are in this project.
    Project,
    /// Where to find something.
    Reference,
}

impl ClaimKind {
    /// All of them, in the order in which the index lists them.
    pub const ALL: [Self; 4] = [Self::User, Self::Feedback, Self::Project, Self::Reference];

    /// The name used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Feedback => "feedback",
            Self::Project => "project",
            Self::Reference => "reference",
        }
    }
}

/// What a claim points at in the project. Holds as long as the path exists and, where a quotation is given, contains it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Anchor {
    /// Relative to the project, with `/`.
    pub path: String,
    /// Git's hash of the file as it was. Other bytes alone don't break the anchor: its symbol or quotation is looked for in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// An identifier defined there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Words that stand there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
}

/// One thing that is believed, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Claim {
    /// Eight characters; stands behind the bullet in a comment.
    pub id: String,
    /// The file it stands in, without `.md`.
    pub topic: String,
    /// What it is about.
    pub kind: ClaimKind,
    /// How far it is believed.
    pub status: Status,
    /// The bullet's text, one line of Markdown.
    pub text: String,
    /// Ids of observations, oldest first.
    pub evidence: Vec<String>,
    /// What it points at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchor>,
    /// When it was written down.
    pub recorded: Millis,
    /// From when on it has been so, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Millis>,
    /// Until when it was so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Millis>,
    /// Who wrote it: `user`, or a plugin's name.
    pub author: String,
    /// The claim that took its place, or those it is in dispute with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<String>,
}

impl Claim {
    /// May it be read as true without a word of doubt?
    pub fn is_current(&self) -> bool {
        self.status == Status::Fact && self.valid_to.is_none()
    }
}

/// What two claims are to one another, judged from their words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// They say the same.
    Same,
    /// They can't both be so: a negation, a number, a name or an opposite tells them apart.
    Contrary,
    /// The first says all that the second says, and more.
    Includes,
    /// The second says all that the first says, and more.
    Included,
    /// They speak of the same thing and say different things of it.
    Related,
    /// They have nothing to do with one another.
    Apart,
}

/// A claim that is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewClaim {
    /// What it is about.
    pub kind: ClaimKind,
    /// The file to put it in, without `.md`; none for the host's choice.
    pub topic: Option<String>,
    /// One line of Markdown, at most 2 KiB.
    pub text: String,
    /// What it points at.
    pub anchors: Vec<Anchor>,
    /// From when on it has been so.
    pub valid_from: Option<Millis>,
}

/// What a dream proposes. Claims are named by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A claim that was not there, tentative.
    Add(NewClaim),
    /// Claims that say the same become one, under the first's id.
    Merge {
        /// At least two.
        claims: Vec<String>,
        /// What stays.
        text: String,
    },
    /// One claim takes another's place, because things changed.
    Supersede {
        /// What was so.
        claim: String,
        /// What is so now: a claim that is there already.
        by: String,
    },
    /// Claims that can't both be so, and neither is known to be wrong.
    Dispute {
        /// At least two.
        claims: Vec<String>,
    },
    /// A tentative claim becomes a fact.
    Promote {
        /// Which.
        claim: String,
    },
    /// The same in better words.
    Reword {
        /// Which.
        claim: String,
        /// The new words.
        text: String,
    },
    /// It is no longer said.
    Retire {
        /// Which.
        claim: String,
    },
    /// It belongs elsewhere.
    Refile {
        /// Which.
        claim: String,
        /// What it is about.
        kind: ClaimKind,
        /// The file to put it in; none for the kind's own.
        topic: Option<String>,
    },
}

/// One step of a dream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Operation {
    /// What is to be done.
    pub change: Change,
    /// Why, for the person who reviews it. One line.
    pub reason: String,
    /// Ids of observations it rests on. May be empty where the claims' own evidence is all there is to say.
    pub evidence: Vec<String>,
}
