//! What `audit` prints.

use super::lists::Page;
use super::text::{Cell, clean_lines, count, date, dim, plain, size, table};
use kairos_core::Millis;
use kairos_core::finding::one_line;
use kairos_store::{CostRow, EgressRow};
use serde::Serialize;
use std::fmt::Write;

/// `audit cost`.
#[derive(Debug, Serialize)]
pub struct Costs {
    /// What the rows are.
    pub by: &'static str,
    /// From when on.
    pub since: Millis,
    /// In the order of their last question.
    pub rows: Vec<CostRow>,
    /// All of them.
    pub total: CostRow,
}

impl Page {
    /// `audit cost`.
    pub fn costs(&self, c: &Costs) -> String {
        if c.rows.is_empty() {
            return format!("No model was asked since {}.\n", date(c.since, &self.zone));
        }
        let number = |n: u64| plain(if n == 0 { "-".into() } else { n.to_string() });
        let row = |r: &CostRow| -> Vec<Cell> {
            let name = if r.name.is_empty() { "-" } else { r.name.as_str() };
            let money = if r.unpriced == r.questions { "?".into() } else { money(r.cost) };
            vec![
                plain(name),
                number(r.questions),
                number(r.input),
                number(r.cached),
                number(r.output),
                number(r.open),
                plain(money),
            ]
        };
        let rows: Vec<_> = c.rows.iter().chain((c.rows.len() > 1).then_some(&c.total)).map(row).collect();
        let by = c.by.to_uppercase();
        let headings = [by.as_str(), "QUESTIONS", "INPUT", "CACHED", "OUTPUT", "OPEN", "COST"];
        let mut out = table(self.paint, &headings, &rows, self.width);
        if c.total.open > 0 {
            let _ = writeln!(out, "\nOpen: tokens of questions whose end nobody knows; budgets count them as used.");
        }
        if c.total.unpriced > 0 {
            let unpriced = count(c.total.unpriced, "question");
            let _ = writeln!(out, "\n{unpriced} without a known price; `model.prices` in kairos.toml can name it.");
        }
        out
    }

    /// `audit egress`.
    pub fn egress(&self, rows: &[EgressRow]) -> String {
        if rows.is_empty() {
            return "Nothing has left this machine.\n".into();
        }
        let row = |r: &EgressRow| -> Vec<Cell> {
            let came = r.received.map_or_else(|| "-".into(), size);
            let redacted = if r.redacted == 0 { "-".into() } else { r.redacted.to_string() };
            let cells = [r.id.to_string(), date(r.at, &self.zone), r.target.clone(), size(r.bytes), came, redacted];
            let last = [plain(outcome(r)), dim(&r.why)];
            cells.iter().map(plain).chain(last).collect()
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        table(self.paint, &["ID", "WHEN", "TO", "SENT", "CAME", "REDACTED", "OUTCOME", "WHY"], &rows, self.width)
            + &self.paint.dim("kairos-run audit egress show ID\n")
    }

    /// One request, on a line.
    pub fn request(&self, r: &EgressRow) -> String {
        let came = r.received.map_or_else(String::new, |bytes| format!(", {} came back", size(bytes)));
        let redacted = if r.redacted == 0 { String::new() } else { format!(" ({} redacted)", r.redacted) };
        one_line(&format!(
            "{} {} {} to {}{redacted}: {}{came}; {}",
            r.id,
            date(r.at, &self.zone),
            size(r.bytes),
            r.target,
            outcome(r),
            r.why
        )) + "\n"
    }

    /// One request with what was sent.
    pub fn request_with_body(&self, r: &EgressRow, body: Option<&[u8]>) -> String {
        let mut out = self.paint.bold(&self.request(r)) + &self.paint.dim(&format!("sha256 {}\n\n", one_line(&r.hash)));
        match body {
            Some(body) => clean_lines(&String::from_utf8_lossy(body)).for_each(|line| out += &(line + "\n")),
            None => out += "Its body is no longer kept.\n",
        }
        out
    }
}

fn outcome(r: &EgressRow) -> String {
    r.outcome.clone().unwrap_or_else(|| "under way, or cut off".into())
}

/// `$1.23`, and `$0.000123` where that would be nothing.
fn money(millionths: u64) -> String {
    let dollars = millionths as f64 / 1e6;
    if millionths == 0 || millionths >= 100_000 { format!("${dollars:.2}") } else { format!("${dollars:.6}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::text::Paint;

    fn page() -> Page {
        Page { paint: Paint::PLAIN, width: 120, now: 0, zone: jiff::tz::TimeZone::UTC }
    }

    #[test]
    fn costs_are_summed_up() {
        let row =
            |name: &str, cost| CostRow { name: name.into(), questions: 2, input: 700, output: 60, cost, ..CostRow::default() };
        let mut costs = Costs { by: "plugin", since: 0, rows: vec![], total: CostRow::default() };
        assert_eq!(page().costs(&costs), "No model was asked since 1970-01-01 00:00.\n");
        costs.rows = vec![row("reflect", 1000), CostRow { unpriced: 2, ..row("", 0) }];
        costs.total = CostRow { questions: 4, unpriced: 2, ..row("total", 1_230_000) };
        let text = page().costs(&costs);
        let lines: Vec<_> = text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines[1..4], ["reflect 2 700 - 60 - $0.001000", "- 2 700 - 60 - ?", "total 4 700 - 60 - $1.23"]);
        assert!(text.ends_with("2 questions without a known price; `model.prices` in kairos.toml can name it.\n"), "{text}");
    }

    #[test]
    fn a_request_is_shown_without_moving_the_cursor() {
        let row = EgressRow {
            id: 3,
            at: 0,
            target: "https://x:443".into(),
            why: "a\u{1b}[2J".into(),
            bytes: 5,
            hash: "aa".into(),
            outcome: Some("200".into()),
            received: Some(2048),
            redacted: 1,
        };
        let text = page().request_with_body(&row, Some(b"{\"a\": \"\x1b[2J\"}"));
        let expected =
            "3 1970-01-01 00:00 5 B to https://x:443 (1 redacted): 200, 2 KiB came back; a[2J\nsha256 aa\n\n{\"a\": \"[2J\"}\n";
        assert_eq!(text, expected);
        assert!(page().egress(&[row]).lines().nth(1).unwrap().contains("https://x:443  5 B   2 KiB  1"));
        assert_eq!(page().egress(&[]), "Nothing has left this machine.\n");
    }
}
