//! The launcher on its own: what the binary does for `sandbox-launch`. For tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kairos_exec::sandbox::launcher_main(std::env::args_os().skip(2)) as u8)
}
