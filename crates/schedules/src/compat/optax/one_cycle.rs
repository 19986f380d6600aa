//! optax' one-cycle schedules.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::piecewise::{InterpolateType, PiecewiseInterpolateSchedule};
use super::rates::{Rates, rate};
use crate::{MAX_FACTOR, Schedule, ScheduleError, Scheduler, check};

/// `optax.linear_onecycle_schedule` of optax 0.2.8; see [`Piecewise`](crate::Piecewise).
///
/// ```text
/// 0                                   peak_value / div_factor
/// ⌊pct_start · transition_steps⌋      peak_value
/// ⌊pct_final · transition_steps⌋      peak_value / div_factor
/// transition_steps                    peak_value / div_factor / final_div_factor
/// ```
///
/// Of two at the same update the later one counts. One at update 0, of which optax makes NaN, is refused.
///
/// ```
/// use schedules::compat::optax::LinearOnecycleSchedule;
///
/// let peer = LinearOnecycleSchedule { pct_start: 0.25, div_factor: 4.0, ..LinearOnecycleSchedule::new(8, 1.0) };
/// assert_eq!(peer.build()?.rates(0..7), [0.25, 0.625, 1.0, 0.8125, 0.625, 0.4375, 0.25]);
/// assert_eq!(peer.build()?.rate_at(8), 0.25e-4);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct LinearOnecycleSchedule {
    /// How long the whole takes.
    pub transition_steps: u64,
    /// The highest learning rate.
    pub peak_value: f64,
    /// The share of the time up to the peak; default 0.3.
    #[cfg_attr(feature = "serde", serde(default = "pct_start"))]
    pub pct_start: f64,
    /// The share of the time up to where the rate is again what it was at first; default 0.85.
    #[cfg_attr(feature = "serde", serde(default = "pct_final"))]
    pub pct_final: f64,
    /// What the peak is divided by at first; default 25.
    #[cfg_attr(feature = "serde", serde(default = "div_factor"))]
    pub div_factor: f64,
    /// What the first rate is divided by in the end; default 1e4.
    #[cfg_attr(feature = "serde", serde(default = "final_div_factor"))]
    pub final_div_factor: f64,
}

impl LinearOnecycleSchedule {
    /// The schedule of optax with these arguments; the others have their defaults.
    pub fn new(transition_steps: u64, peak_value: f64) -> Self {
        Self {
            transition_steps,
            peak_value,
            pct_start: pct_start(),
            pct_final: pct_final(),
            div_factor: div_factor(),
            final_div_factor: final_div_factor(),
        }
    }

    /// The scheduler, whose peak is the highest rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn pieces(&self) -> PiecewiseInterpolateSchedule {
        let scales = BTreeMap::from([
            (at(self.pct_start, self.transition_steps), self.div_factor),
            (
                at(self.pct_final, self.transition_steps),
                self.div_factor.recip(),
            ),
            (self.transition_steps, self.final_div_factor.recip()),
        ]);
        let first = self.peak_value / self.div_factor;
        PiecewiseInterpolateSchedule::new(InterpolateType::Linear, first, scales)
    }
}

impl Rates for LinearOnecycleSchedule {
    fn highest(&self) -> f64 {
        self.pieces().highest()
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        self.pieces().ratios(peak)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("transition_steps", self.transition_steps)?;
        rate("peak_value", self.peak_value)?;
        knot("pct_start", self.pct_start, self.transition_steps)?;
        knot("pct_final", self.pct_final, self.transition_steps)?;
        divisors(self.div_factor, self.final_div_factor)?;
        self.pieces().check()
    }
}

/// `optax.cosine_onecycle_schedule` of optax 0.2.8; see [`Piecewise`](crate::Piecewise).
///
/// ```text
/// 0                                   peak_value / div_factor
/// ⌊pct_start · transition_steps⌋      peak_value
/// transition_steps                    peak_value / div_factor / final_div_factor
/// ```
///
/// Of two at the same update the later one counts. One at update 0, of which optax makes NaN, is refused.
///
/// ```
/// use schedules::compat::optax::CosineOnecycleSchedule;
///
/// let peer = CosineOnecycleSchedule { div_factor: 2.0, ..CosineOnecycleSchedule::new(20, 1.0) };
/// let rate = peer.build()?;
/// assert_eq!([0, 6, 20, 21].map(|update| rate.rate_at(update)), [0.5, 1.0, 0.5e-4, 0.5e-4]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct CosineOnecycleSchedule {
    /// How long the whole takes.
    pub transition_steps: u64,
    /// The highest learning rate.
    pub peak_value: f64,
    /// The share of the time up to the peak; default 0.3.
    #[cfg_attr(feature = "serde", serde(default = "pct_start"))]
    pub pct_start: f64,
    /// What the peak is divided by at first; default 25.
    #[cfg_attr(feature = "serde", serde(default = "div_factor"))]
    pub div_factor: f64,
    /// What the first rate is divided by in the end; default 1e4.
    #[cfg_attr(feature = "serde", serde(default = "final_div_factor"))]
    pub final_div_factor: f64,
}

