//! Files that are no plugins, and a cache that can't be trusted.

use crate::support::{Bench, compiler, hostile, limits, options, signals, text};
use kairos_host::cache::content_hash;
use kairos_host::{Detector, Host, HostError, HostOptions, LoadError, Plugin, Refused};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Loading must fail, and the host go on.
async fn refused(bench: &Bench, bytes: &[u8]) -> Refused {
    match bench.host.load(bytes).await.map(|p: Plugin| p.hash) {
        Err(LoadError::Refused(why)) => {
            bench.is_well().await;
            why
        }
        other => panic!("{other:?}"),
    }
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a component")
}

/// The guest with another version of the contract in all its names.
fn for_version(version: &[u8; 6]) -> Vec<u8> {
    let mut bytes = hostile("well-behaved");
    let mut from = 0;
    while let Some(at) = bytes[from..].windows(6).position(|w| w == b"@0.1.0") {
        bytes[from + at..][..6].copy_from_slice(version);
        from += at;
    }
    assert!(from > 0);
    bytes
}

#[tokio::test]
async fn files_that_are_no_components_are_refused() {
    let bench = Bench::new();
    assert_eq!(refused(&bench, b"").await, Refused::Empty);
    assert_eq!(refused(&bench, b"#!/bin/sh\n").await, Refused::NotWasm);
    assert_eq!(refused(&bench, &component("(module)")).await, Refused::CoreModule);
    assert_eq!(refused(&bench, &component("(component)")).await, Refused::NoKind);
    let too_large = vec![0; (4 << 20) + 1];
    assert_eq!(refused(&bench, &too_large).await, Refused::TooLarge { size: (4 << 20) + 1, max: 4 << 20 });
}

#[tokio::test]
async fn truncated_component_is_refused() {
    let bench = Bench::new();
    let whole = hostile("well-behaved");
    for length in [9, 1000, whole.len() / 2, whole.len() - 1] {
        let why = refused(&bench, &whole[..length]).await;
        assert!(matches!(why, Refused::Invalid(_)), "{length}: {why}");
    }
}

#[tokio::test]
async fn unknown_version_of_the_contract_is_refused_by_name() {
    let why = refused(&Bench::new(), &for_version(b"@0.9.0")).await.to_string();
    assert!(why.contains("@0.9.0, this kairos-run serves kairos:") && why.contains("@0.1.0; update kairos-run"), "{why}");
}

#[tokio::test]
async fn another_patch_version_of_the_contract_is_served() {
    let bench = Bench::new();
    let plugin = Arc::new(bench.host.load(&for_version(b"@0.1.7")).await.expect("loads"));
    assert_eq!(bench.host.describe(&plugin).await.expect("describes").description.name, "hostile");
    let mut detector = Detector::new(&bench.host, plugin, bench.access()).unwrap();
    assert_eq!(text(&detector.detect(&signals(1)).await), "call 1, 1 signals");
}

#[tokio::test]
async fn interfaces_without_their_functions_are_refused() {
    let bench = Bench::new();
    let no_manifest = component(r#"(component (instance $i) (export "kairos:detector/detector@0.1.0" (instance $i)))"#);
    assert_eq!(refused(&bench, &no_manifest).await, Refused::NoManifest);
    let hollow = component(
        r#"(component (instance $i)
            (export "kairos:host/manifest@0.1.0" (instance $i))
            (export "kairos:detector/detector@0.1.0" (instance $i)))"#,
    );
    let why = refused(&bench, &hollow).await;
    assert!(matches!(&why, Refused::Export(text) if text.contains("describe")), "{why}");
}

#[tokio::test]
async fn unknown_import_is_refused_by_name() {
    let wants = component(
        r#"(component (import "evil:sockets/raw@1.0.0" (instance (export "open" (func))))
            (instance $i)
            (export "kairos:host/manifest@0.1.0" (instance $i))
            (export "kairos:detector/detector@0.1.0" (instance $i)))"#,
    );
    let why = refused(&Bench::new(), &wants).await;
    assert!(matches!(&why, Refused::Import(text) if text.contains("evil:sockets/raw@1.0.0")), "{why}");
}

