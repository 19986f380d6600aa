//! timm's cycles.

use crate::curve::half_cosine;
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// The arguments of cycles, which timm's cosine, polynomial and hyperbolic tangent share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cycles {
    pub(super) t_initial: u64,
    pub(super) cycle_mul: f64,
    pub(super) cycle_decay: f64,
    pub(super) cycle_limit: u64,
}

impl Cycles {
    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        check::length("t_initial", self.t_initial)?;
        check::positive("cycle_mul", self.cycle_mul, MAX_FACTOR)?;
        check::ratio("cycle_decay", self.cycle_decay)?;
        check::updates("cycle_limit", self.cycle_limit)
    }

    /// The cycle at `time`, counted from 0, and the share of it that has passed; `None` after the last one.
    ///
    /// The logarithm puts some of the updates at which a cycle starts at the end of the one before, as in timm.
    fn at(&self, time: f64) -> Option<(f64, f64)> {
        let (first, multiplier) = (self.t_initial as f64, self.cycle_mul);
        let (cycle, start, length) = if multiplier == 1.0 {
            let cycle = (time / first).floor();
            (cycle, first * cycle, first)
        } else {
            let grown = 1.0 - time / first * (1.0 - multiplier);
            if grown <= 0.0 {
                // Shorter and shorter cycles have come to their limit, where timm fails.
                return None;
            }
            let cycle = (grown.ln() / multiplier.ln()).floor();
            let growth = multiplier.powf(cycle);
            let start = (1.0 - growth) / (1.0 - multiplier) * first;
            (cycle, start, growth * first)
        };
        let passed = ((time - start) / length).clamp(0.0, 1.0);
        (cycle < self.cycle_limit as f64).then_some((cycle, passed))
    }

    /// The length of so many cycles, without what a warm-up adds; 0 is for all of them.
    pub(super) fn get_cycle_length(&self, cycles: u64) -> u64 {
        let cycles = if cycles == 0 {
            self.cycle_limit
        } else {
            cycles
        }
        .max(1);
        if self.cycle_mul == 1.0 {
            return self.t_initial.saturating_mul(cycles);
        }
        let growth = self.cycle_mul.powf(cycles as f64);
        (-(self.t_initial as f64) * (growth - 1.0) / (1.0 - self.cycle_mul)).floor() as u64
    }
}

/// What the rate falls along within a cycle, from about 1 to about 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fall {
    /// A cosine in a bent time.
    Cosine {
        /// How far the time is bent.
        k_decay: f64,
    },
    /// A power of what remains of a bent time.
    Poly {
        /// The power.
        power: f64,
        /// How far the time is bent.
        k_decay: f64,
    },
    /// A stretch of a hyperbolic tangent.
    Tanh {
        /// Where it begins.
        lb: f64,
        /// Where it ends.
        ub: f64,
    },
}

impl Fall {
    fn at(self, passed: f64) -> f64 {
        match self {
            Self::Cosine { k_decay } => half_cosine(passed.powf(k_decay)),
            Self::Poly { power, k_decay } => (1.0 - passed.powf(k_decay)).powf(power),
            Self::Tanh { lb, ub } => 0.5 * (1.0 - (lb * (1.0 - passed) + ub * passed).tanh()),
        }
    }
}

/// A fall from a peak of its own in every cycle, and then a floor.
///
/// ```text
/// factor(t) = floor + (cycle_decay ^ i - floor) · fall((t - start(i)) / (start(i + 1) - start(i)))
///
/// start(i)  = t_initial · (1 + cycle_mul + … + cycle_mul ^ (i - 1))    i, from 0, with start(i) ≤ t < start(i + 1)
/// factor(t) = floor                                                   from i = cycle_limit on
/// ```
///
/// A peak below the floor is kept, and such a cycle climbs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycled {
    pub(super) cycles: Cycles,
    pub(super) floor: f64,
    pub(super) fall: Fall,
}

