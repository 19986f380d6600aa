//! transformers' `get_scheduler`.

use std::sync::Arc;

use super::hard_restarts::HardRestarts;
use super::kwargs::{SpecificKwargs, ended, needed, warmed};
use crate::compat::of_base::of_base;
use crate::{Compose, Constant, InverseSqrt, Linear, Schedule, ScheduleError, Scheduler, check};

/// The names of transformers' schedules; `reduce_lr_on_plateau` is PyTorch's
/// [`ReduceLROnPlateau`](crate::compat::torch::ReduceLROnPlateau), and `greedy` is [`GreedyLR`](super::GreedyLR).
///
/// `w` is `num_warmup_steps`, `T` is `num_training_steps`, and below `w` all but two are `t / w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum SchedulerType {
    /// `1`
    Constant,
    /// `1`
    ConstantWithWarmup,
    /// `(T - t) / (T - w)`, then 0
    Linear,
    /// `½ (1 + cos(2 π · num_cycles · x))`, with `x = (t - w) / (T - w)`; it climbs again after `T`
    Cosine,
    /// `½ (1 + cos(π · (num_cycles · x mod 1)))`, then 0
    CosineWithRestarts,
    /// `(base - lr_end) · (1 - x) ^ power + lr_end`, then `lr_end`
    Polynomial,
    /// `1 / √((t - w + timescale) / timescale)`
    InverseSqrt,
    /// The cosine, drawn up to a lowest rate that its warm-up does not know.
    CosineWithMinLr,
    /// The same one update ahead: its warm-up is `(t + 1) / w`, or a line from `warmup_lr_rate`.
    CosineWarmupWithMinLr,
    /// Up from `min_lr_ratio`, 1, and down to `min_lr_ratio`.
    WarmupStableDecay,
}

/// `transformers.get_scheduler` of transformers 5.23: a schedule by its name.
///
/// With a warm-up the first update has a rate of 0, but for the last two.
///
/// ```
/// use schedules::compat::transformers::{GetScheduler, SchedulerType, SpecificKwargs};
///
/// let linear = GetScheduler {
///     num_warmup_steps: Some(2),
///     num_training_steps: Some(6),
///     ..GetScheduler::new(SchedulerType::Linear)
/// };
/// assert_eq!(linear.build(0.1)?.rates(0..8), [0.0, 0.05, 0.1, 0.07500000000000001, 0.05, 0.025, 0.0, 0.0]);
///
/// let polynomial = GetScheduler {
///     name: SchedulerType::Polynomial,
///     scheduler_specific_kwargs: SpecificKwargs { lr_end: Some(0.02), ..Default::default() },
///     ..linear
/// };
/// assert_eq!(polynomial.build(0.1)?.rates(6..8), [0.02, 0.02]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct GetScheduler {
    /// Which schedule.
    pub name: SchedulerType,
    /// The length of the warm-up, which all but `constant` need.
    #[cfg_attr(feature = "serde", serde(default))]
    pub num_warmup_steps: Option<u64>,
    /// The length of the run with the warm-up, which most need.
    #[cfg_attr(feature = "serde", serde(default))]
    pub num_training_steps: Option<u64>,
    /// The arguments that only some schedules have.
    #[cfg_attr(feature = "serde", serde(default))]
    pub scheduler_specific_kwargs: SpecificKwargs,
}

impl GetScheduler {
    /// The schedule `name` without arguments.
    pub fn new(name: SchedulerType) -> Self {
        Self {
            name,
            num_warmup_steps: None,
            num_training_steps: None,
            scheduler_specific_kwargs: SpecificKwargs::default(),
        }
    }

