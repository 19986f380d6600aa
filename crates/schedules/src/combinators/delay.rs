//! A schedule that begins later.

use std::sync::Arc;

#[cfg(feature = "serde")]
use serde_json::{Map, Value};

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, ScheduleConfig, Shape, Span, form, form::nested};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// The first value of another schedule, held for some updates before it begins.
///
/// ```text
/// factor(t) = schedule(max(0, t - n))
/// ```
///
/// `n` is in updates; optax calls it `transition_begin`. A warm-up is taken out of the time that is held, and then out
/// of the schedule. Made by [`delay`](crate::Compose::delay).
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Linear::new(4).delay(2).peak(1.0)?;
/// assert_eq!(rate.rates(0..7), [1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]);
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
            deserialize = "S: serde::Deserialize<'de>, L: serde::Deserialize<'de>, Delay<S, L>: Default"
        )
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        bound = "S: schemars::JsonSchema + serde::Serialize, L: schemars::JsonSchema + serde::Serialize, Delay<S, L>: Default"
    )
)]
pub struct Delay<S = Arc<dyn Schedule>, L = u64> {
    /// How long the first value is held.
    updates: L,
    /// What begins then.
    schedule: S,
}

impl Delay {
    pub(crate) fn new(updates: u64, schedule: Arc<dyn Schedule>) -> Self {
        Self { updates, schedule }
    }
}

impl Schedule for Delay {
    fn factor(&self, update: u64) -> f64 {
        self.schedule.factor(update.saturating_sub(self.updates))
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.schedule
            .factor_at((time - self.updates as f64).max(0.0))
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        self.schedule.momentum(update.saturating_sub(self.updates))
    }

    fn length(&self) -> Option<u64> {
        self.schedule
            .length()
            .map(|length| length.saturating_add(self.updates))
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let shorter = self
            .schedule
            .shortened(updates.saturating_sub(self.updates));
        Some(Arc::new(Self {
            updates: self.updates.saturating_sub(updates),
            schedule: shorter.unwrap_or_else(|| self.schedule.clone()),
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::updates("delay.updates", self.updates)?;
        self.schedule.check().map_err(|error| error.below("delay"))
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("delay")
            .count(self.updates)
            .nested(&self.schedule)
            .finish()
    }
}

/// `kind = "delay"`: half of the run at the peak, then a cosine.
#[cfg(feature = "serde")]
impl Default for Delay<Box<ScheduleConfig>, Span> {
    fn default() -> Self {
        let cosine = Shape::Cosine(Default::default());
        Self {
            updates: Span::PercentOfRest(50.0),
            schedule: Box::new(cosine.into()),
        }
    }
}

/// The `"rest"` of the schedule inside is what the delay leaves.
#[cfg(feature = "serde")]
impl Form for Delay<Box<ScheduleConfig>, Span> {
    const KIND: &'static str = "delay";
    type Resolved = Delay;

    fn read(keys: Map<String, Value>) -> Result<Self, ScheduleError> {
        nested::read(keys, |form: &mut Self| &mut form.schedule)
    }

    fn resolve(&self, horizon: &Horizon) -> Result<Delay, ScheduleError> {
        let (updates, segment) = (horizon.resolve(self.updates), horizon.segment());
        if updates >= segment {
            let allowed =
                format!("is {updates} updates, which must be fewer than the {segment} there are");
            return Err(form::wrong("delay.updates", &self.updates, &allowed));
        }
        let inside = horizon.with_segment(segment - updates);
        let schedule = nested::child(&self.schedule, Self::KIND, &inside)?;
        Delay::new(updates, schedule).checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::MAX_UPDATE;
    use crate::prelude::*;

    #[test]
    fn it_holds_the_first_value() {
        let schedule = Linear::new(4).start(0.5).delay(3);
        assert_eq!((schedule.factor(3), schedule.factor(4)), (0.5, 0.375));
        assert_eq!(schedule.factor_at(2.5), 0.5);
        assert_eq!(schedule.factor_at(3.5), 0.4375);
        assert_eq!(schedule.length(), Some(7));
        let error = Constant::new().delay(MAX_UPDATE + 1).check().unwrap_err();
        assert_eq!(error.path(), "delay.updates");
    }

    #[test]
    fn a_warm_up_is_taken_from_the_hold_first() {
        for (updates, schedule) in [
            (3, Linear::new(10).delay(5).warmup_within(3)),
            (5, Linear::new(10).delay(5).warmup_within(5)),
        ] {
            assert_eq!(schedule.length(), Some(15));
            assert_eq!((schedule.factor(updates), schedule.factor(5)), (1.0, 1.0));
            assert_eq!(schedule.factor(10), 0.5);
        }
        let longer = Linear::new(10).delay(5).warmup_within(7);
        assert_eq!(
            (longer.length(), longer.factor(7), longer.factor(11)),
            (Some(15), 1.0, 0.5)
        );
        let endless = Step::new(10).delay(5).warmup_within(3);
        assert_eq!((endless.factor(14), endless.factor(15)), (1.0, 0.1));
    }
}
