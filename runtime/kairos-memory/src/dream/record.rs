//! Where the record of a dream lies, and its form.

use kairos_core::dream::Dream;

/// The folder of the records, in the vault.
pub const FOLDER: &str = ".kairos/dreams/";

/// A record's path in the vault.
pub(super) fn path(id: &str) -> String {
    format!("{FOLDER}{id}.json")
}

/// As it is stored: a file that a person can read.
pub(crate) fn render(dream: &Dream) -> Vec<u8> {
    // Strings, numbers and lists always have a form in JSON.
    let mut bytes = serde_json::to_vec_pretty(dream).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
