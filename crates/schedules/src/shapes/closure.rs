//! A schedule from any function.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// A schedule from any function of the update number.
///
/// ```text
/// factor(t) = function(min(t, length))
/// ```
///
/// `length` is in updates; without one the function is asked at every update. The function must give the same number
/// whenever it is asked for the same update. A number that no optimizer may get is replaced: one below 0, and what is
/// not a number, by 0, so that the update changes nothing; one above [`MAX_FACTOR`], and infinity, by that. No panic
/// stops the training; a preview shows the gap. What panics in the function itself is passed on.
///
/// Nobody can look into a function: `name` alone stands for it in the [fingerprint](Schedule::fingerprint) and so in
/// records. Change the name when the function changes. There is no form of it in a config.
///
/// ```
/// use schedules::prelude::*;
///
/// let halving = Closure::new("halving", |update| 0.5_f64.powf(update as f64));
/// let rate = halving.clone().peak(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.4, 0.2, 0.1]);
///
/// let rate = halving.length(2).peak(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.4, 0.2, 0.2]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Between two updates it is a straight line. With a length, a warm-up within it squeezes the function into what is
/// left, as it does the other shapes; without one, it delays it.
///
/// It is PyTorch's `LambdaLR`. To see parameters in the fingerprint and in errors, implement [`Schedule`] instead.
#[derive(Clone)]
pub struct Closure {
    name: Arc<str>,
    function: Arc<dyn Fn(u64) -> f64 + Send + Sync>,
    length: Option<u64>,
    /// The length that the function was written for, before a warm-up took its share.
    whole: Option<u64>,
}

impl Closure {
    /// The schedule that multiplies the peak by `function(update)`; `name`, not empty, identifies it in records.
    pub fn new(
        name: impl Into<Arc<str>>,
        function: impl Fn(u64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            function: Arc::new(function),
            length: None,
            whole: None,
        }
    }

    /// The update, at least 1, from which the factor no longer changes; by default there is none.
    pub fn length(self, length: u64) -> Self {
        Self {
            length: Some(length),
            whole: Some(length),
            ..self
        }
    }

    /// The function's value, if an optimizer may get it.
    fn value(&self, update: u64) -> f64 {
        let factor = (self.function)(update);
        // Not a number is not above 0 either.
        if factor > 0.0 {
            factor.min(MAX_FACTOR)
        } else {
            0.0
        }
    }

    /// The function between two updates, or at one.
    fn between(&self, time: f64) -> f64 {
        let (update, fraction) = (time as u64, time.fract());
        let here = self.value(update);
        if fraction > 0.0 {
            here + (self.value(update.saturating_add(1)) - here) * fraction
        } else {
            here
        }
    }
}

impl Debug for Closure {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            length,
            whole,
            ..
        } = self;
        let mut text = formatter.debug_struct("Closure");
        text.field("name", name)
            .field("length", length)
            .field("whole", whole)
            .finish_non_exhaustive()
    }
}

impl Schedule for Closure {
    fn factor(&self, update: u64) -> f64 {
        match self.length {
            // An `f64` does not hold every update.
            None => self.value(update),
            Some(_) => self.factor_at(update as f64),
        }
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (Some(length), Some(whole)) = (self.length, self.whole) else {
            return self.between(time);
        };
        if time >= length as f64 {
            return self.value(whole);
        }
        if length == whole {
            return self.between(time);
        }
        self.between(time * (whole as f64 / length as f64))
    }

