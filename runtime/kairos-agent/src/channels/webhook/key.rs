//! The key that signs: base64, in the standard's own form or without its prefix.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kairos_net::SecretPlace;

/// A key shorter than this, in bytes, can be guessed.
const MIN_KEY: usize = 16;
/// Begins a key in the standard's own form.
const PREFIX: &str = "whsec_";

/// The key; else why there is none, in words for the user, without a word of what stands there.
pub(super) fn read(place: &SecretPlace) -> Result<Vec<u8>, String> {
    decoded(&place.read("channels.webhook-secret")?)
}

fn decoded(text: &str) -> Result<Vec<u8>, String> {
    let key = STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).map_err(|_| "the key is not base64".to_string())?;
    if key.len() < MIN_KEY {
        return Err(format!("the key is too short; `openssl rand -base64 32` makes one ({MIN_KEY} bytes at least)"));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_a_prefix_or_none_and_is_never_told() {
        assert_eq!(decoded("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap().len(), 24);
        assert_eq!(decoded("C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap().len(), 24, "the prefix may be left out");
        for wrong in ["aGVsbG8=", "not base64, but secret", ""] {
            let error = decoded(wrong).unwrap_err();
            assert!(wrong.is_empty() || !error.contains(wrong), "{error}");
        }
    }
}
