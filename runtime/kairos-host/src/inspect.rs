//! What a file is, told without running it.

use crate::limits::Limits;
use kairos_core::PluginKind;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The versions of the contract that this host serves, by package. A component for another patch version of the same
/// minor version is served too, as semantic versioning below 1.0 has it.
pub const SERVED: &[(&str, &str)] = &[
    ("kairos:host", "0.1.0"),
    ("kairos:detector", "0.1.0"),
    ("kairos:tool", "0.1.0"),
    ("kairos:dream", "0.1.0"),
    ("kairos:buddy", "0.1.0"),
];

/// Why a file is no plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing in it.
    #[error("the file is empty; copy it again")]
    Empty,
    /// Over `limits.component`.
    #[error("the file has {size} bytes, `limits.component` allows {max}")]
    TooLarge {
        /// Bytes.
        size: u64,
        /// Bytes.
        max: u64,
    },
    /// Not WebAssembly.
    #[error("not a WebAssembly file")]
    NotWasm,
    /// A module, not a component.
    #[error("a core WebAssembly module; build a component (`kairos-run plugin build`, or `wasm-tools component new`)")]
    CoreModule,
    /// WebAssembly that does not validate or compile.
    #[error("damaged or not valid: {0}")]
    Invalid(String),
    /// For a contract that isn't served.
    #[error("built for {package}@{found}, this kairos-run serves {}; {}", if served.is_empty() { "no such package".into() } else { format!("{package}@{served}") }, advice(found, served))]
    Version {
        /// Such as `kairos:detector`.
        package: String,
        /// What the component wants.
        found: String,
        /// What there is; empty when there is no such package.
        served: String,
    },
    /// A component that is something else.
    #[error(
        "exports none of the plugin interfaces (kairos:detector/detector, kairos:tool/tool, kairos:dream/strategy, kairos:buddy/buddy)"
    )]
    NoKind,
    /// A plugin that can't be asked what it is.
    #[error("does not export kairos:host/manifest")]
    NoManifest,
    /// It imports what isn't there.
    #[error("asks for an import that the host does not offer: {0}")]
    Import(String),
    /// An interface that it exports isn't the contract's.
    #[error("does not export what the contract says: {0}; rebuild it against the contract in `wit/`")]
    Export(String),
    /// It would never fit into an instance.
    #[error("needs more than a plugin may have: {0}; see `limits` in kairos.toml")]
    Demands(String),
}

fn advice(found: &str, served: &str) -> &'static str {
    let key = |v: &str| semver::Version::parse(v).ok();
    match (key(found), key(served)) {
        (Some(f), Some(s)) if f > s => "update kairos-run, or get an older build of the plugin",
        (Some(_), Some(_)) => "rebuild the plugin against the present contract",
        _ => "check where it comes from",
    }
}

/// The cheap checks, before compiling.
pub(crate) fn check_bytes(head: &[u8], size: u64, max: u64) -> Result<(), Refused> {
    if size == 0 {
        return Err(Refused::Empty);
    }
    if size > max {
        return Err(Refused::TooLarge { size, max });
    }
    match head.get(..8) {
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(Refused::CoreModule),
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(()),
        _ => Err(Refused::NotWasm),
    }
}

/// Would it ever fit into an instance? The engine's own limit is that of the kind of plugin that may have most.
pub(crate) fn check_demands(component: &Component, limits: &Limits) -> Result<(), Refused> {
    // The engine tells pages.
    let largest = component.resources_required().and_then(|r| r.max_initial_memory_size).unwrap_or(0).saturating_mul(64 << 10);
    if largest > limits.memory as u64 {
        return Err(Refused::Demands(format!("a memory of {largest} bytes, {} are allowed", limits.memory)));
    }
    Ok(())
}

/// The kinds that a component exports; refuses unknown versions of our packages.
pub(crate) fn kinds(engine: &Engine, component: &Component) -> Result<Vec<PluginKind>, Refused> {
    let ty = component.component_type();
    let mut kinds = Vec::new();
    let mut manifest = false;
    for name in ty.exports(engine).map(|(name, _)| name).chain(ty.imports(engine).map(|(name, _)| name)) {
        check_version(name)?;
    }
    for (name, _) in ty.exports(engine) {
        match name.split_once('@').map_or(name, |(interface, _)| interface) {
            "kairos:host/manifest" => manifest = true,
            "kairos:detector/detector" => kinds.push(PluginKind::Detector),
            "kairos:tool/tool" => kinds.push(PluginKind::Tool),
            "kairos:dream/strategy" => kinds.push(PluginKind::Dream),
            "kairos:buddy/buddy" => kinds.push(PluginKind::Buddy),
            _ => {}
        }
    }
    kinds.sort_unstable();
    if kinds.is_empty() {
        return Err(Refused::NoKind);
    }
    if !manifest {
        return Err(Refused::NoManifest);
    }
    Ok(kinds)
}

fn check_version(name: &str) -> Result<(), Refused> {
    if !name.starts_with("kairos:") {
        return Ok(());
    }
    let (interface, found) = name.split_once('@').unwrap_or((name, "0.0.0"));
    let package = interface.split('/').next().unwrap_or(interface);
    let served = SERVED.iter().find(|(p, _)| *p == package).map_or("", |(_, v)| v);
    let fits = semver::VersionReq::parse(&format!("^{served}"))
        .ok()
        .zip(semver::Version::parse(found).ok())
        .is_some_and(|(req, v)| !served.is_empty() && req.matches(&v));
    if fits {
        return Ok(());
    }
    // A name may be as long as the file.
    let short = |text: &str| crate::bindings::cut(text.into(), 64);
    Err(Refused::Version { package: short(package), found: short(found), served: served.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_their_first_bytes() {
        assert_eq!(check_bytes(b"", 0, 10), Err(Refused::Empty));
        assert_eq!(check_bytes(b"\0asm\x0d\0\x01\0", 11, 10), Err(Refused::TooLarge { size: 11, max: 10 }));
        assert_eq!(check_bytes(b"\0asm\x01\0\0\0", 8, 10), Err(Refused::CoreModule));
        assert_eq!(check_bytes(b"#!/bin/s", 8, 10), Err(Refused::NotWasm));
        assert_eq!(check_bytes(b"\0as", 3, 10), Err(Refused::NotWasm));
        assert_eq!(check_bytes(b"\0asm\x0d\0\x01\0", 8, 10), Ok(()));
    }

    #[test]
    fn a_version_mismatch_names_both_versions_and_what_to_do() {
        assert!(check_version("kairos:host/types@0.1.0").is_ok());
        assert!(check_version("kairos:host/types@0.1.7").is_ok());
        assert!(check_version("wasi:io/poll@0.2.0").is_ok());
        let newer = check_version("kairos:host/types@0.9.0").unwrap_err().to_string();
        assert_eq!(
            newer,
            "built for kairos:host@0.9.0, this kairos-run serves kairos:host@0.1.0; update kairos-run, or get an older build of the plugin"
        );
        assert!(check_version("kairos:host/types@0.0.9").unwrap_err().to_string().contains("rebuild"));
        assert!(check_version("kairos:teapot/pot@1.0.0").unwrap_err().to_string().contains("no such package"));
    }
}
