//! A plugin that misbehaves on demand. Which way is read from 32 bytes in its binary that a test overwrites, so that one
//! prebuilt file serves every test, and each way is a component of its own with a hash of its own.
//!
//! It goes below the SDK on purpose: a hostile author would.
#![allow(unsafe_code)]

mod acts;
mod lies;

use kairos_plugin::bindings::{detector, manifest, tool};
use kairos_plugin::{Definition, Description, Error, Interest, Output, Report, Signal};

/// What comes before the mode, so that a test finds the place.
const MARK: &[u8; 12] = b"HOSTILE-MODE";

/// The mark and the mode, padded with zeros.
static MODE: [u8; 44] = {
    let mut bytes = [0; 44];
    let mode = b"well-behaved";
    let mut i = 0;
    while i < MARK.len() {
        bytes[i] = MARK[i];
        i += 1;
    }
    i = 0;
    while i < mode.len() {
        bytes[MARK.len() + i] = mode[i];
        i += 1;
    }
    bytes
};

/// The mode that was patched in.
fn mode() -> String {
    // SAFETY: a plain read of a static; volatile, so that the compiler can't know what it holds.
    let bytes = unsafe { std::ptr::read_volatile(&raw const MODE) };
    let name = &bytes[MARK.len()..];
    String::from_utf8_lossy(name.split(|b| *b == 0).next().unwrap_or_default()).into_owned()
}

struct Hostile;

impl manifest::exports::kairos::host::manifest::Guest for Hostile {
    fn describe() -> Description {
        lies::describe(&mode())
    }
}

impl detector::exports::kairos::detector::detector::Guest for Hostile {
    fn interests() -> Vec<Interest> {
        lies::interests(&mode())
    }
    fn detect(signals: Vec<Signal>) -> Result<Report, Error> {
        acts::detect(&mode(), &signals)
    }
}

impl tool::exports::kairos::tool::tool::Guest for Hostile {
    fn definitions() -> Vec<Definition> {
        lies::definitions(&mode())
    }
    fn call(name: String, input: String) -> Result<Output, Error> {
        acts::call(&mode(), &name, &input)
    }
}

manifest::export_manifest!(Hostile with_types_in manifest);
detector::export_detector!(Hostile with_types_in detector);
tool::export_tool!(Hostile with_types_in tool);
