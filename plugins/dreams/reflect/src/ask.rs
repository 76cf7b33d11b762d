//! The question: instructions, a sheet, and the form of the answer.

use crate::sheet::Sheet;
use kairos_plugin::memory::{Kind, Origin, Status};
use kairos_plugin::model::Prompt;
use serde_json::{Value, json};

/// Tokens of an answer.
const ANSWER: u32 = 1500;
/// Bounds of an answer, where the model's server knows them.
const OPERATIONS: usize = 8;
const TEXT: usize = 300;
const REASON: usize = 120;

const INSTRUCTIONS: &str = "You keep the memory of a developer's project: short claims that will still help weeks from now. You are \
shown claims (c1, c2, ...) and what was observed in one session (o1, o2, ...). Propose operations on the claims, as JSON. Few good \
ones; an empty list is a good answer.

add: a new claim, one sentence, that the cited observations say: how the developer wants to work, what he corrected, how this \
project is built, tested and laid out, why something fails and what helps. No claim: what was done once, plans for today, what a \
claim says already. `claims` is empty.
merge: several claims that say exactly the same become one; `text` is the best of their wordings.
supersede: two claims, the first out of date because the second says how it is now.
dispute: claims that can't both be true, and nothing tells which is.
reword: one claim said more clearly, and nothing added or lost.
retire: one claim that the observations show to be no longer so.

`evidence` names the observations that bear it out; a new claim has at least one. Every number, path, command, name and \"not\" of a \
text must stand in its evidence, in the same words. `about`: user (who the developer is and how he likes to work), feedback (what \
to do again or avoid), project (how things are), reference (where to find something). `reason`: a few words. Where an operation needs \
no text, leave it empty.";

/// What the model is asked about a sheet.
pub(crate) fn prompt(sheet: &Sheet) -> Prompt {
    let mut prompt = Prompt::new(INSTRUCTIONS, ANSWER).schema(schema(sheet).to_string());
    for (n, claim) in sheet.claims.iter().enumerate() {
        let (kind, status) = (kind_name(claim.kind), status_name(claim.status));
        prompt = prompt.untrusted(&format!("c{}, {kind}, {status}", n + 1), &claim.text);
    }
    for (n, o) in sheet.observations.iter().enumerate() {
        let by = if o.origin == Origin::User { "the developer" } else { "a program" };
        prompt = prompt.untrusted(&format!("o{}, {} by {by}", n + 1, o.kind), &o.text);
    }
    prompt.text("Which operations?")
}

/// It can name only what it was shown.
fn schema(sheet: &Sheet) -> Value {
    let names = |letter: char, count: usize| -> Vec<String> { (1..=count).map(|n| format!("{letter}{n}")).collect() };
    let claims = names('c', sheet.claims.len());
    // Without claims there is nothing but to add.
    let (operations, claims) = if claims.is_empty() {
        (json!(["add"]), json!({"type": "array", "items": {"type": "string"}, "maxItems": 0}))
    } else {
        let all = json!(["add", "merge", "supersede", "dispute", "reword", "retire"]);
        (all, json!({"type": "array", "items": {"type": "string", "enum": claims}, "maxItems": 4}))
    };
    let observations = names('o', sheet.observations.len());
    let operation = json!({
        "type": "object",
        "properties": {
            "op": {"type": "string", "enum": operations},
            "claims": claims,
            "text": {"type": "string", "maxLength": TEXT},
            "about": {"type": "string", "enum": ["user", "feedback", "project", "reference"]},
            "evidence": {"type": "array", "items": {"type": "string", "enum": observations}, "maxItems": 8},
            "reason": {"type": "string", "maxLength": REASON},
        },
        "required": ["op", "claims", "text", "about", "evidence", "reason"],
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "properties": {"operations": {"type": "array", "items": operation, "maxItems": OPERATIONS}},
        "required": ["operations"],
        "additionalProperties": false,
    })
}

pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Feedback => "feedback",
        Kind::Project => "project",
        Kind::Reference => "reference",
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Tentative => "tentative",
        Status::Fact => "fact",
        Status::Disputed => "disputed",
        Status::Stale => "stale",
        Status::Retired => "retired",
    }
}
