//! The generated side of the contract, and its translation to the vocabulary of `kairos-core`.
//!
//! One world imports every service, so that one linker serves all plugins; one world an exported interface, so that a
//! component that exports several kinds is looked up one by one.

use kairos_core as core;
use std::sync::Arc;

/// What the host offers.
pub(crate) mod services {
    wasmtime::component::bindgen!({
        inline: "
            package kairos:runtime;
            world services {
                import kairos:host/types@0.1.0;
                import kairos:host/log@0.1.0;
                import kairos:host/clock@0.1.0;
                import kairos:host/random@0.1.0;
                import kairos:host/state@0.1.0;
                import kairos:host/project@0.1.0;
                import kairos:host/git@0.1.0;
                import kairos:host/memory-types@0.1.0;
                import kairos:host/recall@0.1.0;
                import kairos:host/model@0.1.0;
                import kairos:host/edit@0.1.0;
                import kairos:dream/memory@0.1.0;
            }
        ",
        path: ["../../wit/host", "../../wit/dream"],
        imports: { default: async | trappable },
        with: { "kairos:dream/memory@0.1.0.snapshot": crate::memory::Handle },
    });
}

pub(crate) mod manifest {
    wasmtime::component::bindgen!({
        inline: "
            package kairos:runtime;
            world described { export kairos:host/manifest@0.1.0; }
        ",
        path: ["../../wit/host"],
        exports: { default: async },
    });
}

pub(crate) mod detector {
    wasmtime::component::bindgen!({
        inline: "
            package kairos:runtime;
            world detects { export kairos:detector/detector@0.1.0; }
        ",
        path: ["../../wit/host", "../../wit/detector"],
        exports: { default: async },
        with: { "kairos:host/types@0.1.0": crate::bindings::services::kairos::host::types },
    });
    pub use exports::kairos::detector::detector as api;
}

pub(crate) mod tool {
    wasmtime::component::bindgen!({
        inline: "
            package kairos:runtime;
            world works { export kairos:tool/tool@0.1.0; }
        ",
        path: ["../../wit/host", "../../wit/tool"],
        exports: { default: async },
        with: { "kairos:host/types@0.1.0": crate::bindings::services::kairos::host::types },
    });
    pub use exports::kairos::tool::tool as api;
}

pub(crate) mod dream {
    wasmtime::component::bindgen!({
        inline: "
            package kairos:runtime;
            world dreams { export kairos:dream/strategy@0.1.0; }
        ",
        path: ["../../wit/host", "../../wit/dream"],
        exports: { default: async },
        with: {
            "kairos:host/types@0.1.0": crate::bindings::services::kairos::host::types,
            "kairos:host/memory-types@0.1.0": crate::bindings::services::kairos::host::memory_types,
            "kairos:dream/memory@0.1.0": crate::bindings::services::kairos::dream::memory,
        },
    });
    pub use exports::kairos::dream::strategy as api;
}

pub(crate) mod buddy {
    wasmtime::component::bindgen!({
        inline: "
            package kairos:runtime;
            world draws { export kairos:buddy/buddy@0.1.0; }
        ",
        path: ["../../wit/host", "../../wit/buddy"],
        exports: { default: async },
    });
    pub use exports::kairos::buddy::buddy as api;
}

pub(crate) use services::kairos::dream::memory;
pub(crate) use services::kairos::host as wit;

/// A signal in the form in which it crosses the border, made once and delivered to many.
#[derive(Clone)]
pub struct SharedSignal(pub(crate) Arc<wit::types::Signal>);

/// Prepares a signal for delivery.
pub fn share(signal: &core::Signal) -> SharedSignal {
    SharedSignal(Arc::new(wit::types::Signal {
        id: signal.id,
        kind: signal.kind.clone(),
        time: signal.time,
        source: signal.source.clone(),
        attributes: signal
            .attributes
            .iter()
            .map(|(name, value)| wit::types::Attribute { name: name.clone(), value: value.clone() })
            .collect(),
        body: signal.body.clone(),
    }))
}

impl From<core::PortError> for wit::types::Error {
    fn from(e: core::PortError) -> Self {
        use core::ErrorCode as C;
        use wit::types::ErrorCode as W;
        let code = match e.code {
            C::Denied => W::Denied,
            C::NotFound => W::NotFound,
            C::Invalid => W::Invalid,
            C::TooLarge => W::TooLarge,
            C::Exhausted => W::Exhausted,
            C::Unavailable => W::Unavailable,
            C::Other => W::Other,
        };
        Self { code, message: cut(e.message, 1024) }
    }
}

impl From<wit::types::Error> for core::PortError {
    fn from(e: wit::types::Error) -> Self {
        use core::ErrorCode as C;
        use wit::types::ErrorCode as W;
        let code = match e.code {
            W::Denied => C::Denied,
            W::NotFound => C::NotFound,
            W::Invalid => C::Invalid,
            W::TooLarge => C::TooLarge,
            W::Exhausted => C::Exhausted,
            W::Unavailable => C::Unavailable,
            W::Other => C::Other,
        };
        Self { code, message: core::finding::one_line(&cut(e.message, 1024)) }
    }
}

/// At most `max` bytes, on a character boundary.
pub(crate) fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max));
    }
    text
}

impl From<detector::api::Report> for core::Report {
    fn from(r: detector::api::Report) -> Self {
        Self { cleared: r.cleared, findings: r.findings.into_iter().map(Into::into).collect(), wake_after: r.wake_after }
    }
}

impl From<detector::api::Finding> for core::Finding {
    fn from(f: detector::api::Finding) -> Self {
        use detector::api::Urgency as U;
        Self {
            key: f.key,
            title: f.title,
            detail: f.detail,
            urgency: match f.urgency {
                U::Low => core::Urgency::Low,
                U::Normal => core::Urgency::Normal,
                U::High => core::Urgency::High,
                U::Critical => core::Urgency::Critical,
            },
            evidence: f
                .evidence
                .into_iter()
                .map(|e| core::Evidence { kind: e.kind, subject: e.subject, line: e.line, excerpt: e.excerpt })
                .collect(),
            remedy: f.remedy,
        }
    }
}

impl From<detector::api::Interest> for core::Interest {
    fn from(i: detector::api::Interest) -> Self {
        Self { kind: i.kind, paths: i.paths, reason: core::finding::one_line(&cut(i.reason, 200)) }
    }
}

impl From<manifest::exports::kairos::host::manifest::Description> for core::Description {
    fn from(d: manifest::exports::kairos::host::manifest::Description) -> Self {
        Self {
            name: d.name,
            version: d.version,
            summary: core::finding::one_line(&cut(d.summary, 200)),
            requests: d
                .requests
                .into_iter()
                .map(|r| core::Request {
                    capability: r.capability,
                    scope: r.scope,
                    reason: core::finding::one_line(&cut(r.reason, 200)),
                })
                .collect(),
        }
    }
}
