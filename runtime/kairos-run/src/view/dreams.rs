//! What `dream` prints, and what is said of dreams elsewhere.

use super::lists::Page;
use super::text::{ago, count, dim, plain, table};
use crate::commands::dream::DreamLog;
use kairos_api::{DreamChange, DreamStatus, DreamSummary};
use kairos_core::dream::{Conflict, Dream, Reverted, State, Step, Touched, verb};
use kairos_core::finding::one_line;
use kairos_core::memory::{Claim, Status};
use std::fmt::Write;

impl Page {
    /// `dream list`. `stopped`: why none begins unasked. `user`: what names the user's own memory on a command line, where it is that.
    pub fn dreams(&self, dreams: &[DreamSummary], stopped: Option<&str>, user: &str) -> String {
        let row = |d: &DreamSummary| {
            let refused = if d.refused > 0 { format!("; {} refused", d.refused) } else { String::new() };
            vec![plain(&d.id), dim(ago(d.time, self.now)), plain(d.state.as_str()), plain(format!("{}{refused}", d.outcome))]
        };
        let mut out = if dreams.is_empty() {
            format!("There was no dream yet; `kairos-run dream now{user}` begins one.\n")
        } else {
            table(self.paint, &["DREAM", "WHEN", "STATE", ""], &dreams.iter().map(row).collect::<Vec<_>>(), self.width)
        };
        if let Some(why) = stopped {
            let _ = writeln!(out, "\n{}", self.paint.bad(&halted(why, user)));
        }
        out
    }

    /// `dream log`; `user` as in [`Page::dreams`].
    pub fn dream_log(&self, dreams: &[DreamLog], user: &str) -> String {
        if dreams.is_empty() {
            return self.dreams(&[], None, user);
        }
        let mut out = String::new();
        for DreamLog { dream, changes } in dreams {
            let head = format!(
                "{}  {}, {}: {}",
                self.paint.bold(&dream.id),
                ago(dream.time, self.now),
                dream.state.as_str(),
                dream.outcome
            );
            let _ = writeln!(out, "{head}");
            for change in changes {
                let first = one_line(change.message.lines().next().unwrap_or_default());
                let id = change.id.get(..10).unwrap_or(&change.id);
                let _ = writeln!(out, "  {}  {first}  {}", self.paint.dim(id), self.paint.dim(&one_line(&change.author)));
            }
        }
        out
    }

    /// What `status` says of a memory's dreams; nothing where there is nothing to say. `user` as in [`Page::dreams`].
    pub fn dreaming(&self, d: &DreamStatus, user: &str) -> String {
        let mut said = Vec::new();
        if d.under_way {
            said.push("one is under way".to_owned());
        }
        said.extend(
            d.last.as_ref().map(|last| format!("last {}: {}, {}", ago(last.time, self.now), last.outcome, last.state.as_str())),
        );
        match d.waiting.as_slice() {
            [] => {}
            [one] => said.push(format!("it waits for you: kairos-run dream show {one}{user}")),
            several => said.push(format!("{} wait for you: kairos-run inbox list", several.len())),
        }
        let mut out = if said.is_empty() { String::new() } else { format!("  dreams   {}\n", said.join("; ")) };
        if let Some(why) = &d.stopped {
            let _ = writeln!(out, "  {}", self.paint.bad(&halted(why, user)));
        }
        out
    }

    /// `dream show`; `user` as in [`Page::dreams`].
    pub fn dream(&self, d: &Dream, refused: bool, user: &str) -> String {
        let passed = d.passed().count();
        let by = one_line(&d.strategies.join(", "));
        let mut out =
            format!("{}  {}, {} by {by}\n", self.paint.bold(&d.id), d.state.as_str(), summary(passed, d.steps.len() - passed));
        for skipped in &d.skipped {
            let why = one_line(&format!("{} could do nothing: {}", skipped.strategy, skipped.why));
            let _ = writeln!(out, "{}", self.paint.dim(&why));
        }
        for step in d.steps.iter().filter(|s| refused || s.refusal.is_none()) {
            out += &self.step(step);
        }
        if !refused && passed < d.steps.len() {
            out += &self.paint.dim(&format!("\nkairos-run dream show {}{user} --refused\n", d.id));
        }
        match d.state {
            State::Waiting => {
                out + &self.paint.dim(&format!(
                    "\nkairos-run dream accept {0}{user}, or dream reject {0}{user}; --op N for one of them\n",
                    d.id
                ))
            }
            State::Applied => out + &self.paint.dim(&format!("\nkairos-run dream revert {}{user}\n", d.id)),
            _ => out,
        }
    }

