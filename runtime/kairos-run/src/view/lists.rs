//! What commands print for a person: lists and pages.

use super::text::{Cell, Paint, ago, clean_lines, count, date, dim, place, plain, size, span, table, until};
use jiff::tz::TimeZone;
use kairos_api::{
    InboxItem, InboxStatus, OpenFindings, PluginInfo, PluginState, Proactive, ProactiveStatus, ProjectFile, ProjectStatus,
    ProjectTrust, Status, ToolInfo,
};
use kairos_core::finding::one_line;
use kairos_core::{Grant, Millis, Urgency};
use std::fmt::Write;

/// How to print: colours, columns, the time, the zone.
pub struct Page {
    /// Colours.
    pub paint: Paint,
    /// Columns.
    pub width: usize,
    /// What "ago" counts from.
    pub now: Millis,
    /// Of the user.
    pub zone: TimeZone,
}

impl Page {
    /// For standard output, now.
    pub fn for_stdout() -> Self {
        Self { paint: Paint::for_stdout(), width: super::text::width(), now: super::text::now(), zone: TimeZone::system() }
    }

    /// `status`.
    pub fn status(&self, s: &Status) -> String {
        let out = format!(
            "kairos-run {} runs as process {}, started {}{}, with {}\n",
            one_line(&s.version),
            s.pid,
            ago(s.started, self.now),
            s.started_by.as_deref().map(|by| format!(" by {}", one_line(by))).unwrap_or_default(),
            count(s.plugins.into(), "plugin")
        );
        let said = match s.proactive {
            ProactiveStatus { level: Proactive::All, until: None, .. } => String::new(),
            other => format!("{}\n", self.paint.bad(&self.proactive(&other))),
        };
        let disk = s.disk.as_deref().map(|d| format!("{}\n", self.paint.bad(&one_line(d)))).unwrap_or_default();
        let dreams = match self.dreaming(&s.dreams, " --user").as_str() {
            "" => String::new(),
            said => format!("\n{}\n{said}", self.paint.bold("your own memory")),
        };
        out + &said + &disk + &self.projects(&s.projects) + &dreams
    }

    /// What may be said, and until when.
    pub fn proactive(&self, s: &ProactiveStatus) -> String {
        let what = |level| match level {
            Proactive::Off => "Nothing is announced",
            Proactive::Important => "Only what is of high or critical urgency is announced",
            Proactive::All => "What is found is announced",
        };
        let until = s.until.map(|t| {
            format!(
                " until {} ({}); then `proactive` is {} again",
                until(t, self.now, &self.zone),
                ago(t, self.now),
                s.setting.as_str()
            )
        });
        format!("{}{}", what(s.level), until.unwrap_or_default())
    }

    /// `project list`.
    pub fn projects(&self, projects: &[ProjectStatus]) -> String {
        if projects.is_empty() {
            return "\nNo project is watched; `kairos-run project add DIR` adds one.\n".into();
        }
        let mut out = String::new();
        for p in projects {
            let kind = if p.git || p.error.is_some() { "" } else { " (no git repository)" };
            let _ = writeln!(out, "\n{}{}", self.paint.bold(&one_line(&p.path)), self.paint.dim(kind));
            if let Some(error) = &p.error {
                let _ = writeln!(out, "  {}", self.paint.bad(&format!("not watched: {}", one_line(error))));
                continue;
            }
            let last = p.last_tick.map_or_else(|| "none yet".into(), |t| ago(t, self.now));
            let next = p.next_tick.map_or_else(|| "one runs now".into(), |t| ago(t, self.now));
            let _ = writeln!(
                out,
                "  ticks    {}; last {last}, next {next}{}",
                p.tick,
                if p.on_battery { ", rarer on battery" } else { "" }
            );
            let _ = writeln!(out, "  open     {}", open(p.open));
            if p.paused_until.is_some() {
                let _ = writeln!(out, "  {}", self.paint.bad(&self.pause(p.paused_until)));
            }
            let reason = p.watch.reason.as_deref().map(|r| format!(": {}", one_line(r))).unwrap_or_default();
            let folders =
                if p.watch.watched_dirs > 0 { format!(", {}", count(p.watch.watched_dirs, "folder")) } else { String::new() };
            let mode = if p.watch.mode.is_empty() { "starting".into() } else { one_line(&p.watch.mode) };
            let _ = writeln!(out, "  watching {mode}{folders}{reason}");
            out += &self.dreaming(&p.dreams, "");
            if p.dropped_signals > 0 {
                let _ = writeln!(
                    out,
                    "  {}",
                    self.paint.bad(&format!("{} lost: more happened at once than fits", count(p.dropped_signals, "signal")))
                );
            }
        }
        out
    }

