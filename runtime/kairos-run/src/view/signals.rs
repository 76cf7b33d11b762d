//! What `signals` prints.

use super::lists::Page;
use super::text::{ago, count, cut, date, size};
use kairos_api::{ProjectSignals, SignalSource};
use kairos_core::Millis;
use kairos_core::finding::one_line;
use std::fmt::Write;

impl Page {
    /// `signals show`.
    pub fn signals(&self, projects: &[ProjectSignals]) -> String {
        if projects.is_empty() {
            return "No project is watched; `kairos-run project add DIR` adds one.\n".into();
        }
        let mut out = String::new();
        for p in projects {
            let _ = writeln!(out, "{}", self.paint.bold(&one_line(&p.project)));
            if p.paused_until.is_some() {
                let _ = writeln!(out, "  {}", self.paint.bad(&self.pause(p.paused_until)));
            }
            for s in &p.sources {
                out += &self.source(s);
            }
            out.push('\n');
        }
        out += &self.paint.dim("kairos-run signals pause 1h | resume; what switches a source off or on goes into kairos.toml\n");
        out
    }

    /// Until when nothing is taken in.
    pub fn pause(&self, until: Option<Millis>) -> String {
        until.map_or_else(
            || "signals are taken in".into(),
            |t| format!("paused until {} ({}): nothing is taken in", date(t, &self.zone), ago(t, self.now)),
        )
    }

    fn source(&self, s: &SignalSource) -> String {
        let mark = if s.on { self.paint.good("on ") } else { self.paint.dim("off") };
        let mut news = match &s.latest {
            Some(last) => format!("{}, last {}", count(s.told, "signal"), ago(last.time, self.now)),
            None => "no signal yet".into(),
        };
        for (number, what) in [(s.dropped, "lost"), (s.thrown_away, "not kept in a pause")] {
            if number > 0 {
                let _ = write!(news, "; {number} {what}");
            }
        }
        let mut out = format!("  {} {mark} {news}\n", self.paint.bold(&format!("{:8}", s.name)));
        for line in &s.what {
            let _ = writeln!(out, "      {}", one_line(line));
        }
        if let Some(last) = &s.latest {
            let attributes: Vec<_> = last.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let body = if last.body.is_empty() { String::new() } else { format!(" and {}", size(last.body.len() as u64)) };
            let line = one_line(&format!("last: {} {}{body}", last.kind, attributes.join(" ")));
            let _ = writeln!(out, "      {}", cut(&line, self.width.saturating_sub(6)));
        }
        let _ = writeln!(out, "      {}", self.paint.dim(&format!("{}: {}", if s.on { "off" } else { "on" }, s.switch)));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::text::Paint;
    use kairos_core::Signal;

    #[test]
    fn what_is_watched_is_said_with_its_switch() {
        let page = Page { paint: Paint::PLAIN, width: 60, now: 100_000, zone: jiff::tz::TimeZone::UTC };
        let files = SignalSource {
            name: "files".into(),
            on: true,
            what: vec!["3 folders, native\u{1b}[2J".into()],
            switch: "signals.files = false".into(),
            told: 2,
            latest: Some(Signal::new("file.modified", "files", 40_000).with("path", "a\u{202e}b").with_body("x")),
            dropped: 0,
            thrown_away: 7,
        };
        let logs = SignalSource { name: "logs".into(), switch: "signals.logs = […]".into(), ..SignalSource::default() };
        let sources = vec![files, logs];
        let shown = page.signals(&[ProjectSignals { project: "/p".into(), paused_until: Some(160_000), sources }]);
        let expected = "/p\n  paused until 1970-01-01 00:02 (in 1 min): nothing is taken in\n  \
            files    on  2 signals, last 1 min ago; 7 not kept in a pause\n      3 folders, native[2J\n      \
            last: file.modified path=ab and 1 B\n      off: signals.files = false\n  \
            logs     off no signal yet\n      on: signals.logs = […]\n\n";
        assert!(shown.starts_with(expected), "{shown}");
        assert!(page.signals(&[]).contains("project add"));
    }
}
