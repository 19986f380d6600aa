//! timm's `TanhLRScheduler`.

use std::sync::Arc;

use super::ParamGroup;
use super::cycles::{Cycled, Cycles, Fall};
use super::shared::cycled;
use crate::compat::of_base::of_base;
use crate::{MAX_FACTOR, Schedule, ScheduleError, Scheduler, Tanh, check};

/// `timm.scheduler.TanhLRScheduler` of timm 1.0.31: a stretch of a hyperbolic tangent, once or in cycles.
///
/// ```text
/// lr(t) = lr_min + ½ (base · cycle_decay ^ i - lr_min) · (1 - tanh(lb · (1 - x) + ub · x))    in cycle i, from 0
/// lr(t) = lr_min                                                                              after `cycle_limit`
/// ```
///
/// `x` is the share of the cycle that has passed. At its start a cycle is somewhat below its peak; update 0 alone, if it
/// is in no warm-up, has the base rate. Without `warmup_prefix` the first cycle runs from update 0 under the warm-up,
/// which leads to where it is by then; with it, the warm-up leads to the base rate, which is not reached.
///
/// ```
/// use schedules::compat::timm::TanhLRScheduler;
///
/// let peer = TanhLRScheduler { lb: -1.0, ub: 1.0, ..TanhLRScheduler::new(2) };
/// assert_eq!(peer.build(1.0)?.rates(0..4), [1.0, 0.5, 0.0, 0.0]);
///
/// let peer = TanhLRScheduler { warmup_t: 2, warmup_prefix: true, ..peer };
/// assert_eq!(peer.build(1.0)?.rates(0..4), [0.0, 0.5, 0.8807970779778824, 0.5]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default = "without_length", deny_unknown_fields)
)]
pub struct TanhLRScheduler {
    /// The length of the first cycle, at least 1.
    pub t_initial: u64,
    /// The argument of the hyperbolic tangent at the start; default -7.
    pub lb: f64,
    /// The argument of the hyperbolic tangent at the end, above `lb`; default 3.
    pub ub: f64,
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
}

cycled!(TanhLRScheduler);

impl TanhLRScheduler {
    /// One cycle of `t_initial` down to 0, without a warm-up.
    pub fn new(t_initial: u64) -> Self {
        Self {
            t_initial,
            lb: -7.0,
            ub: 3.0,
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
        let (lb, ub) = (self.lb, self.ub);
        check::between("lb", lb, -MAX_FACTOR..=MAX_FACTOR)?;
        check::between("ub", ub, -MAX_FACTOR..=MAX_FACTOR)?;
        if ub <= lb {
            let allowed = format!("must be above `lb`, which is {lb:?}");
            return Err(ScheduleError::new("ub", ub, allowed));
        }
        // Ours begins at the peak, which timm's does not where a warm-up precedes it.
        let prefixed = self.warmup_prefix && self.warmup_t > 0;
        let curve: Arc<dyn Schedule> = if self.cycle_limit != 1 || floor > 1.0 || prefixed {
            Arc::new(Cycled {
                cycles: self.cycles(),
                floor,
                fall: Fall::Tanh { lb, ub },
            })
        } else {
            Arc::new(Tanh::new(self.t_initial).lower(lb).upper(ub).floor(floor))
        };
        let target = if prefixed {
            1.0
        } else {
            curve.factor(self.warmup_t)
        };
        self.warm_up().before(curve, base_lr, target)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn a_warm_up_leads_to_where_the_curve_is_unless_it_precedes_it() {
        let peer = TanhLRScheduler {
            lb: -1.0,
            ub: 1.0,
            warmup_t: 1,
            warmup_lr_init: 0.5,
            ..TanhLRScheduler::new(2)
        };
        let rates = |peer: TanhLRScheduler| peer.build(1.0).unwrap().rates(0..4);
        assert_eq!(rates(peer), [0.5, 0.5, 0.0, 0.0]);
        let warmup_t = 4;
        let long = TanhLRScheduler { warmup_t, ..peer };
        assert_eq!(rates(long), [0.5, 0.375, 0.25, 0.125]);
        assert_eq!(long.get_cycle_length(0), 2);
        let warmup_prefix = true;
        let prefixed = TanhLRScheduler {
            warmup_prefix,
            ..peer
        };
        assert_eq!(rates(prefixed), [0.5, 0.8807970779778824, 0.5, 0.0]);
        assert_eq!(prefixed.get_cycle_length(0), 3);
        // Half of the way: (1 + ½ (1 - tanh -1)) / 2 is not on it.
        let prefixed = prefixed.build(1.0).unwrap();
        assert_eq!(prefixed.schedule().factor_at(0.5), 0.75);
    }

    #[test]
    fn only_update_0_has_the_base_rate() {
        let peer = TanhLRScheduler {
            lb: -1.0,
            ub: 1.0,
            cycle_limit: 2,
            ..TanhLRScheduler::new(2)
        };
        let rates = peer.build(1.0).unwrap().rates(0..6);
        assert_eq!(rates, [1.0, 0.5, 0.8807970779778824, 0.5, 0.0, 0.0]);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |lb, ub| {
            let peer = TanhLRScheduler {
                lb,
                ub,
                ..TanhLRScheduler::new(1)
            };
            peer.build(0.1).unwrap_err().to_string()
        };
        assert_eq!(
            error(1.0, 1.0),
            "ub = 1.0: must be above `lb`, which is 1.0"
        );
        assert!(error(f64::NAN, 1.0).starts_with("lb = NaN: "));
        assert!(error(0.0, f64::NAN).starts_with("ub = NaN: "));
    }
}