#[tokio::test]
async fn component_that_never_fits_the_limits_is_refused_not_blamed_on_the_machine() {
    let bench = Bench::new();
    let hungry = component("(component (core module $m (memory 2000)) (core instance (instantiate $m)))");
    let why = refused(&bench, &hungry).await;
    assert!(matches!(why, Refused::Demands(_)), "{why}");
    let table = component("(component (core module $m (table 1000000 funcref)) (core instance (instantiate $m)))");
    let why = refused(&bench, &table).await;
    assert!(matches!(why, Refused::Demands(_)), "{why}");
}

fn own_cache(dir: &Path) -> HostOptions {
    HostOptions { cache: dir.join("cache"), max_instances: 16, ..options(limits()) }
}

fn compiled(dir: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(dir.join("cache")).unwrap().map(|e| e.unwrap().path());
    let file = files.find(|p| p.extension().is_some_and(|e| e == "cwasm")).expect("a compiled component");
    assert_eq!(files.filter(|p| p.extension().is_some_and(|e| e == "cwasm")).count(), 0);
    file
}

#[tokio::test]
async fn damaged_cache_entry_is_compiled_again() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = hostile("well-behaved");
    let hash = content_hash(&bytes);
    let mut bench = Bench::new();
    bench.host = Host::new(own_cache(dir.path())).unwrap();
    assert!(!bench.host.is_cached(&hash));
    bench.is_well().await;
    assert!(bench.host.is_cached(&hash));
    let file = compiled(dir.path());
    let whole = std::fs::read(&file).unwrap();
    let mut damaged: Vec<Vec<u8>> = [0, 10, 5000, whole.len() / 2, whole.len() - 1].map(|n| whole[..n].to_vec()).into();
    damaged.push(b"not native code at all".to_vec());
    for bad in damaged {
        // A new file, because the old one is mapped into this process and runs.
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, &bad).unwrap();
        bench.host = Host::new(own_cache(dir.path())).unwrap();
        bench.is_well().await;
        assert!(std::fs::read(compiled(dir.path())).unwrap() == whole, "{} bytes stayed", bad.len());
    }
}

#[cfg(unix)]
#[test]
fn cache_of_somebody_else_is_refused() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let dir = tempfile::tempdir().unwrap();
    let root = std::fs::metadata(dir.path()).unwrap().uid() == 0;
    // Root can give a folder away; anybody else finds one that is not his.
    let cache = if root {
        let cache = dir.path().join("cache");
        std::fs::create_dir(&cache).unwrap();
        chown(&cache, Some(12_345), None).unwrap();
        cache
    } else {
        PathBuf::from("/usr")
    };
    let problem = Host::new(HostOptions { cache, ..own_cache(dir.path()) }).err().expect("refused").to_string();
    assert!(problem.contains("belongs to another user") && problem.contains("set KAIROS_HOME"), "{problem}");

    let open = dir.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
    Host::new(HostOptions { cache: open.clone(), ..own_cache(dir.path()) }).unwrap();
    assert_eq!(std::fs::metadata(&open).unwrap().mode() & 0o777, 0o700, "closed to others");

    std::fs::write(dir.path().join("file"), "").unwrap();
    let options = HostOptions { cache: dir.path().join("file"), ..own_cache(dir.path()) };
    assert!(matches!(Host::new(options), Err(HostError::Cache { .. })));
}

#[tokio::test]
async fn compiler_that_fails_is_the_machines_fault() {
    let dir = tempfile::tempdir().unwrap();
    for (program, told) in [("no/such/program", "can't be started"), ("/bin/true", "can't be loaded")] {
        let options = HostOptions { compiler: program.into(), ..own_cache(dir.path()) };
        let loaded = Host::new(options).unwrap().load(&hostile("well-behaved")).await;
        match loaded.map(|p| p.hash) {
            Err(LoadError::Host(text)) => assert!(text.contains(told), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    // Nothing of that is left in the cache.
    let mut bench = Bench::new();
    bench.host = Host::new(HostOptions { compiler: compiler(), ..own_cache(dir.path()) }).unwrap();
    bench.is_well().await;
}