    /// The scheduler.
    ///
    /// # Errors
    /// The first argument that is missing, that the schedule does not have, or that is out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        use SchedulerType as Type;
        of_base("peak", base_lr, base_lr)?;
        if self.name == Type::Constant {
            return Constant::new().peak(base_lr);
        }
        let kwargs = &self.scheduler_specific_kwargs;
        if self.name != Type::ConstantWithWarmup {
            kwargs.check(self.name)?;
        }
        let warmup = needed("num_warmup_steps", self.num_warmup_steps)?;
        let total = || needed("num_training_steps", self.num_training_steps);
        let schedule: Arc<dyn Schedule> = match self.name {
            Type::Constant | Type::ConstantWithWarmup => warmed(Constant::new(), warmup),
            Type::Linear => match total()?.saturating_sub(warmup) {
                0 => ended(warmup, 0.0),
                length => warmed(Linear::new(length), warmup),
            },
            Type::Cosine => {
                let cosine = kwargs.cosine(warmup, total()?, 0.0)?;
                warmed(cosine, warmup)
            }
            Type::CosineWithRestarts => {
                let num_cycles = kwargs.num_cycles.unwrap_or(1.0);
                check::ratio("num_cycles", num_cycles)?;
                let length = total()?.saturating_sub(warmup).max(1);
                warmed(HardRestarts { length, num_cycles }, warmup)
            }
            Type::Polynomial => kwargs.polynomial(warmup, total()?, base_lr)?,
            Type::InverseSqrt => {
                let unit = if warmup == 0 { 10_000 } else { warmup };
                let timescale = kwargs.timescale.unwrap_or(unit);
                check::length("timescale", timescale)?;
                warmed(InverseSqrt::new(timescale), warmup)
            }
            Type::CosineWithMinLr => {
                let cosine = kwargs.cosine(warmup, total()?, kwargs.floor(base_lr)?)?;
                warmed(cosine, warmup)
            }
            Type::CosineWarmupWithMinLr => {
                let cosine = kwargs.cosine(warmup, total()?, kwargs.floor(base_lr)?)?;
                kwargs.ahead(cosine, warmup)?
            }
            Type::WarmupStableDecay => {
                Arc::new(kwargs.warmup_stable_decay(warmup, self.num_training_steps)?)
            }
        };
        schedule.peak(base_lr)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use SchedulerType as Type;

    fn peer(name: Type, warmup: u64, total: u64, kwargs: SpecificKwargs) -> GetScheduler {
        GetScheduler {
            name,
            num_warmup_steps: Some(warmup),
            num_training_steps: Some(total),
            scheduler_specific_kwargs: kwargs,
        }
    }

    fn rates(peer: GetScheduler) -> Vec<f64> {
        let rates = peer.build(0.1).unwrap().rates(0..6);
        rates
            .iter()
            .map(|rate| (rate * 1e9).round() / 1e9)
            .collect()
    }

