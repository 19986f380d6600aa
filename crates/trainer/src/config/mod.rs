//! From what was typed to what was meant: files, `--set` and flags become one checked [`Settings`].

mod augment;
mod error;
mod images;
mod layers;
mod optimizer;
mod recipe;
mod resolve;
mod run_file;
mod settings;
mod share;
mod start;

pub use augment::AugmentSettings;
pub use error::ConfigError;
pub use images::{Color, ImageFolder, ImageSize, MAX_NATIVE_SIDE, Resize};
pub use layers::{Layer, Layers, Origin};
pub use optimizer::{OptimizerSettings, RateGroup, Rule};
pub use resolve::{Resolved, resolve};
pub use run_file::RunFile;
pub use settings::{
    Backend, DataSettings, ModelSettings, Network, Precision, Settings, Source, Split,
    TrainSettings,
};
pub use share::Share;
pub use start::{Head, StartSettings};
