//! How an error is told: what is wrong, why, and what to do about it.

use kairos_api::ClientError;

/// An error with a remedy.
#[derive(Debug)]
pub struct Advice {
    message: String,
    hint: String,
}

impl std::fmt::Display for Advice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Advice {}

/// An error that says what to do.
pub fn advice(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Advice { message: message.into(), hint: hint.into() }.into()
}

/// The lines for the user. The last one is the remedy, where there is one.
pub fn explain(error: &anyhow::Error) -> String {
    let mut out = String::from("error: ");
    for (i, cause) in error.chain().enumerate() {
        let text = cause.to_string();
        // Many errors already hold the text of their cause.
        if i == 0 {
            out += &text;
        } else if !out.contains(&text) {
            out += &format!(": {text}");
        }
    }
    let hint = error.chain().find_map(|cause| match cause.downcast_ref::<Advice>() {
        Some(advice) => Some(advice.hint.clone()),
        None => cause.downcast_ref::<ClientError>().and_then(ClientError::hint),
    });
    if let Some(hint) = hint {
        out += &format!("\n  hint: {hint}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn an_error_ends_with_its_remedy() {
        let error = Err::<(), _>(advice("the disk is full", "free some space")).context("can't save").unwrap_err();
        assert_eq!(explain(&error), "error: can't save: the disk is full\n  hint: free some space");
        let error = ClientError::NotRunning("/s".into()).into();
        assert_eq!(
            explain(&error),
            "error: kairos-run is not running (nobody answers at /s)\n  hint: start it with `kairos-run start`, or `kairos-run` to look on"
        );
    }
}
