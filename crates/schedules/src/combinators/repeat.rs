//! A schedule again and again.

use std::sync::Arc;

#[cfg(feature = "serde")]
use serde_json::{Map, Value};

use super::between::split;
#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, ScheduleConfig, Shape, Span, form::nested};
use crate::{Fingerprint, Schedule, ScheduleError, Sequence, check};

/// Another schedule that starts again every so many updates.
///
/// ```text
/// factor(t) = schedule(t mod every)          while t < cycles · every, then schedule(every)
/// ```
///
/// `every` is in updates; without `cycles` it goes on without end. After the last cycle the value to which that cycle
/// led holds: that of a cosine of length `every` is its floor. A warm-up is taken out of the first cycle, and the
/// others start when they did. Made by [`repeat`](crate::Compose::repeat).
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Linear::new(2).repeat(2).peak(1.0)?;
/// assert_eq!(rate.rates(0..6), [1.0, 0.5, 1.0, 0.5, 1.0, 0.5]);
///
/// let rate = Linear::new(2).repeat(2).cycles(2).peak(1.0)?;
/// assert_eq!(rate.rates(0..6), [1.0, 0.5, 1.0, 0.5, 0.0, 0.0]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(
            deserialize = "S: serde::Deserialize<'de>, L: serde::Deserialize<'de>, Repeat<S, L>: Default"
        )
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        bound = "S: schemars::JsonSchema + serde::Serialize, L: schemars::JsonSchema + serde::Serialize, Repeat<S, L>: Default"
    )
)]
pub struct Repeat<S = Arc<dyn Schedule>, L = u64> {
    /// The time from one start to the next.
    every: L,
    /// The number of cycles, at least 1; without it there is no end.
    cycles: Option<u64>,
    /// What is repeated.
    schedule: S,
}

impl Repeat {
    pub(crate) fn new(every: u64, schedule: Arc<dyn Schedule>) -> Self {
        Self {
            every,
            cycles: None,
            schedule,
        }
    }

    /// The number of cycles, at least 1; by default there is no end.
    pub fn cycles(self, cycles: u64) -> Self {
        Self {
            cycles: Some(cycles),
            ..self
        }
    }

    /// The update of the schedule inside that `update` stands for, and whether the last cycle is over.
    fn within(&self, update: u64) -> (u64, bool) {
        // An unchecked `every` may be 0.
        let cycle = update.checked_div(self.every).unwrap_or(0);
        if self.cycles.is_some_and(|cycles| cycle >= cycles) {
            return (self.every, true);
        }
        (update - cycle * self.every, false)
    }
}

impl Schedule for Repeat {
    fn factor(&self, update: u64) -> f64 {
        self.schedule.factor(self.within(update).0)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (update, fraction) = split(time);
        let (update, over) = self.within(update);
        let fraction = if over { 0.0 } else { fraction };
        self.schedule.factor_at(update as f64 + fraction)
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        self.schedule.momentum(self.within(update).0)
    }

    fn length(&self) -> Option<u64> {
        self.cycles.map(|cycles| cycles.saturating_mul(self.every))
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let shorter = self.schedule.shortened(updates);
        let first = Self {
            every: self.every.saturating_sub(updates),
            cycles: Some(1),
            schedule: shorter.unwrap_or_else(|| self.schedule.clone()),
        };
        let others = self.cycles.map(|cycles| cycles.saturating_sub(1));
        // Where nothing is left of the first cycle, it is the one that fails its check.
        if others == Some(0) || first.every == 0 {
            return Some(Arc::new(first));
        }
        let rest = Self {
            every: self.every,
            cycles: others,
            schedule: self.schedule.clone(),
        };
        Some(Arc::new(
            Sequence::new(first.schedule).then(first.every, rest),
        ))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("repeat.every", self.every)?;
        if let Some(cycles) = self.cycles {
            check::length("repeat.cycles", cycles)?;
        }
        self.schedule.check().map_err(|error| error.below("repeat"))
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("repeat")
            .count(self.every)
            .count(self.cycles.unwrap_or(0))
            .nested(&self.schedule)
            .finish()
    }
}

