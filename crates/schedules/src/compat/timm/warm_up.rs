//! timm's warm-up.

use std::sync::Arc;

use crate::compat::of_base::of_base;
use crate::{Compose, Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

/// The arguments of a warm-up, which timm's schedulers share.
#[derive(Clone, Copy, Debug)]
pub(super) struct WarmUp {
    pub(super) warmup_t: u64,
    pub(super) warmup_lr_init: f64,
    pub(super) warmup_prefix: bool,
}

impl WarmUp {
    /// The warm-up to `target`, a ratio of the base rate, and then `curve`.
    pub(super) fn before(
        self,
        curve: Arc<dyn Schedule>,
        base_lr: f64,
        target: f64,
    ) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let Self {
            warmup_t,
            warmup_prefix,
            ..
        } = self;
        let start = of_base("warmup_lr_init", self.warmup_lr_init, base_lr)?;
        check::updates("warmup_t", warmup_t)?;
        let from_base = curve.factor(0) == 1.0;
        if warmup_t == 0 && from_base {
            return Ok(curve);
        }
        if warmup_prefix && target == 1.0 && from_base {
            return Ok(Arc::new(curve.warmup(warmup_t).start(start)));
        }
        Ok(Arc::new(Warmed {
            warmup_t,
            warmup_prefix,
            start,
            target,
            curve,
        }))
    }
}

/// A line from `start`, and then a curve that began with it or begins after it.
///
/// ```text
/// factor(t) = start + t · (target - start) / warmup_t    while t < warmup_t
/// factor(0) = 1                                          without a warm-up: the base rate stands until the first step
/// factor(t) = curve(t)                                   and curve(t - warmup_t) with `warmup_prefix`
/// ```
///
/// Where the curve began with the line, it mostly does not go on where the line ends.
#[derive(Debug)]
struct Warmed {
    warmup_t: u64,
    warmup_prefix: bool,
    start: f64,
    target: f64,
    curve: Arc<dyn Schedule>,
}

impl Schedule for Warmed {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let (time, warmup_t) = (time.max(0.0), self.warmup_t as f64);
        if time < warmup_t {
            let line = self.start + time * ((self.target - self.start) / warmup_t);
            return line.clamp(0.0, MAX_FACTOR);
        }
        if time == 0.0 {
            return 1.0;
        }
        let begun = if self.warmup_prefix { warmup_t } else { 0.0 };
        self.curve.factor_at(time - begun)
    }

    fn length(&self) -> Option<u64> {
        let length = self.curve.length()?;
        Some(if self.warmup_prefix {
            length.saturating_add(self.warmup_t)
        } else {
            // Without a warm-up update 0 is apart.
            length.max(self.warmup_t).max(1)
        })
    }

    fn check(&self) -> Result<(), ScheduleError> {
        self.curve.check()
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("timm_warmed")
            .count(self.warmup_t)
            .count(u64::from(self.warmup_prefix))
            .number(self.start)
            .number(self.target)
            .nested(&self.curve)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::{Constant, Cosine, Linear};

    fn warm_up(warmup_t: u64, warmup_prefix: bool) -> WarmUp {
        WarmUp {
            warmup_t,
            warmup_lr_init: 0.25,
            warmup_prefix,
        }
    }

    fn factors(warm_up: WarmUp, curve: impl Schedule + 'static, target: f64) -> Vec<f64> {
        let warmed = warm_up.before(Arc::new(curve), 1.0, target).unwrap();
        (0..6).map(|update| warmed.factor(update)).collect()
    }

    #[test]
    fn a_prefix_delays_the_curve_and_otherwise_it_has_begun() {
        let line = Linear::new(4);
        let delayed = factors(warm_up(2, true), line, 1.0);
        assert_eq!(delayed, [0.25, 0.625, 1.0, 0.75, 0.5, 0.25]);
        let begun = factors(warm_up(2, false), line, 1.0);
        assert_eq!(begun, [0.25, 0.625, 0.5, 0.25, 0.0, 0.0]);
        let continuous = factors(warm_up(2, false), line, 0.5);
        assert_eq!(continuous, [0.25, 0.375, 0.5, 0.25, 0.0, 0.0]);
    }

    #[test]
    fn the_base_rate_stands_until_the_first_step() {
        let half = || Constant::new().scale(0.5);
        assert_eq!(factors(warm_up(0, true), half(), 1.0)[..2], [1.0, 0.5]);
        assert_eq!(factors(warm_up(0, false), half(), 1.0)[..2], [1.0, 0.5]);
        // A curve that begins after a warm-up is asked for its own first value.
        let prefixed = factors(warm_up(1, true), half(), 1.0);
        assert_eq!(prefixed[..3], [0.25, 0.5, 0.5]);
    }

    #[test]
    fn what_is_ours_stays_ours() {
        let cosine = Cosine::new(9);
        let same = |warm_up: WarmUp, ours: &dyn Schedule| {
            let warmed = warm_up.before(Arc::new(cosine), 1.0, 1.0).unwrap();
            warmed.fingerprint() == ours.fingerprint()
        };
        assert!(same(warm_up(0, false), &cosine));
        assert!(same(warm_up(3, true), &cosine.warmup(3).start(0.25)));
        assert!(!same(warm_up(3, false), &cosine.warmup(3).start(0.25)));
    }

    #[test]
    fn it_is_over_when_both_are() {
        let length = |warmup_t, prefix| {
            let curve = Arc::new(Linear::new(4).start(0.5));
            let warmed = warm_up(warmup_t, prefix).before(curve, 1.0, 1.0);
            warmed.unwrap().length()
        };
        assert_eq!([2, 7].map(|t| length(t, false)), [Some(4), Some(7)]);
        assert_eq!([2, 7].map(|t| length(t, true)), [Some(6), Some(11)]);
    }

    #[test]
    fn it_never_panics() {
        let warmed = warm_up(3, false).before(Arc::new(Linear::new(2)), 1.0, 1.0);
        let warmed = warmed.unwrap();
        for time in [f64::NAN, f64::NEG_INFINITY, f64::INFINITY, -1.0] {
            assert!((0.0..=0.25).contains(&warmed.factor_at(time)), "{time}");
        }
        assert_eq!(warmed.factor_at(1.5), 0.625);
        assert_eq!(warmed.factor(u64::MAX), 0.0);
    }
}
