//! A decay that is reflected, and steep at its end.

use std::sync::Arc;

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// A decay that is slow at first and steep at its end, down to a floor, which then holds.
///
/// ```text
/// factor(t) = floor + (1 - floor) · (1 - p) / (1 - p / 2)    with p = t / length, while t < length, then floor
/// ```
///
/// `floor` (default 0) is a ratio of the peak, `length` is in updates. The curve is 1/x reflected: it lies above a
/// straight line throughout, by 0.17 at most. It was made for short runs, where a high rate for longer is worth more.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Rex::new(4).peak(1.0)?;
/// assert_eq!(rate.rates(0..6), [1.0, 6.0 / 7.0, 2.0 / 3.0, 0.4, 0.0, 0.0]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Chen, Wolfe & Kyrillidis (2022), *REX: Revisiting Budgeted Training with an Improved Schedule*.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Rex<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Rex<L>: Default")
)]
pub struct Rex<L = u64> {
    /// How long it takes.
    length: L,
    /// The ratio of the peak that it ends at, from 0 to 1.
    floor: f64,
}

impl Rex {
    /// A decay from 1 to 0 over `length` updates, at least 1.
    pub fn new(length: u64) -> Self {
        Self { length, floor: 0.0 }
    }
}

impl<L> Rex<L> {
    /// The ratio of the peak that it ends at, from 0 to 1; default 0.
    pub fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }
}

impl Schedule for Rex {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, length) = (time.max(0.0), self.length as f64);
        if time >= length {
            return self.floor;
        }
        // Times the length, so that no digits are lost near the end.
        let share = (length - time) / (length - 0.5 * time);
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
        check::length("rex.length", self.length)?;
        check::share("rex.floor", self.floor)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("rex")
            .count(self.length)
            .number(self.floor)
            .finish()
    }
}

/// `kind = "rex"`: over what remains of the run, down to 0.
#[cfg(feature = "serde")]
impl Default for Rex<Span> {
    fn default() -> Self {
        Self {
            length: Span::Rest,
            floor: 0.0,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Rex<Span> {
    const KIND: &'static str = "rex";
    const PEERS: &'static [&'static str] = &["REXScheduler"];
    type Resolved = Rex;

    fn resolve(&self, horizon: &Horizon) -> Result<Rex, ScheduleError> {
        Rex {
            length: horizon.resolve(self.length),
            floor: self.floor,
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
    fn it_follows_the_formula_to_its_last_update() {
        let rex = Rex::new(50).floor(0.25);
        for update in 0..50 {
            let passed = f64::from(update) / 50.0;
            let expected = 0.25 + 0.75 * (1.0 - passed) / (1.0 - passed / 2.0);
            assert!((rex.factor(update as u64) - expected).abs() < 1e-15);
        }
        assert!(rex.factor(49) > 0.25);
        assert_eq!([rex.factor(50), rex.factor(51)], [0.25, 0.25]);
    }

    #[test]
    fn the_longest_one_is_exact() {
        let (rex, end) = (Rex::new(MAX_UPDATE), MAX_UPDATE as f64);
        assert!((rex.factor(MAX_UPDATE - 1) * end / 2.0 - 1.0).abs() < 1e-15);
        assert_eq!(rex.factor(MAX_UPDATE), 0.0);
    }

    #[test]
    fn unchecked_and_without_length_it_is_over_at_once() {
        assert_eq!(Rex::new(0).floor(0.3).factor(0), 0.3);
    }

    #[test]
    fn it_lies_above_a_straight_line() {
        let rex = Rex::new(10_000);
        let most = (1..10_000_u64)
            .map(|update| rex.factor(update) - (1.0 - update as f64 / 1e4))
            .inspect(|above| assert!(*above > 0.0))
            .fold(0.0, f64::max);
        // 3 - 2√2, at p = 2 - √2.
        assert!((most - 0.171_572_875).abs() < 1e-8);
    }

    #[test]
    fn it_has_a_length_and_a_floor_below_the_peak() {
        assert_eq!(Rex::new(9).length(), Some(9));
        assert_eq!(Rex::new(9).shortened(4).unwrap().length(), Some(5));
        let error = Rex::new(0).check().unwrap_err();
        assert_eq!(error.to_string(), "rex.length = 0: must be at least 1");
        let error = Rex::new(9).floor(1.5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "rex.floor = 1.5: must be between 0 and 1"
        );
    }
}
