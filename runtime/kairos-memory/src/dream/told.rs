//! What projects know of the user, and what of it may rise into his own memory.
//!
//! A claim of a project speaks for the evidence that it has there: no more of the project is read by a dream of the user, and no
//! strategy sees what one project alone says of how he wants to work in it.

use super::evidence::{CLAIM, TYPE, live, support};
use super::nearest::Nearest;
use super::policy::Policy;
use super::snapshot::read;
use crate::book::OTHER_TOOL;
use crate::memory::{Memory, Result};
use crate::transcript::New;
use jiff::civil::Date;
use kairos_core::Millis;
use kairos_core::memory::{Claim, ClaimKind, Observation, Origin, Relation};
use std::collections::BTreeSet;

/// What of the nearest claims is looked at: what says the same stands at the top.
const NEAREST: usize = 10;
/// The attribute that names the claim, and the one that names the first of those that say the same.
const ID: &str = "claim";
const LIKE: &str = "like";

/// A claim of a project about the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The project, by its name among our data.
    project: String,
    claim: Claim,
    /// The user said it in these words.
    stated: bool,
    /// When it was last borne out.
    time: Millis,
    /// The first claim that says the same.
    like: String,
}

impl Told {
    /// When the project learnt it.
    pub fn recorded(&self) -> Millis {
        self.claim.recorded
    }

    /// As evidence.
    pub(super) fn observed(&self) -> New {
        let new = New {
            time: self.time,
            source: format!("project {}", self.project),
            session: self.project.clone(),
            origin: if self.stated { Origin::User } else { Origin::Tool },
            kind: CLAIM.into(),
            attributes: vec![],
            text: self.claim.text.clone(),
        };
        new.with(TYPE, self.claim.kind.as_str()).with(ID, &self.claim.id).with(LIKE, &self.like)
    }
}

impl Memory {
    /// What this memory, of `project`, holds of the user: facts of the kinds user and feedback whose evidence is there and trusted.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn about_user(&self, project: &str) -> Result<Vec<Told>> {
        let book = self.book()?;
        let about = |c: &&Claim| matches!(c.kind, ClaimKind::User | ClaimKind::Feedback);
        let claims: Vec<&Claim> = book.claims().filter(about).filter(|c| c.is_current() && c.author != OTHER_TOOL).collect();
        let seen = read(self.transcripts(), &claims.iter().flat_map(|c| c.evidence.clone()).collect())?;
        let told = |claim: &Claim| {
            let time = live(&claim.evidence, &seen).filter(|o| o.origin.is_trusted()).map(|o| o.time).max()?;
            let stated = support(claim, &seen, &Policy::default()).stated.is_some();
            let like = claim.id.clone();
            Some(Told { project: project.to_owned(), claim: claim.clone(), stated, time, like })
        };
        Ok(claims.into_iter().filter_map(told).collect())
    }
}

impl Memory {
    /// What rose into this memory from these claims of a project, by ids: the observations of them, and the claims that rest on nothing
    /// else.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn risen_from(&self, project: &str, claims: &[Claim]) -> Result<Vec<String>> {
        let from = |o: &Observation| {
            let named = |id: &str| claims.iter().any(|c| c.id == id);
            o.kind == CLAIM && o.session == project && o.attribute(ID).is_some_and(named)
        };
        let mut risen = vec![];
        if claims.is_empty() {
            return Ok(risen);
        }
        self.transcripts().scan(Date::MIN..=Date::MAX, |o| {
            risen.extend(from(&o).then_some(o.id));
            true
        })?;
        let rests = |c: &&Claim| !c.evidence.is_empty() && c.evidence.iter().all(|id| risen.contains(id));
        let resting: Vec<String> = self.book()?.claims().filter(rests).map(|c| c.id.clone()).collect();
        risen.extend(resting);
        Ok(risen)
    }
}

