//! The command line, as typed.

mod adjust;
mod bench;
mod compare;
mod devices;
mod eval;
mod export;
mod find_lr;
mod predict;
mod report;
mod result_format;
mod schedule;
mod settings;
mod tradeoff;
mod train;

use clap::{Parser, Subcommand};

pub use adjust::AdjustArguments;
pub use bench::BenchArguments;
pub use compare::CompareArguments;
pub use devices::DevicesArguments;
pub use eval::{EvalArguments, PartName};
pub use export::{ExportArguments, WeightsFormat};
pub use find_lr::{FindLrArguments, SweepName};
pub use predict::PredictArguments;
pub use report::ReportArguments;
pub use result_format::ResultFormat;
pub use schedule::{Format, ScheduleArguments};
pub use settings::{RateChoice, SettingsArguments};
pub use tradeoff::TradeoffArguments;
pub use train::TrainArguments;

/// Trains small networks on a CPU or a GPU, and shows why a learning-rate strategy converges.
#[derive(Debug, Parser)]
#[command(
    name = "trainer",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done, 1 internal, 2 usage or config, 3 data, 4 device, 5 diverged, 6 checkpoint, 130 interrupted."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model; without arguments, an MLP on the embedded handwritten digits.
    Train(TrainArguments),
    /// Change the learning rate or the length of a run while another process trains it.
    Adjust(AdjustArguments),
    /// Compare learning-rate strategies; without arguments, those of the article, on the embedded handwritten digits.
    Compare(CompareArguments),
    /// Draw what each of several budgets reaches, from one run instead of many.
    Tradeoff(TradeoffArguments),
    /// Measure a trained model on its test data.
    Eval(EvalArguments),
    /// Write a trained model's weights to a file that PyTorch reads.
    Export(ExportArguments),
    /// Ask a trained model what pictures show.
    Predict(PredictArguments),
    /// Find a learning rate by a range test: a short run whose rate grows until the loss diverges.
    FindLr(FindLrArguments),
    /// Draw the learning rate of a run before it is trained.
    Schedule(ScheduleArguments),
    /// Time whole training updates of every model.
    Bench(BenchArguments),
    /// Show runs on one page: their curves, what they reached, and how their settings differ.
    Report(ReportArguments),
    /// List what a run could compute on.
    Devices(DevicesArguments),
}