impl Schedule for Cycled {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let Some((cycle, passed)) = self.cycles.at(time.max(0.0)) else {
            return self.floor;
        };
        let peak = self.cycles.cycle_decay.powf(cycle).min(MAX_FACTOR);
        let factor = self.floor + (peak - self.floor) * self.fall.at(passed);
        factor.clamp(0.0, MAX_FACTOR)
    }

    fn fingerprint(&self) -> u64 {
        let Cycles {
            t_initial,
            cycle_mul,
            cycle_decay,
            cycle_limit,
        } = self.cycles;
        let own = Fingerprint::of("timm_cycled")
            .count(t_initial)
            .number(cycle_mul)
            .number(cycle_decay)
            .count(cycle_limit)
            .number(self.floor);
        match self.fall {
            Fall::Cosine { k_decay } => own.count(0).number(k_decay),
            Fall::Poly { power, k_decay } => own.count(1).number(power).number(k_decay),
            Fall::Tanh { lb, ub } => own.count(2).number(lb).number(ub),
        }
        .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycles(t_initial: u64, cycle_mul: f64, cycle_limit: u64) -> Cycles {
        Cycles {
            t_initial,
            cycle_mul,
            cycle_decay: 0.5,
            cycle_limit,
        }
    }

    fn line(cycles: Cycles, floor: f64) -> Cycled {
        let (power, k_decay) = (1.0, 1.0);
        Cycled {
            cycles,
            floor,
            fall: Fall::Poly { power, k_decay },
        }
    }

    #[test]
    fn every_cycle_has_its_own_peak_and_length() {
        let falls = |cycles, floor| [0, 1, 2, 3, 4, 6].map(|t| line(cycles, floor).factor(t));
        let equal = falls(cycles(2, 1.0, 2), 0.125);
        assert_eq!(equal, [1.0, 0.5625, 0.5, 0.3125, 0.125, 0.125]);
        let doubled = falls(cycles(2, 2.0, 2), 0.0);
        assert_eq!(doubled, [1.0, 0.5, 0.5, 0.375, 0.25, 0.0]);
        // A peak below the floor climbs.
        let climbing = falls(cycles(2, 1.0, 2), 0.75);
        assert_eq!(climbing, [1.0, 0.875, 0.5, 0.625, 0.75, 0.75]);
    }

    #[test]
    fn the_logarithm_misses_a_start_as_in_timm() {
        // 10 · (3 ^ 5 - 1) / 2: log(243) / log(3) is below 5 in floating point.
        let threes = line(cycles(10, 3.0, 9), 0.25);
        let around = [1_209, 1_210, 1_211].map(|t| threes.factor(t));
        assert_eq!(around[1], 0.25);
        assert!(around[2] < 0.25 && around[0] < 0.25, "{around:?}");
        assert_eq!(threes.factor(10), 0.5);
    }

    #[test]
    fn shorter_and_shorter_cycles_come_to_an_end() {
        let halves = line(cycles(4, 0.5, 99), 0.125);
        assert_eq!(
            [0, 2, 4, 5, 8, 9].map(|t| halves.factor(t)),
            [1.0, 0.5625, 0.5, 0.3125, 0.125, 0.125]
        );
        assert_eq!(halves.cycles.get_cycle_length(2), 6);
    }

    #[test]
    fn the_length_is_that_of_all_cycles() {
        assert_eq!(cycles(10, 1.0, 3).get_cycle_length(0), 30);
        assert_eq!(cycles(10, 2.0, 3).get_cycle_length(0), 70);
        assert_eq!(cycles(10, 2.0, 0).get_cycle_length(0), 10);
        assert_eq!(cycles(10, 1.5, 3).get_cycle_length(2), 25);
    }

    #[test]
    fn it_is_finite_at_any_time() {
        let falls = [
            Fall::Cosine { k_decay: 0.3 },
            Fall::Poly {
                power: 0.5,
                k_decay: 2.5,
            },
            Fall::Tanh { lb: -7.0, ub: 3.0 },
        ];
        for cycle_mul in [0.5, 1.0, 1.1, 3.0, 1e18] {
            for cycle_decay in [0.0, 0.5, 1.0, 1e18] {
                for (fall, floor) in falls.into_iter().zip([0.0, 0.5, 1e18]) {
                    let cycles = Cycles {
                        cycle_decay,
                        ..cycles(3, cycle_mul, 1 << 53)
                    };
                    let cycled = Cycled {
                        cycles,
                        floor,
                        fall,
                    };
                    for time in [
                        f64::NAN,
                        -1.0,
                        0.0,
                        0.5,
                        3.0,
                        12.0,
                        1e15,
                        2e19,
                        f64::INFINITY,
                    ] {
                        let factor = cycled.factor_at(time);
                        assert!((0.0..=MAX_FACTOR).contains(&factor), "{cycled:?} {time}");
                    }
                }
            }
        }
    }
}
