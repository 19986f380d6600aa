//! Changes at given updates.

use std::sync::Arc;

use crate::power::power;
#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span, form};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// A drop at each of a list of updates, or a constant ratio between them.
///
/// ```text
/// factor(t) = gamma ^ k      with k the number of milestones that are at most t
/// factor(t) = ratios[k]      with ratios of their own
/// ```
///
/// `milestones` are updates and increase; the new rate applies at the milestone. `gamma` (default 0.1) multiplies the
/// rate there; growth (`gamma` above 1) saturates at [`MAX_FACTOR`](crate::MAX_FACTOR). `ratios`, one
/// more than the milestones, stand instead of `gamma`: the ratio to the peak before the first milestone and from each of them on.
///
/// The drops are PyTorch's `MultiStepLR`, and where a milestone stands there twice the ratios say it. Keras'
/// `PiecewiseConstantDecay` and optax' `piecewise_constant_schedule` are ratios, Keras' one update later. A warm-up
/// [within](crate::Compose::warmup_within) it leaves the milestones where they are in the run.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = MultiStep::new([2, 3]).gamma(0.5).peak(0.8)?;
/// assert_eq!(rate.rates(0..5), [0.8, 0.8, 0.4, 0.2, 0.2]);
///
/// let rate = MultiStep::new([2, 3]).ratios([0.25, 1.0, 0.5]).peak(0.8)?;
/// assert_eq!(rate.rates(0..5), [0.2, 0.2, 0.8, 0.4, 0.4]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, MultiStep<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, MultiStep<L>: Default")
)]
pub struct MultiStep<L = u64> {
    /// When the rate changes: increasing, at least one.
    milestones: Vec<L>,
    /// What the rate is multiplied by at each milestone, above 0; 0.1 where neither it nor `ratios` is given.
    gamma: Option<f64>,
    /// Instead of `gamma`: the ratio of the peak before the first milestone and from each of them on.
    ratios: Option<Vec<f64>>,
}

const GAMMA: f64 = 0.1;

impl MultiStep {
    /// A drop to a tenth at each of `milestones`, which increase; the first is at least 1.
    pub fn new(milestones: impl Into<Vec<u64>>) -> Self {
        Self {
            milestones: milestones.into(),
            gamma: None,
            ratios: None,
        }
    }
}

impl<L> MultiStep<L> {
    /// What the rate is multiplied by at each milestone, above 0 and at most [`MAX_FACTOR`](crate::MAX_FACTOR);
    /// default 0.1.
    pub fn gamma(self, gamma: f64) -> Self {
        Self {
            gamma: Some(gamma),
            ..self
        }
    }

    /// The ratio of the peak before the first milestone and from each of them on, from 0 to
    /// [`MAX_FACTOR`](crate::MAX_FACTOR).
    pub fn ratios(self, ratios: impl Into<Vec<f64>>) -> Self {
        Self {
            ratios: Some(ratios.into()),
            ..self
        }
    }
}

impl Schedule for MultiStep {
    fn factor(&self, update: u64) -> f64 {
        let passed = self
            .milestones
            .partition_point(|milestone| *milestone <= update);
        match &self.ratios {
            // Unchecked there may be too few.
            Some(ratios) => ratios.get(passed).copied().unwrap_or(1.0),
            None => power(self.gamma.unwrap_or(GAMMA), passed as f64),
        }
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.factor(time as u64)
    }

