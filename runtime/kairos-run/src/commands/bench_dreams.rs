//! `kairos-run bench dreams`.

use crate::cli::BenchDreams;
use crate::standard;
use crate::view;
use anyhow::{Context, Result};
use kairos_memory::dream::Policy;
use kairos_soak::bed::{Dreamer, Strategy, Workshop};
use kairos_soak::heavy::heavy;
use std::path::Path;

/// A month of dreams, or one over a lot, in a temporary folder. Answers the exit code: 1 where something is out of bounds.
pub fn dreams(args: &BenchDreams) -> Result<i32> {
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (text, well) = runtime.block_on(async {
        let workshop = Workshop { cache: folder.path().join("components"), compiler: std::env::current_exe()? };
        let mut policy = Policy::default();
        for (name, number) in &args.need {
            match name.as_str() {
                "days" => policy.days = *number,
                "sessions" => policy.sessions = *number,
                _ => policy.tool_sessions = *number,
            }
        }
        let dreamer = Dreamer::new(&workshop, &chain(args.strategies.as_deref())?, policy).await?;
        if let Some(observations) = args.observations {
            let one = heavy(&dreamer, &folder.path().join("memory"), observations, args.claims).await?;
            return anyhow::Ok((one.to_string(), one.is_well()));
        }
        let month = kairos_soak::soak(&dreamer, folder.path(), args.nights, args.seed, 1).await?;
        Ok((month.to_string(), month.faults().is_empty()))
    })?;
    view::print(&text)?;
    Ok(i32::from(!well))
}

/// The program's own strategies, or those of a folder.
fn chain(folder: Option<&Path>) -> Result<Vec<Strategy>> {
    let embedded = standard::set();
    let strategy = |name: &str| {
        let bytes = match folder.map(|folder| folder.join(format!("{name}.wasm"))) {
            Some(file) => std::fs::read(&file).with_context(|| format!("{} can't be read", file.display()))?,
            None => embedded.iter().find(|e| e.name == name).map(|e| e.bytes.to_vec()).context("no such strategy")?,
        };
        Ok(Strategy { name: name.into(), bytes })
    };
    ["consolidate", "forget"].into_iter().map(strategy).collect()
}
