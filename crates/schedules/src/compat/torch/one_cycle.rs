//! PyTorch's `OneCycleLR`.

use std::sync::Arc;

use super::link::{Group, Link, Rule};
use crate::compat::PerGroup;
use crate::{Curve, MAX_PEAK, OneCycle, Schedule, ScheduleError, Scheduler, check};

/// The curve from one rate to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum AnnealStrategy {
    /// Half a period of a cosine.
    #[default]
    Cos,
    /// A straight line.
    Linear,
}

/// `torch.optim.lr_scheduler.OneCycleLR` of PyTorch 2.15: our [`OneCycle`].
///
/// It takes no base rate: PyTorch overwrites the optimizer's. After the last update, where PyTorch raises an error, the
/// last rate holds. As there, a `pct_start` of 1 only rises, and of three phases that do not fit there is what
/// lies between the first and the last update.
///
/// ```
/// use schedules::compat::torch::OneCycleLR;
///
/// let peer = OneCycleLR { epochs: Some(2), steps_per_epoch: Some(5), ..OneCycleLR::new(0.1) };
/// let rate = peer.build()?;
/// assert_eq!([0, 2, 9].map(|update| rate.rate_at(update)), [0.004, 0.1, 4e-7]);
/// assert_eq!(rate.momentum_at(2), Some(0.85));
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct OneCycleLR {
    /// The highest rate.
    pub max_lr: PerGroup,
    /// The number of updates, or else `epochs` times `steps_per_epoch`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub total_steps: Option<u64>,
    /// The number of epochs.
    #[cfg_attr(feature = "serde", serde(default))]
    pub epochs: Option<u64>,
    /// The number of updates in an epoch.
    #[cfg_attr(feature = "serde", serde(default))]
    pub steps_per_epoch: Option<u64>,
    /// The share of the updates on the way up; default 0.3.
    #[cfg_attr(feature = "serde", serde(default = "pct_start"))]
    pub pct_start: f64,
    /// The curve from one rate to the next; default a cosine.
    #[cfg_attr(feature = "serde", serde(default))]
    pub anneal_strategy: AnnealStrategy,
    /// Whether the momentum goes against the rate; default true.
    #[cfg_attr(feature = "serde", serde(default = "cycle_momentum"))]
    pub cycle_momentum: bool,
    /// The momentum at the highest rate; default 0.85.
    #[cfg_attr(feature = "serde", serde(default = "base_momentum"))]
    pub base_momentum: PerGroup,
    /// The momentum at first and in the end; default 0.95.
    #[cfg_attr(feature = "serde", serde(default = "max_momentum"))]
    pub max_momentum: PerGroup,
    /// The first rate is `max_lr` divided by this; default 25.
    #[cfg_attr(feature = "serde", serde(default = "div_factor"))]
    pub div_factor: f64,
    /// The last rate is the first one divided by this; default 10,000.
    #[cfg_attr(feature = "serde", serde(default = "final_div_factor"))]
    pub final_div_factor: f64,
    /// Whether it falls back to the first rate, as fast as it rose, and only then to the last; default false.
    #[cfg_attr(feature = "serde", serde(default))]
    pub three_phase: bool,
}

fn pct_start() -> f64 {
    0.3
}

fn cycle_momentum() -> bool {
    true
}

fn base_momentum() -> PerGroup {
    PerGroup::All(0.85)
}

fn max_momentum() -> PerGroup {
    PerGroup::All(0.95)
}

fn div_factor() -> f64 {
    25.0
}

fn final_div_factor() -> f64 {
    1e4
}

impl OneCycleLR {
    /// With the defaults of the other arguments; `total_steps`, or `epochs` and `steps_per_epoch`, must be set too.
    pub fn new(max_lr: impl Into<PerGroup>) -> Self {
        Self {
            max_lr: max_lr.into(),
            total_steps: None,
            epochs: None,
            steps_per_epoch: None,
            pct_start: pct_start(),
            anneal_strategy: AnnealStrategy::default(),
            cycle_momentum: cycle_momentum(),
            base_momentum: base_momentum(),
            max_momentum: max_momentum(),
            div_factor: div_factor(),
            final_div_factor: final_div_factor(),
            three_phase: false,
        }
    }

