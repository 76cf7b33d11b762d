//! Running cargo so that what comes out is a component, the same bytes in any folder.

use crate::toolchain::{Toolchain, cargo};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How to build.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Where the components are copied to, as `<crate name>.wasm`; none leaves them in the target folder.
    pub out: Option<PathBuf>,
    /// cargo's target folder; none is `target/guest` in the workspace, apart from native builds.
    pub target_dir: Option<PathBuf>,
    /// Refuse to change `Cargo.lock`.
    pub locked: bool,
    /// Only these crates of the workspace; empty for all.
    pub packages: Vec<String>,
}

/// A component that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The name of its crate.
    pub name: String,
    /// The folder of its crate.
    pub source: PathBuf,
    /// The `.wasm` file.
    pub file: PathBuf,
}

/// Why nothing was built. What the compiler says goes to the standard error as it comes.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no crate.
    #[error("{0} has no Cargo.toml\n  give the folder of a plugin's crate")]
    NoCrate(PathBuf),
    /// cargo didn't run.
    #[error("cargo doesn't run: {0}\n  install Rust from https://rustup.rs")]
    NoCargo(std::io::Error),
    /// cargo or the compiler failed.
    #[error("the plugin in {0} doesn't build; the errors are above")]
    Failed(PathBuf),
    /// No crate there makes a library for the host.
    #[error("{0} makes no plugin\n  its Cargo.toml needs `[lib] crate-type = [\"cdylib\"]`")]
    NoPlugin(PathBuf),
    /// The linker made a bare module.
    #[error("{0} is a core module, not a component\n  export a plugin with `kairos_plugin::detector!`, `tool!` or `buddy!`")]
    NotAComponent(PathBuf),
    /// Two crates would be written to one file.
    #[error("two crates are called {0}\n  rename one")]
    SameName(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The first bytes of every component, and of no core module.
const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

impl Toolchain {
    /// Builds all plugins of the crate or workspace in `dir`, in release mode; sorted by name. cargo's progress and the
    /// compiler's messages go to the standard error.
    pub fn build(&self, dir: &Path, options: &BuildOptions) -> Result<Vec<Built>, BuildError> {
        if !dir.join("Cargo.toml").is_file() {
            return Err(BuildError::NoCrate(dir.into()));
        }
        let dir = dir.canonicalize().map_err(io(dir))?;
        let root = workspace(&dir);
        let target_dir = options.target_dir.clone().unwrap_or_else(|| root.join("target/guest"));
        let mut command = self.command(&dir, &root);
        command.arg("--target-dir").arg(std::path::absolute(&target_dir).map_err(io(&target_dir))?);
        if options.locked {
            command.arg("--locked");
        }
        for package in &options.packages {
            command.args(["-p", package]);
        }
        tracing::debug!(?command, "building plugins");

        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(BuildError::NoCargo)?;
        let mut built = Vec::new();
        for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
            built.extend(artifact(&line.map_err(io(&dir))?));
        }
        if !child.wait().map_err(BuildError::NoCargo)?.success() {
            return Err(BuildError::Failed(dir));
        }
        if built.is_empty() {
            return Err(BuildError::NoPlugin(dir));
        }
        built.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(twice) = built.windows(2).find(|w| w[0].name == w[1].name) {
            return Err(BuildError::SameName(twice[0].name.clone()));
        }
        for plugin in &mut built {
            finish(plugin, options.out.as_deref())?;
        }
        Ok(built)
    }

    fn command(&self, dir: &Path, root: &Path) -> Command {
        let mut command = Command::new(cargo());
        command
            .current_dir(dir)
            .args(["build", "--release", "--message-format=json-render-diagnostics", "--target", self.target])
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags(root).join("\x1f"))
            // A cache in between, or a user's profile in the environment, could change the bytes.
            .env("RUSTC_WRAPPER", "")
            .env("CARGO_INCREMENTAL", "0");
        for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("CARGO_PROFILE_")) {
            command.env_remove(name);
        }
        if let Some(rustc) = &self.rustc {
            command.env("RUSTC", rustc);
        }
        if self.std_source.is_some() {
            // The compiler is a stable one; building its own standard library counts as unstable.
            command.env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_abort");
        }
        if let Some(linker) = &self.linker {
            let variable = format!("CARGO_TARGET_{}_LINKER", self.target.to_uppercase().replace('-', "_"));
            command.env(variable, &linker.program).env("PATH", linker.search_path());
        }
        command
    }

    /// Takes the machine's folders out of panic messages. Of several that match, the compiler takes the last.
    fn flags(&self, root: &Path) -> Vec<String> {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cargo")));
        let mut folders = Vec::new();
        if let Some(home) = home {
            folders.push((home.clone(), "/cargo"));
            // Named after the registry's address, which may be a mirror.
            let registries = home.join("registry/src").read_dir().into_iter().flatten().flatten();
            folders.extend(registries.map(|e| (e.path(), "/crates")));
        }
        folders.extend(self.std_source.clone().map(|s| (s, "/rust")));
        folders.push((root.to_path_buf(), "/plugins"));
        let mut flags = Vec::new();
        for (folder, name) in folders {
            let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
            for path in [Some(&folder), (real != folder).then_some(&real)].into_iter().flatten() {
                flags.push(format!("--remap-path-prefix={}={name}", path.display()));
            }
        }
        flags
    }
}

