//! PyTorch's `CosineAnnealingLR`.

use std::f64::consts::PI;

use super::link::{Group, Link, Rule};
use crate::{Fingerprint, Schedule, ScheduleError, Scheduler, check};

/// `torch.optim.lr_scheduler.CosineAnnealingLR` of PyTorch 2.15: it does not end at `T_max`, but climbs again.
///
/// ```text
/// lr(t) = eta_min + (base - eta_min) · ½ (1 + cos(π · t / T_max))
/// ```
///
/// Our [`Cosine`](crate::Cosine) is the same up to `T_max`, and then holds.
///
/// ```
/// use schedules::compat::torch::CosineAnnealingLR;
///
/// let rate = CosineAnnealingLR::new(2).build(0.8)?;
/// assert_eq!([0, 2, 4, 6].map(|update| rate.rate_at(update)), [0.8, 0.0, 0.8, 0.0]);
/// assert!((rate.rate_at(3) - 0.4).abs() < 1e-15);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[allow(non_snake_case)]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct CosineAnnealingLR {
    /// The number of updates down to `eta_min`, at least 1.
    pub T_max: u64,
    /// The lowest rate; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub eta_min: f64,
}

impl CosineAnnealingLR {
    /// With the default of the other argument.
    #[allow(non_snake_case)]
    pub fn new(T_max: u64) -> Self {
        let eta_min = 0.0;
        Self { T_max, eta_min }
    }

    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        let group = Group::only(base_lr);
        group.build(self.link(group))
    }

    pub(super) fn link(&self, group: Group) -> Result<Link, ScheduleError> {
        check::between("eta_min", self.eta_min, 0.0..=crate::MAX_PEAK)?;
        let wave = Wave {
            half: self.T_max,
            floor: self.eta_min / group.base_lr,
        };
        // Behind another scheduler it moves the rate towards a lowest one, unless that is 0.
        let rule = match self.eta_min {
            0.0 => Rule::Returns(self.T_max),
            _ => Rule::Moves,
        };
        // A step to update 0 divides by the cosine of one update before; with a `T_max` of 1 it adds the whole rate.
        let again = if self.T_max == 1 {
            2.0
        } else {
            2.0 / (1.0 + (PI / self.T_max as f64).cos())
        };
        let link = Link::new(wave, rule).again(again);
        link.named(&[("half", "T_max"), ("floor", "eta_min")])
    }
}

/// A cosine without end.
#[derive(Clone, Copy, Debug)]
struct Wave {
    /// Half a period.
    half: u64,
    /// The ratio to the base rate, which may exceed 1.
    floor: f64,
}

impl Schedule for Wave {
    fn factor(&self, update: u64) -> f64 {
        let period = self.half.saturating_mul(2);
        // Whole numbers, so that every period is the same. An unchecked one may have no length.
        self.at(update.checked_rem(period).unwrap_or(0) as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (update, fraction) = (time as u64, time.fract());
        if fraction > 0.0 {
            let period = self.half.saturating_mul(2);
            return self.at(update.checked_rem(period).unwrap_or(0) as f64 + fraction);
        }
        self.factor(update)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("wave.half", self.half)?;
        check::ratio("wave.floor", self.floor)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("torch_cosine")
            .count(self.half)
            .number(self.floor)
            .finish()
    }
}

impl Wave {
    fn at(&self, time: f64) -> f64 {
        let remaining = 0.5 * (1.0 + (PI * time / self.half.max(1) as f64).cos());
        // Each term by itself, so that both ends are exact.
        remaining + self.floor * (1.0 - remaining)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::MAX_UPDATE;

    #[test]
    fn every_period_is_the_same() {
        let eta_min = 0.3;
        let rate = CosineAnnealingLR {
            eta_min,
            ..CosineAnnealingLR::new(7)
        };
        let rate = rate.build(0.1).unwrap();
        let late = MAX_UPDATE - MAX_UPDATE % 14 - 14;
        for update in 0..14 {
            assert_eq!(rate.rate_at(late + update), rate.rate_at(update));
        }
        // The lowest rate may be the highest.
        assert!((rate.rate_at(7) - 0.3).abs() < 1e-15);
        let between = rate.schedule().factor_at(3.5);
        assert!((between - 2.0).abs() < 1e-14);
        assert!((rate.schedule().factor_at(17.5) - between).abs() < 1e-14);
        for time in [f64::NAN, f64::INFINITY, -3.5] {
            assert!((1.0..=3.0).contains(&rate.schedule().factor_at(time)));
        }
    }

    #[test]
    fn errors_name_the_peers_arguments() {
        let wave = |half, eta_min| CosineAnnealingLR {
            T_max: half,
            eta_min,
        };
        assert_eq!(wave(0, 0.0).build(0.1).unwrap_err().path(), "T_max");
        assert_eq!(wave(1, -0.1).build(0.1).unwrap_err().path(), "eta_min");
        assert_eq!(wave(1, 0.1).build(1e-20).unwrap_err().path(), "eta_min");
        assert_eq!(wave(1, 0.1).build(0.0).unwrap_err().path(), "base_lr");
        let _ = (
            Wave {
                half: 0,
                floor: f64::NAN,
            }
            .factor(5),
            Wave {
                half: u64::MAX,
                floor: 0.0,
            }
            .factor(u64::MAX),
        );
    }
}
