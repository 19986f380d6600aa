//! Another schedule at another height.

use std::sync::Arc;

#[cfg(feature = "serde")]
use serde_json::{Map, Value};

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, ScheduleConfig, Shape, form::nested};
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// Another schedule times a constant ratio, such as a part of a sequence with a lower peak.
///
/// ```text
/// factor(t) = ratio · schedule(t)
/// ```
///
/// `ratio` is from 0 to [`MAX_FACTOR`], at which the product saturates. Made by [`scale`](crate::Compose::scale).
///
/// ```
/// use schedules::prelude::*;
///
/// let fine_tuning = Linear::new(4).scale(0.1);
/// let rate = Sequence::new(Constant::new()).then(2, fine_tuning).peak(1.0)?;
/// assert_eq!(rate.rates(0..5), [1.0, 1.0, 0.1, 0.07500000000000001, 0.05]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "S: serde::Deserialize<'de>, Scale<S>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "S: schemars::JsonSchema + serde::Serialize, Scale<S>: Default")
)]
pub struct Scale<S> {
    /// What the rate is multiplied by, not below 0.
    ratio: f64,
    /// What is multiplied.
    schedule: S,
}

impl<S> Scale<S> {
    pub(crate) fn new(ratio: f64, schedule: S) -> Self {
        Self { ratio, schedule }
    }
}

impl<S: Schedule> Schedule for Scale<S> {
    fn factor(&self, update: u64) -> f64 {
        (self.ratio * self.schedule.factor(update)).min(MAX_FACTOR)
    }

    fn factor_at(&self, time: f64) -> f64 {
        (self.ratio * self.schedule.factor_at(time)).min(MAX_FACTOR)
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        self.schedule.momentum(update)
    }

    fn length(&self) -> Option<u64> {
        self.schedule.length()
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let schedule = self.schedule.shortened(updates)?;
        Some(Arc::new(Scale {
            ratio: self.ratio,
            schedule,
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::ratio("scale.ratio", self.ratio)?;
        self.schedule.check().map_err(|error| error.below("scale"))
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("scale")
            .number(self.ratio)
            .nested(&self.schedule)
            .finish()
    }
}

/// `kind = "scale"`: a cosine over what remains of the run, at its own height.
#[cfg(feature = "serde")]
impl Default for Scale<Box<ScheduleConfig>> {
    fn default() -> Self {
        let cosine = Shape::Cosine(Default::default());
        Self::new(1.0, Box::new(cosine.into()))
    }
}

/// A `min_lr` of the schedule inside is still the learning rate that comes out in the end.
#[cfg(feature = "serde")]
impl Form for Scale<Box<ScheduleConfig>> {
    const KIND: &'static str = "scale";
    type Resolved = Scale<Arc<dyn Schedule>>;

    fn read(keys: Map<String, Value>) -> Result<Self, ScheduleError> {
        nested::read(keys, |form: &mut Self| &mut form.schedule)
    }

    fn resolve(&self, horizon: &Horizon) -> Result<Self::Resolved, ScheduleError> {
        check::ratio("scale.ratio", self.ratio)?;
        let inside = horizon.with_peak(horizon.peak() * self.ratio);
        let schedule = nested::child(&self.schedule, Self::KIND, &inside)?;
        Scale::new(self.ratio, schedule).checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::MAX_FACTOR;
    use crate::prelude::*;

    #[test]
    fn it_may_lift_and_saturates() {
        let high = Linear::new(10).start(1e10).scale(1e9);
        assert_eq!((high.check(), high.factor(0)), (Ok(()), MAX_FACTOR));
        assert_eq!(high.factor(10), 0.0);
        assert_eq!(Constant::new().scale(0.0).factor(3), 0.0);
        let error = Constant::new().scale(-1.0).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "scale.ratio = -1.0: must be between 0 and 1e18"
        );
    }

    #[test]
    fn it_is_as_long_as_what_it_scales() {
        let warmed = Linear::new(10).scale(0.5).warmup_within(4);
        assert_eq!(
            (warmed.length(), warmed.factor(4), warmed.factor(7)),
            (Some(10), 0.5, 0.25)
        );
    }
}
