//! The rules: what may become of claims, whoever proposes it. Each is a function of the draft, with no exception for anyone.

use super::draft::Draft;
use super::evidence::{Strength, is_own_words, latest, live, needed, strength, support};
use crate::book::{OTHER_TOOL, USER};
use crate::compare::{Parsed, compare, conserved, is_instruction};
use kairos_core::dream::Refusal;
use kairos_core::memory::{Claim, ClaimKind, NewClaim, Observation, Operation, Relation, Status};
use std::collections::BTreeSet;

/// Attributes that anyone may have written: what a commit says of itself.
const UNTRUSTED: [&str; 2] = ["summary", "author"];

type Checked<T = ()> = Result<T, Refusal>;

/// Evidence that is cited has to be there, and to be more than an echo.
pub(super) fn evidence(draft: &Draft, operation: &Operation) -> Checked {
    for id in &operation.evidence {
        match draft.seen.get(id) {
            Some(o) if is_own_words(o) => return Err(Refusal::OwnWords { observation: id.clone() }),
            Some(o) if !o.text.is_empty() => {}
            _ => return Err(Refusal::EvidenceGone { observation: id.clone() }),
        }
    }
    Ok(())
}

pub(super) fn add(draft: &Draft, new: &NewClaim, evidence: &[String], author: &str) -> Checked<Claim> {
    if evidence.is_empty() {
        return Err(Refusal::NoEvidence);
    }
    not_of_a_project(draft, new.kind)?;
    let claim = Claim {
        id: String::new(),
        topic: new.topic.clone().unwrap_or_else(|| new.kind.as_str().to_owned()),
        kind: new.kind,
        status: Status::Tentative,
        text: new.text.clone(),
        evidence: evidence.to_vec(),
        anchors: new.anchors.clone(),
        recorded: draft.time,
        valid_from: new.valid_from,
        valid_to: None,
        author: author.to_owned(),
        rivals: vec![],
    };
    all_in(&claim.text, &texts(draft, evidence), |what| Refusal::NotConserved { what })?;
    // What the user is and wants is learnt from him, never from what passes by.
    let about_user = matches!(claim.kind, ClaimKind::User | ClaimKind::Feedback);
    if about_user && strength(&claim, &draft.seen) == Strength::Untrusted {
        return Err(Refusal::Untrusted);
    }
    no_instruction(draft, &claim)?;
    let said = Parsed::new(&claim.text);
    for other in draft.book.claims() {
        let retired = other.status == Status::Retired;
        if (retired && other.author != USER) || draft.relation(&said, other) != Relation::Same {
            continue;
        }
        let id = other.id.clone();
        return Err(if retired { Refusal::TakenOut { claim: id } } else { Refusal::Known { claim: id } });
    }
    Ok(claim)
}

pub(super) fn merge(draft: &Draft, ids: &[String], text: &str) -> Checked {
    let claims = several(draft, ids)?;
    claims.iter().try_for_each(|c| others_own(c))?;
    for (at, first) in claims.iter().enumerate() {
        for second in &claims[at + 1..] {
            let relation = compare(&first.text, &second.text);
            if relation != Relation::Same || first.kind != second.kind {
                return Err(Refusal::NotTheSame { first: first.id.clone(), second: second.id.clone(), relation });
            }
        }
    }
    if !claims.iter().any(|c| c.text == text) {
        let known: Vec<&str> = claims.iter().map(|c| c.text.as_str()).collect();
        all_in(text, &known, |what| Refusal::NotConserved { what })?;
        claims.iter().try_for_each(|c| says_the_same(c, text))?;
    }
    match claims.iter().find(|c| c.author == USER && c.text != text) {
        Some(users) if !claims.iter().any(|c| c.author == USER && c.text == text) => {
            Err(Refusal::UsersWord { claim: users.id.clone() })
        }
        _ => Ok(()),
    }
}

pub(super) fn supersede(draft: &Draft, claim: &str, by: &str) -> Checked {
    let (old, new) = (one(draft, claim)?, one(draft, by)?);
    if old.id == new.id {
        return Err(Refusal::TooFew);
    }
    others_own(old)?;
    if old.kind != new.kind || !Parsed::new(&old.text).same_subject(&Parsed::new(&new.text)) {
        return Err(Refusal::OtherSubject { first: old.id.clone(), second: new.id.clone() });
    }
    if strength(new, &draft.seen) < strength(old, &draft.seen) || new.status == Status::Stale {
        return Err(Refusal::Weaker { claim: old.id.clone() });
    }
    if strength(new, &draft.seen) == Strength::Untrusted {
        return Err(Refusal::Untrusted);
    }
    if latest(new, &draft.seen) <= latest(old, &draft.seen) {
        return Err(Refusal::NotLater { claim: old.id.clone(), by: new.id.clone() });
    }
    Ok(())
}

pub(super) fn dispute(draft: &Draft, ids: &[String]) -> Checked {
    let claims = several(draft, ids)?;
    for first in &claims {
        let said = Parsed::new(&first.text);
        let relation = |second: &&&Claim| draft.relation(&said, second);
        if !claims.iter().filter(|c| c.id != first.id).any(|second| relation(&second) == Relation::Contrary) {
            let second = claims.iter().find(|c| c.id != first.id).ok_or(Refusal::TooFew)?;
            let relation = relation(&second);
            return Err(Refusal::NoContradiction { first: first.id.clone(), second: second.id.clone(), relation });
        }
    }
    // A page that says otherwise casts no doubt on what the user said or a program showed.
    let weights: BTreeSet<bool> = claims.iter().map(|c| strength(c, &draft.seen) == Strength::Untrusted).collect();
    if weights.len() > 1 {
        let trusted = claims.iter().find(|c| strength(c, &draft.seen) != Strength::Untrusted);
        return Err(Refusal::Weaker { claim: trusted.map(|c| c.id.clone()).unwrap_or_default() });
    }
    Ok(())
}

