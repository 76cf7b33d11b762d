//! The profile for `sandbox-exec`. Not yet run on a Mac.

use super::launch::Order;
use std::ffi::OsString;
use std::path::Path;

pub(super) const PROGRAM: &str = "/usr/bin/sandbox-exec";

/// The command, with what confines it before it.
pub(super) fn argv(order: &Order, argv: &[OsString]) -> Vec<OsString> {
    [PROGRAM.into(), "-p".into(), profile(order).into()].into_iter().chain(argv.iter().cloned()).collect()
}

fn profile(order: &Order) -> String {
    let mut out = String::from(
        "(version 1)\n(deny default)\n(allow process-fork process-exec sysctl-read mach-lookup signal file-read-metadata)\n\
         (allow file-read* (literal \"/\"))\n(allow file-write-data (literal \"/dev/null\") (literal \"/dev/zero\") (literal \"/dev/tty\"))\n",
    );
    order.readable.iter().for_each(|path| out += &format!("(allow file-read* (subpath {}))\n", quoted(path)));
    order.writable.iter().for_each(|path| out += &format!("(allow file-read* file-write* (subpath {}))\n", quoted(path)));
    // What comes later counts.
    order.fixed.iter().for_each(|path| out += &format!("(deny file-write* (subpath {}))\n", quoted(path)));
    if order.network {
        out += "(allow network-outbound (remote ip))\n(allow network-inbound (local ip))\n";
    }
    out
}

/// A text of the profile's language; links are followed, as the profile is about where a file really is.
fn quoted(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    format!("\"{}\"", path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_has_what_the_order_gives_and_quotes_it() {
        let order =
            Order { writable: vec![r#"/a "b"\c"#.into()], fixed: vec!["/a/fixed".into()], confined: true, ..Order::default() };
        let argv = argv(&order, &["x".into()]);
        assert_eq!((argv.len(), argv[3].clone()), (4, "x".into()));
        let profile = argv[2].to_string_lossy().into_owned();
        assert!(profile.contains(r#"(subpath "/a \"b\"\\c")"#) && profile.starts_with("(version 1)\n(deny default)"));
        assert!(
            profile.find("file-write* (subpath \"/a \\").unwrap()
                < profile.find("(deny file-write* (subpath \"/a/fixed\"))").unwrap()
        );
        assert!(!profile.contains("network"));
    }
}