    /// `inbox list`.
    pub fn inbox(&self, items: &[InboxItem], only_open: bool, why: bool) -> String {
        if items.is_empty() {
            return match (only_open, why) {
                (_, true) => "Nothing was held back.\n",
                (true, false) => "Nothing is open.\n",
                (false, false) => "There are no such findings.\n",
            }
            .into();
        }
        let rows: Vec<Vec<Cell>> = items
            .iter()
            .map(|i| {
                let status = if only_open { ago(i.last_seen, self.now) } else { i.status.as_str().into() };
                let at = i.evidence.first().map(place).unwrap_or_default();
                let title = if at.is_empty() { one_line(&i.title) } else { format!("{} ({at})", one_line(&i.title)) };
                let reason = if why { i.decision.as_deref().unwrap_or_default() } else { "" };
                let mut row = vec![plain(&i.id), urgency(i.urgency), dim(status), dim(&i.plugin), plain(title)];
                row.extend(why.then(|| dim(one_line(reason))));
                row
            })
            .collect();
        let second = if only_open { "SEEN" } else { "STATUS" };
        let mut columns = vec!["ID", "URGENCY", second, "PLUGIN", "TITLE"];
        columns.extend(why.then_some("NOT ANNOUNCED BECAUSE"));
        let mut out = table(self.paint, &columns, &rows, self.width);
        out += &self.paint.dim(&format!("\nkairos-run inbox show {}\n", items[0].id));
        out
    }

    /// `inbox show`.
    pub fn item(&self, i: &InboxItem) -> String {
        let paint = self.paint;
        let mut out = format!("{} {}\n", paint.urgency(i.urgency, marker(i.urgency)), paint.bold(&one_line(&i.title)));
        let _ = writeln!(
            out,
            "{}\n",
            paint.dim(&format!("{} finding of {} in {}", i.urgency.as_str(), one_line(&i.plugin), one_line(&i.project)))
        );
        if !i.detail.trim().is_empty() {
            clean_lines(&i.detail).for_each(|line| out += &format!("{line}\n"));
            out.push('\n');
        }
        for e in &i.evidence {
            let _ = writeln!(out, "  {}", place(e));
            if !e.excerpt.is_empty() {
                let _ = writeln!(out, "      {}", paint.dim(&one_line(&e.excerpt)));
            }
        }
        if let Some(remedy) = &i.remedy {
            let _ = writeln!(out, "\n{} {}", paint.good("→"), one_line(remedy));
        }
        let _ = writeln!(out, "\n{}", paint.bold("History"));
        let seen = if i.occurrences > 1 {
            format!(", {} times in all, last {}", i.occurrences, ago(i.last_seen, self.now))
        } else {
            String::new()
        };
        let _ = writeln!(out, "  first seen {} ({}){seen}", date(i.first_seen, &self.zone), ago(i.first_seen, self.now));
        if i.times_reopened > 0 {
            let _ = writeln!(out, "  came back {} after it was resolved", count(i.times_reopened, "time"));
        }
        if let Some(why) = &i.decision {
            let _ = writeln!(
                out,
                "  {}",
                if why == "announced" { "announced".into() } else { format!("not announced: {}", one_line(why)) }
            );
        }
        let _ = writeln!(out, "  {}", self.standing(i));
        if matches!(i.status, InboxStatus::Open) {
            let _ = write!(out, "{}", paint.dim(&format!("\nkairos-run inbox accept {0} | dismiss {0} | snooze {0} 4h\n", i.id)));
        }
        out
    }

