//! timm's `CosineLRScheduler`.

use std::sync::Arc;

use super::ParamGroup;
use super::cycles::{Cycled, Cycles, Fall};
use super::shared::cycled;
use crate::compat::of_base::of_base;
use crate::{Compose, Cosine, MAX_FACTOR, Schedule, ScheduleError, Scheduler, check};

/// `timm.scheduler.CosineLRScheduler` of timm 1.0.31: a cosine, once or in cycles, after or under a warm-up.
///
/// ```text
/// lr(t) = warmup_lr_init + t · (base - warmup_lr_init) / warmup_t                    while t < warmup_t
/// lr(t) = lr_min + ½ (base · cycle_decay ^ i - lr_min) · (1 + cos(π · x ^ k_decay))  in cycle i, from 0
/// lr(t) = lr_min                                                                     after `cycle_limit` cycles
/// ```
///
/// `x` is the share of the cycle that has passed. Without `warmup_prefix` the first cycle runs from update 0 under the
/// warm-up, and the base rate is never reached. The cycle is found by a logarithm, which may be late by one update.
///
/// ```
/// use schedules::compat::timm::CosineLRScheduler;
///
/// let peer = CosineLRScheduler { warmup_t: 2, ..CosineLRScheduler::new(4) };
/// assert_eq!(peer.build(0.1)?.rates(0..6), [0.0, 0.05, 0.05, 0.014644660940672627, 0.0, 0.0]);
///
/// let peer = CosineLRScheduler { warmup_prefix: true, ..peer };
/// assert_eq!(peer.build(0.1)?.rates(0..4), [0.0, 0.05, 0.1, 0.08535533905932738]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default = "without_length", deny_unknown_fields)
)]
pub struct CosineLRScheduler {
    /// The length of the first cycle, at least 1.
    pub t_initial: u64,
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

cycled!(CosineLRScheduler);

impl CosineLRScheduler {
    /// One cycle of `t_initial` down to 0, without a warm-up.
    pub fn new(t_initial: u64) -> Self {
        Self {
            t_initial,
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
        check::positive("k_decay", self.k_decay, MAX_FACTOR)?;
        let cosine = Cosine::new(self.t_initial).floor(floor);
        let k_decay = self.k_decay;
        let curve: Arc<dyn Schedule> = if self.cycle_limit != 1 || floor > 1.0 {
            Arc::new(Cycled {
                cycles: self.cycles(),
                floor,
                fall: Fall::Cosine { k_decay },
            })
        } else if k_decay == 1.0 {
            Arc::new(cosine)
        } else {
            Arc::new(cosine.k_decay(k_decay))
        };
        self.warm_up().before(curve, base_lr, 1.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn close(found: &[f64], expected: &[f64]) -> bool {
        let mut pairs = found.iter().zip(expected);
        found.len() == expected.len() && pairs.all(|(a, b)| (a - b).abs() < 1e-15)
    }

    #[test]
    fn without_cycles_the_floor_holds_from_the_first_step() {
        let peer = CosineLRScheduler {
            lr_min: 0.01,
            cycle_limit: 0,
            ..CosineLRScheduler::new(4)
        };
        assert_eq!(peer.build(0.1).unwrap().rates(0..3), [0.1, 0.01, 0.01]);
        assert_eq!(peer.get_cycle_length(0), 4);
    }

    #[test]
    fn one_cycle_is_the_first_of_several() {
        for k_decay in [1.0, 1.5] {
            let one = CosineLRScheduler {
                k_decay,
                lr_min: 0.01,
                ..CosineLRScheduler::new(4)
            };
            let cycle_limit = 2;
            let two = CosineLRScheduler { cycle_limit, ..one };
            let rates = |peer: CosineLRScheduler| peer.build(0.1).unwrap().rates(0..4);
            assert!(close(&rates(one), &rates(two)), "{k_decay}");
            let at_4 = [one, two].map(|peer| peer.build(0.1).unwrap().rate_at(4));
            assert!(close(&at_4, &[0.01, 0.1]), "{at_4:?}");
        }
    }

    #[test]
    fn a_lowest_rate_above_the_base_is_climbed_to() {
        let lr_min = 0.3;
        let peer = CosineLRScheduler {
            lr_min,
            ..CosineLRScheduler::new(2)
        };
        let rates = peer.build(0.1).unwrap().rates(0..4);
        assert!(close(&rates, &[0.1, 0.2, 0.3, 0.3]), "{rates:?}");
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let new = CosineLRScheduler::new;
        let path = |peer: CosineLRScheduler| peer.build(0.1).unwrap_err().path().to_owned();
        assert_eq!(path(new(0)), "t_initial");
        let (lr_min, cycle_mul, cycle_decay) = (-1.0, 0.0, -1.0);
        assert_eq!(path(CosineLRScheduler { lr_min, ..new(1) }), "lr_min");
        assert_eq!(
            path(CosineLRScheduler {
                cycle_mul,
                ..new(1)
            }),
            "cycle_mul"
        );
        assert_eq!(
            path(CosineLRScheduler {
                cycle_decay,
                ..new(1)
            }),
            "cycle_decay"
        );
        let (k_decay, warmup_lr_init, warmup_t) = (0.0, f64::NAN, u64::MAX);
        assert_eq!(path(CosineLRScheduler { k_decay, ..new(1) }), "k_decay");
        assert_eq!(path(CosineLRScheduler { warmup_t, ..new(1) }), "warmup_t");
        assert_eq!(
            path(CosineLRScheduler {
                warmup_lr_init,
                ..new(1)
            }),
            "warmup_lr_init"
        );
        assert_eq!(new(1).build(0.0).unwrap_err().path(), "peak");
    }
}
