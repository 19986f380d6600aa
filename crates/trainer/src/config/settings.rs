//! What was meant: every setting resolved and checked.

use std::path::PathBuf;

use schedules::{ScheduleConfig, Span};
use serde::{Deserialize, Serialize};

use super::{OptimizerSettings, Share};

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
    /// Chooses the validation rows.
    pub split_seed: u64,
    /// Images an update.
    pub batch_size: usize,
    /// Whether a last partial batch is left out in training.
    pub drop_last: bool,
}

/// A data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

/// The network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ModelSettings {
    /// A multi-layer perceptron.
    Mlp {
        /// The width of each hidden layer.
        hidden: Vec<usize>,
    },
    /// LeNet-5.
    LeNet5,
}

/// How long, and how it is watched.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainSettings {
    /// The run's length.
    pub length: Span,
    /// How often validation is measured.
    pub evaluate_every: Span,
}

impl ModelSettings {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mlp { .. } => "mlp",
            Self::LeNet5 => "lenet5",
        }
    }
}

impl Source {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Digits { .. } => "digits",
            Self::Mnist { .. } => "mnist",
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
}
