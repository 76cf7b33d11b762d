//! `kairos-run audit`: read from the database, whether or not a process runs.

use crate::cli::{AuditCommand, CostBy, EgressArgs, EgressCommand};
use crate::errors::advice;
use crate::paths::Paths;
use crate::view::audit::Costs;
use crate::view::lists::Page;
use crate::view::{self, text};
use anyhow::{Context, Result};
use kairos_store::{By, CostRow, EgressRow, UserDb};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// How often it is looked for more.
const LOOK: Duration = Duration::from_millis(300);
/// Requests that may come between two looks.
const MOST: u32 = 1000;
const DAY: u64 = 24 * 3600 * 1000;

pub async fn audit(paths: &Paths, command: AuditCommand) -> Result<()> {
    let db = UserDb::open(paths.user_db()).await?;
    match command {
        AuditCommand::Cost { by, days, json } => {
            let (name, by) = match by {
                CostBy::Day => ("day", By::Day),
                CostBy::Kind => ("kind", By::Kind),
                CostBy::Plugin => ("plugin", By::Plugin),
                CostBy::Project => ("project", By::Project),
                CostBy::Provider => ("provider", By::Provider),
                CostBy::Model => ("model", By::Model),
                CostBy::Occasion => ("occasion", By::Occasion),
            };
            let since = text::now().saturating_sub(u64::from(days) * DAY);
            let rows = db.costs(by, since).await?;
            let costs = Costs { by: name, since, total: total(&rows), rows };
            if json.json { view::print_json(&costs) } else { view::print(&Page::for_stdout().costs(&costs)) }
        }
        AuditCommand::Egress(EgressArgs { command: Some(EgressCommand::Show { id, json }), .. }) => {
            show(&db, id, json.json).await
        }
        AuditCommand::Egress(EgressArgs { follow: false, lines, json, .. }) => {
            let mut rows = db.egress(lines).await?;
            rows.reverse();
            if json.json { view::print_json(&rows) } else { view::print(&Page::for_stdout().egress(&rows)) }
        }
        AuditCommand::Egress(args) => follow(&db, args.lines, args.json.json).await,
    }
}

fn total(rows: &[CostRow]) -> CostRow {
    let sum = |of: fn(&CostRow) -> u64| rows.iter().map(of).sum();
    CostRow {
        name: "total".into(),
        questions: sum(|r| r.questions),
        input: sum(|r| r.input),
        cached: sum(|r| r.cached),
        output: sum(|r| r.output),
        open: sum(|r| r.open),
        cost: sum(|r| r.cost),
        unpriced: sum(|r| r.unpriced),
    }
}

/// Each request once, as soon as it is known how it ended.
async fn follow(db: &UserDb, lines: u32, json: bool) -> Result<()> {
    let mut shown = 0;
    let mut rows = db.egress(lines).await?;
    loop {
        let page = Page::for_stdout();
        rows.retain(|row| row.id > shown);
        rows.reverse();
        // In their order: one that is under way holds back those behind it, but not for long.
        let late = |row: &EgressRow| page.now.saturating_sub(row.at) > 10 * 60 * 1000;
        for row in rows.iter().take_while(|row| row.outcome.is_some() || late(row)) {
            shown = row.id;
            view::print(&if json { format!("{}\n", serde_json::to_string(row)?) } else { page.request(row) })?;
        }
        tokio::time::sleep(LOOK).await;
        rows = db.egress(MOST).await?;
    }
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: EgressRow,
    /// None where it is no longer kept.
    body: Option<String>,
}

async fn show(db: &UserDb, id: u64, json: bool) -> Result<()> {
    let list = "`kairos-run audit egress` lists what is known";
    let (row, body) = db.egress_body(id).await?.ok_or_else(|| advice(format!("there is no request {id}"), list))?;
    if json {
        return view::print_json(&Shown { body: body.map(|b| String::from_utf8_lossy(&b).into_owned()), row });
    }
    let mut out = std::io::stdout();
    if !out.is_terminal() {
        let gone = || advice(format!("the body of request {id} is no longer kept"), "bodies are kept for a week");
        // For a program that wants to look at them, or to check their hash.
        return out.write_all(&body.ok_or_else(gone)?).and_then(|()| out.flush()).context("can't write it");
    }
    view::print(&Page::for_stdout().request_with_body(&row, body.as_deref()))
}
