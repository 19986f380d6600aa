//! A lower bound on another schedule.

use std::sync::Arc;

use crate::{Fingerprint, Schedule, ScheduleError, check};

/// Another schedule, cut off at a lower bound.
///
/// ```text
/// factor(t) = max(ratio, schedule(t))
/// ```
///
/// `ratio` is a ratio of the peak, from 0 to 1. Made by [`at_least`](crate::Compose::at_least).
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Exponential::new(0.5).at_least(0.2).peak(1.0)?;
/// assert_eq!(rate.rates(0..4), [1.0, 0.5, 0.25, 0.2]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Floor<S> {
    ratio: f64,
    schedule: S,
}

impl<S> Floor<S> {
    pub(crate) fn new(ratio: f64, schedule: S) -> Self {
        Self { ratio, schedule }
    }
}

impl<S: Schedule> Schedule for Floor<S> {
    fn factor(&self, update: u64) -> f64 {
        self.schedule.factor(update).max(self.ratio)
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.schedule.factor_at(time).max(self.ratio)
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        self.schedule.momentum(update)
    }

    fn length(&self) -> Option<u64> {
        self.schedule.length()
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let schedule = self.schedule.shortened(updates)?;
        Some(Arc::new(Floor {
            ratio: self.ratio,
            schedule,
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::share("floor.ratio", self.ratio)?;
        self.schedule.check().map_err(|error| error.below("floor"))
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("floor")
            .number(self.ratio)
            .nested(&self.schedule)
            .finish()
    }
}
