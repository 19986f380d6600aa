//! A straight line from one ratio to another.

use std::sync::Arc;

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// A straight line from one ratio of the peak to another, which then holds.
///
/// ```text
/// factor(t) = start + (end - start) · t / length    while t < length, then end
/// ```
///
/// `start` (default 1) and `end` (default 0) are ratios of the peak, `length` is in updates. PyTorch's `LinearLR` is
/// the same line with other defaults (`start_factor` 1/3, `end_factor` 1).
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Linear::new(4).end(0.2).peak(1.0)?;
/// assert_eq!(rate.rates(0..6), [1.0, 0.8, 0.6, 0.3999999999999999, 0.2, 0.2]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Linear<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Linear<L>: Default")
)]
pub struct Linear<L = u64> {
    /// The ratio of the peak that it starts at, not below 0.
    start: f64,
    /// The ratio of the peak that it ends at, not below 0.
    end: f64,
    /// How long it takes.
    length: L,
}

impl Linear {
    /// A line from 1 to 0 over `length` updates, at least 1.
    pub fn new(length: u64) -> Self {
        Self {
            start: 1.0,
            end: 0.0,
            length,
        }
    }
}

impl<L> Linear<L> {
    /// The ratio of the peak at update 0, from 0 to [`MAX_FACTOR`](crate::MAX_FACTOR); default 1.
    pub fn start(self, start: f64) -> Self {
        Self { start, ..self }
    }

    /// The ratio of the peak at the end, from 0 to [`MAX_FACTOR`](crate::MAX_FACTOR); default 0.
    pub fn end(self, end: f64) -> Self {
        Self { end, ..self }
    }
}

impl Schedule for Linear {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, length) = (time.max(0.0), self.length as f64);
        if time >= length {
            return self.end;
        }
        self.start + (self.end - self.start) * (time / length)
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
        check::length("linear.length", self.length)?;
        check::ratio("linear.start", self.start)?;
        check::ratio("linear.end", self.end)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("linear")
            .count(self.length)
            .number(self.start)
            .number(self.end)
            .finish()
    }
}

/// `kind = "linear"`: over what remains of the run.
#[cfg(feature = "serde")]
impl Default for Linear<Span> {
    fn default() -> Self {
        Self {
            start: 1.0,
            end: 0.0,
            length: Span::Rest,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Linear<Span> {
    const KIND: &'static str = "linear";
    const PEERS: &'static [&'static str] = &["LinearLR", "linear_schedule"];
    type Resolved = Linear;

    fn resolve(&self, horizon: &Horizon) -> Result<Linear, ScheduleError> {
        Linear {
            start: self.start,
            end: self.end,
            length: horizon.resolve(self.length),
        }
        .checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAX_UPDATE;

    #[test]
    fn it_ends_exactly_and_holds() {
        let line = Linear::new(3).start(0.1).end(0.7);
        assert_eq!(line.factor(0), 0.1);
        assert!(line.factor(2) < 0.7);
        assert_eq!(line.factor(3), 0.7);
        assert_eq!(line.factor(u64::MAX), 0.7);
    }

    #[test]
    fn the_longest_one_is_exact() {
        let line = Linear::new(MAX_UPDATE);
        assert_eq!(line.factor(MAX_UPDATE - 1), 1.0 / MAX_UPDATE as f64);
        assert_eq!(line.factor(MAX_UPDATE), 0.0);
    }
}
