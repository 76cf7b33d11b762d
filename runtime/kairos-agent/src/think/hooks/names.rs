//! Our tools as hooks know them: a guard that somebody wrote against `Edit` and `file_path` guards ours as well.

use kairos_core::model::Call;
use serde_json::{Map, Value, json};
use std::path::Path;

/// A call by the name and with the input that hooks expect. What has no such name keeps its own.
pub(super) fn known(call: &Call, root: &Path) -> (String, Value) {
    let input = &call.input;
    let path = |name: &str| input[name].as_str().map(|path| root.join(path).display().to_string());
    let text = |name: &str| input[name].clone();
    let (name, known) = match call.name.as_str() {
        "read-file" => ("Read", vec![("file_path", path("path").into())]),
        "list-files" => ("Glob", vec![("pattern", "*".into()), ("path", path("path").into())]),
        "search" => ("Grep", vec![("pattern", text("pattern"))]),
        "edit-file" => {
            ("Edit", vec![("file_path", path("path").into()), ("old_string", text("old")), ("new_string", text("new"))])
        }
        "write-file" => ("Write", vec![("file_path", path("path").into()), ("content", text("content"))]),
        "apply-patch" => ("Edit", patched(input["patch"].as_str().unwrap_or_default(), root)),
        "shell" => ("Bash", vec![("command", text("command"))]),
        "task" => ("Task", vec![("prompt", text("goal")), ("description", text("goal"))]),
        "web-fetch" => ("WebFetch", vec![("url", text("url"))]),
        other => return (other.into(), input.clone()),
    };
    // What they don't know is there too.
    let mut all = input.as_object().cloned().unwrap_or_else(Map::new);
    all.extend(known.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)));
    (name.into(), Value::Object(all))
}

/// The first file that a patch names; all of them where there are several.
fn patched(patch: &str, root: &Path) -> Vec<(&'static str, Value)> {
    let named = patch.lines().filter_map(|line| line.strip_prefix("+++ ").or_else(|| line.strip_prefix("--- ")));
    let mut files: Vec<String> = Vec::new();
    for name in named.filter(|name| *name != "/dev/null") {
        let name = name.split('\t').next().unwrap_or(name);
        let name = name.strip_prefix("a/").or_else(|| name.strip_prefix("b/")).unwrap_or(name);
        let file = root.join(name).display().to_string();
        if !files.contains(&file) {
            files.push(file);
        }
    }
    let first = files.first().cloned();
    vec![("file_path", first.into()), ("file_paths", json!(files)), ("new_string", patch.into())]
}

/// What a tool said, in the form in which hooks look for it.
pub(super) fn response(tool: &str, text: &str) -> Value {
    match tool {
        "Bash" => json!({"stdout": text, "stderr": "", "interrupted": false}),
        "WebFetch" => json!({"result": text}),
        _ => json!({"content": text}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_find_the_fields_that_they_look_at() {
        let told = |name: &str, input: Value| known(&Call { id: "1".into(), name: name.into(), input }, Path::new("/p"));
        let (name, input) = told("edit-file", json!({"path": "src/a.rs", "old": "x", "new": "y"}));
        assert_eq!((name.as_str(), &input["file_path"], &input["new_string"]), ("Edit", &json!("/p/src/a.rs"), &json!("y")));
        assert_eq!(told("shell", json!({"command": "ls"})).1["command"], "ls");
        let patch = "--- a/x.rs\n+++ b/x.rs\n@@ -1 +1 @@\n-a\n+b\n--- /dev/null\n+++ b/y.rs\n";
        assert_eq!(told("apply-patch", json!({"patch": patch})).1["file_paths"], json!(["/p/x.rs", "/p/y.rs"]));
        assert_eq!(told("mcp__db__query", json!({"q": 1})), ("mcp__db__query".into(), json!({"q": 1})));
        assert_eq!(told("shell", json!("broken")).0, "Bash");
    }
}
