//! A schedule times its peak, with the update that is next.

#[cfg(feature = "burn")]
mod burn;
#[cfg(feature = "burn")]
mod groups;
mod handle;
mod preview;
mod state;

use std::ops::Range;
use std::sync::Arc;

use crate::feedback::Feedback;
use crate::{FeedbackHandle, Greedy, MAX_FACTOR, Plateau, Schedule, ScheduleError, check};
#[cfg(feature = "burn")]
pub use groups::GroupedScheduler;
pub use handle::RateHandle;
pub use state::{Retiming, SchedulerState};

/// The largest peak learning rate.
///
/// Its product with [`MAX_FACTOR`](crate::MAX_FACTOR) is finite in `f32` too, in which most models train.
pub const MAX_PEAK: f64 = 1e18;

/// A checked schedule times its peak learning rate, with a counter of updates.
///
/// ```text
/// learning rate(update) = peak · factor(update) · multipliers
/// ```
///
/// The multipliers are those of the [feedback](Self::plateau) that was attached, as they are now.
///
/// Made by [`peak`](crate::Compose::peak). With the feature `burn` it implements Burn's `LrScheduler`, so it goes into
/// a `Learner` as it is. Clones share the schedule and the feedback, and count for themselves.
///
/// ```
/// use schedules::prelude::*;
///
/// let mut rate = Linear::new(4).peak(0.1)?;
/// assert_eq!(rate.step(), 0.1);
/// assert_eq!(rate.update(), 1);
///
/// rate.seek(3);
/// assert_eq!(rate.step(), 0.025);
/// assert_eq!(rate.step(), 0.0);
///
/// // Another process goes on from a saved state.
/// let mut resumed = Linear::new(4).peak(0.1)?;
/// resumed.try_restore(rate.state())?;
/// assert_eq!(resumed.update(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scheduler {
    /// As it was built.
    planned: Arc<dyn Schedule>,
    /// As it is after every change of the run's total.
    schedule: Arc<dyn Schedule>,
    retimings: Vec<Retiming>,
    peak: f64,
    update: u64,
    handle: RateHandle,
    feedback: Vec<FeedbackHandle>,
}

impl Scheduler {
    /// Checks `schedule` and multiplies it by `peak`, above 0 and at most [`MAX_PEAK`].
    ///
    /// # Errors
    /// The first parameter out of its range.
    pub fn new(schedule: Arc<dyn Schedule>, peak: f64) -> Result<Self, ScheduleError> {
        check::positive("peak", peak, MAX_PEAK)?;
        schedule.check()?;
        Ok(Self {
            planned: schedule.clone(),
            schedule,
            retimings: Vec::new(),
            peak,
            update: 0,
            handle: RateHandle::default(),
            feedback: Vec::new(),
        })
    }

    /// Attaches a multiplier that is reduced where a metric stops getting better, and where to report that metric.
    ///
    /// Several may be attached; their product counts, and growth saturates at [`MAX_FACTOR`].
    ///
    /// # Errors
    /// The first parameter out of its range.
    ///
    /// ```
    /// use schedules::prelude::*;
    ///
    /// let (mut lr, plateau) = Constant::new().warmup(3).peak(0.1)?.plateau(Plateau::min().patience(2))?;
    /// let rates: Vec<f64> = [0.5, 0.4, 0.3, 0.3, 0.3, 0.2]
    ///     .into_iter()
    ///     .map(|loss| {
    ///         let rate = lr.step();
    ///         plateau.report(loss);
    ///         rate
    ///     })
    ///     .collect();
    /// assert_eq!(rates, [0.025, 0.05, 0.07500000000000001, 0.1, 0.1, 0.010000000000000002]);
    /// # Ok::<(), ScheduleError>(())
    /// ```
    pub fn plateau(self, plateau: Plateau) -> Result<(Self, FeedbackHandle), ScheduleError> {
        plateau.check()?;
        Ok(self.attach(Feedback::Plateau(plateau)))
    }

    /// Attaches a multiplier that is raised while a metric gets better, and where to report that metric.
    ///
    /// # Errors
    /// The first parameter out of its range.
    pub fn greedy(self, greedy: Greedy) -> Result<(Self, FeedbackHandle), ScheduleError> {
        self.greedy_among(greedy, Vec::new())
    }

    /// The same for one of the parameter groups that follow the same reports, with the rules of the others.
    pub(crate) fn greedy_among(
        self,
        greedy: Greedy,
        others: Vec<Greedy>,
    ) -> Result<(Self, FeedbackHandle), ScheduleError> {
        greedy.check()?;
        Ok(self.attach(Feedback::Greedy(greedy, others)))
    }

    fn attach(mut self, feedback: Feedback) -> (Self, FeedbackHandle) {
        let handle = FeedbackHandle::new(feedback, self.update);
        self.feedback.push(handle.clone());
        (self, handle)
    }

    /// Where the metrics of the attached feedback are reported, in the order of attachment.
    pub fn feedback(&self) -> &[FeedbackHandle] {
        &self.feedback
    }

