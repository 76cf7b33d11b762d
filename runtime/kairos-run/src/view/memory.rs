//! What `memory` prints.

use super::lists::Page;
use super::text::{ago, count, cut, date, dim, plain, size, table};
use crate::commands::forget::Gone;
use crate::commands::memory::{Found, Scope, Sketch};
use kairos_core::finding::one_line;
use kairos_core::memory::{Claim, Observation, Origin, Status};
use kairos_core::ports::ClaimView;
use kairos_memory::book::OTHER_TOOL;
use kairos_memory::memory::{Forgotten, Part, Verified, Why};
use kairos_memory::transcript::Dropped;
use kairos_memory::vault::{Difference, Revision};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines of a text that stand in a list.
const SHOWN: usize = 3;
/// Observations that a list shows.
const LISTED: usize = 20;

impl Page {
    /// `memory list`.
    pub fn claims(&self, claims: &[Claim]) -> String {
        if claims.is_empty() {
            return "Nothing is remembered yet; `kairos-run memory add TEXT` states something.\n".into();
        }
        let mut topics: BTreeMap<&str, Vec<&Claim>> = BTreeMap::new();
        for claim in claims {
            topics.entry(&claim.topic).or_default().push(claim);
        }
        let mut out = String::new();
        for (topic, claims) in topics {
            let _ = writeln!(out, "{}", self.paint.bold(&format!("{topic}.md")));
            for c in claims {
                let _ = writeln!(out, "  {}  {} {}", self.paint.dim(&c.id), one_line(&c.text), self.mark(c.status));
            }
            out.push('\n');
        }
        out + &self.paint.dim("kairos-run memory why ID\n")
    }

    /// One claim.
    pub fn claim(&self, c: &Claim) -> String {
        let mut out = format!("{}  {}\n", self.paint.bold(&c.id), one_line(&c.text));
        let by = if c.author == "user" { "you".to_owned() } else { one_line(&c.author) };
        let _ = writeln!(out, "  {} in {}.md, written by {by} {}", c.status.as_str(), c.topic, ago(c.recorded, self.now));
        if let Some(until) = c.valid_to {
            let _ = writeln!(out, "  until {}", date(until, &self.zone));
        }
        for anchor in &c.anchors {
            let of = anchor.symbol.iter().chain(&anchor.quote).map(|w| format!("`{}` in ", one_line(w))).collect::<String>();
            let _ = writeln!(out, "  points at {of}{}", one_line(&anchor.path));
        }
        if !c.rivals.is_empty() {
            let _ = writeln!(out, "  see {}", c.rivals.join(", "));
        }
        out
    }

    /// `memory show`: a claim, and how often it was looked for.
    pub fn claim_view(&self, view: &ClaimView) -> String {
        let mut out = self.claim(&view.claim);
        if let Some(last) = view.last_recall {
            let _ = writeln!(out, "  found by a search {}, last {}", count(u64::from(view.recalls), "time"), ago(last, self.now));
        }
        out
    }

    /// `memory why`.
    pub fn why(&self, why: &Why) -> String {
        let mut out = self.claim(&why.claim);
        let _ = writeln!(out, "\n{}", self.paint.bold("Evidence"));
        if why.evidence.is_empty() {
            let _ = writeln!(out, "  none is left");
        }
        for o in &why.evidence {
            let _ = writeln!(out, "  {}", self.observation(o).replace('\n', "\n  ").trim_end());
        }
        if !why.gone.is_empty() {
            let _ = writeln!(
                out,
                "  {}",
                self.paint.bad(&format!("{} forgotten or lost", count(why.gone.len() as u64, "observation")))
            );
        }
        for d in &why.dropped {
            let text =
                format!("  what was seen on {} was dropped on {} by {}", d.day, date(d.time, &self.zone), one_line(&d.rule));
            let _ = writeln!(out, "{}", self.paint.dim(&text));
        }
        let _ = writeln!(out, "\n{}", self.paint.bold("History"));
        let log: Vec<Revision> = why.history.iter().map(|t| t.revision.clone()).collect();
        out + &self.revisions(&log)
    }

    /// `memory search --exact`.
    pub fn observations(&self, found: &[Observation]) -> String {
        if found.is_empty() {
            return "Nothing was found.\n".into();
        }
        found.iter().map(|o| self.observation(o)).collect()
    }

    /// When, from where, and its first lines.
    fn observation(&self, o: &Observation) -> String {
        let from = format!("{} {} from {}, {}", o.origin.as_str(), o.kind, one_line(&o.source), ago(o.time, self.now));
        let mut out = format!("{} {}\n", self.paint.dim(&o.id), self.paint.dim(&from));
        let lines: Vec<&str> = o.text.lines().filter(|line| !line.trim().is_empty()).collect();
        for line in lines.iter().take(SHOWN) {
            let _ = writeln!(out, "  {}", cut(&one_line(line), self.width.saturating_sub(4)));
        }
        if lines.len() > SHOWN {
            let _ = writeln!(out, "  {}", self.paint.dim(&format!("and {} more lines", lines.len() - SHOWN)));
        }
        out
    }

