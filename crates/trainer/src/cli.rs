//! The command line, as typed.

mod adjust;
mod bench;
mod report;
mod tradeoff;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use schedules::{MAX_PEAK, Sweep};

pub use adjust::AdjustArguments;
pub use bench::BenchArguments;
pub use report::ReportArguments;
pub use tradeoff::TradeoffArguments;

use crate::config::{ConfigError, Layer};
use crate::data::is_mnist;
use crate::engine::RateSweep;

/// Trains small networks on a CPU or a GPU, and shows why a learning-rate strategy converges.
#[derive(Debug, Parser)]
#[command(
    name = "trainer",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done, 1 internal, 2 usage or config, 3 data, 4 device, 5 diverged, 6 checkpoint, 130 interrupted."
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
    /// Change the learning rate or the length of a run while another process trains it.
    Adjust(AdjustArguments),
    /// Compare learning-rate strategies; without arguments, those of the article, on the embedded handwritten digits.
    Compare(CompareArguments),
    /// Draw what each of several budgets reaches, from one run instead of many.
    Tradeoff(TradeoffArguments),
    /// Measure a trained model on its test data.
    Eval(EvalArguments),
    /// Write a trained model's weights to a file that PyTorch reads.
    Export(ExportArguments),
    /// Ask a trained model what pictures show.
    Predict(PredictArguments),
    /// Find a learning rate by a range test: a short run whose rate grows until the loss diverges.
    FindLr(FindLrArguments),
    /// Draw the learning rate of a run before it is trained.
    Schedule(ScheduleArguments),
    /// Time whole training updates of every model.
    Bench(BenchArguments),
    /// Show runs on one page: their curves, what they reached, and how their settings differ.
    Report(ReportArguments),
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
    /// What to learn: digits, mnist, a folder of pictures (DIR/CLASS/*.png, jpg, webp, or DIR/train/CLASS/… and so on), or
    /// the folder of the MNIST files.
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
    /// Go on with a run that did not reach its end, exactly where it was saved.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "runs", "name"])]
    pub resume: Option<PathBuf>,
    /// Begin a new run from a state that another one has kept, the newest or the one after so many updates, with the
    /// other run's settings and those that are given here.
    #[arg(long, value_name = "RUN[@UPDATE]", conflicts_with_all = ["config", "resume"])]
    pub fork: Option<String>,
    /// Also write the curves for TensorBoard, which shows them while they grow: `tensorboard --logdir runs`.
    #[arg(long)]
    pub tensorboard: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `trainer compare`
#[derive(Debug, Args)]
#[command(
    after_help = "A strategy is a schedule and whatever else belongs to it. Each has its peak chosen from one grid, by the \
    validation loss of runs with seeds of their own, and is then run again with other seeds. A configuration's \
    section [compare] has strategies and conditions of your own. Runs are saved one by one: the same command goes on \
    where it was stopped."
)]
pub struct CompareArguments {
    /// The settings that all runs have in common.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// Three runs a strategy and one for tuning: a first look, in which nothing is tested.
    #[arg(long)]
    pub quick: bool,
    /// The folder that the experiment's folder is made in.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    pub runs: PathBuf,
    /// The experiment's folder, if not compare-DATA-MODEL; runs that are in it already are not made again.
    #[arg(long)]
    pub name: Option<String>,
    /// Print the result as JSON.
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

/// How a result is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// For a person.
    #[default]
    Text,
    /// In rows.
    Csv,
    /// Everything.
    Json,
}

