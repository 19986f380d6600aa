//! A decay by a constant factor per update.

use crate::power::power;
#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// A decay by `gamma` every `every` updates, smooth or in stairs, without end.
///
/// ```text
/// factor(t) = gamma ^ (t / every)
/// factor(t) = gamma ^ ⌊t / every⌋     with staircase
/// ```
///
/// `every` is in updates (default 1, PyTorch's `ExponentialLR`; optax and Keras call it `transition_steps` and
/// `decay_steps`); growth (`gamma` above 1) saturates at [`MAX_FACTOR`](crate::MAX_FACTOR). In stairs it
/// is [`Step`](crate::Step) by another name. It has no length: a warm-up in front delays it.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Exponential::new(0.5).peak(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.4, 0.2, 0.1]);
///
/// let rate = Exponential::new(0.25).every(2).peak(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.4, 0.2, 0.1]);
///
/// let rate = Exponential::new(0.25).every(2).staircase(true).peak(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.8, 0.2, 0.2]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Exponential<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Exponential<L>: Default")
)]
pub struct Exponential<L = u64> {
    /// What the rate is multiplied by, above 0.
    gamma: f64,
    /// The time in which it is multiplied once.
    every: L,
    /// Whether it happens all at once, at the end of that time.
    staircase: bool,
}

impl Exponential {
    /// A decay by `gamma` per update, above 0 and at most [`MAX_FACTOR`](crate::MAX_FACTOR).
    pub fn new(gamma: f64) -> Self {
        Self {
            gamma,
            every: 1,
            staircase: false,
        }
    }

    /// The number of updates, at least 1, in which the rate is multiplied by `gamma` once; default 1.
    pub fn every(self, every: u64) -> Self {
        Self { every, ..self }
    }
}

impl<L> Exponential<L> {
    /// Whether the rate drops all at once after every `every` updates, instead of smoothly; default false.
    pub fn staircase(self, staircase: bool) -> Self {
        Self { staircase, ..self }
    }
}

impl Schedule for Exponential {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let times = if self.staircase {
            // An unchecked `every` may be 0.
            (time as u64).checked_div(self.every).unwrap_or(0) as f64
        } else {
            time.max(0.0) / self.every as f64
        };
        power(self.gamma, times)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::decay("exponential.gamma", self.gamma)?;
        check::length("exponential.every", self.every)
    }

    fn fingerprint(&self) -> u64 {
        let smooth = Fingerprint::of("exponential")
            .number(self.gamma)
            .count(self.every);
        // A record of the smooth one is older than the stairs, and stays valid.
        if self.staircase {
            return smooth.count(1).finish();
        }
        smooth.finish()
    }
}

/// `kind = "exponential"`: down to a hundredth of the peak over the run.
#[cfg(feature = "serde")]
impl Default for Exponential<Span> {
    fn default() -> Self {
        Self {
            gamma: 0.01,
            every: Span::Rest,
            staircase: false,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Exponential<Span> {
    const KIND: &'static str = "exponential";
    const PEERS: &'static [&'static str] = &["ExponentialLR", "exponential_decay"];
    type Resolved = Exponential;

    fn resolve(&self, horizon: &Horizon) -> Result<Exponential, ScheduleError> {
        Exponential {
            gamma: self.gamma,
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
    use crate::MAX_FACTOR;

    #[test]
    fn growth_saturates_and_decay_reaches_zero() {
        assert_eq!(Exponential::new(2.0).factor(10), 1024.0);
        assert_eq!(Exponential::new(2.0).factor(u64::MAX), MAX_FACTOR);
        assert_eq!(Exponential::new(0.5).factor(u64::MAX), 0.0);
    }

    #[test]
    fn in_stairs_it_is_a_step() {
        let stairs = Exponential::new(0.7).every(3).staircase(true);
        let step = crate::Step::new(3).gamma(0.7);
        assert!((0..100).all(|update| stairs.factor(update) == step.factor(update)));
        assert_eq!((stairs.factor_at(2.99), stairs.factor_at(3.0)), (1.0, 0.7));
        assert_ne!(stairs.fingerprint(), stairs.staircase(false).fingerprint());
    }

    #[test]
    fn unchecked_it_does_not_divide_by_zero() {
        assert_eq!(
            Exponential::new(0.5).every(0).staircase(true).factor(5),
            1.0
        );
    }

    #[test]
    fn it_is_multiplied_once_in_its_time() {
        let decay = Exponential::new(0.25).every(10);
        assert_eq!(
            [0, 5, 10, 20].map(|update| decay.factor(update)),
            [1.0, 0.5, 0.25, 0.0625]
        );
        assert_eq!(decay.factor_at(-5.0), 1.0);
    }

    #[test]
    fn its_time_is_at_least_one_update() {
        let error = Exponential::new(0.5).every(0).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "exponential.every = 0: must be at least 1"
        );
    }
}
