//! PyTorch's `CyclicLR`.

use std::sync::Arc;

use super::function::Function;
use super::link::{Group, Link, Rule};
use super::triangle::{Height, Triangle};
use crate::compat::PerGroup;
use crate::{Compose, Cyclic, CyclicMode, MAX_PEAK, Schedule, ScheduleError, Scheduler, check};

/// What [`CyclicLR`]'s `scale_fn` is a function of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum ScaleMode {
    /// The number of the cycle, from 1.
    #[default]
    Cycle,
    /// The update, from 0.
    Iterations,
}

/// `torch.optim.lr_scheduler.CyclicLR` of PyTorch 2.15: our [`Cyclic`].
///
/// It takes no base rate: PyTorch overwrites the optimizer's. A `scale_fn` stands instead of the mode, and as there
/// nothing keeps its momentum within its limits.
///
/// ```
/// use schedules::compat::torch::CyclicLR;
///
/// let rate = CyclicLR { step_size_up: 2, ..CyclicLR::new(0.2, 1.0) }.build()?;
/// assert_eq!(rate.rates(0..5), [0.2, 0.6000000000000001, 1.0, 0.6000000000000001, 0.2]);
/// assert_eq!([0, 2].map(|update| rate.momentum_at(update)), [Some(0.9), Some(0.8)]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct CyclicLR {
    /// The rate at which a cycle starts.
    pub base_lr: PerGroup,
    /// The rate in its middle.
    pub max_lr: PerGroup,
    /// The number of updates up, at least 1; default 2,000.
    #[cfg_attr(feature = "serde", serde(default = "step_size_up"))]
    pub step_size_up: u64,
    /// The number of updates down; default as many as up.
    #[cfg_attr(feature = "serde", serde(default))]
    pub step_size_down: Option<u64>,
    /// How the height of the cycles changes; by default it does not.
    #[cfg_attr(feature = "serde", serde(default))]
    pub mode: CyclicMode,
    /// What `exp_range` multiplies the height by at every update, above 0; default 1.
    #[cfg_attr(feature = "serde", serde(default = "gamma"))]
    pub gamma: f64,
    /// The height of the cycles, instead of the mode's. A config cannot have one.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub scale_fn: Option<Function>,
    /// What `scale_fn` is a function of; default the cycle.
    #[cfg_attr(feature = "serde", serde(default))]
    pub scale_mode: ScaleMode,
    /// Whether the momentum goes against the rate; default true.
    #[cfg_attr(feature = "serde", serde(default = "cycle_momentum"))]
    pub cycle_momentum: bool,
    /// The momentum at `max_lr`; default 0.8.
    #[cfg_attr(feature = "serde", serde(default = "base_momentum"))]
    pub base_momentum: PerGroup,
    /// The momentum at `base_lr`; default 0.9.
    #[cfg_attr(feature = "serde", serde(default = "max_momentum"))]
    pub max_momentum: PerGroup,
}

fn step_size_up() -> u64 {
    2_000
}

fn gamma() -> f64 {
    1.0
}

fn cycle_momentum() -> bool {
    true
}

fn base_momentum() -> PerGroup {
    PerGroup::All(0.8)
}

fn max_momentum() -> PerGroup {
    PerGroup::All(0.9)
}

