//! One claim with what it rests on, or one observation.

use crate::indented;
use kairos_plugin::{date, fit, prelude::*};
use serde_json::{Value, json};

/// The newest so many pieces of evidence are shown; each is a look-up, of which a call has 64.
const SHOWN: usize = 20;
/// Bytes of a piece of evidence.
const EXCERPT: usize = 1000;

pub fn show(host: &impl Host, id: &str) -> Result<Output, Error> {
    // Whose it is the id doesn't tell.
    for owner in [Owner::Project, Owner::User] {
        match host.claim(owner, id) {
            Ok(found) => return claim(host, owner, &found),
            Err(e) if matches!(e.code, ErrorCode::NotFound | ErrorCode::Denied) => {}
            Err(e) => return Err(e),
        }
    }
    host.observation(id).map(|found| observation(&found))
}

fn claim(host: &impl Host, owner: Owner, c: &Claim) -> Result<Output, Error> {
    let mut text =
        format!("{}  claim, {}, {}, written by {} {}\n", c.id, c.status.as_str(), c.kind.as_str(), c.author, date(c.recorded));
    if let Some(until) = c.valid_to {
        text += &format!("  ! it was so until {}\n", date(until));
    }
    text += &indented(&c.text);
    for anchor in &c.anchors {
        text += &format!("  points at {}{}\n", anchor.path, if c.anchored { "" } else { " (no longer so)" });
    }
    if let Some(last) = c.last_recall {
        let times = if c.recalls == 1 { "once".into() } else { format!("{} times", c.recalls) };
        text += &format!("  found by a search {times}, last {}\n", date(last));
    }
    let mut evidence = Vec::new();
    // What the user said elsewhere is not this project's to see.
    let ids = if owner == Owner::User { &[][..] } else { &c.evidence[c.evidence.len().saturating_sub(SHOWN)..] };
    for id in ids {
        match host.observation(id) {
            Ok(o) => {
                text += &format!("  rests on {}  {}, {}, {}\n", o.id, o.kind, o.origin.as_str(), date(o.time));
                text += &indented(&fit(&o.text, EXCERPT));
                evidence.push(json_of(&o, fit(&o.text, EXCERPT)));
            }
            Err(e) if e.code == ErrorCode::NotFound => text += &format!("  rests on {id}, which was forgotten\n"),
            Err(e) => return Err(e),
        }
    }
    if owner == Owner::User {
        text += &format!("  what he said elsewhere is not shown here; he sees it with `kairos-run memory why --user {}`\n", c.id);
    }
    let json = json!({
        "id": c.id, "topic": c.topic, "kind": c.kind.as_str(), "status": c.status.as_str(), "text": c.text, "author": c.author,
        "recorded": c.recorded, "valid-from": c.valid_from, "valid-to": c.valid_to, "anchored": c.anchored,
        "anchors": c.anchors.iter().map(|a| json!({"path": a.path, "symbol": a.symbol, "quote": a.quote})).collect::<Vec<_>>(),
        "recalls": c.recalls, "last-recall": c.last_recall, "evidence": c.evidence, "observations": evidence,
    });
    Ok(Output::text(text).structured(json.to_string()).truncated(ids.len() < c.evidence.len()))
}

fn observation(o: &Observation) -> Output {
    let text = format!("{}  {}, {}, {}\n{}", o.id, o.kind, o.origin.as_str(), date(o.time), indented(&o.text));
    Output::text(text).structured(json_of(o, o.text.clone()).to_string())
}

fn json_of(o: &Observation, text: String) -> Value {
    let attributes: Vec<_> = o.attributes.iter().map(|a| json!([a.name, a.value])).collect();
    json!({
        "id": o.id, "time": o.time, "source": o.source, "session": o.session, "origin": o.origin.as_str(), "kind": o.kind,
        "attributes": attributes, "text": text,
    })
}
