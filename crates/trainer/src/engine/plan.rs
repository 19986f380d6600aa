//! What is known of a run before it begins.

use std::time::Duration;

use optimizers::{Ema, ModuleUpdate, OptimizerError, WeightAverage};
use schedules::{Horizon, ScheduleError, Scheduler};

use crate::config::{Cadence, Settings};
use crate::data::batches_per_epoch;

/// How long a run is, and its learning rate at every update: all that is known before it begins.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Updates in the whole run; of a run whose length is a time, as many as it is planned with.
    pub updates: u64,
    /// Updates in an epoch, what a length in epochs is measured with.
    ///
    /// Accumulation takes batches from one epoch and the next where their number does not divide, so this is the nearest
    /// whole number of updates to `batches_per_epoch / accumulate`, at least 1.
    pub updates_per_epoch: u64,
    /// Batches in an epoch.
    pub batches_per_epoch: u64,
    /// Batches an update.
    pub accumulate: u64,
    /// Validation is measured after every so many updates, and after the last.
    pub evaluate_every: u64,
    /// The state is saved after every so many updates, or so much time.
    pub save_every: SaveEvery,
    /// The learning rate.
    pub schedule: Scheduler,
    /// The optimizer, before its first update.
    pub optimizer: ModuleUpdate,
    /// The average of the weights that is measured and kept, before the first update, if there is to be one.
    pub average: Option<WeightAverage>,
}

/// How often the state of a run is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveEvery {
    /// Each time after so many updates.
    Updates(u64),
    /// Each time after so much time.
    Time(Duration),
}

/// A run that cannot be planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Not one whole batch.
    #[error(
        "data.batch_size = {batch_size}: there are only {rows} training rows, and a partial batch is left out"
    )]
    NoBatch {
        /// Images an update.
        batch_size: usize,
        /// Rows to take them from.
        rows: usize,
    },
    /// Feedback, and nothing to feed it with.
    #[error("schedule.{kind} follows a metric of the validation images, and data.validation is 0")]
    NoMetric {
        /// The kind of feedback.
        kind: &'static str,
    },
    /// A schedule that does not fit the run.
    #[error(transparent)]
    Schedule(ScheduleError),
    /// An optimizer's parameter that is out of its range.
    #[error(transparent)]
    Optimizer(#[from] OptimizerError),
}

impl Plan {
    /// Plans the run of `settings` on `rows` training rows.
    ///
    /// # Errors
    /// Too few rows for a batch, or a schedule or an optimizer out of its range.
    pub fn new(settings: &Settings, rows: usize) -> Result<Self, PlanError> {
        let data = &settings.data;
        let batches_per_epoch = batches_per_epoch(rows, data.batch_size, data.drop_last);
        if batches_per_epoch == 0 {
            return Err(PlanError::NoBatch {
                batch_size: data.batch_size,
                rows,
            });
        }
        let accumulate = u64::from(settings.train.accumulate);
        let updates_per_epoch = ((batches_per_epoch + accumulate / 2) / accumulate).max(1);
        // A time is as long as an epoch until its speed was measured.
        let updates = settings.train.length.updates(updates_per_epoch);
        let updates = updates.or(settings.train.horizon);
        let updates = updates.unwrap_or(updates_per_epoch);
        let horizon = Horizon::new(updates, updates_per_epoch);
        let schedule = settings
            .schedule
            .build(&horizon, settings.optimizer.lr)
            .map_err(PlanError::Schedule)?;
        if let Some(feedback) = schedule.feedback().first()
            && data.validation.fraction() == 0.0
        {
            return Err(PlanError::NoMetric {
                kind: feedback.kind(),
            });
        }
        let optimizer = settings.optimizer.build(schedule.handle())?;
        let average = match settings.train.ema {
            0.0 => None,
            decay => Some(Ema::new(decay).build()?),
        };
        Ok(Self {
            updates,
            updates_per_epoch,
            batches_per_epoch,
            accumulate,
            evaluate_every: horizon.resolve(settings.train.evaluate_every),
            save_every: match settings.checkpoint.every {
                Cadence::Span(span) => SaveEvery::Updates(horizon.resolve(span)),
                Cadence::Time(time) => SaveEvery::Time(time),
            },
            schedule,
            optimizer,
            average,
        })
    }

    /// The epoch, counted from 0, that the first batch of `update` belongs to.
    pub fn epoch_of(&self, update: u64) -> u64 {
        update.saturating_mul(self.accumulate) / self.batches_per_epoch
    }
}
