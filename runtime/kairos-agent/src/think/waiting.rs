//! A question that nobody is there to answer: it waits in the inbox, and ends by itself.
//!
//! The turn does not wait. When the user agrees, that is remembered for exactly what he was shown, and the model is woken with it.

use super::effects::shown;
use super::permits::{Permits, Wish};
use super::{TICK, Thinker};
use crate::control::internal;
use crate::inbox::Inbox;
use crate::now;
use crate::registry::SELF;
use kairos_api::{ApiResult, Event, PermissionAnswer};
use kairos_core::permission::Scope;
use kairos_core::{Evidence, Finding, Millis, Report, Urgency};
use kairos_store::{Permission, StoreError, Wanted};
use std::sync::Arc;

/// Begins the key of such an item; the question's id follows.
const QUESTION: &str = "permission:";
/// Questions that wait in a project at once, and those of one turn.
const MOST: usize = 20;
const MOST_OF_TURN: usize = 3;
/// Bytes of what would be done that the inbox shows.
const DETAIL: usize = 3500;

/// The question that an inbox item asks. A plugin may give its findings whatever keys it likes; only what we say ourselves counts.
pub(crate) fn question<'a>(plugin: &str, key: &'a str) -> Option<&'a str> {
    key.strip_prefix(QUESTION).filter(|_| plugin == SELF)
}

/// A question in the inbox.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) id: String,
    /// What is to be done, in a line.
    pub(crate) action: String,
    /// Exactly what, without secrets.
    pub(crate) preview: String,
    wanted: Wanted,
    /// The findings that the turn is about.
    about: Vec<u64>,
    pub(crate) at: Millis,
    pub(crate) until: Millis,
}

impl Waiting {
    /// The turn, or conversation, that asks.
    pub(crate) fn session(&self) -> &str {
        &self.wanted.session
    }

    /// Has nobody asked for that turn?
    pub(crate) fn is_of_tick(&self) -> bool {
        self.session().starts_with(TICK)
    }
}

/// What was answered from the inbox.
pub(super) struct Answered {
    pub(super) id: String,
    pub(super) action: String,
    pub(super) session: String,
    pub(super) about: Vec<u64>,
}

impl Permits {
    /// Puts a question into the inbox, or finds it there. None where no more may wait.
    pub(super) async fn put_off(self: &Arc<Self>, wish: &Wish, session: &str, about: &[u64]) -> Option<Waiting> {
        let wanted = wish.wanted(session);
        let at = now();
        let preview = shown(&self.redacted(&wish.preview));
        let waiting = Waiting {
            id: Self::new_id(),
            action: self.in_words(wish),
            preview,
            wanted,
            about: about.to_vec(),
            at,
            until: at + self.wait.as_millis() as Millis,
        };
        {
            let all = &mut self.open().waiting;
            if let Some(known) = all.iter().find(|w| w.wanted.whole == waiting.wanted.whole) {
                return Some(known.clone());
            }
            let of_turn = all.iter().filter(|w| w.session() == session).count();
            if self.wait.is_zero() || all.len() >= MOST || of_turn >= MOST_OF_TURN {
                return None;
            }
            all.push(waiting.clone());
        }
        let report = Report { findings: vec![finding(&waiting, &wish.rule)], ..Report::default() };
        let shown = report.validate().map_err(|e| e.to_string());
        let taken = match shown {
            Ok(report) => self.inbox.take(SELF, report, at).await.map_err(|e| e.to_string()),
            Err(e) => Err(e),
        };
        if let Err(e) = taken {
            tracing::error!("a question can't be put into the inbox: {e}");
            self.take(&waiting.id);
            return None;
        }
        let (permits, id, wait) = (Arc::downgrade(self), waiting.id.clone(), self.wait);
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            if let Some(permits) = permits.upgrade() {
                permits.lapse(&id).await;
            }
        });
        Some(waiting)
    }

    /// All that wait, the newest first.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        self.open().waiting.iter().rev().cloned().collect()
    }

    fn take(&self, id: &str) -> Option<Waiting> {
        let all = &mut self.open().waiting;
        let at = all.iter().position(|w| w.id == id)?;
        Some(all.remove(at))
    }

    fn find(&self, id: &str) -> Option<Waiting> {
        self.open().waiting.iter().find(|w| w.id == id).cloned()
    }

    /// Nobody has answered in time. That counts as a no, which the user may turn round.
    async fn lapse(&self, id: &str) {
        let Some(waiting) = self.find(id) else { return };
        let no = PermissionAnswer::default();
        let reason = format!("nobody answered in time; `kairos-run permission allow {id}` still agrees to it");
        let kept = self.remember(id, waiting.action.clone(), waiting.wanted.clone(), waiting.about.clone(), no).await;
        self.take(id);
        if let Err(e) = kept.and(end(&self.inbox, &format!("{QUESTION}{id}"), &reason).await) {
            tracing::error!("a question in the inbox can't be ended: {e}");
        }
    }

    /// The user's answer to what waits, or another answer to what he, or time, has refused. None where there is nothing of that id.
    pub(super) async fn settle(&self, id: &str, answer: PermissionAnswer) -> Result<Option<Answered>, StoreError> {
        let (action, wanted, about) = match self.find(id) {
            Some(Waiting { action, wanted, about, .. }) => (action, wanted, about),
            None => {
                let known = self.inbox.db.permissions(now()).await?.into_iter().find(|row| row.id == id && !row.allow);
                let Some(Permission { action, whole, keys, session, about, .. }) = known else { return Ok(None) };
                (action, Wanted { whole, keys, session }, about)
            }
        };
        let session = wanted.session.clone();
        self.remember(id, action.clone(), wanted, about.clone(), answer).await?;
        self.take(id);
        let reason = match answer {
            PermissionAnswer { allow: false, .. } => "you said no".into(),
            PermissionAnswer { scope: Scope::Once, .. } => "you agreed, once".into(),
            PermissionAnswer { scope, .. } => format!("you agreed ({scope}); `kairos-run permission forget {id}` takes it back"),
        };
        end(&self.inbox, &format!("{QUESTION}{id}"), &reason).await?;
        Ok(Some(Answered { id: id.into(), action, session, about }))
    }

    /// After a start: who asked what still lies in the inbox is gone.
    pub(super) async fn begin(&self) -> Result<(), StoreError> {
        end(&self.inbox, QUESTION, "kairos-run began anew; the model asks again if it still wants to").await
    }
}

