//! Which source and which compiler made which bytes.

use kairos_guest::Built;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// `lock.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Lock {
    /// By name.
    pub plugins: BTreeMap<String, Entry>,
}

/// One component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The crate's folder below the workspace.
    pub source: String,
    /// SHA-256 of everything that goes into it: its crate, the SDK, the contract, the workspace's manifest and lock.
    pub source_sha256: String,
    /// What built it.
    pub compiler: String,
    /// SHA-256 of the component.
    pub wasm_sha256: String,
    /// Bytes.
    pub size: u64,
}

impl Lock {
    /// Reads it from the folder of the components.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let path = folder.join("lock.json");
        let text = std::fs::read_to_string(&path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        serde_json::from_str(&text).map_err(|e| io::Error::other(format!("{}: {e}", path.display())))
    }

    /// Writes it there.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::write(folder.join("lock.json"), serde_json::to_string_pretty(self)? + "\n")
    }

    /// Adds what was built in the workspace `dir`.
    pub fn record(&mut self, compiler: &str, dir: &Path, built: &[Built]) -> io::Result<()> {
        let dir = dir.canonicalize()?;
        for plugin in built {
            let bytes = std::fs::read(&plugin.file)?;
            let source = plugin.source.canonicalize()?;
            let entry = Entry {
                source: source.strip_prefix(&dir).unwrap_or(&source).to_string_lossy().replace('\\', "/"),
                source_sha256: source_hash(&dir, &source)?,
                compiler: compiler.into(),
                wasm_sha256: hex(Sha256::digest(&bytes)),
                size: bytes.len() as u64,
            };
            self.plugins.insert(plugin.name.clone(), entry);
        }
        Ok(())
    }

    /// One line for each component in `folder` that does not come from the sources that `fresh` was built of.
    pub fn compare(&self, fresh: &Self, folder: &Path) -> io::Result<Vec<String>> {
        let mut problems = Vec::new();
        for (name, entry) in &fresh.plugins {
            let Some(old) = self.plugins.get(name) else {
                problems.push(format!("{name}: is not in lock.json"));
                continue;
            };
            let file = folder.join(format!("{name}.wasm"));
            let there = std::fs::read(&file).map(|b| hex(Sha256::digest(&b)));
            if there.as_ref().ok() != Some(&old.wasm_sha256) {
                problems.push(format!("{name}: {} is not the file that lock.json names", file.display()));
            } else if old.source_sha256 != entry.source_sha256 {
                problems.push(format!("{name}: the source has changed since it was built"));
            } else if old.compiler == entry.compiler && old.wasm_sha256 != entry.wasm_sha256 {
                problems.push(format!("{name}: the same compiler makes other bytes of the same source"));
            }
        }
        let gone = self.plugins.keys().filter(|n| !fresh.plugins.contains_key(*n));
        problems.extend(gone.map(|n| format!("{n}: has no source")));
        Ok(problems)
    }
}

fn source_hash(dir: &Path, source: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    for part in [source.to_path_buf(), dir.join("sdk"), dir.join("../wit"), dir.join("Cargo.toml"), dir.join("Cargo.lock")] {
        collect(&part, &mut files)?;
    }
    let mut named: Vec<_> =
        files.into_iter().map(|f| (f.strip_prefix(dir).unwrap_or(&f).to_string_lossy().replace('\\', "/"), f)).collect();
    named.sort();
    named.dedup();
    let mut hash = Sha256::new();
    for (name, file) in named {
        let bytes = std::fs::read(&file)?;
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hex(hash.finalize()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in path.read_dir()? {
            let entry = entry?;
            let name = entry.file_name();
            if name != "target" && !name.to_string_lossy().starts_with('.') {
                collect(&entry.path(), files)?;
            }
        }
    } else if path.is_file() {
        files.push(path.to_path_buf());
    }
    Ok(())
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}