    fn length(&self) -> Option<u64> {
        self.milestones.last().copied()
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let earlier = |milestone: &u64| milestone.saturating_sub(updates);
        Some(Arc::new(Self {
            milestones: self.milestones.iter().map(earlier).collect(),
            ..self.clone()
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        if self.milestones.is_empty() {
            return Err(ScheduleError::new(
                "multi_step.milestones",
                &self.milestones,
                "must have at least one entry",
            ));
        }
        let mut before = 0;
        for (index, milestone) in self.milestones.iter().enumerate() {
            let path = format!("multi_step.milestones[{index}]");
            check::updates(&path, *milestone)?;
            if *milestone <= before {
                let allowed = format!("must be after update {before}");
                return Err(ScheduleError::new(path, milestone, allowed));
            }
            before = *milestone;
        }
        let Some(ratios) = &self.ratios else {
            return check::decay("multi_step.gamma", self.gamma.unwrap_or(GAMMA));
        };
        if let Some(gamma) = self.gamma {
            return Err(ScheduleError::new(
                "multi_step.gamma",
                gamma,
                "stands beside `ratios`, which say the same: keep one of them",
            ));
        }
        let milestones = self.milestones.len();
        if ratios.len() != milestones + 1 {
            let allowed =
                format!("must have one entry more than `milestones`, which has {milestones}");
            return Err(ScheduleError::new("multi_step.ratios", ratios, allowed));
        }
        ratios.iter().enumerate().try_for_each(|(index, ratio)| {
            check::ratio(&format!("multi_step.ratios[{index}]"), *ratio)
        })
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("multi_step").count(self.milestones.len() as u64);
        let milestones = self
            .milestones
            .iter()
            .fold(start, |all, milestone| all.count(*milestone));
        match &self.ratios {
            Some(ratios) => ratios
                .iter()
                .fold(milestones.count(1), |all, ratio| all.number(*ratio)),
            None => milestones.count(0).number(self.gamma.unwrap_or(GAMMA)),
        }
        .finish()
    }
}

/// `kind = "multi_step"`: to a tenth at half and at three quarters of the run, as He et al. (2016) trained on CIFAR-10.
#[cfg(feature = "serde")]
impl Default for MultiStep<Span> {
    fn default() -> Self {
        Self {
            milestones: vec![Span::PercentOfRest(50.0), Span::PercentOfRest(75.0)],
            gamma: None,
            ratios: None,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for MultiStep<Span> {
    const KIND: &'static str = "multi_step";
    const PEERS: &'static [&'static str] = &[
        "MultiStepLR",
        "PiecewiseConstantDecay",
        "piecewise_constant_schedule",
        "piecewise_constant",
    ];
    type Resolved = MultiStep;

    fn resolve(&self, horizon: &Horizon) -> Result<MultiStep, ScheduleError> {
        let mut milestones = Vec::new();
        let mut before = 0;
        for (index, span) in self.milestones.iter().enumerate() {
            let milestone = horizon.resolve(*span);
            if milestone <= before {
                let path = format!("multi_step.milestones[{index}]");
                let allowed = format!("is update {milestone}, which must be after {before}");
                return Err(form::wrong(&path, span, &allowed));
            }
            milestones.push(milestone);
            before = milestone;
        }
        MultiStep {
            milestones,
            gamma: self.gamma,
            ratios: self.ratios.clone(),
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::MAX_FACTOR;
    use crate::prelude::*;

    #[test]
    fn growth_saturates() {
        let growth = MultiStep::new([1, 2, 5]).gamma(1e9);
        assert_eq!((growth.factor(1), growth.factor(4)), (1e9, 1e18));
        assert_eq!(growth.factor(u64::MAX), MAX_FACTOR);
    }

    #[test]
    fn it_ends_at_its_last_milestone() {
        let schedule = MultiStep::new([10, 40]);
        assert_eq!(schedule.length(), Some(40));
        assert!(schedule.factor(39) > schedule.factor(40));
        assert_eq!(schedule.factor_at(39.9), 0.1);
    }

    #[test]
    fn a_warm_up_within_leaves_the_milestones_where_they_are() {
        let schedule = MultiStep::new([10, 40]).gamma(0.5).warmup_within(9);
        assert_eq!((schedule.check(), schedule.length()), (Ok(()), Some(40)));
        let found = [8, 9, 10, 39, 40].map(|update| schedule.factor(update));
        assert_eq!(found, [0.9, 1.0, 0.5, 0.5, 0.25]);
        let error = MultiStep::new([10, 40]).warmup_within(10).check();
        assert_eq!(error.unwrap_err().path(), "warmup.multi_step.milestones[0]");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let text = |schedule: MultiStep| schedule.check().unwrap_err().to_string();
        assert_eq!(
            text(MultiStep::new([])),
            "multi_step.milestones = []: must have at least one entry"
        );
        assert_eq!(
            text(MultiStep::new([0])),
            "multi_step.milestones[0] = 0: must be after update 0"
        );
        assert_eq!(
            text(MultiStep::new([5, 5])),
            "multi_step.milestones[1] = 5: must be after update 5"
        );
        assert_eq!(
            text(MultiStep::new([5]).gamma(0.0)),
            "multi_step.gamma = 0.0: must be above 0 and at most 1e18"
        );
        assert_eq!(
            text(MultiStep::new([5]).ratios([1.0])),
            "multi_step.ratios = [1.0]: must have one entry more than `milestones`, which has 1"
        );
        assert_eq!(
            text(MultiStep::new([5]).ratios([1.0, -0.5])),
            "multi_step.ratios[1] = -0.5: must be between 0 and 1e18"
        );
        assert_eq!(
            text(MultiStep::new([5]).ratios([1.0, 0.5]).gamma(0.5)),
            "multi_step.gamma = 0.5: stands beside `ratios`, which say the same: keep one of them"
        );
        assert_eq!(MultiStep::new([5]).ratios([]).factor(7), 1.0);
    }

    #[test]
    fn every_parameter_is_in_the_fingerprint() {
        let all = [
            MultiStep::new([5]),
            MultiStep::new([6]),
            MultiStep::new([5, 6]),
            MultiStep::new([5]).gamma(0.5),
            MultiStep::new([5]).ratios([1.0, 0.1]),
            MultiStep::new([5]).ratios([1.0, 0.2]),
        ]
        .map(|schedule| schedule.fingerprint());
        assert!((1..all.len()).all(|index| !all[..index].contains(&all[index])));
        assert_eq!(all[0], MultiStep::new([5]).gamma(0.1).fingerprint());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_config_names_the_milestone() {
        let horizon = Horizon::new(1_000, 50);
        let config = MultiStep::<Span>::default();
        assert_eq!(config.resolve(&horizon), Ok(MultiStep::new([500, 750])));
        let config = MultiStep {
            milestones: vec![Span::Percent(10.0), Span::Epochs(2.0)],
            ..config
        };
        assert_eq!(
            config.resolve(&horizon).unwrap_err().to_string(),
            "multi_step.milestones[1] = \"2ep\": is update 100, which must be after 100"
        );
    }
}
