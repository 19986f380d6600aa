//! The `trainer` binary: runs one command, prints its error if there is one, and exits with its code.

use std::panic;
use std::process::ExitCode;

use clap::Parser;
use trainer::cli::Cli;
use trainer::commands::{self, Failure};
use trainer::report::Console;
use trainer::{full_files, panics};

fn main() -> ExitCode {
    kernels::keep_freed_memory();
    let cli = Cli::parse();
    // This thread computes with the others: asking a pool that it is not part of, and waiting, costs two wake-ups for each
    // of an update's products. If a pool is there already, its owner knows better.
    let _ = rayon::ThreadPoolBuilder::new()
        .use_current_thread()
        .build_global();
    panics::note();
    full_files::survive();
    let outcome = panic::catch_unwind(|| commands::run(cli))
        .unwrap_or_else(|_| Err(Failure::internal(panics::first().unwrap_or_default())));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            Console::default().error(&failure, failure.hint());
            ExitCode::from(failure.code())
        }
    }
}
