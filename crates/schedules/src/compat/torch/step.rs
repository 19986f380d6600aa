//! PyTorch's `StepLR` and `MultiStepLR`.

use super::link::{Group, Link, Rule};
use crate::{Compose, Constant, MAX_FACTOR, MultiStep, ScheduleError, Scheduler, Step, check};

/// `torch.optim.lr_scheduler.StepLR` of PyTorch 2.15: our [`Step`].
///
/// ```
/// use schedules::compat::torch::StepLR;
///
/// let rate = StepLR { gamma: 0.5, ..StepLR::new(2) }.build(0.8)?;
/// assert_eq!(rate.rates(0..5), [0.8, 0.8, 0.4, 0.4, 0.2]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct StepLR {
    /// The number of updates between two drops, at least 1.
    pub step_size: u64,
    /// What the rate is multiplied by at each, above 0; default 0.1.
    #[cfg_attr(feature = "serde", serde(default = "gamma"))]
    pub gamma: f64,
}

fn gamma() -> f64 {
    0.1
}

impl StepLR {
    /// With the default of the other argument.
    pub fn new(step_size: u64) -> Self {
        let gamma = gamma();
        Self { step_size, gamma }
    }

    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        Group::only(base_lr).build(self.link())
    }

    pub(super) fn link(&self) -> Result<Link, ScheduleError> {
        let steps = Step::new(self.step_size).gamma(self.gamma);
        Link::new(steps, Rule::Multiplies).named(&[("every", "step_size")])
    }
}

/// `torch.optim.lr_scheduler.MultiStepLR` of PyTorch 2.15: our [`MultiStep`].
///
/// The milestones may come in any order, and the rate is multiplied as often as one stands there.
///
/// ```
/// use schedules::compat::torch::MultiStepLR;
///
/// let rate = MultiStepLR { gamma: 0.5, ..MultiStepLR::new([3, 1, 3]) }.build(0.8)?;
/// assert_eq!(rate.rates(0..5), [0.8, 0.4, 0.4, 0.1, 0.1]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct MultiStepLR {
    /// The updates at which the rate drops.
    pub milestones: Vec<u64>,
    /// What it is multiplied by at each, above 0; default 0.1.
    #[cfg_attr(feature = "serde", serde(default = "gamma"))]
    pub gamma: f64,
}

impl MultiStepLR {
    /// With the default of the other argument.
    pub fn new(milestones: impl Into<Vec<u64>>) -> Self {
        Self {
            milestones: milestones.into(),
            gamma: gamma(),
        }
    }

    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        Group::only(base_lr).build(self.link())
    }

    pub(super) fn link(&self) -> Result<Link, ScheduleError> {
        check::decay("gamma", self.gamma)?;
        let mut sorted = self.milestones.clone();
        sorted.sort_unstable();
        let mut places = sorted.clone();
        places.dedup();
        places.retain(|milestone| *milestone > 0);
        let passed = |update: u64| sorted.partition_point(|milestone| *milestone <= update) as f64;
        let ratio = |update: u64| self.gamma.powf(passed(update)).min(MAX_FACTOR);
        if places.is_empty() {
            let constant = Constant::new().scale(ratio(0));
            return Ok(Link::new(constant, Rule::Multiplies));
        }
        let steps = MultiStep::new(places.clone());
        let steps = if places.len() == sorted.len() {
            steps.gamma(self.gamma)
        } else {
            let ratios = [0].iter().chain(&places).map(|update| ratio(*update));
            steps.ratios(ratios.collect::<Vec<f64>>())
        };
        Link::new(steps, Rule::Multiplies).named(&[])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn multi(milestones: &[u64]) -> Scheduler {
        let gamma = 0.5;
        let peer = MultiStepLR {
            gamma,
            ..MultiStepLR::new(milestones)
        };
        peer.build(1.0).unwrap()
    }

    #[test]
    fn milestones_count_as_often_as_they_stand_there() {
        assert_eq!(multi(&[2, 2, 2]).rates(0..4), [1.0, 1.0, 0.125, 0.125]);
        assert_eq!(multi(&[0, 3, 0]).rates(0..4), [0.25, 0.25, 0.25, 0.125]);
        assert_eq!(multi(&[0]).rates(0..2), [0.5, 0.5]);
        assert_eq!(multi(&[]).rates(0..2), [1.0, 1.0]);
        assert_eq!(multi(&[3, 1]).rates(0..4), [1.0, 0.5, 0.5, 0.25]);
    }

    #[test]
    fn errors_name_the_peers_arguments() {
        let text = |built: Result<Scheduler, ScheduleError>| built.unwrap_err().to_string();
        assert_eq!(
            text(StepLR::new(0).build(0.1)),
            "step_size = 0: must be at least 1"
        );
        let gamma = 0.0;
        assert_eq!(
            text(
                MultiStepLR {
                    gamma,
                    ..MultiStepLR::new([])
                }
                .build(0.1)
            ),
            "gamma = 0.0: must be above 0 and at most 1e18"
        );
        assert_eq!(
            text(StepLR::new(1).build(0.0)),
            "base_lr = 0.0: must be above 0 and at most 1e18"
        );
    }
}
