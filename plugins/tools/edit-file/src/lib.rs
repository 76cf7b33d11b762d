//! A tool: changes files of the project, by exact replacement, as a whole, or by a patch. The host shows the user the difference and
//! asks, as his rules say; what this plugin does is to find out what the files are to hold.

mod patch;

use kairos_plugin::edit::fingerprint;
use kairos_plugin::{Input, prelude::*};
use serde_json::{Value, json};

struct EditFile;

/// Longer files are no source code.
const MAX_FILE: u64 = 1 << 20;

impl Tool for EditFile {
    fn describe() -> Description {
        describe!("Changes files of the project").reads_project("to read what is to be changed").edits_project("to change it")
    }

    fn definitions() -> Vec<Definition> {
        let path = json!({"type": "string", "description": "Relative to the project"});
        vec![
            definition(
                "edit-file",
                "Replaces a piece of a text file by another. Read the file first: `old` has to stand in it exactly, and only once \
                 unless `all` is set.",
                json!({"path": path, "old": text("What stands there now, with its spaces and line ends"),
                    "new": text("What is to stand there"), "all": {"type": "boolean", "description": "Replace each occurrence"}}),
                &["path", "old", "new"],
            ),
            definition(
                "write-file",
                "Writes a whole text file: a new one, or one that is to be replaced altogether. For a small change use `edit-file`.",
                json!({"path": path, "content": text("All that it is to hold")}),
                &["path", "content"],
            ),
            definition(
                "apply-patch",
                "Applies a unified diff to one file or several, all or nothing. `/dev/null` stands for a file that is new or goes.",
                json!({"patch": text("With lines `--- a/PATH`, `+++ b/PATH` and `@@ … @@`")}),
                &["patch"],
            ),
        ]
    }

    fn call(host: &impl Host, name: &str, input: &str) -> Result<Output, Error> {
        let changes = match name {
            "edit-file" => vec![replace(host, &Input::parse(input, &["path", "old", "new", "all"])?)?],
            "write-file" => vec![write(host, &Input::parse(input, &["path", "content"])?)?],
            "apply-patch" => patch::changes(host, Input::parse(input, &["patch"])?.required("patch")?)?,
            other => return Err(Error::new(ErrorCode::NotFound, format!("there is no tool `{other}`"))),
        };
        host.apply(&changes)?;
        let told: Vec<String> = changes.iter().map(told).collect();
        Ok(Output::text(told.join("\n")))
    }
}

