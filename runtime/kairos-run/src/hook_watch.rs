//! What other agents tell through `kairos-run hook` reaches its projects.

use kairos_agent::Agent;
use kairos_memory::transcript::import::Heard;
use kairos_signals::DropFile;
use std::path::PathBuf;
use std::sync::Arc;

/// Takes in what hooks write, one JSON object a line, for as long as the file can be had; it is removed at the end.
pub async fn follow(file: PathBuf, agent: Arc<Agent>) {
    let mut dropped = match DropFile::create(&file) {
        Ok(dropped) => dropped,
        Err(e) => return tracing::warn!("hooks of other agents are not heard: {}: {e}", file.display()),
    };
    loop {
        for line in dropped.next().await.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Heard>(line) {
                Ok(heard) => agent.heard(heard).await,
                Err(e) => tracing::debug!("what a hook wrote is not taken in: {e}"),
            }
        }
    }
}
