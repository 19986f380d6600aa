//! optax' `sgdr_schedule`.

use std::sync::Arc;

use super::rates::Rates;
use super::{JoinSchedules, WarmupCosineDecaySchedule};
use crate::{Schedule, ScheduleError, Scheduler};

/// `optax.sgdr_schedule` of optax 0.2.8: one [`WarmupCosineDecaySchedule`] after another.
///
/// Each takes its `decay_steps`; the last one stays at its end.
///
/// ```
/// use schedules::compat::optax::{SgdrSchedule, WarmupCosineDecaySchedule};
///
/// let cycle = |peak, steps| WarmupCosineDecaySchedule::new(0.0, peak, 1, steps);
/// let rates = SgdrSchedule::new([cycle(1.0, 3), cycle(0.5, 3)]).build()?.rates(0..8);
/// assert_eq!(rates, [0.0, 1.0, 0.5, 0.0, 0.5, 0.25, 0.0, 0.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct SgdrSchedule {
    /// The cycles, at least one.
    pub cosine_kwargs: Vec<WarmupCosineDecaySchedule>,
}

impl SgdrSchedule {
    /// The schedule of optax with these arguments.
    pub fn new(cosine_kwargs: impl Into<Vec<WarmupCosineDecaySchedule>>) -> Self {
        Self {
            cosine_kwargs: cosine_kwargs.into(),
        }
    }

    /// The scheduler, whose peak is the highest rate.
    ///
    /// # Errors
    /// The first argument out of its range, or no cycle.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.scheduler()
    }

    fn joined(&self) -> JoinSchedules {
        let cycles = self.cosine_kwargs.iter();
        // One boundary more than are needed, which is left out.
        let ends = cycles.clone().scan(0_u64, |end, cycle| {
            *end = end.saturating_add(cycle.decay_steps);
            Some(*end)
        });
        let schedules = cycles.map(|cycle| (*cycle).into());
        JoinSchedules::new(schedules.collect::<Vec<_>>(), ends.collect::<Vec<_>>())
    }
}

impl Rates for SgdrSchedule {
    fn highest(&self) -> f64 {
        self.joined().highest()
    }

    fn ratios(&self, peak: f64) -> Arc<dyn Schedule> {
        self.joined().ratios(peak)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        if self.cosine_kwargs.is_empty() {
            return Err(ScheduleError::missing(
                "cosine_kwargs",
                "must have at least one entry",
            ));
        }
        for (index, cycle) in self.cosine_kwargs.iter().enumerate() {
            let parent = format!("cosine_kwargs[{index}]");
            cycle.check().map_err(|error| error.below(&parent))?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_that_of_the_highest_cycle() {
        let cycle = |peak| WarmupCosineDecaySchedule::new(0.0, peak, 1, 2);
        let rate = SgdrSchedule::new([cycle(0.1), cycle(0.4), cycle(0.2)])
            .build()
            .unwrap();
        assert_eq!(rate.peak(), 0.4);
        assert_eq!(rate.rates(0..7), [0.0, 0.1, 0.0, 0.4, 0.0, 0.2, 0.0]);
    }

    #[test]
    fn an_error_names_the_cycle() {
        let cycle = |steps| WarmupCosineDecaySchedule::new(0.0, 1.0, 3, steps);
        let error = |cycles: &[WarmupCosineDecaySchedule]| {
            let peer = SgdrSchedule::new(cycles);
            peer.build().unwrap_err().to_string()
        };
        let text = "cosine_kwargs[1].decay_steps = 3: must be more than the 3 of the warm-up";
        assert_eq!(error(&[cycle(4), cycle(3)]), text);
        let text = "cosine_kwargs: must have at least one entry";
        assert_eq!(error(&[]), text);
    }
}
