//! A tool: finds lines in the project's text files.

use kairos_plugin::{Input, prelude::*};
use serde_json::json;

struct Search;

impl Tool for Search {
    fn describe() -> Description {
        describe!("Finds lines in the project's text files").reads_project("to search the files that are asked for")
    }

    fn definitions() -> Vec<Definition> {
        let schema = json!({
            "type": "object",
            "properties": {
                "pattern": {"type": "string", "minLength": 1, "description": "A regular expression (Rust's syntax)"},
                "globs": {"type": "array", "items": {"type": "string"}, "description": "Only paths that one of these matches, such as `src/**/*.rs`"},
                "literal": {"type": "boolean", "description": "Take the pattern literally"},
                "ignore-case": {"type": "boolean"},
                "max": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "How many matches; 100 if not given"},
            },
            "required": ["pattern"],
            "additionalProperties": false,
        });
        vec![Definition {
            name: "search".into(),
            description: "Finds lines that match a regular expression in the project's text files. Files that an ignore rule \
                          excludes are left out. Answers with path, line number and line."
                .into(),
            input_schema: schema.to_string(),
            read_only: true,
        }]
    }

    fn call(host: &impl Host, _name: &str, input: &str) -> Result<Output, Error> {
        let input = Input::parse(input, &["pattern", "globs", "literal", "ignore-case", "max"])?;
        let pattern = input.required("pattern")?;
        if pattern.is_empty() {
            return Err(Error::invalid("`pattern` is empty"));
        }
        let max = input.number("max", 1, 1000)?.unwrap_or(100);
        // One more than is shown, to know whether there are more.
        let options = SearchOptions {
            globs: input.list("globs")?,
            literal: input.flag("literal")?,
            ignore_case: input.flag("ignore-case")?,
            max_matches: (max + 1).min(1000),
        };
        let mut found = host.search(pattern, &options)?;
        let more = found.len() > max as usize || found.len() == 1000;
        found.truncate(max as usize);

        let (mut text, mut matches) = (String::new(), Vec::new());
        for m in &found {
            // The text and the JSON share the contract's 256 KiB.
            let line = format!("{}:{}: {}\n", m.path, m.line, m.text.trim_end());
            if text.len() + line.len() > 200 * 1024 {
                break;
            }
            text += &line;
            matches.push(json!({"path": m.path, "line": m.line, "text": m.text}));
        }
        let cut = more || matches.len() < found.len();
        if found.is_empty() {
            text = "no line matches\n".into();
        } else if cut {
            text += "… there are more; narrow the pattern or the globs\n";
        }
        Ok(Output::text(text).structured(json!({"matches": matches}).to_string()).truncated(cut))
    }
}

kairos_plugin::tool!(Search);

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_plugin::testing::Fake;

    #[test]
    fn it_finds_lines_and_says_when_there_are_more() {
        let fake = Fake::new().file("a.rs", "fn a\nfn b\n").file("b.md", "fn c");
        let call = |input: &str| Search::call(&fake, "search", input).unwrap();
        assert_eq!(call(r#"{"pattern": "fn", "globs": ["*.rs"]}"#).text, "a.rs:1: fn a\na.rs:2: fn b\n");
        let cut = call(r#"{"pattern": "FN", "ignore-case": true, "max": 1}"#);
        assert!(cut.truncated && cut.text.starts_with("a.rs:1: fn a\n…"));
        assert_eq!(call(r#"{"pattern": "f.", "literal": true}"#).text, "no line matches\n");
    }

    #[test]
    fn a_bad_pattern_is_invalid() {
        let error = Search::call(&Fake::new(), "search", r#"{"pattern": "("}"#).unwrap_err();
        assert_eq!(error.code, ErrorCode::Invalid);
    }
}
