//! A tool: runs a command line, if the user lets it. What is allowed, asked about and refused is the host's to say.

use kairos_plugin::process::{Finished, Options, Process};
use kairos_plugin::{Input, Live, prelude::*};
use serde_json::json;

struct Shell;

impl Tool for Shell {
    fn describe() -> Description {
        describe!("Runs a command line in the project, if your rules or you allow it")
            .runs_commands(&["*"], "to run the commands that it is asked to run; each is judged by your permission rules")
    }

    fn definitions() -> Vec<Definition> {
        let schema = json!({
            "type": "object",
            "properties": {
                "command": {"type": "string", "minLength": 1, "description": "A command line for bash"},
                "timeout-s": {"type": "integer", "minimum": 1, "maximum": 600, "description": "Seconds; 120 if not given"},
                "network": {"type": "boolean", "description": "It needs the network; false if not given"},
            },
            "required": ["command"],
            "additionalProperties": false,
        });
        vec![Definition {
            name: "shell".into(),
            description: "Runs a command line in the project's folder and returns its exit code and output. It can change the project and \
                a temporary folder, nothing else, and has no network unless that is asked for. Its input is empty, and nothing goes on \
                running after it. The user's rules decide about each command in it; one whose meaning is plain (no variables, no \
                `$(...)`) is allowed more often. Prefer the tools that read, list and search for these."
                .into(),
            input_schema: schema.to_string(),
            read_only: false,
        }]
    }

    fn call(_host: &impl Host, _name: &str, input: &str) -> Result<Output, Error> {
        run(&Live, input)
    }
}

fn run(process: &impl Process, input: &str) -> Result<Output, Error> {
    let input = Input::parse(input, &["command", "timeout-s", "network"])?;
    let options = Options { timeout_s: input.number("timeout-s", 1, 600)?, network: input.flag("network")? };
    let done = process.run(input.required("command")?, options)?;
    let structured = json!({
        "exit": done.exit, "timed-out": done.timed_out, "duration-ms": done.duration_ms, "omitted": done.omitted,
        "confinement": done.confinement,
    });
    Ok(Output::text(text(&done)).structured(structured.to_string()).truncated(done.omitted > 0))
}

/// The outcome first: it is not to be looked for at the end of an output.
fn text(done: &Finished) -> String {
    let time = format!("{}.{} s", done.duration_ms / 1000, done.duration_ms % 1000 / 100);
    let how = match (done.timed_out, done.exit) {
        (true, _) => format!("killed, as its time was up after {time}"),
        (false, 0) => format!("done in {time}"),
        (false, exit) => format!("failed with exit code {exit} in {time}"),
    };
    let end = if done.output.is_empty() || done.output.ends_with('\n') { "" } else { "\n" };
    let output = if done.output.is_empty() { "no output\n" } else { &done.output };
    format!("{how}\n{output}{end}")
}

kairos_plugin::tool!(Shell);

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_plugin::process::Committed;
    use std::cell::RefCell;

    struct Fake(RefCell<Vec<(String, Options)>>, Result<Finished, Error>);

    impl Process for Fake {
        fn run(&self, command: &str, options: Options) -> Result<Finished, Error> {
            self.0.borrow_mut().push((command.into(), options));
            self.1.clone()
        }
        fn commit(&self, _message: &str, _paths: &[String]) -> Result<Committed, Error> {
            unreachable!("a shell commits by a command")
        }
    }

    fn done(exit: i32, output: &str) -> Finished {
        let confinement = "confined".into();
        Finished { exit, output: output.into(), omitted: 0, timed_out: false, duration_ms: 1234, confinement }
    }

    #[test]
    fn it_says_first_how_it_ended() {
        let out = |done: Finished| run(&Fake(RefCell::default(), Ok(done)), r#"{"command": "x"}"#).unwrap();
        assert_eq!(out(done(0, "a\nb")).text, "done in 1.2 s\na\nb\n");
        assert_eq!(out(done(2, "")).text, "failed with exit code 2 in 1.2 s\nno output\n");
        let late = out(Finished { timed_out: true, omitted: 7, ..done(137, "a\n") });
        assert!(late.text.starts_with("killed, as its time was up") && late.truncated);
        assert!(out(done(0, "")).structured.unwrap().contains("\"exit\":0"));
    }

    #[test]
    fn the_input_is_handed_on_and_a_refusal_is_an_error() {
        let fake = Fake(RefCell::default(), Err(Error { code: ErrorCode::Denied, message: "no".into() }));
        let error = run(&fake, r#"{"command": "git status", "timeout-s": 5, "network": true}"#).unwrap_err();
        assert_eq!(error.code, ErrorCode::Denied);
        assert_eq!(*fake.0.borrow(), [("git status".into(), Options { timeout_s: Some(5), network: true })]);
        for bad in ["{}", r#"{"command": "x", "timeout-s": 601}"#, r#"{"command": "x", "cwd": "/"}"#] {
            assert_eq!(run(&fake, bad).unwrap_err().code, ErrorCode::Invalid, "{bad}");
        }
    }
}
