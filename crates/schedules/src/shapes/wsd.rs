//! A stable part, then a decay.

use std::sync::Arc;

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Curve, Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// Warm-up, stable, decay (or trapezoid) without its warm-up: the peak, then a decay to a floor, which then holds.
///
/// ```text
/// factor(t) = floor + (stable(t) - floor) · remaining(x)    while t < length, then floor
///
/// x         = (t - (length - decay)) / decay, and not below 0
/// stable(t) = (1 + t / timescale) ^ -stable_power, and not below the floor
/// ```
///
/// `length` is the whole and `decay` its last part, in updates; `floor` (default 0) is a ratio of the peak.
/// `remaining` is 1 less what has [passed](Curve) (default `sqrt`). `stable_power` (default 0) and `timescale`
/// let the stable part fall too: 0.5 is the inverse square root.
///
/// With a [warm-up](crate::Compose::warmup) it is transformers' `warmup_stable_decay` and timm's `WSDLRScheduler`. A
/// warm-up [within](crate::Compose::warmup_within) it is taken out of the stable part.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Wsd::new(8, 4).anneal(Curve::Linear).floor(0.5).warmup_within(3).peak(0.8)?;
/// let expected = [0.2, 0.4, 0.6, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.4];
/// assert!(rate.rates(0..10).iter().zip(expected).all(|(rate, expected)| (rate - expected).abs() < 1e-15));
///
/// let error = Wsd::new(100, 500).build().unwrap_err();
/// assert_eq!(error.to_string(), "wsd.decay = 500: must be at most the length of 100");
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Hu et al. (2024), *MiniCPM*, section 4; the default curve is from Hägele et al. (2024), *Scaling Laws and
/// Compute-Optimal Training Beyond Fixed Training Durations*.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Wsd<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Wsd<L>: Default")
)]
pub struct Wsd<L = u64> {
    /// How long the whole takes.
    length: L,
    /// How long the decay at its end takes.
    decay: L,
    /// The ratio of the peak that it ends at, from 0 to 1.
    floor: f64,
    /// The curve of the decay.
    anneal: Curve,
    /// The power by which the stable part falls, not below 0; 0 is constant.
    stable_power: f64,
    /// The time after which the stable part has fallen to 2 ^ -stable_power.
    timescale: L,
}

impl Wsd {
    /// The peak for `length - decay` updates, then down to 0 in `decay` updates; `length` is at least 1.
    pub fn new(length: u64, decay: u64) -> Self {
        Self {
            length,
            decay,
            floor: 0.0,
            anneal: Curve::Sqrt,
            stable_power: 0.0,
            timescale: 1,
        }
    }

    /// Lets the stable part fall by a power of the time, from 0 to [`MAX_FACTOR`], over a timescale of at least 1.
    ///
    /// 0.5 is the inverse square root. timm's `stable_timescale` is the length of the warm-up by default.
    pub fn stable_decay(self, stable_power: f64, timescale: u64) -> Self {
        Self {
            stable_power,
            timescale,
            ..self
        }
    }
}

impl<L> Wsd<L> {
    /// The ratio of the peak at the end, from 0 to 1; default 0.
    pub fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// The curve of the decay; default [`Curve::Sqrt`].
    pub fn anneal(self, anneal: Curve) -> Self {
        Self { anneal, ..self }
    }
}

impl Schedule for Wsd {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, length, decay) = (time.max(0.0), self.length as f64, self.decay as f64);
        if time >= length {
            return self.floor;
        }
        let stable = (1.0 + time / self.timescale as f64)
            .powf(-self.stable_power)
            .max(self.floor);
        let elapsed = ((time - (length - decay)) / decay).max(0.0);
        self.floor + (stable - self.floor) * self.anneal.remaining(elapsed)
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
        check::length("wsd.length", self.length)?;
        if self.decay > self.length {
            let allowed = format!("must be at most the length of {}", self.length);
            return Err(ScheduleError::new("wsd.decay", self.decay, allowed));
        }
        check::share("wsd.floor", self.floor)?;
        self.anneal.check_share("wsd.anneal")?;
        check::between("wsd.stable_power", self.stable_power, 0.0..=MAX_FACTOR)?;
        check::length("wsd.timescale", self.timescale)
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("wsd")
            .count(self.length)
            .count(self.decay)
            .number(self.floor)
            .number(self.stable_power);
        // A constant stable part has no timescale.
        let timescale = match self.stable_power {
            0.0 => 0,
            _ => self.timescale,
        };
        self.anneal.added_to(start.count(timescale)).finish()
    }
}

