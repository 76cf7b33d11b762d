//! A table, once all of it is known.

use super::flow::{Flow, Glyph};
use super::spans::spans;
use crate::view::text::columns;
use owo_colors::Style;

/// Between two columns.
const BETWEEN: usize = 2;

/// Draws the rows below each other where they fit, else cell by cell.
pub(super) fn draw(flow: &mut Flow, rows: &[String]) {
    let mut rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row)).collect();
    let sides: Vec<bool> = rows.get(1).into_iter().flatten().map(|cell| cell.ends_with(':') && !cell.starts_with(':')).collect();
    let is_table = rows.len() > 2 && rows.get(1).is_some_and(|row| row.iter().all(|cell| is_delimiter(cell)));
    if !is_table {
        for row in rows {
            line(flow, "", "", |flow| put(flow, &glyphs(&format!("| {} |", row.join(" | ")), Style::new())));
        }
        return;
    }
    rows.remove(1);
    let look = |n: usize| if n == 0 { Style::new().bold() } else { Style::new() };
    let rows: Vec<Vec<Vec<Glyph>>> =
        rows.iter().enumerate().map(|(n, row)| row.iter().map(|cell| glyphs(cell, look(n))).collect()).collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> =
        (0..count).map(|n| rows.iter().filter_map(|r| r.get(n)).map(|c| wide(c)).max().unwrap_or(0)).collect();
    if widths.iter().sum::<usize>() + BETWEEN * count.saturating_sub(1) > flow.columns {
        return one_by_one(flow, &rows);
    }
    for (n, row) in rows.iter().enumerate() {
        flow.begin_as_it_is();
        for (n, cell) in row.iter().enumerate() {
            let space = " ".repeat(widths[n] - wide(cell));
            let is_right = sides.get(n) == Some(&true);
            plainly(flow, if is_right { &space } else { "" });
            put(flow, cell);
            if n + 1 < row.len() {
                plainly(flow, if is_right { "" } else { &space });
                plainly(flow, &" ".repeat(BETWEEN));
            }
        }
        flow.end();
        if n == 0 {
            let rule: Vec<String> = widths.iter().map(|wide| "─".repeat(*wide)).collect();
            line(flow, &rule.join(&" ".repeat(BETWEEN)), "", |_| ());
        }
    }
}

/// Each cell on a line of its own, behind its column's name.
fn one_by_one(flow: &mut Flow, rows: &[Vec<Vec<Glyph>>]) {
    for row in &rows[1..] {
        for (n, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            line(flow, if n == 0 { "• " } else { "  " }, "    ", |flow| {
                if let Some(name) = rows[0].get(n).filter(|name| !name.is_empty()) {
                    put(flow, name);
                    plainly(flow, ": ");
                }
                put(flow, cell);
            });
        }
    }
}

fn line(flow: &mut Flow, first: &str, rest: &str, fill: impl FnOnce(&mut Flow)) {
    flow.begin(first, rest);
    fill(flow);
    flow.end();
}

fn put(flow: &mut Flow, text: &[Glyph]) {
    text.iter().for_each(|(c, look)| flow.put(*c, *look));
}

fn plainly(flow: &mut Flow, text: &str) {
    text.chars().for_each(|c| flow.put(c, Style::new()));
}

fn wide(text: &[Glyph]) -> usize {
    columns(&text.iter().map(|(c, _)| c).collect::<String>())
}

fn glyphs(text: &str, look: Style) -> Vec<Glyph> {
    let mut out = Vec::new();
    spans(text, ' ', look, true, &mut |c, look| out.push((c, look)));
    out
}

/// What stands between the bars; `\|` is none, nor is one within code.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let (mut all, mut cell, mut is_code) = (Vec::new(), String::new(), false);
    let mut chars = row.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'|') => cell.extend(chars.next()),
            '|' if !is_code => all.push(std::mem::take(&mut cell)),
            c => {
                is_code = if c == '`' { !is_code && chars.clone().any(|c| c == '`') } else { is_code };
                cell.push(c);
            }
        }
    }
    if !cell.trim().is_empty() {
        all.push(cell);
    }
    all.iter().map(|cell| cell.trim().replace("<br>", " ")).collect()
}

fn is_delimiter(cell: &str) -> bool {
    let bare = cell.strip_prefix(':').unwrap_or(cell);
    let bare = bare.strip_suffix(':').unwrap_or(bare);
    !bare.is_empty() && bare.bytes().all(|b| b == b'-')
}
