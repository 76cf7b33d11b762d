//! The traits that a plugin implements, and the macros that export them.

use crate::bindings::{buddy, detector, manifest, tool};
use crate::host::Host;
use crate::live::{Live, log_panics};
use crate::types::{Definition, Description, Drawing, Error, Interest, Mood, Output, Report, Signal};
use std::marker::PhantomData;

/// Looks at signals and says what deserves a person's attention. Export it with [`detector!`](crate::detector).
pub trait Detector {
    /// Name, version, what it asks for and why. Called with nothing granted; the same at each call.
    fn describe() -> Description;
    /// Which signals it wants, at most 64. No match, no call.
    fn interests() -> Vec<Interest>;
    /// One call a tick at most, with all signals that matched, oldest first, 1 to 1,000. An error is logged and counts as a
    /// fault of the plugin when it repeats; what the project lacks (no git, a file gone) is better ignored.
    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error>;
}

/// Does one thing on request. Export it with [`tool!`](crate::tool).
pub trait Tool {
    /// Name, version, what it asks for and why. Called with nothing granted; the same at each call.
    fn describe() -> Description;
    /// 1 to 32 tools.
    fn definitions() -> Vec<Definition>;
    /// `input` is a JSON object. Each call gets a fresh instance.
    fn call(host: &impl Host, name: &str, input: &str) -> Result<Output, Error>;
}

/// The terminal pet. Export it with [`buddy!`](crate::buddy).
pub trait Buddy {
    /// Name, version and summary.
    fn describe() -> Description;
    /// At most 8 lines of at most 24 columns.
    fn draw(mood: &Mood) -> Drawing;
}

/// Proposes what to do with what is remembered. Export it with [`dream!`](crate::dream!).
#[cfg(feature = "dream")]
pub trait Dream {
    /// Name, version, what it asks for and why: [`Description::reads_memory`]. Called with nothing granted; the same at each call.
    fn describe() -> Description;
    /// At most 1,000 operations, checked and carried out by the host in this order, each by itself. The same memory gives the same
    /// operations.
    fn dream(memory: &impl crate::memory::Memory) -> Result<Vec<crate::memory::Operation>, Error>;
}

/// What every plugin has.
pub trait Described {
    /// Name, version, what it asks for and why.
    fn describe() -> Description;
}

#[doc(hidden)]
pub struct ManifestExport<T>(PhantomData<T>);

impl<T: Described> manifest::exports::kairos::host::manifest::Guest for ManifestExport<T> {
    fn describe() -> Description {
        log_panics();
        T::describe()
    }
}

#[doc(hidden)]
pub struct DetectorExport<T>(PhantomData<T>);

impl<T: Detector> detector::exports::kairos::detector::detector::Guest for DetectorExport<T> {
    fn interests() -> Vec<Interest> {
        log_panics();
        T::interests()
    }
    fn detect(signals: Vec<Signal>) -> Result<Report, Error> {
        log_panics();
        T::detect(&Live, &signals)
    }
}

#[doc(hidden)]
pub struct ToolExport<T>(PhantomData<T>);

impl<T: Tool> tool::exports::kairos::tool::tool::Guest for ToolExport<T> {
    fn definitions() -> Vec<Definition> {
        log_panics();
        T::definitions()
    }
    fn call(name: String, input: String) -> Result<Output, Error> {
        log_panics();
        T::call(&Live, &name, &input)
    }
}

#[doc(hidden)]
pub struct BuddyExport<T>(PhantomData<T>);

impl<T: Buddy> buddy::exports::kairos::buddy::buddy::Guest for BuddyExport<T> {
    fn draw(state: Mood) -> Drawing {
        log_panics();
        T::draw(&state)
    }
}

#[cfg(feature = "dream")]
#[doc(hidden)]
pub struct DreamExport<T>(PhantomData<T>);

#[cfg(feature = "dream")]
impl<T: Dream> crate::bindings::dream::exports::kairos::dream::strategy::Guest for DreamExport<T> {
    fn dream(snapshot: &crate::bindings::dream::kairos::dream::memory::Snapshot) -> Result<Vec<crate::memory::Operation>, Error> {
        log_panics();
        T::dream(snapshot)
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ty, $kind:ident, $export:ident, $adapter:ident, $module:ident) => {
        impl $crate::Described for $plugin {
            fn describe() -> $crate::Description {
                <$plugin as $crate::$kind>::describe()
            }
        }

        // A native build exports nothing; without this use all would be dead code there.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() -> $crate::Description = <$plugin as $crate::Described>::describe;

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, missing_docs)]
        const _: () = {
            type Manifest = $crate::ManifestExport<$plugin>;
            type Export = $crate::$adapter<$plugin>;
    $crate::bindings::manifest::export_manifest!(Manifest with_types_in $crate::bindings::manifest);
    $crate::bindings::$module::$export!(Export with_types_in $crate::bindings::$module);
        };
    };
}

/// Exports a type that implements [`Detector`] from the component. Once a crate.
#[macro_export]
macro_rules! detector {
    ($plugin:ty) => {
        $crate::__export!($plugin, Detector, export_detector, DetectorExport, detector);
    };
}

/// Exports a type that implements [`Tool`] from the component. Once a crate.
#[macro_export]
macro_rules! tool {
    ($plugin:ty) => {
        $crate::__export!($plugin, Tool, export_tool, ToolExport, tool);
    };
}

/// Exports a type that implements [`Dream`] from the component. Once a crate.
#[cfg(feature = "dream")]
#[macro_export]
macro_rules! dream {
    ($plugin:ty) => {
        $crate::__export!($plugin, Dream, export_dream, DreamExport, dream);
    };
}

/// Exports a type that implements [`Buddy`] from the component. Once a crate.
#[macro_export]
macro_rules! buddy {
    ($plugin:ty) => {
        $crate::__export!($plugin, Buddy, export_buddy, BuddyExport, buddy);
    };
}