/// The folder that holds `Cargo.lock`; `dir` itself where cargo can't say.
fn workspace(dir: &Path) -> PathBuf {
    let mut command = Command::new(cargo());
    command.current_dir(dir).args(["locate-project", "--workspace", "--message-format", "plain"]);
    let found = crate::toolchain::text(&mut command).map(PathBuf::from);
    found.and_then(|p| p.parent().map(Path::to_path_buf)).unwrap_or_else(|| dir.to_path_buf())
}

/// A line of cargo's messages, if it tells of a plugin.
fn artifact(line: &str) -> Option<Built> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    let target = &message["target"];
    if !target["kind"].as_array()?.iter().any(|k| k == "cdylib") {
        return None;
    }
    let file = message["filenames"].as_array()?.iter().filter_map(|f| f.as_str()).find(|f| f.ends_with(".wasm"))?;
    Some(Built {
        name: target["name"].as_str()?.replace('_', "-"),
        source: Path::new(message["manifest_path"].as_str()?).parent()?.to_path_buf(),
        file: file.into(),
    })
}

/// Checks what the linker made, and copies it.
fn finish(plugin: &mut Built, out: Option<&Path>) -> Result<(), BuildError> {
    let bytes = std::fs::read(&plugin.file).map_err(io(&plugin.file))?;
    if !bytes.starts_with(&COMPONENT) {
        return Err(BuildError::NotAComponent(plugin.file.clone()));
    }
    if let Some(out) = out {
        std::fs::create_dir_all(out).map_err(io(out))?;
        let to = out.join(format!("{}.wasm", plugin.name));
        // Written aside and renamed, because the folder may be watched by a running process.
        let aside = out.join(format!(".{}.wasm.new", plugin.name));
        std::fs::write(&aside, bytes).map_err(io(&aside))?;
        std::fs::rename(&aside, &to).map_err(io(&to))?;
        plugin.file = to;
    }
    Ok(())
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BuildError {
    let path = path.to_path_buf();
    move |source| BuildError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_libraries_for_the_host_are_plugins() {
        let line = |kind: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/p/a/Cargo.toml",
                "target":{{"kind":["{kind}"],"name":"my_plugin"}},"filenames":["/t/my_plugin.wasm"]}}"#
            )
        };
        let built = artifact(&line("cdylib")).unwrap();
        assert_eq!((built.name.as_str(), built.source.as_path()), ("my-plugin", Path::new("/p/a")));
        assert_eq!(artifact(&line("lib")), None);
        assert_eq!(artifact("not json"), None);
    }

    #[test]
    fn a_core_module_is_refused_and_a_component_is_copied() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.wasm");
        let mut plugin = Built { name: "x".into(), source: dir.path().into(), file: file.clone() };
        std::fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
        assert!(matches!(finish(&mut plugin, None), Err(BuildError::NotAComponent(_))));
        std::fs::write(&file, COMPONENT).unwrap();
        finish(&mut plugin, Some(&dir.path().join("out"))).unwrap();
        assert_eq!(std::fs::read(dir.path().join("out/x.wasm")).unwrap(), COMPONENT);
    }
}
