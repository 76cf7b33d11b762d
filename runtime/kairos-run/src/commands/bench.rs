//! `kairos-run bench`.

use crate::errors::advice;
use crate::view;
use anyhow::Result;
use kairos_memory::bench::{Options, run};
use kairos_memory::recall::Table;
use std::path::Path;

/// The figures of memory, beside what they are to reach.
pub fn memory(data: &Path, detail: bool) -> Result<()> {
    if !data.is_dir() {
        return Err(advice(format!("{} is no folder", data.display()), "`kairos-run bench memory --help` says what it holds"));
    }
    let options = Options { table: Table::embedded(), detail, ..Options::default() };
    view::print(&run(data, &options)?.to_string())
}
