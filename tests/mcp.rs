//! Other agents use our memory and findings, over the Model Context Protocol; on the real binary. The last test is driven by a client
//! of other authors and ignored by default; `.ci/run` installs it and runs it: `KAIROS_MCP_PYTHON` names a Python with `mcp`.
#![allow(missing_docs)]

mod support;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use support::{BINARY, Background, World, prebuilt, repository, wait_until};

/// A program at the other end of a server's standard input and output.
struct Client {
    child: Child,
    input: ChildStdin,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    asked: u64,
}

impl Client {
    fn start(world: &World, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(world.project()).env("KAIROS_HOME", world.home());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, lines: BufReader::new(output).lines(), asked: 0 }
    }

    /// Of our own server, greeted as the protocol says.
    fn greeted(world: &World, arguments: &[&str]) -> Self {
        let mut client = Self::start(world, BINARY, &[&["mcp"], arguments].concat());
        let hello = client.ask(
            "initialize",
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "other-agent", "version": "1"}}),
        );
        assert_eq!(hello["result"]["serverInfo"]["name"], "kairos-run", "{hello}");
        client.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        client
    }

    fn say(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap();
    }

    fn hear(&mut self) -> Value {
        let line = self.lines.next().expect("an answer").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        self.say(&json!({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params}));
        self.hear()
    }

    fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": name, "arguments": arguments}))["result"].clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A project with a finding, and a claim that tells what to do about it.
fn prepare(world: &World) -> Background<'_> {
    world.settings("every = \"1s\"\n");
    let background = Background::start(world);
    world.ok(&["memory", "add", "Tests run with `just test`"]);
    world.write("broken.py", "def f(:\n");
    assert!(!world.run(&["exec", "--", "python3", "-m", "py_compile", "broken.py"]).status.success());
    wait_until("the finding", || !world.json(&["inbox", "list"]).as_array().unwrap().is_empty());
    background
}

#[test]
fn another_agent_reads_everything_and_speaks_for_itself_alone() {
    let world = World::with_git();
    let _background = prepare(&world);
    let mut client = Client::greeted(&world, &[]);
    let tools = client.ask("tools/list", json!({}))["result"]["tools"].clone();
    let names: Vec<&str> = tools.as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"memory_search") && !names.contains(&"dream_decide"), "{names:?}");

    let found = client.call("memory_search", json!({"query": "how do I run the tests", "limit": 1}));
    assert_eq!(found["structuredContent"]["found"][0]["text"], "Tests run with `just test`", "{found}");
    let id = found["structuredContent"]["found"][0]["id"].clone();
    let why = client.call("memory_why", json!({"id": id}));
    assert_eq!(why["structuredContent"]["evidence"][0]["origin"], "user", "{why}");
    let index = client.ask("resources/read", json!({"uri": "kairos://memory/index"}))["result"].clone();
    assert!(index["contents"][0]["text"].as_str().unwrap().contains("project.md"), "{index}");

    // Its word is a model's note and no claim.
    let kept = client.call("memory_add", json!({"text": "The user wants every push to go to main"}));
    assert_eq!(kept["isError"], false, "{kept}");
    let claims = world.json(&["memory", "list"]);
    assert_eq!(claims.as_array().unwrap().len(), 1, "{claims}");
    let heard = world.json(&["memory", "search", "every push to main"]);
    assert_eq!((&heard[0]["origin"], &heard[0]["status"]), (&json!("model"), &Value::Null), "{heard}");

    // It decides about a finding, and that is not taken for the user's feedback.
    let findings = client.call("inbox_list", json!({}))["structuredContent"]["findings"].clone();
    let id = findings[0]["id"].as_str().unwrap().to_owned();
    let dismissed = client.call("inbox_decide", json!({"id": id, "decision": "dismiss"}));
    assert_eq!(dismissed["structuredContent"]["status"], "dismissed", "{dismissed}");
    assert_eq!(world.json(&["inbox", "list"]), json!([]));
    let digest = world.json(&["digest"]);
    assert!(digest.to_string().contains("\"dismissed\":0") && !digest.to_string().contains("\"dismissed\":1"), "{digest}");
    let heard = world.json(&["memory", "search", "dismissed by other-agent"]);
    assert_eq!((&heard[0]["origin"], &heard[0]["kind"]), (&json!("model"), &json!("decision")), "{heard}");
}

#[test]
fn what_kairos_run_asks_the_user_no_other_program_answers() {
    let world = World::with_git();
    let _background = prepare(&world);
    std::fs::write(world.plugins().join("other-shell.wasm"), prebuilt("shell")).unwrap();
    let open = || world.json(&["inbox", "list"]).as_array().unwrap().clone();
    wait_until("the request", || open().iter().any(|f| f["plugin"] == "kairos"));
    let request = open().into_iter().find(|f| f["plugin"] == "kairos").unwrap();
    let mut client = Client::greeted(&world, &[]);
    let answer = client.call("inbox_decide", json!({"id": request["id"], "decision": "accept"}));
    assert_eq!(answer["isError"], true, "{answer}");
    assert!(answer["content"][0]["text"].as_str().unwrap().contains("asks the user, not other-agent"), "{answer}");
    assert!(open().iter().any(|f| f["id"] == request["id"]));
}

#[test]
fn garbage_is_answered_and_the_server_goes_on() {
    let world = World::with_git();
    let background = prepare(&world);
    let mut client = Client::greeted(&world, &[]);
    for (name, arguments) in [
        ("memory_search", json!({})),
        ("memory_search", json!({"query": "x".repeat(100_000)})),
        ("memory_why", json!({"id": "../../etc/passwd"})),
        ("inbox_decide", json!({"id": "1", "decision": "grant"})),
        ("inbox_show", json!({"id": "999"})),
        ("dream_show", json!({"id": "../x"})),
    ] {
        let answer = client.call(name, arguments);
        assert_eq!(answer["isError"], true, "{name}: {answer}");
    }
    assert!(client.ask("tools/call", json!({"name": "no_such"}))["error"]["message"].as_str().unwrap().contains("no_such"));
    // What needs the running process says so; memory does not.
    drop(background);
    let answer = client.call("inbox_list", json!({}));
    assert!(answer["content"][0]["text"].as_str().unwrap().contains("kairos-run start"), "{answer}");
    assert_eq!(client.call("memory_search", json!({"query": "tests"}))["isError"], false);
}

#[test]
#[ignore = "needs the Python SDK: see above"]
fn a_client_of_other_authors_searches_our_memory_and_dismisses_a_finding() {
    let python = std::env::var("KAIROS_MCP_PYTHON").expect("KAIROS_MCP_PYTHON is set");
    let world = World::with_git();
    let _background = prepare(&world);
    let script = repository().join("tests/support/mcp_client.py").display().to_string();
    let mut client = Client::start(&world, &python, &[&script, BINARY, "mcp"]);
    assert_eq!(client.hear()["serverInfo"]["name"], "kairos-run");
    let mut ask = |what: Value| {
        client.say(&what);
        client.hear()
    };
    let found = ask(json!(["call", "memory_search", {"query": "run the tests"}]));
    assert_eq!(found["structuredContent"]["found"][0]["text"], "Tests run with `just test`", "{found}");
    let findings = ask(json!(["call", "inbox_list", {}]));
    let id = findings["structuredContent"]["findings"][0]["id"].clone();
    let dismissed = ask(json!(["call", "inbox_decide", {"id": id, "decision": "dismiss"}]));
    assert_eq!(dismissed["structuredContent"]["status"], "dismissed", "{dismissed}");
    assert_eq!(world.json(&["inbox", "list"]), json!([]));
}
