//! What other agents can call, as their models read it.

use kairos_mcp::server::{Effect, Offer};
use serde_json::{Value, json};

pub(super) const MEMORY_SEARCH: &str = "memory_search";
pub(super) const MEMORY_WHY: &str = "memory_why";
pub(super) const MEMORY_PROFILE: &str = "memory_profile";
pub(super) const MEMORY_ADD: &str = "memory_add";
pub(super) const INBOX_LIST: &str = "inbox_list";
pub(super) const INBOX_SHOW: &str = "inbox_show";
pub(super) const INBOX_DECIDE: &str = "inbox_decide";
pub(super) const DREAM_LIST: &str = "dream_list";
pub(super) const DREAM_SHOW: &str = "dream_show";
pub(super) const DREAM_DECIDE: &str = "dream_decide";
pub(super) const SIGNALS: &str = "signals";
pub(super) const STATUS: &str = "status";

/// Most entries of one answer.
pub(super) const MOST: u64 = 50;

/// `dreams`: also what decides about them.
pub(super) fn all(dreams: bool) -> Vec<Offer> {
    let text = |description: &str| json!({"type": "string", "description": description});
    let limit = json!({"type": "integer", "minimum": 1, "maximum": MOST, "description": "At most so many; 10 if not given."});
    let reads =
        |name, description, properties, required| Offer { name, description, properties, required, effect: Effect::Reads };
    let mut all = vec![
        reads(
            MEMORY_SEARCH,
            "Searches what is remembered about this project and its user: facts and conventions, and what was said, run and found. \
             Understands dates such as `last Tuesday`. The best hits come first; `status` tells how far a claim is believed.",
            json!({
                "query": text("What you want to know, in words."),
                "claims": {"type": "boolean", "description": "Only claims, no observations."},
                "limit": limit,
            }),
            &["query"],
        ),
        reads(
            MEMORY_WHY,
            "Why something is remembered: the claim, the observations that it rests on, and how it changed.",
            json!({"id": text("A claim's id, from memory_search.")}),
            &["id"],
        ),
        reads(
            MEMORY_PROFILE,
            "How the user wants to work: what to do and what to avoid, each line with its reason.",
            json!({}),
            &[],
        ),
        Offer {
            name: MEMORY_ADD,
            description: "Keeps one sentence that will be useful in a month, as your note. It becomes a fact only where others bear it \
                          out. Not for what the user told you to remember: he says `kairos-run memory add`.",
            properties: json!({"text": text("One sentence; paths and names of code between backticks.")}),
            required: &["text"],
            effect: Effect::Adds,
        },
        reads(
            INBOX_LIST,
            "Findings of detectors in this project: conflicts, failing commands, secrets in files and the like. The most urgent first.",
            json!({
                "status": {"enum": ["open", "resolved", "accepted", "dismissed", "snoozed"], "description": "open if not given."},
                "limit": limit,
            }),
            &[],
        ),
        reads(
            INBOX_SHOW,
            "One finding, with its evidence and what to do about it.",
            json!({"id": text("From inbox_list.")}),
            &["id"],
        ),
        Offer {
            name: INBOX_DECIDE,
            description: "Decides about a finding: accept (somebody takes care of it), dismiss (it is not wanted), snooze. Only where the \
                          user wants you to. What kairos-run asks the user himself can't be decided here.",
            properties: json!({
                "id": text("From inbox_list."),
                "decision": {"enum": ["accept", "dismiss", "snooze"]},
                "hours": {"type": "integer", "minimum": 1, "maximum": 720, "description": "How long to snooze; 24 if not given."},
            }),
            required: &["id", "decision"],
            effect: Effect::Decides,
        },
        reads(DREAM_LIST, "How memory was put in order while nobody looked, newest first.", json!({ "limit": limit }), &[]),
        reads(
            DREAM_SHOW,
            "One dream: each operation with its reason, its evidence and what became of it; some may wait for a decision.",
            json!({"id": text("From dream_list; the newest if not given.")}),
            &[],
        ),
        reads(SIGNALS, "What kairos-run watches in this project, and why.", json!({}), &[]),
        reads(STATUS, "Whether kairos-run is running, and how it is.", json!({}), &[]),
    ];
    if dreams {
        all.push(Offer {
            name: DREAM_DECIDE,
            description: "Decides about operations of a dream: accept or reject those that wait, revert those that were done.",
            properties: json!({
                "id": text("From dream_list."),
                "decision": {"enum": ["accept", "reject", "revert"]},
                "operations": {"type": "array", "items": {"type": "integer", "minimum": 0}, "description": "All if not given."},
            }),
            required: &["id", "decision"],
            effect: Effect::Decides,
        });
    }
    all
}

/// How many entries are wanted.
pub(super) fn limit(input: &Value) -> usize {
    input["limit"].as_u64().unwrap_or(10).clamp(1, MOST) as usize
}