pub(super) fn promote(draft: &Draft, id: &str, more: &[String]) -> Checked {
    let claim = one(draft, id)?;
    if claim.status != Status::Tentative {
        return Err(Refusal::NotTentative { claim: id.into() });
    }
    if draft.broken.contains(id) {
        return Err(Refusal::AnchorGone);
    }
    let mut claim = claim.clone();
    claim.evidence.extend_from_slice(more);
    if strength(&claim, &draft.seen) == Strength::Untrusted {
        return Err(Refusal::Untrusted);
    }
    no_instruction(draft, &claim)?;
    let said = Parsed::new(&claim.text);
    // As with disputes: what anyone could have written keeps nothing from being believed that is better borne out.
    let weighs = |other: &Claim| strength(other, &draft.seen) != Strength::Untrusted;
    let contrary = |other: &&Claim| other.id != id && draft.relation(&said, other) == Relation::Contrary && weighs(other);
    if let Some(other) = draft.live().find(contrary) {
        return Err(Refusal::Open { claim: other.id.clone() });
    }
    let support = support(&claim, &draft.seen, &draft.policy);
    if support.enough {
        return Ok(());
    }
    let (needed_days, needed_sessions) = needed(&claim, &draft.seen, &draft.policy);
    Err(Refusal::TooSoon { days: support.days, sessions: support.sessions, needed_days, needed_sessions })
}

pub(super) fn reword(draft: &Draft, id: &str, text: &str, more: &[String]) -> Checked {
    let claim = one(draft, id)?;
    users_own(claim)?;
    let mut known = texts(draft, &claim.evidence);
    known.extend(texts(draft, more));
    known.push(&claim.text);
    all_in(text, &known, |what| Refusal::NotConserved { what })?;
    all_in(&claim.text, &[text], |what| Refusal::Lost { what })?;
    says_the_same(claim, text)?;
    no_instruction(draft, &Claim { text: text.to_owned(), ..claim.clone() })
}

pub(super) fn retire(draft: &Draft, id: &str) -> Checked {
    let claim = one(draft, id)?;
    users_own(claim)?;
    // How the user wants things is not out of date because nobody spoke of it; a later word of his supersedes it.
    let convention = matches!(claim.kind, ClaimKind::User | ClaimKind::Feedback) && claim.status == Status::Fact;
    if convention { Err(Refusal::UsersWord { claim: id.into() }) } else { Ok(()) }
}

pub(super) fn refile(draft: &Draft, id: &str, kind: ClaimKind) -> Checked {
    let claim = one(draft, id)?;
    users_own(claim)?;
    not_of_a_project(draft, kind)?;
    let about_user = matches!(kind, ClaimKind::User | ClaimKind::Feedback);
    if about_user && strength(claim, &draft.seen) == Strength::Untrusted { Err(Refusal::Untrusted) } else { Ok(()) }
}

/// In the user's own memory stands what is true of him wherever he works.
fn not_of_a_project(draft: &Draft, kind: ClaimKind) -> Checked {
    let about_user = matches!(kind, ClaimKind::User | ClaimKind::Feedback);
    if draft.of_user && !about_user { Err(Refusal::OfAProject) } else { Ok(()) }
}

fn one<'a>(draft: &'a Draft, id: &str) -> Checked<&'a Claim> {
    draft.book.claim(id).filter(|c| c.status != Status::Retired).ok_or_else(|| Refusal::NoClaim { claim: id.into() })
}

fn several<'a>(draft: &'a Draft, ids: &[String]) -> Checked<Vec<&'a Claim>> {
    let distinct: BTreeSet<&String> = ids.iter().collect();
    if ids.len() < 2 || distinct.len() < ids.len() {
        return Err(Refusal::TooFew);
    }
    ids.iter().map(|id| one(draft, id)).collect()
}

/// What observations say: their text, and what was noted of them (a command and how it ended, files, a verdict).
fn texts<'a>(draft: &'a Draft, ids: &'a [String]) -> Vec<&'a str> {
    let noted = |o: &'a Observation| {
        o.attributes.iter().filter(|(name, _)| !UNTRUSTED.contains(&name.as_str())).map(|(_, value)| value.as_str())
    };
    live(ids, &draft.seen).flat_map(|o| noted(o).chain([o.text.as_str()])).collect()
}

fn all_in(text: &str, known: &[&str], refusal: impl FnOnce(String) -> Refusal) -> Checked {
    conserved(text, known).map_err(|missing| refusal(missing.to_string()))
}

fn says_the_same(claim: &Claim, text: &str) -> Checked {
    let relation = compare(&claim.text, text);
    if relation == Relation::Same {
        return Ok(());
    }
    Err(Refusal::NotTheSame { first: claim.id.clone(), second: "the new words".into(), relation })
}

fn users_own(claim: &Claim) -> Checked {
    if claim.author == USER { Err(Refusal::UsersWord { claim: claim.id.clone() }) } else { others_own(claim) }
}

/// Another tool's files are that tool's to change.
fn others_own(claim: &Claim) -> Checked {
    if claim.author == OTHER_TOOL { Err(Refusal::AnothersWord { claim: claim.id.clone() }) } else { Ok(()) }
}

/// The user may say how things are to be done; nobody else may have that written down as a fact.
fn no_instruction(draft: &Draft, claim: &Claim) -> Checked {
    let user = strength(claim, &draft.seen) == Strength::User;
    if !user && is_instruction(&claim.text) { Err(Refusal::Instruction) } else { Ok(()) }
}
