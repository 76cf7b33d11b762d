//! The compiling child on its own: what the binary answers to `compile-component --input FILE --output FILE`. For tests.

use std::path::Path;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let code = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["compile-component", "--input", input, "--output", output] => {
            kairos_host::compile::child_main(Path::new(input), Path::new(output))
        }
        _ => {
            eprintln!("usage: compile_component compile-component --input FILE --output FILE");
            3
        }
    };
    std::process::exit(code)
}
