//! Names of private files in text of others: a command line, a log, a report. The files themselves are never read; that one
//! is there, and what it is called, is nobody's business either.

use crate::files::PrivateCheck;

/// What stands in a name's place.
pub const HIDDEN: &str = "[private file]";

/// What may stand around a path.
fn is_border(c: char) -> bool {
    c.is_whitespace() || "\"'`=:,;|&<>()[]{}@".contains(c)
}

/// The text with the names of private files replaced. In a command line every word may be a file's name; in `prose` only what
/// looks like a path is taken for one: `credentials` is a word there, `self.key` is code, and `.env` is neither.
pub fn hide_private(text: &str, prose: bool, is_private: &PrivateCheck) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = &rest[..rest.find(is_border).unwrap_or(rest.len())];
        let path = word.trim_start_matches("./").trim_end_matches(['/', '.', '!', '?']);
        let may_be = !path.is_empty() && (!prose || path.contains('/') || path.starts_with('.'));
        if may_be && is_private(path) {
            out += HIDDEN;
            out += &word[word.rfind(path).map_or(word.len(), |at| at + path.len())..];
        } else {
            out += word;
        }
        rest = &rest[word.len()..];
        let border = rest.chars().next().map_or(0, char::len_utf8);
        out += &rest[..border];
        rest = &rest[border..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn names_of_private_files_are_hidden() {
        let check: PrivateCheck = Arc::new(|path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            name == ".env" || name.ends_with(".key") || name == "credentials" || path.split('/').any(|p| p == ".ssh")
        });
        for (text, prose, expected) in [
            ("cat ./web/.env | sort", false, "cat [private file] | sort"),
            ("openssl rsa -in=server.key;ls", false, "openssl rsa -in=[private file];ls"),
            ("scp ~/.ssh/config 'a b'", false, "scp [private file] 'a b'"),
            ("vim .env.", false, "vim [private file]."),
            ("cargo test -p x", false, "cargo test -p x"),
            ("can't open /srv/app/.env: denied", true, "can't open [private file]: denied"),
            (
                "invalid credentials in self.key, see config/server.key:3",
                true,
                "invalid credentials in self.key, see [private file]:3",
            ),
            ("  ü .env\n", true, "  ü [private file]\n"),
            ("", true, ""),
        ] {
            assert_eq!(hide_private(text, prose, &check), expected);
        }
    }
}
