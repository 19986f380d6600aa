//! What a person sees, and what stays on disk. Only here, and in `main`, is anything printed.

mod benchmark;
mod confusion;
mod console;
mod found_rates;
mod planned;
mod predictions;
mod progress;
mod rate_picture;
mod run_directory;
mod summary;
mod table;

pub use benchmark::{Benchmark, BenchmarkRow};
pub use confusion::ConfusionReport;
pub use console::{Console, format_duration};
pub use found_rates::FoundRates;
pub use planned::{Planned, describe_kinds};
pub use predictions::{Prediction, Predictions};
pub use progress::Progress;
pub use run_directory::{RunDirectory, RunError};
pub use summary::{Diverged, Summary};