impl CosineOnecycleSchedule {
    /// The schedule of optax with these arguments; the others have their defaults.
    pub fn new(transition_steps: u64, peak_value: f64) -> Self {
        Self {
            transition_steps,
            peak_value,
            pct_start: pct_start(),
            div_factor: div_factor(),
            final_div_factor: final_div_factor(),
        }
    }

    /// The scheduler, whose peak is the highest rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn pieces(&self) -> PiecewiseInterpolateSchedule {
        let last = (self.div_factor * self.final_div_factor).recip();
        let scales = BTreeMap::from([
            (at(self.pct_start, self.transition_steps), self.div_factor),
            (self.transition_steps, last),
        ]);
        let first = self.peak_value / self.div_factor;
        PiecewiseInterpolateSchedule::new(InterpolateType::Cosine, first, scales)
    }
}

impl Rates for CosineOnecycleSchedule {
    fn highest(&self) -> f64 {
        self.pieces().highest()
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        self.pieces().ratios(peak)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("transition_steps", self.transition_steps)?;
        rate("peak_value", self.peak_value)?;
        knot("pct_start", self.pct_start, self.transition_steps)?;
        divisors(self.div_factor, self.final_div_factor)?;
        self.pieces().check()
    }
}

fn pct_start() -> f64 {
    0.3
}

fn pct_final() -> f64 {
    0.85
}

fn div_factor() -> f64 {
    25.0
}

fn final_div_factor() -> f64 {
    1e4
}

/// The update at a share of the time.
fn at(share: f64, updates: u64) -> u64 {
    (share * updates as f64) as u64
}

fn knot(path: &str, share: f64, updates: u64) -> Result<(), ScheduleError> {
    check::share(path, share)?;
    if at(share, updates) == 0 {
        let allowed = format!("must be at least 1 of the {updates} updates");
        return Err(ScheduleError::new(path, share, allowed));
    }
    Ok(())
}

fn divisors(first: f64, last: f64) -> Result<(), ScheduleError> {
    check::positive("div_factor", first, MAX_FACTOR)?;
    check::positive("final_div_factor", last, MAX_FACTOR)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn of_two_at_the_same_update_the_later_one_counts() {
        let cycle = LinearOnecycleSchedule {
            pct_start: 0.5,
            pct_final: 1.0,
            div_factor: 2.0,
            final_div_factor: 4.0,
            ..LinearOnecycleSchedule::new(4, 1.0)
        };
        let rates = |cycle: LinearOnecycleSchedule| cycle.build().unwrap().rates(0..6);
        assert_eq!(rates(cycle), [0.5, 0.75, 1.0, 0.625, 0.25, 0.25]);
        let both = LinearOnecycleSchedule {
            pct_final: 0.5,
            ..cycle
        };
        // A half of the first rate in the middle, and a quarter of that in the end.
        assert_eq!(rates(both), [0.5, 0.375, 0.25, 0.15625, 0.0625, 0.0625]);
        let cosine = CosineOnecycleSchedule {
            pct_start: 1.0,
            div_factor: 2.0,
            ..CosineOnecycleSchedule::new(4, 1.0)
        };
        assert_eq!(cosine.build().unwrap().rate_at(4), 0.25e-4);
    }

    #[test]
    fn a_knot_at_the_start_is_refused() {
        let error = LinearOnecycleSchedule::new(3, 1.0).build().unwrap_err();
        let text = "pct_start = 0.3: must be at least 1 of the 3 updates";
        assert_eq!(error.to_string(), text);
        assert!(LinearOnecycleSchedule::new(4, 1.0).build().is_ok());
        assert!(CosineOnecycleSchedule::new(3, 1.0).build().is_err());
        let none = CosineOnecycleSchedule {
            div_factor: 0.0,
            ..CosineOnecycleSchedule::new(9, 1.0)
        };
        assert_eq!(none.build().unwrap_err().path(), "div_factor");
    }
}
