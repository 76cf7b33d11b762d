//! Building plugins: finds a toolchain that makes WebAssembly components, or says what to install.
//!
//! Two kinds of toolchain will do. The usual one is the user's own with a WebAssembly target (`rustup target add
//! wasm32-wasip2`). Where rustup can't fetch a target, Debian's `rustc-web` packages hold a compiler with the source of the
//! standard library: [`Toolchain::install`] unpacks them into a cache folder, nothing is installed system-wide, and the
//! machine's own cargo and component linker do the rest.
//!
//! The bytes of a component don't depend on the folders that it was built in; they do depend on
//! [`Toolchain::fingerprint`].

mod build;
mod install;
mod toolchain;

pub use build::{BuildError, BuildOptions, Built};
pub use install::InstallError;
pub use toolchain::{MissingToolchain, Toolchain};
