//! The figures of memory on public research data, which is not part of the project:
//! `cargo run --release -p kairos-memory --example bench_memory -- --data DIR [--table FILE] [--detail] [--depth N]`.

use anyhow::{Context, Result, bail};
use kairos_memory::bench::{Options, run};
use kairos_memory::recall::Table;
use std::path::PathBuf;
use std::sync::Arc;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (mut data, mut options) = (None, Options::default());
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg}: its value is missing"));
        match arg.as_str() {
            "--data" => data = Some(PathBuf::from(value()?)),
            "--table" => options.table = Some(Arc::new(Table::read(&std::fs::read(value()?)?)?)),
            "--depth" => options.depth = Some(value()?.parse()?),
            "--detail" => options.detail = true,
            other => bail!("{other}: not understood; usage: bench_memory --data DIR [--table FILE] [--detail] [--depth N]"),
        }
    }
    print!("{}", run(&data.context("--data DIR is missing: the folder with locomo/ and beam-100k/")?, &options)?);
    Ok(())
}
