//! What was meant: every setting resolved and checked.

use std::path::PathBuf;

use schedules::{RateHandle, ScheduleConfig, Span};
use serde::{Deserialize, Serialize};

use super::{ImageFolder, Share};

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
    /// Chooses the validation rows, and the test rows of pictures.
    pub split_seed: u64,
    /// Images an update.
    pub batch_size: usize,
    /// Whether a last partial batch is left out in training.
    pub drop_last: bool,
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

/// How weights are updated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OptimizerSettings {
    /// The peak learning rate.
    pub lr: f64,
    /// The optimizer and its parameters.
    #[serde(flatten)]
    pub rule: Rule,
    /// Parameters with a learning rate of their own; where two match, the later one holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<RateGroup>,
}

/// Parameters whose learning rate is multiplied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateGroup {
    /// What the parameter's path contains, such as `layers.0`.
    pub path: String,
    /// What its learning rate is multiplied by; 0 leaves it as it is.
    pub multiplier: f64,
}

/// An optimizer and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[allow(
    missing_docs,
    reason = "the parameters are those of the optimizers crate"
)]
pub enum Rule {
    /// Stochastic gradient descent.
    Sgd {
        momentum: f64,
        dampening: f64,
        nesterov: bool,
        weight_decay: f64,
    },
    /// Adam with L2 weight decay.
    Adam {
        beta1: f64,
        beta2: f64,
        epsilon: f64,
        weight_decay: f64,
    },
    /// Adam with decoupled weight decay.
    AdamW {
        beta1: f64,
        beta2: f64,
        epsilon: f64,
        weight_decay: f64,
    },
}

/// How long, and how it is watched.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainSettings {
    /// The run's length.
    pub length: Span,
    /// How often validation is measured.
    pub evaluate_every: Span,
}

impl Rule {
    /// The optimizer itself, whose momentum is that of `rates` where a schedule moves it.
    ///
    /// # Errors
    /// A parameter that is out of its range.
    pub fn optimizer(
        &self,
        rates: RateHandle,
    ) -> Result<optimizers::ModuleUpdate, optimizers::OptimizerError> {
        use optimizers::{Adam, AdamW, Follow, Sgd};

        match *self {
            Self::Sgd {
                momentum,
                dampening,
                nesterov,
                weight_decay,
            } => Follow::new(
                Sgd::new()
                    .momentum(momentum)
                    .dampening(dampening)
                    .nesterov(nesterov)
                    .weight_decay(weight_decay),
                rates,
            )
            .build(),
            Self::Adam {
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => Follow::new(
                Adam::new()
                    .betas(beta1, beta2)
                    .epsilon(epsilon)
                    .weight_decay(weight_decay),
                rates,
            )
            .build(),
            Self::AdamW {
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => Follow::new(
                AdamW::new()
                    .betas(beta1, beta2)
                    .epsilon(epsilon)
                    .weight_decay(weight_decay),
                rates,
            )
            .build(),
        }
    }

    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd { .. } => "sgd",
            Self::Adam { .. } => "adam",
            Self::AdamW { .. } => "adamw",
        }
    }
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
            Self::Images(_) => "images",
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
