//! `trainer export`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::settings::data_layers;
use crate::config::{ConfigError, Layer};

/// `trainer export`
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The run directory.
    pub run: PathBuf,
    /// The file's format.
    #[arg(long, value_enum, default_value_t)]
    pub format: WeightsFormat,
    /// The file, which must be a new one, if not model.safetensors in the run directory.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The data's folder, if it has moved.
    #[arg(long)]
    pub data: Option<String>,
    /// Print what was written as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How weights are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum WeightsFormat {
    /// Hugging Face's format, which PyTorch reads with the package of the same name.
    #[default]
    Safetensors,
}

impl ExportArguments {
    /// The sources of settings, lowest first: the run's own, then the command line.
    ///
    /// # Errors
    /// A file that cannot be read, or an argument that cannot be understood.
    pub fn layers(&self, settings: &Path) -> Result<Vec<Layer>, ConfigError> {
        let data = self.data.as_deref().map(data_layers).transpose()?;
        let layers = Layer::of(data.unwrap_or_default());
        Ok(vec![Layer::from_file(settings)?, layers])
    }
}
