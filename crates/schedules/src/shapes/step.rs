//! A drop by a factor every so many updates.

use crate::power::power;
#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// A drop by a factor every so many updates, without end.
///
/// ```text
/// factor(t) = gamma ^ ⌊t / every⌋
/// ```
///
/// `every` is in updates, `gamma` (default 0.1) multiplies the rate; growth (`gamma` above 1) saturates at
/// [`MAX_FACTOR`](crate::MAX_FACTOR). It is PyTorch's `StepLR`. It has no length: a warm-up in front delays its steps.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Step::new(2).gamma(0.5).peak(0.8)?;
/// assert_eq!(rate.rates(0..5), [0.8, 0.8, 0.4, 0.4, 0.2]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Step<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Step<L>: Default")
)]
pub struct Step<L = u64> {
    /// The time from one drop to the next.
    every: L,
    /// What the rate is multiplied by at each drop, above 0.
    gamma: f64,
}

impl Step {
    /// A drop to a tenth every `every` updates, at least 1.
    pub fn new(every: u64) -> Self {
        Self { every, gamma: 0.1 }
    }
}

impl<L> Step<L> {
    /// What the rate is multiplied by at each step, above 0 and at most [`MAX_FACTOR`](crate::MAX_FACTOR); default 0.1.
    pub fn gamma(self, gamma: f64) -> Self {
        Self { gamma, ..self }
    }
}

impl Schedule for Step {
    fn factor(&self, update: u64) -> f64 {
        // An unchecked `every` may be 0.
        let steps = update.checked_div(self.every).unwrap_or(0);
        power(self.gamma, steps as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.factor(time as u64)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("step.every", self.every)?;
        check::decay("step.gamma", self.gamma)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("step")
            .count(self.every)
            .number(self.gamma)
            .finish()
    }
}

/// `kind = "step"`: to a tenth after 30, 60 and 90 % of the run, as He et al. (2016) trained ResNets.
#[cfg(feature = "serde")]
impl Default for Step<Span> {
    fn default() -> Self {
        Self {
            every: Span::PercentOfRest(30.0),
            gamma: 0.1,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Step<Span> {
    const KIND: &'static str = "step";
    const PEERS: &'static [&'static str] = &["StepLR", "staircase"];
    type Resolved = Step;

    fn resolve(&self, horizon: &Horizon) -> Result<Step, ScheduleError> {
        Step {
            every: horizon.resolve(self.every),
            gamma: self.gamma,
        }
        .checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAX_FACTOR;

    #[test]
    fn growth_saturates() {
        let growth = Step::new(1).gamma(10.0);
        assert_eq!(growth.factor(3), 1000.0);
        assert_eq!(growth.factor(u64::MAX), MAX_FACTOR);
    }

    #[test]
    fn unchecked_it_does_not_divide_by_zero() {
        assert_eq!(Step::new(0).factor(5), 1.0);
    }
}
