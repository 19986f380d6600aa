//! `summary.json`: what a run reached.

use serde::{Deserialize, Serialize};

use crate::analysis::{SuggestedRates, Verdict};

/// The result of a run. Losses are mean cross-entropies in nats, accuracies shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Updates made.
    pub updates: u64,
    /// From the first batch to the last measurement.
    pub seconds: f64,
    /// How long the first update took, with compiling and tuning kernels on a GPU.
    pub seconds_to_first_update: f64,
    /// Updates a second after the first.
    pub updates_per_second: f64,
    /// The mean training loss over the last epoch.
    pub train_loss: f64,
    /// Loss on the validation rows after the last update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Accuracy on the validation rows after the last update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Loss on the test rows.
    pub test_loss: f64,
    /// Accuracy on the test rows.
    pub test_accuracy: f64,
    /// Trained weights and biases.
    pub parameters: usize,
    /// Where it was computed.
    pub backend: String,
    /// The device's own name.
    pub device: String,
    /// What its curves say about it.
    pub verdict: Verdict,
    /// Where the peak learning rate comes from, if a range test found it: the run has the combined one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_rate: Option<SuggestedRates>,
}

/// What is left of a run whose loss was no number any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diverged {
    /// Updates made.
    pub updates: u64,
    /// What its curves say about it.
    pub verdict: Verdict,
}
