//! The methods that turn one schedule into another, or into a scheduler.

use std::sync::Arc;

use crate::{Floor, Schedule, ScheduleError, Scheduler, Warmup};

/// What every [`Schedule`] can be composed into; bring it into scope with the [prelude](crate::prelude).
///
/// None of the combinators fails: the whole composition is checked once, by [`peak`](Self::peak),
/// [`build`](Self::build) or [`checked`](Self::checked).
pub trait Compose: Schedule + Sized + 'static {
    /// Puts a warm-up of `updates` in front and so makes the whole longer. See [`Warmup`].
    ///
    /// ```
    /// use schedules::prelude::*;
    ///
    /// let schedule = Linear::new(10).warmup(4);
    /// assert_eq!(schedule.length(), Some(14));
    /// assert_eq!(schedule.factor(4), 1.0);
    /// assert_eq!(schedule.factor(9), 0.5);
    /// ```
    fn warmup(self, updates: u64) -> Warmup<Self> {
        Warmup::new(updates, None, self)
    }

    /// Puts a warm-up of `updates` in front and shortens what follows, so that the whole stays as long as it was.
    ///
    /// A sequence gives the updates from its first part and keeps its milestones where they were. A schedule without
    /// a length (constant, step, exponential) is merely delayed: its steps are counted from the end of the warm-up.
    ///
    /// ```
    /// use schedules::prelude::*;
    ///
    /// let schedule = Linear::new(10).warmup_within(4);
    /// assert_eq!(schedule.length(), Some(10));
    /// assert_eq!(schedule.factor(4), 1.0);
    /// assert_eq!(schedule.factor(7), 0.5);
    ///
    /// let error = Linear::new(10).warmup_within(10).build().unwrap_err();
    /// assert_eq!(error.to_string(), "warmup.updates = 10: must be fewer than the 10 updates it is taken from");
    /// ```
    fn warmup_within(self, updates: u64) -> Warmup<Arc<dyn Schedule>> {
        let whole = self.length();
        let schedule = self.shortened(updates).unwrap_or_else(|| Arc::new(self));
        Warmup::new(updates, whole, schedule)
    }

    /// Keeps the factor from falling below `ratio`, between 0 and 1. See [`Floor`].
    ///
    /// It cuts the curve off; [`Cosine::floor`](crate::Cosine::floor) is another thing and ends the curve there.
    fn at_least(self, ratio: f64) -> Floor<Self> {
        Floor::new(ratio, self)
    }

    /// Checks the whole composition and hands it back.
    ///
    /// # Errors
    /// The first parameter out of its range.
    fn checked(self) -> Result<Self, ScheduleError> {
        self.check()?;
        Ok(self)
    }

    /// Checks the whole composition and multiplies it by the peak learning rate.
    ///
    /// # Errors
    /// The first parameter out of its range, or a `peak` that is not above 0 and at most
    /// [`MAX_PEAK`](crate::MAX_PEAK).
    ///
    /// ```
    /// use schedules::prelude::*;
    ///
    /// let mut rate = Linear::new(2).peak(0.1)?;
    /// assert_eq!([rate.step(), rate.step(), rate.step()], [0.1, 0.05, 0.0]);
    ///
    /// let error = Cosine::new(100).floor(1.5).warmup(5).peak(0.1).unwrap_err();
    /// assert_eq!(error.to_string(), "warmup.cosine.floor = 1.5: must be between 0 and 1");
    /// # Ok::<(), ScheduleError>(())
    /// ```
    fn peak(self, peak: f64) -> Result<Scheduler, ScheduleError> {
        Scheduler::new(Arc::new(self), peak)
    }

    /// Checks the whole composition and leaves the peak at 1, for parameters that a model trains at a rate of its own.
    ///
    /// # Errors
    /// The first parameter out of its range.
    fn build(self) -> Result<Scheduler, ScheduleError> {
        self.peak(1.0)
    }
}

impl<S: Schedule + 'static> Compose for S {}
