//! How long a run takes, and for what.

use std::time::{Duration, Instant};

/// Started with the run, or when a process goes on with it.
pub(super) struct Stopwatch {
    start: Instant,
    /// What earlier processes took, in seconds.
    before: f64,
    /// What measuring validation took, and the first update, in this process.
    validating: Duration,
    first_update: Duration,
}

impl Stopwatch {
    pub(super) fn start(before: f64) -> Self {
        Self {
            start: Instant::now(),
            before,
            validating: Duration::ZERO,
            first_update: Duration::ZERO,
        }
    }

    /// Since the run's first update began, while a process was at it, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }

    /// The first update of this process is done.
    pub(super) fn first_update_is_done(&mut self) {
        self.first_update = self.start.elapsed();
    }

    /// Does `measure`, whose time is that of validation.
    pub(super) fn validating<T>(&mut self, measure: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let measured = measure();
        self.validating += begin.elapsed();
        measured
    }

    /// How long the first update of this process took, in seconds.
    pub(super) fn seconds_to_first_update(&self) -> f64 {
        self.first_update.as_secs_f64()
    }

    /// What this process took for all other updates, in seconds.
    pub(super) fn seconds_of_updates(&self) -> f64 {
        let others = self.validating + self.first_update;
        self.start.elapsed().saturating_sub(others).as_secs_f64()
    }
}
