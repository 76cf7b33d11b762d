//! The real host, through the imports of the component. Outside a component every call but [`log`] panics.

use crate::bindings::imports::kairos::host;
use crate::host::{Clock, Project, State};
use crate::recall::{Claim, Hit, Observation, Options, Owner, Recall};
use crate::types::{Change, Commit, Comparison, Error, FileInfo, Match, Page, Patch, Repository, SearchOptions, Shown, Version};

/// The host that runs this component.
#[derive(Debug, Clone, Copy, Default)]
pub struct Live;

impl Project for Live {
    fn read(&self, path: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error> {
        host::project::read(path, offset, length)
    }
    fn stat(&self, path: &str) -> Result<FileInfo, Error> {
        host::project::stat(path)
    }
    fn list_files(&self, path: &str, depth: u32, after: Option<&str>) -> Result<Page, Error> {
        host::project::list_files(path, depth, after)
    }
    fn search(&self, pattern: &str, options: &SearchOptions) -> Result<Vec<Match>, Error> {
        host::project::search(pattern, options)
    }
    fn git_status(&self) -> Result<Repository, Error> {
        host::git::status()
    }
    fn git_changes(&self, since: Version, max: u32) -> Result<Vec<Change>, Error> {
        host::git::changes(since, max)
    }
    fn read_at(&self, version: Version, path: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error> {
        host::git::read_at(version, path, offset, length)
    }
    fn size_at(&self, version: Version, path: &str) -> Result<u64, Error> {
        host::git::size_at(version, path)
    }
    fn git_log(&self, max: u32, path: Option<&str>) -> Result<Vec<Commit>, Error> {
        host::git::log(max, path)
    }
    fn git_diff(&self, what: Comparison, paths: &[String]) -> Result<Patch, Error> {
        host::git::diff(what, paths)
    }
    fn git_show(&self, revision: &str, paths: &[String]) -> Result<Shown, Error> {
        host::git::show(revision, paths)
    }
}

impl State for Live {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        host::state::get(key)
    }
    fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        host::state::set(key, value)
    }
    fn delete(&self, key: &str) -> Result<(), Error> {
        host::state::delete(key)
    }
    fn keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        host::state::keys(prefix)
    }
}

impl Clock for Live {
    fn now(&self) -> u64 {
        host::clock::now()
    }
    fn utc_offset(&self) -> i32 {
        host::clock::utc_offset()
    }
}

impl Recall for Live {
    fn recall(&self, query: &str, options: &Options) -> Result<Vec<Hit>, Error> {
        host::recall::search(query, *options)
    }
    fn claim(&self, owner: Owner, id: &str) -> Result<Claim, Error> {
        host::recall::get_claim(owner, id)
    }
    fn observation(&self, id: &str) -> Result<Observation, Error> {
        host::recall::get_observation(id)
    }
}

/// At most 4,096 random bytes; recorded, so that a replay sees the same.
pub fn random(count: u32) -> Vec<u8> {
    host::random::bytes(count)
}

/// Lines for the host's log, under the plugin's name: at most 1,000 a call and 4 KiB each. In a native test they go to
/// the standard error.
pub mod log {
    #[cfg(target_arch = "wasm32")]
    use crate::bindings::imports::kairos::host::log::{Level, write};

    #[cfg(not(target_arch = "wasm32"))]
    #[derive(Debug)]
    enum Level {
        Debug,
        Info,
        Warn,
        Error,
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn write(level: Level, message: &str) {
        eprintln!("{level:?}: {message}");
    }

    /// For the author of the plugin.
    pub fn debug(message: &str) {
        write(Level::Debug, message);
    }
    /// Worth knowing.
    pub fn info(message: &str) {
        write(Level::Info, message);
    }
    /// Something is odd, and the plugin went on.
    pub fn warn(message: &str) {
        write(Level::Warn, message);
    }
    /// Something failed.
    pub fn error(message: &str) {
        write(Level::Error, message);
    }
}

/// Makes panics visible: on a target without standard error their message would go nowhere.
pub(crate) fn log_panics() {
    #[cfg(target_arch = "wasm32")]
    {
        use std::sync::Once;
        static HOOK: Once = Once::new();
        HOOK.call_once(|| std::panic::set_hook(Box::new(|info| log::error(&info.to_string()))));
    }
}
