//! A stretch of a hyperbolic tangent.

use std::sync::Arc;

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// A stretch of a hyperbolic tangent, from the peak down to a floor, which then holds.
///
/// ```text
/// factor(0) = 1
/// factor(t) = floor + (1 - floor) · ½ (1 - tanh(lower · (1 - t / length) + upper · t / length))    while t < length
/// factor(t) = floor                                                                                 after it
/// ```
///
/// `floor` (default 0) is a ratio of the peak, `length` is in updates. `lower` (default -7) and `upper` (default 3) are
/// where the stretch begins and ends: the rate stays near the peak while the argument is below -2, so longer with a
/// `lower` further below 0. The curve comes near its ends and does not touch them, by 8e-7 of the way at the start and
/// by 2e-3 at the end. As in timm's `TanhLRScheduler`, the first update is at the peak and the end at the floor all the
/// same.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Tanh::new(10).floor(0.1).peak(1.0)?;
/// assert_eq!(rate.rate_at(0), 1.0);
/// assert!((rate.rate_at(7) - 0.55).abs() < 1e-15);
/// assert_eq!(rate.rates(10..12), [0.1, 0.1]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Hsueh, Li & Wu (2019), *Stochastic Gradient Descent with Hyperbolic-Tangent Decay on Classification*.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Tanh<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Tanh<L>: Default")
)]
pub struct Tanh<L = u64> {
    /// How long it takes.
    length: L,
    /// The argument of the hyperbolic tangent at the start.
    lower: f64,
    /// The argument of the hyperbolic tangent at the end, above `lower`.
    upper: f64,
    /// The ratio of the peak that it ends at, from 0 to 1.
    floor: f64,
}

impl Tanh {
    /// A stretch from -7 to 3 over `length` updates, at least 1, from 1 to 0.
    pub fn new(length: u64) -> Self {
        Self {
            length,
            lower: -7.0,
            upper: 3.0,
            floor: 0.0,
        }
    }
}

impl<L> Tanh<L> {
    /// The argument at the start, from -[`MAX_FACTOR`] to [`MAX_FACTOR`]; default -7.
    pub fn lower(self, lower: f64) -> Self {
        Self { lower, ..self }
    }

    /// The argument at the end, above `lower` and at most [`MAX_FACTOR`]; default 3.
    pub fn upper(self, upper: f64) -> Self {
        Self { upper, ..self }
    }

    /// The ratio of the peak that it ends at, from 0 to 1; default 0.
    pub fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }
}

impl Schedule for Tanh {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, length) = (time.max(0.0), self.length as f64);
        if time >= length {
            return self.floor;
        }
        if time == 0.0 {
            return 1.0;
        }
        let passed = time / length;
        let argument = self.lower * (1.0 - passed) + self.upper * passed;
        // ½ (1 - tanh x) without its cancellation.
        let share = (1.0 + (2.0 * argument).exp()).recip();
        self.floor + (1.0 - self.floor) * share
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
        check::length("tanh.length", self.length)?;
        check::between("tanh.lower", self.lower, -MAX_FACTOR..=MAX_FACTOR)?;
        check::between("tanh.upper", self.upper, -MAX_FACTOR..=MAX_FACTOR)?;
        if self.upper <= self.lower {
            let allowed = format!("must be above `lower`, which is {:?}", self.lower);
            return Err(ScheduleError::new("tanh.upper", self.upper, allowed));
        }
        check::share("tanh.floor", self.floor)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("tanh")
            .count(self.length)
            .number(self.lower)
            .number(self.upper)
            .number(self.floor)
            .finish()
    }
}

/// `kind = "tanh"`: over what remains of the run, down to 0.
#[cfg(feature = "serde")]
impl Default for Tanh<Span> {
    fn default() -> Self {
        let Tanh {
            lower,
            upper,
            floor,
            ..
        } = Tanh::new(1);
        Self {
            length: Span::Rest,
            lower,
            upper,
            floor,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Tanh<Span> {
    const KIND: &'static str = "tanh";
    const PEERS: &'static [&'static str] = &["TanhLR", "TanhLRScheduler", "HTD"];
    type Resolved = Tanh;

    fn resolve(&self, horizon: &Horizon) -> Result<Tanh, ScheduleError> {
        Tanh {
            length: horizon.resolve(self.length),
            lower: self.lower,
            upper: self.upper,
            floor: self.floor,
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_hyperbolic_tangent() {
        for (lower, upper, floor) in [(-7.0, 3.0, 0.0), (-5.0, 3.0, 0.2), (-1.0, 0.5, 0.0)] {
            let tanh = Tanh::new(50).lower(lower).upper(upper).floor(floor);
            for update in 1..50 {
                let argument = lower + (upper - lower) * f64::from(update) / 50.0;
                let expected = floor + (1.0 - floor) * (1.0 - argument.tanh()) / 2.0;
                assert!((tanh.factor(update as u64) - expected).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn it_starts_at_the_peak_and_stays_at_the_floor() {
        let tanh = Tanh::new(50).floor(0.01);
        assert_eq!(tanh.factor(0), 1.0);
        assert!(tanh.factor(1) < 1.0 && tanh.factor(1) > 0.999_99);
        assert!(tanh.factor(49) > 0.012);
        assert_eq!([tanh.factor(50), tanh.factor(51)], [0.01, 0.01]);
        assert_eq!(Tanh::new(0).factor(0), 0.0);
    }

    #[test]
    fn the_argument_rises() {
        let error = Tanh::new(9).lower(3.0).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "tanh.upper = 3.0: must be above `lower`, which is 3.0"
        );
        assert_eq!(Tanh::new(9).lower(-1e18).upper(1e18).check(), Ok(()));
        assert!(Tanh::new(9).lower(f64::NAN).check().is_err());
        assert!(Tanh::new(9).upper(f64::INFINITY).check().is_err());
    }

    #[test]
    fn it_has_a_length_and_a_floor_below_the_peak() {
        assert_eq!(Tanh::new(9).length(), Some(9));
        assert_eq!(Tanh::new(9).shortened(4).unwrap().length(), Some(5));
        let error = Tanh::new(0).check().unwrap_err();
        assert_eq!(error.to_string(), "tanh.length = 0: must be at least 1");
        let error = Tanh::new(9).floor(1.5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "tanh.floor = 1.5: must be between 0 and 1"
        );
    }
}
