//! The peak, and half a period of a cosine at the end.

use std::sync::Arc;

use crate::curve::half_cosine;
#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// The peak for most of the time, then half a period of a cosine down to a floor, which then holds.
///
/// ```text
/// factor(t) = 1                                           while t ≤ flat · length
/// factor(t) = floor + (1 - floor) · ½ (1 + cos(π · p))    while t < length, then floor
///         p = (t - flat · length) / (length - flat · length)
/// ```
///
/// `length` is in updates. `flat` (default 0.75) is a share of it, from 0, which is a [`Cosine`](crate::Cosine), to 1;
/// the cosine may begin between two updates. `floor` (default 0) is a ratio of the peak. It is fastai's `fit_flat_cos`,
/// whose floor is 1e-5. For a flat part in updates or epochs, put a constant and a cosine into a
/// [`Sequence`](crate::Sequence).
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = FlatCosine::new(8).floor(0.1).peak(1.0)?;
/// assert_eq!(rate.rates(5..9), [1.0, 1.0, 0.55, 0.1]);
///
/// let rate = FlatCosine::new(6).flat(0.5).peak(1.0)?;
/// assert_eq!(rate.rates(0..4), [1.0; 4]);
/// assert!((rate.rate_at(4) - 0.75).abs() < 1e-15);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// It has no paper: fastai's users found it in 2019, with the optimizer Ranger.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, FlatCosine<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, FlatCosine<L>: Default")
)]
pub struct FlatCosine<L = u64> {
    /// How long the whole takes.
    length: L,
    /// The share of its own length, from 0 to 1, for which it stays at the peak.
    flat: f64,
    /// The ratio of the peak that it ends at, from 0 to 1.
    floor: f64,
}

impl FlatCosine {
    /// Three quarters of `length` updates, at least 1, at the peak, and then a cosine to 0.
    pub fn new(length: u64) -> Self {
        Self {
            length,
            flat: 0.75,
            floor: 0.0,
        }
    }
}

impl<L> FlatCosine<L> {
    /// The share of the length, from 0 to 1, for which it stays at the peak; default 0.75.
    pub fn flat(self, flat: f64) -> Self {
        Self { flat, ..self }
    }

    /// The ratio of the peak that it ends at, from 0 to 1; default 0.
    pub fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }
}

impl Schedule for FlatCosine {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, length) = (time.max(0.0), self.length as f64);
        if time >= length {
            return self.floor;
        }
        let begin = self.flat * length;
        if time <= begin {
            return 1.0;
        }
        let passed = (time - begin) / (length - begin);
        self.floor + (1.0 - self.floor) * half_cosine(passed)
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
        check::length("flat_cosine.length", self.length)?;
        check::share("flat_cosine.flat", self.flat)?;
        check::share("flat_cosine.floor", self.floor)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("flat_cosine")
            .count(self.length)
            .number(self.flat)
            .number(self.floor)
            .finish()
    }
}

/// `kind = "flat_cosine"`: over what remains of the run, three quarters of it at the peak, down to 0.
#[cfg(feature = "serde")]
impl Default for FlatCosine<Span> {
    fn default() -> Self {
        Self {
            length: Span::Rest,
            flat: 0.75,
            floor: 0.0,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for FlatCosine<Span> {
    const KIND: &'static str = "flat_cosine";
    const PEERS: &'static [&'static str] = &["fit_flat_cos", "flat_cos"];
    type Resolved = FlatCosine;

    fn resolve(&self, horizon: &Horizon) -> Result<FlatCosine, ScheduleError> {
        FlatCosine {
            length: horizon.resolve(self.length),
            flat: self.flat,
            floor: self.floor,
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::Cosine;

    #[test]
    fn it_is_a_cosine_after_its_flat_part() {
        let (flat, cosine) = (FlatCosine::new(60).floor(0.2), Cosine::new(15).floor(0.2));
        assert!((0..=45).all(|update| flat.factor(update) == 1.0));
        assert!((46..80).all(|update| flat.factor(update) == cosine.factor(update - 45)));
    }

    #[test]
    fn it_may_begin_between_two_updates() {
        // A quarter of 10 begins at 7.5.
        let flat = FlatCosine::new(10);
        let expected = |passed: f64| 0.5 * (1.0 + (PI * passed).cos());
        assert_eq!(flat.factor(7), 1.0);
        assert!((flat.factor(8) - expected(0.2)).abs() < 1e-15);
        assert!((flat.factor(9) - expected(0.6)).abs() < 1e-15);
        assert_eq!(flat.factor_at(7.5), 1.0);
        assert!(flat.factor_at(7.6) < 1.0);
    }

    #[test]
    fn without_a_flat_part_it_is_a_cosine_and_without_another_it_drops() {
        let (all, none) = (FlatCosine::new(7).flat(1.0), FlatCosine::new(7).flat(0.0));
        assert_eq!([all.factor(6), all.factor(7)], [1.0, 0.0]);
        assert!((0..9).all(|update| none.factor(update) == Cosine::new(7).factor(update)));
    }

    #[test]
    fn unchecked_and_without_length_it_is_over_at_once() {
        assert_eq!(FlatCosine::new(0).floor(0.3).factor(0), 0.3);
    }

    #[test]
    fn it_has_a_length_and_a_floor_below_the_peak() {
        assert_eq!(FlatCosine::new(9).length(), Some(9));
        assert_eq!(FlatCosine::new(9).shortened(4).unwrap().length(), Some(5));
        let error = FlatCosine::new(0).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "flat_cosine.length = 0: must be at least 1"
        );
        let error = FlatCosine::new(9).floor(1.5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "flat_cosine.floor = 1.5: must be between 0 and 1"
        );
        let error = FlatCosine::new(9).flat(1.5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "flat_cosine.flat = 1.5: must be between 0 and 1"
        );
    }
}
