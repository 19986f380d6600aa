//! One file per command.

mod adjust;
mod backend;
mod bench;
mod compare;
mod devices;
mod eval;
mod export;
mod failure;
mod find_lr;
mod fork;
mod horizon;
mod interrupt;
mod new_file;
mod predict;
mod prepare;
mod report;
mod resume;
mod schedule;
mod tradeoff;
mod train;
mod training;
mod weights;

pub use failure::Failure;

use crate::cli::{Cli, Command};

/// Runs one command.
///
/// # Errors
/// Whatever stopped it, with its exit code.
pub fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Adjust(arguments) => adjust::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::FindLr(arguments) => find_lr::run(&arguments),
        Command::Schedule(arguments) => schedule::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Tradeoff(arguments) => tradeoff::run(&arguments),
        Command::Devices(arguments) => devices::run(&arguments),
    }
}
