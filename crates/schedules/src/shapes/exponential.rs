//! A decay by a constant factor per update.

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// A smooth decay by `gamma` every `every` updates, without end.
///
/// ```text
/// factor(t) = gamma ^ (t / every)
/// ```
///
/// `every` is in updates (default 1, PyTorch's `ExponentialLR`; optax and Keras call it `transition_steps` and
/// `decay_steps`); growth (`gamma` above 1) saturates at [`MAX_FACTOR`]. It has no length: a warm-up in front
/// delays it.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Exponential::new(0.5).peak(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.4, 0.2, 0.1]);
///
/// let rate = Exponential::new(0.25).every(2).peak(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.4, 0.2, 0.1]);
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
}

impl Exponential {
    /// A decay by `gamma` per update, above 0 and at most [`MAX_FACTOR`].
    pub fn new(gamma: f64) -> Self {
        Self { gamma, every: 1 }
    }

    /// The number of updates, at least 1, in which the rate is multiplied by `gamma` once; default 1.
    pub fn every(self, every: u64) -> Self {
        Self { every, ..self }
    }
}

impl Schedule for Exponential {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.gamma
            .powf(time.max(0.0) / self.every as f64)
            .min(MAX_FACTOR)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::decay("exponential.gamma", self.gamma)?;
        check::length("exponential.every", self.every)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("exponential")
            .number(self.gamma)
            .count(self.every)
            .finish()
    }
}

/// `kind = "exponential"`: down to a hundredth of the peak over the run.
#[cfg(feature = "serde")]
impl Default for Exponential<Span> {
    fn default() -> Self {
        Self {
            gamma: 0.01,
            every: Span::Percent(100.0),
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
        }
        .checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_saturates_and_decay_reaches_zero() {
        assert_eq!(Exponential::new(2.0).factor(10), 1024.0);
        assert_eq!(Exponential::new(2.0).factor(u64::MAX), MAX_FACTOR);
        assert_eq!(Exponential::new(0.5).factor(u64::MAX), 0.0);
    }
}
