//! The same detector in JavaScript, Python and C. `KAIROS_EXAMPLES` names the folder that `plugins/examples/*/build.sh` built
//! into, as CI does; without it there is nothing to test, because no such toolchain is needed to work on the runtime.

mod support;

use serde_json::Value;
use support::World;

#[test]
fn a_detector_says_the_same_in_every_language() {
    let Some(dir) = std::env::var_os("KAIROS_EXAMPLES") else {
        eprintln!("skipped: KAIROS_EXAMPLES is not set");
        return;
    };
    let languages = ["todo-c", "todo-js", "todo-python"];
    let world = World::with_git();
    world.write("src/old.rs", "fn a() {}\n// FIXME: old\n");
    for name in languages {
        std::fs::copy(std::path::Path::new(&dir).join(format!("{name}.wasm")), world.plugins().join(format!("{name}.wasm")))
            .unwrap();
    }
    std::fs::write(world.home().join("kairos.toml"), "[surfacing]\ndaily-cap = 100\ndetector-rate = 100\n").unwrap();
    let mut running = world.start(&[]);
    for name in languages {
        world.ok(&["plugin", "grant", name]);
        running.finding(name, "old.rs");
    }
    world.write("new.rs", "FIXME\n");
    let mut said: Vec<Value> = Vec::new();
    running.ticks(3);
    for item in world.json(&["inbox", "list"]).as_array().unwrap().iter().filter(|i| i["key"] == "file:new.rs") {
        said.push(serde_json::json!([item["title"], item["evidence"], item["urgency"], item["detail"]]));
    }
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said.windows(2).all(|w| w[0] == w[1]), "{said:?}");
    world.write("new.rs", "done\n");
    running.ticks(3);
    assert!(!world.json(&["inbox", "list"]).to_string().contains("file:new.rs"));
}
