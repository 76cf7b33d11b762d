//! Claims with what bears them out, as one document: to keep a copy, to carry them to another memory, or to give them away.

use super::{Memory, Result};
use crate::book::is_claim_id;
use crate::transcript::New;
use kairos_core::Millis;
use kairos_core::memory::{Claim, ClaimKind, Observation, Origin, Status};
use serde::{Deserialize, Serialize};

/// The form of the document.
const VERSION: u32 = 1;
/// The author of claims that somebody else's document said.
const AUTHOR: &str = "import";

/// All claims of a memory, retired ones too, with their evidence. Not in it: the history, transcripts that no claim rests on, dreams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The form; only fields are added within one.
    pub version: u32,
    /// When it was made.
    pub exported: Millis,
    /// By id.
    pub claims: Vec<Exported>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// With status, anchors and times.
    pub claim: Claim,
    /// What it rests on, word for word.
    pub evidence: Vec<Observation>,
    /// Evidence that was forgotten, or is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// What came of an import of claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TakenOver {
    /// Ids of claims that are new here.
    pub added: Vec<String>,
    /// Ids of claims that were here already, as they are.
    pub known: Vec<String>,
    /// Claims that were left out: the id, and why.
    pub left_out: Vec<(String, String)>,
}

impl Memory {
    /// All claims with their evidence.
    ///
    /// # Errors
    /// Where they can't be read.
    pub fn export(&self, now: Millis) -> Result<Export> {
        let book = self.book()?;
        let claims: Vec<Claim> = book.claims().cloned().collect();
        Ok(Export { version: VERSION, exported: now, claims: self.with_evidence(claims)? })
    }

    /// Claims with what they rest on, in the order in which it was cited.
    pub(super) fn with_evidence(&self, claims: Vec<Claim>) -> Result<Vec<Exported>> {
        let cited: Vec<&String> = claims.iter().flat_map(|c| &c.evidence).collect();
        let got: std::collections::BTreeMap<String, Observation> =
            self.transcripts.get(&cited)?.found.into_iter().map(|o| (o.id.clone(), o)).collect();
        let one = |claim: Claim| {
            let (there, gone): (Vec<_>, Vec<_>) = claim.evidence.iter().cloned().partition(|id| got.contains_key(id));
            let evidence = there.iter().filter_map(|id| got.get(id)).cloned().collect();
            Exported { claim, evidence, gone }
        };
        Ok(claims.into_iter().map(one).collect())
    }

    /// Takes claims over. `mine`: the document is the user's own, so that its claims are as they were, with id, status, evidence and
    /// anchors. Else whoever wrote it has only told something: each claim is tentative and rests on that document, and what it says of
    /// the user is left out. A claim that is here already stays as it is. All of it is one change.
    ///
    /// # Errors
    /// Where nothing can be written; memory is as it was then.
    pub fn take_over(&self, export: Export, mine: bool, from: &str, now: Millis) -> Result<TakenOver> {
        let mut done = TakenOver::default();
        let mut session = self.session()?;
        self.take_in(&mut session, now)?;
        for Exported { mut claim, evidence, gone } in export.claims {
            let given = claim.id.clone();
            let same = |c: &&Claim| c.text == claim.text && c.status != Status::Retired;
            if let Some(known) = session.book.claim(&given).or_else(|| session.book.claims().find(same)) {
                match known.text == claim.text {
                    true => done.known.push(known.id.clone()),
                    false => done.left_out.push((given, "another claim has this id here".to_owned())),
                }
                continue;
            }
            let observed = if mine {
                evidence.into_iter().map(again).collect()
            } else if let Some(why) = unwelcome(&claim) {
                done.left_out.push((given, why.to_owned()));
                continue;
            } else {
                (claim.status, claim.author, claim.recorded) = (Status::Tentative, AUTHOR.to_owned(), now);
                claim.rivals.clear();
                vec![told(&claim, from, now)]
            };
            claim.evidence = self.transcripts.append(observed)?.ids;
            if mine {
                claim.evidence.extend(gone);
            }
            if !is_claim_id(&claim.id) {
                claim.id.clear();
            }
            match session.book.add(claim) {
                Ok(id) => done.added.push(id),
                Err(e) => done.left_out.push((given, e.to_string())),
            }
        }
        let message = format!("Take over {} claims from an export", done.added.len());
        self.commit(&mut session, now, crate::book::USER, &message, &done.added)?;
        Ok(done)
    }
}

/// What another's document can't tell us.
fn unwelcome(claim: &Claim) -> Option<&'static str> {
    match claim.kind {
        _ if claim.status == Status::Retired => Some("it is retired there"),
        ClaimKind::User | ClaimKind::Feedback => Some("what you are and want is not for others to say"),
        ClaimKind::Project | ClaimKind::Reference => None,
    }
}

/// The same observation: its id is made of what it says, so that one that was tampered with has another.
fn again(o: Observation) -> New {
    let Observation { time, source, session, origin, kind, attributes, text, .. } = o;
    New { time, source, session, origin, kind, attributes, text }
}

fn told(claim: &Claim, from: &str, now: Millis) -> New {
    New {
        time: now,
        source: AUTHOR.into(),
        session: from.into(),
        origin: Origin::File,
        kind: "note".into(),
        attributes: vec![],
        text: claim.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::tests::{memory, says};

    const NOW: Millis = 1_750_000_000_000;

    #[test]
    fn one_s_own_copy_is_the_same_and_another_s_is_hearsay() {
        let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let [here, there, other] = [0, 1, 2].map(|at| memory(dirs[at].path()));
        let ids: Vec<String> = ["One.", "Two."].iter().map(|text| here.add(says(text), NOW).unwrap().id).collect();
        here.edit(&ids[0], "One, but better.", "t", NOW + 1).unwrap();
        here.retire(&ids[1..], NOW + 2).unwrap();
        let of_user = crate::memory::Statement { kind: ClaimKind::User, ..says("He likes tabs.") };
        here.add(of_user, NOW + 3).unwrap();
        let export = here.export(NOW + 4).unwrap();
        let export: Export = serde_json::from_str(&serde_json::to_string(&export).unwrap()).unwrap();

        let done = there.take_over(export.clone(), true, "f", NOW + 9).unwrap();
        assert_eq!((done.added.len(), done.left_out.len()), (3, 0));
        assert_eq!(Export { exported: NOW + 4, ..there.export(NOW + 9).unwrap() }, export);
        let again = there.take_over(export.clone(), true, "f", NOW + 10).unwrap();
        assert_eq!((again.added.len(), again.known.len()), (0, 3));

        let done = other.take_over(export, false, "f", NOW + 9).unwrap();
        assert_eq!((done.added.len(), done.left_out.len()), (1, 2));
        let why = other.why(&ids[0]).unwrap();
        assert_eq!((why.claim.status, why.evidence[0].origin), (Status::Tentative, Origin::File));
    }
}
