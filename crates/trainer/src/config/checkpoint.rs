//! What is kept of a run while it goes on.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Cadence, Metric};

/// `[checkpoint]`: when the state of a run is saved, and which state beside the last one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CheckpointSettings {
    /// How often the last state is saved; it always is after the last update, and when a run is stopped.
    pub every: Cadence,
    /// Which state is kept beside the last one.
    pub best: Best,
}

impl CheckpointSettings {
    /// How often a state is saved if nobody says: so often that little is lost, and so seldom that nobody notices.
    pub(super) const EVERY: Cadence = Cadence::Time(Duration::from_secs(60));
}

/// Which state is kept beside the last one: that with the best of a [`Metric`], or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// By the mean cross-entropy on the validation images.
    ValidationLoss,
    /// By the share of the validation images that is recognised.
    ValidationAccuracy,
    /// By the mean training loss of the last epoch's worth of updates.
    TrainLoss,
    /// None is kept.
    None,
}

impl Best {
    /// What it is the best of.
    pub fn metric(self) -> Option<Metric> {
        match self {
            Self::ValidationLoss => Some(Metric::ValidationLoss),
            Self::ValidationAccuracy => Some(Metric::ValidationAccuracy),
            Self::TrainLoss => Some(Metric::TrainLoss),
            Self::None => None,
        }
    }
}