    #[test]
    fn a_run_within_its_warm_up_is_over_after_it() {
        let none = SpecificKwargs::default();
        let lr_end = Some(0.02);
        let end = SpecificKwargs { lr_end, ..none };
        for total in [0, 1, 2] {
            let linear = rates(peer(Type::Linear, 2, total, none));
            assert_eq!(linear, [0.0, 0.05, 0.0, 0.0, 0.0, 0.0], "{total}");
            let polynomial = rates(peer(Type::Polynomial, 2, total, end));
            assert_eq!(polynomial, [0.0, 0.05, 0.02, 0.02, 0.02, 0.02], "{total}");
            let cosine = rates(peer(Type::Cosine, 2, total, none));
            assert_eq!(cosine, [0.0, 0.05, 0.1, 0.0, 0.1, 0.0], "{total}");
            let restarts = rates(peer(Type::CosineWithRestarts, 2, total, none));
            assert_eq!(restarts, [0.0, 0.05, 0.1, 0.0, 0.0, 0.0], "{total}");
        }
        assert_eq!(rates(peer(Type::Linear, 0, 0, none)), [0.0; 6]);
        let linear = rates(peer(Type::Linear, 2, 3, none));
        assert_eq!(linear, [0.0, 0.05, 0.1, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn one_is_an_update_ahead() {
        let min_lr_rate = Some(0.5);
        let kwargs = SpecificKwargs {
            min_lr_rate,
            ..Default::default()
        };
        let ahead =
            |warmup, total, kwargs| rates(peer(Type::CosineWarmupWithMinLr, warmup, total, kwargs));
        assert_eq!(ahead(2, 4, kwargs), [0.05, 0.1, 0.075, 0.05, 0.075, 0.1]);
        assert_eq!(ahead(1, 3, kwargs), [0.1, 0.075, 0.05, 0.075, 0.1, 0.075]);
        assert_eq!(ahead(0, 2, kwargs), [0.075, 0.05, 0.075, 0.1, 0.075, 0.05]);
        let warmup_lr_rate = Some(0.2);
        let kwargs = SpecificKwargs {
            warmup_lr_rate,
            ..kwargs
        };
        assert_eq!(ahead(3, 5, kwargs), [0.02, 0.06, 0.1, 0.075, 0.05, 0.075]);
        assert_eq!(ahead(1, 3, kwargs)[..2], [0.02, 0.075]);
        // The other one is not, and its warm-up does not know the lowest rate.
        let (min_lr, min_lr_rate, warmup_lr_rate) = (Some(0.05), None, None);
        let kwargs = SpecificKwargs {
            min_lr,
            min_lr_rate,
            warmup_lr_rate,
            ..kwargs
        };
        let behind = rates(peer(Type::CosineWithMinLr, 2, 4, kwargs));
        assert_eq!(behind, [0.0, 0.05, 0.1, 0.075, 0.05, 0.075]);
    }

    #[test]
    fn the_unit_of_time_is_the_warm_up_unless_there_is_none() {
        let none = SpecificKwargs::default();
        let quarter = |warmup, kwargs, update| {
            let rate = peer(Type::InverseSqrt, warmup, 0, kwargs)
                .build(0.2)
                .unwrap();
            (rate.rate_at(update) - 0.1).abs() < 1e-15
        };
        assert!(quarter(7, none, 28));
        assert!(quarter(0, none, 30_000));
        let timescale = Some(5);
        assert!(quarter(7, SpecificKwargs { timescale, ..none }, 22));
    }

    #[test]
    fn the_stable_phase_is_what_is_left() {
        let num_decay_steps = Some(2);
        let kwargs = SpecificKwargs {
            num_decay_steps,
            ..Default::default()
        };
        let whole = rates(peer(Type::WarmupStableDecay, 1, 5, kwargs));
        assert_eq!(whole, [0.0, 0.1, 0.1, 0.1, 0.05, 0.0]);
        let num_stable_steps = Some(1);
        let kwargs = SpecificKwargs {
            num_stable_steps,
            ..kwargs
        };
        let whole = rates(peer(Type::WarmupStableDecay, 1, 5, kwargs));
        assert_eq!(whole, [0.0, 0.1, 0.1, 0.05, 0.0, 0.0]);
    }

    #[test]
    fn an_error_names_the_argument() {
        let none = SpecificKwargs::default();
        let error = |peer: GetScheduler| peer.build(0.1).unwrap_err().to_string();
        let new = GetScheduler::new;
        assert_eq!(error(new(Type::Linear)), "num_warmup_steps: must be given");
        let num_warmup_steps = Some(0);
        let unending = GetScheduler {
            num_warmup_steps,
            ..new(Type::Linear)
        };
        assert_eq!(error(unending), "num_training_steps: must be given");
        let power = Some(0.0);
        let powered = SpecificKwargs { power, ..none };
        assert_eq!(
            error(peer(Type::Linear, 0, 9, powered)),
            "power: is no argument of Linear"
        );
        assert!(error(peer(Type::Polynomial, 0, 9, powered)).starts_with("power = 0.0: "));
        let lr_end = Some(0.1);
        assert_eq!(
            error(peer(
                Type::Polynomial,
                0,
                9,
                SpecificKwargs { lr_end, ..none }
            )),
            "lr_end = 0.1: must be below the base rate 0.1"
        );
        let cosine = |kwargs| error(peer(Type::CosineWithMinLr, 0, 9, kwargs));
        assert_eq!(cosine(none), "min_lr: must be given, or `min_lr_rate`");
        let (min_lr, min_lr_rate) = (Some(0.01), Some(0.1));
        assert_eq!(
            cosine(SpecificKwargs {
                min_lr,
                min_lr_rate,
                ..none
            }),
            "min_lr_rate = 0.1: must not be given beside `min_lr`"
        );
        let wsd = error(peer(Type::WarmupStableDecay, 0, 9, none));
        assert_eq!(wsd, "num_decay_steps: must be given");
        assert_eq!(new(Type::Constant).build(0.0).unwrap_err().path(), "peak");
    }

    #[test]
    fn what_another_schedule_has_is_refused() {
        let all = SpecificKwargs {
            num_cycles: Some(1.0),
            lr_end: Some(0.0),
            power: Some(1.0),
            timescale: Some(1),
            min_lr: Some(0.0),
            min_lr_rate: Some(0.0),
            warmup_lr_rate: Some(0.0),
            num_decay_steps: Some(1),
            num_stable_steps: Some(1),
            warmup_type: Some(Default::default()),
            decay_type: Some(Default::default()),
            min_lr_ratio: Some(0.0),
        };
        let refused = |name| {
            peer(name, 0, 9, all)
                .build(0.1)
                .unwrap_err()
                .path()
                .to_owned()
        };
        assert_eq!(refused(Type::Linear), "num_cycles");
        assert_eq!(refused(Type::InverseSqrt), "num_cycles");
        assert_eq!(refused(Type::Cosine), "lr_end");
        assert_eq!(refused(Type::CosineWithRestarts), "lr_end");
        assert_eq!(refused(Type::WarmupStableDecay), "lr_end");
        assert_eq!(refused(Type::Polynomial), "num_cycles");
        assert!(peer(Type::Constant, 0, 9, all).build(0.1).is_ok());
        assert!(peer(Type::ConstantWithWarmup, 0, 9, all).build(0.1).is_ok());
    }
}
