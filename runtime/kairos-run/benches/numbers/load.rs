//! Loading a plugin that was compiled and described before.

use crate::bare::Bare;
use crate::plugins::{Result, component, host, load, standard_set};
use crate::report::{Row, Sample, Target, Unit};
use kairos_host::Described;
use kairos_store::UserDb;
use std::time::Instant;

const RUNS: usize = 50;
const VERSION: &str = env!("CARGO_PKG_VERSION");

pub async fn measure() -> Result<Vec<Row>> {
    let (host, cache) = host()?;
    let bare = Bare::new()?;
    let db = UserDb::open(cache.path().join("state.db")).await?;
    let mut rows = Vec::new();
    for name in standard_set()? {
        let bytes = component(&name)?;
        let plugin = load(&host, &bytes).await?;
        let described = host.describe(&plugin).await.map_err(|e| e.to_string())?;
        db.put_description(&plugin.hash, VERSION, &serde_json::to_string(&described)?).await?;
        let file = bare.precompile(&bytes)?;
        drop(plugin);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let start = Instant::now();
            let plugin = load(&host, &bytes).await?;
            let json = db.description(&plugin.hash, VERSION).await?.ok_or("the description is not cached")?;
            let described: Described = serde_json::from_str(&json)?;
            ours.push(start.elapsed());
            drop((plugin, described));
            let start = Instant::now();
            let plugin = bare.load(&file)?;
            theirs.push(start.elapsed());
            drop(plugin);
        }
        let row = Row::new("load", format!("cached load: {name}"), Unit::Time, Sample::times(&ours));
        let note = format!("{} KiB", bytes.len() >> 10);
        rows.push(row.against("bare", Sample::times(&theirs)).target(Target::AtMost(3e6)).note(note));
    }
    if rows.is_empty() { Err("the standard set is not built".into()) } else { Ok(rows) }
}