/// Of what the projects know, in whatever order, what may hold wherever the user works: what he said of himself in any project, and
/// what several projects say.
pub fn rising(mut told: Vec<Told>) -> Vec<Told> {
    told.sort_by(|a, b| (a.claim.recorded, &a.project, &a.claim.id).cmp(&(b.claim.recorded, &b.project, &b.claim.id)));
    let mut nearest = Nearest::default();
    let mut alike: Vec<Vec<Told>> = vec![];
    for mut one in told {
        let near = nearest.to(&one.claim.text, NEAREST).into_iter().filter(|(.., relation)| *relation == Relation::Same);
        let same = near.filter_map(|(at, ..)| at.parse().ok()).find(|at: &usize| alike[*at][0].claim.kind == one.claim.kind);
        if let Some(at) = same {
            one.like.clone_from(&alike[at][0].like);
            alike[at].push(one);
        } else {
            nearest.add(&alike.len().to_string(), &one.claim.text);
            alike.push(vec![one]);
        }
    }
    let holds = |all: &Vec<Told>| {
        let projects: BTreeSet<&String> = all.iter().map(|t| &t.project).collect();
        projects.len() > 1 || all.iter().any(|t| t.stated && t.claim.kind == ClaimKind::User)
    };
    alike.into_iter().filter(holds).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::tests::{memory, says};
    use crate::memory::{Home, Statement};
    use kairos_core::dream::{Refusal, State};
    use kairos_core::memory::{Change, NewClaim, Operation, Status};
    use kairos_core::recall::Owner;
    use kairos_exec::redact::Redactor;
    use std::path::Path;

    const NOW: Millis = 1_780_000_000_000;

    fn says_of_himself(text: &str, kind: ClaimKind) -> Statement {
        Statement { kind, ..says(text) }
    }

    fn users(dir: &Path) -> Memory {
        let home = Home::set(dir, "", None).unwrap();
        assert_eq!(home.owner, Owner::User);
        Memory::open(home, Redactor::default()).unwrap().0
    }

    fn add(text: &str, kind: ClaimKind, evidence: Vec<String>) -> Operation {
        let new = NewClaim { kind, topic: None, text: text.into(), anchors: vec![], valid_from: None };
        Operation { change: Change::Add(new), reason: "test".into(), evidence }
    }

    #[test]
    fn what_one_project_says_of_its_work_stays_there() {
        let dir = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| memory(&dir.path().join(name)));
        a.add(says_of_himself("Use pnpm and never npm.", ClaimKind::Feedback), NOW).unwrap();
        a.add(says_of_himself("I prefer short answers.", ClaimKind::User), NOW + 1).unwrap();
        a.add(says("The service listens on port 8080."), NOW + 2).unwrap();
        let told = |memory: &Memory, name: &str| memory.about_user(name).unwrap();
        let texts = |told: Vec<Told>| rising(told).iter().map(|t| format!("{}: {}", t.project, t.claim.text)).collect::<Vec<_>>();
        assert_eq!(texts(told(&a, "a")), ["a: I prefer short answers."]);
        // The same in another project, in other words of no weight.
        b.add(says_of_himself("Use pnpm, and never npm!", ClaimKind::Feedback), NOW + 3).unwrap();
        let both: Vec<Told> = told(&b, "b").into_iter().chain(told(&a, "a")).collect();
        let mut all = texts(both.clone());
        all.sort_unstable();
        assert_eq!(all, ["a: I prefer short answers.", "a: Use pnpm and never npm.", "b: Use pnpm, and never npm!"]);
        let retired = both.iter().find(|t| t.project == "b").unwrap().claim.id.clone();
        b.retire(&[retired], NOW + 4).unwrap();
        assert!(told(&b, "b").is_empty());
    }

    #[test]
    fn two_projects_make_a_fact_and_only_what_it_rests_on_is_stored() {
        let dir = tempfile::tempdir().unwrap();
        let text = "Use pnpm and never npm.";
        let projects = ["a", "b"].map(|name| memory(&dir.path().join(name)));
        for (project, name) in projects.iter().zip(["a", "b"]) {
            project.add(says_of_himself(text, ClaimKind::Feedback), NOW).unwrap();
            project.add(says_of_himself(&format!("I prefer the language {name}."), ClaimKind::User), NOW).unwrap();
        }
        let told: Vec<Told> = projects.iter().zip(["a", "b"]).flat_map(|(p, name)| p.about_user(name).unwrap()).collect();
        let users = users(&dir.path().join("user"));
        let mut night = users.begin_dream(BTreeSet::new(), Policy::default(), NOW + 9).unwrap();
        night.hear(&users, rising(told.clone()));
        let heard: Vec<(String, String)> =
            rising(told).iter().map(|t| users.transcripts().preview(t.observed())).map(|o| (o.text, o.id)).collect();
        let ids = |text: &str| heard.iter().filter(|(t, _)| t == text).map(|(_, id)| id.clone()).collect::<Vec<_>>();
        let of_projects = add("The service listens on port 8080.", ClaimKind::Project, ids(text));
        night.propose("s", vec![of_projects, add(text, ClaimKind::Feedback, ids(text))], &BTreeSet::new());
        assert_eq!(night.plan().steps[0].refusal, Some(Refusal::OfAProject));
        let id = night.plan().steps[1].touched[0].id.clone();
        let promote = Operation { change: Change::Promote { claim: id.clone() }, reason: "test".into(), evidence: vec![] };
        night.propose("s", vec![promote], &BTreeSet::new());
        assert_eq!(night.plan().steps[2].refusal, None);
        assert!(users.transcripts().days().unwrap().is_empty(), "nothing is stored before its end");
        assert_eq!(users.end_dream(night, false).unwrap().state, State::Applied);
        let why = users.why(&id).unwrap();
        assert_eq!((why.claim.status, why.evidence.len()), (Status::Fact, 2));
        assert_eq!(why.evidence.iter().map(|o| o.session.as_str()).collect::<BTreeSet<_>>(), BTreeSet::from(["a", "b"]));
        let stored = users.transcripts().since(&Default::default(), 100).unwrap().observations;
        assert!(stored.iter().all(|o| o.text == text), "{stored:?}");
    }

    #[test]
    fn one_project_alone_makes_no_fact_of_how_to_work_whoever_proposes_it() {
        let dir = tempfile::tempdir().unwrap();
        let project = memory(&dir.path().join("a"));
        project.add(says_of_himself("Use pnpm and never npm.", ClaimKind::Feedback), NOW).unwrap();
        let told = project.about_user("a").unwrap();
        let users = users(&dir.path().join("user"));
        let mut night = users.begin_dream(BTreeSet::new(), Policy::default(), NOW + 9).unwrap();
        let evidence = vec![users.transcripts().preview(told[0].observed()).id];
        night.hear(&users, told);
        night.propose("s", vec![add("Use pnpm and never npm.", ClaimKind::Feedback, evidence)], &BTreeSet::new());
        let id = night.plan().steps[0].touched[0].id.clone();
        let promote = Operation { change: Change::Promote { claim: id }, reason: "test".into(), evidence: vec![] };
        night.propose("s", vec![promote], &BTreeSet::new());
        let needed = Refusal::TooSoon { days: 1, sessions: 1, needed_days: 1, needed_sessions: 2 };
        assert_eq!(night.plan().steps[1].refusal, Some(needed));
    }
}
