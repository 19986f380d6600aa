//! A way down at the end of another schedule.

use std::sync::Arc;

use crate::{Curve, Fingerprint, Schedule, ScheduleError, check};

/// Another schedule that comes down over the last updates of a run, from wherever it is then.
///
/// ```text
/// factor(t) = schedule(t)                                       while t < begin = total - n
/// factor(t) = curve(schedule(begin) → end, (t - begin) / n)     while t < total, then end
/// ```
///
/// `n` and `total` are updates; `end` (default 0) is a ratio of the peak, from 0 to 1. `curve` is linear by default;
/// [`Curve`] has the formulas. So a schedule without an end gets one: a constant becomes warm-up-stable-decay, an
/// inverse square root the schedule of Zhai et al. The momentum stays where it was when the way down began. A warm-up
/// is taken out of the time before that. Made by [`cooldown`](crate::Compose::cooldown).
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Constant::new().cooldown(4, 7).end(0.2).peak(1.0)?;
/// assert_eq!(rate.rates(0..9), [1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.2]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Zhai et al. (2022), *Scaling Vision Transformers*; Hägele et al. (2024), *Scaling Laws and Compute-Optimal Training
/// Beyond Fixed Training Durations*, which finds [`Curve::Sqrt`] better than a line.
#[derive(Clone, Debug)]
pub struct Cooldown {
    updates: u64,
    total: u64,
    end: f64,
    curve: Curve,
    schedule: Arc<dyn Schedule>,
}

impl Cooldown {
    pub(crate) fn new(updates: u64, total: u64, schedule: Arc<dyn Schedule>) -> Self {
        Self {
            updates,
            total,
            end: 0.0,
            curve: Curve::Linear,
            schedule,
        }
    }

    /// The ratio of the peak that it ends at, from 0 to 1, above 0 for [`Curve::Exponential`]; default 0.
    pub fn end(self, end: f64) -> Self {
        Self { end, ..self }
    }

    /// The way down; default [`Curve::Linear`].
    pub fn curve(self, curve: Curve) -> Self {
        Self { curve, ..self }
    }

    /// The update at which the way down begins.
    fn begin(&self) -> u64 {
        self.total.saturating_sub(self.updates)
    }
}

