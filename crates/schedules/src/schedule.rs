//! The trait that every schedule implements.

use std::fmt::Debug;
use std::sync::Arc;

use crate::ScheduleError;
use crate::combinators::between::split;

/// The largest update number at which a schedule is exact, and the largest length: 2^53.
///
/// Above it an `f64` no longer holds every whole number. A larger update is still answered, without a panic.
pub const MAX_UPDATE: u64 = 1 << 53;

/// The ceiling at which growth saturates, and the largest ratio that a check accepts.
///
/// Its product with [`MAX_PEAK`](crate::MAX_PEAK) is finite in `f32` too, in which most models train.
pub const MAX_FACTOR: f64 = 1e18;

/// A learning-rate schedule: a pure function of the update number.
///
/// ```text
/// learning rate(update) = peak · factor(update)
/// ```
///
/// `update` counts optimizer steps from 0, so `factor(0)` is what the first one uses. A schedule keeps no counter, so
/// any update can be asked in any order and at the same cost. After its end, where it has one, its last value holds.
///
/// Only [`factor`](Self::factor) and [`fingerprint`](Self::fingerprint) must be written:
///
/// ```
/// use schedules::prelude::*;
///
/// /// 1 / √(1 + update / timescale)
/// #[derive(Clone, Debug)]
/// struct Decay {
///     timescale: f64,
/// }
///
/// impl Schedule for Decay {
///     fn factor(&self, update: u64) -> f64 {
///         (1.0 + update as f64 / self.timescale).sqrt().recip()
///     }
///
///     fn check(&self) -> Result<(), ScheduleError> {
///         if self.timescale.is_finite() && self.timescale > 0.0 {
///             return Ok(());
///         }
///         Err(ScheduleError::new("decay.timescale", self.timescale, "must be above 0"))
///     }
///
///     fn fingerprint(&self) -> u64 {
///         Fingerprint::of("decay").number(self.timescale).finish()
///     }
/// }
///
/// let rate = Decay { timescale: 100.0 }.warmup(10).peak(0.1)?;
/// assert_eq!(rate.rate_at(10), 0.1);
/// assert_eq!(rate.rate_at(310), 0.05);
///
/// let error = Decay { timescale: -1.0 }.warmup(10).peak(0.1).unwrap_err();
/// assert_eq!(error.to_string(), "warmup.decay.timescale = -1.0: must be above 0");
/// # Ok::<(), ScheduleError>(())
/// ```
pub trait Schedule: Debug + Send + Sync {
    /// The multiplier of the peak learning rate at `update`.
    ///
    /// It never panics, whatever the parameters; once [`check`](Self::check) has passed, it is finite and not negative.
    fn factor(&self, update: u64) -> f64;

    /// The multiplier between two updates, for a run that is re-timed or counted in fractions of an epoch.
    ///
    /// `time` is an update number with a fraction; below 0 it counts as 0. At a whole number it is
    /// [`factor`](Self::factor), and a shape with a formula uses it in between too. By default it is a straight line
    /// from one update to the next.
    fn factor_at(&self, time: f64) -> f64 {
        let (update, fraction) = split(time);
        if fraction == 0.0 {
            return self.factor(update);
        }
        let (here, next) = (self.factor(update), self.factor(update.saturating_add(1)));
        here + (next - here) * fraction
    }

    /// The momentum (SGD) or beta 1 (Adam) that goes with the rate at `update`, for schedules that cycle both.
    fn momentum(&self, _update: u64) -> Option<f64> {
        None
    }

    /// The update from which the factor no longer changes, or `None` where there is no such update.
    fn length(&self) -> Option<u64> {
        None
    }

    /// The same schedule in fewer updates, for a warm-up that is taken out of its time.
    ///
    /// `None` says that it has no length to take from, and then a warm-up merely delays it. A schedule that would have
    /// no update left comes back as one that fails its check.
    fn shortened(&self, _updates: u64) -> Option<Arc<dyn Schedule>> {
        None
    }

    /// Checks the parameters, and those of every schedule inside.
    ///
    /// # Errors
    /// The first parameter out of its range, with a path that starts at this schedule's kind: `warmup.cosine.floor`.
    fn check(&self) -> Result<(), ScheduleError> {
        Ok(())
    }

    /// A number that identifies the kind and the parameters, made with [`Fingerprint`](crate::Fingerprint).
    ///
    /// A record carries it, so that a scheduler refuses the record of another schedule. It stays the same between
    /// versions of this crate for as long as the schedule computes the same.
    fn fingerprint(&self) -> u64;
}

impl<S: Schedule + ?Sized> Schedule for Arc<S> {
    fn factor(&self, update: u64) -> f64 {
        (**self).factor(update)
    }

    fn factor_at(&self, time: f64) -> f64 {
        (**self).factor_at(time)
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        (**self).momentum(update)
    }

    fn length(&self) -> Option<u64> {
        (**self).length()
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        (**self).shortened(updates)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        (**self).check()
    }

    fn fingerprint(&self) -> u64 {
        (**self).fingerprint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAX_UPDATE;

    #[derive(Debug)]
    struct Squares;

    impl Schedule for Squares {
        fn factor(&self, update: u64) -> f64 {
            update as f64 * update as f64
        }

        fn fingerprint(&self) -> u64 {
            0
        }
    }

    #[test]
    fn between_two_updates_it_is_a_straight_line() {
        let at = |time: f64| Squares.factor_at(time);
        assert_eq!([at(0.0), at(2.0), at(3.0)], [0.0, 4.0, 9.0]);
        assert_eq!([at(0.5), at(2.25), at(2.75)], [0.5, 5.25, 7.75]);
        assert_eq!([at(-1.0), at(f64::NAN)], [0.0, 0.0]);
        assert_eq!(at(MAX_UPDATE as f64), Squares.factor(MAX_UPDATE));
    }
}