    /// The learning rate of the coming update, which is then counted.
    pub fn step(&mut self) -> f64 {
        let rate = self.rate_at(self.update);
        self.handle.publish(rate, self.momentum_at(self.update));
        self.update = self.update.saturating_add(1);
        for feedback in &self.feedback {
            feedback.reach(self.update);
        }
        rate
    }

    /// The learning rate of `update`, counted from 0.
    ///
    /// With feedback it is what the rate would be if the multipliers stayed as they are now, for earlier updates too;
    /// so are [`rates`](Self::rates) and the pictures. [`step`](Self::step) takes the multipliers of its own time.
    pub fn rate_at(&self, update: u64) -> f64 {
        let factor = self.schedule.factor(update);
        if self.feedback.is_empty() {
            return self.peak * factor;
        }
        // Step by step, so that no infinity meets a 0.
        let multipliers = self.feedback.iter().map(FeedbackHandle::multiplier);
        let factor = multipliers.fold(factor, |factor, multiplier| {
            (factor * multiplier).min(MAX_FACTOR)
        });
        self.peak * factor
    }

    /// The momentum that goes with it, where the schedule has one.
    pub fn momentum_at(&self, update: u64) -> Option<f64> {
        self.schedule.momentum(update)
    }

    /// The learning rates of a range of updates.
    pub fn rates(&self, updates: Range<u64>) -> Vec<f64> {
        updates.map(|update| self.rate_at(update)).collect()
    }

    /// Makes `update` the next one, also when the schedule was changed on purpose and a record does not fit any more.
    ///
    /// Feedback keeps its multiplier and what it has counted. Its reports from now on belong to the update before.
    pub fn seek(&mut self, update: u64) {
        self.update = update;
        for feedback in &self.feedback {
            feedback.seek(update);
        }
    }

    /// Changes the total of the run from `from` to `to` updates, from the next update on.
    ///
    /// The rate goes on from where it is, and what is left of the schedule is stretched or squeezed into the new time:
    /// see [`Retimed`](crate::Retimed). A record carries it, so that a freshly built scheduler goes on exactly.
    ///
    /// # Errors
    /// A total that is not after the updates already taken; the scheduler is then left as it was.
    ///
    /// ```
    /// use schedules::prelude::*;
    ///
    /// let mut rate = Linear::new(4).peak(1.0)?;
    /// assert_eq!([rate.step(), rate.step()], [1.0, 0.75]);
    /// rate.retime(4, 6)?; // two updates more than planned
    /// assert_eq!(rate.rates(2..7), [0.5, 0.375, 0.25, 0.125, 0.0]);
    ///
    /// let mut resumed = Linear::new(4).peak(1.0)?;
    /// resumed.try_restore(rate.state())?;
    /// assert_eq!(resumed.step(), 0.5);
    /// assert_eq!(resumed.step(), 0.375);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retime(&mut self, from: u64, to: u64) -> Result<(), ScheduleError> {
        let retiming = Retiming {
            at: self.update,
            from,
            to,
        };
        self.schedule = retiming.apply(self.schedule.clone())?;
        self.retimings.push(retiming);
        Ok(())
    }

    /// The next update: the number of those that [`step`](Self::step) has counted.
    pub fn update(&self) -> u64 {
        self.update
    }

    /// The peak learning rate.
    pub fn peak(&self) -> f64 {
        self.peak
    }

    /// The schedule, without the peak.
    pub fn schedule(&self) -> &dyn Schedule {
        &*self.schedule
    }

    /// Where the rate and the momentum of the last step can be read, also from another thread.
    ///
    /// A schedule that carries a momentum warns once, through the crate `log`, if it is stepped and nobody took this.
    pub fn handle(&self) -> RateHandle {
        self.handle.taken()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn the_peak_is_above_zero_and_finite() {
        for peak in [0.0, -0.1, f64::NAN, f64::INFINITY, MAX_PEAK * 2.0] {
            assert_eq!(Constant::new().peak(peak).unwrap_err().path(), "peak");
        }
        assert_eq!(Constant::new().peak(MAX_PEAK).unwrap().rate_at(0), MAX_PEAK);
        assert_eq!(Linear::new(2).build().unwrap().rates(0..3), [1.0, 0.5, 0.0]);
    }

    #[test]
    fn the_largest_rate_is_finite_in_f32() {
        assert!(((crate::MAX_FACTOR * MAX_PEAK) as f32).is_finite());
    }

    #[test]
    fn the_counter_saturates() {
        let mut rate = Constant::new().peak(0.1).unwrap();
        rate.seek(u64::MAX);
        assert_eq!(rate.step(), 0.1);
        assert_eq!(rate.update(), u64::MAX);
    }

    #[test]
    fn a_scheduler_re_times_what_is_left() {
        let mut rate = Linear::new(4).peak(1.0).unwrap();
        assert_eq!([rate.step(), rate.step()], [1.0, 0.75]);
        rate.retime(4, 6).unwrap();
        assert_eq!(rate.rates(2..7), [0.5, 0.375, 0.25, 0.125, 0.0]);
        assert!(rate.retime(6, 1).is_err());
        assert_eq!(rate.rates(2..4), [0.5, 0.375]);
    }
}
