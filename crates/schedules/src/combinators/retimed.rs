//! A run that is made longer or shorter while it is under way.

use std::sync::Arc;

use super::between::{momentum_at, split};
use crate::{Fingerprint, Schedule, ScheduleError, check};

/// Another schedule whose run is given another total while it is under way.
///
/// ```text
/// factor(t) = schedule(t)                                              while t < at
/// factor(t) = schedule(at + (t - at) · (from - at) / (to - at))        while t < to
/// factor(t) = schedule(from + t - to)                                  after that
/// ```
///
/// At update `at` the total changes from `from` to `to` updates: what is left is stretched or squeezed into the new
/// time. So the rate goes on from where it is, and what the schedule says at `from` now stands at `to`, both exactly.
/// The momentum between two updates lies on the straight line between theirs. Made by
/// [`retimed`](crate::Compose::retimed), and again by a second one, whose `from` is then the first one's `to`. A
/// warm-up is taken out of the time before `at`.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Linear::new(4).retimed(2, 4, 6).peak(1.0)?;
/// assert_eq!(rate.rates(0..8), [1.0, 0.75, 0.5, 0.375, 0.25, 0.125, 0.0, 0.0]);
///
/// let again = Linear::new(4).retimed(2, 4, 6).retimed(4, 6, 5).peak(1.0)?;
/// assert_eq!(again.rates(3..7), [0.375, 0.25, 0.0, 0.0]);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Retimed<S> {
    at: u64,
    from: u64,
    to: u64,
    schedule: S,
}

impl<S> Retimed<S> {
    pub(crate) fn new(at: u64, from: u64, to: u64, schedule: S) -> Self {
        Self {
            at,
            from,
            to,
            schedule,
        }
    }

    /// The time of the schedule inside, at a `fraction` after `update`.
    fn inside(&self, update: u64, fraction: f64) -> f64 {
        if update < self.at {
            return update as f64 + fraction;
        }
        if update >= self.to {
            return self.from.saturating_add(update - self.to) as f64 + fraction;
        }
        let (old, new) = (self.from.saturating_sub(self.at), self.to - self.at);
        // Whole updates are exact in 128 bits, so that a milestone inside is neither early nor late.
        let passed = u128::from(update - self.at) * u128::from(old);
        let whole = passed / u128::from(new);
        let part = (passed % u128::from(new)) as f64 + fraction * old as f64;
        self.at.saturating_add(whole as u64) as f64 + part / new as f64
    }
}

impl<S: Schedule> Schedule for Retimed<S> {
    fn factor(&self, update: u64) -> f64 {
        self.schedule.factor_at(self.inside(update, 0.0))
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (update, fraction) = split(time);
        self.schedule.factor_at(self.inside(update, fraction))
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        momentum_at(&self.schedule, self.inside(update, 0.0))
    }

