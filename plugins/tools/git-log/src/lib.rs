//! A tool: shows the last commits of the project or of one file.

use kairos_plugin::{Input, date, prelude::*};
use serde_json::json;

struct GitLog;

impl Tool for GitLog {
    fn describe() -> Description {
        describe!("Shows the last commits of the project or of one file").reads_project("to read the history that is asked for")
    }

    fn definitions() -> Vec<Definition> {
        let schema = json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "Only commits that changed this file"},
                "max": {"type": "integer", "minimum": 1, "maximum": 200, "description": "How many commits; 20 if not given"},
                "bodies": {"type": "boolean", "description": "With the whole messages"},
            },
            "additionalProperties": false,
        });
        vec![Definition {
            name: "git-log".into(),
            description: "Shows the last commits, newest first: id, date (UTC), author and the first line of the message.".into(),
            input_schema: schema.to_string(),
            read_only: true,
        }]
    }

    fn call(host: &impl Host, _name: &str, input: &str) -> Result<Output, Error> {
        let input = Input::parse(input, &["path", "max", "bodies"])?;
        let max = input.number("max", 1, 200)?.unwrap_or(20);
        let bodies = input.flag("bodies")?;

        let mut found = host.git_log(max + 1, input.text("path")?)?;
        let more = found.len() > max as usize;
        found.truncate(max as usize);
        let (mut text, mut commits) = (String::new(), Vec::new());
        for commit in &found {
            let id = commit.id.get(..10).unwrap_or(&commit.id);
            let mut entry = format!("{id} {} {}: {}\n", date(commit.time), commit.author, commit.summary);
            if bodies {
                commit.body.trim_end().lines().for_each(|line| entry += &format!("    {line}\n"));
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
}

kairos_plugin::tool!(GitLog);

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

    #[test]
    fn it_shows_the_newest_and_says_when_there_are_older() {
        let fake = Fake::new().commit(commit(2)).commit(commit(1));
        let out = GitLog::call(&fake, "git-log", r#"{"max": 1, "bodies": true}"#).unwrap();
        assert_eq!(out.text, "0000000000 1970-01-03 A B <a@b>: change 2\n    why\n… there are older ones\n");
        assert!(out.truncated);
        assert!(!GitLog::call(&fake, "git-log", "{}").unwrap().truncated);
        assert_eq!(GitLog::call(&Fake::new(), "git-log", "{}").unwrap_err().code, ErrorCode::Unavailable);
    }
}
