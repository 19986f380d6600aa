//! optax' `reduce_on_plateau`.

use crate::compat::torch::named;
use crate::{Compose, Constant, FeedbackHandle, Plateau, PlateauRule, ScheduleError, Scheduler};

/// `optax.contrib.reduce_on_plateau` of optax 0.2.8; see [`PlateauRule::Optax`].
///
/// optax applies a new scale to the very update whose value led to it: report before [`step`](Scheduler::step).
///
/// ```
/// use schedules::compat::optax::ReduceOnPlateau;
///
/// let peer = ReduceOnPlateau { patience: 2, factor: 0.5, ..Default::default() };
/// let (mut rate, plateau) = peer.build(0.1)?;
/// let mut rates = Vec::new();
/// for loss in [1.0; 6] {
///     plateau.report(loss);
///     rates.push(rate.step());
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
pub struct ReduceOnPlateau {
    /// What the scale is multiplied by; default 0.1.
    pub factor: f64,
    /// The number of bad values after which it is; default 10.
    pub patience: u64,
    /// The share of the best that a value has to be better by; default 1e-4.
    pub rtol: f64,
    /// The distance that it has to be better by besides; default 0.
    pub atol: f64,
    /// The number of values after a change that are not counted; default 0.
    pub cooldown: u64,
    /// The number of values whose mean is judged as one; default 1.
    pub accumulation_size: u64,
    /// The lowest scale; default 0.
    pub min_scale: f64,
}

impl Default for ReduceOnPlateau {
    fn default() -> Self {
        Self {
            factor: 0.1,
            patience: 10,
            rtol: 1e-4,
            atol: 0.0,
            cooldown: 0,
            accumulation_size: 1,
            min_scale: 0.0,
        }
    }
}

impl ReduceOnPlateau {
    /// The scheduler.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<(Scheduler, FeedbackHandle), ScheduleError> {
        let plateau = Plateau::min()
            .rule(PlateauRule::Optax)
            .factor(self.factor)
            .patience(self.patience)
            .threshold(self.rtol)
            .min_delta(self.atol)
            .cooldown(self.cooldown)
            .average(self.accumulation_size)
            .floor(self.min_scale);
        let rate = Constant::new().peak(base_lr)?;
        rate.plateau(plateau).map_err(|error| {
            let path = match error.field() {
                "min_delta" => "atol",
                "average" => "accumulation_size",
                "floor" => "min_scale",
                _ => return named(error, "rtol"),
            };
            error.at(path)
        })
    }
}
