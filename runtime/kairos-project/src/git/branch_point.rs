//! Where the branch left the one that it will go back to.

use super::{Git, Opened, failed, lock};
use gix::ObjectId;
use kairos_core::ports::PortResult;
use kairos_core::{ErrorCode, PortError};

/// The branch that others go back to, first match: what the remote says, then what it is called as a rule. The last
/// two are for repositories without a remote.
const DEFAULTS: &[&str] = &[
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

/// The last answer: to find it takes a walk through history, and it changes only with one of the two commits.
pub(crate) struct BranchPoint {
    head: ObjectId,
    default: ObjectId,
    base: ObjectId,
}

impl Git {
    /// The merge base of HEAD and the default branch. `unavailable` where one of the two, or a common commit, is missing.
    pub(super) fn branch_point(&self, opened: &Opened) -> PortResult<ObjectId> {
        let head = opened.head_commit()?;
        let (name, default) = default_branch(&opened.repo).ok_or_else(|| {
            let message = "there is no default branch to compare with: neither `origin/HEAD`, `origin/main`, `origin/master` \
                           nor a local `main` or `master`";
            PortError::new(ErrorCode::Unavailable, message)
        })?;
        let mut last = lock(&self.branch_point);
        if let Some(last) = &*last
            && (last.head, last.default) == (head, default)
        {
            return Ok(last.base);
        }
        let base = opened.repo.merge_base(head, default).map_err(|error| failed("history", &error))?;
        let base = base.map(gix::Id::detach).ok_or_else(|| {
            PortError::new(
                ErrorCode::Unavailable,
                format!("HEAD and `{name}` have no commit in common, as far as history is here"),
            )
        })?;
        *last = Some(BranchPoint { head, default, base });
        Ok(base)
    }
}

/// A branch that is named but not there, as after the remote renamed its own, is passed over.
fn default_branch(repo: &gix::Repository) -> Option<(&'static str, ObjectId)> {
    DEFAULTS.iter().find_map(|name| {
        let reference = repo.try_find_reference(*name).ok().flatten()?;
        let short = name.trim_start_matches("refs/heads/").trim_start_matches("refs/remotes/");
        Some((short, reference.into_fully_peeled_id().ok()?.detach()))
    })
}
