//! What a run is judged by while it goes on.

use schedules::MetricMode;
use serde::{Deserialize, Serialize};

/// A number that is measured at every evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The mean cross-entropy on the validation images.
    ValidationLoss,
    /// The share of the validation images that is recognised.
    ValidationAccuracy,
    /// The mean training loss of the last epoch's worth of updates.
    TrainLoss,
}

impl Metric {
    /// Whether less or more of it is better.
    pub fn mode(self) -> MetricMode {
        match self {
            Self::ValidationLoss | Self::TrainLoss => MetricMode::Min,
            Self::ValidationAccuracy => MetricMode::Max,
        }
    }

    /// Whether it needs validation images.
    pub fn is_of_validation(self) -> bool {
        self != Self::TrainLoss
    }

    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValidationLoss => "validation_loss",
            Self::ValidationAccuracy => "validation_accuracy",
            Self::TrainLoss => "train_loss",
        }
    }
}
