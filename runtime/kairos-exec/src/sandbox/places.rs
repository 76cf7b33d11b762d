//! What a command finds around it: folders that it may read, and its environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The system's own folders. `/proc` is safe to see: of processes outside of the sandbox, Landlock shows no memory and no environment.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc",
    "/opt",
    "/nix",
    "/snap",
    "/gnu",
    "/proc",
    "/sys",
    "/dev",
    "/run/current-system",
    "/run/systemd/resolve",
    "/System",
    "/Library",
    "/private/etc",
    "/private/var/db",
    "/Applications",
];

/// Devices that may be written.
pub(super) const DEVICES: &[&str] =
    &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts"];

/// What tools of developers need from the home folder, and that holds no secrets. `~/.cargo` as a whole would.
const HOME: &[&str] = &[
    ".cargo/bin",
    ".cargo/registry",
    ".cargo/git",
    ".cargo/config.toml",
    ".cargo/env",
    ".rustup",
    ".nvm",
    ".fnm",
    ".volta",
    ".asdf",
    ".pyenv",
    ".rbenv",
    ".sdkman",
    ".deno/bin",
    ".bun/bin",
    ".local/bin",
    ".local/lib",
    ".local/share/mise",
    ".local/share/uv",
    "go",
    ".gitconfig",
    ".config/git",
    ".m2/repository",
    ".gradle/wrapper",
    ".opam",
    ".ghcup",
    ".juliaup",
    ".elan",
    ".nix-profile",
];

/// Variables that are handed on.
const VARIABLES: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOPATH",
    "GOROOT",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "RBENV_ROOT",
    "VOLTA_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// All that may be read, as far as it is there.
pub(super) fn readable(more: &[PathBuf]) -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|h| h.is_absolute() && h.parent().is_some());
    let in_home = home.iter().flat_map(|home| HOME.iter().map(move |name| home.join(name)));
    let all = SYSTEM.iter().map(PathBuf::from).chain(in_home).chain(more.iter().cloned());
    all.filter(|path| path.exists()).collect()
}

/// The environment, from a list of what is known to be harmless: no keys, no tokens, no sockets of agents.
pub(super) fn environment(temporary: &Path) -> Vec<(OsString, OsString)> {
    let known = |name: &str| VARIABLES.contains(&name) || name.starts_with("LC_");
    let ours = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(known));
    let fixed = [("TERM", "dumb"), ("PAGER", "cat"), ("GIT_PAGER", "cat"), ("GIT_TERMINAL_PROMPT", "0"), ("NO_COLOR", "1")];
    // Housekeeping would go on in the background, and be killed in the middle.
    let quiet = [("maintenance.auto", "false"), ("gc.auto", "0")].into_iter().enumerate().flat_map(|(n, (key, value))| {
        [(format!("GIT_CONFIG_KEY_{n}").into(), key.into()), (format!("GIT_CONFIG_VALUE_{n}").into(), value.into())]
    });
    let quiet = quiet.chain([("GIT_CONFIG_COUNT".into(), "2".into())]);
    let fixed = fixed.map(|(name, value)| (name.into(), value.into()));
    ours.chain(fixed).chain(quiet).chain([("TMPDIR".into(), temporary.as_os_str().into())]).collect()
}
