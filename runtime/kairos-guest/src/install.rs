//! A compiler from Debian's packages, unpacked into a cache folder. apt checks their signatures.

use crate::toolchain::{MissingToolchain, Toolchain, text};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why the packages could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// apt doesn't know the packages.
    #[error("apt knows no package `{0}`\n  run `sudo apt-get update`, or install Rust from https://rustup.rs")]
    NoPackage(String),
    /// Neither `KAIROS_GUEST_TOOLCHAIN`, `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("there is no folder to unpack into\n  set KAIROS_GUEST_TOOLCHAIN to one")]
    NoFolder,
    /// A program failed; its last lines of errors.
    #[error("`{program}` failed: {stderr}\n  check the network connection and the room on the disk")]
    Program {
        /// Which.
        program: String,
        /// What it said.
        stderr: String,
    },
    /// A file could not be written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It was unpacked and still doesn't work.
    #[error(transparent)]
    Broken(#[from] MissingToolchain),
}

/// Finds its own place, so that the folder can be moved. The loader has to find Debian's LLVM and compiler library.
const WRAPPER: &str = "#!/bin/sh\n\
    here=$(CDPATH= cd -- \"$(dirname -- \"$0\")/..\" && pwd)\n\
    for lib in \"$here\"/root/usr/lib/*-linux-gnu*; do\n\
    \x20 LD_LIBRARY_PATH=\"$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\"\n\
    done\n\
    export LD_LIBRARY_PATH\n\
    exec \"$here/root/usr/bin/rustc\" \"$@\"\n";

/// `<cache>/kairos-run/guest-toolchain`.
fn cache() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let base = base.or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cache")))?;
    Some(base.join("kairos-run/guest-toolchain"))
}

fn chosen() -> Option<PathBuf> {
    std::env::var_os("KAIROS_GUEST_TOOLCHAIN").filter(|v| !v.is_empty()).map(PathBuf::from)
}

/// Where an unpacked toolchain may be, the one to prefer first.
pub(crate) fn folders() -> Vec<PathBuf> {
    if let Some(folder) = chosen() {
        return vec![folder];
    }
    let mut found: Vec<_> = cache().and_then(|c| c.read_dir().ok()).into_iter().flatten().flatten().map(|e| e.path()).collect();
    found.sort_by_key(|path| std::cmp::Reverse(numbers(path)));
    found
}

/// `1.96.0+dfsg1` as `[1, 96, 0, 1]`, so that 1.100 is newer than 1.96.
fn numbers(path: &Path) -> Vec<u64> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect()
}

impl Toolchain {
    /// Downloads (about 130 MB) and unpacks Debian's `rustc-web` into `$KAIROS_GUEST_TOOLCHAIN`, or a folder for its
    /// version in the user's cache. `progress` gets a line for each step. Needs no rights; at least one minute.
    pub fn install(progress: &mut dyn FnMut(&str)) -> Result<Self, InstallError> {
        let policy = text(Command::new("apt-cache").args(["policy", "rustc-web"]).env("LC_ALL", "C")).unwrap_or_default();
        let version = policy.lines().find_map(|l| l.trim().strip_prefix("Candidate: ")).filter(|v| *v != "(none)");
        let version = version.ok_or_else(|| InstallError::NoPackage("rustc-web".into()))?.to_string();
        let folder = chosen().or_else(|| cache().map(|c| c.join(&version))).ok_or(InstallError::NoFolder)?;
        let packages = packages(&version)?;

        // Only a complete folder gets the final name.
        let mut name = folder.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".new-{}", std::process::id()));
        let staging = folder.with_file_name(name);
        let result = unpack(&staging, &packages, progress).and_then(|()| {
            if folder.exists() {
                std::fs::remove_dir_all(&folder).map_err(io(&folder))?;
            }
            std::fs::rename(&staging, &folder).map_err(io(&folder))
        });
        if let Err(e) = result {
            // What is left of a failed attempt is of no use; the first error is the one to report.
            std::fs::remove_dir_all(&staging).ok();
            return Err(e);
        }
        progress(&format!("guest toolchain {version} is ready in {}", folder.display()));
        Ok(Self::find()?)
    }
}

