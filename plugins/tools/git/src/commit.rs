//! A commit. The host makes it; what it became is read from the history, not from what was asked for.

use crate::{short, shown, word};
use kairos_plugin::process::Process;
use kairos_plugin::{Input, prelude::*};
use serde_json::json;

pub(crate) fn commit(host: &impl Host, process: &impl Process, input: &Input) -> Result<Output, Error> {
    let done = process.commit(input.required("message")?, &input.list("paths")?)?;
    let made = host.git_show(&done.id, &[])?;
    let files = &made.patch.files;
    let many = if files.len() == 1 { "1 file".to_owned() } else { format!("{} files", files.len()) };
    let more = if made.patch.more { " and more" } else { "" };
    let mut text = format!("committed {} {}, {many}{more}:\n", short(&made.commit.id), made.commit.summary);
    for file in files {
        text += &format!("  {}: {} +{} -{}\n", word(file.kind), shown(&file.path), file.added, file.removed);
    }
    let said = done.output.trim();
    if !said.is_empty() {
        text += &format!("git and the hooks said:\n{said}\n");
    }
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let structured = json!({"id": made.commit.id, "summary": made.commit.summary, "files": paths});
    Ok(Output::text(text).structured(structured.to_string()).truncated(made.patch.more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_plugin::process::{Committed, Finished, Options};
    use kairos_plugin::testing::Fake;

    struct Host(Result<Committed, Error>);

    impl Process for Host {
        fn run(&self, _command: &str, _options: Options) -> Result<Finished, Error> {
            unreachable!("a commit is no command line of ours")
        }
        fn commit(&self, message: &str, paths: &[String]) -> Result<Committed, Error> {
            assert_eq!((message, paths), ("Fix it", &["a".to_owned()][..]));
            self.0.clone()
        }
    }

    #[test]
    fn it_tells_what_was_committed_and_hands_on_why_not() {
        let id = "ab".repeat(20);
        let commit = Commit { id: id.clone(), author: String::new(), time: 0, summary: "Fix it".into(), body: String::new() };
        let file = |path: &str| FilePatch {
            path: path.into(),
            renamed_from: None,
            kind: ChangeKind::Modified,
            added: 2,
            removed: 1,
            hunks: String::new(),
            withheld: None,
        };
        let fake = Fake::new().commit(commit).patch(Patch { files: vec![file("a")], more: false });
        let input = Input::parse(r#"{"message": "Fix it", "paths": ["a"]}"#, &["message", "paths"]).unwrap();
        let done = Host(Ok(Committed { id, output: "checked\n".into() }));
        let text = super::commit(&fake, &done, &input).unwrap().text;
        assert_eq!(text, "committed ababababab Fix it, 1 file:\n  modified: a +2 -1\ngit and the hooks said:\nchecked\n");
        let denied = Host(Err(Error::new(ErrorCode::Denied, "no")));
        assert_eq!(super::commit(&fake, &denied, &input).unwrap_err().code, ErrorCode::Denied);
    }
}
