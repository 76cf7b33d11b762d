//! Compiled components on disk, keyed by content hash, engine version and configuration.
//!
//! What lies here is native code, and is run as such: the folder belongs to the user alone, and only what this crate's
//! own compiler wrote is looked up, by a name that nobody else chooses.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

/// The cache folder.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    dir: PathBuf,
    engine: String,
}

impl Cache {
    /// Opens the folder, or makes it for the user alone. An error says what is wrong and what to do.
    pub(crate) fn open(dir: PathBuf, engine: &Engine) -> Result<Self, String> {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        fs::create_dir_all(&dir).map_err(|e| format!("can't be made: {e}; set KAIROS_HOME to a folder of yours"))?;
        own(&dir)?;
        Ok(Self { dir, engine: format!("{:016x}", hasher.finish()) })
    }

    pub(crate) fn path(&self, hash: &str) -> PathBuf {
        self.dir.join(format!("{hash}-{}.cwasm", self.engine))
    }

    /// The compiled component of that content hash, if it is there and fits this engine.
    pub(crate) fn get(&self, engine: &Engine, hash: &str) -> Option<Component> {
        let path = self.path(hash);
        if !path.exists() {
            return None;
        }
        match self.load(engine, hash) {
            Ok(component) => Some(component),
            Err(e) => {
                tracing::warn!("{}: unusable, compiling again: {e}", path.display());
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// As [`get`](Self::get), with the reason where it can't be had.
    pub(crate) fn load(&self, engine: &Engine, hash: &str) -> wasmtime::Result<Component> {
        #[allow(unsafe_code)]
        // SAFETY: `deserialize_file` runs what the file holds. The folder was checked to be the user's own and closed to
        // others, and files come into it by `put` alone, whole or not at all.
        unsafe {
            Component::deserialize_file(engine, self.path(hash))
        }
    }

    /// Could an engine without a pool load it? Then there is nothing wrong with the file, and the component asks for more
    /// than an instance may have.
    pub(crate) fn is_sound(&self, hash: &str) -> bool {
        Engine::new(&crate::engine::code_config()).is_ok_and(|engine| self.load(&engine, hash).is_ok())
    }

    /// A path in the folder for a file that `put` will take over.
    pub(crate) fn temporary(&self) -> std::io::Result<tempfile::NamedTempFile> {
        tempfile::Builder::new().prefix(".new-").tempfile_in(&self.dir)
    }

    /// Takes over what the compiler wrote. After a crash there is the whole file or none.
    pub(crate) fn put(&self, mut compiled: tempfile::NamedTempFile, hash: &str) -> std::io::Result<()> {
        compiled.flush()?;
        compiled.as_file().sync_all()?;
        compiled.persist(self.path(hash)).map(|_| ()).map_err(|e| e.error)
    }
}

/// Makes the folder the user's alone, or says why it can't be.
#[cfg(unix)]
fn own(dir: &Path) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let meta = fs::metadata(dir).map_err(|e| e.to_string())?;
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err("belongs to another user; compiled plugins are kept in a folder of one's own: set KAIROS_HOME".into());
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(|e| format!("can't be closed to others: {e}"))
}

#[cfg(not(unix))]
fn own(_dir: &Path) -> Result<(), String> {
    Ok(())
}

/// The content hash by which plugins, grants and cache entries are known: SHA-256, in hexadecimal.
pub fn content_hash(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
