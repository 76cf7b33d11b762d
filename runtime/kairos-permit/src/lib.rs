//! May this be done? Permission rules in the syntax that users already have, and a look at what a command line would run. Pure:
//! nothing is done here, and but for loading the settings files, nothing is read.
//!
//! The syntax is a convention, that of the `permissions` of Claude Code's settings files, as its public documentation describes it
//! (<https://code.claude.com/docs/en/permissions>): `Tool`, `Bash(git *)`, `Bash(npm run test:*)`, `Read(./secrets/**)`,
//! `Edit(src/**)`, `WebFetch(domain:example.org)`, `mcp__server__tool`. Deny beats ask, ask beats allow, whichever file a rule is
//! in. Where ours is stricter, the documentation of [`Rules::judge`] and [`Line`] says so.

mod hooks;
mod line;
mod load;
mod path;
#[cfg(test)]
mod plainly;
mod rule;
mod rules;
mod settings;
mod wildcard;

pub use hooks::{Hook, Hooks, is_own};
pub use line::Line;
pub use rule::{List, RuleRef, is_among};
pub use rules::{Action, Decision, Mode, Own, Place, Rules, Verdict};
pub use settings::Problem;
