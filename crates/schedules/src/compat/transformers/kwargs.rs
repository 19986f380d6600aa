//! The arguments that only some of transformers' schedules have.

use super::{DecayType, SchedulerType, WarmupType};
use crate::ScheduleError;

/// `scheduler_specific_kwargs`: arguments that only some schedules have, each absent by default.
///
/// One that the schedule has not is an error, as in transformers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct SpecificKwargs {
    /// The number of cosines: 0.5 by default, 1 for `cosine_with_restarts`.
    pub num_cycles: Option<f64>,
    /// The last rate of `polynomial`, below the base rate; default 1e-7.
    pub lr_end: Option<f64>,
    /// The power of `polynomial`, above 0; default 1.
    pub power: Option<f64>,
    /// The unit of time of `inverse_sqrt`, at least 1; default the warm-up, or 10,000 without one.
    pub timescale: Option<u64>,
    /// The lowest rate of a cosine with one, which needs this or `min_lr_rate`.
    pub min_lr: Option<f64>,
    /// The same as a ratio of the base rate.
    pub min_lr_rate: Option<f64>,
    /// The first ratio of `cosine_warmup_with_min_lr`; default 1 / `num_warmup_steps`.
    pub warmup_lr_rate: Option<f64>,
    /// The length of `warmup_stable_decay`'s decay, which it needs.
    pub num_decay_steps: Option<u64>,
    /// The length of its stable phase; default what is left of `num_training_steps`.
    pub num_stable_steps: Option<u64>,
    /// Its way up; default linear.
    pub warmup_type: Option<WarmupType>,
    /// Its way down; default cosine.
    pub decay_type: Option<DecayType>,
    /// The ratio of the base rate that it starts and ends at; default 0.
    pub min_lr_ratio: Option<f64>,
}

impl SpecificKwargs {
    /// Refuses what `name` does not have.
    pub(super) fn check(&self, name: SchedulerType) -> Result<(), ScheduleError> {
        use SchedulerType as Type;
        let cosine = matches!(
            name,
            Type::Cosine
                | Type::CosineWithRestarts
                | Type::CosineWithMinLr
                | Type::CosineWarmupWithMinLr
        );
        let floored = matches!(name, Type::CosineWithMinLr | Type::CosineWarmupWithMinLr);
        let polynomial = name == Type::Polynomial;
        let wsd = name == Type::WarmupStableDecay;
        let given = [
            ("num_cycles", self.num_cycles.is_some(), cosine || wsd),
            ("lr_end", self.lr_end.is_some(), polynomial),
            ("power", self.power.is_some(), polynomial),
            (
                "timescale",
                self.timescale.is_some(),
                name == Type::InverseSqrt,
            ),
            ("min_lr", self.min_lr.is_some(), floored),
            ("min_lr_rate", self.min_lr_rate.is_some(), floored),
            (
                "warmup_lr_rate",
                self.warmup_lr_rate.is_some(),
                name == Type::CosineWarmupWithMinLr,
            ),
            ("num_decay_steps", self.num_decay_steps.is_some(), wsd),
            ("num_stable_steps", self.num_stable_steps.is_some(), wsd),
            ("warmup_type", self.warmup_type.is_some(), wsd),
            ("decay_type", self.decay_type.is_some(), wsd),
            ("min_lr_ratio", self.min_lr_ratio.is_some(), wsd),
        ];
        match given.iter().find(|(_, given, known)| *given && !known) {
            Some((path, ..)) => {
                let allowed = format!("is no argument of {name:?}");
                Err(ScheduleError::missing(*path, allowed))
            }
            None => Ok(()),
        }
    }
}
