//! Builds plugins from source: `cargo run -p kairos-guest --example build_guest -- DIR --out FOLDER [--check]`.
//!
//! Beside the components it writes `lock.json`: which source and which compiler made which bytes. `--check` builds again
//! into a folder of its own and compares: bytes where the compiler is the same, source hashes otherwise.

mod lock;

use kairos_guest::{BuildOptions, Toolchain};
use lock::Lock;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool> {
    let (mut dir, mut out, mut check, mut packages) = (None, None, false, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--out" => out = arguments.next().map(PathBuf::from),
            "-p" => packages.extend(arguments.next()),
            "--check" => check = true,
            _ if dir.is_none() && !argument.starts_with('-') => dir = Some(PathBuf::from(argument)),
            other => return Err(format!("unknown argument `{other}`").into()),
        }
    }
    let (Some(dir), Some(out)) = (dir, out) else {
        return Err("usage: build_guest DIR --out FOLDER [-p CRATE]... [--check]".into());
    };
    let toolchain = Toolchain::find_or_install(&mut |line| eprintln!("{line}"))?;
    eprintln!("compiler: {}", toolchain.fingerprint());
    if check { verify(&toolchain, &dir, &out) } else { build(&toolchain, &dir, &out, packages) }
}

fn build(toolchain: &Toolchain, dir: &Path, out: &Path, packages: Vec<String>) -> Result<bool> {
    let options = BuildOptions {
        out: Some(out.into()),
        target_dir: Some(dir.join("target")),
        locked: dir.join("Cargo.lock").is_file(),
        packages,
    };
    let built = toolchain.build(dir, &options)?;
    let mut lock = if options.packages.is_empty() { Lock::default() } else { Lock::read(out).unwrap_or_default() };
    lock.record(toolchain.fingerprint(), dir, &built)?;
    lock.write(out)?;
    for plugin in &built {
        println!("{}", plugin.file.display());
    }
    Ok(true)
}

fn verify(toolchain: &Toolchain, dir: &Path, out: &Path) -> Result<bool> {
    let lock = Lock::read(out)?;
    let again = dir.join("target/check");
    let options =
        BuildOptions { out: Some(again.clone()), target_dir: Some(dir.join("target")), locked: true, packages: Vec::new() };
    let built = toolchain.build(dir, &options)?;
    let mut fresh = Lock::default();
    fresh.record(toolchain.fingerprint(), dir, &built)?;
    let problems = lock.compare(&fresh, out)?;
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() {
        eprintln!("{} plugins come from their sources", lock.plugins.len());
    } else {
        eprintln!(
            "build them again: cargo run -p kairos-guest --example build_guest -- {} --out {}",
            dir.display(),
            out.display()
        );
    }
    Ok(problems.is_empty())
}
