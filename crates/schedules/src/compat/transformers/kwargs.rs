//! The arguments that only some of transformers' schedules have.

use std::sync::Arc;

use super::climbing_cosine::ClimbingCosine;
use super::warmup_stable_decay::WarmupStableDecay;
use super::{DecayType, SchedulerType, WarmupType};
use crate::compat::of_base::of_base;
use crate::{
    Compose, Constant, Linear, MAX_FACTOR, Polynomial, Schedule, ScheduleError, Sequence, check,
};

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

    pub(super) fn cosine(
        &self,
        warmup: u64,
        total: u64,
        floor: f64,
    ) -> Result<ClimbingCosine, ScheduleError> {
        let num_cycles = self.num_cycles.unwrap_or(0.5);
        check::ratio("num_cycles", num_cycles)?;
        Ok(ClimbingCosine {
            length: total.saturating_sub(warmup).max(1) as f64,
            num_cycles,
            floor,
            shift: 0.0,
        })
    }

    /// The lowest rate as a ratio, which must be given in one of two ways.
    pub(super) fn floor(&self, base_lr: f64) -> Result<f64, ScheduleError> {
        match (self.min_lr, self.min_lr_rate) {
            (Some(min_lr), None) => of_base("min_lr", min_lr, base_lr),
            (None, Some(rate)) => check::ratio("min_lr_rate", rate).map(|()| rate),
            (Some(_), Some(rate)) => {
                let allowed = "must not be given beside `min_lr`";
                Err(ScheduleError::new("min_lr_rate", rate, allowed))
            }
            (None, None) => {
                let allowed = "must be given, or `min_lr_rate`";
                Err(ScheduleError::missing("min_lr", allowed))
            }
        }
    }

    pub(super) fn polynomial(
        &self,
        warmup: u64,
        total: u64,
        base_lr: f64,
    ) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let lr_end = self.lr_end.unwrap_or(1e-7);
        let (end, power) = (
            of_base("lr_end", lr_end, base_lr)?,
            self.power.unwrap_or(1.0),
        );
        if lr_end >= base_lr {
            let allowed = format!("must be below the base rate {base_lr:?}");
            return Err(ScheduleError::new("lr_end", lr_end, allowed));
        }
        check::positive("power", power, MAX_FACTOR)?;
        Ok(match total.saturating_sub(warmup) {
            0 => ended(warmup, end),
            length => warmed(Polynomial::new(length).power(power).end(end), warmup),
        })
    }

    /// `cosine` one update ahead, after a warm-up that ends one update early.
    pub(super) fn ahead(
        &self,
        cosine: ClimbingCosine,
        warmup: u64,
    ) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let (shift, start) = (
            1.0,
            self.warmup_lr_rate.unwrap_or(1.0 / warmup.max(1) as f64),
        );
        check::ratio("warmup_lr_rate", start)?;
        let cosine = ClimbingCosine { shift, ..cosine };
        if warmup == 0 {
            return Ok(Arc::new(cosine));
        }
        let rise = Linear::new((warmup - 1).max(1)).start(start).end(1.0);
        Ok(Arc::new(Sequence::new(rise).then(warmup, cosine)))
    }

    pub(super) fn warmup_stable_decay(
        &self,
        warmup: u64,
        total: Option<u64>,
    ) -> Result<WarmupStableDecay, ScheduleError> {
        let decay = needed("num_decay_steps", self.num_decay_steps)?;
        let begin = match self.num_stable_steps {
            Some(stable) => {
                check::updates("num_stable_steps", stable)?;
                warmup as f64 + stable as f64
            }
            None => needed("num_training_steps", total)? as f64 - decay as f64,
        };
        let (floor, num_cycles) = (
            self.min_lr_ratio.unwrap_or(0.0),
            self.num_cycles.unwrap_or(0.5),
        );
        check::ratio("min_lr_ratio", floor)?;
        check::ratio("num_cycles", num_cycles)?;
        Ok(WarmupStableDecay {
            warmup,
            begin,
            decay,
            warmup_type: self.warmup_type.unwrap_or_default(),
            decay_type: self.decay_type.unwrap_or_default(),
            floor,
            num_cycles,
        })
    }
}

/// An argument that the schedule cannot do without, in updates.
pub(super) fn needed(path: &str, updates: Option<u64>) -> Result<u64, ScheduleError> {
    let updates = updates.ok_or_else(|| ScheduleError::missing(path, "must be given"))?;
    check::updates(path, updates)?;
    Ok(updates)
}

/// A warm-up from 0, and then `schedule`.
pub(super) fn warmed(schedule: impl Schedule + 'static, warmup: u64) -> Arc<dyn Schedule> {
    Arc::new(schedule.warmup(warmup).start(0.0))
}

/// What is over when its warm-up is.
pub(super) fn ended(warmup: u64, end: f64) -> Arc<dyn Schedule> {
    let end = Constant::new().scale(end);
    if warmup == 0 {
        return Arc::new(end);
    }
    Arc::new(Sequence::new(warmed(Constant::new(), warmup)).then(warmup, end))
}
