//! `trainer eval`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::ResultFormat;
use super::settings::{backend_layer, data_layers};
use crate::config::{ConfigError, Layer};

/// `trainer eval`
#[derive(Debug, Args)]
pub struct EvalArguments {
    /// The run directory.
    pub run: PathBuf,
    /// Where to compute, if not where it was trained.
    #[arg(long)]
    pub backend: Option<String>,
    /// The data's folder, if it has moved.
    #[arg(long)]
    pub data: Option<String>,
    /// Which images.
    #[arg(long, value_enum, default_value_t)]
    pub part: PartName,
    /// What to print: tables, a row per class, or everything.
    #[arg(long, value_enum, default_value_t)]
    pub format: ResultFormat,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// Which images are measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PartName {
    /// Those that no decision was made on.
    #[default]
    Test,
    /// Those held out of the training images.
    Validation,
    /// Those that the model learned from.
    Train,
}

impl EvalArguments {
    /// The sources of settings, lowest first: the run's own, then the command line.
    ///
    /// # Errors
    /// A file that cannot be read, or an argument that cannot be understood.
    pub fn layers(&self, settings: &Path) -> Result<Vec<Layer>, ConfigError> {
        let mut layers = Vec::new();
        layers.extend(backend_layer(self.backend.as_deref()));
        if let Some(data) = &self.data {
            layers.extend(data_layers(data)?);
        }
        Ok(vec![Layer::from_file(settings)?, Layer::of(layers)])
    }
}
