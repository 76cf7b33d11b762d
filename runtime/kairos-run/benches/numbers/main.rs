//! The numbers of the runtime: `cargo bench -p kairos-run`, or `cargo bench -p kairos-run -- [--json] [SECTION]...`.
//!
//! It reports and never fails: a target that is missed is printed as missed. What it needs and does not find is named and
//! skipped. Times are medians with the 99th percentile, on an otherwise idle machine; ours and the baseline take turns in
//! blocks, so that a change of the machine's clock meets both. Sizes are in MiB (2^20 bytes).
//!
//! The baseline "bare" is wasmtime with our engine configuration (pooling, epochs with a ticker, async, a store limiter, the
//! epoch callback armed), types generated from the same WIT, and the same component: what anyone pays who runs it at all.
//!
//! | section | measure | definition |
//! |---|---|---|
//! | `call` | warm detector call | `Detector::detect` on a warm instance with a batch of 10 signals, made ready by `share`; against the generated `call_detect`. Target: at most 1.3 times bare |
//! | `tool` | fresh-instance tool call | `call_tool`: `read-file` on a file of 1 KiB in a new instance; against bare instantiation, call and drop with a plain stub of the import. Once with the file in memory on both sides (the host alone), once through the project view against a plain `read`. Target: at most 50 us on top |
//! | `turn` | a tool call in a turn | from the begin of a call to its outcome as the reader of a conversation sees them, with a scripted model: loop, permission rules (97), hooks (the user's own, if there are any), fresh instance, project view, transcript (which is written in groups), and for an edit the change on disk; against the bare call of `tool`, an edit against a write that is on the disk. One by one, and 64 at once in four conversations. Target: at most 300 us, for an edit on top |
//! | `load` | cached load | content hash, cache look-up, pre-linking and the cached description of one plugin of the standard set, as the registry does it; against bare deserialising and pre-linking. Target: at most 3 ms |
//! | `start` | process start to end of first tick | from `spawn` of the real binary to the arrival of its first `tick` event, in a git repository of 100 files with 10 plugins; warm (everything cached) and cold (empty `KAIROS_HOME`); against `git status` there. Target, warm: below 100 ms |
//! | `crowd` | a tick with 1,000 detectors | CPU time of the process (all threads: detectors, journal, inbox) for one tick in which 100 signals match 10 detectors each; wall time apart; against the bare calls alone. Target: below 30 ms. All-match: 100 signals for all of them. Quiet: a tick without signals, by its own clock. Target: below 50 us |
//! | `idle` | the idle process | the real binary with `--every 30s` on the repository of `start`, from 5 s after its first tick for 20 s, that is, between two ticks: `RssAnon`, CPU time over wall time, voluntary context switches of all threads. A further detector: the difference that 100 more make, by 100. Targets: below 25 MiB, below 0.1 %, none |
//! | `burst` | 100,000 file events | pushed into the queue, against a plain `Vec`; and 100,000 files made under a real watch, against making them unwatched. Accounted for is what arrives as a signal of its own or is counted by a `file.rescan`; the memory is the growth of `RssAnon` at its peak. Targets: all; at most 32 MiB |
//! | `stream` | a streamed token | an answer of 5,000 tokens from a server on this machine, in both formats: `Client::complete`, from the question to the whole answer, by the number of tokens; against sending the same question and reading the same bytes with a plain socket. Target: at most 20 us on top |
//! | `permit` | a verdict of the permission rules | 100 rules of four kinds; no baseline. Target: at most 10 µs |
//! | `shell` | a prompt with the hook | an interactive shell in a terminal: from the return key after `:` to the next prompt; against the same shell without the hook. With the daemon running, killed (its socket is left), and without a socket. Target: at most 3 ms on top |

mod bare;
mod burst;
mod call;
mod crowd;
mod load;
mod permit;
mod plugins;
mod process;
mod report;
mod shell;
mod stream;
mod system;
mod tool;
mod turn;

use plugins::Result;
use report::Report;
use std::process::ExitCode;

const SECTIONS: [&str; 11] = ["call", "tool", "turn", "load", "start", "crowd", "idle", "burst", "stream", "permit", "shell"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    // The plugin host compiles by calling the program it was given; here that is this one.
    if let [command, _, input, _, output] = &arguments[..]
        && command == "compile-component"
    {
        return ExitCode::from(kairos_host::compile::child_main(input.as_ref(), output.as_ref()) as u8);
    }
    let json = arguments.iter().any(|a| a == "--json");
    let wanted: Vec<_> = arguments.iter().filter(|a| *a != "--json").map(String::as_str).collect();
    if let Some(unknown) = wanted.iter().find(|w| !SECTIONS.contains(w)) {
        eprintln!("`{unknown}` is no section; there are: {}", SECTIONS.join(", "));
        return ExitCode::from(2);
    }
    let mut report = Report::default();
    for section in SECTIONS.into_iter().filter(|s| wanted.is_empty() || wanted.contains(s)) {
        eprintln!("measuring: {section}");
        if let Err(e) = run(section, &mut report) {
            report.skip(section, &e.to_string());
        }
    }
    if json {
        println!("{}", report.json())
    } else {
        print!("{}", report.table())
    }
    ExitCode::SUCCESS
}

fn run(section: &str, report: &mut Report) -> Result<()> {
    // A runtime of its own: nothing of one section is left when the next begins.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // On a worker thread, where the agent's loops run, too.
    let outcome = match section {
        "call" => runtime.block_on(async { tokio::spawn(call::measure()).await? }),
        "tool" => runtime.block_on(async { tokio::spawn(tool::measure()).await? }),
        "turn" => runtime.block_on(async { tokio::spawn(turn::measure()).await? }),
        "load" => runtime.block_on(async { tokio::spawn(load::measure()).await? }),
        "crowd" => runtime.block_on(async { tokio::spawn(crowd::measure()).await? }),
        "stream" => runtime.block_on(async { tokio::spawn(stream::measure()).await? }),
        "start" => process::start(),
        "idle" => process::idle(),
        "permit" => permit::measure(),
        "shell" => shell::measure(),
        _ => burst::measure(),
    };
    report.rows.extend(outcome?);
    Ok(())
}
