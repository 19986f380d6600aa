//! What optax' schedules have in common: learning rates as they are, where this crate has ratios.

use std::sync::Arc;

use crate::{Compose, Constant, MAX_PEAK, Schedule, ScheduleError, Scheduler, check};

/// A schedule of learning rates, which become ratios when the highest of all that stand together is known.
pub(super) trait Rates {
    /// The highest rate; where growth has no end, the first one.
    fn highest(&self) -> f64;

    /// The ratios to `peak`, which is not below the highest rate.
    fn ratios(&self, peak: f64) -> Arc<dyn Schedule>;

    /// Checks the arguments.
    fn check(&self) -> Result<(), ScheduleError>;

    /// The scheduler, whose peak is the highest rate.
    fn scheduler(&self) -> Result<Scheduler, ScheduleError> {
        self.check()?;
        let highest = self.highest();
        // Where all rates are 0, any peak will do.
        let peak = if highest > 0.0 { highest } else { 1.0 };
        Scheduler::new(self.ratios(peak), peak)
    }
}

/// A learning rate, which may be 0.
pub(super) fn rate(path: &str, value: f64) -> Result<(), ScheduleError> {
    check::between(path, value, 0.0..=MAX_PEAK)
}

/// `schedule` times `ratio`.
pub(super) fn scaled(schedule: impl Schedule + 'static, ratio: f64) -> Arc<dyn Schedule> {
    if ratio == 1.0 {
        return Arc::new(schedule);
    }
    Arc::new(schedule.scale(ratio))
}

/// The same `ratio` throughout.
pub(super) fn level(ratio: f64) -> Arc<dyn Schedule> {
    scaled(Constant::new(), ratio)
}

/// `schedule` after `updates` at its first value.
pub(super) fn begun(schedule: Arc<dyn Schedule>, updates: u64) -> Arc<dyn Schedule> {
    if updates == 0 {
        return schedule;
    }
    Arc::new(schedule.delay(updates))
}
