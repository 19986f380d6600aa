//! What happened in a run, as data.

use super::Gain;

/// Loss and accuracy over a part of the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    /// Mean cross-entropy, in nats.
    pub loss: f64,
    /// The share of images whose largest logit is the label's, 0 to 1.
    pub accuracy: f64,
}

/// One update of the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// Counted from 0.
    pub update: u64,
    /// Counted from 0.
    pub epoch: u64,
    /// The learning rate that this update used.
    pub learning_rate: f64,
    /// The momentum or beta 1 that the schedule gave it, where the schedule moves that and the optimizer follows.
    pub momentum: Option<f64>,
    /// The mean cross-entropy of this update's batch, before the update.
    pub train_loss: f64,
    /// Measured after this update, where it was.
    pub validation: Option<Metrics>,
    /// What this update was like, where it was looked at.
    pub probe: Option<Probe>,
    /// What this update did to the loss of the next one's batches, where it was measured.
    pub gain: Option<Gain>,
}

/// One update looked at closely, on its own batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// The norm of all gradients together, before they are clipped.
    pub gradient_norm: f64,
    /// How far the weights moved, as a share of their own norm.
    pub update_ratio: f64,
    /// The share of hidden units that some image of the batch had a gradient for: a ReLU that is off for all of them has
    /// none. Nothing for a model without hidden units that learn.
    pub live_units: Option<f64>,
}

/// A finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// How many updates it made.
    pub updates: u64,
    /// From the first batch to the last measurement.
    pub seconds: f64,
    /// How long the first update took, on a GPU with compiling and tuning its kernels.
    pub seconds_to_first_update: f64,
    /// Updates a second after the first, without the measurements between them.
    pub updates_per_second: f64,
    /// The mean training loss of the last epoch's worth of updates.
    pub train_loss: f64,
    /// The last measurement on validation, if there is any.
    pub validation: Option<Metrics>,
    /// Measured once, after the last update.
    pub test: Metrics,
}