/// `kind = "wsd"`: the peak for four fifths of the run, then down to 0.
///
/// Where the stable part is to fall, its timescale is as long as a usual warm-up.
#[cfg(feature = "serde")]
impl Default for Wsd<Span> {
    fn default() -> Self {
        Self {
            length: Span::Rest,
            decay: Span::PercentOfRest(20.0),
            floor: 0.0,
            anneal: Curve::Sqrt,
            stable_power: 0.0,
            timescale: Span::PercentOfRest(5.0),
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Wsd<Span> {
    const KIND: &'static str = "wsd";
    const PEERS: &'static [&'static str] = &[
        "WSDLRScheduler",
        "warmup_stable_decay",
        "trapezoid",
        "trapezoidal",
        "flat_cos",
        "fit_flat_cos",
    ];
    type Resolved = Wsd;

    fn resolve(&self, horizon: &Horizon) -> Result<Wsd, ScheduleError> {
        Wsd {
            length: horizon.resolve(self.length),
            decay: horizon.resolve(self.decay),
            floor: self.floor,
            anneal: self.anneal,
            stable_power: self.stable_power,
            timescale: horizon.resolve(self.timescale),
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn it_is_stable_until_the_decay_begins() {
        for anneal in [
            Curve::Linear,
            Curve::Cosine,
            Curve::Sqrt,
            Curve::ExponentialTo(0.1),
        ] {
            let schedule = Wsd::new(10, 4).floor(0.3).anneal(anneal);
            assert_eq!([0, 5, 6].map(|update| schedule.factor(update)), [1.0; 3]);
            assert!(schedule.factor(7) < 1.0 && schedule.factor(9) > 0.3);
            assert_eq!(
                [10, u64::MAX].map(|update| schedule.factor(update)),
                [0.3; 2]
            );
        }
        let cosine = Wsd::new(10, 4).floor(0.3).anneal(Curve::Cosine);
        assert!((cosine.factor(8) - 0.65).abs() < 1e-15);
        assert_eq!(Wsd::new(10, 4).factor(7), 0.5);
    }

    #[test]
    fn the_decay_may_be_nothing_or_everything() {
        let none = Wsd::new(3, 0);
        assert_eq!(
            (none.check(), none.factor(2), none.factor(3)),
            (Ok(()), 1.0, 0.0)
        );
        let line = Wsd::new(4, 4).anneal(Curve::Linear);
        assert_eq!(line.check(), Ok(()));
        assert_eq!(
            [0, 1, 2, 3, 4].map(|update| line.factor(update)),
            [1.0, 0.75, 0.5, 0.25, 0.0]
        );
        assert_eq!(Wsd::new(4, 5).check().unwrap_err().path(), "wsd.decay");
        // Unchecked, it begins on the way down.
        assert_eq!(Wsd::new(2, 4).anneal(Curve::Linear).factor(0), 0.5);
    }

    #[test]
    fn the_stable_part_may_fall_too() {
        let root = Wsd::new(40, 10).stable_decay(0.5, 5).anneal(Curve::Linear);
        assert_eq!((root.factor(0), root.factor(15)), (1.0, 0.5));
        assert_eq!(root.factor_at(-3.0), 1.0);
        assert!((root.factor(35) - 0.5 * 8.0_f64.sqrt().recip()).abs() < 1e-15);
        // Not below the floor.
        let floored = root.floor(0.5);
        assert!(floored.factor(14) > 0.5);
        assert_eq!([15, 20, 35].map(|update| floored.factor(update)), [0.5; 3]);
        assert!(Wsd::new(4, 2).stable_decay(-0.5, 5).check().is_err());
        assert!(Wsd::new(4, 2).stable_decay(0.5, 0).check().is_err());
    }

    #[test]
    fn a_warm_up_within_is_taken_out_of_the_stable_part() {
        let schedule = Wsd::new(10, 4).anneal(Curve::Linear).warmup_within(5);
        assert_eq!((schedule.check(), schedule.length()), (Ok(()), Some(10)));
        assert_eq!(
            [5, 6, 7, 9, 10].map(|update| schedule.factor(update)),
            [1.0, 1.0, 0.75, 0.25, 0.0]
        );
        let error = Wsd::new(10, 4).warmup_within(7).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "warmup.wsd.decay = 4: must be at most the length of 3"
        );
    }

    #[test]
    fn every_parameter_is_in_the_fingerprint() {
        let plain = Wsd::new(10, 4);
        let all = [
            plain,
            Wsd::new(11, 4),
            Wsd::new(10, 5),
            plain.floor(0.1),
            plain.anneal(Curve::Linear),
            plain.stable_decay(0.5, 1),
            plain.stable_decay(0.5, 2),
        ]
        .map(|schedule| schedule.fingerprint());
        assert!((1..all.len()).all(|index| !all[..index].contains(&all[index])));
        assert_eq!(all[0], plain.stable_decay(0.0, 7).fingerprint());
    }
}