impl Thinker {
    /// Before the first tick: what was asked before can't be answered any more, but what was agreed to is still to be done.
    pub(crate) async fn begin(&self) -> Result<(), StoreError> {
        self.0.permits.begin().await?;
        if self.can_wake() {
            let rows = self.0.inbox.db.permissions(now()).await?;
            let unused = rows.into_iter().filter(|r| r.allow && r.scope == Scope::Once && r.session.starts_with(TICK));
            self.state().agreed = unused.map(|row| (row.id, row.action)).collect();
        }
        Ok(())
    }

    /// The user's answer to a question of ours; false where nothing of that id waits. Where he agrees to what waited in the inbox,
    /// the model is woken: it can be done now.
    pub(crate) async fn permit(&self, id: &str, answer: PermissionAnswer) -> ApiResult<bool> {
        let permits = &self.0.permits;
        if permits.answer(id, answer) {
            return Ok(true);
        }
        let Some(answered) = permits.settle(id, answer).await.map_err(internal)? else { return Ok(false) };
        if !answer.allow {
            // Who is told no has nothing to do, and waking him would cost.
            return Ok(true);
        }
        if !answered.session.starts_with(TICK) {
            self.go_on(answered.session, answered.action);
            return Ok(true);
        }
        if self.can_wake() {
            {
                let mut state = self.state();
                state.news.extend(answered.about);
                state.agreed.push((answered.id, answered.action));
            }
            self.rouse(now());
        }
        Ok(true)
    }

    /// What waits for the user's word.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        self.0.permits.waiting()
    }
}

/// Ends items of ours whose key begins so.
async fn end(inbox: &Inbox, prefix: &str, reason: &str) -> Result<(), StoreError> {
    for item in inbox.db.expire(SELF, prefix, Millis::MAX, now(), reason).await? {
        inbox.events.send(Event::Resolved { item: Box::new(inbox.item(item)), reason: reason.into() });
    }
    Ok(())
}

fn finding(waiting: &Waiting, rule: &str) -> Finding {
    let Waiting { id, action, preview, .. } = waiting;
    let why = if rule.is_empty() { String::new() } else { format!("Asked because: {rule}\n\n") };
    let mut detail = format!("{why}{preview}");
    if detail.len() > DETAIL {
        detail.truncate(detail.floor_char_boundary(DETAIL));
        detail += &format!("\n[the rest: kairos-run permission show {id}]");
    }
    Finding {
        key: format!("{QUESTION}{id}"),
        title: format!("the model asks: may it {action}?").chars().take(120).collect(),
        detail,
        // It does not wait for long.
        urgency: Urgency::High,
        evidence: vec![Evidence {
            kind: "turn".into(),
            subject: waiting.session().to_owned(),
            line: None,
            excerpt: action[..action.floor_char_boundary(400)].into(),
        }],
        remedy: Some(format!(
            "kairos-run permission allow {id} (once; or --for day, --for always), or permission deny {id}; accepting or dismissing this \
             says the same"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_a_finding_whatever_is_to_be_done() {
        assert_eq!((question(SELF, "permission:ab"), question("mine", "permission:ab")), (Some("ab"), None));
        let waiting = Waiting {
            id: "0a1b2c3d".into(),
            action: "é".repeat(300),
            preview: "é\u{1b}[2J\n".repeat(9000),
            wanted: Wanted { session: "tick-1".into(), ..Wanted::default() },
            about: vec![],
            at: 0,
            until: 0,
        };
        let report = Report { findings: vec![finding(&waiting, "no rule allows this")], ..Report::default() };
        let checked = report.validate().unwrap();
        assert!(checked.findings[0].detail.ends_with("[the rest: kairos-run permission show 0a1b2c3d]"));
    }
}
