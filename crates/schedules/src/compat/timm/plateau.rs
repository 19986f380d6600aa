//! timm's `PlateauLRScheduler`.

use crate::compat::torch::named;
use crate::{
    Compose, Constant, FeedbackHandle, MAX_PEAK, MetricMode, Plateau, PlateauRule, ScheduleError,
    Scheduler, check,
};

/// `timm.scheduler.PlateauLRScheduler` of timm 1.0.31: PyTorch's rule after a warm-up that ignores the metric.
///
/// An update here is an epoch there: [`step`](Scheduler::step) at the start of epoch i, and the report of its metric,
/// stand for `step(i + 1, metric)`. The noise is not here. timm loses its counters on resume; this does not.
///
/// ```
/// use schedules::compat::timm::PlateauLRScheduler;
///
/// let peer = PlateauLRScheduler { patience_t: 0, decay_rate: 0.5, warmup_t: 2, ..Default::default() };
/// let (mut rate, plateau) = peer.build(0.1)?;
/// let mut rates = Vec::new();
/// for accuracy in [0.9, 0.8, 0.5, 0.5, 0.6] {
///     rates.push(rate.step());
///     plateau.report(accuracy);
/// }
/// assert_eq!(rates, [0.0, 0.05, 0.1, 0.1, 0.05]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct PlateauLRScheduler {
    /// What the rate is multiplied by; default 0.1.
    pub decay_rate: f64,
    /// The number of bad epochs that are tolerated; default 10.
    pub patience_t: u64,
    /// The share of the best that a metric has to be better by; default 1e-4.
    pub threshold: f64,
    /// The number of epochs after a change that are not counted; default 0.
    pub cooldown_t: u64,
    /// The number of epochs of the warm-up; default 0.
    pub warmup_t: u64,
    /// The learning rate that the warm-up starts at; default 0.
    pub warmup_lr_init: f64,
    /// The lowest learning rate; default 0.
    pub lr_min: f64,
    /// Whether a lower or a higher metric is better; default `max`.
    pub mode: MetricMode,
}

impl Default for PlateauLRScheduler {
    fn default() -> Self {
        Self {
            decay_rate: 0.1,
            patience_t: 10,
            threshold: 1e-4,
            cooldown_t: 0,
            warmup_t: 0,
            warmup_lr_init: 0.0,
            lr_min: 0.0,
            mode: MetricMode::Max,
        }
    }
}

impl PlateauLRScheduler {
    /// The scheduler, with epochs as updates.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<(Scheduler, FeedbackHandle), ScheduleError> {
        check::between("lr_min", self.lr_min, 0.0..=MAX_PEAK)?;
        let warmed = Constant::new().warmup(self.warmup_t);
        let rate = warmed
            .start(self.warmup_lr_init / base_lr)
            .peak(base_lr)
            .map_err(|error| match error.field() {
                "updates" => error.at("warmup_t"),
                "start" => {
                    let allowed = format!("must be between 0 and the base rate {base_lr:?}");
                    ScheduleError::new("warmup_lr_init", self.warmup_lr_init, allowed)
                }
                _ => error,
            })?;
        // PyTorch's default eps is in force there too.
        let plateau = Plateau::min()
            .mode(self.mode)
            .rule(PlateauRule::Torch)
            .factor(self.decay_rate)
            .patience(self.patience_t)
            .threshold(self.threshold)
            .cooldown(self.cooldown_t)
            .floor(self.lr_min)
            .eps(1e-8)
            .absolute(base_lr)
            .active(self.warmup_t..);
        rate.plateau(plateau).map_err(|error| {
            let path = match error.field() {
                "factor" => "decay_rate",
                "patience" => "patience_t",
                "cooldown" => "cooldown_t",
                _ => return named(error, "threshold"),
            };
            error.at(path)
        })
    }
}
