//! What a caller's path means, before the file system is asked.

use kairos_core::ports::{MAX_READ, PortResult};
use kairos_core::{ErrorCode, PortError};

/// The longest path in bytes.
const MAX_PATH: usize = 4096;

/// The path with `.` and doubled `/` taken out; `""` is the project's folder. `..` and absolute paths are denied,
/// even where they would lead back in: what a name means must not depend on links.
pub(crate) fn normalise(path: &str) -> PortResult<String> {
    if path.len() > MAX_PATH || path.contains('\0') {
        return Err(PortError::new(ErrorCode::Invalid, format!("a path has at most {MAX_PATH} bytes and no NUL")));
    }
    if path.starts_with('/') {
        return Err(PortError::new(ErrorCode::Denied, "a path is relative to the project's folder; leave out the leading `/`"));
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(PortError::new(ErrorCode::Denied, "a path may not contain `..`")),
            _ => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Does a part of the path name a repository's own folder (or the file that stands for it)?
pub(crate) fn is_inside_git(path: &str) -> bool {
    // Some file systems fold case, so `.GIT/config` is the same file.
    path.split('/').any(|part| part.eq_ignore_ascii_case(".git"))
}

/// Refuses a read over the limit.
pub(crate) fn check_length(length: u32) -> PortResult<()> {
    if length > MAX_READ {
        return Err(PortError::new(ErrorCode::TooLarge, format!("at most {MAX_READ} bytes can be read in a call")));
    }
    Ok(())
}

/// Refuses a number outside `1..=most`.
pub(crate) fn check_max(value: u32, most: u32, what: &str) -> PortResult<()> {
    if value == 0 || value > most {
        return Err(PortError::new(ErrorCode::Invalid, format!("the number of {what} is 1 to {most}, not {value}")));
    }
    Ok(())
}

/// The longest start of `text` with at most `most` bytes that ends between characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_climb_are_denied() {
        for path in ["..", "a/../b", "../x", "/etc/passwd", "a/.."] {
            assert_eq!(normalise(path).unwrap_err().code, ErrorCode::Denied, "{path}");
        }
        assert_eq!(normalise("./a//b/.").unwrap(), "a/b");
        assert_eq!(normalise("").unwrap(), "");
        assert_eq!(normalise("a\0").unwrap_err().code, ErrorCode::Invalid);
        assert_eq!(normalise("..a/b..").unwrap(), "..a/b..");
    }

    #[test]
    fn cut_keeps_characters_whole() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 9), "aé");
    }
}
