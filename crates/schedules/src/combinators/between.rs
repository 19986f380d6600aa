//! Times between two updates, for the combinators that change the time.

use crate::Schedule;

/// The update at `time` or before it, and what is left; NaN and what is negative count as 0.
pub(crate) fn split(time: f64) -> (u64, f64) {
    // The fraction of infinity is NaN.
    (time as u64, time.max(0.0).fract().max(0.0))
}

/// The momentum at `time`, on a straight line from one update to the next.
pub(crate) fn momentum_at(schedule: &impl Schedule, time: f64) -> Option<f64> {
    let (update, fraction) = split(time);
    let here = schedule.momentum(update)?;
    let next = schedule.momentum(update.saturating_add(1));
    Some(here + (next.unwrap_or(here) - here) * fraction)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::prelude::*;

    /// Momentum 0.9, 0.8, 0.7 …, over 8 updates.
    #[derive(Clone, Debug)]
    struct Falling;

    impl Schedule for Falling {
        fn factor(&self, _update: u64) -> f64 {
            1.0
        }

        fn momentum(&self, update: u64) -> Option<f64> {
            Some(0.9 - 0.1 * update as f64)
        }

        fn length(&self) -> Option<u64> {
            Some(8)
        }

        fn fingerprint(&self) -> u64 {
            0
        }
    }

    #[test]
    fn momentum_follows_the_time() {
        let follows = |schedule: &dyn Schedule, expected: &[(u64, f64)]| {
            for (update, expected) in expected {
                let found = schedule.momentum(*update).unwrap();
                assert!(
                    (found - expected).abs() < 1e-15,
                    "{update}: {found} of {schedule:?}"
                );
            }
        };
        follows(&Falling.warmup(2), &[(0, 0.9), (2, 0.9), (3, 0.8)]);
        follows(&Falling.at_least(0.5), &[(0, 0.9), (3, 0.6)]);
        follows(&Falling.scale(0.5), &[(0, 0.9), (3, 0.6)]);
        follows(&Falling.delay(2), &[(0, 0.9), (2, 0.9), (3, 0.8)]);
        follows(
            &Falling.repeat(3).cycles(2),
            &[(2, 0.7), (3, 0.9), (6, 0.6), (9, 0.6)],
        );
        follows(&Falling.cooldown(4, 6), &[(1, 0.8), (2, 0.7), (5, 0.7)]);
        let sequence = Sequence::new(Constant::new()).then(5, Falling);
        follows(&sequence, &[(5, 0.9), (6, 0.8)]);
        assert_eq!(sequence.momentum(4), None);
        let product = Constant::new().times(Falling.delay(2)).times(Falling);
        follows(&product, &[(2, 0.9), (3, 0.8)]);
        // Update 2 stands for 8 · (2/8)² = ½.
        follows(
            &Falling.k_decay(2.0),
            &[(0, 0.9), (2, 0.85), (4, 0.7), (9, 0.0)],
        );
        let retimed = Falling.retimed(2, 4, 6);
        follows(
            &retimed,
            &[(1, 0.8), (2, 0.7), (3, 0.65), (5, 0.55), (6, 0.5), (7, 0.4)],
        );
    }

    #[test]
    fn every_time_has_an_update() {
        assert_eq!(split(7.25), (7, 0.25));
        assert_eq!(split(7.0), (7, 0.0));
        assert_eq!(split(-7.25), (0, 0.0));
        assert_eq!(split(f64::NAN), (0, 0.0));
        assert_eq!(split(f64::INFINITY), (u64::MAX, 0.0));
    }
}