/// `kind = "repeat"`: a cosine in every quarter of the run.
#[cfg(feature = "serde")]
impl Default for Repeat<Box<ScheduleConfig>, Span> {
    fn default() -> Self {
        let cosine = Shape::Cosine(Default::default());
        Self {
            every: Span::PercentOfRest(25.0),
            cycles: None,
            schedule: Box::new(cosine.into()),
        }
    }
}

/// The `"rest"` of the schedule inside is one cycle.
#[cfg(feature = "serde")]
impl Form for Repeat<Box<ScheduleConfig>, Span> {
    const KIND: &'static str = "repeat";
    type Resolved = Repeat;

    fn read(keys: Map<String, Value>) -> Result<Self, ScheduleError> {
        nested::read(keys, |form: &mut Self| &mut form.schedule)
    }

    fn resolve(&self, horizon: &Horizon) -> Result<Repeat, ScheduleError> {
        let every = horizon.resolve(self.every);
        check::length("repeat.every", every)?;
        let schedule = nested::child(&self.schedule, Self::KIND, &horizon.with_segment(every))?;
        Repeat {
            every,
            cycles: self.cycles,
            schedule,
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::MAX_UPDATE;
    use crate::prelude::*;

    #[test]
    fn each_cycle_is_the_first_one() {
        let cosine = Cosine::new(7).floor(0.1);
        let cycles = cosine.repeat(7).cycles(3);
        assert!((0..21).all(|update| cycles.factor(update) == cosine.factor(update % 7)));
        assert_eq!((cycles.length(), cycles.factor(20) > 0.1), (Some(21), true));
        assert_eq!((cycles.factor(21), cycles.factor_at(21.5)), (0.1, 0.1));
        assert_eq!(cycles.factor_at(8.5), cosine.factor_at(1.5));
        let endless = cosine.repeat(7);
        assert_eq!(
            (endless.length(), endless.factor(MAX_UPDATE / 7 * 7)),
            (None, 1.0)
        );
    }

    #[test]
    fn a_cycle_may_cut_the_schedule_off_or_wait_for_the_next() {
        let cut = Exponential::new(0.5).repeat(3).cycles(2);
        let factors = [0, 1, 2, 3, 4, 5, 6, 99].map(|update| cut.factor(update));
        assert_eq!(factors, [1.0, 0.5, 0.25, 1.0, 0.5, 0.25, 0.125, 0.125]);
        assert_eq!(cut.factor_at(6.5), 0.125);
        let waits = Linear::new(2).repeat(4);
        let factors = [0, 1, 2, 3, 4].map(|update| waits.factor(update));
        assert_eq!(factors, [1.0, 0.5, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn a_warm_up_is_taken_from_the_first_cycle() {
        for cycles in [
            Linear::new(10).repeat(10),
            Linear::new(10).repeat(10).cycles(2),
        ] {
            let warmed = cycles.warmup_within(4);
            assert_eq!(warmed.check(), Ok(()));
            assert_eq!((warmed.factor(4), warmed.factor(7)), (1.0, 0.5));
            assert!(warmed.factor(9) < 0.2);
            assert_eq!((warmed.factor(10), warmed.factor(15)), (1.0, 0.5));
        }
        let twice = Linear::new(10).repeat(10).cycles(2).warmup_within(4);
        assert_eq!(
            (twice.length(), twice.factor(19) > 0.0, twice.factor(20)),
            (Some(20), true, 0.0)
        );
        let once = Linear::new(10).repeat(10).cycles(1).warmup_within(4);
        assert_eq!(
            (once.length(), once.factor(9) > 0.0, once.factor(10)),
            (Some(10), true, 0.0)
        );
        let error = Linear::new(99)
            .repeat(10)
            .warmup_within(10)
            .check()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "warmup.repeat.every = 0: must be at least 1"
        );
    }

    #[test]
    fn it_needs_an_update_and_a_cycle() {
        let error = Linear::new(5).repeat(0).check().unwrap_err();
        assert_eq!(error.to_string(), "repeat.every = 0: must be at least 1");
        let error = Linear::new(5).repeat(5).cycles(0).check().unwrap_err();
        assert_eq!(error.to_string(), "repeat.cycles = 0: must be at least 1");
        assert_eq!(Linear::new(5).repeat(0).factor(9), 0.0);
    }
}
