//! The state of the repository, in the words that git has for it.

use crate::{short, shown, word};
use kairos_plugin::prelude::*;
use serde_json::json;

/// Files that are told.
const MAX_CHANGES: u32 = 1000;

pub(crate) fn status(host: &impl Host) -> Result<Output, Error> {
    let repository = host.git_status()?;
    let mut changes = host.git_changes(Version::Head, MAX_CHANGES + 1)?;
    let more = changes.len() > MAX_CHANGES as usize;
    changes.truncate(MAX_CHANGES as usize);

    let mut text = head(&repository);
    let mut list = |title: &str, of: fn(&Change) -> Option<ChangeKind>, wanted: fn(ChangeKind) -> bool| {
        let found: Vec<_> = changes.iter().filter_map(|c| Some((c, of(c).filter(|kind| wanted(*kind))?))).collect();
        if !found.is_empty() {
            text += &format!("{title}:\n");
        }
        for (change, kind) in found {
            let from = change.renamed_from.as_ref().filter(|_| kind == ChangeKind::Renamed);
            let from = from.map(|old| format!("{} => ", shown(old))).unwrap_or_default();
            text += &format!("  {}: {from}{}\n", word(kind), shown(&change.path));
        }
    };
    list("in conflict", |c| c.unstaged, |kind| kind == ChangeKind::Conflicted);
    list("staged", |c| c.staged, |kind| kind != ChangeKind::Conflicted);
    list("not staged", |c| c.unstaged, |kind| !matches!(kind, ChangeKind::Conflicted | ChangeKind::Untracked));
    list("untracked", |c| c.unstaged, |kind| kind == ChangeKind::Untracked);
    if changes.is_empty() {
        text += "nothing to commit, the work tree is clean\n";
    }
    if more {
        text += "… there are more\n";
    }
    let name = |kind: Option<ChangeKind>| kind.map(word);
    let as_json = |c: &Change| json!({"path": c.path, "renamed-from": c.renamed_from, "staged": name(c.staged), "unstaged": name(c.unstaged)});
    let structured = json!({
        "branch": repository.branch, "head": repository.head, "operation": repository.operation, "upstream": repository.upstream,
        "ahead": repository.ahead, "behind": repository.behind, "stashes": repository.stashes.len(),
        "changes": changes.iter().map(as_json).collect::<Vec<_>>(),
    });
    Ok(Output::text(text).structured(structured.to_string()).truncated(more))
}

fn head(repository: &Repository) -> String {
    let mut text = match (&repository.branch, &repository.head) {
        (Some(branch), Some(head)) => format!("on branch {} at {}\n", shown(branch), short(head)),
        (Some(branch), None) => format!("on branch {}, no commits yet\n", shown(branch)),
        (None, head) => format!("no branch, at {}\n", head.as_deref().map_or("nothing", short)),
    };
    if let Some(upstream) = &repository.upstream {
        let Repository { ahead, behind, .. } = repository;
        text += &format!("upstream {}: {ahead} ahead, {behind} behind\n", shown(upstream));
    }
    if let Some(operation) = &repository.operation {
        text += &format!("a {operation} is under way\n");
    }
    if !repository.stashes.is_empty() {
        text += &format!("stashes: {}\n", repository.stashes.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_plugin::testing::Fake;

    fn change(path: &str, staged: Option<ChangeKind>, unstaged: Option<ChangeKind>) -> Change {
        let renamed_from = (staged == Some(ChangeKind::Renamed)).then(|| "old".to_owned());
        Change { path: path.into(), renamed_from, committed: None, staged, unstaged }
    }

    #[test]
    fn each_file_is_named_where_it_belongs() {
        let fake = Fake::new()
            .repository(Repository {
                branch: Some("main".into()),
                upstream: Some("origin/main".into()),
                ahead: 2,
                ..Repository::default()
            })
            .change(change("a", Some(ChangeKind::Added), Some(ChangeKind::Modified)))
            .change(change("b\nstaged:", None, Some(ChangeKind::Untracked)))
            .change(change("c", Some(ChangeKind::Conflicted), Some(ChangeKind::Conflicted)))
            .change(change("d", Some(ChangeKind::Renamed), None));
        let text = status(&fake).unwrap().text;
        assert_eq!(
            text,
            "on branch main, no commits yet\nupstream origin/main: 2 ahead, 0 behind\nin conflict:\n  in conflict: c\nstaged:\n  added: a\n  \
             renamed: old => d\nnot staged:\n  modified: a\nuntracked:\n  untracked: \"b\\nstaged:\"\n"
        );
        let clean = Fake::new().repository(Repository { head: Some("0123456789abcdef".into()), ..Repository::default() });
        assert_eq!(status(&clean).unwrap().text, "no branch, at 0123456789\nnothing to commit, the work tree is clean\n");
        assert_eq!(status(&Fake::new()).unwrap_err().code, ErrorCode::Unavailable);
    }
}
