//! What a person types: every key, all of them optional.

use std::path::PathBuf;

use schedules::{ScheduleConfig, Span};
use serde::{Deserialize, Serialize};

use super::settings::RateGroup;
use super::{ImageSize, Share};

/// A configuration file, as typed. The keys of `--set` are the same.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunFile {
    /// Draws initial weights and shuffles.
    pub seed: Option<u64>,
    /// `flex`, `ndarray`, `wgpu` … or `auto`.
    pub backend: Option<String>,
    /// What is learned.
    pub data: DataKeys,
    /// The network.
    pub model: ModelKeys,
    /// How weights are updated.
    pub optimizer: OptimizerKeys,
    /// The learning rate over the run.
    pub schedule: Option<ScheduleConfig>,
    /// How long, and how it is watched.
    pub train: TrainKeys,
}

/// `[data]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DataKeys {
    /// `digits`, `mnist` or `images`.
    pub name: Option<String>,
    /// The folder it lies in.
    pub path: Option<PathBuf>,
    /// The share of the training rows that is held out for validation.
    pub validation: Option<Share>,
    /// `shuffled` or `file`.
    pub split: Option<String>,
    /// The size that pictures are brought to.
    pub size: Option<ImageSize>,
    /// `auto`, `grey` or `rgb`.
    pub color: Option<String>,
    /// `crop` or `squash`.
    pub resize: Option<String>,
    /// The share of the pictures that is held out for testing.
    pub test: Option<Share>,
    /// Whether pictures that cannot be read are left out.
    pub skip_bad: Option<bool>,
    /// Chooses the validation rows, and the test rows of pictures.
    pub split_seed: Option<u64>,
    /// Images an update.
    pub batch_size: Option<usize>,
    /// Whether a last partial batch is left out in training.
    pub drop_last: Option<bool>,
}

/// `[model]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelKeys {
    /// `mlp` or `lenet5`.
    pub kind: Option<String>,
    /// The MLP's hidden widths.
    pub hidden: Option<Vec<usize>>,
}

/// `[optimizer]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OptimizerKeys {
    /// `sgd`, `adam` or `adamw`.
    pub kind: Option<String>,
    /// The peak learning rate.
    pub lr: Option<f64>,
    /// SGD's momentum.
    pub momentum: Option<f64>,
    /// SGD's dampening.
    pub dampening: Option<f64>,
    /// SGD's look-ahead.
    pub nesterov: Option<bool>,
    /// Weight decay.
    pub weight_decay: Option<f64>,
    /// Adam's decay rate of the average gradient.
    pub beta1: Option<f64>,
    /// Adam's decay rate of the average squared gradient.
    pub beta2: Option<f64>,
    /// What Adam adds to its denominator.
    pub epsilon: Option<f64>,
    /// Parameters with a learning rate of their own.
    pub groups: Option<Vec<RateGroup>>,
}

/// `[train]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainKeys {
    /// The run's length: updates (`4000`) or epochs (`"20ep"`).
    pub length: Option<Span>,
    /// The run's length in epochs; the same as `length = "…ep"`.
    pub epochs: Option<f64>,
    /// How often validation is measured.
    pub evaluate_every: Option<Span>,
}
