//! What the model is shown: the new observations of one session, and the claims near to them.

use kairos_plugin::fit;
use kairos_plugin::memory::{Claim, Memory, Observation, Origin};
use kairos_plugin::prelude::*;
use std::collections::BTreeMap;

/// Questions in one dream.
const SHEETS: usize = 4;
/// Bytes of observations on a sheet.
const SHEET: usize = 6000;
/// Bytes of one observation.
const OBSERVATION: usize = 600;
/// Claims on a sheet, and how many of them one observation brings.
const CLAIMS: usize = 12;
const NEIGHBOURS: u32 = 3;
/// Shorter ones, in bytes, are "yes" and "go on".
const SHORTEST: usize = 12;

/// One question's worth. The model knows observations and claims by their places, `o1` and `c1`, so that it can name nothing else.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) observations: Vec<Observation>,
    pub(crate) claims: Vec<Claim>,
}

impl Sheet {
    fn bytes(&self) -> usize {
        self.observations.iter().map(|o| o.text.len()).sum()
    }

    fn has_users_words(&self) -> bool {
        self.observations.iter().any(|o| o.origin == Origin::User)
    }
}

/// The sheets of a dream: sessions in which the user spoke go first, then the newest.
pub(crate) fn sheets(memory: &impl Memory) -> Result<Vec<Sheet>, Error> {
    let claims: BTreeMap<String, Claim> = memory.all_claims()?.into_iter().map(|c| (c.id.clone(), c)).collect();
    let mut learnt: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, claim) in claims.values().flat_map(|c| c.evidence.iter().map(move |id| (id, c))) {
        let bytes = learnt.entry(id).or_default();
        *bytes = claim.text.len().max(*bytes);
    }
    let mut sessions: BTreeMap<String, Vec<Sheet>> = BTreeMap::new();
    memory.new_observations(|o| {
        // A claim that rests on it, and is half as long, has learnt what there was to learn.
        let known = learnt.get(o.id.as_str()).is_some_and(|bytes| bytes * 2 >= o.text.trim().len());
        let Some(o) = Some(o).filter(|_| !known).and_then(worth_showing) else { return };
        let sheets = sessions.entry(o.session.clone()).or_default();
        match sheets.last_mut() {
            Some(last) if last.bytes() + o.text.len() <= SHEET => last.observations.push(o),
            _ => sheets.push(Sheet { observations: vec![o], claims: Vec::new() }),
        }
    })?;
    let mut all: Vec<Sheet> = sessions.into_values().flatten().collect();
    let newest = |s: &Sheet| s.observations.last().map_or(0, |o| o.time);
    all.sort_by_key(|s| (!s.has_users_words(), std::cmp::Reverse(newest(s))));
    all.truncate(SHEETS);
    for sheet in &mut all {
        sheet.claims = near(memory, &sheet.observations, &claims)?;
    }
    Ok(all)
}

/// What the user said and what programs showed. What anyone could have written (pages, files, other models) bears nothing out, and
/// a prompt is no place for it. The text is cut.
fn worth_showing(mut o: Observation) -> Option<Observation> {
    let text = match (o.kind.as_str(), o.origin) {
        ("message" | "note" | "feedback", Origin::User) if o.text.trim().len() >= SHORTEST => o.text.clone(),
        ("commit", Origin::User | Origin::Tool) => o.text.clone(),
        // A command that works teaches without a model; for what failed, the end of its output says why.
        ("command", Origin::User | Origin::Tool) if o.attribute("exit-code").is_some_and(|code| code != "0") => {
            let command = o.attribute("command").unwrap_or_default();
            let room = OBSERVATION.saturating_sub(command.len() + 1);
            let from = (o.text.len().saturating_sub(room)..=o.text.len()).find(|at| o.text.is_char_boundary(*at));
            format!("{command}\n{}", &o.text[from.unwrap_or(0)..])
        }
        _ => return None,
    };
    o.text = fit(text.trim(), OBSERVATION);
    (!o.text.is_empty()).then_some(o)
}

/// The claims nearest to any of the observations, by id.
fn near(memory: &impl Memory, observations: &[Observation], claims: &BTreeMap<String, Claim>) -> Result<Vec<Claim>, Error> {
    let mut scores: BTreeMap<String, f32> = BTreeMap::new();
    for o in observations {
        for candidate in memory.similar(&o.text, NEIGHBOURS)? {
            let score = scores.entry(candidate.id).or_default();
            *score = score.max(candidate.score);
        }
    }
    let mut best: Vec<(String, f32)> = scores.into_iter().collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    best.truncate(CLAIMS);
    best.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(best.into_iter().filter_map(|(id, _)| claims.get(&id).cloned()).collect())
}
