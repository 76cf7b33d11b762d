//! Where things are on this machine.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Our folders. None of them is made by asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The user's settings; need not exist.
    pub config: PathBuf,
    /// What must not be lost.
    pub data: PathBuf,
    /// What can be made again.
    pub cache: PathBuf,
    /// Lock and socket of the running process.
    pub run: PathBuf,
}

impl Paths {
    /// `KAIROS_HOME` puts all of them in one folder; else they are where the system wants them.
    pub fn from_environment() -> Result<Self> {
        match std::env::var_os("KAIROS_HOME").filter(|home| !home.is_empty()) {
            Some(home) => Self::below(home),
            None => Self::of_the_system(),
        }
    }

    fn below(home: OsString) -> Result<Self> {
        let home = std::path::absolute(home).context("KAIROS_HOME is no path")?;
        Ok(Self { config: home.join("kairos.toml"), data: home.join("data"), cache: home.join("cache"), run: home.join("run") })
    }

    fn of_the_system() -> Result<Self> {
        let dirs = directories::ProjectDirs::from("", "", "kairos-run").ok_or_else(|| {
            crate::errors::advice("your home folder can't be told", "set HOME, or KAIROS_HOME to a folder for kairos-run")
        })?;
        Ok(Self {
            config: dirs.config_dir().join("kairos.toml"),
            data: dirs.data_dir().to_path_buf(),
            cache: dirs.cache_dir().to_path_buf(),
            run: dirs.runtime_dir().map_or_else(|| dirs.data_dir().join("run"), Path::to_path_buf),
        })
    }

    /// The socket of the running process. May be too long: `kairos_api::socket_path` shortens it.
    pub fn socket(&self) -> PathBuf {
        self.run.join("control.sock")
    }

    /// Where shells tell the running process of commands; only there while one runs.
    pub fn commands(&self) -> PathBuf {
        self.run.join("commands")
    }

    /// Where hooks of other agents do; likewise.
    pub fn hooks(&self) -> PathBuf {
        self.run.join("hooks")
    }

    /// Held by the running process; holds its process id.
    pub fn lock(&self) -> PathBuf {
        self.run.join("lock")
    }

    /// What the process in the background writes down; older ones are beside it.
    pub fn log(&self) -> PathBuf {
        self.data.join("logs").join("kairos-run.log")
    }

    /// What the process in the background said before it had a log.
    pub fn start_log(&self) -> PathBuf {
        self.data.join("logs").join("start.log")
    }

    /// What the user typed in conversations.
    pub fn chat_history(&self) -> PathBuf {
        self.data.join("chat-history")
    }

    /// Reports of crashes.
    pub fn crashes(&self) -> PathBuf {
        self.data.join("crashes")
    }

    /// The user's own plugins.
    pub fn plugins(&self) -> PathBuf {
        self.data.join("plugins")
    }

    /// The user's skills for us.
    pub fn own_skills(&self) -> PathBuf {
        self.config.with_file_name("skills")
    }

    /// All folders with skills of the user's: also those that he has for another agent.
    pub fn skills(&self) -> Vec<PathBuf> {
        let others = kairos_memory::memory::claude_home().map(|home| home.join("skills"));
        std::iter::once(self.own_skills()).chain(others).collect()
    }

    /// What is kept about the user, whatever project he is in.
    pub fn user(&self) -> PathBuf {
        self.data.join("user")
    }

    /// What is kept about a project.
    pub fn project(&self, slug: &str) -> PathBuf {
        self.data.join("projects").join(slug)
    }

    /// The databases of all projects that were ever watched, by name.
    pub fn project_dbs(&self) -> Vec<PathBuf> {
        let folders = self.project("").read_dir().into_iter().flatten().flatten();
        let mut all: Vec<_> = folders.map(|e| e.path().join("state.db")).filter(|f| f.exists()).collect();
        all.sort();
        all
    }

    /// Where memories are: claims, what was observed, and the index of both, of all projects and of the user.
    pub fn memories(&self) -> Vec<PathBuf> {
        let projects = self.project("").read_dir().into_iter().flatten().flatten().map(|e| e.path());
        let all = projects.chain([self.data.join("user")]);
        all.flat_map(|owner| ["memory", "transcripts", "index"].map(|name| owner.join(name))).filter(|f| f.is_dir()).collect()
    }

    /// Compiled plugins.
    pub fn components(&self) -> PathBuf {
        self.cache.join("components")
    }

    /// What is kept for all projects.
    pub fn user_db(&self) -> PathBuf {
        self.data.join("state.db")
    }
}

/// A project's name among our data: readable, and different for different folders. `root` is canonical.
pub fn slug(root: &Path) -> String {
    let name = root.file_name().map_or_else(|| "root".into(), |n| n.to_string_lossy());
    let mut safe = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        match c {
            'a'..='z' | '0'..='9' | '_' => safe.push(c),
            _ if safe.ends_with('-') || safe.is_empty() => {}
            _ => safe.push('-'),
        }
        if safe.len() == 40 {
            break;
        }
    }
    let safe = safe.trim_end_matches('-');
    let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let hash: String = digest[..4].iter().map(|b| format!("{b:02x}")).collect();
    if safe.is_empty() { format!("project-{hash}") } else { format!("{safe}-{hash}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kairos_home_holds_everything() {
        let paths = Paths::below("/k".into()).unwrap();
        assert_eq!(paths.config, Path::new("/k/kairos.toml"));
        for inside in
            [&paths.data, &paths.cache, &paths.run, &paths.socket(), &paths.lock(), &paths.project("x"), &paths.user_db()]
        {
            assert!(inside.starts_with("/k"), "{}", inside.display());
        }
        assert!(Paths::below("relative".into()).unwrap().data.is_absolute());
    }

    #[test]
    fn a_slug_is_readable_safe_and_stable() {
        assert_eq!(slug(Path::new("/home/a/My Project!")), "my-project-aea55f0c");
        assert_ne!(slug(Path::new("/a/x")), slug(Path::new("/b/x")));
        assert!(slug(Path::new("/")).starts_with("root-"));
        assert!(slug(Path::new("/ü/日本")).starts_with("project-"));
        assert!(slug(&Path::new("/").join("x".repeat(200))).len() <= 49);
        assert!(slug(Path::new("/a/..evil")).starts_with("evil-"));
    }
}
