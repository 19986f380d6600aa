//! A schedule with a bent time.

use std::sync::Arc;

#[cfg(feature = "serde")]
use serde_json::{Map, Value};

use super::between::momentum_at;
#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, ScheduleConfig, Shape, form::nested};
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// Another schedule with its time bent: `k` above 1 stays high for longer and falls faster later.
///
/// ```text
/// factor(t) = schedule(T · (t / T)^k)         while t < T, then schedule(t)
/// ```
///
/// `T` is the schedule's length, which it must have, and `k` is above 0; 1 changes nothing. Both ends stay where they
/// are. The momentum between two updates lies on the straight line between theirs. Made by
/// [`k_decay`](crate::Compose::k_decay); it is the `k_decay` of timm's cosine and polynomial.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Linear::new(4).k_decay(2.0).peak(1.0)?;
/// assert_eq!(rate.rates(0..6), [1.0, 0.9375, 0.75, 0.4375, 0.0, 0.0]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Zhang & Li (2020), *k-decay: A New Method for Learning Rate Schedule*.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "S: serde::Deserialize<'de>, KDecay<S>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "S: schemars::JsonSchema + serde::Serialize, KDecay<S>: Default")
)]
pub struct KDecay<S> {
    /// How far the time is bent, above 0: above 1 the rate stays high for longer.
    k: f64,
    /// A schedule with a length.
    schedule: S,
}

impl<S> KDecay<S> {
    pub(crate) fn new(k: f64, schedule: S) -> Self {
        Self { k, schedule }
    }
}

impl<S: Schedule> KDecay<S> {
    /// The time of the schedule inside.
    fn bent(&self, time: f64) -> f64 {
        let length = self.schedule.length().map_or(0.0, |length| length as f64);
        let share = time / length;
        if time >= length {
            return time;
        }
        if share > 0.0 {
            // T · (t / T)^k, exact at k = 1.
            return time * share.powf(self.k - 1.0);
        }
        0.0
    }
}

impl<S: Schedule> Schedule for KDecay<S> {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.schedule.factor_at(self.bent(time))
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        momentum_at(&self.schedule, self.bent(update as f64))
    }

    fn length(&self) -> Option<u64> {
        self.schedule.length()
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let schedule = self.schedule.shortened(updates)?;
        Some(Arc::new(KDecay::new(self.k, schedule)))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::positive("k_decay.k", self.k, MAX_FACTOR)?;
        self.schedule
            .check()
            .map_err(|error| error.below("k_decay"))?;
        match self.schedule.length() {
            Some(_) => Ok(()),
            None => Err(ScheduleError::missing(
                "k_decay.schedule",
                "must have an end, as a linear or a cosine one has",
            )),
        }
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("k_decay")
            .number(self.k)
            .nested(&self.schedule)
            .finish()
    }
}

/// `kind = "k_decay"`: a cosine over what remains of the run, with the first `k` that bends it.
#[cfg(feature = "serde")]
impl Default for KDecay<Box<ScheduleConfig>> {
    fn default() -> Self {
        let cosine = Shape::Cosine(Default::default());
        Self::new(2.0, Box::new(cosine.into()))
    }
}

#[cfg(feature = "serde")]
impl Form for KDecay<Box<ScheduleConfig>> {
    const KIND: &'static str = "k_decay";
    type Resolved = KDecay<Arc<dyn Schedule>>;

    fn read(keys: Map<String, Value>) -> Result<Self, ScheduleError> {
        nested::read(keys, |form: &mut Self| &mut form.schedule)
    }

    fn resolve(&self, horizon: &Horizon) -> Result<Self::Resolved, ScheduleError> {
        let schedule = nested::child(&self.schedule, Self::KIND, horizon)?;
        KDecay::new(self.k, schedule).checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::MAX_UPDATE;
    use crate::prelude::*;

    #[test]
    fn k_1_changes_nothing() {
        for length in [7, 1_000_003, MAX_UPDATE] {
            let plain = Cosine::new(length).floor(0.1);
            let bent = plain.k_decay(1.0);
            for update in [0, 1, 5, length / 3, length - 1, length, length + 1] {
                assert_eq!(
                    bent.factor(update),
                    plain.factor(update),
                    "{update} of {length}"
                );
            }
        }
    }

    #[test]
    fn it_bends_the_time() {
        let root = Linear::new(100).k_decay(0.5);
        assert!((root.factor(25) - 0.5).abs() < 1e-15);
        assert!((root.factor(81) - 0.1).abs() < 1e-15);
        assert_eq!((root.factor(0), root.factor(100)), (1.0, 0.0));
        let cube = Linear::new(10).end(0.2).k_decay(3.0);
        assert!((cube.factor(5) - 0.9).abs() < 1e-15);
        assert_eq!((cube.factor(10), cube.factor(11)), (0.2, 0.2));
        // At a whole bent time a part of a sequence begins.
        let parts = Sequence::new(Constant::new())
            .then(25, Linear::new(75).start(0.5))
            .k_decay(2.0);
        assert_eq!((parts.factor(49), parts.factor(50)), (1.0, 0.5));
    }

    #[test]
    fn timm_says_the_same() {
        // timm 1.0.31: CosineLRScheduler(t_initial=50, lr_min=1e-4, k_decay=1.5) at 0.1.
        let rate = Cosine::new(50).floor(1e-3).k_decay(1.5).peak(0.1).unwrap();
        for (update, expected) in [
            (1, 0.099_998_028_066_015_53),
            (25, 0.072_228_591_224_294_36),
            (49, 0.000_319_462_829_480_965),
            (50, 0.0001),
        ] {
            let found = rate.rate_at(update);
            assert!((found / expected - 1.0).abs() < 1e-12, "{update}: {found}");
        }
    }

    #[test]
    fn the_ends_of_its_range_do_not_leave_the_schedule() {
        let sharp = Linear::new(10).k_decay(1e18);
        assert_eq!(
            [sharp.factor(0), sharp.factor(9), sharp.factor(10)],
            [1.0, 1.0, 0.0]
        );
        let flat = Linear::new(10).k_decay(1e-18);
        assert_eq!([flat.factor(0), flat.factor(1)], [1.0, 0.0]);
        assert_eq!(flat.factor_at(5e-324), 1.0);
        for k in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                Linear::new(10).k_decay(k).check().unwrap_err().path(),
                "k_decay.k"
            );
        }
    }

    #[test]
    fn it_needs_a_length() {
        let error = Step::new(5).k_decay(2.0).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "k_decay.schedule: must have an end, as a linear or a cosine one has"
        );
        assert_eq!(Constant::new().k_decay(2.0).factor(7), 1.0);
        let warmed = Linear::new(10).k_decay(2.0).warmup_within(6);
        assert_eq!(
            (warmed.length(), warmed.factor(8), warmed.factor(10)),
            (Some(10), 0.75, 0.0)
        );
    }
}
