//! The scheduler that timm's `create_scheduler_v2` selects.

use super::{
    CosineLRScheduler, CreateScheduler, DecayFn, MultiStepLRScheduler, PlateauLRScheduler,
    PolyLRScheduler, Sched, StableFn, StepLRScheduler, TanhLRScheduler, WSDLRScheduler,
};
use crate::ScheduleError;

/// The scheduler that a [`CreateScheduler`] selects, with its arguments.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Selected {
    /// `cosine`
    Cosine(CosineLRScheduler),
    /// `tanh`
    Tanh(TanhLRScheduler),
    /// `step` and `constant`
    Step(StepLRScheduler),
    /// `multistep`
    MultiStep(MultiStepLRScheduler),
    /// `plateau`
    Plateau(PlateauLRScheduler),
    /// `poly`
    Poly(PolyLRScheduler),
    /// `wsd` and `rsqrt`
    Wsd(WSDLRScheduler),
    /// `none`
    None,
}

impl CreateScheduler {
    /// The scheduler, with its own arguments.
    ///
    /// # Errors
    /// No `updates_per_epoch` where they are needed, or a decay that is longer than what it is taken from.
    pub fn select(&self) -> Result<Selected, ScheduleError> {
        let unit = self.unit()?;
        let (t_initial, warmup_t) = (
            self.num_epochs.saturating_mul(unit),
            self.warmup_epochs.saturating_mul(unit),
        );
        let Self {
            warmup_lr: warmup_lr_init,
            warmup_prefix,
            min_lr: lr_min,
            decay_rate,
            cycle_mul,
            cycle_decay,
            cycle_limit,
            k_decay,
            ..
        } = *self;
        Ok(match self.sched {
            Sched::Cosine => Selected::Cosine(CosineLRScheduler {
                t_initial,
                lr_min,
                cycle_mul,
                cycle_decay,
                cycle_limit,
                warmup_t,
                warmup_lr_init,
                warmup_prefix,
                k_decay,
            }),
            Sched::Tanh => Selected::Tanh(TanhLRScheduler {
                lr_min,
                cycle_mul,
                cycle_decay,
                cycle_limit,
                warmup_t,
                warmup_lr_init,
                warmup_prefix,
                ..TanhLRScheduler::new(t_initial)
            }),
            Sched::Poly => Selected::Poly(PolyLRScheduler {
                t_initial,
                power: decay_rate,
                lr_min,
                cycle_mul,
                cycle_decay,
                cycle_limit,
                warmup_t,
                warmup_lr_init,
                warmup_prefix,
                k_decay,
            }),
            Sched::Step | Sched::Constant => Selected::Step(StepLRScheduler {
                decay_t: self.decay_epochs.unwrap_or(90.0) * unit as f64,
                decay_rate: if self.sched == Sched::Step {
                    decay_rate
                } else {
                    1.0
                },
                warmup_t,
                warmup_lr_init,
                warmup_prefix,
            }),
            Sched::Multistep => Selected::MultiStep(MultiStepLRScheduler {
                decay_t: self
                    .decay_milestones
                    .iter()
                    .map(|epochs| epochs.saturating_mul(unit))
                    .collect(),
                decay_rate,
                warmup_t,
                warmup_lr_init,
                warmup_prefix,
            }),
            Sched::Plateau if self.step_on_epochs => Selected::Plateau(PlateauLRScheduler {
                decay_rate,
                patience_t: self.patience_epochs,
                warmup_t,
                warmup_lr_init,
                lr_min,
                mode: self.plateau_mode,
                ..PlateauLRScheduler::default()
            }),
            Sched::Plateau => {
                let allowed = "must be true for `plateau`";
                return Err(ScheduleError::new("step_on_epochs", false, allowed));
            }
            Sched::Wsd | Sched::Rsqrt => Selected::Wsd(self.wsd(t_initial, warmup_t, unit)?),
            Sched::None => Selected::None,
        })
    }

    fn wsd(&self, whole: u64, warmup_t: u64, unit: u64) -> Result<WSDLRScheduler, ScheduleError> {
        let t_initial = if self.warmup_prefix {
            whole
        } else {
            whole.saturating_sub(warmup_t)
        };
        let decay_epochs = self.decay_epochs.unwrap_or(0.2);
        let decay_t = if decay_epochs > 0.0 && decay_epochs < 1.0 {
            decay_epochs * t_initial as f64
        } else {
            decay_epochs * unit as f64
        };
        // As in Python, a half is rounded to the even number.
        let decay_t = decay_t.round_ties_even() as u64;
        if decay_t == 0 || decay_t > t_initial {
            let allowed = format!("must leave a decay from 1 to {t_initial} long");
            return Err(ScheduleError::new("decay_epochs", decay_epochs, allowed));
        }
        let (stable_fn, decay_fn) = match self.sched {
            Sched::Rsqrt => (StableFn::Rsqrt, DecayFn::Linear),
            _ => (StableFn::Constant, DecayFn::OneMinusSqrt),
        };
        Ok(WSDLRScheduler {
            lr_min: self.min_lr,
            stable_fn,
            stable_timescale: self.stable_timescale.map(|epochs| epochs * unit as f64),
            decay_fn: self.decay_fn.unwrap_or(decay_fn),
            warmup_t,
            warmup_lr_init: self.warmup_lr,
            ..WSDLRScheduler::new(t_initial, decay_t)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn in_updates(sched: Sched) -> CreateScheduler {
        CreateScheduler {
            sched,
            num_epochs: 10,
            warmup_epochs: 2,
            step_on_epochs: false,
            updates_per_epoch: 7,
            ..CreateScheduler::default()
        }
    }

    #[test]
    fn every_length_is_in_the_unit() {
        let Selected::Wsd(wsd) = in_updates(Sched::Rsqrt).select().unwrap() else {
            panic!("another scheduler")
        };
        // 0.2 · 56 is 11.2.
        assert_eq!((wsd.t_initial, wsd.decay_t, wsd.warmup_t), (56, 11, 14));
        assert_eq!(
            (wsd.stable_fn, wsd.decay_fn),
            (StableFn::Rsqrt, DecayFn::Linear)
        );
        let (decay_epochs, stable_timescale) = (Some(1.5), Some(0.5));
        let other = CreateScheduler {
            decay_epochs,
            stable_timescale,
            decay_fn: Some(DecayFn::Exp),
            warmup_prefix: true,
            ..in_updates(Sched::Wsd)
        };
        let Selected::Wsd(wsd) = other.select().unwrap() else {
            panic!("another scheduler")
        };
        // A half is rounded to the even number.
        assert_eq!((wsd.t_initial, wsd.decay_t), (70, 10));
        assert_eq!(
            (wsd.stable_timescale, wsd.decay_fn),
            (Some(3.5), DecayFn::Exp)
        );
        let Selected::MultiStep(steps) = in_updates(Sched::Multistep).select().unwrap() else {
            panic!("another scheduler")
        };
        assert_eq!(
            (steps.decay_t, steps.decay_rate),
            (vec![630, 1260, 1890], 0.1)
        );
        let Selected::Step(step) = in_updates(Sched::Step).select().unwrap() else {
            panic!("another scheduler")
        };
        assert_eq!(
            (step.decay_t, step.decay_rate, step.warmup_t),
            (630.0, 0.1, 14)
        );
        assert!(!step.warmup_prefix);
    }
}