    fn length(&self) -> Option<u64> {
        self.length
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let length = self.length?.saturating_sub(updates);
        Some(Arc::new(Self {
            length: Some(length),
            ..self.clone()
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        if self.name.is_empty() {
            return Err(ScheduleError::new(
                "closure.name",
                "",
                "must not be empty: it stands for the function in records",
            ));
        }
        self.length
            .map_or(Ok(()), |length| check::length("closure.length", length))
    }

    fn fingerprint(&self) -> u64 {
        let name = Fingerprint::of(&self.name).finish();
        let length = self.length.zip(self.whole);
        let start = Fingerprint::of("closure").count(name);
        match length {
            Some((length, whole)) => start.count(length).count(whole).finish(),
            None => start.finish(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::prelude::*;

    fn constant(factor: f64) -> Closure {
        Closure::new("constant", move |_| factor)
    }

    #[test]
    fn what_no_optimizer_may_get_is_replaced() {
        for (given, expected) in [
            (f64::NAN, 0.0),
            (-1.0, 0.0),
            (f64::NEG_INFINITY, 0.0),
            (-0.0, 0.0),
            (5e-324, 5e-324),
            (3.0, 3.0),
            (MAX_FACTOR, MAX_FACTOR),
            (1e19, MAX_FACTOR),
            (f64::INFINITY, MAX_FACTOR),
        ] {
            let schedule = constant(given);
            assert_eq!(schedule.factor(7), expected, "{given}");
            assert_eq!(schedule.factor_at(7.5), expected, "{given}");
            assert!(schedule.factor(7).is_sign_positive());
        }
    }

    #[test]
    fn it_is_asked_for_the_update_itself() {
        let odd = Closure::new("odd", |update| (update % 2) as f64);
        assert_eq!(odd.factor(u64::MAX), 1.0);
        assert_eq!(
            [2.0, 2.25, 3.0, 3.25].map(|t| odd.factor_at(t)),
            [0.0, 0.25, 1.0, 0.75]
        );
        assert_eq!([-0.5, f64::NAN].map(|t| odd.factor_at(t)), [0.0, 0.0]);
    }

    #[test]
    fn the_value_at_its_end_holds() {
        let line = Closure::new("line", |update| update as f64).length(10);
        assert_eq!(
            [9, 10, 11].map(|update| line.factor(update)),
            [9.0, 10.0, 10.0]
        );
        assert_eq!(line.factor_at(9.5), 9.5);
        assert_eq!((line.length, line.check()), (Some(10), Ok(())));
    }

    #[test]
    fn it_is_not_asked_beyond_its_end() {
        for length in 1..60 {
            // Beyond its end it would panic.
            let table: Vec<f64> = (0..=60).map(f64::from).collect();
            let table = Closure::new("table", move |update| table[update as usize]).length(60);
            let short = table.shortened(60 - length).unwrap();
            assert_eq!((table.factor_at(60.0), short.factor(length)), (60.0, 60.0));
            assert!(short.factor(length - 1) < 60.0);
            assert_eq!(short.factor_at(length as f64), 60.0);
        }
    }

    #[test]
    fn a_warm_up_within_squeezes_it() {
        let line = Closure::new("line", |update| 1.0 - update as f64 / 10.0).length(10);
        let warmed = line.clone().warmup_within(6);
        let factors = [6, 7, 8, 9, 10, 11].map(|update| warmed.factor(update));
        assert_eq!(factors, [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
        // The same function over four updates from the start is another schedule.
        let other = line.clone().length(4).warmup(6);
        assert_ne!(warmed.fingerprint(), other.fingerprint());
        let error = line.shortened(10).unwrap().check().unwrap_err();
        assert_eq!(error.to_string(), "closure.length = 0: must be at least 1");
    }

    #[test]
    fn its_name_stands_for_it() {
        let error = Closure::new("", |_| 1.0).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "closure.name = \"\": must not be empty: it stands for the function in records"
        );
        assert_eq!(constant(1.0).fingerprint(), constant(2.0).fingerprint());
        assert_ne!(
            constant(1.0).fingerprint(),
            Closure::new("other", |_| 1.0).fingerprint()
        );
        assert_ne!(
            constant(1.0).fingerprint(),
            constant(1.0).length(9).fingerprint()
        );
        assert!(format!("{:?}", constant(1.0)).contains("\"constant\""));
    }

    #[test]
    fn its_length_is_the_one_it_was_given() {
        assert_eq!(constant(1.0).length(8).check(), Ok(()));
        assert_eq!(Schedule::length(&constant(1.0).length(8)), Some(8));
        assert_eq!(Schedule::length(&constant(1.0)), None);
    }
}
