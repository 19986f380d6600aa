//! The methods that turn one schedule into another, or into a scheduler.

use std::sync::Arc;

use crate::{
    Cooldown, Delay, Floor, KDecay, Product, Repeat, Retimed, Scale, Schedule, ScheduleError,
    Scheduler, Warmup,
};

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

    /// Comes down over the last `updates` of `total`, from wherever the schedule is then. See [`Cooldown`].
    ///
    /// ```
    /// use schedules::prelude::*;
    ///
    /// let schedule = Constant::new().cooldown(200, 1_000).warmup_within(50);
    /// assert_eq!(schedule.length(), Some(1_000));
    /// assert_eq!([800, 900, 1_000].map(|update| schedule.factor(update)), [1.0, 0.5, 0.0]);
    /// ```
    fn cooldown(self, updates: u64, total: u64) -> Cooldown {
        Cooldown::new(updates, total, Arc::new(self))
    }

    /// Multiplies it with another schedule, update by update. See [`Product`].
    fn times(self, other: impl Schedule + 'static) -> Product {
        Product::new(self).times(other)
    }

    /// Multiplies it by a constant `ratio`, not below 0. See [`Scale`].
    fn scale(self, ratio: f64) -> Scale<Self> {
        Scale::new(ratio, self)
    }

    /// Holds the first value for `updates` before the schedule begins. See [`Delay`].
    fn delay(self, updates: u64) -> Delay {
        Delay::new(updates, Arc::new(self))
    }

    /// Starts again every `every` updates, at least 1, without end or for some [`cycles`](Repeat::cycles). See
    /// [`Repeat`].
    fn repeat(self, every: u64) -> Repeat {
        Repeat::new(every, Arc::new(self))
    }

    /// Bends the time of a schedule with a length by `k`, above 0. See [`KDecay`].
    fn k_decay(self, k: f64) -> KDecay<Self> {
        KDecay::new(k, self)
    }

    /// Gives the run another total at update `at`: what is left of `from` updates is stretched or squeezed to end at
    /// `to`. See [`Retimed`].
    ///
    /// ```
    /// use schedules::prelude::*;
    ///
    /// let error = Linear::new(100).retimed(40, 100, 30).build().unwrap_err();
    /// assert_eq!(error.to_string(), "retimed.to = 30: must be after update 40, at which it changes");
    /// ```
    fn retimed(self, at: u64, from: u64, to: u64) -> Retimed<Self> {
        Retimed::new(at, from, to, self)
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