impl Schedule for Cooldown {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, begin) = (time.max(0.0), self.begin());
        if time >= self.total as f64 {
            return self.end;
        }
        let passed = time - begin as f64;
        if passed < 0.0 {
            return self.schedule.factor_at(time);
        }
        let from = self.schedule.factor(begin);
        self.curve
            .between(from, self.end, passed, self.updates as f64)
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        self.schedule.momentum(update.min(self.begin()))
    }

    fn length(&self) -> Option<u64> {
        Some(self.total)
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let shorter = self.schedule.shortened(updates);
        Some(Arc::new(Self {
            total: self.total.saturating_sub(updates),
            schedule: shorter.unwrap_or_else(|| self.schedule.clone()),
            ..*self
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("cooldown.total", self.total)?;
        if self.updates > self.total {
            let allowed = format!("must be at most the {} updates that it ends", self.total);
            return Err(ScheduleError::new(
                "cooldown.updates",
                self.updates,
                allowed,
            ));
        }
        self.curve.check("cooldown.curve")?;
        match self.curve {
            Curve::Exponential => check::positive("cooldown.end", self.end, 1.0)?,
            _ => check::share("cooldown.end", self.end)?,
        }
        self.schedule
            .check()
            .map_err(|error| error.below("cooldown"))
    }

    fn fingerprint(&self) -> u64 {
        let own = Fingerprint::of("cooldown")
            .count(self.updates)
            .count(self.total)
            .number(self.end);
        self.curve
            .added_unless_linear(own)
            .nested(&self.schedule)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::prelude::*;

    #[test]
    fn it_comes_down_from_wherever_the_schedule_is() {
        let halved = Exponential::new(0.5).cooldown(4, 7);
        let factors = [0, 2, 3, 4, 5, 6, 7, 8].map(|update| halved.factor(update));
        assert_eq!(
            factors,
            [1.0, 0.25, 0.125, 0.09375, 0.0625, 0.03125, 0.0, 0.0]
        );
        assert_eq!(
            (halved.factor_at(2.5), halved.factor_at(3.5)),
            (0.5_f64.powf(2.5), 0.109375)
        );
        assert_eq!(halved.length(), Some(7));
        // From a rate below its end it goes up.
        assert_eq!(halved.end(0.625).factor(5), 0.375);
    }

    #[test]
    fn each_curve_goes_from_there_to_the_end() {
        let down = |curve| {
            let schedule = Constant::new().cooldown(100, 200).end(0.01).curve(curve);
            assert_eq!(schedule.check(), Ok(()));
            assert_eq!((schedule.factor(100), schedule.factor(200)), (1.0, 0.01));
            schedule.factor(125)
        };
        assert!((down(Curve::Linear) - 0.7525).abs() < 1e-15);
        // ½ (1 + cos(π / 4)) · 0.99 + 0.01
        assert!((down(Curve::Cosine) - 0.855_017_856_687_341_2).abs() < 1e-15);
        assert!((down(Curve::Sqrt) - 0.505).abs() < 1e-15);
        assert!((down(Curve::Exponential) - 0.1_f64.sqrt()).abs() < 1e-15);
        assert_eq!(down(Curve::Constant), 1.0);
    }

    #[test]
    fn it_may_take_the_whole_run_or_nothing() {
        let whole = Constant::new().cooldown(4, 4);
        assert_eq!(
            (whole.check(), whole.factor(0), whole.factor(1)),
            (Ok(()), 1.0, 0.75)
        );
        let nothing = Constant::new().cooldown(0, 4);
        assert_eq!(
            (nothing.check(), nothing.factor(3), nothing.factor(4)),
            (Ok(()), 1.0, 0.0)
        );
        assert_eq!(
            Constant::new()
                .cooldown(5, 4)
                .check()
                .unwrap_err()
                .to_string(),
            "cooldown.updates = 5: must be at most the 4 updates that it ends"
        );
        assert_eq!(
            Constant::new().cooldown(0, 0).check().unwrap_err().path(),
            "cooldown.total"
        );
    }

    #[test]
    fn its_end_is_checked_for_its_curve() {
        let error = Constant::new().cooldown(2, 4).end(1.5).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "cooldown.end = 1.5: must be between 0 and 1"
        );
        let error = Constant::new()
            .cooldown(2, 4)
            .curve(Curve::Exponential)
            .check()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "cooldown.end = 0.0: must be above 0 and at most 1"
        );
        let error = Step::new(0).cooldown(2, 4).check().unwrap_err();
        assert_eq!(error.path(), "cooldown.step.every");
    }

    #[test]
    fn a_warm_up_is_taken_out_of_the_time_before() {
        let stable = Constant::new().cooldown(4, 10).warmup_within(3);
        assert_eq!(
            (stable.length(), stable.factor(3), stable.factor(6)),
            (Some(10), 1.0, 1.0)
        );
        assert_eq!((stable.factor(8), stable.factor(10)), (0.5, 0.0));
        // What comes down has a length of its own, from which the warm-up is taken as well.
        let line = Linear::new(10).cooldown(5, 10).warmup_within(2);
        assert_eq!(
            (line.factor(2), line.factor(5), line.factor(8)),
            (1.0, 0.625, 0.25)
        );
        assert_eq!(
            Constant::new().cooldown(4, 10).warmup_within(6).check(),
            Ok(())
        );
        let error = Constant::new()
            .cooldown(4, 10)
            .warmup_within(7)
            .check()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "warmup.cooldown.updates = 4: must be at most the 3 updates that it ends"
        );
    }
}
