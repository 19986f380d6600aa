//! What timm keeps beside the parameters of a group.

use std::sync::Arc;

use crate::{Compose, Schedule, ScheduleError, Scheduler, check};

/// A parameter group of timm: its learning rate, and the `lr_scale` that every rate of its schedule is multiplied by.
///
/// ```
/// use schedules::compat::timm::{CosineLRScheduler, ParamGroup};
///
/// let groups = [ParamGroup::from(0.1), ParamGroup { lr: 0.1, lr_scale: 0.5 }];
/// let rates = CosineLRScheduler::new(2).build_groups(&groups)?;
/// assert_eq!(rates[0].rates(0..3), [0.1, 0.05, 0.0]);
/// assert_eq!(rates[1].rates(0..3), [0.05, 0.025, 0.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct ParamGroup {
    /// The learning rate that the group was made with.
    pub lr: f64,
    /// What its rates are multiplied by, as [`ParamGroupsLayerDecay`](super::ParamGroupsLayerDecay) gives it; default 1.
    #[cfg_attr(feature = "serde", serde(default = "unscaled"))]
    pub lr_scale: f64,
}

fn unscaled() -> f64 {
    1.0
}

impl From<f64> for ParamGroup {
    fn from(lr: f64) -> Self {
        let lr_scale = unscaled();
        Self { lr, lr_scale }
    }
}

impl ParamGroup {
    /// The scheduler of the group, from what makes the schedule for its base rate.
    pub(super) fn scheduler(
        self,
        schedule: impl Fn(f64) -> Result<Arc<dyn Schedule>, ScheduleError>,
    ) -> Result<Scheduler, ScheduleError> {
        let Self { lr, lr_scale } = self;
        let schedule = schedule(lr)?;
        check::ratio("lr_scale", lr_scale)?;
        if lr_scale == 0.0 {
            // There is no peak of 0.
            return schedule.scale(lr_scale).peak(lr);
        }
        schedule.peak(lr * lr_scale)
    }

    /// The schedulers of several groups.
    pub(super) fn schedulers(
        groups: &[Self],
        schedule: impl Fn(f64) -> Result<Arc<dyn Schedule>, ScheduleError>,
    ) -> Result<Vec<Scheduler>, ScheduleError> {
        let groups = groups.iter();
        groups.map(|group| group.scheduler(&schedule)).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::{Constant, Linear};

    #[test]
    fn a_scale_of_zero_keeps_the_parameters_as_they_are() {
        let group = ParamGroup {
            lr: 0.1,
            lr_scale: 0.0,
        };
        let rate = group.scheduler(|_| Ok(Arc::new(Linear::new(2)))).unwrap();
        assert_eq!(rate.rates(0..3), [0.0; 3]);
    }

    #[test]
    fn a_scale_below_zero_is_an_error() {
        let group = ParamGroup {
            lr: 0.1,
            lr_scale: -1.0,
        };
        let error = group.scheduler(|_| Ok(Arc::new(Constant::new())));
        assert_eq!(error.unwrap_err().path(), "lr_scale");
    }
}