    /// The scheduler of one parameter group.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler(0, 1)
    }

    /// The schedulers of so many parameter groups.
    ///
    /// # Errors
    /// The first argument out of its range, or a list that has not one entry for each group.
    pub fn build_groups(&self, groups: usize) -> Result<Vec<Scheduler>, ScheduleError> {
        (0..groups)
            .map(|index| self.scheduler(index, groups))
            .collect()
    }

    fn scheduler(&self, index: usize, count: usize) -> Result<Scheduler, ScheduleError> {
        let (cycle, peak) = self.shape(index, count)?;
        Scheduler::new(cycle, peak)
    }

    pub(super) fn link(&self, group: Group) -> Result<Link, ScheduleError> {
        let (cycle, peak) = self.shape(group.index, group.count)?;
        Ok(Link::new(cycle, Rule::Sets).scaled(peak / group.base_lr))
    }

    fn steps(&self) -> Result<u64, ScheduleError> {
        match (self.total_steps, self.epochs, self.steps_per_epoch) {
            (Some(total), _, _) => check::length("total_steps", total).map(|()| total),
            (None, Some(epochs), Some(steps)) => {
                check::length("epochs", epochs)?;
                check::length("steps_per_epoch", steps)?;
                Ok(epochs.saturating_mul(steps))
            }
            _ => Err(ScheduleError::missing(
                "total_steps",
                "must be set, or else `epochs` and `steps_per_epoch`",
            )),
        }
    }

    /// The checked schedule, and its peak.
    fn shape(&self, index: usize, count: usize) -> Result<(Arc<dyn Schedule>, f64), ScheduleError> {
        let of = |path: &str, argument: &PerGroup| argument.of(path, index, count);
        let max = of("max_lr", &self.max_lr)?;
        check::positive("max_lr", max, MAX_PEAK)?;
        check::decay("div_factor", self.div_factor)?;
        check::decay("final_div_factor", self.final_div_factor)?;
        let first = self.div_factor.recip();
        let cycle = OneCycle::new(self.steps()?)
            .literal()
            .rise(self.pct_start)
            .start(first)
            .end(first / self.final_div_factor)
            .anneal(match self.anneal_strategy {
                AnnealStrategy::Cos => Curve::Cosine,
                AnnealStrategy::Linear => Curve::Linear,
            })
            .three_phases(self.three_phase)
            .cycle_momentum(self.cycle_momentum)
            .base_momentum(of("base_momentum", &self.base_momentum)?)
            .max_momentum(of("max_momentum", &self.max_momentum)?);
        let link = Link::new(cycle, Rule::Sets).named(&[
            ("length", "total_steps"),
            ("rise", "pct_start"),
            ("start", "div_factor"),
            ("end", "final_div_factor"),
        ])?;
        Ok((link.schedule, max))
    }

    /// The rate that it leaves in the optimizer as the group's initial one.
    pub(super) fn initial(&self, group: Group) -> Result<f64, ScheduleError> {
        let max = self.max_lr.of("max_lr", group.index, group.count)?;
        Ok(max / self.div_factor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn the_number_of_updates_has_two_forms() {
        let error = OneCycleLR::new(0.1).build().unwrap_err();
        assert_eq!(
            error.to_string(),
            "total_steps: must be set, or else `epochs` and `steps_per_epoch`"
        );
        let (epochs, steps_per_epoch) = (Some(3), Some(4));
        let product = OneCycleLR {
            epochs,
            steps_per_epoch,
            ..OneCycleLR::new(0.1)
        };
        let both = OneCycleLR {
            total_steps: Some(7),
            ..product.clone()
        };
        let length = |peer: OneCycleLR| peer.build().unwrap().schedule().length();
        assert_eq!((length(product), length(both)), (Some(11), Some(6)));
    }

    #[test]
    fn what_does_not_fit_is_cut_off() {
        let peer = |pct_start, three_phase| {
            let peer = OneCycleLR {
                total_steps: Some(9),
                pct_start,
                three_phase,
                div_factor: 4.0,
                anneal_strategy: AnnealStrategy::Linear,
                ..OneCycleLR::new(1.0)
            };
            peer.build().unwrap()
        };
        let rises = peer(1.0, false);
        assert_eq!(
            [0, 4, 8, 9].map(|update| rises.rate_at(update)),
            [0.25, 0.625, 1.0, 1.0]
        );
        assert_eq!(rises.momentum_at(99), Some(0.85));
        assert_eq!(rises.schedule().length(), Some(8));
        assert_eq!(peer(1.0, true).rates(0..10), rises.rates(0..10));
        // Up to update 5, and after 3 of the 5 updates back.
        let falls = peer(2.0 / 3.0, true);
        assert_eq!(falls.rate_at(5), 1.0);
        assert!((falls.rate_at(8) - 0.55).abs() < 1e-15);
        assert_eq!(falls.rate_at(99), falls.rate_at(8));
        assert_eq!(falls.schedule().factor_at(8.5), falls.rate_at(8));
        // The peak and the first way back lie before the first update.
        let late = peer(1.0 / 18.0, true);
        assert!((late.rate_at(0) - 0.22222).abs() < 1e-4);
        assert_eq!(late.rate_at(8), 0.25 * 1e-4);
    }

    #[test]
    fn errors_name_the_peers_arguments() {
        let peer = |total| OneCycleLR {
            total_steps: Some(total),
            ..OneCycleLR::new(vec![0.1, 0.2])
        };
        let path = |peer: OneCycleLR| peer.build_groups(2).unwrap_err().path().to_owned();
        assert_eq!(peer(9).build_groups(2).unwrap()[1].peak(), 0.2);
        assert_eq!(peer(9).build().unwrap_err().path(), "max_lr");
        assert_eq!(path(peer(0)), "total_steps");
        let pct_start = 1.5;
        assert_eq!(
            path(OneCycleLR {
                pct_start,
                ..peer(9)
            }),
            "pct_start"
        );
        let div_factor = 0.0;
        assert_eq!(
            path(OneCycleLR {
                div_factor,
                ..peer(9)
            }),
            "div_factor"
        );
    }
}
