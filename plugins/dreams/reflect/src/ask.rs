//! The question: instructions, a sheet, and the form of the answer.

use crate::sheet::Sheet;
use kairos_plugin::memory::{Kind, Origin, Status};
use kairos_plugin::model::Prompt;
use serde_json::{Map, Value, json};

/// Tokens of an answer.
const ANSWER: u32 = 1500;
/// Bounds of an answer, where the model's server knows them.
const OPERATIONS: usize = 8;
const TEXT: usize = 300;
const REASON: usize = 120;

const INSTRUCTIONS: &str = "You keep the memory of a developer's project: short claims that will still help weeks from now. You are \
shown claims (c1, c2, ...) and what was observed in one session (o1, o2, ...). Propose operations on the claims, as JSON. Few good \
ones; an empty list is a good answer.

add: a new claim, one sentence, that the observations in `evidence` say: how the developer wants to work, what he corrected, how this \
project is built, tested and laid out, why something fails and what helps. No claim: what was done once, plans for today, what a \
claim says already. `about`: user (who the developer is and how he likes to work), feedback (what to do again or avoid), project (how \
things are), reference (where to find something).
merge: claims that say exactly the same become one; `text` is the best of their wordings.
supersede: `old` is out of date, because the claim `new` says how it is now.
dispute: claims that can't both be true, and nothing tells which is.
reword: a claim said more clearly, and nothing added or lost.
retire: a claim that the observations in `evidence` show to be no longer so.

Every number, path, command, name and \"not\" of a text must stand in its evidence, in the same words. `reason`: a few words.";

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

/// One form for each operation, with the fields that it needs and no others. It can name only what it was shown.
fn schema(sheet: &Sheet) -> Value {
    let names = |letter: char, count: usize| -> Value { (1..=count).map(|n| format!("{letter}{n}")).collect::<Vec<_>>().into() };
    let text = json!({"type": "string", "minLength": 1, "maxLength": TEXT});
    let about = json!({"type": "string", "enum": ["user", "feedback", "project", "reference"]});
    let observation = json!({"type": "string", "enum": names('o', sheet.observations.len())});
    let mut forms = vec![form("add", &[("text", &text), ("about", &about), ("evidence", &list(&observation, 1, 8))])];
    // Without claims there is nothing but to add.
    if !sheet.claims.is_empty() {
        let claim = json!({"type": "string", "enum": names('c', sheet.claims.len())});
        let (claims, evidence) = (list(&claim, 2, 4), list(&observation, 0, 8));
        forms.push(form("merge", &[("claims", &claims), ("text", &text), ("evidence", &evidence)]));
        forms.push(form("supersede", &[("old", &claim), ("new", &claim), ("evidence", &evidence)]));
        forms.push(form("dispute", &[("claims", &claims), ("evidence", &evidence)]));
        forms.push(form("reword", &[("claim", &claim), ("text", &text), ("evidence", &evidence)]));
        forms.push(form("retire", &[("claim", &claim), ("evidence", &list(&observation, 1, 8))]));
    }
    object(json!({"operations": list(&json!({"anyOf": forms}), 0, OPERATIONS)}))
}

fn form(op: &str, fields: &[(&str, &Value)]) -> Value {
    let mut all = Map::new();
    all.insert("op".into(), json!({"type": "string", "enum": [op]}));
    all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone())));
    all.insert("reason".into(), json!({"type": "string", "maxLength": REASON}));
    object(Value::Object(all))
}

fn object(properties: Value) -> Value {
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(Map::keys).collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

fn list(items: &Value, least: usize, most: usize) -> Value {
    json!({"type": "array", "items": items, "minItems": least, "maxItems": most})
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