fn unpack(staging: &Path, packages: &[String], progress: &mut dyn FnMut(&str)) -> Result<(), InstallError> {
    let (debs, root) = (staging.join("debs"), staging.join("root"));
    std::fs::create_dir_all(&debs).map_err(io(&debs))?;
    progress(&format!("downloading {} (about 130 MB)", packages.join(" ")));
    run(Command::new("apt-get").args(["-q", "download"]).args(packages).current_dir(&debs))?;
    for entry in debs.read_dir().map_err(io(&debs))? {
        let deb = entry.map_err(io(&debs))?.path();
        progress(&format!("unpacking {}", deb.file_name().unwrap_or_default().to_string_lossy()));
        run(Command::new("dpkg-deb").arg("-x").arg(&deb).arg(&root))?;
    }
    std::fs::remove_dir_all(&debs).map_err(io(&debs))?;
    let bin = staging.join("bin");
    std::fs::create_dir_all(&bin).map_err(io(&bin))?;
    let wrapper = bin.join("rustc");
    std::fs::write(&wrapper, WRAPPER).map_err(io(&wrapper))?;
    run(Command::new("chmod").arg("755").arg(&wrapper))?;
    run(Command::new(&wrapper).arg("-vV"))
}

/// The compiler, its sources, and the libraries that it names as its dependencies (their names hold versions).
fn packages(version: &str) -> Result<Vec<String>, InstallError> {
    let wanted = format!("rustc-web={version}");
    let shown = text(Command::new("apt-cache").args(["show", &wanted]).env("LC_ALL", "C")).unwrap_or_default();
    let depends = shown.lines().find_map(|l| l.strip_prefix("Depends: ")).unwrap_or_default();
    Ok(choose(version, depends, |name| shown_depends(name, version))?
        .into_iter()
        .chain([wanted, format!("rust-web-src={version}")])
        .collect())
}

fn shown_depends(name: &str, version: &str) -> String {
    let shown = text(Command::new("apt-cache").args(["show", &format!("{name}={version}")]).env("LC_ALL", "C"));
    let shown = shown.unwrap_or_default();
    shown.lines().find_map(|l| l.strip_prefix("Depends: ")).unwrap_or_default().to_string()
}

/// Follows the dependencies of our own packages, for `libstd-rust-web-…` and `libllvm…`.
fn choose(version: &str, depends: &str, more: impl Fn(&str) -> String) -> Result<Vec<String>, InstallError> {
    let names = |depends: &str| -> Vec<String> {
        let names = depends.split(',').filter_map(|d| d.split_whitespace().next());
        names.filter(|n| n.starts_with("libllvm") || n.starts_with("libstd-rust-web")).map(String::from).collect()
    };
    let mut all = names(depends);
    let mut next = 0;
    while next < all.len() {
        if all[next].starts_with("libstd-") {
            let found: Vec<_> = names(&more(&all[next])).into_iter().filter(|n| !all.contains(n)).collect();
            all.extend(found);
        }
        next += 1;
    }
    for needed in ["libllvm", "libstd-rust-web"] {
        if !all.iter().any(|n| n.starts_with(needed)) {
            return Err(InstallError::NoPackage(needed.into()));
        }
    }
    Ok(all.into_iter().map(|n| if n.starts_with("libstd-") { format!("{n}={version}") } else { n }).collect())
}

fn run(command: &mut Command) -> Result<(), InstallError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |stderr: String| InstallError::Program { program: program.clone(), stderr };
    let output = command.stdin(Stdio::null()).output().map_err(|e| failed(e.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = stderr.lines().rev().take(5).collect();
    Err(failed(lines.into_iter().rev().collect::<Vec<_>>().join("\n")))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> InstallError {
    let path = path.to_path_buf();
    move |source| InstallError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_follow_the_compilers_dependencies() {
        let depends = "libc6 (>= 2.34), libstd-rust-web-dev (= 2), libllvm22 (>= 1), zlib1g";
        let more = |name: &str| if name.ends_with("-dev") { "libstd-rust-web-1.96 (= 2), gcc".into() } else { String::new() };
        assert_eq!(choose("2", depends, more).unwrap(), ["libstd-rust-web-dev=2", "libllvm22", "libstd-rust-web-1.96=2"]);
        assert!(matches!(choose("2", "libc6", |_| String::new()), Err(InstallError::NoPackage(_))));
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers(Path::new("/x/1.100.0+dfsg1-1")) > numbers(Path::new("/x/1.96.0+dfsg1-1~deb12u2")));
    }
}
