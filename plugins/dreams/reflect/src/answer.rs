//! From the model's answer to operations. What has not exactly the form that was asked for is dropped, never mended: a guess at what a
//! model may have meant would be ours.

use crate::ask::kind_name;
use crate::sheet::Sheet;
use kairos_plugin::memory::{Change, Kind, MAX_CLAIM, Merged, NewClaim, Operation, Reworded, Superseded};
use serde_json::{Map, Value};

/// Operations of one answer that are looked at.
const MOST: usize = 64;

/// The operations in an answer, and how many had to be dropped. What is no answer at all counts as one.
pub(crate) fn operations(text: &str, sheet: &Sheet) -> (Vec<Operation>, usize) {
    let answer: Option<Value> = serde_json::from_str(text).ok();
    let all = match &answer {
        Some(Value::Object(fields)) if fields.len() == 1 => fields.get("operations").and_then(Value::as_array),
        _ => None,
    };
    let Some(all) = all else { return (Vec::new(), 1) };
    let found: Vec<Operation> = all.iter().take(MOST).filter_map(|o| operation(o.as_object()?, sheet)).collect();
    let dropped = all.len() - found.len();
    (found, dropped)
}

fn operation(given: &Map<String, Value>, sheet: &Sheet) -> Option<Operation> {
    let mut fields = Fields { left: given.clone(), sheet };
    let change = match fields.word("op")?.as_str() {
        "add" => Change::Add(NewClaim::new(fields.kind()?, &fields.text()?)),
        "merge" => Change::Merge(Merged { claims: fields.claims()?, text: fields.text()? }),
        "supersede" => Change::Supersede(Superseded { claim: fields.claim("old")?, by: fields.claim("new")? }),
        "dispute" => Change::Dispute(fields.claims()?),
        "reword" => Change::Reword(Reworded { claim: fields.claim("claim")?, text: fields.text()? }),
        "retire" => Change::Retire(fields.claim("claim")?),
        _ => return None,
    };
    let evidence = fields.evidence()?;
    let needed = matches!(change, Change::Add(_) | Change::Retire(_));
    let reason = fields.word("reason")?;
    if !fields.left.is_empty() || (needed && evidence.is_empty()) {
        return None;
    }
    let reason = if reason.is_empty() { "a model proposed it".to_owned() } else { format!("a model proposed it: {reason}") };
    Some(Operation::new(change, &reason).evidence(evidence))
}

/// The fields of an operation; each is taken out, so that in the end none is left that does not belong there.
struct Fields<'a> {
    left: Map<String, Value>,
    sheet: &'a Sheet,
}

impl Fields<'_> {
    /// On one line.
    fn word(&mut self, name: &str) -> Option<String> {
        Some(self.left.remove(name)?.as_str()?.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn text(&mut self) -> Option<String> {
        self.word("text").filter(|text| (1..=MAX_CLAIM).contains(&text.len()))
    }

    fn kind(&mut self) -> Option<Kind> {
        let about = self.word("about")?;
        [Kind::User, Kind::Feedback, Kind::Project, Kind::Reference].into_iter().find(|k| kind_name(*k) == about)
    }

    fn claim(&mut self, name: &str) -> Option<String> {
        let claim = self.left.remove(name)?;
        place(&claim, 'c').and_then(|at| Some(self.sheet.claims.get(at)?.id.clone()))
    }

    /// At least two.
    fn claims(&mut self) -> Option<Vec<String>> {
        let claims = self.left.remove("claims")?;
        named(&claims, |name| Some(self.sheet.claims.get(place(name, 'c')?)?.id.clone())).filter(|all| all.len() >= 2)
    }

    fn evidence(&mut self) -> Option<Vec<String>> {
        let evidence = self.left.remove("evidence")?;
        named(&evidence, |name| Some(self.sheet.observations.get(place(name, 'o')?)?.id.clone()))
    }
}

/// From 0, of a name such as `c1`.
fn place(name: &Value, letter: char) -> Option<usize> {
    name.as_str()?.strip_prefix(letter)?.parse::<usize>().ok()?.checked_sub(1)
}

/// Ids for the names that the model was shown, each once; none where it names something else.
fn named(names: &Value, id: impl Fn(&Value) -> Option<String>) -> Option<Vec<String>> {
    let mut ids: Vec<String> = Vec::new();
    for name in names.as_array()? {
        let id = id(name)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Some(ids)
}
