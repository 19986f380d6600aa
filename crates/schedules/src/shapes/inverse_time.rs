//! A decay by one over time.

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// A decay by one over time, smooth or in stairs, without end.
///
/// ```text
/// factor(t) = 1 / (1 + decay · t / every)
/// factor(t) = 1 / (1 + decay · ⌊t / every⌋)     with staircase
/// ```
///
/// `every` is in updates (default 1), `decay` is what one over the factor grows by in that time. It is Keras'
/// `InverseTimeDecay`, with `decay_rate` and `decay_steps`. It has no length: a warm-up in front delays it.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = InverseTime::new(1.0).peak(0.6)?;
/// assert_eq!(rate.rates(0..3), [0.6, 0.3, 0.19999999999999998]);
///
/// let rate = InverseTime::new(1.0).every(2).staircase(true).peak(0.6)?;
/// assert_eq!(rate.rates(0..4), [0.6, 0.6, 0.3, 0.3]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Robbins & Monro (1951), *A Stochastic Approximation Method*: the decay with which descent provably converges.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, InverseTime<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, InverseTime<L>: Default")
)]
pub struct InverseTime<L = u64> {
    /// What one over the rate grows by, not below 0.
    decay: f64,
    /// The time in which it grows by that once.
    every: L,
    /// Whether it happens all at once, at the end of that time.
    staircase: bool,
}

impl InverseTime {
    /// A decay by `decay` per update, from 0 to [`MAX_FACTOR`](crate::MAX_FACTOR).
    pub fn new(decay: f64) -> Self {
        Self {
            decay,
            every: 1,
            staircase: false,
        }
    }

    /// The number of updates, at least 1, in which one over the factor grows by `decay` once; default 1.
    pub fn every(self, every: u64) -> Self {
        Self { every, ..self }
    }
}

impl<L> InverseTime<L> {
    /// Whether the rate drops all at once after every `every` updates, instead of smoothly; default false.
    pub fn staircase(self, staircase: bool) -> Self {
        Self { staircase, ..self }
    }
}

impl Schedule for InverseTime {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let times = if self.staircase {
            // An unchecked `every` may be 0.
            (time as u64).checked_div(self.every).unwrap_or(0) as f64
        } else {
            time / self.every as f64
        };
        // `max` is for a time below 0, and for none times infinity, which is not a number.
        (1.0 + (self.decay * times).max(0.0)).recip()
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::ratio("inverse_time.decay", self.decay)?;
        check::length("inverse_time.every", self.every)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("inverse_time")
            .number(self.decay)
            .count(self.every)
            .count(u64::from(self.staircase))
            .finish()
    }
}

/// `kind = "inverse_time"`: down to a tenth of the peak over the run.
#[cfg(feature = "serde")]
impl Default for InverseTime<Span> {
    fn default() -> Self {
        Self {
            decay: 9.0,
            every: Span::Rest,
            staircase: false,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for InverseTime<Span> {
    const KIND: &'static str = "inverse_time";
    const PEERS: &'static [&'static str] = &["InverseTimeDecay"];
    type Resolved = InverseTime;

    fn resolve(&self, horizon: &Horizon) -> Result<InverseTime, ScheduleError> {
        InverseTime {
            decay: self.decay,
            every: horizon.resolve(self.every),
            staircase: self.staircase,
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn it_is_one_over_a_line() {
        let decay = InverseTime::new(0.5).every(10);
        assert_eq!(decay.factor(0), 1.0);
        assert_eq!(decay.factor(20), 0.5);
        assert_eq!(decay.factor(180), 0.1);
        assert_eq!(decay.factor_at(6.0), 1.0 / 1.3);
    }

    #[test]
    fn a_stair_begins_with_the_period() {
        let stairs = InverseTime::new(1.0).every(10).staircase(true);
        let factors = [0, 9, 10, 19, 20, 30].map(|update| stairs.factor(update));
        assert_eq!(factors, [1.0, 1.0, 0.5, 0.5, 1.0 / 3.0, 0.25]);
        assert_eq!(stairs.factor_at(9.99), 1.0);
        let (smooth, plain) = (stairs.staircase(false), InverseTime::new(1.0).every(10));
        assert_eq!(smooth, plain);
        assert_ne!(smooth.fingerprint(), stairs.fingerprint());
    }

    #[test]
    fn nonsense_is_refused_and_does_not_panic() {
        assert_eq!(
            InverseTime::new(-1.0).check().unwrap_err().to_string(),
            "inverse_time.decay = -1.0: must be between 0 and 1e18"
        );
        assert_eq!(
            InverseTime::new(1.0).every(0).check().unwrap_err().path(),
            "inverse_time.every"
        );
        assert_eq!(
            InverseTime::new(1.0).every(0).staircase(true).factor(5),
            1.0
        );
        assert_eq!(InverseTime::new(0.0).factor_at(f64::INFINITY), 1.0);
    }

    #[test]
    fn time_before_the_start_is_the_start() {
        assert_eq!(InverseTime::new(1.0).factor_at(-0.5), 1.0);
        let stairs = InverseTime::new(1.0).staircase(true);
        assert_eq!(stairs.factor_at(-0.5), 1.0);
    }
}