    fn length(&self) -> Option<u64> {
        let length = self.schedule.length()?;
        if length <= self.at {
            return Some(length);
        }
        if length >= self.from {
            return Some(self.to.saturating_add(length - self.from));
        }
        // The first update that stands for the end or for what comes after it.
        let passed = u128::from(length - self.at) * u128::from(self.to.saturating_sub(self.at));
        let updates = passed.div_ceil(u128::from(self.from - self.at));
        Some(self.at.saturating_add(updates as u64))
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        let schedule = self.schedule.shortened(updates)?;
        // After `at` an update is no longer one of the schedule's, so nothing can be taken there: it fails its check.
        let from = if updates > self.at { 0 } else { self.from };
        Some(Arc::new(Retimed {
            at: self.at.saturating_sub(updates),
            from: from.saturating_sub(updates),
            to: self.to.saturating_sub(updates),
            schedule,
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        for (path, total) in [("retimed.from", self.from), ("retimed.to", self.to)] {
            check::updates(path, total)?;
            if total <= self.at {
                let allowed = format!("must be after update {}, at which it changes", self.at);
                return Err(ScheduleError::new(path, total, allowed));
            }
        }
        self.schedule
            .check()
            .map_err(|error| error.below("retimed"))
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("retimed")
            .count(self.at)
            .count(self.from)
            .count(self.to)
            .nested(&self.schedule)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::MAX_UPDATE;
    use crate::prelude::*;

    #[test]
    fn it_goes_on_from_where_it_is_and_ends_where_it_did() {
        let plain = Linear::new(1_000).end(0.1);
        for (at, to) in [
            (0, 3),
            (0, 7_001),
            (333, 334),
            (333, 1_000),
            (999, 1_000_000),
        ] {
            let schedule = plain.retimed(at, 1_000, to);
            assert_eq!(schedule.check(), Ok(()));
            assert!((0..=at).all(|update| schedule.factor(update) == plain.factor(update)));
            assert!(schedule.factor(to - 1) > 0.1);
            assert_eq!((schedule.factor(to), schedule.factor(to + 1)), (0.1, 0.1));
            assert_eq!(schedule.length(), Some(to));
        }
        let same = plain.retimed(333, 1_000, 1_000);
        assert!((0..1_100).all(|update| same.factor(update) == plain.factor(update)));
    }

    #[test]
    fn what_comes_after_the_total_comes_after_the_new_one() {
        let schedule = Exponential::new(0.5).retimed(2, 4, 8);
        let factors = [0, 1, 2, 5, 8, 9, 11].map(|update| schedule.factor(update));
        // Update 5 stands for 2 + 3 · 2/6 = 3.
        assert_eq!(factors, [1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.0078125]);
        assert_eq!(schedule.factor_at(8.5), 0.5_f64.powf(4.5));
        assert_eq!(schedule.factor_at(1.5), 0.5_f64.powf(1.5));
        assert_eq!(schedule.factor_at(3.5), 0.5_f64.powf(2.5));
        assert!((schedule.factor_at(2.75) - 0.5_f64.powf(2.25)).abs() < 1e-15);
    }

    #[test]
    fn a_milestone_is_neither_early_nor_late() {
        // At the larger scale the product of two lengths is beyond what an f64 holds.
        for scale in [1, (1 << 53) / 800] {
            let milestone = 100 * scale + 3 * scale;
            let parts = Sequence::new(Constant::new()).then(milestone, Constant::new().scale(0.5));
            let schedule = parts.retimed(100 * scale, 400 * scale, 800 * scale);
            assert_eq!(schedule.check(), Ok(()));
            let new = 100 * scale + 7 * scale;
            assert_eq!(
                (schedule.factor(new - 1), schedule.factor(new)),
                (1.0, 0.5),
                "{scale}"
            );
        }
    }

    #[test]
    fn its_length_is_the_first_update_at_the_end() {
        for (at, from, to) in [
            (20, 30, 50),
            (5, 15, 9),
            (5, 15, 22),
            (3, 11, 12),
            (0, 14, 3),
            (5, 10, 8),
        ] {
            let schedule = Linear::new(10).end(0.5).retimed(at, from, to);
            let end = schedule.length().unwrap();
            assert_eq!(schedule.factor(end), 0.5, "{at} {from} {to}");
            assert!(schedule.factor(end - 1) > 0.5, "{at} {from} {to}");
        }
        assert_eq!(Step::new(5).retimed(2, 4, 8).length(), None);
    }

    #[test]
    fn the_longest_run_is_exact() {
        let schedule = Linear::new(MAX_UPDATE - 1).retimed(1, MAX_UPDATE - 1, MAX_UPDATE);
        assert_eq!(schedule.check(), Ok(()));
        assert!(schedule.factor(MAX_UPDATE - 1) > 0.0);
        assert_eq!(schedule.factor(MAX_UPDATE), 0.0);
    }

    #[test]
    fn both_totals_are_ahead() {
        for (at, from, to, expected) in [
            (
                5,
                5,
                9,
                "retimed.from = 5: must be after update 5, at which it changes",
            ),
            (
                5,
                9,
                5,
                "retimed.to = 5: must be after update 5, at which it changes",
            ),
            (
                7,
                9,
                3,
                "retimed.to = 3: must be after update 7, at which it changes",
            ),
        ] {
            let schedule = Linear::new(9).retimed(at, from, to);
            assert_eq!(schedule.check().unwrap_err().to_string(), expected);
            assert!((0..20).all(|update| schedule.factor(update) <= 1.0));
        }
        assert_eq!(Linear::new(9).retimed(4, 5, 5).check(), Ok(()));
        let error = Linear::new(9)
            .retimed(1, 9, MAX_UPDATE + 1)
            .check()
            .unwrap_err();
        assert_eq!(error.path(), "retimed.to");
        let error = Linear::new(0).retimed(1, 9, 8).check().unwrap_err();
        assert_eq!(error.path(), "retimed.linear.length");
    }

    #[test]
    fn a_warm_up_is_taken_from_the_time_before() {
        let schedule = || Linear::new(10).retimed(4, 10, 16);
        for updates in [2, 4] {
            let warmed = schedule().warmup_within(updates);
            assert_eq!((warmed.check(), warmed.length()), (Ok(()), Some(16)));
            assert_eq!((warmed.factor(updates), warmed.factor(16)), (1.0, 0.0));
            assert!(warmed.factor(15) > 0.0);
        }
        let error = schedule().warmup_within(5).check().unwrap_err();
        assert_eq!(error.path(), "warmup.retimed.from");
    }
}
