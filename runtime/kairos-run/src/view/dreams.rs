//! What `dream` prints.

use super::lists::Page;
use super::text::{ago, count, dim, plain, table};
use kairos_core::dream::{Dream, State, Step, Touched, verb};
use kairos_core::finding::one_line;
use kairos_core::memory::{Claim, Status};
use kairos_memory::dream::{Conflict, Reverted};
use std::fmt::Write;

impl Page {
    /// `dream list`.
    pub fn dreams(&self, dreams: &[Dream]) -> String {
        if dreams.is_empty() {
            return "There was no dream yet; `kairos-run dream now` begins one.\n".into();
        }
        let row = |d: &Dream| {
            let passed = d.passed().count();
            vec![
                plain(&d.id),
                dim(ago(d.time, self.now)),
                plain(d.state.as_str()),
                plain(summary(passed, d.steps.len() - passed)),
            ]
        };
        table(self.paint, &["DREAM", "WHEN", "STATE", ""], &dreams.iter().map(row).collect::<Vec<_>>(), self.width)
    }

    /// `dream show`.
    pub fn dream(&self, d: &Dream, refused: bool) -> String {
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
            out += &self.paint.dim(&format!("\nkairos-run dream show {} --refused\n", d.id));
        }
        match d.state {
            State::Waiting => {
                out + &self
                    .paint
                    .dim(&format!("\nkairos-run dream accept {0}, or dream reject {0}; --op N for one of them\n", d.id))
            }
            State::Applied => out + &self.paint.dim(&format!("\nkairos-run dream revert {}\n", d.id)),
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

    /// `dream revert`.
    pub fn reverted(&self, r: &Reverted) -> String {
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
            out += &self.paint.dim(&format!("\nkairos-run dream revert {} --merge\n", r.dream.id));
        }
        out
    }
}

fn summary(passed: usize, refused: usize) -> String {
    format!("{}, {refused} refused", count(passed as u64, "operation"))
}
