//! A model wants pages of the web: what it gets, and what it never gets; on the real binary.
#![allow(missing_docs)]

mod support;

use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use support::model::ModelServer;
use support::web::{WebServer, say};
use support::{Background, World, text};

const PAGE: &str = "<html><head><title>Notes</title><script>steal()</script></head><body><h1>Release 2.0</h1>\
    <p>Read the <a href='/guide'>guide</a>.</p></body></html>";

/// A model that wants all these, a few at once, and is then content.
fn wanting(urls: Vec<String>) -> ModelServer {
    ModelServer::speaking(move |question| {
        let done = question["messages"].as_array().unwrap().iter().filter(|m| m["role"] == "tool").count();
        let calls: Vec<_> = urls.iter().skip(done).take(8).map(|url| ("web-fetch", json!({"url": url}))).collect();
        if calls.is_empty() { (Some("I have read it."), vec![]) } else { (None, calls) }
    })
}

/// A world in which pages of this server may be asked for, and no others.
fn world(model: &ModelServer, web: &WebServer) -> World {
    let world = World::with_git();
    world.settings(&format!(
        "every = \"1s\"\nweb.local-hosts = [\"127.0.0.1:{}\"]\n[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n\
        [permissions]\ndefault-mode = \"default\"\nallow = [\"WebFetch(domain:127.0.0.1)\", \"WebFetch(domain:169.254.169.254)\"]\n\
        deny = [\"WebFetch(domain:*.denied.example)\"]\n",
        web.port, model.url
    ));
    world
}

/// The same, but that no rule speaks of the server's host.
fn world_without_rules(model: &ModelServer, web: &WebServer) -> World {
    let world = world(model, web);
    let settings = std::fs::read_to_string(world.home().join("kairos.toml")).unwrap();
    world.settings(&settings.replace("\"WebFetch(domain:127.0.0.1)\", ", ""));
    world
}

/// What came of each call, in the order of the calls.
fn outcomes(world: &World, model: &ModelServer) -> Vec<String> {
    world.ok(&["ask", "--json", "what is new?"]);
    let last = model.asked().pop().unwrap();
    let messages = last["messages"].as_array().unwrap();
    messages.iter().filter(|m| m["role"] == "tool").map(|m| m["content"].as_str().unwrap().to_owned()).collect()
}

fn html(path: &str, stream: &mut TcpStream) {
    match path {
        "/moved" => say(stream, "301 Moved", "location: /page?from=moved\r\n", b""),
        "/round" => say(stream, "302 Found", "location: /round\r\n", b""),
        "/picture" => say(stream, "200 OK", "content-type: image/png\r\n", b"\x89PNG"),
        _ => say(stream, "200 OK", "content-type: text/html\r\nset-cookie: a=b\r\n", PAGE.as_bytes()),
    }
}

