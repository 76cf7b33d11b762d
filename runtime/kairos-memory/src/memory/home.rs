//! Where a memory lies: in a folder of ours, or in one that another tool keeps, with our ledger and history outside it.

use super::{Error, Result};
use crate::vault::{Digest, Places};
use kairos_core::recall::Owner;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// The folders of one memory.
#[derive(Debug, Clone)]
pub struct Home {
    /// The files that a person reads, what is private about them, and their history.
    pub places: Places,
    /// The folder of transcripts.
    pub transcripts: PathBuf,
    /// The full-text index, which can be made anew.
    pub index: PathBuf,
    /// The folder belongs to another tool: what appears in it is that tool's word, not the user's.
    pub foreign: bool,
    /// Whose memory it is.
    pub owner: Owner,
}

/// Names that tell that a folder is another agent's workspace: its notes lie in a folder below.
const WORKSPACE: [&str; 3] = ["AGENTS.md", "SOUL.md", "HEARTBEAT.md"];
/// That folder.
const NOTES: &str = "memory";

impl Home {
    /// Everything below one folder of ours, as DESIGN draws it.
    pub fn within(data: &Path) -> Self {
        let places = Places::within(data.join("memory"));
        Self { places, transcripts: data.join("transcripts"), index: data.join("index"), foreign: false, owner: Owner::Project }
    }

    /// As the setting says: nothing for our own folder, `claude`, or a folder, relative to the project's `root`; the user's own memory
    /// where there is none. All else stays below `data`, for each folder apart.
    ///
    /// # Errors
    /// Where the setting names no folder that could be used.
    pub fn set(data: &Path, setting: &str, root: Option<&Path>) -> Result<Self> {
        let owner = if root.is_some() { Owner::Project } else { Owner::User };
        Ok(Self { owner, ..Self::place(data, setting, root)? })
    }

    fn place(data: &Path, setting: &str, root: Option<&Path>) -> Result<Self> {
        let key = if root.is_some() { "memory.dir" } else { "memory.user-dir" };
        let wrong = |why: &'static str| Error::Folder { key, setting: setting.to_owned(), why };
        match (setting.trim(), root) {
            ("", _) => Ok(Self::within(data)),
            ("claude", None) => Err(wrong("Claude Code keeps a memory of each project, and none of all")),
            ("claude", Some(root)) => {
                let home = claude_home().filter(|home| home.is_dir());
                let home = home.ok_or_else(|| wrong("Claude Code has no folder here; name one, or leave the setting out"))?;
                Ok(Self::lodged(data, &claude_project(&home, root).join(NOTES), None))
            }
            (folder, root) => {
                let folder = expand(folder);
                let folder = match root {
                    Some(root) => root.join(folder),
                    None if folder.is_absolute() => folder,
                    None => return Err(wrong("it must begin with / or ~/")),
                };
                let folder = real(&folder);
                if !folder.is_dir() && !folder.parent().is_some_and(Path::is_dir) {
                    return Err(wrong("there is no such folder, nor the one above it"));
                }
                if real(data).starts_with(&folder) {
                    return Err(wrong("our own data lie in it, and they have to stay outside"));
                }
                let workspace = root.is_some_and(|root| real(root) == folder)
                    || folder.join(NOTES).is_dir()
                    || WORKSPACE.iter().any(|name| folder.join(name).is_file());
                Ok(if workspace {
                    Self::lodged(data, &folder.join(NOTES), Some(folder))
                } else {
                    Self::lodged(data, &folder, None)
                })
            }
        }
    }

    /// In another tool's folder. What is ours alone is named after that folder, so that another folder begins anew.
    fn lodged(data: &Path, files: &Path, index: Option<PathBuf>) -> Self {
        let files = real(files);
        let name = Digest::of(files.as_os_str().as_encoded_bytes()).to_string();
        let own = data.join("elsewhere").join(&name[..16]);
        let places = Places { files, index, private: own.join("private"), git: own.join("history") };
        Self { places, foreign: true, ..Self::within(data) }
    }

    /// What a link in the index has before a topic's file name.
    pub(super) fn link_prefix(&self) -> String {
        let below = self.places.index.as_ref().and_then(|index| self.places.files.strip_prefix(real(index)).ok());
        below.map_or_else(String::new, |below| format!("{}/", below.display()))
    }

    /// Is anything remembered there?
    pub fn has_claims(&self) -> bool {
        self.places.private.join("claims.jsonl").exists()
    }
}

