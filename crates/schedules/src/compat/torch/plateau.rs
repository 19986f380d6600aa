//! PyTorch's `ReduceLROnPlateau`.

use crate::compat::PerGroup;
use crate::{
    Compose, Constant, FeedbackHandle, MAX_PEAK, MetricMode, Plateau, PlateauRule, ScheduleError,
    Scheduler, check,
};

/// Whether a threshold is a share of the best metric or a distance from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum ThresholdMode {
    /// A share.
    #[default]
    Rel,
    /// A distance.
    Abs,
}

impl ThresholdMode {
    /// The threshold as a share, and as a distance.
    pub(crate) fn split(self, threshold: f64) -> (f64, f64) {
        match self {
            Self::Rel => (threshold, 0.0),
            Self::Abs => (0.0, threshold),
        }
    }
}

/// `torch.optim.lr_scheduler.ReduceLROnPlateau` of PyTorch 2.15; see [`PlateauRule::Torch`].
///
/// A negative metric is judged wrongly with [`ThresholdMode::Rel`], as there.
///
/// ```
/// use schedules::compat::torch::ReduceLROnPlateau;
///
/// let peer = ReduceLROnPlateau { patience: 1, min_lr: 0.05.into(), ..Default::default() };
/// let (mut rate, plateau) = peer.build(0.1)?;
/// let mut rates = Vec::new();
/// for loss in [1.0, 1.0, 1.0, 1.0] {
///     rates.push(rate.step());
///     plateau.report(loss);
/// }
/// assert_eq!(rates, [0.1, 0.1, 0.1, 0.05]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct ReduceLROnPlateau {
    /// Whether a lower or a higher metric is better; default `min`.
    pub mode: MetricMode,
    /// What the rate is multiplied by; default 0.1.
    pub factor: f64,
    /// The number of bad reports that are tolerated; default 10.
    pub patience: u64,
    /// What a metric has to be better by; default 1e-4.
    pub threshold: f64,
    /// How the threshold is meant; default `rel`.
    pub threshold_mode: ThresholdMode,
    /// The number of reports after a change that are not counted; default 0.
    pub cooldown: u64,
    /// The lowest learning rate; default 0.
    pub min_lr: PerGroup,
    /// A change has to be larger; default 1e-8.
    pub eps: f64,
}

impl Default for ReduceLROnPlateau {
    fn default() -> Self {
        Self {
            mode: MetricMode::Min,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Rel,
            cooldown: 0,
            min_lr: PerGroup::All(0.0),
            eps: 1e-8,
        }
    }
}

impl ReduceLROnPlateau {
    /// The scheduler of one parameter group.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<(Scheduler, FeedbackHandle), ScheduleError> {
        self.group(base_lr, 0, 1)
    }

    /// The schedulers of several parameter groups. Each has its own handle, and all want the same reports.
    ///
    /// # Errors
    /// The first argument out of its range, or a list that has not one entry for each group.
    pub fn build_groups(
        &self,
        base_lrs: &[f64],
    ) -> Result<Vec<(Scheduler, FeedbackHandle)>, ScheduleError> {
        let groups = base_lrs.iter().enumerate();
        groups
            .map(|(group, base_lr)| self.group(*base_lr, group, base_lrs.len()))
            .collect()
    }

    fn group(
        &self,
        base_lr: f64,
        group: usize,
        groups: usize,
    ) -> Result<(Scheduler, FeedbackHandle), ScheduleError> {
        let rate = Constant::new().peak(base_lr)?;
        let min_lr = self.min_lr.of("min_lr", group, groups)?;
        check::between("min_lr", min_lr, 0.0..=MAX_PEAK)?;
        check::between("eps", self.eps, 0.0..=MAX_PEAK)?;
        let (threshold, min_delta) = self.threshold_mode.split(self.threshold);
        let plateau = Plateau::min()
            .mode(self.mode)
            .rule(PlateauRule::Torch)
            .factor(self.factor)
            .patience(self.patience)
            .threshold(threshold)
            .min_delta(min_delta)
            .cooldown(self.cooldown)
            .floor(min_lr)
            .eps(self.eps)
            .absolute(base_lr);
        rate.plateau(plateau)
            .map_err(|error| named(error, "threshold"))
    }
}

/// The error at the peer's argument instead of `plateau`'s; `threshold` is the peer's name of either threshold.
pub(crate) fn named(error: ScheduleError, threshold: &str) -> ScheduleError {
    let path = match error.field() {
        "threshold" | "min_delta" => threshold,
        field => field,
    };
    let path = path.to_owned();
    error.at(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn limits_above_the_first_rate_prevent_every_change() {
        let limited = |min_lr: f64, eps| {
            let (patience, min_lr) = (0, min_lr.into());
            let peer = ReduceLROnPlateau {
                patience,
                min_lr,
                eps,
                ..Default::default()
            };
            let (rate, plateau) = peer.build(0.1).unwrap();
            plateau.report(1.0);
            plateau.report(1.0);
            rate.rate_at(0)
        };
        assert_eq!(limited(0.5, 0.0), 0.1);
        assert_eq!(limited(0.0, 5.0), 0.1);
        assert_eq!(limited(0.02, 0.0), 0.02);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |peer: ReduceLROnPlateau| peer.build(0.1).unwrap_err().to_string();
        let default = ReduceLROnPlateau::default;
        assert_eq!(
            error(ReduceLROnPlateau {
                threshold: -1.0,
                threshold_mode: ThresholdMode::Abs,
                ..default()
            }),
            "threshold = -1.0: must be between 0 and 1e18"
        );
        assert_eq!(
            error(ReduceLROnPlateau {
                factor: 1.0,
                ..default()
            }),
            "factor = 1.0: must be above 0 and below 1"
        );
        assert_eq!(
            error(ReduceLROnPlateau {
                min_lr: vec![0.1, 0.2].into(),
                ..default()
            }),
            "min_lr = [0.1, 0.2]: must have one entry for each of the 1 groups"
        );
        assert_eq!(default().build(0.0).unwrap_err().path(), "peak");
    }
}
