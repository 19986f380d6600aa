//! What was meant: every setting resolved and checked.

use std::path::PathBuf;

use models::ModelConfig;
use schedules::{ScheduleConfig, Span};
use serde::{Deserialize, Serialize};

use super::{
    AugmentSettings, CheckpointSettings, ConfigError, EarlyStopping, ForkSettings, ImageFolder,
    Length, OnDivergence, OptimizerSettings, Share, StartSettings,
};

/// Everything that decides what a run computes. Saved with the run, in the form of a configuration file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// Draws initial weights and shuffles.
    pub seed: u64,
    /// Where it computes.
    pub backend: Backend,
    /// What is learned.
    pub data: DataSettings,
    /// The network.
    pub model: ModelSettings,
    /// How weights are updated.
    pub optimizer: OptimizerSettings,
    /// The learning rate over the run, as a factor of the peak.
    pub schedule: ScheduleConfig,
    /// How long, and how it is watched.
    pub train: TrainSettings,
    /// What is kept of it while it goes on.
    pub checkpoint: CheckpointSettings,
    /// The run that it goes on from, if it does not begin at its first update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fork: Option<ForkSettings>,
    /// When it ends before its length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
}

/// Where a run computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The CPU, through burn-flex.
    Flex,
    /// The CPU, through burn-ndarray.
    NdArray,
    /// The GPU, through wgpu and whatever graphics interface it finds.
    Wgpu,
    /// The GPU, through wgpu on Vulkan, with shaders compiled to SPIR-V.
    Vulkan,
    /// The GPU, through wgpu on Metal.
    Metal,
    /// An NVIDIA GPU, through CUDA.
    Cuda,
    /// An AMD GPU, through ROCm.
    Rocm,
    /// The fastest of those that are here, by a short measurement.
    Auto,
}

/// What is learned, and how it is cut up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataSettings {
    /// The data set.
    #[serde(flatten)]
    pub source: Source,
    /// The share of the training rows that is held out for validation.
    pub validation: Share,
    /// Chooses the validation rows, and the test rows of pictures.
    pub split_seed: u64,
    /// The share of the training labels that are replaced by another class; those of validation and test stay right.
    #[serde(skip_serializing_if = "Share::is_zero")]
    pub label_noise: Share,
    /// What the last value of an image is multiplied by, the first by 1 and those between by a geometric series.
    #[serde(skip_serializing_if = "is_one")]
    pub stretch: f64,
    /// Images an update.
    pub batch_size: usize,
    /// Whether a last partial batch is left out in training.
    pub drop_last: bool,
    /// Whether every epoch takes the training rows in another order, or all of them in that of the data.
    pub shuffle: bool,
    /// How training images are changed by chance.
    #[serde(skip_serializing_if = "AugmentSettings::is_off")]
    pub augment: AugmentSettings,
}

/// A data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Source {
    /// The embedded handwritten digits.
    Digits {
        /// Which rows test.
        split: Split,
    },
    /// A folder of the four MNIST files.
    Mnist {
        /// The folder.
        path: PathBuf,
    },
    /// A folder of a person's own pictures.
    Images(ImageFolder),
}

/// Which rows of the embedded digits test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// A fixed stratified shuffle.
    Shuffled,
    /// The last rows of the file, which other writers wrote.
    File,
}

/// The network, and what it leaves out in training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelSettings {
    /// The network and its sizes.
    #[serde(flatten)]
    pub network: Network,
    /// The rate at which the features before the last layer are dropped.
    #[serde(skip_serializing_if = "is_zero")]
    pub dropout: f64,
    /// The rate at which the last residual block is skipped.
    #[serde(skip_serializing_if = "is_zero")]
    pub stochastic_depth: f64,
    /// What its weights are before the first update, and which of them stay.
    #[serde(flatten)]
    pub start: StartSettings,
}

