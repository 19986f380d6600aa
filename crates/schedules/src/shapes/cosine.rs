//! Half a period of a cosine.

use std::sync::Arc;

use crate::curve::half_cosine;
#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// Half a period of a cosine, from the peak down to a floor, which then holds.
///
/// ```text
/// factor(t) = floor + (1 - floor) · ½ (1 + cos(π · t / length))    while t < length, then floor
/// ```
///
/// `floor` (default 0) is a ratio of the peak, `length` is in updates. PyTorch's `CosineAnnealingLR` is the same curve
/// up to `T_max`, and climbs again after it; this one stays at the floor.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Cosine::new(4).floor(0.1).peak(1.0)?;
/// let rates = rate.rates(0..6);
/// assert_eq!(rates[0], 1.0);
/// assert!((rates[2] - 0.55).abs() < 1e-15);
/// assert_eq!(rates[4..], [0.1, 0.1]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Loshchilov & Hutter (2017), *SGDR: Stochastic Gradient Descent with Warm Restarts*, equation 5 without restarts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Cosine<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Cosine<L>: Default")
)]
pub struct Cosine<L = u64> {
    /// How long it takes.
    length: L,
    /// The ratio of the peak that it ends at, from 0 to 1.
    floor: f64,
}

impl Cosine {
    /// A cosine from 1 to 0 over `length` updates, at least 1.
    pub fn new(length: u64) -> Self {
        Self { length, floor: 0.0 }
    }
}

impl<L> Cosine<L> {
    /// The ratio of the peak that it ends at, from 0 to 1; default 0.
    pub fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }
}

impl Schedule for Cosine {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, length) = (time.max(0.0), self.length as f64);
        if time >= length {
            return self.floor;
        }
        self.floor + (1.0 - self.floor) * half_cosine(time / length)
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
        check::length("cosine.length", self.length)?;
        check::share("cosine.floor", self.floor)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("cosine")
            .count(self.length)
            .number(self.floor)
            .finish()
    }
}

/// `kind = "cosine"`: over what remains of the run, down to 0.
#[cfg(feature = "serde")]
impl Default for Cosine<Span> {
    fn default() -> Self {
        Self {
            length: Span::Rest,
            floor: 0.0,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Cosine<Span> {
    const KIND: &'static str = "cosine";
    const PEERS: &'static [&'static str] =
        &["CosineAnnealingLR", "cosine_decay", "cosine_with_min_lr"];
    type Resolved = Cosine;

    fn resolve(&self, horizon: &Horizon) -> Result<Cosine, ScheduleError> {
        Cosine {
            length: horizon.resolve(self.length),
            floor: self.floor,
        }
        .checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_at_the_peak_and_stays_at_the_floor() {
        for floor in [0.0, 0.1, 1.0 / 3.0, 0.7, 1.0] {
            let cosine = Cosine::new(7).floor(floor);
            assert_eq!(cosine.factor(0), 1.0);
            assert!(floor == 1.0 || cosine.factor(6) > floor);
            assert_eq!(cosine.factor(7), floor);
            assert_eq!(cosine.factor(14), floor, "it must not climb again");
        }
    }

    #[test]
    fn unchecked_and_without_length_it_is_over_at_once() {
        assert_eq!(Cosine::new(0).floor(0.3).factor(0), 0.3);
    }

    #[test]
    fn it_is_symmetric_about_its_middle() {
        let cosine = Cosine::new(1_000);
        for update in 0..1_000 {
            assert!((cosine.factor(update) + cosine.factor(1_000 - update) - 1.0).abs() < 1e-15);
        }
    }
}
