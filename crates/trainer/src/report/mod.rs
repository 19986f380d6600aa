//! What a person sees, and what stays on disk. Only here, and in `main`, is anything printed.

mod benchmark;
mod confusion;
mod console;
mod event_log;
mod figure;
mod found_rates;
mod metrics_file;
mod page;
mod planned;
mod predictions;
mod progress;
mod rate_picture;
mod recorded_run;
mod recorder;
mod run_directory;
mod run_report;
mod summary;
mod table;

pub use benchmark::{Benchmark, BenchmarkRow};
pub use confusion::ConfusionReport;
pub use console::{Console, format_duration};
pub use event_log::{EventLine, EventLog, RunEvent};
pub use figure::{Figure, Point, Series};
pub use found_rates::FoundRates;
pub use metrics_file::MetricsFile;
pub use page::Page;
pub use planned::{Planned, describe_kinds};
pub use predictions::{Prediction, Predictions};
pub use progress::Progress;
pub use recorded_run::{Curve, Ending, RecordedRun};
pub use recorder::Recorder;
pub use run_directory::{RunDirectory, RunError};
pub use run_report::{run_picture, run_report};
pub use summary::{Diverged, Summary};