/// Where Claude Code keeps its things.
pub fn claude_home() -> Option<PathBuf> {
    let own = std::env::var_os("CLAUDE_CONFIG_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    own.or_else(|| std::env::home_dir().map(|home| home.join(".claude")))
}

/// Where it keeps the sessions that were begun in a folder.
pub fn claude_sessions(folder: &Path) -> Option<PathBuf> {
    Some(claude_folder(&claude_home()?, folder))
}

/// Its folder of a project: its memory is that of the repository that the project is in, whichever work tree of it.
fn claude_project(home: &Path, root: &Path) -> PathBuf {
    claude_folder(home, &repository(root).unwrap_or_else(|| root.to_path_buf()))
}

fn claude_folder(home: &Path, folder: &Path) -> PathBuf {
    let name: String = folder.to_string_lossy().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    home.join("projects").join(name)
}

/// The folder of the repository's main work tree.
fn repository(root: &Path) -> Option<PathBuf> {
    let top = root.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())?;
    let git = top.join(".git");
    if git.is_dir() {
        return Some(top.to_path_buf());
    }
    Some(main_tree(top, &git).unwrap_or_else(|| top.to_path_buf()))
}

/// The main work tree of the repository that a further one names. Anybody can write that into a file: it counts where the repository
/// says so, too.
fn main_tree(top: &Path, git: &Path) -> Option<PathBuf> {
    let read = |file: &Path| std::fs::read_to_string(file).ok().map(|text| text.trim().to_owned());
    let own = top.join(read(git)?.strip_prefix("gitdir:")?.trim());
    if real(Path::new(&read(&own.join("gitdir"))?)) != real(git) {
        return None;
    }
    let main = own.parent()?.parent()?;
    Some(real(if main.file_name() == Some(OsStr::new(".git")) { main.parent()? } else { main }))
}

/// `~/` is the user's home.
pub fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/").or((path == "~").then_some("")), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// A path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    let exists = plain.ancestors().find_map(|above| Some((above.canonicalize().ok()?, plain.strip_prefix(above).ok()?)));
    exists.map_or_else(|| plain.clone(), |(above, rest)| if rest == Path::new("") { above } else { above.join(rest) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_ours_stays_outside_another_tool_s_folder() {
        let dir = tempfile::tempdir().unwrap();
        let [data, root] = ["data", "project"].map(|name| real(dir.path()).join(name));
        [&data, &root].into_iter().for_each(|folder| fs::create_dir(folder).unwrap());
        assert!(!Home::set(&data, "", Some(&root)).unwrap().foreign);
        let home = Home::set(&data, "notes", Some(&root)).unwrap();
        assert_eq!((home.places.files.clone(), home.foreign), (root.join("notes"), true));
        assert!([&home.places.private, &home.places.git, &home.transcripts].iter().all(|ours| ours.starts_with(&data)));
        assert_ne!(home.places.git, Home::set(&data, "others", Some(&root)).unwrap().places.git);
        // A workspace has its index at its top and its notes below.
        let workspace = dir.path().join("w");
        fs::create_dir_all(workspace.join("memory")).unwrap();
        let home = Home::set(&data, workspace.to_str().unwrap(), None).unwrap();
        assert_eq!(home.places.index, Some(real(&workspace)));
        assert_eq!((home.places.files.clone(), home.link_prefix()), (real(&workspace).join("memory"), "memory/".to_owned()));
        for wrong in [".", "/", "a/b/c"] {
            let error = Home::set(&data, wrong, Some(dir.path())).unwrap_err().to_string();
            assert!(error.contains("memory.dir") && error.contains(wrong), "{error}");
        }
        assert!(Home::set(&data, "relative", None).is_err() && Home::set(&data, "claude", None).is_err());
    }

    #[test]
    fn a_work_tree_is_believed_where_its_repository_knows_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| real(dir.path()).join(name);
        fs::create_dir_all(at("main/.git/worktrees/w")).unwrap();
        fs::create_dir_all(at("w/sub")).unwrap();
        fs::write(at("w/.git"), format!("gitdir: {}\n", at("main/.git/worktrees/w").display())).unwrap();
        assert_eq!(repository(&at("main")), Some(at("main")));
        assert_eq!(repository(&at("w/sub")), Some(at("w")));
        fs::write(at("main/.git/worktrees/w/gitdir"), format!("{}\n", at("w/.git").display())).unwrap();
        assert_eq!(repository(&at("w/sub")), Some(at("main")));
        assert_eq!(claude_project(Path::new("/c"), &at("w")).parent(), Some(Path::new("/c/projects")));
    }
}
