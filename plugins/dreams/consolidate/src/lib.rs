//! Learns from ordinary days without a model, and keeps claims in order. Deterministic; the README gives the reason of every constant.
//!
//! First it looks at what is new ([`day`]) and draws its lessons: commands, conventions, files that change together, verdicts on
//! findings. A lesson that is known already is support for the claim that says it; the others are added. Then it looks at the claims
//! ([`tidy`]): what says the same becomes one, what was overtaken gives way, what is borne out becomes a fact.

mod claims;
mod commands;
mod conventions;
mod day;
mod lesson;
mod over;
mod tidy;
mod together;
mod verdicts;

use kairos_plugin::memory::{Candidate, Change, Kind, MAX_OPERATIONS, Memory, NewClaim, Operation, Relation};
use kairos_plugin::prelude::*;
use lesson::Lesson;
use std::collections::BTreeMap;

struct Consolidate;

impl Dream for Consolidate {
    fn describe() -> Description {
        describe!("Learns commands, conventions and habits from what was observed, and keeps claims in order")
            .reads_memory("to learn from what was observed, and to compare claims")
    }

    fn dream(memory: &impl Memory) -> Result<Vec<Operation>, Error> {
        let mut day = day::Day::default();
        memory.new_observations(|o| day.see(o))?;
        let (new, supported) = known(memory, folded(memory, day.lessons()))?;
        let mut operations = tidy::tidy(memory, &supported)?;
        operations.extend(new.into_iter().map(add));
        operations.truncate(MAX_OPERATIONS);
        Ok(operations)
    }
}

/// What the user said twice in other words is one lesson: in the fuller words, of equals the later ones.
fn folded(memory: &impl Memory, lessons: Vec<Lesson>) -> Vec<Lesson> {
    let mut all: Vec<Lesson> = Vec::new();
    for mut lesson in lessons {
        let relation = |known: &Lesson| {
            let said = lesson.kind == known.kind && lesson.kind != Kind::Project;
            if said { memory.compare(&lesson.text, &known.text) } else { Relation::Apart }
        };
        let twin = all.iter_mut().find_map(|known| match relation(known) {
            Relation::Same => Some((lesson.latest() > known.latest(), known)),
            Relation::Includes => Some((true, known)),
            Relation::Included => Some((false, known)),
            _ => None,
        });
        match twin {
            Some((better, known)) => {
                if better {
                    std::mem::swap(&mut known.text, &mut lesson.text);
                }
                known.evidence.append(&mut lesson.evidence);
            }
            None => all.push(lesson),
        }
    }
    all
}

/// New evidence by claim.
type Supported = BTreeMap<String, Vec<String>>;

/// Tells what is new from what a claim says already.
fn known(memory: &impl Memory, lessons: Vec<Lesson>) -> Result<(Vec<Lesson>, Supported), Error> {
    let (mut new, mut supported) = (Vec::new(), Supported::new());
    for lesson in lessons {
        let near = memory.similar(&lesson.text, tidy::NEIGHBOURS)?;
        if let Some(same) = near.iter().find(|c| c.relation == Relation::Same) {
            supported.entry(same.id.clone()).or_default().extend(lesson.ids());
        } else if !near.iter().any(|c| c.relation == Relation::Included) && !is_overtaken(memory, &lesson, &near)? {
            new.push(lesson);
        }
    }
    Ok((new, supported))
}

/// Has the user said otherwise since? Then his earlier word is not learnt again, in the same dream or from an old session.
fn is_overtaken(memory: &impl Memory, lesson: &Lesson, near: &[Candidate]) -> Result<bool, Error> {
    for contrary in near.iter().filter(|c| c.relation == Relation::Contrary) {
        let stated = memory.support(&contrary.id, &[])?.stated;
        if stated > lesson.latest().map(|seen| seen.time) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn add(lesson: Lesson) -> Operation {
    let mut claim = NewClaim::new(lesson.kind, &lesson.text);
    for path in &lesson.anchors {
        claim = claim.anchored_at(path);
    }
    Operation::new(Change::Add(claim), lesson.reason).evidence(lesson.ids())
}

kairos_plugin::dream!(Consolidate);

#[cfg(test)]
mod tests;
