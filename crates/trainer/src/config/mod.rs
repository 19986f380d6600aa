//! From what was typed to what was meant: files, `--set` and flags become one checked [`Settings`].

mod error;
mod images;
mod layers;
mod recipe;
mod resolve;
mod run_file;
mod settings;
mod share;

pub use error::ConfigError;
pub use images::{Color, ImageFolder, ImageSize, MAX_NATIVE_SIDE, Resize};
pub use layers::{Layer, Layers, Origin};
pub use resolve::{Resolved, resolve};
pub use run_file::RunFile;
pub use settings::{
    Backend, DataSettings, ModelSettings, OptimizerSettings, RateGroup, Rule, Settings, Source,
    Split, TrainSettings,
};
pub use share::Share;
