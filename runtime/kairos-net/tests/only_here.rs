//! No other crate of the host opens a connection to another machine: neither by itself nor through a library.
#![allow(missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

/// Libraries that speak to other machines.
const CLIENTS: &[&str] = &[
    "async-tungstenite",
    "attohttpc",
    "awc",
    "curl",
    "hickory-resolver",
    "hyper-rustls",
    "hyper-tls",
    "isahc",
    "native-tls",
    "openssl",
    "quinn",
    "reqwest",
    "rustls",
    "socket2",
    "surf",
    "tokio-native-tls",
    "tokio-rustls",
    "tokio-tungstenite",
    "tonic",
    "tungstenite",
    "ureq",
];
/// What opens a connection in the standard library, tokio and rustix.
const CALLS: &[&str] =
    &["TcpStream", "TcpSocket", "UdpSocket", "lookup_host", "to_socket_addrs", "ToSocketAddrs", "HttpConnector"];

fn crates() -> Vec<PathBuf> {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let all = fs::read_dir(runtime).unwrap().map(|e| e.unwrap().path()).filter(|p| p.join("Cargo.toml").is_file());
    all.filter(|p| !p.ends_with("kairos-net")).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_other_crate_depends_on_a_client() {
    assert!(crates().len() > 5);
    for folder in crates() {
        let manifest: toml::Table = fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap();
        let platforms = manifest.get("target").and_then(|t| t.as_table()).into_iter().flat_map(|t| t.values());
        let tables = std::iter::once(&toml::Value::Table(manifest.clone()))
            .chain(platforms)
            .flat_map(|t| {
                ["dependencies", "build-dependencies"]
                    .into_iter()
                    .filter_map(|name| t.get(name)?.as_table().cloned())
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>();
        for (name, value) in tables.iter().flatten() {
            let package = value.get("package").and_then(|p| p.as_str()).unwrap_or(name);
            assert!(!CLIENTS.contains(&package), "{} depends on {package}: let it use kairos-net", folder.display());
        }
    }
}

/// `wasi:http` can be had with a way to send of its own.
#[test]
fn what_plugins_send_goes_nowhere_by_itself() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(root).unwrap().parse().unwrap();
    let http = &manifest["workspace"]["dependencies"]["wasmtime-wasi-http"];
    assert_eq!((http["default-features"].as_bool(), http["features"].to_string().as_str()), (Some(false), r#"["p2"]"#));
}

#[test]
fn no_other_crate_opens_a_socket() {
    for folder in crates() {
        let mut files = Vec::new();
        sources(&folder.join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for call in CALLS {
                assert!(!text.contains(call), "{} uses {call}: let it use kairos-net", file.display());
            }
        }
    }
}
