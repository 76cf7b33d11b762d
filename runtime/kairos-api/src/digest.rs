//! The digest of a time.

use kairos_core::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What was said in a time, what became of it, and what it cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Digest {
    /// From when.
    pub since: Millis,
    /// Until when.
    pub until: Millis,
    /// Messages that the user was sent.
    pub messages: u64,
    /// Ticks that called a plugin.
    pub ticks: u64,
    /// Time from their beginning to their end, in milliseconds.
    pub ticks_ms: u64,
    /// By plugin; only those of which there is something to say.
    pub plugins: Vec<PluginDigest>,
}

/// One plugin's part in a `Digest`. Numbers of findings, unless they say something else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginDigest {
    /// Its name.
    pub plugin: String,
    /// Announced.
    pub announced: u64,
    /// Kept from being announced, by rule; those that only waited are not among them.
    pub kept: BTreeMap<String, u64>,
    /// Accepted by the user.
    pub accepted: u64,
    /// Dismissed by the user.
    pub dismissed: u64,
    /// Put off by the user.
    pub snoozed: u64,
    /// How often it was called.
    pub calls: u64,
    /// CPU time of these calls, in milliseconds.
    pub cpu_ms: u64,
    /// It is muted now.
    pub muted: bool,
}

/// For which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DigestFilter {
    /// From when until now.
    pub since: Millis,
}
