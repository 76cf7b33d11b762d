//! Files that say how work is done: the user's own and the project's, with what they import by `@path`.

use kairos_core::model::Part;
use kairos_core::ports::ProjectView;
use kairos_project::Project;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Of the project, in the order in which they are read; after them all that lie in [`RULES`].
const FILES: [&str; 4] = ["AGENTS.md", "CLAUDE.md", ".claude/CLAUDE.md", "CLAUDE.local.md"];
const RULES: &str = ".claude/rules";
/// Of the user, below his home.
const USERS: &str = ".claude/CLAUDE.md";
/// Bytes of one file that are read, and of all of them.
const MAX_FILE: u32 = 24 << 10;
const MAX_ALL: usize = 64 << 10;
/// How many are read, and how deep an imported file may import others.
const MAX_FILES: usize = 40;
const MAX_DEPTH: u32 = 5;

/// All there are. `home` is the user's.
pub(super) async fn load(view: &Project, home: &Path) -> Vec<Part> {
    let own = Root::Home(home.to_owned()).follow(vec![USERS.into()]).await;
    let mut files: Vec<PathBuf> = FILES.iter().map(PathBuf::from).collect();
    if let Ok(page) = view.list_files(RULES, 1, None).await {
        files.extend(page.entries.into_iter().map(|entry| entry.path).filter(|path| path.ends_with(".md")).map(PathBuf::from));
    }
    let projects = Root::Project(view).follow(files).await;
    let own = own.into_iter().map(|(path, text)| (format!("~/{}, how the user wants work to be done", path.display()), text));
    let of_project = |(path, text): (PathBuf, String)| (format!("{}, how work is done in this project", path.display()), text);
    bounded(own.chain(projects.into_iter().map(of_project)))
}

fn bounded(files: impl Iterator<Item = (String, String)>) -> Vec<Part> {
    let (mut parts, mut room) = (Vec::new(), MAX_ALL);
    for (source, mut text) in files.filter(|(_, text)| !text.trim().is_empty()) {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(room));
        room -= text.len();
        if text.len() < whole {
            text += "\n[the rest is left out: all instructions together are too long]";
        }
        parts.push(Part::Untrusted { source, text });
        if room == 0 {
            break;
        }
    }
    parts
}

/// Where paths begin, and what they can't leave.
enum Root<'a> {
    Home(PathBuf),
    Project(&'a Project),
}

impl Root<'_> {
    /// These files and what they import, each once, where it is first named.
    async fn follow(&self, files: Vec<PathBuf>) -> Vec<(PathBuf, String)> {
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        let mut next: Vec<(PathBuf, u32)> = files.into_iter().rev().map(|path| (path, 0)).collect();
        while let Some((path, depth)) = next.pop() {
            if found.len() >= MAX_FILES || !seen.insert(path.clone()) {
                continue;
            }
            let Some(text) = self.read(&path).await else { continue };
            if depth < MAX_DEPTH {
                let imports = imports(&text).filter_map(|import| self.resolve(&path, import));
                let mut imports: Vec<(PathBuf, u32)> = imports.map(|path| (path, depth + 1)).collect();
                imports.reverse();
                next.extend(imports);
            }
            found.push((path, text));
        }
        found
    }

    async fn read(&self, path: &Path) -> Option<String> {
        let bytes = match self {
            Self::Project(view) => view.read(path.to_str()?, 0, MAX_FILE).await.ok()?,
            Self::Home(home) => {
                let file = home.join(path);
                let read = move || {
                    let mut bytes = Vec::new();
                    // A pipe would never end.
                    let is_file = file.metadata().ok()?.is_file();
                    is_file.then(|| std::fs::File::open(file).ok()?.take(MAX_FILE.into()).read_to_end(&mut bytes).ok())??;
                    Some(bytes)
                };
                tokio::task::spawn_blocking(read).await.ok()??
            }
        };
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Relative to the file that imports it. A project's file can't name what lies outside of the project.
    fn resolve(&self, file: &Path, import: &str) -> Option<PathBuf> {
        let (mut path, import) = match (self, import.strip_prefix("~/")) {
            (Self::Home(_), Some(below)) => (PathBuf::new(), below),
            (Self::Project(_), Some(_)) => return None,
            (_, None) => (file.parent()?.to_owned(), import),
        };
        for component in Path::new(import).components() {
            match component {
                Component::Normal(name) => path.push(name),
                Component::CurDir => {}
                Component::ParentDir => path.pop().then_some(())?,
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        (!path.as_os_str().is_empty()).then_some(path)
    }
}

/// Words such as `@docs/style.md` outside of code. Names of people and packages are told apart by their having no file.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    let mut in_block = false;
    let lines = text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    let outside_of_code = |line| str::split(line, '`').step_by(2).flat_map(str::split_whitespace);
    let words = lines.flat_map(outside_of_code).filter_map(|word| word.strip_prefix('@'));
    words.map(|path| path.trim_end_matches([',', ';', ':', '.', ')'])).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            std::fs::create_dir_all(dir.join(path).parent().unwrap()).unwrap();
            std::fs::write(dir.join(path), text).unwrap();
        }
    }

    async fn told(project: &Path, home: &Path) -> Vec<(String, String)> {
        let parts = load(&Project::open(project, &[]).unwrap(), home).await;
        let told = |part| match part {
            Part::Untrusted { source, text } => (source.split(',').next().unwrap().to_owned(), text),
            other => panic!("{other:?}"),
        };
        parts.into_iter().map(told).collect()
    }

    #[tokio::test]
    async fn each_file_is_read_once_with_what_it_imports_and_nothing_from_outside() {
        let (home, project) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(home.path(), &[(USERS, "Be brief. See @~/style.md"), ("style.md", "Four spaces."), ("secret", "s3cret")]);
        let claude =
            "@AGENTS.md and @docs/a.md, @~/secret @../secret @/etc/passwd `@docs/code.md`\n```\n@docs/code.md\n```\n@alice";
        write(
            project.path(),
            &[
                ("AGENTS.md", "Use tabs."),
                ("CLAUDE.md", claude),
                ("docs/a.md", "A. @b.md"),
                ("docs/b.md", "B. @./a.md @../.env"),
                ("docs/code.md", "C"),
                (".env", "KEY=1"),
                (".claude/rules/z.md", "Z"),
                (".claude/rules/z.txt", "no"),
            ],
        );
        let told = told(project.path(), home.path()).await;
        let sources: Vec<&str> = told.iter().map(|(source, _)| source.as_str()).collect();
        assert_eq!(
            sources,
            ["~/.claude/CLAUDE.md", "~/style.md", "AGENTS.md", "CLAUDE.md", "docs/a.md", "docs/b.md", ".claude/rules/z.md"]
        );
        assert!(!format!("{told:?}").contains("s3cret") && !format!("{told:?}").contains("KEY=1"));
    }

    #[tokio::test]
    async fn depth_and_size_have_bounds() {
        let (home, project) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let chain: Vec<(String, String)> =
            (0..9).map(|n| (format!("{n}.md"), format!("@{}.md {}", n + 1, "é".repeat(6000)))).collect();
        let chain: Vec<(&str, &str)> = chain.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        write(project.path(), &chain);
        write(project.path(), &[("CLAUDE.md", "@0.md")]);
        assert_eq!(told(project.path(), home.path()).await.len(), 6, "the first, and five deep");
        write(project.path(), &[("AGENTS.md", &"x".repeat(100_000))]);
        let all: usize = told(project.path(), home.path()).await.iter().map(|(_, text)| text.len()).sum();
        assert!(all < MAX_ALL + 200, "{all}");
    }
}
