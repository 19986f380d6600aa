//! What a person types: every key, all of them optional.

use std::path::PathBuf;

use schedules::{ScheduleConfig, Span};
use serde::{Deserialize, Serialize};

use super::augment::AugmentKeys;
use super::{Cadence, ImageSize, Length, RateGroup, Share};

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
    /// What is kept of a run while it goes on.
    pub checkpoint: CheckpointKeys,
    /// When a run ends before its length.
    pub early_stopping: EarlyStoppingKeys,
    /// The run that it goes on from.
    pub fork: ForkKeys,
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
    /// The share of the training labels that are wrong on purpose.
    pub label_noise: Option<Share>,
    /// What the last value of an image is multiplied by, the first by 1.
    pub stretch: Option<f64>,
    /// Images an update.
    pub batch_size: Option<usize>,
    /// Whether a last partial batch is left out in training.
    pub drop_last: Option<bool>,
    /// Whether every epoch takes the training rows in another order.
    pub shuffle: Option<bool>,
    /// How training images are changed by chance.
    pub augment: AugmentKeys,
}

/// `[model]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelKeys {
    /// `mlp`, `lenet5`, `cnn`, `convnet` or `resnet`.
    pub kind: Option<String>,
    /// The hidden widths of the MLP and the CNN.
    pub hidden: Option<Vec<usize>>,
    /// The channels of the CNN's convolutions and of the convnet's stages.
    pub widths: Option<Vec<usize>>,
    /// The resnet's layers with weights.
    pub depth: Option<usize>,
    /// The rate at which the features before the last layer are dropped.
    pub dropout: Option<f64>,
    /// The rate at which the resnet's last block is skipped.
    pub stochastic_depth: Option<f64>,
    /// A safetensors file to start from.
    pub init: Option<PathBuf>,
    /// `init` or `new`: where the last layer's weights come from.
    pub head: Option<String>,
    /// What the names of parameters that do not learn contain.
    pub freeze: Option<Vec<String>>,
}

/// `[optimizer]`; the keys of its kind are those of [`Rule`](super::Rule).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OptimizerKeys {
    /// `sgd`, `adam`, `adamw` …
    pub kind: Option<String>,
    /// The peak learning rate.
    pub lr: Option<f64>,
    /// `all` or `matrices`: which parameters lose weight.
    pub decay: Option<String>,
    /// What the learning rate is multiplied by from one layer to the one below it.
    pub layer_decay: Option<f64>,
    /// Parameters with a learning rate of their own.
    pub groups: Option<Vec<RateGroup>>,
}

/// `[train]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainKeys {
    /// The run's length: updates (`4000`), epochs (`"20ep"`) or a time (`"20min"`).
    pub length: Option<Length>,
    /// The run's length in epochs; the same as `length = "…ep"`.
    pub epochs: Option<f64>,
    /// How many updates a length that is a time is planned with.
    pub horizon: Option<u64>,
    /// How often validation is measured.
    pub evaluate_every: Option<Span>,
    /// The gain is measured at every update whose number this divides.
    pub gain_every: Option<u64>,
    /// Batches an update.
    pub accumulate: Option<u32>,
    /// The largest norm of all gradients together.
    pub clip_norm: Option<f64>,
    /// The largest size of each gradient's elements.
    pub clip_value: Option<f64>,
    /// The share of each label that is spread evenly over all classes.
    pub label_smoothing: Option<f64>,
    /// The decay of the average of the weights.
    pub ema: Option<f64>,
    /// `float32` or `float64`.
    pub precision: Option<String>,
    /// `stop` or `recover`.
    pub on_divergence: Option<String>,
    /// What a recovery multiplies the learning rate by.
    pub recover_factor: Option<f64>,
    /// How often a run recovers.
    pub recover_most: Option<u32>,
}

/// `[fork]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ForkKeys {
    /// The other run's directory.
    pub run: Option<PathBuf>,
    /// How many updates the state has made that it goes on from.
    pub update: Option<u64>,
}

/// `[checkpoint]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckpointKeys {
    /// How often the state is saved: updates (`500`), epochs (`"2ep"`) or a time (`"10min"`).
    pub every: Option<Cadence>,
    /// The metric whose best state is kept as well, or `none`.
    pub best: Option<String>,
}

/// `[early_stopping]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EarlyStoppingKeys {
    /// `validation_loss`, `validation_accuracy` or `train_loss`.
    pub metric: Option<String>,
    /// After how many evaluations without a better one the run ends.
    pub patience: Option<u64>,
    /// By how much more than this it has to be better.
    pub min_change: Option<f64>,
    /// How many epochs it trains in any case.
    pub min_epochs: Option<f64>,
}

impl EarlyStoppingKeys {
    /// Whether nobody said anything.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
