//! timm's `MultiStepLRScheduler`.

use std::sync::Arc;

use super::ParamGroup;
use super::shared::warmed;
use crate::{Compose, Constant, MAX_FACTOR, MultiStep, Schedule, ScheduleError, Scheduler, check};

/// `timm.scheduler.MultiStepLRScheduler` of timm 1.0.31: a drop at each of several times, each one update early.
///
/// ```text
/// lr(t) = warmup_lr_init + t · (base - warmup_lr_init) / warmup_t    while t < warmup_t
/// lr(t) = base · decay_rate ^ k                                      with k the number of `decay_t` up to t + 1
/// ```
///
/// With `warmup_prefix` t counts from the end of the warm-up. PyTorch's `MultiStepLR` drops one update later.
///
/// ```
/// use schedules::compat::timm::MultiStepLRScheduler;
///
/// let peer = MultiStepLRScheduler { decay_rate: 0.5, ..MultiStepLRScheduler::new([2, 4]) };
/// assert_eq!(peer.build(0.8)?.rates(0..5), [0.8, 0.4, 0.4, 0.2, 0.2]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default = "without_decay", deny_unknown_fields)
)]
pub struct MultiStepLRScheduler {
    /// The times of the drops, in order; one that stands there twice drops twice.
    pub decay_t: Vec<u64>,
    /// What the rate is multiplied by at each drop, not below 0; default 1.
    pub decay_rate: f64,
    /// The length of the warm-up; default 0.
    pub warmup_t: u64,
    /// The learning rate that the warm-up starts at; default 0.
    pub warmup_lr_init: f64,
    /// Whether the decay is counted from the end of the warm-up; default yes.
    pub warmup_prefix: bool,
}

/// What a config without `decay_t` gets, which [`build`](MultiStepLRScheduler::build) refuses.
#[cfg(feature = "serde")]
fn without_decay() -> MultiStepLRScheduler {
    MultiStepLRScheduler::new([])
}

warmed!(MultiStepLRScheduler);

impl MultiStepLRScheduler {
    /// Drops at `decay_t`, by a factor of 1, without a warm-up.
    pub fn new(decay_t: impl Into<Vec<u64>>) -> Self {
        Self {
            decay_t: decay_t.into(),
            decay_rate: 1.0,
            warmup_t: 0,
            warmup_lr_init: 0.0,
            warmup_prefix: true,
        }
    }

    fn schedule(&self, base_lr: f64) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let decay_t = &self.decay_t;
        if decay_t.is_empty() {
            let allowed = "must have at least one entry";
            return Err(ScheduleError::new("decay_t", decay_t, allowed));
        }
        if !decay_t.is_sorted() {
            let allowed = "must be in order";
            return Err(ScheduleError::new("decay_t", decay_t, allowed));
        }
        check::ratio("decay_rate", self.decay_rate)?;
        let curve = self.curve();
        curve.check().map_err(|error| error.at("decay_t"))?;
        self.warm_up().before(curve, base_lr, 1.0)
    }
}

impl MultiStepLRScheduler {
    fn curve(&self) -> Arc<dyn Schedule> {
        let ratio = |drops: usize| self.decay_rate.powf(drops as f64).min(MAX_FACTOR);
        let early = self.decay_t.partition_point(|time| *time <= 1);
        let (mut milestones, mut ratios) = (Vec::new(), vec![ratio(early)]);
        for (index, time) in self.decay_t.iter().enumerate().skip(early) {
            let milestone = time - 1;
            if milestones.last() == Some(&milestone) {
                ratios.pop();
            } else {
                milestones.push(milestone);
            }
            ratios.push(ratio(index + 1));
        }
        if milestones.is_empty() {
            return Arc::new(Constant::new().scale(ratio(early)));
        }
        Arc::new(MultiStep::new(milestones).ratios(ratios))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn peer(decay_t: &[u64], warmup_t: u64, warmup_prefix: bool) -> MultiStepLRScheduler {
        MultiStepLRScheduler {
            decay_rate: 0.5,
            warmup_t,
            warmup_prefix,
            ..MultiStepLRScheduler::new(decay_t)
        }
    }

    #[test]
    fn drops_are_early_and_add_up() {
        let rates = |peer: MultiStepLRScheduler| peer.build(1.0).unwrap().rates(0..5);
        let plain = |decay_t: &[u64]| rates(peer(decay_t, 0, true));
        assert_eq!(plain(&[2, 2, 4]), [1.0, 0.25, 0.25, 0.125, 0.125]);
        // The base rate stands until the first step, even if that is a drop.
        assert_eq!(plain(&[0, 1]), [1.0, 0.25, 0.25, 0.25, 0.25]);
        assert_eq!(plain(&[1, 3, 3]), [1.0, 0.5, 0.125, 0.125, 0.125]);
        let delayed = rates(peer(&[2, 3], 2, true));
        assert_eq!(delayed, [0.0, 0.5, 1.0, 0.5, 0.25]);
        let under = rates(peer(&[2, 4], 2, false));
        assert_eq!(under, [0.0, 0.5, 0.5, 0.25, 0.25]);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |decay_t: &[u64]| {
            let peer = peer(decay_t, 0, true);
            peer.build(0.1).unwrap_err().to_string()
        };
        assert_eq!(error(&[]), "decay_t = []: must have at least one entry");
        assert_eq!(error(&[3, 2]), "decay_t = [3, 2]: must be in order");
        assert!(error(&[3, u64::MAX]).starts_with("decay_t = "));
        let peer = MultiStepLRScheduler {
            decay_rate: f64::NAN,
            ..MultiStepLRScheduler::new([3])
        };
        assert_eq!(peer.build(0.1).unwrap_err().path(), "decay_rate");
    }
}