    /// Where a finding is in its life.
    pub fn standing(&self, i: &InboxItem) -> String {
        match i.status {
            InboxStatus::Open => "open".into(),
            InboxStatus::Accepted => "accepted: quiet until it is resolved".into(),
            InboxStatus::Dismissed => "dismissed: quiet unless it gets more urgent".into(),
            InboxStatus::Snoozed => i
                .snoozed_until
                .map_or_else(|| "snoozed".into(), |t| format!("snoozed until {} ({})", date(t, &self.zone), ago(t, self.now))),
            InboxStatus::Resolved => {
                let when = i.resolved_at.map(|t| format!(" {}", ago(t, self.now))).unwrap_or_default();
                let why = i.resolved_reason.as_deref().map(|r| format!(": {}", one_line(r))).unwrap_or_default();
                format!("resolved{when}{why}")
            }
        }
    }

    /// `plugin list`.
    pub fn plugins(&self, plugins: &[PluginInfo]) -> String {
        if plugins.is_empty() {
            return "There are no plugins.\n".into();
        }
        let rows: Vec<Vec<Cell>> = plugins
            .iter()
            .map(|p| {
                let kinds = p.kinds.iter().map(|k| k.as_str()).collect::<Vec<_>>().join(", ");
                let note = p.why.as_deref().filter(|_| p.state != PluginState::Running).unwrap_or(&p.summary);
                vec![plain(&p.name), dim(&p.version), plain(kinds), dim(&p.origin), state(p.state), plain(note)]
            })
            .collect();
        let mut out = table(self.paint, &["NAME", "VERSION", "KIND", "ORIGIN", "STATE", ""], &rows, self.width);
        if let Some(waiting) = plugins.iter().find(|p| p.state == PluginState::WaitingForGrant) {
            out += &self.paint.dim(&format!(
                "\nkairos-run plugin info {0}    what it asks for\nkairos-run plugin grant {0}   allow it\n",
                one_line(&waiting.name)
            ));
        }
        out
    }

    /// `project trust`, before the user decides.
    pub fn project_files(&self, offer: &ProjectTrust) -> String {
        let cell = |f: &ProjectFile| vec![plain(&f.name), plain(size(f.size)), dim(&f.content_hash), dim(&f.file)];
        let rows: Vec<Vec<Cell>> = offer.files.iter().map(cell).collect();
        let title = self.paint.bold(&one_line(&offer.project));
        format!("{title} brings {}\n\n", count(offer.files.len() as u64, "plugin"))
            + &table(self.paint, &["NAME", "SIZE", "SHA256", "FILE"], &rows, self.width)
    }

