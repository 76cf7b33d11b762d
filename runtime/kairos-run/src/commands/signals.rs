//! `kairos-run signals` and `kairos-run ci`: what is watched, pauses, and results of CI that are brought by hand.

use crate::cli::{CiCommand, CiReportArgs, SignalsCommand};
use crate::errors::advice;
use crate::paths::Paths;
use crate::view::{self, lists::Page, text};
use anyhow::{Context, Result};
use kairos_api::{Client, PauseRequest};
use kairos_core::finding::one_line;
use kairos_signals::{CiResult, MAX_CI_FILE};
use std::io::Read;
use std::path::Path;

/// Show, pause, resume.
pub async fn signals(paths: &Paths, command: SignalsCommand) -> Result<()> {
    let client = super::client(paths).await?;
    let page = Page::for_stdout();
    let (project, until) = match command {
        SignalsCommand::Show { project, json } => {
            let name = project.as_deref().map(super::project_name);
            let projects = client.signals(name.as_deref()).await?;
            return if json.json { view::print_json(&projects) } else { view::print(&page.signals(&projects)) };
        }
        SignalsCommand::Pause { duration, project } => {
            let wait = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            (project, Some(text::now().saturating_add(wait)))
        }
        SignalsCommand::Resume { project } => (project, None),
    };
    let request = PauseRequest { project: project.as_deref().map(super::project_name), until };
    let mut out = String::new();
    for p in client.pause_signals(&request).await? {
        out += &format!("{}: {}\n", one_line(&p.project), page.pause(p.paused_until));
    }
    view::print(&out)
}

/// Brings a result of CI.
pub async fn ci(paths: &Paths, command: CiCommand) -> Result<()> {
    let CiCommand::Report(CiReportArgs { file, project, name, branch, commit, url }) = command;
    let mut bytes = Vec::new();
    let named = file.display().to_string();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_CI_FILE + 1).read_to_end(&mut bytes).context("can't read standard input")?;
    } else {
        let open = std::fs::File::open(&file).and_then(|f| f.take(MAX_CI_FILE + 1).read_to_end(&mut bytes));
        open.with_context(|| format!("can't read {named}"))?;
    }
    let mut result = CiResult::parse(&named, &bytes).map_err(|why| {
        advice(format!("{named} is no result of CI: {why}"), "JUnit XML, or JSON with `status`; `kairos-run ci report --help`")
    })?;
    let fields = [(name, &mut result.name), (branch, &mut result.branch), (commit, &mut result.commit), (url, &mut result.url)];
    for (given, field) in fields {
        *field = given.unwrap_or_else(|| std::mem::take(field));
    }
    result.summary.truncate(result.summary.floor_char_boundary(kairos_core::signal::MAX_BODY));
    let client = super::client(paths).await?;
    let project = match project {
        Some(dir) => super::project_name(&dir),
        None => innermost(&client, &std::env::current_dir().context("the current folder is gone")?).await?,
    };
    let status = client.ci_finished(&project, serde_json::to_vec(&result)?).await?;
    view::print(&format!("{}: {status}\n", one_line(&result.name)))
}

/// The watched project around a folder.
async fn innermost(client: &Client, folder: &Path) -> Result<String> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let around = client.project_list().await?.into_iter().filter(|p| p.error.is_none() && folder.starts_with(&p.path));
    let found = around.map(|p| p.path).max_by_key(String::len);
    found.ok_or_else(|| advice(format!("no watched project is around {}", folder.display()), "name one with --project DIR"))
}