fn definition(name: &str, description: &str, properties: Value, required: &[&str]) -> Definition {
    let schema = json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    Definition { name: name.into(), description: description.into(), input_schema: schema.to_string(), read_only: false }
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn told(change: &FileChange) -> String {
    match (&change.expected, &change.content) {
        (_, None) => format!("{} is removed", change.path),
        (None, Some(content)) => format!("{} is new, with {} bytes", change.path, content.len()),
        (Some(_), Some(content)) => format!("{} is changed, it has {} bytes now", change.path, content.len()),
    }
}

/// A file that is there, as text.
fn read(host: &impl Host, path: &str) -> Result<(String, String), Error> {
    let bytes = host.read_all(path, MAX_FILE)?;
    let expected = fingerprint(&bytes);
    let text = String::from_utf8(bytes).map_err(|_| Error::invalid(format!("{path} is not UTF-8 text")))?;
    Ok((text, expected))
}

fn replace(host: &impl Host, input: &Input) -> Result<FileChange, Error> {
    let (path, old, new) = (input.required("path")?, input.required("old")?, input.required("new")?);
    if old.is_empty() || old == new {
        return Err(Error::invalid("`old` has to be there, and other than `new`"));
    }
    let (content, expected) = read(host, path)?;
    let count = content.matches(old).count();
    let content = match (count, input.flag("all")?) {
        (0, _) => return Err(Error::invalid(missing(&content, path, old))),
        (1, _) | (_, true) => content.replace(old, new),
        (n, false) => {
            let text = format!("`old` stands {n} times in {path}: give more of what is around it, or set `all`");
            return Err(Error::invalid(text));
        }
    };
    Ok(FileChange { path: path.into(), expected: Some(expected), content: Some(content.into_bytes()) })
}

/// Why what was to be replaced was not found, as far as that can be seen.
fn missing(content: &str, path: &str, old: &str) -> String {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let why = if content.contains("\r\n") && content.replace("\r\n", "\n").contains(old) {
        "its lines end with CR LF"
    } else if squeezed(content).contains(&squeezed(old)) {
        "its spaces or line ends are others"
    } else {
        "read the file again"
    };
    format!("`old` does not stand in {path}: {why}")
}

fn write(host: &impl Host, input: &Input) -> Result<FileChange, Error> {
    let path = input.required("path")?;
    let expected = match host.read_all(path, MAX_FILE) {
        Ok(bytes) => Some(fingerprint(&bytes)),
        Err(e) if e.code == ErrorCode::NotFound => None,
        Err(e) => return Err(e),
    };
    Ok(FileChange { path: path.into(), expected, content: Some(input.required("content")?.as_bytes().to_vec()) })
}

kairos_plugin::tool!(EditFile);

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_plugin::testing::Fake;

    fn call(fake: &Fake, name: &str, input: Value) -> Result<String, String> {
        EditFile::call(fake, name, &input.to_string()).map(|o| o.text).map_err(|e| e.message)
    }

    fn content(fake: &Fake, n: usize) -> String {
        String::from_utf8(fake.applied()[n].content.clone().unwrap()).unwrap()
    }

    #[test]
    fn a_piece_is_replaced_where_it_stands_once() {
        let fake = Fake::new().file("a.rs", "let x = 1;\nlet y = 1;\n").file("crlf", "a\r\nb\r\n");
        let done = call(&fake, "edit-file", json!({"path": "a.rs", "old": "x = 1", "new": "x = 22"})).unwrap();
        assert_eq!(
            (done.as_str(), content(&fake, 0).as_str()),
            ("a.rs is changed, it has 23 bytes now", "let x = 22;\nlet y = 1;\n")
        );
        let twice = call(&fake, "edit-file", json!({"path": "a.rs", "old": "= 1", "new": "= 2"})).unwrap_err();
        assert!(twice.contains("2 times"), "{twice}");
        call(&fake, "edit-file", json!({"path": "a.rs", "old": "= 1", "new": "= 2", "all": true})).unwrap();
        assert_eq!(content(&fake, 1), "let x = 2;\nlet y = 2;\n");
        for (path, old, told) in
            [("a.rs", "let  x", "spaces"), ("crlf", "a\nb", "CR LF"), ("a.rs", "z", "again"), ("no", "z", "no")]
        {
            let error = call(&fake, "edit-file", json!({"path": path, "old": old, "new": ""})).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_file_is_written_as_a_whole() {
        let fake = Fake::new().file("a", "old");
        assert_eq!(call(&fake, "write-file", json!({"path": "b/c", "content": "new"})).unwrap(), "b/c is new, with 3 bytes");
        assert!(call(&fake, "write-file", json!({"path": "a", "content": "x"})).unwrap().contains("changed"));
        assert_eq!(fake.applied()[0].expected, None);
    }

    #[test]
    fn a_patch_is_applied_to_all_its_files_or_none() {
        let fake = Fake::new().file("a.txt", "one\ntwo\nthree\n").file("gone", "x\n");
        let patch = "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n--- /dev/null\n+++ b/new/b\n@@ -0,0 +1 @@\n+b\n\
                     --- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";
        call(&fake, "apply-patch", json!({"patch": patch})).unwrap();
        assert_eq!((content(&fake, 0).as_str(), content(&fake, 1).as_str()), ("one\nzwei\nthree\n", "b\n"));
        assert_eq!(fake.applied()[2].content, None);
        let stale = patch.replace("-two", "-deux");
        assert!(call(&fake, "apply-patch", json!({"patch": stale})).unwrap_err().contains("a.txt"));
        assert_eq!(fake.applied().len(), 3);
        assert!(call(&fake, "apply-patch", json!({"patch": "no patch"})).unwrap_err().contains("no file"));
    }
}