    /// `plugin info`.
    pub fn plugin(&self, p: &PluginInfo) -> String {
        let paint = self.paint;
        let mut out = format!("{} {}\n{}\n\n", paint.bold(&one_line(&p.name)), one_line(&p.version), one_line(&p.summary));
        let mut line = |name: &str, text: &str| {
            let _ = writeln!(out, "  {}  {}", paint.dim(&format!("{name:8}")), one_line(text));
        };
        let why = p.why.as_deref().map(|w| format!(": {w}")).unwrap_or_default();
        let muted = p.muted_since.map(|t| format!(", muted {}", ago(t, self.now))).unwrap_or_default();
        line("state", &format!("{}{muted}{why}", p.state.as_str()));
        line("kind", &p.kinds.iter().map(|k| k.as_str()).collect::<Vec<_>>().join(", "));
        let file = if p.file.is_empty() { "part of kairos-run" } else { &p.file };
        line("file", &format!("{file} ({}, {})", p.origin, size(p.size)));
        line("sha256", &p.content_hash);
        let f = &p.figures;
        line(
            "calls",
            &format!(
                "{}; median {}, 99% under {}; {} of memory",
                f.calls,
                micros(f.p50_us),
                micros(f.p99_us),
                size(f.memory_bytes)
            ),
        );
        if f.faults > 0 {
            let last = f.last_fault.as_deref().map(|l| format!("; the last: {l}")).unwrap_or_default();
            line("faults", &format!("{}{last}", f.faults));
        }
        if p.asked.is_empty() {
            let _ = writeln!(out, "\nIt asks for nothing.");
        } else {
            let _ = writeln!(out, "\n{}", paint.bold("Asks for"));
        }
        for r in &p.asked.0 {
            let missing = p.missing.iter().any(|m| m.capability == r.capability);
            let mark = if missing { paint.bad("✗ not granted") } else { paint.good("✓ granted") };
            let unit = if r.capability == "model" { " tokens a day" } else { "" };
            let scope = one_line(&r.scope.join(", ")) + unit;
            let _ = writeln!(out, "  {} {scope}  {mark}", paint.bold(&one_line(&r.capability)));
            if !r.reason.is_empty() {
                let _ = writeln!(out, "      {}", paint.dim(&one_line(&r.reason)));
            }
        }
        if !p.missing.is_empty() {
            out += &paint.dim(&format!("\nkairos-run plugin grant {}\n", one_line(&p.name)));
        }
        out
    }

    /// `tool list`.
    pub fn tools(&self, tools: &[ToolInfo]) -> String {
        if tools.is_empty() {
            return "There are no tools.\n".into();
        }
        let rows: Vec<Vec<Cell>> = tools
            .iter()
            .map(|t| {
                vec![plain(&t.name), dim(&t.plugin), plain(if t.read_only { "reads" } else { "changes" }), plain(&t.description)]
            })
            .collect();
        table(self.paint, &["NAME", "PLUGIN", "DOES", "DESCRIPTION"], &rows, self.width)
    }
}

/// `2 findings: 1 high, 1 normal`.
pub fn open(o: OpenFindings) -> String {
    let parts: Vec<String> = [("critical", o.critical), ("high", o.high), ("normal", o.normal), ("low", o.low)]
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(name, n)| format!("{n} {name}"))
        .collect();
    if parts.is_empty() {
        "nothing open".into()
    } else {
        format!("{} open: {}", count(o.total().into(), "finding"), parts.join(", "))
    }
}

/// What a grant allows, on one line.
pub fn granted(grant: &Grant) -> String {
    let parts: Vec<String> =
        grant.0.iter().map(|(c, scope)| format!("{} ({})", one_line(c), one_line(&scope.join(", ")))).collect();
    if parts.is_empty() { "nothing".into() } else { parts.join(", ") }
}

/// A mark that can be told apart without colours.
pub fn marker(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Low => "·",
        Urgency::Normal => "●",
        Urgency::High => "▲",
        Urgency::Critical => "‼",
    }
}

fn urgency(urgency: Urgency) -> Cell {
    Cell(
        format!("{} {}", marker(urgency), urgency.as_str()),
        match urgency {
            Urgency::Low => |p, t| p.urgency(Urgency::Low, t),
            Urgency::Normal => |p, t| p.urgency(Urgency::Normal, t),
            Urgency::High => |p, t| p.urgency(Urgency::High, t),
            Urgency::Critical => |p, t| p.urgency(Urgency::Critical, t),
        },
    )
}

fn state(state: PluginState) -> Cell {
    Cell(
        state.as_str().into(),
        match state {
            PluginState::Running => Paint::good,
            PluginState::WaitingForGrant | PluginState::Untrusted => Paint::bold,
            PluginState::Quarantined | PluginState::Refused => Paint::bad,
            PluginState::Disabled | PluginState::Overridden => Paint::dim,
        },
    )
}

fn micros(us: u64) -> String {
    match us {
        0..1000 => format!("{us} µs"),
        1000..1_000_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        _ => span(us / 1000),
    }
}
