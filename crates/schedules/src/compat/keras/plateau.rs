//! Keras' `ReduceLROnPlateau`.

use crate::compat::torch::named;
use crate::{
    Compose, Constant, FeedbackHandle, MAX_PEAK, MetricMode, Plateau, PlateauRule, ScheduleError,
    Scheduler, check,
};

/// Whether a lower or a higher metric is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Mode {
    /// By the name of the metric: lower, for a loss.
    #[default]
    Auto,
    /// Lower.
    Min,
    /// Higher.
    Max,
}

/// `keras.callbacks.ReduceLROnPlateau` of Keras 3.15; see [`PlateauRule::Keras`].
///
/// ```
/// use schedules::compat::keras::ReduceLROnPlateau;
///
/// let peer = ReduceLROnPlateau { patience: 1, factor: 0.5, cooldown: 2, ..Default::default() };
/// let (mut rate, plateau) = peer.build(0.1)?;
/// let mut rates = Vec::new();
/// for loss in [1.0; 6] {
///     rates.push(rate.step());
///     plateau.report(loss);
/// }
/// assert_eq!(rates, [0.1, 0.1, 0.05, 0.05, 0.025, 0.025]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct ReduceLROnPlateau {
    /// The name of the metric, which [`Mode::Auto`] goes by; default `val_loss`.
    pub monitor: String,
    /// What the rate is multiplied by; default 0.1.
    pub factor: f64,
    /// The number of bad epochs after which it is; default 10.
    pub patience: u64,
    /// Whether a lower or a higher metric is better; default `auto`.
    pub mode: Mode,
    /// The distance that a metric has to be better by, of either sign; default 1e-4.
    pub min_delta: f64,
    /// The number of epochs after a change, less one, that are not counted; default 0.
    pub cooldown: u64,
    /// The lowest learning rate; default 0.
    pub min_lr: f64,
    /// Whether Keras tells of a change; default 0. It is ignored here, where a [`Reaction`](crate::Reaction) tells.
    pub verbose: u8,
}

impl Default for ReduceLROnPlateau {
    fn default() -> Self {
        Self {
            monitor: "val_loss".to_owned(),
            factor: 0.1,
            patience: 10,
            mode: Mode::Auto,
            min_delta: 1e-4,
            cooldown: 0,
            min_lr: 0.0,
            verbose: 0,
        }
    }
}

impl ReduceLROnPlateau {
    /// The scheduler.
    ///
    /// # Errors
    /// The first argument out of its range, or a `mode` that does not follow from the name of the metric.
    pub fn build(&self, base_lr: f64) -> Result<(Scheduler, FeedbackHandle), ScheduleError> {
        let rate = Constant::new().peak(base_lr)?;
        check::between("min_lr", self.min_lr, 0.0..=MAX_PEAK)?;
        let mode = match self.mode {
            Mode::Min => MetricMode::Min,
            Mode::Max => MetricMode::Max,
            Mode::Auto if self.monitor == "loss" || self.monitor == "val_loss" => MetricMode::Min,
            Mode::Auto => {
                let allowed = "tells no mode, which must be `min` or `max`";
                return Err(ScheduleError::new("monitor", &self.monitor, allowed));
            }
        };
        let plateau = Plateau::min()
            .mode(mode)
            .rule(PlateauRule::Keras)
            .factor(self.factor)
            .patience(self.patience)
            .threshold(0.0)
            .min_delta(self.min_delta.abs())
            .cooldown(self.cooldown)
            .floor((self.min_lr / base_lr).min(1.0));
        rate.plateau(plateau)
            .map_err(|error| named(error, "min_delta"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_loss_tells_the_mode() {
        let named = |monitor: &str, mode| {
            let monitor = monitor.to_owned();
            ReduceLROnPlateau {
                monitor,
                mode,
                ..Default::default()
            }
            .build(0.1)
            .map(|_| ())
        };
        assert_eq!(named("loss", Mode::Auto), Ok(()));
        assert_eq!(named("val_loss", Mode::Auto), Ok(()));
        assert_eq!(named("val_accuracy", Mode::Max), Ok(()));
        assert_eq!(
            named("val_accuracy", Mode::Auto).unwrap_err().to_string(),
            "monitor = \"val_accuracy\": tells no mode, which must be `min` or `max`"
        );
    }
}
