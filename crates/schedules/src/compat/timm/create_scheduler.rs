//! timm's `create_scheduler_v2`.

#[cfg(doc)]
use super::{
    CosineLRScheduler, MultiStepLRScheduler, PlateauLRScheduler, PolyLRScheduler, StableFn,
    StepLRScheduler, TanhLRScheduler, WSDLRScheduler,
};
use super::{DecayFn, Selected};
use crate::{Compose, Constant, MetricMode, ScheduleError, Scheduler, check};

/// The names of timm's schedules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum Sched {
    /// [`CosineLRScheduler`]
    #[default]
    Cosine,
    /// [`TanhLRScheduler`]
    Tanh,
    /// [`StepLRScheduler`]
    Step,
    /// A warm-up, and the base rate.
    Constant,
    /// [`MultiStepLRScheduler`]
    Multistep,
    /// [`PlateauLRScheduler`]
    Plateau,
    /// [`PolyLRScheduler`], whose power is the `decay_rate`.
    Poly,
    /// [`WSDLRScheduler`]
    Wsd,
    /// [`WSDLRScheduler`] with [`StableFn::Rsqrt`] and [`DecayFn::Linear`].
    Rsqrt,
    /// The base rate.
    None,
}

/// `timm.scheduler.create_scheduler_v2` of timm 1.0.31: a scheduler by its name, in epochs.
///
/// Its defaults are not those of the schedulers. An update of what it builds is an epoch, or with `step_on_epochs` off
/// an update.
///
/// ```
/// use schedules::compat::timm::{CreateScheduler, Sched};
///
/// let peer = CreateScheduler { sched: Sched::Wsd, num_epochs: 10, warmup_epochs: 2, ..Default::default() };
/// assert_eq!(peer.build(0.1)?.rates(0..5), [1e-5, 0.050005, 0.1, 0.1, 0.1]);
/// assert_eq!(peer.num_epochs()?, 10);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct CreateScheduler {
    /// Which schedule; default cosine.
    pub sched: Sched,
    /// The epochs of the first cycle, or of the whole with `wsd` and `rsqrt`; default 300.
    pub num_epochs: u64,
    /// The epochs from one drop to the next (`step`), or those of the decay (`wsd`, `rsqrt`), between 0 and 1 as their
    /// share; default 90, and 0.2 for a decay.
    pub decay_epochs: Option<f64>,
    /// The epochs of the drops (`multistep`); default 90, 180, 270.
    pub decay_milestones: Vec<u64>,
    /// The epochs at the lowest rate after the schedule; default 0.
    pub cooldown_epochs: u64,
    /// The number of bad epochs that are tolerated (`plateau`); default 10.
    pub patience_epochs: u64,
    /// What the rate is multiplied by at each drop, or the power of `poly`; default 0.1.
    pub decay_rate: f64,
    /// The learning rate at the end; default 0.
    pub min_lr: f64,
    /// The learning rate that the warm-up starts at; default 1e-5.
    pub warmup_lr: f64,
    /// The epochs of the warm-up; default 0.
    pub warmup_epochs: u64,
    /// Whether the warm-up is added to `num_epochs`; default no.
    pub warmup_prefix: bool,
    /// How many times as long as the one before it a cycle is; default 1.
    pub cycle_mul: f64,
    /// What the rate that a cycle starts at is multiplied by with every cycle; default 0.1.
    pub cycle_decay: f64,
    /// The number of cycles; default 1.
    pub cycle_limit: u64,
    /// How far the time of `cosine` and `poly` is bent; default 1.
    pub k_decay: f64,
    /// The way down of `wsd` (default `1-sqrt`) and `rsqrt` (default linear).
    pub decay_fn: Option<DecayFn>,
    /// The epochs in which `rsqrt` is measured; default those of the warm-up.
    pub stable_timescale: Option<f64>,
    /// Whether a lower or a higher metric is better (`plateau`); default `max`.
    pub plateau_mode: MetricMode,
    /// Whether the schedule is counted in epochs, and not in updates; default yes.
    pub step_on_epochs: bool,
    /// The updates of an epoch, which a schedule in updates needs; default 0.
    pub updates_per_epoch: u64,
}

impl Default for CreateScheduler {
    fn default() -> Self {
        Self {
            sched: Sched::Cosine,
            num_epochs: 300,
            decay_epochs: None,
            decay_milestones: vec![90, 180, 270],
            cooldown_epochs: 0,
            patience_epochs: 10,
            decay_rate: 0.1,
            min_lr: 0.0,
            warmup_lr: 1e-5,
            warmup_epochs: 0,
            warmup_prefix: false,
            cycle_mul: 1.0,
            cycle_decay: 0.1,
            cycle_limit: 1,
            k_decay: 1.0,
            decay_fn: None,
            stable_timescale: None,
            plateau_mode: MetricMode::Max,
            step_on_epochs: true,
            updates_per_epoch: 0,
        }
    }
}