#[test]
fn a_page_is_fetched_read_and_on_record() {
    let web = WebServer::new(html);
    let model = wanting(vec![web.url("/page?x=1#top"), web.url("/moved"), web.url("/round"), web.url("/picture")]);
    let world = world(&model, &web);
    let _background = Background::start(&world);
    let refused = outcomes(&world, &model);
    assert!(refused.iter().all(|o| o.contains("there is no tool `web-fetch`")), "{refused:?}");
    assert!(web.asked().is_empty(), "nothing is sent without a grant");

    world.ok(&["plugin", "grant", "web-fetch"]);
    let [page, moved, round, picture] = &outcomes(&world, &model)[..] else { panic!() };
    assert!(page.contains("# Release 2.0") && page.contains(&format!("guide ({})", web.url("/guide"))), "{page}");
    assert!(!page.contains("steal") && page.contains("/page?x=1 (status 200, text/html)"), "{page}");
    assert!(page.starts_with("<data-"), "a page is somebody else's words: {page}");
    assert!(moved.contains(&web.url("/page?from=moved")) && moved.contains("Release"), "{moved}");
    assert!(round.contains("more than 5 redirects"), "{round}");
    assert!(picture.contains("image/png, which is no text"), "{picture}");

    let asked = web.asked().join("\n\n").to_lowercase();
    assert!(asked.contains("get /page?x=1 http/1.1") && asked.contains("user-agent: kairos-run/"), "{asked}");
    assert!(!asked.contains("cookie") && !asked.contains("authorization") && !asked.contains("referer"), "{asked}");
    let rows = world.json(&["audit", "egress"]);
    let to = format!("http://127.0.0.1:{}", web.port);
    let rows: Vec<&Value> = rows.as_array().unwrap().iter().filter(|row| row["target"] == to).collect();
    assert_eq!(rows.len(), web.asked().len(), "each request is on record: {rows:?}");
    let sent: Vec<String> = rows.iter().map(|row| world.ok(&["audit", "egress", "show", &row["id"].to_string()])).collect();
    assert!(sent.iter().any(|s| s.contains("GET /page?from=moved\n")), "{sent:?}");
    assert!(rows.iter().all(|row| row["why"].as_str().unwrap().starts_with("ask-")), "{rows:?}");
}

#[test]
fn where_no_rule_speaks_the_user_does() {
    let web = WebServer::new(html);
    let model = wanting(vec![web.url("/moved")]);
    let world = world_without_rules(&model, &web);
    let _background = Background::start(&world);
    world.ok(&["plugin", "grant", "web-fetch"]);
    let [refused] = &outcomes(&world, &model)[..] else { panic!() };
    assert!(refused.contains("nobody is there to agree to ask http://127.0.0.1:") && web.asked().is_empty(), "{refused}");

    let said = world.ok(&["ask", "--json", "--yes", "what is new?"]);
    let events: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let asked: Vec<_> = events.iter().filter(|e| e["ask"] == "permission").map(|e| (&e["action"], &e["preview"])).collect();
    let action = json!(format!("ask http://127.0.0.1:{} for a page", web.port));
    let previews = ["/moved", "/page?from=moved"].map(|path| json!(format!("GET {}\n", web.url(path))));
    assert_eq!(asked, [(&action, &previews[0]), (&action, &previews[1])], "a redirect is asked about by itself");
    assert_eq!(web.asked().len(), 2);
}