    fn step(&self, step: &Step) -> String {
        let state = match step.state {
            State::Nothing => String::new(),
            state => format!(" ({})", state.as_str()),
        };
        let head = format!("{:>3}  {}{state}", step.number, verb(&step.operation.change));
        let mut out = format!("\n{}  {}\n", self.paint.bold(&head), one_line(&step.operation.reason));
        if let Some(refusal) = &step.refusal {
            let what = serde_json::to_string(&step.operation.change).unwrap_or_default();
            let _ = writeln!(out, "     {}", self.paint.dim(&one_line(&what)));
            let _ = writeln!(out, "     {}", self.paint.bad(&format!("refused: {}", one_line(&refusal.to_string()))));
        }
        for touched in &step.touched {
            out += &self.touched(touched);
        }
        let cited = step.operation.evidence.len();
        if cited > 0 {
            let ids = one_line(&step.operation.evidence.iter().take(3).cloned().collect::<Vec<_>>().join(", "));
            let more = if cited > 3 { format!(" and {} more", cited - 3) } else { String::new() };
            let _ = writeln!(out, "     {}", self.paint.dim(&format!("on {ids}{more}")));
        }
        out
    }

    fn touched(&self, t: &Touched) -> String {
        let line = |c: &Claim| {
            format!(
                "{}  {}{}",
                c.id,
                one_line(&c.text),
                if c.status == Status::Fact { String::new() } else { format!(" [{}]", c.status.as_str()) }
            )
        };
        let (before, after) = (t.before.as_ref().map(line), t.after.as_ref().map(line));
        if before == after {
            return format!("     {}\n", self.paint.dim(&format!("  {}", after.unwrap_or_default())));
        }
        let mut out = String::new();
        if let Some(before) = before {
            let _ = writeln!(out, "     {}", self.paint.bad(&format!("- {before}")));
        }
        if let Some(after) = after {
            let _ = writeln!(out, "     {}", self.paint.good(&format!("+ {after}")));
        }
        out
    }

    /// `dream revert`; `user` as in [`Page::dreams`].
    pub fn reverted(&self, r: &Reverted, user: &str) -> String {
        let undone = r.dream.steps.iter().filter(|s| s.state == State::Reverted).count();
        let mut out = format!("{}: {} undone\n", r.dream.id, count(undone as u64, "operation"));
        for c in &r.conflicts {
            let Conflict { id, before, dreamt, now, merged } = c;
            let _ = writeln!(out, "\n{} was changed since, and was left as it is", self.paint.bold(id));
            for (when, claim) in [("before", before), ("dreamt", dreamt), ("now", now)] {
                let text = claim
                    .as_ref()
                    .map_or_else(|| "not there".into(), |c| format!("{} [{}]", one_line(&c.text), c.status.as_str()));
                let _ = writeln!(out, "  {when:7} {text}");
            }
            if let Some(merged) = merged {
                let _ = writeln!(out, "  merged  {}", one_line(merged));
            }
        }
        if r.conflicts.iter().any(|c| c.merged.is_some()) {
            out += &self.paint.dim(&format!("\nkairos-run dream revert {}{user} --merge\n", r.dream.id));
        }
        out
    }
}

/// Why none begins unasked, and what ends that.
fn halted(why: &str, user: &str) -> String {
    format!("no dream begins by itself: {}; `kairos-run dream now{user}` or `dream use{user}` lets them", one_line(why))
}

/// What is going on, in a line.
pub fn line(change: DreamChange, why: Option<&str>, dream: Option<&DreamSummary>) -> String {
    let why = why.map(|w| format!(": {}", one_line(w))).unwrap_or_default();
    match (change, dream) {
        (DreamChange::Began, _) => format!("dreaming{why}"),
        (DreamChange::Failed, _) => format!("the dream failed{why}"),
        (DreamChange::Stopped, _) => "the dream was stopped; memory is as it was".into(),
        (DreamChange::Ended, None) => "dreamt".into(),
        (DreamChange::Ended, Some(d)) => match d.state {
            State::Nothing => format!("dreamt: {}", d.outcome),
            State::Waiting => format!("dreamt, and waits for you: {}; kairos-run dream show {}", d.outcome, d.id),
            _ => format!("dreamt: {}; kairos-run dream show {}", d.outcome, d.id),
        },
    }
}

fn summary(passed: usize, refused: usize) -> String {
    format!("{}, {refused} refused", count(passed as u64, "operation"))
}
