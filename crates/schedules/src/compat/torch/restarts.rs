//! PyTorch's `CosineAnnealingWarmRestarts`.

use super::link::{Group, Link, Rule};
use crate::{
    CosineRestarts, Fingerprint, MAX_FACTOR, MAX_PEAK, Schedule, ScheduleError, Scheduler, check,
};

/// `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts` of PyTorch 2.15: our [`CosineRestarts`], but `eta_min` may be
/// above the base rate, and then every cycle climbs.
///
/// `step(epoch + i / n)` is [`factor_at`](crate::Schedule::factor_at) with that time. There the logarithm that
/// PyTorch finds the cycle with is sometimes off at a restart; `step()` and this are exact.
///
/// ```
/// use schedules::compat::torch::CosineAnnealingWarmRestarts;
///
/// let peer = CosineAnnealingWarmRestarts { T_mult: 2, ..CosineAnnealingWarmRestarts::new(1) };
/// let rate = peer.build(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.8, 0.4, 0.8]);
/// assert_eq!(rate.peak() * rate.schedule().factor_at(0.5), 0.4);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[allow(non_snake_case)]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct CosineAnnealingWarmRestarts {
    /// The number of updates of the first cycle, at least 1.
    pub T_0: u64,
    /// How many times as long as the one before it a cycle is, at least 1; default 1.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub T_mult: u64,
    /// The rate that every cycle leads to; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub eta_min: f64,
}

#[cfg(feature = "serde")]
fn one() -> u64 {
    1
}

impl CosineAnnealingWarmRestarts {
    /// With the defaults of the other arguments.
    #[allow(non_snake_case)]
    pub fn new(T_0: u64) -> Self {
        Self {
            T_0,
            T_mult: 1,
            eta_min: 0.0,
        }
    }

    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        let group = Group::only(base_lr);
        group.build(self.link(group))
    }

    pub(super) fn link(&self, group: Group) -> Result<Link, ScheduleError> {
        check::between("eta_min", self.eta_min, 0.0..=MAX_PEAK)?;
        let cycles = CosineRestarts::new(self.T_0).multiplier(self.T_mult as f64);
        let end = self.eta_min / group.base_lr;
        let link = Link::new(Towards { cycles, end }, Rule::Sets);
        link.named(&[("first_cycle", "T_0"), ("multiplier", "T_mult")])
    }
}

/// Cycles from 1 to a ratio, which may exceed 1.
#[derive(Clone, Copy, Debug)]
struct Towards {
    cycles: CosineRestarts,
    end: f64,
}

impl Towards {
    fn at(&self, remaining: f64) -> f64 {
        (remaining + self.end * (1.0 - remaining)).min(MAX_FACTOR)
    }
}

impl Schedule for Towards {
    fn factor(&self, update: u64) -> f64 {
        self.at(self.cycles.factor(update))
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.at(self.cycles.factor_at(time))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        self.cycles.check()
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("torch_restarts")
            .nested(&self.cycles)
            .number(self.end)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_peers_arguments() {
        let text = |first, mult, eta_min| {
            let peer = CosineAnnealingWarmRestarts {
                T_0: first,
                T_mult: mult,
                eta_min,
            };
            peer.build(0.1).unwrap_err().to_string()
        };
        assert_eq!(text(0, 1, 0.0), "T_0 = 0: must be at least 1");
        assert_eq!(text(1, 0, 0.0), "T_mult = 0.0: must be between 1 and 1e18");
        assert_eq!(
            text(1, 1, -0.2),
            "eta_min = -0.2: must be between 0 and 1e18"
        );
    }

    #[test]
    fn a_cycle_may_climb() {
        let climbs = |eta_min| {
            let peer = CosineAnnealingWarmRestarts {
                eta_min,
                ..CosineAnnealingWarmRestarts::new(2)
            };
            peer.build(0.5).unwrap()
        };
        assert_eq!(climbs(1.0).rates(0..4), [0.5, 0.75, 0.5, 0.75]);
        let (one, other) = (climbs(1.0), climbs(2.0));
        assert_ne!(one.schedule().fingerprint(), other.schedule().fingerprint());
    }
}
