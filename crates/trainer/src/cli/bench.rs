//! `trainer bench`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::ResultFormat;
use crate::config::{ConfigError, Layer};
use crate::data::ImageShape;

/// How updates are timed.
#[derive(Debug, Args)]
#[command(
    after_help = "An update is all of it: gathering a batch, forward, backward, optimizer, metrics.csv and progress. The \
    images are made up, since their content does not change the time; the networks have their own sizes unless --set \
    says otherwise. RAYON_NUM_THREADS=1 measures one thread."
)]
pub struct BenchArguments {
    /// A configuration file (TOML), for its model, optimizer and training.
    pub config: Option<PathBuf>,
    /// The networks, if not all of them or that of the configuration: mlp, lenet5, cnn, convnet,
    /// resnet.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub model: Vec<String>,
    /// Images an update.
    #[arg(long, value_name = "SIZES", value_delimiter = ',', default_value = "32,64,128,256,512",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_sizes: Vec<u32>,
    /// Where to compute: flex, ndarray (CPU), wgpu (GPU), or others that are built in.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "flex"
    )]
    pub backend: Vec<String>,
    /// The optimizer.
    #[arg(long)]
    pub optimizer: Option<String>,
    /// The images' size, if not 3x32x32 for resnet and 1x28x28 for the others.
    #[arg(long, value_name = "CxHxW", value_parser = image_shape)]
    pub shape: Option<ImageShape>,
    /// How long each row is measured, after its warm-up.
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    pub seconds: f64,
    /// Any setting of a configuration file, such as --set model.depth=20.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// What to print: a table, or a row per measurement.
    #[arg(long, value_enum, default_value_t)]
    pub format: ResultFormat,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

impl BenchArguments {
    /// The networks to measure; nothing where it is that of the configuration.
    pub fn models(&self) -> Vec<Option<&str>> {
        if !self.model.is_empty() {
            return self.model.iter().map(|name| Some(name.as_str())).collect();
        }
        match self.config {
            Some(_) => vec![None],
            None => ["mlp", "lenet5", "cnn", "convnet", "resnet"]
                .map(Some)
                .to_vec(),
        }
    }

    /// The sources of the settings of one row, lowest first.
    ///
    /// # Errors
    /// A file that cannot be read, or an argument that cannot be understood.
    pub fn layers(
        &self,
        model: Option<&str>,
        batch_size: u32,
        backend: &str,
    ) -> Result<Vec<Layer>, ConfigError> {
        // The data of the configuration are not read, and nothing is said about where they should lie.
        let mut layers = vec![Layer::from_flag("bench", "data.name", "digits")];
        let sets = self.set.iter();
        layers.extend(
            sets.map(|set| Layer::from_set(set))
                .collect::<Result<Vec<_>, _>>()?,
        );
        let texts = [
            ("--model", "model.kind", model),
            ("--backend", "backend", Some(backend)),
            ("--optimizer", "optimizer.kind", self.optimizer.as_deref()),
        ];
        for (flag, key, value) in texts {
            layers.extend(value.map(|value| Layer::from_flag(flag, key, value)));
        }
        let batch_size = i64::from(batch_size);
        layers.push(Layer::from_flag(
            "--batch-sizes",
            "data.batch_size",
            batch_size,
        ));
        let file = self.config.as_deref().map(Layer::from_file).transpose()?;
        Ok(file.into_iter().chain([Layer::of(layers)]).collect())
    }
}

/// `3x32x32`: channels, height, width.
fn image_shape(text: &str) -> Result<ImageShape, String> {
    let sizes: Result<Vec<usize>, _> = text.split('x').map(str::parse).collect();
    match sizes.as_deref() {
        Ok(&[channels, height, width]) if channels.min(height).min(width) > 0 => Ok(ImageShape {
            channels,
            height,
            width,
        }),
        _ => Err("channels, height and width are three whole numbers above 0: 3x32x32".to_owned()),
    }
}

/// A length of time that ends.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=1e6).contains(&seconds) => Ok(seconds),
        _ => Err("seconds are a number from 0 to 1000000".to_owned()),
    }
}
