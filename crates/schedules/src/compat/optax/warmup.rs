//! optax' schedules with a warm-up and a decay.

use std::sync::Arc;

#[cfg(feature = "serde")]
use super::cosine::one;
use super::rates::{Rates, rate};
use super::{CosineDecaySchedule, ExponentialDecay, JoinSchedules, LinearSchedule};
use crate::{MAX_FACTOR, Schedule, ScheduleError, Scheduler, check};

/// `optax.warmup_cosine_decay_schedule` of optax 0.2.8: a line, and then a [`CosineDecaySchedule`].
///
/// `decay_steps` includes the warm-up.
///
/// ```
/// use schedules::compat::optax::WarmupCosineDecaySchedule;
///
/// let peer = WarmupCosineDecaySchedule { end_value: 0.5, ..WarmupCosineDecaySchedule::new(0.0, 1.0, 2, 4) };
/// assert_eq!(peer.build()?.rates(0..6), [0.0, 0.5, 1.0, 0.75, 0.5, 0.5]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct WarmupCosineDecaySchedule {
    /// The first learning rate.
    pub init_value: f64,
    /// The learning rate after the warm-up.
    pub peak_value: f64,
    /// How long the warm-up takes.
    pub warmup_steps: u64,
    /// How long the whole takes, which is more.
    pub decay_steps: u64,
    /// The last learning rate; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub end_value: f64,
    /// The power of the cosine, not below 0; default 1.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub exponent: f64,
}

impl WarmupCosineDecaySchedule {
    /// The schedule of optax with these arguments; the others have their defaults.
    pub fn new(init_value: f64, peak_value: f64, warmup_steps: u64, decay_steps: u64) -> Self {
        Self {
            init_value,
            peak_value,
            warmup_steps,
            decay_steps,
            end_value: 0.0,
            exponent: 1.0,
        }
    }

    /// The scheduler, whose peak is the highest rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn joined(&self) -> JoinSchedules {
        let alpha = if self.peak_value == 0.0 {
            0.0
        } else {
            self.end_value / self.peak_value
        };
        let line = LinearSchedule::new(self.init_value, self.peak_value, self.warmup_steps);
        let steps = self.decay_steps.saturating_sub(self.warmup_steps);
        let cosine = CosineDecaySchedule {
            alpha,
            exponent: self.exponent,
            ..CosineDecaySchedule::new(self.peak_value, steps)
        };
        JoinSchedules::new([line.into(), cosine.into()], [self.warmup_steps])
    }
}

impl Rates for WarmupCosineDecaySchedule {
    fn highest(&self) -> f64 {
        self.joined().highest()
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        self.joined().ratios(peak)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        rate("init_value", self.init_value)?;
        rate("peak_value", self.peak_value)?;
        check::updates("warmup_steps", self.warmup_steps)?;
        check::updates("decay_steps", self.decay_steps)?;
        if self.decay_steps <= self.warmup_steps {
            let allowed = format!("must be more than the {} of the warm-up", self.warmup_steps);
            return Err(ScheduleError::new("decay_steps", self.decay_steps, allowed));
        }
        rate("end_value", self.end_value)?;
        check::between("exponent", self.exponent, 0.0..=MAX_FACTOR)
    }
}

/// `optax.warmup_exponential_decay_schedule` of optax 0.2.8: a line, and then an [`ExponentialDecay`].
///
/// `transition_begin` counts from the end of the warm-up.
///
/// ```
/// use schedules::compat::optax::WarmupExponentialDecaySchedule;
///
/// let peer = WarmupExponentialDecaySchedule::new(0.0, 1.0, 2, 1, 0.5);
/// assert_eq!(peer.build()?.rates(0..5), [0.0, 0.5, 1.0, 0.5, 0.25]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct WarmupExponentialDecaySchedule {
    /// The first learning rate.
    pub init_value: f64,
    /// The learning rate after the warm-up.
    pub peak_value: f64,
    /// How long the warm-up takes.
    pub warmup_steps: u64,
    /// The number of updates in which the rate is then multiplied once.
    pub transition_steps: u64,
    /// What it is multiplied by.
    pub decay_rate: f64,
    /// When that begins after the warm-up; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub transition_begin: u64,
    /// Whether it is multiplied all at once; default false.
    #[cfg_attr(feature = "serde", serde(default))]
    pub staircase: bool,
    /// The bound that the decay does not go beyond; default none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub end_value: Option<f64>,
}

impl WarmupExponentialDecaySchedule {
    /// The schedule of optax with these arguments; the others have their defaults.
    pub fn new(
        init_value: f64,
        peak_value: f64,
        warmup_steps: u64,
        transition_steps: u64,
        decay_rate: f64,
    ) -> Self {
        Self {
            init_value,
            peak_value,
            warmup_steps,
            transition_steps,
            decay_rate,
            transition_begin: 0,
            staircase: false,
            end_value: None,
        }
    }

    /// The scheduler, whose peak is the highest rate, or that of the warm-up before a growth without end.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn decay(&self) -> ExponentialDecay {
        ExponentialDecay {
            init_value: self.peak_value,
            transition_steps: self.transition_steps,
            decay_rate: self.decay_rate,
            transition_begin: self.transition_begin,
            staircase: self.staircase,
            end_value: self.end_value,
        }
    }

    fn joined(&self) -> JoinSchedules {
        let line = LinearSchedule::new(self.init_value, self.peak_value, self.warmup_steps);
        JoinSchedules::new([line.into(), self.decay().into()], [self.warmup_steps])
    }
}

impl Rates for WarmupExponentialDecaySchedule {
    fn highest(&self) -> f64 {
        self.joined().highest()
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        self.joined().ratios(peak)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        rate("init_value", self.init_value)?;
        rate("peak_value", self.peak_value)?;
        check::updates("warmup_steps", self.warmup_steps)?;
        self.decay().check()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn without_a_warm_up_it_starts_at_the_peak() {
        let cosine = WarmupCosineDecaySchedule::new(0.25, 1.0, 0, 2);
        let rates = cosine.build().unwrap().rates(0..3);
        assert!((rates[1] - 0.5).abs() < 1e-15);
        assert_eq!([rates[0], rates[2]], [1.0, 0.0]);
        let decay = WarmupExponentialDecaySchedule::new(0.25, 1.0, 0, 1, 0.5);
        assert_eq!(decay.build().unwrap().rates(0..3), [1.0, 0.5, 0.25]);
    }

    #[test]
    fn a_peak_of_zero_stays_there() {
        let mut peer = WarmupCosineDecaySchedule::new(1.0, 0.0, 2, 4);
        peer.end_value = 0.5;
        assert_eq!(peer.build().unwrap().rates(0..5), [1.0, 0.5, 0.0, 0.0, 0.0]);
        peer.init_value = 0.0;
        assert_eq!(peer.build().unwrap().rates(0..5), [0.0; 5]);
    }

    #[test]
    fn an_end_above_the_peak_is_reached() {
        let mut peer = WarmupCosineDecaySchedule::new(0.0, 0.5, 2, 4);
        peer.end_value = 1.0;
        assert_eq!(
            peer.build().unwrap().rates(0..5),
            [0.0, 0.25, 0.5, 0.75, 1.0]
        );
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let short = WarmupCosineDecaySchedule::new(0.0, 1.0, 4, 4);
        let text = "decay_steps = 4: must be more than the 4 of the warm-up";
        assert_eq!(short.build().unwrap_err().to_string(), text);
    }
}
