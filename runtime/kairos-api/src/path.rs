//! Where a socket can be. The system's limit on the length of its path is short, so a long one is replaced.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Bytes of a socket's path that every unix system takes (macOS: 103, Linux: 107).
pub const MAX_SOCKET_PATH: usize = 100;

/// No place for a socket.
#[derive(Debug, thiserror::Error)]
#[error("{} is too long for a socket's path (at most {MAX_SOCKET_PATH} bytes); set KAIROS_HOME to a folder with a shorter path", .0.display())]
pub struct SocketPathError(pub PathBuf);

/// The path to use for a socket that should be at `wanted`: the same where it is short enough, else a folder of ours below
/// `XDG_RUNTIME_DIR` or the temporary folder, named by a hash of `wanted`, so that server and client find the same one.
pub fn socket_path(wanted: &Path) -> Result<PathBuf, SocketPathError> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|d| !d.is_empty()).map(PathBuf::from);
    shorten(wanted, &runtime.unwrap_or_else(std::env::temp_dir), rustix::process::getuid().as_raw())
}

/// The user's id is part of the name: in a shared temporary folder, nobody can hold the name that another user needs by accident.
/// One who does it on purpose is refused by the server, which checks the folder's owner.
fn shorten(wanted: &Path, runtime: &Path, uid: u32) -> Result<PathBuf, SocketPathError> {
    if wanted.as_os_str().len() <= MAX_SOCKET_PATH {
        return Ok(wanted.to_path_buf());
    }
    let digest = Sha256::digest(wanted.as_os_str().as_encoded_bytes());
    let hash: String = digest[..8].iter().map(|b| format!("{b:02x}")).collect();
    let short = runtime.join(format!("kairos-{uid}-{hash}")).join("s");
    if short.as_os_str().len() <= MAX_SOCKET_PATH { Ok(short) } else { Err(SocketPathError(wanted.to_path_buf())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_replaced_by_a_short_one() {
        let short = Path::new("/home/a/run/control.sock");
        assert_eq!(shorten(short, Path::new("/tmp"), 7).unwrap(), short);
        let long = PathBuf::from("/").join("x".repeat(120));
        let replaced = shorten(&long, Path::new("/tmp"), 7).unwrap();
        assert!(replaced.starts_with("/tmp") && replaced.as_os_str().len() < 60);
        assert_eq!(replaced, shorten(&long, Path::new("/tmp"), 7).unwrap());
        assert_ne!(replaced, shorten(&long.join("y"), Path::new("/tmp"), 7).unwrap());
        let error = shorten(&long, &long, 7).unwrap_err();
        assert!(error.to_string().contains("KAIROS_HOME"), "{error}");
    }
}
