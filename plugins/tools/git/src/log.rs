//! The last commits.

use crate::short;
use kairos_plugin::{Input, date, prelude::*};
use serde_json::json;

pub(crate) fn log(host: &impl Host, input: &Input) -> Result<Output, Error> {
    let max = input.number("max", 1, 200)?.unwrap_or(20);
    let bodies = input.flag("bodies")?;

    let mut found = host.git_log(max + 1, input.text("path")?)?;
    let more = found.len() > max as usize;
    found.truncate(max as usize);
    let (mut text, mut commits) = (String::new(), Vec::new());
    for commit in &found {
        let mut entry = format!("{} {} {}: {}\n", short(&commit.id), date(commit.time), commit.author, commit.summary);
        if bodies {
            entry += &body(commit);
        }
        if text.len() + entry.len() > 200 * 1024 {
            break;
        }
        text += &entry;
        let body = if bodies { commit.body.as_str() } else { "" };
        commits.push(json!({
            "id": commit.id, "time": commit.time, "author": commit.author, "summary": commit.summary, "body": body,
        }));
    }
    let cut = more || commits.len() < found.len();
    if found.is_empty() {
        text = "no commits\n".into();
    } else if cut {
        text += "… there are older ones\n";
    }
    Ok(Output::text(text).structured(json!({"commits": commits}).to_string()).truncated(cut))
}

/// The rest of a message, indented: nothing in it passes for a line of ours.
pub(crate) fn body(commit: &Commit) -> String {
    commit.body.trim_end().lines().map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_plugin::testing::Fake;

    fn commit(n: u64) -> Commit {
        Commit {
            id: format!("{n:040}"),
            author: "A B <a@b>".into(),
            time: n * 86_400_000,
            summary: format!("change {n}"),
            body: "why\n".into(),
        }
    }

    fn call(fake: &Fake, input: &str) -> Result<Output, Error> {
        log(fake, &Input::parse(input, &["path", "max", "bodies"])?)
    }

    #[test]
    fn it_shows_the_newest_and_says_when_there_are_older() {
        let fake = Fake::new().commit(commit(2)).commit(commit(1));
        let out = call(&fake, r#"{"max": 1, "bodies": true}"#).unwrap();
        assert_eq!(out.text, "0000000000 1970-01-03 A B <a@b>: change 2\n    why\n… there are older ones\n");
        assert!(out.truncated);
        assert!(!call(&fake, "{}").unwrap().truncated);
        assert_eq!(call(&Fake::new(), "{}").unwrap_err().code, ErrorCode::Unavailable);
    }
}
