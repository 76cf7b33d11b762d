//! Changes line by line, of the work tree and of a commit.

use crate::log::body;
use crate::{shown, word};
use kairos_plugin::{Input, date, prelude::*};
use serde_json::{Value, json};

/// What can be compared, as the input names it.
pub(crate) const WHATS: [&str; 4] = ["unstaged", "staged", "head", "branch"];

pub(crate) fn diff(host: &impl Host, input: &Input) -> Result<Output, Error> {
    let what = match input.text("what")?.unwrap_or("unstaged") {
        "unstaged" => Comparison::Unstaged,
        "staged" => Comparison::Staged,
        "head" => Comparison::Head,
        "branch" => Comparison::BranchPoint,
        other => return Err(Error::invalid(format!("`what` is one of {}, not `{other}`", WHATS.join(", ")))),
    };
    let patch = host.git_diff(what, &input.list("paths")?)?;
    let (text, cut) = told(&patch);
    let text = if patch.files.is_empty() { "nothing changed\n".into() } else { text };
    Ok(Output::text(text).structured(json!({"files": files(&patch)}).to_string()).truncated(cut))
}

pub(crate) fn show(host: &impl Host, input: &Input) -> Result<Output, Error> {
    let Shown { commit, parents, patch } = host.git_show(input.text("revision")?.unwrap_or("HEAD"), &input.list("paths")?)?;
    let mut text = format!("commit {}\n", commit.id);
    if parents.len() > 1 {
        text += &format!("merge of {}; the changes are those against the first\n", parents.join(", "));
    }
    text += &format!("author {}\ndate {} (UTC)\n\n    {}\n", commit.author, date(commit.time), commit.summary);
    if !commit.body.is_empty() {
        text += &format!("\n{}", body(&commit));
    }
    let (changes, cut) = told(&patch);
    text += &format!("\n{changes}");
    let structured = json!({
        "id": commit.id, "parents": parents, "author": commit.author, "time": commit.time, "summary": commit.summary, "body": commit.body,
        "files": files(&patch),
    });
    Ok(Output::text(text).structured(structured.to_string()).truncated(cut))
}

/// As a unified diff, and whether something is missing that could be asked for.
fn told(patch: &Patch) -> (String, bool) {
    let is_cut = |file: &FilePatch| file.withheld == Some(Withheld::Cut);
    let mut text: String = patch.files.iter().map(one).collect();
    if patch.more {
        text += "… more files changed: ask for some of them by `paths`\n";
    }
    (text, patch.more || patch.files.iter().any(is_cut))
}

fn one(file: &FilePatch) -> String {
    let old = file.renamed_from.as_ref().unwrap_or(&file.path);
    let mut text = format!("diff --git a/{} b/{}\n", shown(old), shown(&file.path));
    text += match file.kind {
        ChangeKind::Added => "new file\n",
        ChangeKind::Deleted => "deleted file\n",
        ChangeKind::TypeChanged => "type changed\n",
        ChangeKind::Conflicted => "in conflict\n",
        ChangeKind::Renamed | ChangeKind::Modified | ChangeKind::Untracked => "",
    };
    if let Some(old) = &file.renamed_from {
        text += &format!("rename from {}\nrename to {}\n", shown(old), shown(&file.path));
    }
    if !file.hunks.is_empty() {
        let name =
            |side: char, path: &str, there: bool| if there { format!("{side}/{}", shown(path)) } else { "/dev/null".into() };
        let old = name('a', old, file.kind != ChangeKind::Added);
        let new = name('b', &file.path, file.kind != ChangeKind::Deleted);
        text += &format!("--- {old}\n+++ {new}\n{}", file.hunks);
        text += if file.hunks.ends_with('\n') { "" } else { "\n" };
    }
    text += &match file.withheld {
        Some(Withheld::Private) => "[private: what is in it is not shown]\n".into(),
        Some(Withheld::Binary) => "[binary files differ]\n".into(),
        Some(Withheld::TooLarge) => "[more than 1 MiB: not compared]\n".into(),
        Some(Withheld::Unreadable) => "[a link, a submodule or in conflict: not compared]\n".into(),
        Some(Withheld::Cut) => {
            format!(
                "[the rest is left out, {} lines added and {} removed in all: ask for this path alone]\n",
                file.added, file.removed
            )
        }
        None if file.hunks.is_empty() && file.kind == ChangeKind::Modified => "[its mode or its line ends changed]\n".into(),
        None => String::new(),
    };
    text
}

fn files(patch: &Patch) -> Vec<Value> {
    let one = |f: &FilePatch| {
        json!({"path": f.path, "renamed-from": f.renamed_from, "kind": word(f.kind), "added": f.added, "removed": f.removed,
            "shown": f.withheld.is_none()})
    };
    patch.files.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_plugin::testing::Fake;

    fn file(path: &str, kind: ChangeKind, hunks: &str, withheld: Option<Withheld>) -> FilePatch {
        FilePatch { path: path.into(), renamed_from: None, kind, added: 1, removed: 0, hunks: hunks.into(), withheld }
    }

    fn fake(more: bool) -> Fake {
        let hunk = "@@ -0,0 +1 @@\n+x\n";
        let renamed = FilePatch { renamed_from: Some("o".into()), ..file("n", ChangeKind::Renamed, "", None) };
        let files = vec![
            file(".env", ChangeKind::Modified, "", Some(Withheld::Private)),
            file("a\nb", ChangeKind::Added, hunk, None),
            file("m", ChangeKind::Modified, "", None),
            renamed,
        ];
        Fake::new().patch(Patch { files, more })
    }

    #[test]
    fn a_difference_reads_as_git_writes_it() {
        let input = |json| Input::parse(json, &["what", "paths"]).unwrap();
        let out = diff(&fake(false), &input(r#"{"what": "head"}"#)).unwrap();
        assert_eq!(
            out.text,
            "diff --git a/.env b/.env\n[private: what is in it is not shown]\ndiff --git a/\"a\\nb\" b/\"a\\nb\"\nnew file\n--- /dev/null\n\
             +++ b/\"a\\nb\"\n@@ -0,0 +1 @@\n+x\ndiff --git a/m b/m\n[its mode or its line ends changed]\ndiff --git a/o b/n\nrename from o\n\
             rename to n\n"
        );
        assert!(!out.truncated);
        let more = diff(&fake(true), &input("{}")).unwrap();
        assert!(more.truncated && more.text.ends_with("by `paths`\n"));
        assert!(diff(&fake(false), &input(r#"{"what": "x"}"#)).unwrap_err().message.contains("unstaged, staged"));
        assert_eq!(
            diff(&Fake::new().patch(Patch { files: vec![], more: false }), &input("{}")).unwrap().text,
            "nothing changed\n"
        );
    }

    #[test]
    fn a_commit_is_shown_with_its_message_indented() {
        let commit = Commit {
            id: "ab".repeat(20),
            author: "A <a@b>".into(),
            time: 0,
            summary: "one".into(),
            body: "diff --git a/x b/x\n".into(),
        };
        let out =
            show(&fake(false).commit(commit), &Input::parse(r#"{"revision": "abab"}"#, &["revision", "paths"]).unwrap()).unwrap();
        let head = format!(
            "commit {}\nauthor A <a@b>\ndate 1970-01-01 (UTC)\n\n    one\n\n    diff --git a/x b/x\n\ndiff --git a/.env",
            "ab".repeat(20)
        );
        assert!(out.text.starts_with(&head), "{}", out.text);
    }
}
