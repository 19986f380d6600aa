//! optax' `cosine_decay_schedule`.

use std::sync::Arc;

use super::rates::{Rates, level, rate, scaled};
use crate::curve::half_cosine;
use crate::{Cosine, Fingerprint, MAX_FACTOR, Schedule, ScheduleError, Scheduler, check};

/// `optax.cosine_decay_schedule` of optax 0.2.8; see [`Cosine`].
///
/// ```text
/// lr(t) = init_value · (alpha + (1 - alpha) · (½ (1 + cos(π · min(t / decay_steps, 1)))) ^ exponent)
/// ```
///
/// With an `alpha` above 1 it rises.
///
/// ```
/// use schedules::compat::optax::CosineDecaySchedule;
///
/// let peer = CosineDecaySchedule { alpha: 0.5, exponent: 2.0, ..CosineDecaySchedule::new(1.0, 2) };
/// let rates = peer.build()?.rates(0..4);
/// assert!((rates[1] - 0.625).abs() < 1e-15);
/// assert_eq!([rates[0], rates[2], rates[3]], [1.0, 0.5, 0.5]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct CosineDecaySchedule {
    /// The first learning rate.
    pub init_value: f64,
    /// How long it takes, at least 1.
    pub decay_steps: u64,
    /// The share of the first rate that it ends at; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub alpha: f64,
    /// The power of the cosine, not below 0; default 1.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub exponent: f64,
}

/// The default exponent.
#[cfg(feature = "serde")]
pub(super) fn one() -> f64 {
    1.0
}

impl CosineDecaySchedule {
    /// The schedule of optax with these arguments; the others have their defaults.
    pub fn new(init_value: f64, decay_steps: u64) -> Self {
        Self {
            init_value,
            decay_steps,
            alpha: 0.0,
            exponent: 1.0,
        }
    }

    /// The scheduler, whose peak is the higher of the first and the last rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }
}

impl Rates for CosineDecaySchedule {
    fn highest(&self) -> f64 {
        if self.exponent == 0.0 {
            return self.init_value;
        }
        self.init_value * self.alpha.max(1.0)
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        let ratio = self.init_value / peak;
        if self.exponent == 0.0 {
            return level(ratio);
        }
        if self.exponent == 1.0 && self.alpha <= 1.0 {
            return scaled(Cosine::new(self.decay_steps).floor(self.alpha), ratio);
        }
        let power = CosinePower {
            length: self.decay_steps,
            end: self.alpha,
            exponent: self.exponent,
        };
        scaled(power, ratio)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        rate("init_value", self.init_value)?;
        check::length("decay_steps", self.decay_steps)?;
        check::ratio("alpha", self.alpha)?;
        check::between("exponent", self.exponent, 0.0..=MAX_FACTOR)
    }
}

/// A power of half a period of a cosine, from 1 to `end`, which may be higher.
#[derive(Clone, Copy, Debug)]
struct CosinePower {
    length: u64,
    end: f64,
    exponent: f64,
}

impl Schedule for CosinePower {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, length) = (time.max(0.0), self.length as f64);
        if time >= length {
            return self.end;
        }
        let cosine = half_cosine(time / length);
        let remaining = cosine.powf(self.exponent);
        remaining + self.end * (1.0 - remaining)
    }

    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("cosine_power.length", self.length)?;
        check::ratio("cosine_power.end", self.end)?;
        check::positive("cosine_power.exponent", self.exponent, MAX_FACTOR)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("cosine_power")
            .count(self.length)
            .number(self.end)
            .number(self.exponent)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn peer(alpha: f64, exponent: f64) -> CosineDecaySchedule {
        CosineDecaySchedule {
            alpha,
            exponent,
            ..CosineDecaySchedule::new(0.5, 3)
        }
    }

    /// ½ (1 + cos(π / 3)) is 3/4, and ½ (1 + cos(2π / 3)) is 1/4.
    #[test]
    fn an_exponent_is_the_cosines_own() {
        for (alpha, exponent, expected) in [
            (0.0, 1.0, [0.5, 0.375, 0.125, 0.0, 0.0]),
            (0.0, 2.0, [0.5, 0.28125, 0.03125, 0.0, 0.0]),
            (0.2, 2.0, [0.5, 0.325, 0.125, 0.1, 0.1]),
            (0.2, 0.0, [0.5; 5]),
            (3.0, 1.0, [0.5, 0.75, 1.25, 1.5, 1.5]),
        ] {
            let rates = peer(alpha, exponent).build().unwrap().rates(0..5);
            for (found, expected) in rates.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-15, "{rates:?}");
            }
        }
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |peer: CosineDecaySchedule| peer.build().unwrap_err().to_string();
        let text = "exponent = -1.0: must be between 0 and 1e18";
        assert_eq!(error(peer(0.1, -1.0)), text);
        let text = "alpha = -0.1: must be between 0 and 1e18";
        assert_eq!(error(peer(-0.1, 1.0)), text);
        let text = "decay_steps = 0: must be at least 1";
        assert_eq!(error(CosineDecaySchedule::new(0.1, 0)), text);
    }

    #[test]
    fn every_number_is_in_the_fingerprint() {
        let print = |peer: CosineDecaySchedule| peer.ratios(1.0).fingerprint();
        let prints = [
            print(peer(0.1, 2.0)),
            print(peer(0.2, 2.0)),
            print(peer(0.1, 3.0)),
            print(CosineDecaySchedule {
                decay_steps: 4,
                ..peer(0.1, 2.0)
            }),
        ];
        for (index, one) in prints.iter().enumerate() {
            assert!(!prints[..index].contains(one));
        }
    }
}
