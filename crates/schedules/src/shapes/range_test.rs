//! A sweep up to the largest learning rate that is tried.

use std::sync::Arc;

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// A sweep from a small rate up to the peak, the largest that is tried, which then holds.
///
/// ```text
/// factor(t) = start ^ (1 - t / (length - 1))            while t < length - 1, then 1
/// factor(t) = start + (1 - start) · t / (length - 1)    the same with Sweep::Linear
/// ```
///
/// `length` is in updates, and the last one of them is at the peak: a run of that length tries every rate. So does
/// torch-lr-finder (`num_iter`). fastai divides by the number of iterations and stops one short of its `end_lr`:
/// its sweep of `n` is the beginning of this one of `n + 1`. `start` (default 1e-8, as 1e-7 is to 10) is a ratio of the
/// peak.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = RangeTest::new(5).start(1e-4).peak(10.0)?;
/// for (update, expected) in [1e-3, 1e-2, 0.1, 1.0, 10.0, 10.0].into_iter().enumerate() {
///     assert!((rate.rate_at(update as u64) / expected - 1.0).abs() < 1e-15);
/// }
///
/// let rate = RangeTest::new(5).start(0.0).sweep(Sweep::Linear).peak(1.0)?;
/// assert_eq!(rate.rates(0..6), [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Smith (2017), *Cyclical Learning Rates for Training Neural Networks*, section 3.3.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, RangeTest<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, RangeTest<L>: Default")
)]
pub struct RangeTest<L = u64> {
    /// The ratio of the peak that it starts at, from 0 to 1; above 0 if the sweep is exponential.
    start: f64,
    /// How long the sweep takes, with its last update at the peak.
    length: L,
    /// How the rate grows.
    sweep: Sweep,
}

/// How the rate of a [`RangeTest`] grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "How the rate grows.")
)]
#[non_exhaustive]
pub enum Sweep {
    /// By the same factor at every update: every order of magnitude gets the same number of updates.
    #[default]
    Exponential,
    /// By the same amount at every update.
    Linear,
}

impl RangeTest {
    /// An exponential sweep over `length` updates, at least 1, from 1e-8 to 1.
    pub fn new(length: u64) -> Self {
        Self {
            start: 1e-8,
            length,
            sweep: Sweep::Exponential,
        }
    }
}

impl<L> RangeTest<L> {
    /// The ratio of the peak at update 0, at most 1, and above 0 if the sweep is exponential; default 1e-8.
    pub fn start(self, start: f64) -> Self {
        Self { start, ..self }
    }

    /// How the rate grows; default [`Sweep::Exponential`].
    pub fn sweep(self, sweep: Sweep) -> Self {
        Self { sweep, ..self }
    }
}

impl Schedule for RangeTest {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, last) = (time.max(0.0), self.length.saturating_sub(1) as f64);
        if time >= last {
            return 1.0;
        }
        match self.sweep {
            Sweep::Exponential => self.start.powf((last - time) / last),
            Sweep::Linear => self.start + (1.0 - self.start) * (time / last),
        }
    }

    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        Some(Arc::new(Self {
            length: self.length.saturating_sub(updates),
            ..*self
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("range_test.length", self.length)?;
        match self.sweep {
            Sweep::Exponential => check::positive("range_test.start", self.start, 1.0),
            Sweep::Linear => check::share("range_test.start", self.start),
        }
    }

    fn fingerprint(&self) -> u64 {
        let sweep = match self.sweep {
            Sweep::Exponential => 0,
            Sweep::Linear => 1,
        };
        Fingerprint::of("range_test")
            .count(self.length)
            .number(self.start)
            .count(sweep)
            .finish()
    }
}

/// `kind = "range_test"`: over what remains of the run, from a hundred-millionth of the peak.
#[cfg(feature = "serde")]
impl Default for RangeTest<Span> {
    fn default() -> Self {
        Self {
            start: 1e-8,
            length: Span::Rest,
            sweep: Sweep::Exponential,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for RangeTest<Span> {
    const KIND: &'static str = "range_test";
    const PEERS: &'static [&'static str] = &["lr_find", "LRFinder", "lr_range_test"];
    type Resolved = RangeTest;

    fn resolve(&self, horizon: &Horizon) -> Result<RangeTest, ScheduleError> {
        RangeTest {
            start: self.start,
            length: horizon.resolve(self.length),
            sweep: self.sweep,
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn its_last_update_is_at_the_peak() {
        for sweep in [Sweep::Exponential, Sweep::Linear] {
            let test = RangeTest::new(100).start(1e-3).sweep(sweep);
            assert_eq!(test.factor(0), 1e-3);
            assert!(test.factor(98) < 1.0);
            assert_eq!([test.factor(99), test.factor(100)], [1.0, 1.0]);
            assert_eq!(RangeTest::new(1).sweep(sweep).factor(0), 1.0);
            assert_eq!(RangeTest::new(0).sweep(sweep).factor(0), 1.0);
        }
    }

    #[test]
    fn it_grows_by_the_same_factor() {
        let test = RangeTest::new(9);
        for update in 0..8 {
            let growth = test.factor(update + 1) / test.factor(update);
            assert!((growth / 10.0 - 1.0).abs() < 1e-14);
        }
        assert!((test.factor_at(0.5) / 1e-8 - 10.0_f64.sqrt()).abs() < 1e-13);
    }

    #[test]
    fn it_grows_by_the_same_amount() {
        let test = RangeTest::new(5).start(0.5).sweep(Sweep::Linear);
        let factors = [0, 1, 2, 3, 4].map(|update| test.factor(update));
        assert_eq!(factors, [0.5, 0.625, 0.75, 0.875, 1.0]);
    }

    #[test]
    fn only_a_linear_sweep_starts_at_zero() {
        let test = RangeTest::new(9).start(0.0);
        assert_eq!(
            test.check().unwrap_err().to_string(),
            "range_test.start = 0.0: must be above 0 and at most 1"
        );
        let linear = test.sweep(Sweep::Linear);
        assert_eq!(linear.check(), Ok(()));
        assert!(linear.start(1.5).check().is_err());
        assert_ne!(linear.fingerprint(), test.fingerprint());
    }

    #[test]
    fn it_has_a_length() {
        assert_eq!(RangeTest::new(9).length(), Some(9));
        assert_eq!(RangeTest::new(9).shortened(4).unwrap().length(), Some(5));
        let error = RangeTest::new(0).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "range_test.length = 0: must be at least 1"
        );
        let error = RangeTest::new(9).start(1.5).check().unwrap_err();
        assert_eq!(error.field(), "start");
    }
}
