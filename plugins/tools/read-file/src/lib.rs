//! A tool: reads a part of a text file of the project.

use kairos_plugin::{Input, prelude::*};
use serde_json::json;

struct ReadFile;

/// Longer files have to be searched, not read.
const MAX_FILE: u64 = 8 * 1024 * 1024;
/// Leaves room for the line numbers below the contract's 256 KiB.
const MAX_TEXT: usize = 200 * 1024;
/// A longer line is cut: it is data, not code.
const MAX_LINE: usize = 2000;

impl Tool for ReadFile {
    fn describe() -> Description {
        describe!("Reads a part of a text file of the project").reads_project("to read the file that is asked for")
    }

    fn definitions() -> Vec<Definition> {
        let schema = json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "Relative to the project"},
                "line": {"type": "integer", "minimum": 1, "description": "First line; 1 if not given"},
                "lines": {"type": "integer", "minimum": 1, "maximum": 5000, "description": "How many lines; 1000 if not given"},
            },
            "required": ["path"],
            "additionalProperties": false,
        });
        vec![Definition {
            name: "read-file".into(),
            description: "Reads lines of a text file of the project, each with its number. Use `search` to find the right place \
                          in a long file first."
                .into(),
            input_schema: schema.to_string(),
            read_only: true,
        }]
    }

    fn call(host: &impl Host, _name: &str, input: &str) -> Result<Output, Error> {
        let input = Input::parse(input, &["path", "line", "lines"])?;
        let path = input.required("path")?;
        let first = input.number("line", 1, u32::MAX)?.unwrap_or(1) as usize;
        let count = input.number("lines", 1, 5000)?.unwrap_or(1000) as usize;

        let bytes = host.read_all(path, MAX_FILE)?;
        if bytes.iter().take(8192).any(|b| *b == 0) {
            return Err(Error::invalid(format!("{path} is a binary file")));
        }
        let content = String::from_utf8_lossy(&bytes);
        let total = content.lines().count();
        if first > total.max(1) {
            return Err(Error::invalid(format!("{path} has {total} lines")));
        }
        let (mut text, mut shown, mut cut) = (String::new(), 0, false);
        for (i, line) in content.lines().enumerate().skip(first - 1).take(count) {
            if text.len() > MAX_TEXT {
                break;
            }
            cut |= line.len() > MAX_LINE;
            text += &format!("{:>6}  {}\n", i + 1, kairos_plugin::fit(line, MAX_LINE));
            shown += 1;
        }
        let last = first - 1 + shown;
        if last < total {
            text += &format!("… {} more lines; go on with \"line\": {}\n", total - last, last + 1);
        }
        let structured = json!({"path": path, "first": first, "last": last, "total": total});
        Ok(Output::text(text).structured(structured.to_string()).truncated(cut || last < total))
    }
}

kairos_plugin::tool!(ReadFile);

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_plugin::testing::Fake;

    #[test]
    fn it_reads_a_part_and_says_how_to_go_on() {
        let fake = Fake::new().file("a.txt", "one\ntwo\nthree\n");
        let out = ReadFile::call(&fake, "read-file", r#"{"path": "a.txt", "line": 2, "lines": 1}"#).unwrap();
        assert_eq!(out.text, "     2  two\n… 1 more lines; go on with \"line\": 3\n");
        assert!(out.truncated);
        let out = ReadFile::call(&fake, "read-file", r#"{"path": "a.txt"}"#).unwrap();
        assert!(!out.truncated && out.structured.unwrap().contains("\"total\":3"));
    }

    #[test]
    fn bad_requests_are_told_what_is_wrong() {
        let fake = Fake::new().file("a.bin", [0, 1]).file("empty", "");
        let error = |input: &str| ReadFile::call(&fake, "read-file", input).unwrap_err();
        assert!(error(r#"{"path": "a.bin"}"#).message.contains("binary"));
        assert_eq!(error(r#"{"path": "../x"}"#).code, ErrorCode::Denied);
        assert!(error(r#"{"path": "empty", "line": 2}"#).message.contains("0 lines"));
        assert!(error("{}").message.contains("`path`"));
        assert_eq!(ReadFile::call(&fake, "read-file", r#"{"path": "empty"}"#).unwrap().text, "");
    }

    #[test]
    fn a_huge_answer_stays_below_the_contracts_limit() {
        let fake = Fake::new().file("a", "x".repeat(5000).as_str().to_owned() + &"\nyyyyyyyyyyyyyyyyyyyy".repeat(100_000));
        let out = ReadFile::call(&fake, "read-file", r#"{"path": "a", "lines": 5000}"#).unwrap();
        assert!(out.text.len() < 256 * 1024 && out.truncated);
    }
}
