//! What may be done.

use super::JsonFlag;
use clap::Subcommand;
use kairos_core::permission::Scope;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum PermissionCommand {
    /// What waits for your word, and what you agreed to or not, as far as it still holds
    List {
        /// Only of this project: its folder
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Exactly what would be done: the command line, or the difference
    Show {
        /// As the list shows it
        id: String,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Agree to what waits, or to what was refused; the model is told, and does it
    Allow {
        /// As the list shows it
        id: String,
        /// For exactly this `once`; for the same files, command line or host: in this `conversation`, for a `day`, or `always`
        #[arg(long = "for", value_name = "SCOPE", default_value_t = Scope::Once)]
        scope: Scope,
    },
    /// Don't agree: exactly this is not asked again for a day
    Deny {
        /// As the list shows it
        id: String,
    },
    /// Take an answer back: it is asked again
    Forget {
        /// As the list shows it
        id: String,
    },
}
