//! A tool: lists the project's files.

use kairos_plugin::{Input, prelude::*};
use serde_json::json;

struct ListFiles;

impl Tool for ListFiles {
    fn describe() -> Description {
        describe!("Lists the project's files").reads_project("to list the files of the folder that is asked for")
    }

    fn definitions() -> Vec<Definition> {
        let schema = json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "A folder, relative to the project; the project itself if not given"},
                "depth": {"type": "integer", "minimum": 0, "maximum": 64, "description": "1 (if not given) is the folder itself, 0 is everything below it"},
                "max": {"type": "integer", "minimum": 1, "maximum": 2000, "description": "How many entries; 500 if not given"},
            },
            "additionalProperties": false,
        });
        vec![Definition {
            name: "list-files".into(),
            description: "Lists a folder of the project with kinds and sizes, sorted by path. What an ignore rule excludes is \
                          left out. A path that ends in `/` is a folder."
                .into(),
            input_schema: schema.to_string(),
            read_only: true,
        }]
    }

    fn call(host: &impl Host, _name: &str, input: &str) -> Result<Output, Error> {
        let input = Input::parse(input, &["path", "depth", "max"])?;
        let path = input.text("path")?.unwrap_or("").trim_end_matches('/');
        let path = if path == "." { "" } else { path };
        let depth = input.number("depth", 0, 64)?.unwrap_or(1);
        let max = input.number("max", 1, 2000)?.unwrap_or(500) as usize;

        let (mut text, mut entries, mut cut) = (String::new(), Vec::new(), false);
        for entry in host.files(path, depth) {
            let entry = entry?;
            let line = match entry.kind {
                FileKind::Directory => format!("{}/\n", entry.path),
                FileKind::Link => format!("{} (link)\n", entry.path),
                FileKind::File | FileKind::Other => format!("{}  {}\n", entry.path, size(entry.size)),
            };
            if entries.len() == max || text.len() + line.len() > 200 * 1024 {
                cut = true;
                break;
            }
            text += &line;
            entries.push(json!({"path": entry.path, "kind": kind(entry.kind), "size": entry.size}));
        }
        if entries.is_empty() {
            text = "nothing there\n".into();
        } else if cut {
            text += "… there are more; list a folder below\n";
        }
        Ok(Output::text(text).structured(json!({"entries": entries}).to_string()).truncated(cut))
    }
}

fn kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Directory => "directory",
        FileKind::Link => "link",
        FileKind::Other => "other",
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

kairos_plugin::tool!(ListFiles);

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_plugin::testing::Fake;

    #[test]
    fn it_lists_a_folder_and_says_when_there_is_more() {
        let fake = Fake::new().file("a.rs", "x").file("d/b.rs", vec![0; 3000]).ignored("target/x", "");
        let call = |input: &str| ListFiles::call(&fake, "list-files", input).unwrap();
        assert_eq!(call("{}").text, "a.rs  1 B\n");
        assert_eq!(call(r#"{"depth": 0}"#).text, "a.rs  1 B\nd/b.rs  2 KiB\n");
        assert_eq!(call(r#"{"path": "d/"}"#).text, "d/b.rs  2 KiB\n");
        assert!(call(r#"{"depth": 0, "max": 1}"#).truncated);
        assert_eq!(call(r#"{"path": "none"}"#).text, "nothing there\n");
    }
}
