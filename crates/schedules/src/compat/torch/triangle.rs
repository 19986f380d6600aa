//! Cycles whose height nothing bounds.

use super::function::Function;
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// The triangles of `CyclicLR`, also where they grow or point down.
///
/// ```text
/// factor(t)   = base + (max - base) · side(t) · height
/// momentum(t) = at_base - (at_base - at_max) · side(t) · height
/// ```
#[derive(Clone, Debug)]
pub(super) struct Triangle {
    pub(super) up: u64,
    pub(super) down: u64,
    /// Ratios to the peak.
    pub(super) base: f64,
    pub(super) max: f64,
    /// The momentum at the base and at the maximum.
    pub(super) momentum: Option<(f64, f64)>,
    pub(super) height: Height,
}

/// The height of the cycles.
#[derive(Clone, Debug)]
pub(super) enum Height {
    /// A power of the number of whole cycles, times one of the update.
    Power { of_cycle: f64, of_update: f64 },
    /// A function of the cycle, from 1.
    OfCycle(Function),
    /// A function of the update, from 0.
    OfUpdate(Function),
}

impl Triangle {
    fn share(&self, time: f64) -> f64 {
        let (whole, period) = (time as u64, self.up.saturating_add(self.down));
        // Whole numbers, so that every cycle is the same. An unchecked one may have no length.
        let cycles = whole.checked_div(period).unwrap_or(0) as f64;
        let rest = whole.checked_rem(period).unwrap_or(0) as f64 + time.fract().max(0.0);
        let side = if rest < self.up as f64 {
            rest / self.up as f64
        } else {
            (period as f64 - rest) / self.down as f64
        };
        let height = match &self.height {
            Height::Power {
                of_cycle,
                of_update,
            } => of_cycle.powf(cycles) * of_update.powf(time.max(0.0)),
            Height::OfCycle(function) => function.at(cycles + 1.0),
            Height::OfUpdate(function) => function.at(time.max(0.0)),
        };
        // Nothing checks the function, and 0 times infinity is not a number.
        let share = side * height.clamp(-MAX_FACTOR, MAX_FACTOR);
        if share.is_finite() { share } else { 0.0 }
    }
}

impl Schedule for Triangle {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let factor = self.base + (self.max - self.base) * self.share(time);
        factor.clamp(0.0, MAX_FACTOR)
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        let (at_base, at_max) = self.momentum?;
        Some(at_base - (at_base - at_max) * self.share(update as f64))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("up", self.up)?;
        check::updates("down", self.down)?;
        check::share("base", self.base)?;
        check::share("max", self.max)
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("torch_cyclic")
            .count(self.up)
            .count(self.down)
            .number(self.base)
            .number(self.max)
            .optional(self.momentum.map(|(at_base, _)| at_base))
            .optional(self.momentum.map(|(_, at_max)| at_max));
        match &self.height {
            Height::Power {
                of_cycle,
                of_update,
            } => start.count(0).number(*of_cycle).number(*of_update),
            Height::OfCycle(function) => start.count(1).count(function.fingerprint()),
            Height::OfUpdate(function) => start.count(2).count(function.fingerprint()),
        }
        .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_cycle(function: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Triangle {
        Triangle {
            up: 1,
            down: 1,
            base: 0.5,
            max: 1.0,
            momentum: Some((0.9, 0.8)),
            height: Height::OfCycle(Function::new("any", function)),
        }
    }

    #[test]
    fn a_negative_height_points_down() {
        let triangle = of_cycle(|cycle| -cycle / 2.0);
        let factors = [0, 1, 2, 3, 5].map(|update| triangle.factor(update));
        assert_eq!(factors, [0.5, 0.25, 0.5, 0.0, 0.0]);
        let momentum = triangle.momentum(3).unwrap_or_default();
        assert!((momentum - 1.0).abs() < 1e-15);
    }

    #[test]
    fn what_no_optimizer_may_get_is_replaced() {
        assert_eq!(of_cycle(|_| f64::NAN).factor(1), 0.5);
        assert_eq!(of_cycle(|_| f64::INFINITY).factor(1), 5e17);
        assert_eq!(of_cycle(|_| f64::NEG_INFINITY).factor(1), 0.0);
        assert_eq!(of_cycle(|_| f64::INFINITY).factor(0), 0.5);
        for (up, down) in [(0, 0), (1, 0), (u64::MAX, u64::MAX)] {
            let odd = Triangle {
                up,
                down,
                ..of_cycle(|_| 1.0)
            };
            for time in [f64::NAN, f64::INFINITY, -1.0, 0.5] {
                assert!((0.0..=1.0).contains(&odd.factor_at(time)));
            }
        }
    }

    #[test]
    fn every_parameter_is_in_the_fingerprint() {
        let plain = || of_cycle(|_| 1.0);
        let power = |of_cycle, of_update| Triangle {
            height: Height::Power {
                of_cycle,
                of_update,
            },
            ..plain()
        };
        let function = Function::new("any", |_| 1.0);
        let all = [
            plain(),
            Triangle { up: 2, ..plain() },
            Triangle { down: 2, ..plain() },
            Triangle {
                base: 0.4,
                ..plain()
            },
            Triangle {
                max: 0.9,
                ..plain()
            },
            Triangle {
                momentum: None,
                ..plain()
            },
            Triangle {
                momentum: Some((0.8, 0.9)),
                ..plain()
            },
            Triangle {
                height: Height::OfUpdate(function),
                ..plain()
            },
            power(0.5, 1.0),
            power(1.0, 0.5),
        ]
        .map(|triangle| triangle.fingerprint());
        assert!((1..all.len()).all(|index| !all[..index].contains(&all[index])));
    }
}
