//! The Model Context Protocol, both ways; on the real binary. Two tests are ignored by default, since they need what others wrote: the
//! Python SDK's client for our server, and the reference server for our client. `.ci/run` installs both and runs them.
#![allow(missing_docs)]

mod support;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use support::model::ModelServer;
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

/// A model that calls this once, and then says what came of it.
fn calling(tool: &'static str, input: Value) -> ModelServer {
    ModelServer::speaking(move |question| {
        let done = question["messages"].as_array().unwrap().iter().any(|m| m["role"] == "tool");
        if done { (Some("that is it"), vec![]) } else { (None, vec![(tool, input.clone())]) }
    })
}

/// What the tool answered, as the model was told.
fn outcome(server: &ModelServer) -> String {
    let last = server.asked().pop().unwrap();
    let messages = last["messages"].as_array().unwrap().clone();
    messages.iter().rev().find(|m| m["role"] == "tool").expect("it was called")["content"].as_str().unwrap().to_owned()
}

fn offered(question: &Value) -> Vec<String> {
    let all = question["tools"].as_array().unwrap().iter().map(|t| t["function"]["name"].as_str().unwrap().to_owned());
    all.filter(|name| name.starts_with("mcp__")).collect()
}

#[test]
fn a_project_s_server_is_called_once_the_user_trusts_it_and_agrees() {
    let model = calling("mcp__own__memory_search", json!({"query": "ship"}));
    let world = World::with_git();
    let settings = format!("every = \"1h\"\n[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n", model.url);
    world.settings(&settings);
    let own = json!({"mcpServers": {
        "own": {"command": BINARY, "args": ["mcp"], "env": {"KAIROS_HOME": world.home()}},
        "gone": {"command": "/no/such/program"},
        "old": {"type": "sse", "url": "http://localhost/"},
    }});
    world.write(".mcp.json", own.to_string());
    let _background = Background::start(&world);
    world.ok(&["memory", "add", "We deploy with `make ship`"]);

    // Nothing of it is started, let alone offered, before he trusts it.
    world.ok(&["ask", "--yes", "--json", "how do we deploy?"]);
    assert_eq!(offered(&model.asked()[0]), Vec::<String>::new());
    assert!(outcome(&model).contains("there is no tool"), "{}", outcome(&model));
    let all = world.json(&["mcp", "list"]);
    assert_eq!((&all["servers"][0]["state"], &all["servers"][1]["state"]), (&json!("untrusted"), &json!("untrusted")), "{all}");
    assert!(all["problems"][0].as_str().unwrap().contains("`old`: the transport `sse` is retired"), "{all}");
    for name in ["own", "gone"] {
        world.ok(&["mcp", "trust", name, "--yes"]);
    }

    // He looks on and agrees; the server's words come back.
    let said = world.ok(&["ask", "--yes", "--json", "how do we deploy?"]);
    assert!(said.contains("call mcp__own__memory_search") && said.contains("ship"), "{said}");
    assert!(offered(model.asked().last().unwrap()).contains(&"mcp__own__read-resource".to_owned()));
    assert!(outcome(&model).contains("make ship"), "{}", outcome(&model));
    let all = world.json(&["mcp", "list"]);
    assert_eq!((&all["servers"][0]["name"], &all["servers"][0]["state"]), (&json!("gone"), &json!("failed")), "{all}");
    assert!(all["servers"][0]["trouble"].as_str().unwrap().contains("can't be started"), "{all}");
    assert_eq!(all["servers"][1]["state"], "running", "{all}");

    // Nobody is there: it is not called.
    world.ok(&["ask", "--json", "how do we deploy?"]);
    assert!(outcome(&model).contains("nobody is there to agree to call mcp__own__memory_search"), "{}", outcome(&model));
    // His rules allow it for good.
    world.settings(&format!("{settings}[permissions]\nallow = [\"mcp__own__memory_search\"]\n"));
    wait_until("the settings hold", || {
        world.ok(&["ask", "--json", "how do we deploy?"]);
        outcome(&model).contains("make ship")
    });
    // Another entry under the same name is not what he trusts.
    world.write(".mcp.json", own.to_string().replace("\"mcp\"", "\"mcp\",\"--allow-dreams\""));
    world.ok(&["ask", "--json", "how do we deploy?"]);
    assert!(outcome(&model).contains("there is no tool"), "{}", outcome(&model));
}

/// The reference server, of npm: over standard input and output, and over HTTP.
#[test]
#[ignore = "needs the reference server: KAIROS_MCP_EVERYTHING names its folder of node_modules"]
fn the_reference_server_is_called_in_both_ways() {
    let folder = std::env::var("KAIROS_MCP_EVERYTHING").expect("KAIROS_MCP_EVERYTHING is set");
    let script = format!("{folder}/@modelcontextprotocol/server-everything/dist/index.js");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut served = Command::new("node");
    served.args([&script, "streamableHttp"]).env("PORT", port.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut served = served.spawn().unwrap();
    wait_until("it listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    for (name, tool) in [("pipe", "mcp__pipe__echo"), ("web", "mcp__web__echo")] {
        let model = calling(tool, json!({"message": "hello there"}));
        let world = World::with_git();
        world.settings(&format!(
            "[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n[permissions]\nallow = [\"mcp__{name}\"]\n",
            model.url
        ));
        std::fs::create_dir_all(world.home()).unwrap();
        let servers = json!({"mcpServers": {
            "pipe": {"command": "node", "args": [script, "stdio"]},
            "web": {"type": "http", "url": format!("http://127.0.0.1:{port}/mcp"), "headers": {"x-key": "${NO_KEY:-none}"}},
        }});
        std::fs::write(world.home().join("mcp.json"), servers.to_string()).unwrap();
        let _background = Background::start(&world);
        world.ok(&["ask", "--json", "say hello"]);
        assert!(outcome(&model).contains("Echo: hello there"), "{}", outcome(&model));
        let egress = world.json(&["audit", "egress"]).to_string();
        assert!(egress.contains("MCP server web of project"), "what goes over HTTP is on record: {egress}");
        // A resource, by the tool that reads them.
        let all = world.json(&["mcp", "list"]);
        assert!(all["servers"].to_string().contains(&format!("mcp__{name}__read-resource")), "{all}");
    }
    let _ = served.kill();
    let _ = served.wait();
}
