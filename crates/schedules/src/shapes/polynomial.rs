//! A power of the time that remains.

use std::sync::Arc;

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// From one ratio of the peak to another by a power of the time that remains; the last one then holds.
///
/// ```text
/// factor(t) = end + (start - end) · (1 - t / length) ^ power    while t < length, then end
/// ```
///
/// `start` (default 1) and `end` (default 0) are ratios of the peak, `power` (default 1) is above 0, `length` is in
/// updates. With `end` 0 it is PyTorch's `PolynomialLR`; optax, Keras, transformers and timm have the same curve. At
/// power 1 it is [`Linear`](crate::Linear).
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Polynomial::new(4).power(2.0).peak(1.0)?;
/// assert_eq!(rate.rates(0..6), [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]);
///
/// let rate = Polynomial::new(4).power(2.0).end(0.5).peak(1.0)?;
/// assert_eq!(rate.rates(0..6), [1.0, 0.78125, 0.625, 0.53125, 0.5, 0.5]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Chen et al. (2017), *DeepLab*, section 4.1, with power 0.9.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Polynomial<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Polynomial<L>: Default")
)]
pub struct Polynomial<L = u64> {
    /// How long it takes.
    length: L,
    /// The power of the share of the time that remains, above 0.
    power: f64,
    /// The ratio of the peak that it starts at, not below 0.
    start: f64,
    /// The ratio of the peak that it ends at, not below 0.
    end: f64,
}

impl Polynomial {
    /// A line (power 1) from 1 to 0 over `length` updates, at least 1.
    pub fn new(length: u64) -> Self {
        Self {
            length,
            power: 1.0,
            start: 1.0,
            end: 0.0,
        }
    }
}

impl<L> Polynomial<L> {
    /// The power of the share of the time that remains, above 0 and at most [`MAX_FACTOR`]; default 1.
    pub fn power(self, power: f64) -> Self {
        Self { power, ..self }
    }

    /// The ratio of the peak at update 0, from 0 to [`MAX_FACTOR`]; default 1.
    pub fn start(self, start: f64) -> Self {
        Self { start, ..self }
    }

    /// The ratio of the peak at the end, from 0 to [`MAX_FACTOR`]; default 0.
    pub fn end(self, end: f64) -> Self {
        Self { end, ..self }
    }
}

impl Schedule for Polynomial {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, length) = (time.max(0.0), self.length as f64);
        if time >= length {
            return self.end;
        }
        let remaining = ((length - time) / length).powf(self.power);
        // Each term by itself, so that both ends are exact and nothing cancels.
        self.start * remaining + self.end * (1.0 - remaining)
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
        check::length("polynomial.length", self.length)?;
        check::positive("polynomial.power", self.power, MAX_FACTOR)?;
        check::ratio("polynomial.start", self.start)?;
        check::ratio("polynomial.end", self.end)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("polynomial")
            .count(self.length)
            .number(self.power)
            .number(self.start)
            .number(self.end)
            .finish()
    }
}

/// `kind = "polynomial"`: a line to 0 over what remains of the run.
#[cfg(feature = "serde")]
impl Default for Polynomial<Span> {
    fn default() -> Self {
        Self {
            length: Span::Rest,
            power: 1.0,
            start: 1.0,
            end: 0.0,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Polynomial<Span> {
    const KIND: &'static str = "polynomial";
    const PEERS: &'static [&'static str] = &["PolynomialLR", "PolyLR", "PolynomialDecay"];
    type Resolved = Polynomial;

    fn resolve(&self, horizon: &Horizon) -> Result<Polynomial, ScheduleError> {
        Polynomial {
            length: horizon.resolve(self.length),
            power: self.power,
            start: self.start,
            end: self.end,
        }
        .checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compose, Linear, MAX_UPDATE};

    #[test]
    fn at_power_one_it_is_a_line() {
        let line = Linear::new(50).start(0.3).end(0.8);
        let same = Polynomial::new(50).start(0.3).end(0.8);
        for update in 0..60 {
            assert!((same.factor(update) - line.factor(update)).abs() < 1e-15);
        }
    }

    #[test]
    fn both_ends_are_exact() {
        for (start, end, power) in [(1.0, 0.1, 0.9), (0.1, 0.7, 3.0), (0.3, 1.0 / 3.0, 0.5)] {
            let shape = Polynomial::new(7).power(power).start(start).end(end);
            assert_eq!(shape.factor(0), start);
            assert_ne!(shape.factor(6), end);
            assert_eq!((shape.factor(7), shape.factor(u64::MAX)), (end, end));
            assert_eq!(shape.factor_at(-3.0), start);
        }
        assert_eq!(Polynomial::new(0).end(0.3).factor(0), 0.3);
    }

    #[test]
    fn a_warm_up_within_shortens_it() {
        let schedule = Polynomial::new(6).power(2.0).warmup_within(2);
        assert_eq!((schedule.check(), schedule.length()), (Ok(()), Some(6)));
        assert_eq!(
            [2, 4, 6].map(|update| schedule.factor(update)),
            [1.0, 0.25, 0.0]
        );
    }

    #[test]
    fn the_longest_one_is_exact() {
        let root = Polynomial::new(MAX_UPDATE).power(0.5);
        assert_eq!(
            root.factor(MAX_UPDATE - 1),
            (1.0 / MAX_UPDATE as f64).sqrt()
        );
        assert_eq!(root.factor(MAX_UPDATE), 0.0);
    }

    #[test]
    fn every_parameter_is_in_the_fingerprint() {
        let plain = Polynomial::new(5);
        let all = [
            plain,
            Polynomial::new(6),
            plain.power(2.5),
            plain.start(0.5),
            plain.end(0.1),
        ]
        .map(|schedule| schedule.fingerprint());
        assert!((1..all.len()).all(|index| !all[..index].contains(&all[index])));
    }
}
