//! What `wit-bindgen` makes of the contract in `wit/`. The host's interfaces and `describe` are generated once; each kind of
//! plugin adds its own export. The worlds here are the contract's, cut so that kinds can be combined in one component.
//! Off WebAssembly this compiles, but calling an import panics.

#![allow(missing_docs, unsafe_code, clippy::all)]

/// The host's side: what a plugin may call.
pub mod imports {
    wit_bindgen::generate!({
        path: ["../../wit/host"],
        inline: "
            package kairos:sdk;
            world imports {
                import kairos:host/types@0.1.0;
                import kairos:host/log@0.1.0;
                import kairos:host/clock@0.1.0;
                import kairos:host/random@0.1.0;
                import kairos:host/state@0.1.0;
                import kairos:host/project@0.1.0;
                import kairos:host/git@0.1.0;
                import kairos:host/memory-types@0.1.0;
                import kairos:host/recall@0.1.0;
                import kairos:host/edit@0.1.0;
            }
        ",
        world: "kairos:sdk/imports",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq, Eq],
    });
}

/// `describe`, which every plugin exports.
pub mod manifest {
    wit_bindgen::generate!({
        path: ["../../wit/host"],
        inline: "
            package kairos:sdk;
            world described {
                export kairos:host/manifest@0.1.0;
            }
        ",
        world: "kairos:sdk/described",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_manifest",
        additional_derives: [PartialEq, Eq],
    });
}

/// A detector's exports.
pub mod detector {
    wit_bindgen::generate!({
        path: ["../../wit/host", "../../wit/detector"],
        inline: "
            package kairos:sdk;
            world detector {
                import kairos:host/types@0.1.0;
                import kairos:host/log@0.1.0;
                import kairos:host/clock@0.1.0;
                import kairos:host/random@0.1.0;
                import kairos:host/state@0.1.0;
                import kairos:host/project@0.1.0;
                import kairos:host/git@0.1.0;
                import kairos:host/memory-types@0.1.0;
                import kairos:host/recall@0.1.0;
                export kairos:detector/detector@0.1.0;
            }
        ",
        world: "kairos:sdk/detector",
        with: {
            "kairos:host/types@0.1.0": crate::bindings::imports::kairos::host::types,
            "kairos:host/log@0.1.0": crate::bindings::imports::kairos::host::log,
            "kairos:host/clock@0.1.0": crate::bindings::imports::kairos::host::clock,
            "kairos:host/random@0.1.0": crate::bindings::imports::kairos::host::random,
            "kairos:host/state@0.1.0": crate::bindings::imports::kairos::host::state,
            "kairos:host/project@0.1.0": crate::bindings::imports::kairos::host::project,
            "kairos:host/git@0.1.0": crate::bindings::imports::kairos::host::git,
            "kairos:host/memory-types@0.1.0": crate::bindings::imports::kairos::host::memory_types,
            "kairos:host/recall@0.1.0": crate::bindings::imports::kairos::host::recall,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_detector",
        additional_derives: [PartialEq, Eq],
    });
}

/// A tool's exports.
pub mod tool {
    wit_bindgen::generate!({
        path: ["../../wit/host", "../../wit/tool"],
        inline: "
            package kairos:sdk;
            world tool {
                import kairos:host/types@0.1.0;
                import kairos:host/log@0.1.0;
                import kairos:host/clock@0.1.0;
                import kairos:host/random@0.1.0;
                import kairos:host/state@0.1.0;
                import kairos:host/project@0.1.0;
                import kairos:host/git@0.1.0;
                import kairos:host/memory-types@0.1.0;
                import kairos:host/recall@0.1.0;
                import kairos:host/edit@0.1.0;
                export kairos:tool/tool@0.1.0;
            }
        ",
        world: "kairos:sdk/tool",
        with: {
            "kairos:host/types@0.1.0": crate::bindings::imports::kairos::host::types,
            "kairos:host/log@0.1.0": crate::bindings::imports::kairos::host::log,
            "kairos:host/clock@0.1.0": crate::bindings::imports::kairos::host::clock,
            "kairos:host/random@0.1.0": crate::bindings::imports::kairos::host::random,
            "kairos:host/state@0.1.0": crate::bindings::imports::kairos::host::state,
            "kairos:host/project@0.1.0": crate::bindings::imports::kairos::host::project,
            "kairos:host/git@0.1.0": crate::bindings::imports::kairos::host::git,
            "kairos:host/memory-types@0.1.0": crate::bindings::imports::kairos::host::memory_types,
            "kairos:host/recall@0.1.0": crate::bindings::imports::kairos::host::recall,
            "kairos:host/edit@0.1.0": crate::bindings::imports::kairos::host::edit,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_tool",
        additional_derives: [PartialEq, Eq],
    });
}

/// A pet's exports.
pub mod buddy {
    wit_bindgen::generate!({
        path: ["../../wit/host", "../../wit/buddy"],
        inline: "
            package kairos:sdk;
            world buddy {
                import kairos:host/types@0.1.0;
                import kairos:host/log@0.1.0;
                import kairos:host/clock@0.1.0;
                import kairos:host/random@0.1.0;
                import kairos:host/state@0.1.0;
                export kairos:buddy/buddy@0.1.0;
            }
        ",
        world: "kairos:sdk/buddy",
        with: {
            "kairos:host/types@0.1.0": crate::bindings::imports::kairos::host::types,
            "kairos:host/log@0.1.0": crate::bindings::imports::kairos::host::log,
            "kairos:host/clock@0.1.0": crate::bindings::imports::kairos::host::clock,
            "kairos:host/random@0.1.0": crate::bindings::imports::kairos::host::random,
            "kairos:host/state@0.1.0": crate::bindings::imports::kairos::host::state,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_buddy",
        additional_derives: [PartialEq, Eq],
    });
}

/// A language model.
#[cfg(feature = "model")]
pub mod model {
    wit_bindgen::generate!({
        path: ["../../wit/host"],
        inline: "
            package kairos:sdk;
            world model {
                import kairos:host/types@0.1.0;
                import kairos:host/model@0.1.0;
            }
        ",
        world: "kairos:sdk/model",
        with: {
            "kairos:host/types@0.1.0": crate::bindings::imports::kairos::host::types,
        },
        generate_all,
        additional_derives: [PartialEq, Eq],
    });
}

/// What a dream reads, and its exports.
#[cfg(feature = "dream")]
pub mod dream {
    wit_bindgen::generate!({
        path: ["../../wit/host", "../../wit/dream"],
        inline: "
            package kairos:sdk;
            world dream {
                import kairos:host/types@0.1.0;
                import kairos:host/log@0.1.0;
                import kairos:host/clock@0.1.0;
                import kairos:host/random@0.1.0;
                import kairos:host/state@0.1.0;
                import kairos:host/memory-types@0.1.0;
                import kairos:dream/memory@0.1.0;
                export kairos:dream/strategy@0.1.0;
            }
        ",
        world: "kairos:sdk/dream",
        with: {
            "kairos:host/types@0.1.0": crate::bindings::imports::kairos::host::types,
            "kairos:host/log@0.1.0": crate::bindings::imports::kairos::host::log,
            "kairos:host/clock@0.1.0": crate::bindings::imports::kairos::host::clock,
            "kairos:host/random@0.1.0": crate::bindings::imports::kairos::host::random,
            "kairos:host/state@0.1.0": crate::bindings::imports::kairos::host::state,
            "kairos:host/memory-types@0.1.0": crate::bindings::imports::kairos::host::memory_types,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_dream",
        additional_derives: [PartialEq],
    });
}
