//! A decay by the square root of time.

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// A decay by the square root of time, without end.
///
/// ```text
/// factor(t) = 1 / √((t + timescale) / timescale)
/// ```
///
/// `timescale` is in updates: after three of them the rate has halved, after 99 it is a tenth. It is transformers'
/// `inverse_sqrt`, which sets it to the length of the warm-up, or to 10,000 where there is none. It has no length: a
/// warm-up in front delays it.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = InverseSqrt::new(100).warmup(100).start(0.0).peak(0.1)?;
/// assert_eq!([0, 50, 100, 400, 1_600].map(|update| rate.rate_at(update)), [0.0, 0.05, 0.1, 0.05, 0.025]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// [`Noam`](crate::Noam) is the same decay with the rise of Vaswani et al. (2017) in front.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, InverseSqrt<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, InverseSqrt<L>: Default")
)]
pub struct InverseSqrt<L = u64> {
    /// The time that the decay is measured in: three of it halve the rate.
    timescale: L,
}

impl InverseSqrt {
    /// A decay that halves the rate in three times `timescale` updates, at least 1.
    pub fn new(timescale: u64) -> Self {
        Self { timescale }
    }
}

impl Schedule for InverseSqrt {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let timescale = self.timescale as f64;
        (timescale / (time.max(0.0) + timescale)).sqrt()
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("inverse_sqrt.timescale", self.timescale)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("inverse_sqrt")
            .count(self.timescale)
            .finish()
    }
}

/// `kind = "inverse_sqrt"`: with a hundredth of the run as its timescale, down to a tenth of the peak over the run.
#[cfg(feature = "serde")]
impl Default for InverseSqrt<Span> {
    fn default() -> Self {
        Self {
            timescale: Span::PercentOfRest(1.0),
        }
    }
}

#[cfg(feature = "serde")]
impl Form for InverseSqrt<Span> {
    const KIND: &'static str = "inverse_sqrt";
    const PEERS: &'static [&'static str] = &["rsqrt"];
    type Resolved = InverseSqrt;

    fn resolve(&self, horizon: &Horizon) -> Result<InverseSqrt, ScheduleError> {
        InverseSqrt {
            timescale: horizon.resolve(self.timescale),
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::MAX_UPDATE;

    #[test]
    fn whole_squares_are_exact() {
        let decay = InverseSqrt::new(5);
        for root in 1..=1_000_u64 {
            let update = 5 * (root * root - 1);
            assert!((decay.factor(update) * root as f64 - 1.0).abs() < 1e-15);
        }
        assert_eq!(decay.factor(0), 1.0);
        assert_eq!(decay.factor_at(15.0), 0.5);
    }

    #[test]
    fn the_longest_timescale_still_decays() {
        let decay = InverseSqrt::new(MAX_UPDATE);
        assert_eq!(decay.factor(MAX_UPDATE), 0.5_f64.sqrt());
        assert_eq!(decay.check(), Ok(()));
        let error = InverseSqrt::new(0).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "inverse_sqrt.timescale = 0: must be at least 1"
        );
    }
}