impl ResultFormat {
    /// `--json` is `--format json`.
    pub(crate) fn of(format: Self, json: bool) -> Self {
        if json { Self::Json } else { format }
    }
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

/// `trainer find-lr`
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing is applied: give what you choose to `trainer train` with --lr, or let it do both with \
    --lr auto. The weights that the test trained are thrown away."
)]
pub struct FindLrArguments {
    /// The settings of the run that a rate is looked for.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// The first learning rate.
    #[arg(long, default_value_t = RateSweep::default().from, value_name = "RATE")]
    pub from: f64,
    /// The last learning rate.
    #[arg(long, default_value_t = RateSweep::default().to, value_name = "RATE")]
    pub to: f64,
    /// How many updates the test makes at most.
    #[arg(long, default_value_t = RateSweep::default().updates, value_name = "COUNT")]
    pub updates: u64,
    /// How the rate grows.
    #[arg(long, value_enum, default_value_t)]
    pub sweep: SweepName,
    /// How much the loss is smoothed, from 0, not at all, to below 1.
    #[arg(long, default_value_t = RateSweep::default().smoothing, value_name = "SHARE")]
    pub smoothing: f64,
    /// How many times what it has fallen the loss may rise before the test stops.
    #[arg(long, default_value_t = RateSweep::default().divergence, value_name = "TIMES")]
    pub divergence: f64,
    /// How many tests, each with the next seed; their middle is suggested, and their spread shown.
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub repeat: u64,
    /// What to print: a picture with the suggestions, a row per update, or everything.
    #[arg(long, value_enum, default_value_t)]
    pub format: ResultFormat,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Also write the picture to a new file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// How the rate of a range test grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SweepName {
    /// By the same factor at every update.
    #[default]
    Exponential,
    /// By the same amount at every update.
    Linear,
}

impl FindLrArguments {
    /// The range test that was asked for.
    ///
    /// # Errors
    /// A number out of its range.
    pub fn sweep(&self) -> Result<RateSweep, ConfigError> {
        let refused = |flag: &str, value: f64, allowed: String| {
            Err(ConfigError::new(format!(
                "--{flag} {value:?}: must be {allowed}"
            )))
        };
        if !(self.from > 0.0 && self.from <= MAX_PEAK) {
            return refused(
                "from",
                self.from,
                format!("above 0 and at most {MAX_PEAK:e}"),
            );
        }
        if !(self.to > self.from && self.to <= MAX_PEAK) {
            let allowed = format!("above --from ({:?}) and at most {MAX_PEAK:e}", self.from);
            return refused("to", self.to, allowed);
        }
        if self.updates < FEWEST_UPDATES {
            return refused(
                "updates",
                self.updates as f64,
                format!("at least {FEWEST_UPDATES}"),
            );
        }
        if !(0.0..1.0).contains(&self.smoothing) {
            return refused(
                "smoothing",
                self.smoothing,
                "at least 0 and below 1".to_owned(),
            );
        }
        if !(self.divergence > 0.0 && self.divergence.is_finite()) {
            return refused("divergence", self.divergence, "above 0".to_owned());
        }
        Ok(RateSweep {
            from: self.from,
            to: self.to,
            updates: self.updates,
            sweep: match self.sweep {
                SweepName::Exponential => Sweep::Exponential,
                SweepName::Linear => Sweep::Linear,
            },
            smoothing: self.smoothing,
            divergence: self.divergence,
        })
    }
}

/// A shorter range test has too few points for any rule.
const FEWEST_UPDATES: u64 = 10;

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

impl CompareArguments {
    /// The sources of settings, lowest first.
    ///
    /// # Errors
    /// A file that cannot be read, an argument that cannot be understood, or one that all strategies would have alike.
    pub fn layers(&self) -> Result<Vec<Layer>, ConfigError> {
        if self.settings.schedule.is_some() {
            return Err(ConfigError::new(
                "--schedule: the strategies that are compared differ in it",
            )
            .hint("a file with compare.strategies = [\"fixed\", \"cosine\"] chooses among them"));
        }
        self.settings.layers()
    }
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

fn backend_layer(backend: Option<&str>) -> Option<Layer> {
    backend.map(|backend| Layer::from_flag("--backend", "backend", backend))
}

/// `--data` is a data set's name, or the folder of one.
fn data_layers(data: &str) -> Result<Vec<Layer>, ConfigError> {
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
