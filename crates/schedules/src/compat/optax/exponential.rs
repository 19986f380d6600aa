//! optax' `exponential_decay`.

use std::sync::Arc;

use super::rates::{Rates, begun, level, rate, scaled};
use crate::{
    Compose, Exponential, Fingerprint, MAX_FACTOR, Schedule, ScheduleError, Scheduler, check,
};

/// `optax.exponential_decay` of optax 0.2.8; see [`Exponential`].
///
/// ```text
/// lr(t) = init_value · decay_rate ^ (max(0, t - transition_begin) / transition_steps)    ⌊…⌋ with staircase
/// ```
///
/// `end_value` is the lowest rate with a `decay_rate` below 1, and the highest one otherwise. With no
/// `transition_steps`, or with the `decay_rate` 0, it stays at `init_value`, whatever `end_value` says.
///
/// ```
/// use schedules::compat::optax::ExponentialDecay;
///
/// let decay = ExponentialDecay { end_value: Some(0.2), ..ExponentialDecay::new(1.0, 1, 0.5) };
/// assert_eq!(decay.build()?.rates(0..5), [1.0, 0.5, 0.25, 0.2, 0.2]);
///
/// let growth = ExponentialDecay { end_value: Some(3.0), ..ExponentialDecay::new(1.0, 1, 2.0) };
/// assert!((growth.build()?.rate_at(1) - 2.0).abs() < 1e-15);
/// assert_eq!(growth.build()?.rate_at(2), 3.0);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct ExponentialDecay {
    /// The first learning rate.
    pub init_value: f64,
    /// The number of updates in which the rate is multiplied once.
    pub transition_steps: u64,
    /// What it is multiplied by.
    pub decay_rate: f64,
    /// When it begins; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub transition_begin: u64,
    /// Whether it is multiplied all at once; default false.
    #[cfg_attr(feature = "serde", serde(default))]
    pub staircase: bool,
    /// The bound that it does not go beyond; default none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub end_value: Option<f64>,
}

impl ExponentialDecay {
    /// The schedule of optax with these arguments; the others have their defaults.
    pub fn new(init_value: f64, transition_steps: u64, decay_rate: f64) -> Self {
        Self {
            init_value,
            transition_steps,
            decay_rate,
            transition_begin: 0,
            staircase: false,
            end_value: None,
        }
    }

    /// The scheduler, whose peak is the highest rate, or the first one of a growth without end.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn stays(&self) -> bool {
        self.transition_steps == 0 || self.decay_rate == 0.0
    }
}

impl Rates for ExponentialDecay {
    fn highest(&self) -> f64 {
        match self.end_value {
            _ if self.stays() => self.init_value,
            Some(end) if self.decay_rate < 1.0 => self.init_value.max(end),
            Some(end) => end,
            None => self.init_value,
        }
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        if self.stays() {
            return level(self.init_value / peak);
        }
        let decay = Exponential::new(self.decay_rate)
            .every(self.transition_steps)
            .staircase(self.staircase);
        let bounded: Arc<dyn Schedule> = match self.end_value {
            None => scaled(decay, self.init_value / peak),
            Some(end) if self.decay_rate < 1.0 => {
                Arc::new(scaled(decay, self.init_value / peak).at_least(end / peak))
            }
            Some(end) => Arc::new(Ceiling {
                ratio: end / peak,
                // From above the bound it never comes down.
                schedule: scaled(decay, self.init_value.min(end) / peak),
            }),
        };
        begun(bounded, self.transition_begin)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        rate("init_value", self.init_value)?;
        check::updates("transition_steps", self.transition_steps)?;
        check::between("decay_rate", self.decay_rate, 0.0..=MAX_FACTOR)?;
        check::updates("transition_begin", self.transition_begin)?;
        self.end_value.map_or(Ok(()), |end| rate("end_value", end))
    }
}

/// Another schedule, cut off at an upper bound.
#[derive(Clone, Debug)]
struct Ceiling {
    ratio: f64,
    schedule: Arc<dyn Schedule>,
}

impl Schedule for Ceiling {
    fn factor(&self, update: u64) -> f64 {
        self.schedule.factor(update).min(self.ratio)
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.schedule.factor_at(time).min(self.ratio)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::ratio("ceiling.ratio", self.ratio)?;
        self.schedule
            .check()
            .map_err(|error| error.below("ceiling"))
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("ceiling")
            .number(self.ratio)
            .nested(&self.schedule)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn rates(peer: ExponentialDecay) -> Vec<f64> {
        peer.build().unwrap().rates(0..4)
    }

    #[test]
    fn a_bound_holds_from_the_start_too() {
        let peer = |init_value, decay_rate, end_value| ExponentialDecay {
            end_value,
            ..ExponentialDecay::new(init_value, 1, decay_rate)
        };
        assert_eq!(rates(peer(0.1, 0.5, Some(0.2))), [0.2; 4]);
        assert_eq!(rates(peer(0.4, 2.0, Some(0.2))), [0.2; 4]);
        assert_eq!(rates(peer(0.25, 2.0, Some(1.0))), [0.25, 0.5, 1.0, 1.0]);
        assert_eq!(rates(peer(0.25, 2.0, Some(0.0))), [0.0; 4]);
        // At 1 the bound is the highest rate.
        assert_eq!(rates(peer(0.25, 1.0, Some(0.5))), [0.25; 4]);
        assert_eq!(rates(peer(0.5, 1.0, Some(0.25))), [0.25; 4]);
        assert_eq!(rates(peer(0.25, 2.0, None)), [0.25, 0.5, 1.0, 2.0]);
    }

    #[test]
    fn without_steps_or_with_a_rate_of_zero_it_stays() {
        let end_value = Some(0.5);
        let none = ExponentialDecay::new(0.1, 0, 0.5);
        assert_eq!(rates(ExponentialDecay { end_value, ..none }), [0.1; 4]);
        let zero = ExponentialDecay::new(0.1, 1, 0.0);
        assert_eq!(rates(ExponentialDecay { end_value, ..zero }), [0.1; 4]);
        let begun = ExponentialDecay {
            transition_begin: 2,
            staircase: true,
            ..ExponentialDecay::new(0.5, 1, 0.5)
        };
        assert_eq!(rates(begun), [0.5, 0.5, 0.5, 0.25]);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = ExponentialDecay::new(0.1, 1, -0.5).build().unwrap_err();
        let text = "decay_rate = -0.5: must be between 0 and 1e18";
        assert_eq!(error.to_string(), text);
    }
}
