//! A way to the first value of another schedule.

use std::sync::Arc;

use crate::{Curve, Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// A way to the first value of another schedule, which then begins.
///
/// ```text
/// factor(t) = first · curve(start → 1, t / n)        while t < n, then schedule(t - n)
///
/// Linear         start + (1 - start) · x             with x = t / n; without a start (t + 1) / (n + 1)
/// Cosine         start + (1 - start) · ½ (1 - cos(π x))
/// Sqrt           start + (1 - start) · √x
/// Exponential    start ^ (1 - x)
/// Constant       start
/// ```
///
/// `n` is the length of the warm-up in updates, `first` the factor that the schedule behind it begins with, and `start`
/// the ratio of the first update's rate to it: 1 / (n + 1) by default, for every curve. So the first update is not
/// wasted on a rate of 0, unless that is asked for: `start(0.0)` is what transformers and optax do. From a `start`
/// above 1 the warm-up comes down. Made by [`warmup`](crate::Compose::warmup), which lengthens the whole, and by
/// [`warmup_within`](crate::Compose::warmup_within), which does not.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Step::new(2).gamma(0.5).warmup(3).peak(0.8)?;
/// assert_eq!(rate.rates(0..6), [0.2, 0.4, 0.6000000000000001, 0.8, 0.8, 0.4]);
///
/// let rate = Constant::new().warmup(4).start(0.0).peak(0.8)?;
/// assert_eq!(rate.rates(0..6), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 0.8]);
///
/// let rate = Constant::new().warmup(3).curve(Curve::Constant).peak(0.8)?;
/// assert_eq!(rate.rates(0..5), [0.2, 0.2, 0.2, 0.8, 0.8]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Goyal et al. (2017), *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*, section 2.2: the constant and the
/// straight one.
#[derive(Clone, Debug, PartialEq)]
pub struct Warmup<S> {
    updates: u64,
    start: Option<f64>,
    curve: Curve,
    /// The length of the whole where the warm-up was taken out of it; it tells the check, and nothing else.
    whole: Option<u64>,
    schedule: S,
}

impl<S> Warmup<S> {
    pub(crate) fn new(updates: u64, whole: Option<u64>, schedule: S) -> Self {
        Self {
            updates,
            start: None,
            curve: Curve::Linear,
            whole,
            schedule,
        }
    }

    /// The ratio of the first update's rate to the one that the warm-up leads to, from 0 to [`MAX_FACTOR`]; above 0 for
    /// [`Curve::Exponential`]. Default 1 / (n + 1).
    pub fn start(self, start: f64) -> Self {
        Self {
            start: Some(start),
            ..self
        }
    }

    /// The way from the start to the rate that the warm-up leads to; default [`Curve::Linear`].
    pub fn curve(self, curve: Curve) -> Self {
        Self { curve, ..self }
    }
}

impl<S: Schedule> Schedule for Warmup<S> {
    fn factor(&self, update: u64) -> f64 {
        if update >= self.updates {
            return self.schedule.factor(update - self.updates);
        }
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, updates) = (time.max(0.0), self.updates as f64);
        if time >= updates {
            return self.schedule.factor_at(time - updates);
        }
        let ratio = match (self.start, self.curve) {
            // The straight way from 1 / (n + 1), in one division.
            (None, Curve::Linear) => (time + 1.0) / (updates + 1.0),
            (start, curve) => {
                let start = start.unwrap_or_else(|| (updates + 1.0).recip());
                curve.between(start, 1.0, time, updates)
            }
        };
        (self.schedule.factor(0) * ratio).min(MAX_FACTOR)
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
        let schedule = self.schedule.shortened(updates)?;
        let whole = self.whole.map(|whole| whole.saturating_sub(updates));
        Some(Arc::new(Warmup {
            updates: self.updates,
            start: self.start,
            curve: self.curve,
            whole,
            schedule,
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::updates("warmup.updates", self.updates)?;
        self.curve.check("warmup.curve")?;
        match (self.start, self.curve) {
            (Some(start), Curve::Exponential) => {
                check::positive("warmup.start", start, MAX_FACTOR)?;
            }
            (Some(start), _) => check::ratio("warmup.start", start)?,
            (None, _) => {}
        }
        if let Some(whole) = self
            .whole
            .filter(|whole| *whole > 0 && self.updates >= *whole)
        {
            let allowed = format!("must be fewer than the {whole} updates it is taken from");
            return Err(ScheduleError::new("warmup.updates", self.updates, allowed));
        }
        self.schedule.check().map_err(|error| error.below("warmup"))
    }

    fn fingerprint(&self) -> u64 {
        let own = Fingerprint::of("warmup")
            .count(self.updates)
            .optional(self.start);
        self.curve
            .added_unless_linear(own)
            .nested(&self.schedule)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::MAX_FACTOR;
    use crate::prelude::*;

    const CURVES: [Curve; 5] = [
        Curve::Linear,
        Curve::Cosine,
        Curve::Sqrt,
        Curve::Exponential,
        Curve::Constant,
    ];

    #[test]
    fn it_leads_to_the_first_value_of_what_follows() {
        let schedule = Linear::new(10).start(0.5).warmup(4);
        assert_eq!(schedule.factor(0), 0.1);
        assert_eq!(schedule.factor(3), 0.4);
        assert_eq!(schedule.factor(4), 0.5);
    }

    #[test]
    fn without_updates_it_is_not_there() {
        let plain = Linear::new(10);
        for curve in CURVES {
            let warmed = plain.warmup(0).start(0.3).curve(curve);
            assert_eq!(warmed.check(), Ok(()));
            assert!((0..20).all(|update| warmed.factor(update) == plain.factor(update)));
        }
    }

    #[test]
    fn every_curve_begins_above_zero_and_leads_to_the_peak() {
        for curve in CURVES {
            let schedule = Linear::new(10).start(0.5).warmup(4).curve(curve);
            assert!((schedule.factor(0) - 0.1).abs() < 1e-16, "{curve:?}");
            assert!(schedule.factor(3) < 0.5, "{curve:?}");
            assert_eq!(schedule.factor(4), 0.5, "{curve:?}");
            assert_eq!(schedule.factor_at(4.0), 0.5, "{curve:?}");
        }
        let line = Linear::new(10).warmup(4);
        let from_a_fifth = line.clone().start(0.2);
        assert!((0..15).all(|update| {
            let difference = from_a_fifth.factor(update) - line.factor(update);
            difference.abs() < 1e-15
        }));
    }

    #[test]
    fn a_curve_is_its_formula() {
        // ½ (1 - cos(π / 3)) = ¼, and √¼ = ½.
        let factor = |updates, curve, update| {
            Constant::new()
                .warmup(updates)
                .start(0.0)
                .curve(curve)
                .factor(update)
        };
        assert!((factor(3, Curve::Cosine, 1) - 0.25).abs() < 1e-15);
        assert_eq!(factor(4, Curve::Sqrt, 1), 0.5);
        let growth = Constant::new()
            .warmup(3)
            .start(1e-3)
            .curve(Curve::Exponential);
        assert!((growth.factor(1) - 1e-2).abs() < 1e-16);
        assert!((growth.factor(2) - 1e-1).abs() < 1e-15);
    }

    #[test]
    fn from_above_it_comes_down_and_saturates() {
        let schedule = Constant::new().warmup(4).start(5.0);
        let factors = [0, 1, 2, 3, 4].map(|update| schedule.factor(update));
        assert_eq!(factors, [5.0, 4.0, 3.0, 2.0, 1.0]);
        let highest = Linear::new(10)
            .start(MAX_FACTOR)
            .warmup(4)
            .start(MAX_FACTOR);
        assert_eq!(highest.check(), Ok(()));
        assert_eq!(highest.factor(0), MAX_FACTOR);
    }

    #[test]
    fn warm_ups_nest() {
        let schedule = Linear::new(20).warmup_within(4).warmup_within(5);
        assert_eq!((schedule.length(), schedule.check()), (Some(20), Ok(())));
        assert_eq!(schedule.factor(9), 1.0);
        let kept = Linear::new(20)
            .warmup_within(4)
            .start(0.5)
            .curve(Curve::Constant);
        let kept = kept.warmup_within(5);
        assert_eq!(
            (kept.factor(5), kept.factor(8), kept.factor(9)),
            (0.5, 0.5, 1.0)
        );
        let ends =
            |schedule: &dyn Schedule| (schedule.factor(19) > 0.0) && (schedule.factor(20) == 0.0);
        assert!(ends(&schedule));
    }

    #[test]
    fn it_may_not_take_everything() {
        assert_eq!(Linear::new(5).warmup_within(4).check(), Ok(()));
        let error = Linear::new(5).warmup_within(5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "warmup.updates = 5: must be fewer than the 5 updates it is taken from"
        );
        // What was wrong before is not blamed on the warm-up.
        let error = Linear::new(0).warmup_within(5).check().unwrap_err();
        assert_eq!(error.path(), "warmup.linear.length");
        let error = Constant::new().warmup(5).start(-0.5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "warmup.start = -0.5: must be between 0 and 1e18"
        );
        let exponential = Constant::new().warmup(5).curve(Curve::Exponential);
        assert_eq!(exponential.check(), Ok(()));
        assert_eq!(
            exponential.start(0.0).check().unwrap_err().to_string(),
            "warmup.start = 0.0: must be above 0 and at most 1e18"
        );
    }

    #[test]
    fn without_a_length_it_merely_delays() {
        let (plain, delayed) = (Step::new(10), Step::new(10).warmup_within(7));
        assert!((0..50).all(|update| delayed.factor(update + 7) == plain.factor(update)));
    }
}