impl CreateScheduler {
    /// The scheduler of one parameter group; that of `plateau` has its handle in
    /// [`feedback`](Scheduler::feedback). Several groups are built by what [`select`](Self::select) gives.
    ///
    /// # Errors
    /// The first argument out of its range, mostly by the name that it has in the selected scheduler.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        match self.select()? {
            Selected::Cosine(peer) => peer.build(base_lr),
            Selected::Tanh(peer) => peer.build(base_lr),
            Selected::Step(peer) => peer.build(base_lr),
            Selected::MultiStep(peer) => peer.build(base_lr),
            Selected::Plateau(peer) => peer.build(base_lr).map(|(rate, _)| rate),
            Selected::Poly(peer) => peer.build(base_lr),
            Selected::Wsd(peer) => peer.build(base_lr),
            Selected::None => Constant::new().peak(base_lr),
        }
    }

    /// The epochs of the whole training: with the cycles, the cool-down, and a warm-up in front.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn num_epochs(&self) -> Result<u64, ScheduleError> {
        let length = match self.select()? {
            Selected::Cosine(peer) => peer.get_cycle_length(0),
            Selected::Tanh(peer) => peer.get_cycle_length(0),
            Selected::Poly(peer) => peer.get_cycle_length(0),
            Selected::Wsd(peer) => peer.get_cycle_length(),
            _ => {
                let prefix = if self.warmup_prefix {
                    self.warmup_epochs
                } else {
                    0
                };
                return Ok(self.num_epochs.saturating_add(prefix));
            }
        };
        let unit = self.unit()?;
        let cooldown = self.cooldown_epochs.saturating_mul(unit);
        Ok(length.saturating_add(cooldown) / unit)
    }

    /// The updates of the schedule's unit of time.
    pub(super) fn unit(&self) -> Result<u64, ScheduleError> {
        if self.step_on_epochs {
            return Ok(1);
        }
        check::length("updates_per_epoch", self.updates_per_epoch)?;
        Ok(self.updates_per_epoch)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn peer(sched: Sched) -> CreateScheduler {
        CreateScheduler {
            sched,
            num_epochs: 10,
            warmup_epochs: 2,
            cooldown_epochs: 3,
            ..CreateScheduler::default()
        }
    }

    fn in_updates(sched: Sched) -> CreateScheduler {
        CreateScheduler {
            step_on_epochs: false,
            updates_per_epoch: 7,
            ..peer(sched)
        }
    }

    #[test]
    fn the_epochs_of_the_whole_include_what_is_added() {
        let epochs = |peer: CreateScheduler| peer.num_epochs().unwrap();
        let prefixed = |sched| {
            let warmup_prefix = true;
            epochs(CreateScheduler {
                warmup_prefix,
                ..peer(sched)
            })
        };
        for sched in [Sched::Cosine, Sched::Tanh, Sched::Poly, Sched::Wsd] {
            assert_eq!(epochs(peer(sched)), 13, "{sched:?}");
            assert_eq!(prefixed(sched), 15, "{sched:?}");
            assert_eq!(epochs(in_updates(sched)), 13, "{sched:?}");
        }
        for sched in [Sched::Step, Sched::Multistep, Sched::Plateau, Sched::None] {
            assert_eq!(
                (epochs(peer(sched)), prefixed(sched)),
                (10, 12),
                "{sched:?}"
            );
        }
    }

    #[test]
    fn every_name_builds() {
        let rates = |sched| {
            let rate = peer(sched).build(0.1).unwrap();
            (rate.rate_at(0), rate.rate_at(2), rate.feedback().len())
        };
        assert_eq!(rates(Sched::None), (0.1, 0.1, 0));
        assert_eq!(rates(Sched::Constant), (1e-5, 0.1, 0));
        assert_eq!(rates(Sched::Step), (1e-5, 0.1, 0));
        assert_eq!(rates(Sched::Multistep), (1e-5, 0.1, 0));
        assert_eq!(rates(Sched::Plateau), (1e-5, 0.1, 1));
        assert_eq!(rates(Sched::Rsqrt), (1e-5, 0.1, 0));
        // Poly's power is the decay rate.
        let poly = peer(Sched::Poly).build(0.1).unwrap();
        assert!((poly.rate_at(5) - 0.1 * 0.5_f64.powf(0.1)).abs() < 1e-15);
        assert_eq!(peer(Sched::Tanh).build(0.1).unwrap().rate_at(10), 0.0);
    }

    #[test]
    fn an_error_names_the_argument() {
        let error = |peer: CreateScheduler| peer.build(0.1).unwrap_err().to_string();
        let updates_per_epoch = 0;
        let timeless = CreateScheduler {
            updates_per_epoch,
            ..in_updates(Sched::Cosine)
        };
        assert_eq!(error(timeless), "updates_per_epoch = 0: must be at least 1");
        assert_eq!(
            error(in_updates(Sched::Plateau)),
            "step_on_epochs = false: must be true for `plateau`"
        );
        for decay_epochs in [0.0, 0.01, 9.0, f64::NAN] {
            let decay_epochs = Some(decay_epochs);
            let peer = CreateScheduler {
                decay_epochs,
                ..peer(Sched::Wsd)
            };
            let error = error(peer);
            assert!(
                error.ends_with("must leave a decay from 1 to 8 long"),
                "{error}"
            );
        }
        let decay_epochs = Some(8.0);
        assert!(
            CreateScheduler {
                decay_epochs,
                ..peer(Sched::Wsd)
            }
            .build(0.1)
            .is_ok()
        );
    }
}
