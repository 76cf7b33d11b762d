//! Which compiler, target and linker make a component on this machine.

use crate::install;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A compiler that makes components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    pub(crate) target: &'static str,
    /// The compiler, if it is not the one that cargo takes by itself.
    pub(crate) rustc: Option<PathBuf>,
    /// The component linker with the folder that holds `wasm-ld`; none where the target brings its own.
    pub(crate) linker: Option<Linker>,
    /// The standard library is built from source, which sits here.
    pub(crate) std_source: Option<PathBuf>,
    fingerprint: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Linker {
    pub(crate) program: PathBuf,
    pub(crate) path: PathBuf,
}

/// There is no toolchain that makes components; the message says what to install.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no Rust toolchain here makes WebAssembly components: {reason}\n  {remedy}")]
pub struct MissingToolchain {
    /// What was looked for.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

pub(crate) const PLAIN: &str = "wasm32-unknown-unknown";
pub(crate) const WASI: &str = "wasm32-wasip2";

impl Toolchain {
    /// Looks at the active toolchain, then at the cache folder of [`install`](Self::install). Changes nothing.
    pub fn find() -> Result<Self, MissingToolchain> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        Self::find_in(&rustc, &install::folders())
    }

    /// As [`find`](Self::find); where nothing is found and Debian's packages can be had, sets those up. `progress` gets
    /// a line for each step.
    pub fn find_or_install(progress: &mut dyn FnMut(&str)) -> Result<Self, MissingToolchain> {
        match Self::find() {
            Err(missing) if Self::can_install() => Self::install(progress)
                .map_err(|e| MissingToolchain { reason: format!("{}; {e}", missing.reason), remedy: missing.remedy }),
            found => found,
        }
    }

    /// Are the programs there that [`install`](Self::install) needs?
    pub fn can_install() -> bool {
        cfg!(target_os = "linux")
            && ["apt-get", "apt-cache", "dpkg-deb"].iter().all(|p| text(Command::new(p).arg("--version")).is_some())
    }

    pub(crate) fn find_in(rustc: &OsStr, folders: &[PathBuf]) -> Result<Self, MissingToolchain> {
        let remedy = || {
            let apt = if Self::can_install() { ", and `apt-get update` if you have no rustup" } else { "" };
            format!("run `rustup target add {WASI}`{apt}; then try again")
        };
        let missing = |reason: String| MissingToolchain { reason, remedy: remedy() };
        let own = Compiler::ask(rustc).ok_or_else(|| MissingToolchain {
            reason: format!("`{}` doesn't run", rustc.to_string_lossy()),
            remedy: format!("install Rust from https://rustup.rs, then run `rustup target add {WASI}`"),
        })?;
        let linker = own.linker();

        // Without WASI a component asks the host for nothing but the contract: the tightest sandbox.
        if own.has(rustc, PLAIN) && linker.is_some() {
            return Ok(Self::new(PLAIN, None, linker, None, &own));
        }
        if own.has(rustc, WASI) {
            return Ok(Self::new(WASI, None, None, None, &own));
        }
        let linker = linker.ok_or_else(|| missing(format!("the active one has no target {WASI} and no component linker")))?;
        for folder in folders {
            let wrapper = folder.join("bin/rustc");
            if let Some(compiler) = Compiler::ask(wrapper.as_os_str()) {
                let source = compiler.sysroot.join("lib/rustlib/src/rust");
                return Ok(Self::new(PLAIN, Some(wrapper), Some(linker), Some(source), &compiler));
            }
        }
        Err(missing(format!("the active one ({}) has neither target {WASI} nor {PLAIN}", own.release)))
    }

    fn new(
        target: &'static str,
        rustc: Option<PathBuf>,
        linker: Option<Linker>,
        std_source: Option<PathBuf>,
        compiler: &Compiler,
    ) -> Self {
        let mut parts = vec![format!("rustc {}", compiler.release), format!("LLVM {}", compiler.llvm), target.to_string()];
        if std_source.is_some() {
            parts.push("own std".into());
        }
        parts.extend(text(Command::new(cargo()).arg("--version")));
        if let Some(linker) = &linker {
            parts.extend(text(Command::new(&linker.program).arg("--version").env("PATH", linker.search_path())));
            let lld = text(Command::new(linker.path.join("wasm-ld")).arg("--version"));
            // What follows in brackets is where it was built.
            parts.extend(lld.and_then(|v| v.split(" (").next().map(String::from)));
        }
        Self { target, rustc, linker, std_source, fingerprint: parts.join(", ") }
    }

    /// Versions of everything that decides a component's bytes: the same fingerprint makes the same bytes of the same source.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The compilation target.
    pub fn target(&self) -> &str {
        self.target
    }
}

