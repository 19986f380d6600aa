//! The state of a run between two updates: all that a process needs to go on as if it had never stopped.

mod circumstances;
mod files;
mod manifest;
mod shelf;

use models::{StateDict, StateDictError};
use optimizers::{RecordError, StateRecord};
use schedules::{Scheduler, SchedulerState, StateError};

pub use circumstances::Circumstances;
pub use files::{CheckpointError, Origin, Saved};
pub use shelf::{Found, Shelf, Slot};

use super::standing::Standing;

/// The state of a run between two updates.
///
/// The order of the data, masks and every other random draw follow from the number of updates, and so does how many
/// rows `metrics.csv` has.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// How many updates were made.
    pub updates: u64,
    /// The weights and statistics that are trained.
    pub(super) weights: StateDict,
    /// Those that are measured and meant for use, where they are others.
    pub(super) averaged: Option<StateDict>,
    pub(super) optimizer: StateRecord,
    pub(super) average: Option<StateRecord>,
    pub(super) schedule: SchedulerState,
    /// What the schedule's rate is multiplied by.
    pub(super) scale: f64,
    /// After how many updates the states were that the run went back to.
    pub(super) recovered: Vec<u64>,
    /// How many changes were made on the way.
    pub(super) adjusted: u64,
    pub(super) standing: Standing,
    /// How long it has taken, in seconds.
    pub seconds: f64,
}

impl Checkpoint {
    /// The weights that are meant for use.
    pub fn model(&self) -> &StateDict {
        self.averaged.as_ref().unwrap_or(&self.weights)
    }

    /// How many updates the run has in all that was `planned` with so many: another number if it was changed on its way.
    pub fn length(&self, planned: u64) -> u64 {
        let last = self.schedule.retimings.last();
        last.map_or(planned, |retiming| retiming.to)
    }

    /// The same state under another schedule, which is at the same update.
    pub(super) fn under(&self, schedule: &Scheduler) -> Self {
        let mut schedule = schedule.clone();
        schedule.seek(self.updates);
        Self {
            schedule: schedule.state(),
            ..self.clone()
        }
    }

    /// Whether nothing speaks against going on from here.
    pub(super) fn is_good(&self) -> bool {
        let loss = self
            .standing
            .validation
            .map_or(0.0, |validation| validation.loss);
        self.standing.watch.is_calm() && loss.is_finite() && is_finite(&self.weights)
    }

    /// Whether the run has gone back to a state before this one by the time of a `later` one.
    fn is_void(&self, later: &Self) -> bool {
        let mut since = later.recovered.iter().skip(self.recovered.len());
        since.any(|back| *back < self.updates)
    }
}

/// Whether every weight is a number, which a loss tells only of those that the update before has left.
pub(super) fn is_finite(weights: &StateDict) -> bool {
    let mut weights = weights.iter().flat_map(|(_, data)| data.iter::<f64>());
    weights.all(f64::is_finite)
}

/// A checkpoint that is not one of this run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// Weights of another model.
    #[error("the weights are of another model: {0}")]
    Weights(#[from] StateDictError),
    /// The state of another optimizer.
    #[error("the optimizer's state is another's: {0}")]
    Optimizer(RecordError),
    /// No average of these weights.
    #[error("the average of the weights is another's: {0}")]
    Average(RecordError),
    /// The state of another schedule.
    #[error("the schedule's state is another's: {0}")]
    Schedule(#[from] StateError),
    /// More updates than the run has.
    #[error("it has made {made} updates, and the run has {planned}")]
    Length {
        /// Made.
        made: u64,
        /// Planned.
        planned: u64,
    },
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use burn::tensor::TensorData;
    use schedules::prelude::*;

    use super::*;
    use crate::config::Backend;
    use crate::engine::standing::Best;
    use crate::engine::{Metrics, open};

    /// One of a run after so many updates, with everything that a checkpoint may have.
    pub(in crate::engine) fn checkpoint(updates: u64) -> Checkpoint {
        let weights = |first: f32| {
            let data = TensorData::new(vec![first, -0.0, f32::MIN_POSITIVE], [3, 1]);
            StateDict::from_iter([("head.weight", data)])
        };
        let entries = BTreeMap::from([
            (
                "@updates".to_owned(),
                TensorData::new(vec![updates], Vec::<usize>::new()),
            ),
            (
                "Mlp.head.weight.sum".to_owned(),
                TensorData::new(vec![0.1_f64; 3], [3, 1]),
            ),
        ]);
        let (mut rate, plateau) = Constant::new()
            .peak(0.1)
            .and_then(|rate| rate.plateau(Plateau::min().patience(1)))
            .unwrap_or_else(|error| unreachable!("{error}"));
        rate.seek(updates);
        plateau.report(f64::NAN);
        Checkpoint {
            updates,
            weights: weights(1.5),
            averaged: Some(weights(2.5)),
            optimizer: StateRecord::new("ScheduleFreeSgd", entries.clone()),
            average: Some(StateRecord::new("ema", entries)),
            schedule: rate.state(),
            scale: 0.1,
            recovered: vec![3, 4],
            adjusted: 5,
            standing: Standing {
                validation: Some(Metrics {
                    loss: 0.1,
                    accuracy: 0.3,
                }),
                recent: [0.1, 0.2].into(),
                best: Some(Best {
                    value: 0.1,
                    updates: 2,
                }),
                ..Standing::new()
            },
            seconds: 1.25,
        }
    }

    pub(super) fn origin(seed: i64) -> Origin {
        let flex = open(Backend::Flex).unwrap_or_else(|error| unreachable!("{error}"));
        Origin {
            settings: toml::Table::from_iter([("seed".to_owned(), seed.into())]),
            circumstances: Circumstances::here(&flex),
        }
    }
}
