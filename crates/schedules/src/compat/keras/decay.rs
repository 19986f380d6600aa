//! Keras' decays without end.

use crate::{
    Compose, Exponential, InverseTime, MAX_FACTOR, MAX_PEAK, ScheduleError, Scheduler, check,
};

/// `keras.optimizers.schedules.ExponentialDecay` of Keras 3.15; see [`Exponential`].
///
/// ```text
/// lr(t) = initial_learning_rate · decay_rate ^ (t / decay_steps)    ⌊t / decay_steps⌋ with staircase
/// ```
///
/// ```
/// use schedules::compat::keras::ExponentialDecay;
///
/// let peer = ExponentialDecay { staircase: true, ..ExponentialDecay::new(0.8, 2, 0.5) };
/// assert_eq!(peer.build()?.rates(0..5), [0.8, 0.8, 0.4, 0.4, 0.2]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct ExponentialDecay {
    /// The first learning rate, above 0.
    pub initial_learning_rate: f64,
    /// The number of updates in which the rate is multiplied once, at least 1.
    pub decay_steps: u64,
    /// What it is multiplied by, above 0.
    pub decay_rate: f64,
    /// Whether it is multiplied all at once; default false.
    #[cfg_attr(feature = "serde", serde(default))]
    pub staircase: bool,
}

impl ExponentialDecay {
    /// The schedule of Keras with these arguments; the others have their defaults.
    pub fn new(initial_learning_rate: f64, decay_steps: u64, decay_rate: f64) -> Self {
        Self {
            initial_learning_rate,
            decay_steps,
            decay_rate,
            staircase: false,
        }
    }

    /// The scheduler, whose peak is the first rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        initial(self.initial_learning_rate)?;
        check::length("decay_steps", self.decay_steps)?;
        check::positive("decay_rate", self.decay_rate, MAX_FACTOR)?;
        Exponential::new(self.decay_rate)
            .every(self.decay_steps)
            .staircase(self.staircase)
            .peak(self.initial_learning_rate)
    }
}

/// `keras.optimizers.schedules.InverseTimeDecay` of Keras 3.15; see [`InverseTime`].
///
/// ```text
/// lr(t) = initial_learning_rate / (1 + decay_rate · t / decay_steps)    ⌊t / decay_steps⌋ with staircase
/// ```
///
/// ```
/// use schedules::compat::keras::InverseTimeDecay;
///
/// let peer = InverseTimeDecay { staircase: true, ..InverseTimeDecay::new(0.6, 2, 1.0) };
/// assert_eq!(peer.build()?.rates(0..4), [0.6, 0.6, 0.3, 0.3]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct InverseTimeDecay {
    /// The first learning rate, above 0.
    pub initial_learning_rate: f64,
    /// The number of updates in which the divisor grows once, at least 1.
    pub decay_steps: u64,
    /// What it grows by, not below 0.
    pub decay_rate: f64,
    /// Whether it grows all at once; default false.
    #[cfg_attr(feature = "serde", serde(default))]
    pub staircase: bool,
}

impl InverseTimeDecay {
    /// The schedule of Keras with these arguments; the others have their defaults.
    pub fn new(initial_learning_rate: f64, decay_steps: u64, decay_rate: f64) -> Self {
        Self {
            initial_learning_rate,
            decay_steps,
            decay_rate,
            staircase: false,
        }
    }

    /// The scheduler, whose peak is the first rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        initial(self.initial_learning_rate)?;
        check::length("decay_steps", self.decay_steps)?;
        check::ratio("decay_rate", self.decay_rate)?;
        InverseTime::new(self.decay_rate)
            .every(self.decay_steps)
            .staircase(self.staircase)
            .peak(self.initial_learning_rate)
    }
}

/// A first rate that everything is a multiple of.
pub(super) fn initial(rate: f64) -> Result<(), ScheduleError> {
    check::positive("initial_learning_rate", rate, MAX_PEAK)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn without_stairs_they_are_smooth() {
        let rate = ExponentialDecay::new(0.8, 2, 0.25).build().unwrap();
        assert_eq!(rate.rates(0..3), [0.8, 0.4, 0.2]);
        let rate = InverseTimeDecay::new(0.6, 2, 2.0).build().unwrap();
        assert_eq!(rate.rates(0..2), [0.6, 0.3]);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |peer: ExponentialDecay| peer.build().unwrap_err().to_string();
        let text = "initial_learning_rate = 0.0: must be above 0 and at most 1e18";
        assert_eq!(error(ExponentialDecay::new(0.0, 2, 0.5)), text);
        let text = "decay_steps = 0: must be at least 1";
        assert_eq!(error(ExponentialDecay::new(0.1, 0, 0.5)), text);
        let text = "decay_rate = 0.0: must be above 0 and at most 1e18";
        assert_eq!(error(ExponentialDecay::new(0.1, 2, 0.0)), text);
        let error = InverseTimeDecay::new(0.1, 2, -1.0).build().unwrap_err();
        let text = "decay_rate = -1.0: must be between 0 and 1e18";
        assert_eq!(error.to_string(), text);
    }
}
