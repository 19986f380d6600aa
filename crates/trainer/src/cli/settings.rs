//! Which settings a run has, as typed.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use crate::config::{ConfigError, Layer};
use crate::data::is_mnist;

/// Which settings a run has.
#[derive(Debug, Args)]
pub struct SettingsArguments {
    /// A configuration file (TOML).
    pub config: Option<PathBuf>,
    /// Where to compute: flex, ndarray (CPU), wgpu (GPU), auto (the fastest), or vulkan, metal, cuda, rocm where built in.
    #[arg(long)]
    pub backend: Option<String>,
    /// What to learn: digits, mnist, a folder of pictures (DIR/CLASS/*.png, jpg, webp, or DIR/train/CLASS/… and so on), or
    /// the folder of the MNIST files.
    #[arg(long)]
    pub data: Option<String>,
    /// The network: mlp, lenet5, cnn, convnet, resnet.
    #[arg(long)]
    pub model: Option<String>,
    /// Start from the weights in a safetensors file, under PyTorch's names, instead of drawn ones.
    #[arg(long, value_name = "FILE")]
    pub init: Option<String>,
    /// Leave the parameters as they are whose name contains this, such as layers.0; may be given more than once.
    #[arg(long, value_name = "PATTERN")]
    pub freeze: Vec<String>,
    /// The optimizer: sgd, adam, adamw, nadam, radam, rmsprop, adagrad, lion, lamb, muon, schedule_free_sgd,
    /// schedule_free_adamw, prodigy.
    #[arg(long)]
    pub optimizer: Option<String>,
    /// The peak learning rate; in `trainer train` also auto, which looks for one first, as `trainer find-lr` does.
    #[arg(long)]
    pub lr: Option<RateChoice>,
    /// The schedule: constant, cosine, one_cycle, step and more, which `trainer schedule --list` names.
    #[arg(long)]
    pub schedule: Option<String>,
    /// How many epochs.
    #[arg(long)]
    pub epochs: Option<f64>,
    /// Images an update.
    #[arg(long)]
    pub batch_size: Option<i64>,
    /// Draws initial weights and shuffles.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
    pub seed: Option<i64>,
    /// Any setting of a configuration file, such as --set optimizer.weight_decay=0.1.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// `--lr`
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RateChoice {
    /// To be found.
    Auto,
    /// A number.
    Fixed(f64),
}

impl FromStr for RateChoice {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        match typed {
            "auto" => Ok(Self::Auto),
            _ => {
                let number = typed.parse().map(Self::Fixed);
                number.map_err(|_| "neither a number such as 0.01 nor auto".to_owned())
            }
        }
    }
}

impl SettingsArguments {
    /// The sources of settings, lowest first: the file, then the command line, where a flag beats `--set`.
    ///
    /// # Errors
    /// A file that cannot be read, or an argument that cannot be understood; `--lr auto`, which only training can follow.
    pub fn layers(&self) -> Result<Vec<Layer>, ConfigError> {
        if self.finds_rate() {
            let hint = "`trainer find-lr` looks for one; `trainer train --lr auto` uses it";
            return Err(ConfigError::new("--lr auto: here it must be a number").hint(hint));
        }
        self.layers_without_rate()
    }

    /// Whether the learning rate is to be found.
    pub fn finds_rate(&self) -> bool {
        self.lr == Some(RateChoice::Auto)
    }

    /// [`layers`](Self::layers), in which a learning rate that is to be found is left open.
    ///
    /// # Errors
    /// A file that cannot be read, or an argument that cannot be understood.
    pub fn layers_without_rate(&self) -> Result<Vec<Layer>, ConfigError> {
        let mut layers = Vec::new();
        for assignment in &self.set {
            layers.push(Layer::from_set(assignment)?);
        }
        if let Some(data) = &self.data {
            layers.extend(data_layers(data)?);
        }
        let texts = [
            ("--backend", "backend", &self.backend),
            ("--model", "model.kind", &self.model),
            ("--init", "model.init", &self.init),
            ("--optimizer", "optimizer.kind", &self.optimizer),
            ("--schedule", "schedule.kind", &self.schedule),
        ];
        for (flag, key, value) in texts {
            if let Some(value) = value {
                layers.push(Layer::from_flag(flag, key, value.as_str()));
            }
        }
        if !self.freeze.is_empty() {
            let patterns = self.freeze.clone();
            layers.push(Layer::from_flag("--freeze", "model.freeze", patterns));
        }
        let lr = match self.lr {
            Some(RateChoice::Fixed(lr)) => Some(lr),
            Some(RateChoice::Auto) | None => None,
        };
        let numbers = [
            ("--lr", "optimizer.lr", lr),
            ("--epochs", "train.epochs", self.epochs),
        ];
        for (flag, key, value) in numbers {
            if let Some(value) = value {
                layers.push(Layer::from_flag(flag, key, value));
            }
        }
        let integers = [
            ("--batch-size", "data.batch_size", self.batch_size),
            ("--seed", "seed", self.seed),
        ];
        for (flag, key, value) in integers {
            if let Some(value) = value {
                layers.push(Layer::from_flag(flag, key, value));
            }
        }
        let file = self.config.as_deref().map(Layer::from_file).transpose()?;
        Ok(file.into_iter().chain([Layer::of(layers)]).collect())
    }
}

pub(super) fn backend_layer(backend: Option<&str>) -> Option<Layer> {
    backend.map(|backend| Layer::from_flag("--backend", "backend", backend))
}

/// `--data` is a data set's name, or the folder of one.
pub(super) fn data_layers(data: &str) -> Result<Vec<Layer>, ConfigError> {
    let name = |name: &str| Layer::from_flag("--data", "data.name", name);
    if ["digits", "mnist"].contains(&data) {
        return Ok(vec![name(data)]);
    }
    let folder = Path::new(data);
    if folder.is_file() {
        return Err(ConfigError::new(format!(
            "--data {data}: is a file, and data are read from a folder"
        ))
        .hint("an archive (zip, tar) has to be unpacked; pictures lie as FOLDER/CLASS/NAME.png (jpg, jpeg, webp)"));
    }
    if !folder.is_dir() {
        return Err(
            ConfigError::new(format!("--data {data}: neither a data set nor a folder")).hint(
                "data sets: digits (embedded), mnist (with --set data.path=FOLDER); \
             or a folder of pictures or of the MNIST files",
            ),
        );
    }
    let kind = if is_mnist(folder) { "mnist" } else { "images" };
    Ok(vec![
        name(kind),
        Layer::from_flag("--data", "data.path", data),
    ])
}
