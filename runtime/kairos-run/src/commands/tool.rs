//! `kairos-run tool`.

use crate::cli::ToolCommand;
use crate::errors::advice;
use crate::paths::Paths;
use crate::view::{self, lists::Page, text};
use anyhow::{Context, Result};
use kairos_api::{MAX_BODY, ToolCall, ToolOutput};
use std::io::Read;
use std::process::ExitCode;

/// Lists tools, or calls one; a tool that fails makes the exit code 1.
pub async fn tool(paths: &Paths, command: ToolCommand) -> Result<ExitCode> {
    match command {
        ToolCommand::List(json) => {
            let tools = super::client(paths).await?.tool_list().await?;
            if json.json {
                view::print_json(&tools)?
            } else {
                view::print(&Page::for_stdout().tools(&tools))?
            }
            Ok(ExitCode::SUCCESS)
        }
        ToolCommand::Call { name, input, project, json } => {
            let input = if input == "-" { standard_input()? } else { input };
            let input = serde_json::from_str(&input).map_err(|e| {
                advice(format!("the input is no JSON: {e}"), r#"write an object, such as '{"path": "README.md"}'"#)
            })?;
            let project = project.as_deref().map(super::project_name);
            let output = super::client(paths).await?.tool_call(&ToolCall { tool: name, input, project }).await?;
            if json.json {
                view::print_json(&output)?
            } else {
                print(&output)?
            }
            Ok(if output.is_error { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
    }
}

fn print(output: &ToolOutput) -> Result<()> {
    text::clean_lines(&output.text).try_for_each(|line| view::print(&format!("{line}\n")))?;
    if output.truncated {
        eprintln!("(there was more)");
    }
    Ok(())
}

fn standard_input() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_BODY as u64).read_to_string(&mut text).context("can't read the standard input")?;
    Ok(text)
}