impl CyclicLR {
    /// With the defaults of the other arguments.
    pub fn new(base_lr: impl Into<PerGroup>, max_lr: impl Into<PerGroup>) -> Self {
        Self {
            base_lr: base_lr.into(),
            max_lr: max_lr.into(),
            step_size_up: step_size_up(),
            step_size_down: None,
            mode: CyclicMode::default(),
            gamma: gamma(),
            scale_fn: None,
            scale_mode: ScaleMode::default(),
            cycle_momentum: cycle_momentum(),
            base_momentum: base_momentum(),
            max_momentum: max_momentum(),
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

    /// The checked schedule, and its peak.
    fn shape(&self, index: usize, count: usize) -> Result<(Arc<dyn Schedule>, f64), ScheduleError> {
        let of = |path: &str, argument: &PerGroup| argument.of(path, index, count);
        let base = of("base_lr", &self.base_lr)?;
        let max = of("max_lr", &self.max_lr)?;
        check::between("base_lr", base, 0.0..=MAX_PEAK)?;
        check::positive("max_lr", max, MAX_PEAK)?;
        let down = self.step_size_down.unwrap_or(self.step_size_up);
        let peak = base.max(max);
        let cycle = Cyclic::new(self.step_size_up)
            .down(down)
            .floor(base.min(max) / peak)
            .mode(self.mode)
            .gamma(self.gamma)
            .cycle_momentum(self.cycle_momentum)
            .base_momentum(of("base_momentum", &self.base_momentum)?)
            .max_momentum(of("max_momentum", &self.max_momentum)?);
        let names = [("up", "step_size_up"), ("down", "step_size_down")];
        let link = Link::new(cycle, Rule::Sets).named(&names)?;
        if self.scale_fn.is_none() && self.gamma <= 1.0 && base <= max {
            return Ok((link.schedule, peak));
        }
        let height = match (&self.scale_fn, self.scale_mode, self.mode) {
            (Some(function), ScaleMode::Cycle, _) => Height::OfCycle(function.clone()),
            (Some(function), ScaleMode::Iterations, _) => Height::OfUpdate(function.clone()),
            (None, _, CyclicMode::Triangular) => Height::Power {
                of_cycle: 1.0,
                of_update: 1.0,
            },
            (None, _, CyclicMode::Triangular2) => Height::Power {
                of_cycle: 0.5,
                of_update: 1.0,
            },
            (None, _, CyclicMode::ExpRange) => Height::Power {
                of_cycle: 1.0,
                of_update: self.gamma,
            },
        };
        let momentum = |argument: &PerGroup| argument.of("", index, count);
        let triangle = Triangle {
            up: self.step_size_up,
            down,
            base: base / peak,
            max: max / peak,
            momentum: match self.cycle_momentum {
                true => Some((
                    momentum(&self.max_momentum)?,
                    momentum(&self.base_momentum)?,
                )),
                false => None,
            },
            height,
        };
        Ok((Arc::new(triangle.checked()?), peak))
    }

    /// The rate that it leaves in the optimizer as the group's initial one, if it is the first to be constructed.
    pub(super) fn initial(&self, group: Group) -> Result<f64, ScheduleError> {
        self.base_lr.of("base_lr", group.index, group.count)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn cycle(base_lr: f64, max_lr: f64) -> CyclicLR {
        let step_size_up = 2;
        CyclicLR {
            step_size_up,
            ..CyclicLR::new(base_lr, max_lr)
        }
    }

    #[test]
    fn the_base_may_be_above_the_maximum() {
        let rate = cycle(1.0, 0.5).build().unwrap();
        assert_eq!(rate.rates(0..5), [1.0, 0.75, 0.5, 0.75, 1.0]);
        let mode = CyclicMode::Triangular2;
        let halves = CyclicLR {
            mode,
            ..cycle(1.0, 0.5)
        };
        assert_eq!(halves.build().unwrap().rates(4..7), [1.0, 0.875, 0.75]);
    }

    #[test]
    fn growth_takes_the_momentum_with_it() {
        let (mode, gamma) = (CyclicMode::ExpRange, 2.0);
        let growth = CyclicLR {
            mode,
            gamma,
            ..cycle(0.0, 1.0)
        };
        let rate = growth.build().unwrap();
        assert_eq!(rate.rates(0..4), [0.0, 1.0, 4.0, 4.0]);
        assert!((rate.momentum_at(2).unwrap() - 0.5).abs() < 1e-15);
        let cycle_momentum = false;
        let without = CyclicLR {
            cycle_momentum,
            ..growth
        };
        assert_eq!(without.build().unwrap().momentum_at(2), None);
    }

    #[test]
    fn errors_name_the_peers_arguments() {
        let path = |peer: CyclicLR| peer.build().unwrap_err().path().to_owned();
        assert_eq!(path(cycle(-0.1, 1.0)), "base_lr");
        assert_eq!(path(cycle(0.1, 0.0)), "max_lr");
        let step_size_up = 0;
        assert_eq!(
            path(CyclicLR {
                step_size_up,
                ..cycle(0.1, 1.0)
            }),
            "step_size_up"
        );
        let base_momentum = PerGroup::Each(vec![0.8, 0.9]);
        let lists = CyclicLR {
            base_momentum,
            ..cycle(0.1, 1.0)
        };
        assert_eq!(path(lists.clone()), "base_momentum");
        let momenta = lists.build_groups(2).unwrap();
        assert_eq!(momenta[1].momentum_at(2), Some(0.9));
        assert!(lists.build_groups(3).is_err());
    }
}
