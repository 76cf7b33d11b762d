//! What a webhook's receiver missed outlives the process.
#![allow(missing_docs)]

mod support;

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use support::webhook::{KEY, Receiver, holds, world};
use support::{Background, CONFLICT, World, wait_until};

/// The ids of messages that wait for the webhook.
fn unsent(world: &World) -> Vec<String> {
    let Ok(database) = rusqlite::Connection::open(world.home().join("data/state.db")) else { return Vec::new() };
    let Ok(mut query) = database.prepare("SELECT id FROM outbox") else { return Vec::new() };
    query.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_the_receiver_missed_arrives_after_a_kill_as_the_same_message() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://localhost:{port}/hook/secret-part");
    let world = world(&format!("webhook-url = \"{url}\"\ntimeout = \"30s\"\n"));
    let settings = std::fs::read_to_string(world.home().join("kairos.toml")).unwrap();
    world.settings(&format!("every = \"1s\"\n{settings}"));
    // Nobody is there to receive it.
    world.write("b.rs", CONFLICT);
    let background = Background::start(&world);
    wait_until("a message waits", || unsent(&world).len() == 1);
    let ids = unsent(&world);
    background.kill();
    assert!(!holds(&world.home().join("data"), KEY.as_bytes()) && !holds(&world.home().join("data"), b"secret-part"));

    // The first attempt gets no answer before the process is killed again.
    let held = Mutex::<Vec<TcpStream>>::default();
    let receiver = Receiver::at(port, move |number, stream| match number {
        0 => held.lock().unwrap().push(stream.try_clone().unwrap()),
        _ => stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap(),
    });
    world.ok(&["start"]);
    receiver.wait_for(1);
    background.kill();
    world.ok(&["start"]);
    let requests = receiver.wait_for(2);
    wait_until("it no longer waits", || unsent(&world).is_empty());
    for request in &requests[..2] {
        assert_eq!(request.headers["webhook-id"], ids[0], "so that the receiver can tell that it has it");
        let message = request.verified();
        assert!(message["data"]["text"].as_str().unwrap().contains("b.rs"), "{message}");
    }
    assert_eq!(requests[0].body, requests[1].body);

    // That was all, also after one more start.
    world.ok(&["restart"]);
    wait_until("it ticks", || world.json(&["status"])["projects"][0]["tick"].as_u64() > Some(1));
    assert_eq!(receiver.all().len(), 2);
}
