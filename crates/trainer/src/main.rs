//! The `trainer` binary: runs one command, prints its error if there is one, and exits with its code.

use std::panic;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser;
use trainer::cli::Cli;
use trainer::commands::{self, Failure};
use trainer::report::Console;

/// Where the first panic happened, and what it said.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

fn main() -> ExitCode {
    kernels::keep_freed_memory();
    let cli = Cli::parse();
    // A panic on a driver's thread often causes another one on ours; the first is the one that tells.
    panic::set_hook(Box::new(|info| {
        if let Ok(mut first) = PANIC.lock() {
            first.get_or_insert_with(|| info.to_string().replace('\n', " "));
        }
    }));
    let outcome = panic::catch_unwind(|| commands::run(cli)).unwrap_or_else(|_| {
        let first = PANIC.lock().ok().and_then(|mut first| first.take());
        Err(Failure::internal(first.unwrap_or_default()))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            Console::default().error(&failure, failure.hint());
            ExitCode::from(failure.code())
        }
    }
}
