//! A rise to the first value of another schedule.

use std::sync::Arc;

use crate::{Fingerprint, Schedule, ScheduleError, check};

/// A straight rise to the first value of another schedule, which then begins.
///
/// ```text
/// factor(t) = first · (t + 1) / (n + 1)                     while t < n, then schedule(t - n)
/// factor(t) = first · (start + (1 - start) · t / n)         the same with an explicit start
/// ```
///
/// `n` is the length of the warm-up in updates and `first` the factor that the schedule behind it begins with. The
/// first update is not wasted on a rate of 0, unless that is asked for: `start(0.0)` is what transformers and optax do.
/// Made by [`warmup`](crate::Compose::warmup), which lengthens the whole, and by
/// [`warmup_within`](crate::Compose::warmup_within), which does not.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Step::new(2).gamma(0.5).warmup(3).peak(0.8)?;
/// assert_eq!(rate.rates(0..6), [0.2, 0.4, 0.6000000000000001, 0.8, 0.8, 0.4]);
///
/// let rate = Constant::new().warmup(4).start(0.0).peak(0.8)?;
/// assert_eq!(rate.rates(0..6), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 0.8]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Goyal et al. (2017), *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*, section 2.2.
#[derive(Clone, Debug, PartialEq)]
pub struct Warmup<S> {
    updates: u64,
    start: Option<f64>,
    /// The length of the whole where the warm-up was taken out of it; it tells the check, and nothing else.
    whole: Option<u64>,
    schedule: S,
}

impl<S> Warmup<S> {
    pub(crate) fn new(updates: u64, whole: Option<u64>, schedule: S) -> Self {
        Self {
            updates,
            start: None,
            whole,
            schedule,
        }
    }

    /// The ratio, from 0 to 1, of the first update's rate to the one that the warm-up leads to.
    pub fn start(self, start: f64) -> Self {
        Self {
            start: Some(start),
            ..self
        }
    }
}

impl<S: Schedule> Schedule for Warmup<S> {
    fn factor(&self, update: u64) -> f64 {
        if update >= self.updates {
            return self.schedule.factor(update - self.updates);
        }
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, updates) = (time.max(0.0), self.updates as f64);
        if time >= updates {
            return self.schedule.factor_at(time - updates);
        }
        let rise = match self.start {
            Some(start) => start + (1.0 - start) * (time / updates),
            None => (time + 1.0) / (updates + 1.0),
        };
        self.schedule.factor(0) * rise
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        self.schedule.momentum(update.saturating_sub(self.updates))
    }

    fn length(&self) -> Option<u64> {
        self.schedule
            .length()
            .map(|length| length.saturating_add(self.updates))
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let schedule = self.schedule.shortened(updates)?;
        let whole = self.whole.map(|whole| whole.saturating_sub(updates));
        Some(Arc::new(Warmup {
            updates: self.updates,
            start: self.start,
            whole,
            schedule,
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::updates("warmup.updates", self.updates)?;
        if let Some(start) = self.start {
            check::share("warmup.start", start)?;
        }
        if let Some(whole) = self
            .whole
            .filter(|whole| *whole > 0 && self.updates >= *whole)
        {
            let allowed = format!("must be fewer than the {whole} updates it is taken from");
            return Err(ScheduleError::new("warmup.updates", self.updates, allowed));
        }
        self.schedule.check().map_err(|error| error.below("warmup"))
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("warmup")
            .count(self.updates)
            .optional(self.start)
            .nested(&self.schedule)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::prelude::*;

    #[test]
    fn it_leads_to_the_first_value_of_what_follows() {
        let schedule = Linear::new(10).start(0.5).warmup(4);
        assert_eq!(schedule.factor(0), 0.1);
        assert_eq!(schedule.factor(3), 0.4);
        assert_eq!(schedule.factor(4), 0.5);
    }

    #[test]
    fn without_updates_it_is_not_there() {
        let plain = Linear::new(10);
        let warmed = plain.warmup(0).start(0.3);
        assert_eq!(warmed.check(), Ok(()));
        assert!((0..20).all(|update| warmed.factor(update) == plain.factor(update)));
    }

    #[test]
    fn warm_ups_nest() {
        let schedule = Linear::new(20).warmup_within(4).warmup_within(5);
        assert_eq!((schedule.length(), schedule.check()), (Some(20), Ok(())));
        assert_eq!(schedule.factor(9), 1.0);
        let ends =
            |schedule: &dyn Schedule| (schedule.factor(19) > 0.0) && (schedule.factor(20) == 0.0);
        assert!(ends(&schedule));
    }

    #[test]
    fn it_may_not_take_everything() {
        assert_eq!(Linear::new(5).warmup_within(4).check(), Ok(()));
        let error = Linear::new(5).warmup_within(5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "warmup.updates = 5: must be fewer than the 5 updates it is taken from"
        );
        // What was wrong before is not blamed on the warm-up.
        let error = Linear::new(0).warmup_within(5).check().unwrap_err();
        assert_eq!(error.path(), "warmup.linear.length");
        let error = Constant::new().warmup(5).start(-0.5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "warmup.start = -0.5: must be between 0 and 1"
        );
    }

    #[test]
    fn without_a_length_it_merely_delays() {
        let (plain, delayed) = (Step::new(10), Step::new(10).warmup_within(7));
        assert!((0..50).all(|update| delayed.factor(update + 7) == plain.factor(update)));
    }
}
