//! timm's `PolyLRScheduler`.

use std::sync::Arc;

use super::ParamGroup;
use super::cycles::{Cycled, Cycles, Fall};
use super::shared::cycled;
use crate::compat::of_base::of_base;
use crate::{Compose, MAX_FACTOR, Polynomial, Schedule, ScheduleError, Scheduler, check};

/// `timm.scheduler.PolyLRScheduler` of timm 1.0.31: a power of the time that remains, once or in cycles, after or under a warm-up.
///
/// ```text
/// lr(t) = warmup_lr_init + t · (base - warmup_lr_init) / warmup_t                        while t < warmup_t
/// lr(t) = lr_min + (base · cycle_decay ^ i - lr_min) · (1 - x ^ k_decay) ^ power         in cycle i, from 0
/// lr(t) = lr_min                                                                         after `cycle_limit` cycles
/// ```
///
/// `x` is the share of the cycle that has passed. Without `warmup_prefix` the first cycle runs from update 0 under the
/// warm-up, and the base rate is never reached. The cycle is found by a logarithm, which may be late by one update.
///
/// ```
/// use schedules::compat::timm::PolyLRScheduler;
///
/// let peer = PolyLRScheduler { power: 2.0, ..PolyLRScheduler::new(4) };
/// assert_eq!(peer.build(1.0)?.rates(0..6), [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]);
///
/// let peer = PolyLRScheduler { cycle_limit: 2, cycle_decay: 0.5, ..peer };
/// assert_eq!(peer.build(1.0)?.rates(3..9), [0.0625, 0.5, 0.28125, 0.125, 0.03125, 0.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default = "without_length", deny_unknown_fields)
)]
pub struct PolyLRScheduler {
    /// The length of the first cycle, at least 1.
    pub t_initial: u64,
    /// The power of the share that remains, above 0; default 0.5.
    pub power: f64,
    /// The learning rate at the end; default 0.
    pub lr_min: f64,
    /// How many times as long as the one before it a cycle is; default 1.
    pub cycle_mul: f64,
    /// What the rate that a cycle starts at is multiplied by with every cycle; default 1.
    pub cycle_decay: f64,
    /// The number of cycles, after which `lr_min` holds; default 1.
    pub cycle_limit: u64,
    /// The length of the warm-up; default 0.
    pub warmup_t: u64,
    /// The learning rate that the warm-up starts at; default 0.
    pub warmup_lr_init: f64,
    /// Whether the warm-up comes before the first cycle, instead of over its beginning; default no.
    pub warmup_prefix: bool,
    /// How far the time of a cycle is bent, above 0: above 1 the rate stays high for longer; default 1.
    pub k_decay: f64,
}

cycled!(PolyLRScheduler);

impl PolyLRScheduler {
    /// One cycle of `t_initial` down to 0, without a warm-up.
    pub fn new(t_initial: u64) -> Self {
        Self {
            t_initial,
            power: 0.5,
            k_decay: 1.0,
            lr_min: 0.0,
            cycle_mul: 1.0,
            cycle_decay: 1.0,
            cycle_limit: 1,
            warmup_t: 0,
            warmup_lr_init: 0.0,
            warmup_prefix: false,
        }
    }

    fn schedule(&self, base_lr: f64) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let floor = of_base("lr_min", self.lr_min, base_lr)?;
        self.cycles().check()?;
        check::positive("power", self.power, MAX_FACTOR)?;
        check::positive("k_decay", self.k_decay, MAX_FACTOR)?;
        let (power, k_decay) = (self.power, self.k_decay);
        let polynomial = Polynomial::new(self.t_initial).power(power).end(floor);
        let curve: Arc<dyn Schedule> = if self.cycle_limit != 1 {
            Arc::new(Cycled {
                cycles: self.cycles(),
                floor,
                fall: Fall::Poly { power, k_decay },
            })
        } else if k_decay == 1.0 {
            Arc::new(polynomial)
        } else {
            Arc::new(polynomial.k_decay(k_decay))
        };
        self.warm_up().before(curve, base_lr, 1.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn one_cycle_is_the_first_of_several() {
        for (power, k_decay) in [(0.5, 1.0), (1.0, 2.0), (3.0, 0.5)] {
            let one = PolyLRScheduler {
                power,
                k_decay,
                lr_min: 0.01,
                ..PolyLRScheduler::new(7)
            };
            let cycle_limit = 2;
            let two = PolyLRScheduler { cycle_limit, ..one };
            let [one, two] = [one, two].map(|peer| peer.build(0.1).unwrap());
            assert!((0..7).all(|t| (one.rate_at(t) - two.rate_at(t)).abs() < 1e-15));
            assert_eq!((one.rate_at(7), two.rate_at(7)), (0.01, 0.1));
        }
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let path = |peer: PolyLRScheduler| peer.build(0.1).unwrap_err().path().to_owned();
        let new = PolyLRScheduler::new;
        let (power, k_decay) = (0.0, f64::INFINITY);
        assert_eq!(path(new(0)), "t_initial");
        assert_eq!(path(PolyLRScheduler { power, ..new(1) }), "power");
        assert_eq!(path(PolyLRScheduler { k_decay, ..new(1) }), "k_decay");
    }
}
