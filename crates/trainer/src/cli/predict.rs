//! `trainer predict`

use std::path::{Path, PathBuf};

use clap::Args;

use super::ResultFormat;
use super::settings::backend_layer;
use crate::config::{ConfigError, Layer};

/// `trainer predict`
#[derive(Debug, Args)]
#[command(
    after_help = "A picture is brought to the size and colours that the model was trained with. The digits and \
    MNIST are bright strokes on black: dark strokes on paper have to be inverted first."
)]
pub struct PredictArguments {
    /// The run directory.
    pub run: PathBuf,
    /// Pictures (png, jpg, jpeg, webp), or folders of them.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How many classes to name for each picture.
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    pub top: usize,
    /// Where to compute, if not where it was trained; auto is flex here.
    #[arg(long)]
    pub backend: Option<String>,
    /// What to print: a table, or a row per picture and class.
    #[arg(long, value_enum, default_value_t)]
    pub format: ResultFormat,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

impl PredictArguments {
    /// The sources of settings, lowest first: the run's own, then the command line.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn layers(&self, settings: &Path) -> Result<Vec<Layer>, ConfigError> {
        let file = Layer::from_file(settings)?;
        let flags = backend_layer(self.backend.as_deref());
        Ok([file].into_iter().chain(flags).collect())
    }
}