impl Linker {
    /// `PATH` with the folder of `wasm-ld` first: the component linker looks for it there.
    pub(crate) fn search_path(&self) -> OsString {
        let old = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(self.path.clone()).chain(std::env::split_paths(&old));
        std::env::join_paths(all).unwrap_or(old)
    }
}

/// The cargo that runs us, or the one in `PATH`.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What a compiler says of itself.
struct Compiler {
    release: String,
    llvm: String,
    host: String,
    sysroot: PathBuf,
}

impl Compiler {
    fn ask(rustc: &OsStr) -> Option<Self> {
        let version = text(Command::new(rustc).arg("-vV"))?;
        let field = |name: &str| version.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim().to_string());
        Some(Self {
            release: version.lines().next()?.trim_start_matches("rustc ").to_string(),
            llvm: field("LLVM version:")?,
            host: field("host:")?,
            sysroot: text(Command::new(rustc).args(["--print", "sysroot"]))?.into(),
        })
    }

    /// Is the standard library of that target installed?
    fn has(&self, rustc: &OsStr, target: &str) -> bool {
        let Some(folder) = text(Command::new(rustc).args(["--print", "target-libdir", "--target", target])) else {
            return false;
        };
        Path::new(&folder)
            .read_dir()
            .is_ok_and(|mut entries| entries.any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("libstd-"))))
    }

    fn linker(&self) -> Option<Linker> {
        let bin = self.sysroot.join("lib/rustlib").join(&self.host).join("bin");
        let linker = Linker { program: bin.join("wasm-component-ld"), path: bin.join("gcc-ld") };
        (linker.program.is_file() && linker.path.join("wasm-ld").is_file()).then_some(linker)
    }
}

/// The standard output of a program that succeeds, without the line end.
pub(crate) fn text(command: &mut Command) -> Option<String> {
    let mut tries = 0;
    let output = loop {
        match command.stdin(Stdio::null()).stderr(Stdio::null()).output() {
            // It was written a moment ago, and a process that is just being started still has it open.
            Err(e) if e.kind() == std::io::ErrorKind::ExecutableFileBusy && tries < 50 => {
                tries += 1;
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            other => break other.ok()?,
        }
    };
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_string())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A compiler that has these targets, with or without a component linker.
    fn fake(folder: &Path, targets: &[&str], linker: bool) -> OsString {
        let lib = folder.join("lib/rustlib");
        for target in targets {
            std::fs::create_dir_all(lib.join(target).join("lib")).unwrap();
            std::fs::write(lib.join(target).join("lib/libstd-1.rlib"), "").unwrap();
        }
        let script = |path: &Path, body: &str| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        if linker {
            script(&lib.join("host/bin/wasm-component-ld"), "echo component-ld 1");
            script(&lib.join("host/bin/gcc-ld/wasm-ld"), "echo LLD 1");
        }
        let dir = folder.display();
        script(
            &folder.join("bin/rustc"),
            &format!(
                "case \"$*\" in\n-vV) printf 'rustc 9.9.9 (x)\\nhost: host\\nLLVM version: 1\\n';;\n\
                 '--print sysroot') echo {dir};;\n*) echo {dir}/lib/rustlib/$4/lib;;\nesac"
            ),
        );
        folder.join("bin/rustc").into()
    }

    #[test]
    fn the_tightest_target_wins() {
        let dir = tempfile::tempdir().unwrap();
        let both = fake(&dir.path().join("a"), &[PLAIN, WASI], true);
        assert_eq!(Toolchain::find_in(&both, &[]).unwrap().target, PLAIN);
        let no_linker = fake(&dir.path().join("b"), &[PLAIN, WASI], false);
        let found = Toolchain::find_in(&no_linker, &[]).unwrap();
        assert_eq!((found.target, found.linker.is_none()), (WASI, true));
    }

    #[test]
    fn the_unpacked_packages_serve_where_no_target_is() {
        let dir = tempfile::tempdir().unwrap();
        let own = fake(&dir.path().join("own"), &[], true);
        let unpacked = dir.path().join("cache/1");
        fake(&unpacked, &[], false);
        let found = Toolchain::find_in(&own, &[dir.path().join("none"), unpacked.clone()]).unwrap();
        assert_eq!(found.rustc, Some(unpacked.join("bin/rustc")));
        assert!(found.std_source.is_some() && found.fingerprint().contains("LLD 1"));
    }

    #[test]
    fn without_any_the_error_says_what_to_install() {
        let dir = tempfile::tempdir().unwrap();
        let own = fake(dir.path(), &[], true);
        let e = Toolchain::find_in(&own, &[]).unwrap_err().to_string();
        assert!(e.contains("rustup target add wasm32-wasip2"), "{e}");
        let e = Toolchain::find_in(OsStr::new("/no/rustc"), &[]).unwrap_err().to_string();
        assert!(e.contains("rustup.rs"), "{e}");
    }
}