/// A network and its sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Network {
    /// A multi-layer perceptron.
    Mlp {
        /// The width of each hidden layer.
        hidden: Vec<usize>,
    },
    /// LeNet-5.
    LeNet5,
    /// A plain convolutional network without norms.
    Cnn {
        /// The channels of each convolution.
        widths: Vec<usize>,
        /// The width of each fully connected layer.
        hidden: Vec<usize>,
    },
    /// A plain convolutional network with batch norm.
    ConvNet {
        /// The channels of each stage.
        widths: Vec<usize>,
    },
    /// A residual network.
    ResNet {
        /// Layers with weights: 6n + 2.
        depth: usize,
    },
}

/// How long, and how it is watched.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainSettings {
    /// The run's length.
    pub length: Length,
    /// How many updates a length that is a time is planned with; nothing before its speed was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizon: Option<u64>,
    /// How often validation is measured.
    pub evaluate_every: Span,
    /// The gain is measured at every update whose number this divides; 0 never measures it.
    pub gain_every: u64,
    /// Batches an update: it takes the mean of their gradients, and its loss is the mean of theirs.
    pub accumulate: u32,
    /// The largest norm of all gradients together; infinite where they are not clipped.
    pub clip_norm: f64,
    /// The largest size of each gradient's elements; infinite where they are not clipped.
    pub clip_value: f64,
    /// The share of each label that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// The decay of the average of the weights that is measured and saved; 0 takes the weights themselves.
    pub ema: f64,
    /// The type of every number in weights, batches and the optimizer's state.
    pub precision: Precision,
    /// What becomes of a run that diverged.
    pub on_divergence: OnDivergence,
    /// What a recovery multiplies the learning rate by.
    pub recover_factor: f64,
    /// How often it recovers before it is stopped.
    pub recover_most: u32,
}

/// How many bits a number has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision, which every backend has.
    #[default]
    Float32,
    /// Double precision, to compare with; GPUs often lack it.
    Float64,
}

impl Settings {
    /// Every setting by its key, as in a configuration file.
    ///
    /// # Errors
    /// A value that TOML has no form for.
    pub fn table(&self) -> Result<toml::Table, ConfigError> {
        toml::Table::try_from(self).map_err(|error| ConfigError::new(error.to_string()))
    }
}

impl ModelSettings {
    /// The network's name in a configuration.
    pub fn name(&self) -> &'static str {
        self.network.name()
    }

    /// Whether anything is left out in training.
    pub fn drops(&self) -> bool {
        self.dropout > 0.0 || self.stochastic_depth > 0.0
    }
}

/// Whether a rate is off, which some networks have no key for.
fn is_zero(rate: &f64) -> bool {
    *rate == 0.0
}

/// Whether a factor changes nothing.
fn is_one(factor: &f64) -> bool {
    *factor == 1.0
}

impl Network {
    /// What the models crate builds it from.
    pub fn config(&self) -> ModelConfig {
        match self {
            Self::Mlp { hidden } => ModelConfig::Mlp {
                hidden: hidden.clone(),
            },
            Self::LeNet5 => ModelConfig::LeNet5,
            Self::Cnn { widths, hidden } => ModelConfig::Cnn {
                widths: widths.clone(),
                hidden: hidden.clone(),
            },
            Self::ConvNet { widths } => ModelConfig::ConvNet {
                widths: widths.clone(),
            },
            Self::ResNet { depth } => ModelConfig::ResNet { depth: *depth },
        }
    }

    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mlp { .. } => "mlp",
            Self::LeNet5 => "lenet5",
            Self::Cnn { .. } => "cnn",
            Self::ConvNet { .. } => "convnet",
            Self::ResNet { .. } => "resnet",
        }
    }
}

impl Source {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Digits { .. } => "digits",
            Self::Mnist { .. } => "mnist",
            Self::Images(_) => "images",
        }
    }
}

impl Precision {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float64 => "float64",
        }
    }
}

impl Backend {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::NdArray => "ndarray",
            Self::Wgpu => "wgpu",
            Self::Vulkan => "vulkan",
            Self::Metal => "metal",
            Self::Cuda => "cuda",
            Self::Rocm => "rocm",
            Self::Auto => "auto",
        }
    }

    /// Whether it computes with shaders, through an interface for graphics.
    pub fn is_graphics(self) -> bool {
        matches!(self, Self::Wgpu | Self::Vulkan | Self::Metal)
    }
}