#[test]
fn no_address_leads_to_where_it_must_not() {
    let inside = WebServer::new(|_, stream| say(stream, "200 OK", "content-type: text/plain\r\n", b"a secret of this machine"));
    let port = inside.port;
    let web = WebServer::new(move |path, stream| {
        let to = match path {
            "/inside" => format!("http://127.0.0.1:{port}/"),
            "/named" => format!("http://localhost:{port}/"),
            "/mapped" => format!("http://[::ffff:127.0.0.1]:{port}/"),
            "/number" => format!("http://2130706433:{port}/"),
            "/hex" => format!("http://0x7f.1:{port}/"),
            "/octal" => format!("http://0177.0.0.01:{port}/"),
            "/dot" => format!("http://127.0.0.1.:{port}/"),
            "/nat64" => format!("http://[64:ff9b::7f00:1]:{port}/"),
            "/6to4" => format!("http://[2002:7f00:1::]:{port}/"),
            "/link-local" => format!("http://[fe80::1]:{port}/"),
            "/user" => format!("http://example.org@127.0.0.1:{port}/"),
            "/host" => format!("//localhost:{port}/"),
            "/azure" => "http://168.63.129.16/machine".into(),
            "/cloud" => "http://169.254.169.254/latest/meta-data/".into(),
            "/denied" => "https://www.denied.example/".into(),
            "/file" => "file:///etc/passwd".into(),
            _ => return say(stream, "404 Not Found", "", b""),
        };
        say(stream, "302 Found", &format!("location: {to}\r\n"), b"");
    });
    let ways = [
        "/inside",
        "/named",
        "/mapped",
        "/number",
        "/hex",
        "/octal",
        "/dot",
        "/nat64",
        "/6to4",
        "/link-local",
        "/host",
        "/cloud",
        "/azure",
        "/user",
        "/denied",
        "/file",
    ];
    let mut urls: Vec<String> = ways.iter().map(|way| web.url(way)).collect();
    urls.extend([
        format!("http://127.1:{port}/"),
        format!("http://user:password@127.0.0.1:{}/", web.port),
        "https://unlisted.example/".into(),
        "https://example.org:22/".into(),
        web.url("/?carried=ghp_0123456789abcdefghijABCDEFGHIJ"),
        web.url("/?carried=%67%68p_0123456789abcdefghijABCDEFGHIJ"),
    ]);
    let model = wanting(urls);
    let world = world(&model, &web);
    let _background = Background::start(&world);
    world.ok(&["plugin", "grant", "web-fetch"]);
    let told = outcomes(&world, &model);
    let reasons = [
        "is in a private network",
        "is in a private network",
        "is in a private network",
        "is in a private network",
        "is in a private network",
        "is in a private network",
        "is in a private network",
        "is in a private network",
        "is in a private network",
        "is in a private network",
        "is in a private network",
        "169.254.169.254 is in a private network",
        "168.63.129.16 is in a private network",
        "names a user",
        "the user's rules forbid to ask https://www.denied.example for a page: `WebFetch(domain:*.denied.example)`",
        "leads to no http or https address",
        "is in a private network",
        "names a user",
        "nobody is there to agree to ask https://unlisted.example for a page",
        "port 22 is not used on the internet",
        "has a secret in it",
        "has a secret in it",
    ];
    assert_eq!(told.len(), reasons.len());
    for (told, reason) in told.iter().zip(reasons) {
        assert!(told.contains(reason), "{told}\nand not: {reason}");
    }
    assert!(inside.asked().is_empty(), "{:?}", inside.asked());
    assert_eq!(web.asked().len(), ways.len(), "what is refused is not sent");
}

#[test]
fn a_page_without_an_end_is_read_as_far_as_it_goes() {
    let web = WebServer::new(|path, stream| {
        if path == "/tags" {
            let html = "<p class=a id=b><b><i></i></b> <!-- c --> <a href=x></a>".repeat(33_000) + "the end";
            return say(stream, "200 OK", "content-type: text/html\r\n", html.as_bytes());
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nthe beginning\n");
        if path == "/huge" {
            while stream.write_all(&[b'x'; 65536]).is_ok() {}
        }
        while stream.write_all(b".").is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let model = wanting(vec![web.url("/drip"), web.url("/tags"), web.url("/huge")]);
    let world = world(&model, &web);
    let _background = Background::start(&world);
    world.ok(&["plugin", "grant", "web-fetch"]);
    let begin = Instant::now();
    let [drip, tags, huge] = &outcomes(&world, &model)[..] else { panic!() };
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
    assert!(tags.contains("the end"), "2 MB of tags are within a plugin's CPU time: {tags}");
    // Of what the tool says, a turn takes less.
    assert!(huge.contains("the beginning\nxxx") && huge.contains("ask for a part of it"), "{}", &huge[huge.len() - 300..]);
    assert!(huge.len() < 32 << 10, "{}", huge.len());
    assert!(drip.contains("the beginning\n....") && drip.contains("did not answer within 20s"), "{drip}");
    let rows = world.json(&["audit", "egress"]);
    let came = rows.as_array().unwrap().iter().filter_map(|row| row["received"].as_u64()).max().unwrap();
    assert!((2 << 20..3 << 20).contains(&came), "{came}");
    let call = world.run(&["tool", "call", "web-fetch", &json!({"url": web.url("/")}).to_string()]);
    assert!(!call.status.success() && text(&call.stdout).contains("no page can be asked for here"), "{}", text(&call.stdout));
}
