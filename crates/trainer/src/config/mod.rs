//! From what was typed to what was meant: files, `--set` and flags become one checked [`Settings`].

mod augment;
mod budgets;
mod cadence;
mod changes;
mod checkpoint;
mod divergence;
mod early_stopping;
mod error;
mod experiment;
mod fork;
mod images;
mod layers;
mod length;
mod metric;
mod number_or_text;
mod optimizer;
mod recipe;
mod resolve;
mod run_file;
mod settings;
mod share;
mod start;
mod time;

pub use augment::AugmentSettings;
pub use budgets::Budgets;
pub use cadence::Cadence;
pub use changes::{Change, changes};
pub use checkpoint::{Best, CheckpointSettings};
pub use divergence::OnDivergence;
pub use early_stopping::EarlyStopping;
pub use error::ConfigError;
pub use experiment::{Case, Experiment, Goal, Peaks, Target};
pub use fork::ForkSettings;
pub use images::{Color, ImageFolder, ImageSize, MAX_NATIVE_SIDE, Resize};
pub use layers::{Layer, Layers, Origin};
pub use length::Length;
pub use metric::Metric;
pub use optimizer::{OptimizerSettings, RateGroup, Rule};
pub use resolve::{Resolved, resolve};
pub use run_file::RunFile;
pub use settings::{
    Backend, DataSettings, ModelSettings, Network, Precision, Settings, Source, Split,
    TrainSettings,
};
pub use share::Share;
pub use start::{Head, StartSettings};