    /// `memory search`.
    pub fn found(&self, hits: &[Found]) -> String {
        if hits.is_empty() {
            return "Nothing was found.\n".into();
        }
        let mut out = String::new();
        for hit in hits {
            let what = match hit.status {
                Some(status) => {
                    let whose = if hit.scope == Scope::User { "your " } else { "" };
                    format!("{} in {whose}{}.md", status.as_str(), one_line(&hit.session))
                }
                None => format!("{} {}, {}", hit.origin.map_or("", |o| o.as_str()), one_line(&hit.kind), ago(hit.time, self.now)),
            };
            let id = if hit.status.is_some() { self.paint.bold(&hit.id) } else { self.paint.dim(&hit.id) };
            let _ = writeln!(out, "{id} {}", self.paint.dim(&what));
            for line in hit.text.lines().filter(|line| !line.trim().is_empty()).take(SHOWN) {
                let _ = writeln!(out, "  {}", cut(&one_line(line), self.width.saturating_sub(4)));
            }
        }
        out
    }

    /// `memory forget`, before it is done.
    pub fn forgotten(&self, gone: &Gone) -> String {
        let Gone { memory: f, database: d, .. } = gone;
        let mut out = self.out_of(f);
        if let Some(users) = &gone.users {
            let _ = writeln!(out, "\nin your own memory:\n{}", self.out_of(users));
        }
        let both = || [f].into_iter().chain(&gone.users);
        let elsewhere = [
            (both().map(|f| f.damaged_lines).sum(), "damaged line"),
            (d.ticks, "tick of the journal"),
            (d.findings, "finding"),
            (d.entries, "entry in the state of plugins"),
            (d.permissions, "answer to what may be done"),
            (d.conversations, "conversation with a model"),
            (gone.messages, "message that waits to be sent"),
            (gone.requests, "body of a request that was sent"),
            (gone.places_in_logs, "place in the logs"),
            (d.backups.len() as u64, "older copy of the database"),
        ];
        let also: Vec<String> = elsewhere.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} × {what}")).collect();
        if !also.is_empty() {
            let _ = writeln!(out, "\nand with it: {}", also.join(", "));
        }
        for file in both().flat_map(|f| &f.files) {
            let _ = writeln!(out, "  and what {} says of it", one_line(file));
        }
        if out.is_empty() {
            out += "Nothing holds it.\n";
        }
        let kept: usize = both().map(|f| f.kept.len()).sum();
        if kept > 0 {
            let _ = writeln!(out, "\n{} stay, because other claims rest on them", count(kept as u64, "observation"));
        }
        for aside in both().flat_map(|f| &f.aside) {
            let text = format!("{} was put aside because it was damaged, and may hold it: delete it yourself", aside.display());
            let _ = writeln!(out, "\n{}", self.paint.bad(&one_line(&text)));
        }
        let remotes: Vec<&str> = both().flat_map(|f| &f.remotes).map(String::as_str).collect();
        if !remotes.is_empty() {
            let names = one_line(&remotes.join(", "));
            let text = format!("The history has remotes ({names}). What was pushed there can't be reached from here.");
            let _ = writeln!(out, "\n{}", self.paint.bad(&text));
        }
        out + "\nNor can a backup, a snapshot of the disk, or what was sent to a channel.\n"
    }

    /// What goes out of one memory.
    fn out_of(&self, f: &Forgotten) -> String {
        let mut out: String = f.claims.iter().map(|claim| self.claim(claim)).collect();
        if !f.observations.is_empty() {
            let of = self.paint.bold(&count(f.observations.len() as u64, "observation"));
            let _ = writeln!(out, "\n{of} of the transcripts:");
            f.observations.iter().take(LISTED).for_each(|o| out += &self.observation(o));
            if f.observations.len() > LISTED {
                let _ = writeln!(out, "  and {} more", f.observations.len() - LISTED);
            }
        }
        out
    }

    /// `memory forget`, when it is done.
    pub fn left(&self, gone: &Gone) -> String {
        let mut out = "forgotten\n".to_owned();
        for file in &gone.left {
            let text = format!("{} holds it still: it is not ours to change", file.display());
            let _ = writeln!(out, "{}", self.paint.bad(&one_line(&text)));
        }
        out
    }

    /// `memory prune`.
    pub fn dropped(&self, dropped: &[Dropped], dry_run: bool) -> String {
        if dropped.is_empty() {
            return "Nothing is over memory.keep and memory.size.\n".into();
        }
        let row = |d: &Dropped| {
            let kept = if d.kept > 0 { format!("{} stay: claims rest on them", d.kept) } else { String::new() };
            vec![plain(&d.day), plain(count(d.count, "observation")), plain(size(d.bytes)), dim(&d.rule), dim(kept)]
        };
        let table = table(self.paint, &["DAY", "", "", "", ""], &dropped.iter().map(row).collect::<Vec<_>>(), self.width);
        let sum = count(dropped.iter().map(|d| d.count).sum(), "observation");
        format!("{table}{sum} {}\n", if dry_run { "would be dropped" } else { "dropped" })
    }

    /// `memory profile`.
    pub fn profile(&self, lines: &[Sketch]) -> String {
        if lines.is_empty() {
            return "Nothing is known of you yet; `kairos-run memory add --user --kind user TEXT` tells something.\n".into();
        }
        let mut out = String::new();
        for lines in lines.chunk_by(|a, b| a.line.part == b.line.part) {
            let heading = match lines[0].line.part {
                Part::Who => "Who you are",
                Part::How => "How you want to work",
                Part::Avoid => "What to avoid",
                Part::Repeat => "What to do again",
                Part::Purpose => "What the work is for",
            };
            let _ = writeln!(out, "{}", self.paint.bold(heading));
            lines.iter().for_each(|line| out += &self.sketch(line));
            out.push('\n');
        }
        out + &self.paint.dim("kairos-run memory why ID\n")
    }

    /// A claim, and the last that bears it out.
    fn sketch(&self, sketch: &Sketch) -> String {
        let why = &sketch.line.why;
        let here = if sketch.scope == Scope::Project { " in this project" } else { "" };
        let claim = format!("  {}  {} {}", self.paint.dim(&why.claim.id), one_line(&why.claim.text), self.mark(why.claim.status));
        let mut out = format!("{}\n", claim.trim_end());
        let said = why.evidence.last().map(|o| {
            let how = match o.origin {
                _ if o.source == OTHER_TOOL => "another tool wrote".to_owned(),
                Origin::User => "you said".to_owned(),
                Origin::Tool => "seen".to_owned(),
                other => format!("written by a {}", other.as_str()),
            };
            let more = why.evidence.len() - 1;
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            format!("{how} on {}{here}{more}: {}", date(o.time, &self.zone), one_line(&o.text))
        });
        let said = said.unwrap_or_else(|| "what it rested on is forgotten".into());
        let _ = writeln!(out, "            {}", self.paint.dim(&cut(&said, self.width.saturating_sub(12))));
        out
    }

    /// `memory log`.
    pub fn memory_log(&self, log: &[Revision]) -> String {
        if log.is_empty() { "Nothing was remembered yet.\n".into() } else { self.revisions(log) }
    }

    fn revisions(&self, log: &[Revision]) -> String {
        let row = |r: &Revision| {
            let first = r.message.lines().next().unwrap_or_default();
            vec![dim(r.id.get(..10).unwrap_or(&r.id)), dim(ago(r.time, self.now)), plain(&r.author), plain(one_line(first))]
        };
        table(self.paint, &["CHANGE", "WHEN", "BY", ""], &log.iter().map(row).collect::<Vec<_>>(), self.width)
    }

    /// `memory diff`: the lines of Markdown that came and went.
    pub fn memory_diff(&self, revision: &Revision, changes: &[Difference]) -> String {
        let mut out = self.revisions(std::slice::from_ref(revision));
        for change in changes.iter().filter(|c| c.path.ends_with(".md")) {
            let text = |bytes: &Option<Vec<u8>>| String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
            let (before, after) = (text(&change.before), text(&change.after));
            let _ = writeln!(out, "\n{}", self.paint.bold(&one_line(&change.path)));
            let gone = before.lines().filter(|line| !after.lines().any(|other| other == *line));
            let come = after.lines().filter(|line| !before.lines().any(|other| other == *line));
            gone.for_each(|line| out += &format!("{}\n", self.paint.bad(&format!("- {}", one_line(line)))));
            come.for_each(|line| out += &format!("{}\n", self.paint.good(&format!("+ {}", one_line(line)))));
        }
        out
    }

    /// `memory verify`.
    pub fn verified(&self, v: &Verified) -> String {
        let mut out = format!(
            "{}, {}, {} of history\n",
            count(v.claims as u64, "claim"),
            count(v.observations, "observation"),
            count(v.revisions as u64, "change")
        );
        if v.problems.is_empty() {
            out += &self.paint.good("Everything is whole.\n");
        }
        v.problems.iter().for_each(|problem| out += &format!("{} {}\n", self.paint.bad("wrong:"), one_line(problem)));
        out
    }

    /// A word behind a claim that is less than a fact.
    fn mark(&self, status: Status) -> String {
        match status {
            Status::Fact => String::new(),
            Status::Disputed | Status::Stale => self.paint.bad(status.as_str()),
            Status::Tentative | Status::Retired => self.paint.dim(status.as_str()),
        }
    }
}
