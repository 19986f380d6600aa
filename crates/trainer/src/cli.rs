//! The command line, as typed.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{ConfigError, Layer};

/// Trains small networks on a CPU or a GPU, and shows why a learning-rate strategy converges.
#[derive(Debug, Parser)]
#[command(
    name = "trainer",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done, 1 internal, 2 usage or config, 3 data, 4 device, 5 diverged, 6 checkpoint."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model; without arguments, an MLP on the embedded handwritten digits.
    Train(TrainArguments),
    /// Measure a trained model on its test data.
    Eval(EvalArguments),
    /// Write a trained model's weights to a file that PyTorch reads.
    Export(ExportArguments),
    /// Draw the learning rate of a run before it is trained.
    Schedule(ScheduleArguments),
    /// List what a run could compute on.
    Devices(DevicesArguments),
}

/// Which settings a run has.
#[derive(Debug, Args)]
pub struct SettingsArguments {
    /// A configuration file (TOML).
    pub config: Option<PathBuf>,
    /// Where to compute: flex, ndarray (CPU), wgpu (GPU), auto (the fastest), or vulkan, metal, cuda, rocm where built in.
    #[arg(long)]
    pub backend: Option<String>,
    /// What to learn: digits, mnist, or the folder of the MNIST files.
    #[arg(long)]
    pub data: Option<String>,
    /// The network: mlp, lenet5, convnet, resnet.
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
    /// The peak learning rate.
    #[arg(long)]
    pub lr: Option<f64>,
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

/// `trainer train`
#[derive(Debug, Args)]
pub struct TrainArguments {
    /// The settings.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// The folder that run directories are made in.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    pub runs: PathBuf,
    /// The run directory's name; an existing run is never overwritten.
    #[arg(long)]
    pub name: Option<String>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

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
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

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

/// `trainer schedule`
#[derive(Debug, Args)]
pub struct ScheduleArguments {
    /// The settings whose learning rate is drawn.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// Name every kind of schedule with its parameters and their defaults.
    #[arg(long)]
    pub list: bool,
    /// What to print: a picture, or a row per update.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Also write the picture to a new file.
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    pub svg: Option<PathBuf>,
}

/// How a planned learning rate is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A picture for a person.
    #[default]
    Text,
    /// A row per update.
    Csv,
    /// A row per update, or with --list the JSON Schema of `[schedule]`.
    Json,
}

/// `trainer devices`
#[derive(Debug, Args)]
pub struct DevicesArguments {
    /// The settings whose model --bench trains.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// Measure training updates per second on every backend.
    #[arg(long)]
    pub bench: bool,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

impl SettingsArguments {
    /// The sources of settings, lowest first: the file, then the command line, where a flag beats `--set`.
    ///
    /// # Errors
    /// A file that cannot be read, or an argument that cannot be understood.
    pub fn layers(&self) -> Result<Vec<Layer>, ConfigError> {
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
        let numbers = [
            ("--lr", "optimizer.lr", self.lr),
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

impl EvalArguments {
    /// The sources of settings, lowest first: the run's own, then the command line.
    ///
    /// # Errors
    /// A file that cannot be read, or an argument that cannot be understood.
    pub fn layers(&self, settings: &Path) -> Result<Vec<Layer>, ConfigError> {
        let mut layers = Vec::new();
        if let Some(backend) = &self.backend {
            layers.push(Layer::from_flag("--backend", "backend", backend.as_str()));
        }
        if let Some(data) = &self.data {
            layers.extend(data_layers(data)?);
        }
        Ok(vec![Layer::from_file(settings)?, Layer::of(layers)])
    }
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

/// `--data` is a data set's name, or the folder of one.
fn data_layers(data: &str) -> Result<Vec<Layer>, ConfigError> {
    let name = |name: &str| Layer::from_flag("--data", "data.name", name);
    if ["digits", "mnist"].contains(&data) {
        return Ok(vec![name(data)]);
    }
    if !Path::new(data).is_dir() {
        return Err(ConfigError::new(format!(
            "--data {data}: neither a data set nor a folder"
        ))
        .hint("data sets: digits (embedded), mnist (with --set data.path=FOLDER); or the folder of the MNIST files"));
    }
    Ok(vec![
        name("mnist"),
        Layer::from_flag("--data", "data.path", data),
    ])
}
