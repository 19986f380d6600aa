//! Keras' `CosineDecay`.

use super::decay::initial;
use crate::{Compose, Curve, MAX_FACTOR, MAX_PEAK, Piecewise, ScheduleError, Scheduler, check};

/// `keras.optimizers.schedules.CosineDecay` of Keras 3.15; see [`Cosine`](crate::Cosine).
///
/// ```text
/// lr(t) = initial_learning_rate → warmup_target on a line           while t < warmup_steps
/// lr(t) = target · (alpha + (1 - alpha) · ½ (1 + cos(π · p)))       p = min(1, (t - warmup_steps) / decay_steps)
/// ```
///
/// `decay_steps` does not include the warm-up. Without a `warmup_target` there is none, whatever `warmup_steps` says,
/// and the target is `initial_learning_rate`. With an `alpha` above 1 it rises.
///
/// ```
/// use schedules::compat::keras::CosineDecay;
///
/// let peer = CosineDecay { alpha: 0.5, ..CosineDecay::new(1.0, 2) };
/// assert_eq!(peer.build()?.rates(0..4), [1.0, 0.75, 0.5, 0.5]);
///
/// let peer = CosineDecay { warmup_target: Some(1.0), warmup_steps: 2, ..CosineDecay::new(0.0, 2) };
/// assert_eq!(peer.build()?.rates(0..6), [0.0, 0.5, 1.0, 0.5, 0.0, 0.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct CosineDecay {
    /// The first learning rate; above 0 without a `warmup_target`.
    pub initial_learning_rate: f64,
    /// How long the cosine takes, at least 1.
    pub decay_steps: u64,
    /// The share of the rate that the cosine begins with at which it ends; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub alpha: f64,
    /// The learning rate after the warm-up, above 0; default none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub warmup_target: Option<f64>,
    /// How long the warm-up takes; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub warmup_steps: u64,
}

impl CosineDecay {
    /// The schedule of Keras with these arguments; the others have their defaults.
    pub fn new(initial_learning_rate: f64, decay_steps: u64) -> Self {
        Self {
            initial_learning_rate,
            decay_steps,
            alpha: 0.0,
            warmup_target: None,
            warmup_steps: 0,
        }
    }

    /// The scheduler, whose peak is the rate that the cosine begins with.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        check::length("decay_steps", self.decay_steps)?;
        check::between("alpha", self.alpha, 0.0..=MAX_FACTOR)?;
        check::updates("warmup_steps", self.warmup_steps)?;
        // The same as a cosine with a floor, where that is below the peak.
        let cosine = Piecewise::new(1.0)
            .to(self.decay_steps, self.alpha)
            .interpolation(Curve::Cosine);
        let Some(target) = self.warmup_target else {
            initial(self.initial_learning_rate)?;
            return cosine.peak(self.initial_learning_rate);
        };
        check::positive("warmup_target", target, MAX_PEAK)?;
        let start = self.initial_learning_rate / target;
        check::ratio("initial_learning_rate", start).map_err(|_| {
            let allowed = "must be between 0 and 1e18 times the `warmup_target`";
            ScheduleError::new("initial_learning_rate", self.initial_learning_rate, allowed)
        })?;
        cosine.warmup(self.warmup_steps).start(start).peak(target)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn rates(peer: CosineDecay) -> Vec<f64> {
        peer.build().unwrap().rates(0..5)
    }

    #[test]
    fn without_a_target_there_is_no_warm_up() {
        let peer = CosineDecay {
            warmup_steps: 3,
            ..CosineDecay::new(1.0, 2)
        };
        assert_eq!(rates(peer), [1.0, 0.5, 0.0, 0.0, 0.0]);
        let peer = CosineDecay {
            warmup_target: Some(1.0),
            warmup_steps: 0,
            ..CosineDecay::new(0.5, 2)
        };
        assert_eq!(rates(peer), [1.0, 0.5, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn it_may_come_down_and_then_rise() {
        let peer = CosineDecay {
            alpha: 2.0,
            warmup_target: Some(0.5),
            warmup_steps: 2,
            ..CosineDecay::new(1.0, 2)
        };
        assert_eq!(rates(peer), [1.0, 0.75, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |peer: CosineDecay| peer.build().unwrap_err().to_string();
        let text = "decay_steps = 0: must be at least 1";
        assert_eq!(error(CosineDecay::new(0.1, 0)), text);
        let text = "initial_learning_rate = 0.0: must be above 0 and at most 1e18";
        assert_eq!(error(CosineDecay::new(0.0, 2)), text);
        let peer = |initial_learning_rate, warmup_target| CosineDecay {
            warmup_target: Some(warmup_target),
            warmup_steps: 1,
            ..CosineDecay::new(initial_learning_rate, 2)
        };
        let text = "warmup_target = 0.0: must be above 0 and at most 1e18";
        assert_eq!(error(peer(0.1, 0.0)), text);
        let text =
            "initial_learning_rate = -0.1: must be between 0 and 1e18 times the `warmup_target`";
        assert_eq!(error(peer(-0.1, 0.5)), text);
    }
}
