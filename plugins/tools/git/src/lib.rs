//! Tools: what git knows of the project, and commits, if the user lets them be made. What is read comes from the host, which runs no
//! git for it; a commit is the host's to write, to show and to make.

mod commit;
mod log;
mod patch;
mod status;

use kairos_plugin::{Input, Live, prelude::*};
use serde_json::{Value, json};

struct Git;

impl Tool for Git {
    fn describe() -> Description {
        describe!("Shows what git knows of the project, and commits, if your rules or you allow it")
            .reads_project("to read the state, the changes and the history that are asked for")
            .runs_commands(&["git commit *"], "to commit; each is judged by your permission rules, and says that a model helped")
    }

    fn definitions() -> Vec<Definition> {
        let paths = json!({"type": "array", "items": {"type": "string"}, "description": "Only below these files and folders; all if not given"});
        vec![
            reading(
                "git-status",
                "Shows the branch, how it stands to its upstream, an operation under way, and which files are staged, changed or untracked.",
                json!({}),
                &[],
            ),
            reading(
                "git-diff",
                "Shows what changed line by line, as a unified diff. Untracked files are left out: `git-status` names them.",
                json!({
                    "what": {"enum": patch::WHATS, "description": "`unstaged`, if not given: the work tree against the index; `staged`: the index \
                        against the last commit; `head`: all since the last commit; `branch`: all since the branch left the default one"},
                    "paths": paths,
                }),
                &[],
            ),
            reading(
                "git-log",
                "Shows the last commits, newest first: id, date (UTC), author and the first line of the message.",
                json!({
                    "path": {"type": "string", "description": "Only commits that changed this file"},
                    "max": {"type": "integer", "minimum": 1, "maximum": 200, "description": "How many commits; 20 if not given"},
                    "bodies": {"type": "boolean", "description": "With the whole messages"},
                }),
                &[],
            ),
            reading(
                "git-show",
                "Shows a commit: its message and what it changed against its first parent.",
                json!({"revision": {"type": "string", "description": "A hash, a branch, a tag; `HEAD`, if not given, `HEAD~1`, ..."}, "paths": paths}),
                &[],
            ),
            Definition {
                name: "git-commit".into(),
                description: "Commits, if the user agrees: he sees the command, the message and the files. With `paths`, these as they are in \
                    the work tree, new ones too, and nothing else; without, what is staged. The user is the author; a line that \
                    says which model helped is added to the message. Look at `git-status` and `git-diff` first."
                    .into(),
                input_schema: schema(
                    json!({
                        "message": {"type": "string", "minLength": 1, "description": "What and why: a short first line, then an empty one"},
                        "paths": {"type": "array", "items": {"type": "string"}, "description": "Files and folders to be committed"},
                    }),
                    &["message"],
                ),
                read_only: false,
            },
        ]
    }

    fn call(host: &impl Host, name: &str, input: &str) -> Result<Output, Error> {
        match name {
            "git-status" => Input::parse(input, &[]).and_then(|_| status::status(host)),
            "git-diff" => patch::diff(host, &Input::parse(input, &["what", "paths"])?),
            "git-log" => log::log(host, &Input::parse(input, &["path", "max", "bodies"])?),
            "git-show" => patch::show(host, &Input::parse(input, &["revision", "paths"])?),
            "git-commit" => commit::commit(host, &Live, &Input::parse(input, &["message", "paths"])?),
            other => Err(Error::new(ErrorCode::NotFound, format!("there is no tool `{other}`"))),
        }
    }
}

fn reading(name: &str, description: &str, properties: Value, required: &[&str]) -> Definition {
    let input_schema = schema(properties, required);
    Definition { name: name.into(), description: description.into(), input_schema, read_only: true }
}

fn schema(properties: Value, required: &[&str]) -> String {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false}).to_string()
}

/// A path that can't be taken for anything else in a line: one with control characters is quoted.
fn shown(path: &str) -> String {
    if path.contains(char::is_control) { format!("{path:?}") } else { path.to_owned() }
}

/// The beginning of a hash.
fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "modified",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Renamed => "renamed",
        ChangeKind::TypeChanged => "type changed",
        ChangeKind::Conflicted => "in conflict",
        ChangeKind::Untracked => "untracked",
    }
}

kairos_plugin::tool!(Git);
