//! optax' `polynomial_schedule`, and what it is made to be there.

use std::sync::Arc;

use super::rates::{Rates, begun, level, rate};
use crate::{Linear, MAX_FACTOR, Polynomial, Schedule, ScheduleError, Scheduler, check};

/// `optax.constant_schedule` of optax 0.2.8.
///
/// ```
/// use schedules::compat::optax::ConstantSchedule;
///
/// let rate = ConstantSchedule::new(0.1).build()?;
/// assert_eq!(rate.rates(0..3), [0.1; 3]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct ConstantSchedule {
    /// The learning rate.
    pub value: f64,
}

impl ConstantSchedule {
    /// The schedule of optax with these arguments.
    pub fn new(value: f64) -> Self {
        Self { value }
    }

    /// The scheduler.
    ///
    /// # Errors
    /// An argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }
}

impl Rates for ConstantSchedule {
    fn highest(&self) -> f64 {
        self.value
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        level(self.value / peak)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        rate("value", self.value)
    }
}

/// `optax.polynomial_schedule` of optax 0.2.8; see [`Polynomial`].
///
/// ```text
/// lr(t) = end_value + (init_value - end_value) · (1 - clip((t - transition_begin) / transition_steps)) ^ power
/// ```
///
/// With no `transition_steps` it stays at `init_value`, and so it does with the power 0.
///
/// ```
/// use schedules::compat::optax::PolynomialSchedule;
///
/// let peer = PolynomialSchedule { transition_begin: 1, ..PolynomialSchedule::new(1.0, 0.0, 2.0, 4) };
/// assert_eq!(peer.build()?.rates(0..7), [1.0, 1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct PolynomialSchedule {
    /// The first learning rate.
    pub init_value: f64,
    /// The last learning rate.
    pub end_value: f64,
    /// The power of the share of the time that remains, not below 0.
    pub power: f64,
    /// How long the way from one to the other takes.
    pub transition_steps: u64,
    /// When it begins; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub transition_begin: u64,
}

impl PolynomialSchedule {
    /// The schedule of optax with these arguments; the others have their defaults.
    pub fn new(init_value: f64, end_value: f64, power: f64, transition_steps: u64) -> Self {
        Self {
            init_value,
            end_value,
            power,
            transition_steps,
            transition_begin: 0,
        }
    }

    /// The scheduler, whose peak is the higher of both values.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn stays(&self) -> bool {
        self.transition_steps == 0 || self.power == 0.0
    }
}

impl Rates for PolynomialSchedule {
    fn highest(&self) -> f64 {
        if self.stays() {
            return self.init_value;
        }
        self.init_value.max(self.end_value)
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        let (start, end) = (self.init_value / peak, self.end_value / peak);
        let way: Arc<dyn Schedule> = if self.stays() {
            return level(start);
        } else if self.power == 1.0 {
            Arc::new(Linear::new(self.transition_steps).start(start).end(end))
        } else {
            let way = Polynomial::new(self.transition_steps).power(self.power);
            Arc::new(way.start(start).end(end))
        };
        begun(way, self.transition_begin)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        rate("init_value", self.init_value)?;
        rate("end_value", self.end_value)?;
        check::between("power", self.power, 0.0..=MAX_FACTOR)?;
        check::updates("transition_steps", self.transition_steps)?;
        check::updates("transition_begin", self.transition_begin)
    }
}

/// `optax.linear_schedule` of optax 0.2.8; see [`Linear`].
///
/// With no `transition_steps` it stays at `init_value`.
///
/// ```
/// use schedules::compat::optax::LinearSchedule;
///
/// let peer = LinearSchedule { transition_begin: 1, ..LinearSchedule::new(0.0, 1.0, 4) };
/// assert_eq!(peer.build()?.rates(0..7), [0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct LinearSchedule {
    /// The first learning rate.
    pub init_value: f64,
    /// The last learning rate.
    pub end_value: f64,
    /// How long the way from one to the other takes.
    pub transition_steps: u64,
    /// When it begins; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub transition_begin: u64,
}

impl LinearSchedule {
    /// The schedule of optax with these arguments; the others have their defaults.
    pub fn new(init_value: f64, end_value: f64, transition_steps: u64) -> Self {
        Self {
            init_value,
            end_value,
            transition_steps,
            transition_begin: 0,
        }
    }

    /// The scheduler, whose peak is the higher of both values.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn polynomial(&self) -> PolynomialSchedule {
        PolynomialSchedule {
            init_value: self.init_value,
            end_value: self.end_value,
            power: 1.0,
            transition_steps: self.transition_steps,
            transition_begin: self.transition_begin,
        }
    }
}

impl Rates for LinearSchedule {
    fn highest(&self) -> f64 {
        self.polynomial().highest()
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        self.polynomial().ratios(peak)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        self.polynomial().check()
    }
}

/// `optax.warmup_constant_schedule` of optax 0.2.8.
///
/// With no `warmup_steps` it stays at `init_value`.
///
/// ```
/// use schedules::compat::optax::WarmupConstantSchedule;
///
/// assert_eq!(WarmupConstantSchedule::new(0.0, 1.0, 2).build()?.rates(0..4), [0.0, 0.5, 1.0, 1.0]);
/// assert_eq!(WarmupConstantSchedule::new(0.1, 1.0, 0).build()?.rates(0..4), [0.1; 4]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct WarmupConstantSchedule {
    /// The first learning rate.
    pub init_value: f64,
    /// The learning rate after the warm-up.
    pub peak_value: f64,
    /// How long the warm-up takes.
    pub warmup_steps: u64,
}

impl WarmupConstantSchedule {
    /// The schedule of optax with these arguments.
    pub fn new(init_value: f64, peak_value: f64, warmup_steps: u64) -> Self {
        Self {
            init_value,
            peak_value,
            warmup_steps,
        }
    }

    /// The scheduler, whose peak is the higher of both values.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn line(&self) -> LinearSchedule {
        LinearSchedule::new(self.init_value, self.peak_value, self.warmup_steps)
    }
}

impl Rates for WarmupConstantSchedule {
    fn highest(&self) -> f64 {
        self.line().highest()
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        self.line().ratios(peak)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        rate("init_value", self.init_value)?;
        rate("peak_value", self.peak_value)?;
        check::updates("warmup_steps", self.warmup_steps)
    }
}
