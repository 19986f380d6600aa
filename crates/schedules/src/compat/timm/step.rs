//! timm's `StepLRScheduler`.

use std::sync::Arc;

use super::ParamGroup;
use super::shared::warmed;
use crate::{Fingerprint, MAX_FACTOR, MAX_UPDATE, Schedule, ScheduleError, Scheduler, Step, check};

/// `timm.scheduler.StepLRScheduler` of timm 1.0.31: a drop every so often, also at fractions.
///
/// ```text
/// lr(t) = warmup_lr_init + t · (base - warmup_lr_init) / warmup_t    while t < warmup_t
/// lr(t) = base · decay_rate ^ ⌊(t - warmup_t) / decay_t⌋             and ⌊t / decay_t⌋ without `warmup_prefix`
/// ```
///
/// The quotient is Python's `//`, which floors the exact one and not the rounded one.
///
/// ```
/// use schedules::compat::timm::StepLRScheduler;
///
/// let peer = StepLRScheduler { decay_rate: 0.5, warmup_t: 1, ..StepLRScheduler::new(1.5) };
/// assert_eq!(peer.build(0.8)?.rates(0..6), [0.0, 0.8, 0.8, 0.4, 0.2, 0.2]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default = "without_decay", deny_unknown_fields)
)]
pub struct StepLRScheduler {
    /// The time from one drop to the next, above 0, also with a fraction.
    pub decay_t: f64,
    /// What the rate is multiplied by at each drop, not below 0; default 1.
    pub decay_rate: f64,
    /// The length of the warm-up; default 0.
    pub warmup_t: u64,
    /// The learning rate that the warm-up starts at; default 0.
    pub warmup_lr_init: f64,
    /// Whether the decay is counted from the end of the warm-up; default yes.
    pub warmup_prefix: bool,
}

/// What a config without `decay_t` gets, which [`build`](StepLRScheduler::build) refuses.
#[cfg(feature = "serde")]
fn without_decay() -> StepLRScheduler {
    StepLRScheduler::new(0.0)
}

warmed!(StepLRScheduler);

impl StepLRScheduler {
    /// A drop every `decay_t`, by a factor of 1, without a warm-up.
    pub fn new(decay_t: f64) -> Self {
        Self {
            decay_t,
            decay_rate: 1.0,
            warmup_t: 0,
            warmup_lr_init: 0.0,
            warmup_prefix: true,
        }
    }

    fn schedule(&self, base_lr: f64) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let (decay_t, decay_rate) = (self.decay_t, self.decay_rate);
        check::positive("decay_t", decay_t, MAX_UPDATE as f64)?;
        check::ratio("decay_rate", decay_rate)?;
        let curve: Arc<dyn Schedule> = if decay_t.fract() == 0.0 && decay_rate > 0.0 {
            Arc::new(Step::new(decay_t as u64).gamma(decay_rate))
        } else {
            Arc::new(Steps {
                decay_t,
                decay_rate,
            })
        };
        self.warm_up().before(curve, base_lr, 1.0)
    }
}

/// Drops at multiples of a time that may have a fraction.
#[derive(Debug)]
struct Steps {
    decay_t: f64,
    decay_rate: f64,
}

impl Schedule for Steps {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        // Not a clamp, which would leave NaN.
        let from_zero = time.max(0.0);
        let time = from_zero.min(f64::MAX);
        // The remainder is exact, so this is a whole number but for rounding.
        let drops = ((time - time % self.decay_t) / self.decay_t).round();
        self.decay_rate.powf(drops).clamp(0.0, MAX_FACTOR)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("timm_steps")
            .number(self.decay_t)
            .number(self.decay_rate)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn drops(decay_t: f64, time: f64) -> f64 {
        let decay_rate = 0.5;
        let steps = Steps {
            decay_t,
            decay_rate,
        };
        -steps.factor_at(time).log2()
    }

    #[test]
    fn the_quotient_is_pythons() {
        // Computed with Python: 1 // 0.1 is 9.0, although 1 / 0.1 is 10.0.
        assert_eq!(drops(0.1, 1.0), 9.0);
        assert_eq!(drops(0.3, 3.0), 10.0);
        assert_eq!(drops(2.4, 12.0), 5.0);
        assert_eq!(drops(2.4, 11.999), 4.0);
        assert_eq!(drops(0.7, 2.1), 3.0);
        assert_eq!(drops(0.7, 2.0), 2.0);
    }

    #[test]
    fn any_time_has_a_finite_factor() {
        for decay_rate in [0.0, 0.5, 1.0, 3.0, 1e18] {
            for decay_t in [1e-300, 0.1, 2.5] {
                let steps = Steps {
                    decay_t,
                    decay_rate,
                };
                for time in [f64::NAN, -1.0, 0.0, 0.05, 7.0, 1e300, f64::INFINITY] {
                    let factor = steps.factor_at(time);
                    let allowed = (0.0..=MAX_FACTOR).contains(&factor);
                    assert!(allowed, "{steps:?} {time} {factor}");
                }
            }
        }
    }

    #[test]
    fn a_warm_up_delays_the_steps_or_not() {
        let peer = StepLRScheduler {
            decay_rate: 0.5,
            warmup_t: 3,
            warmup_lr_init: 0.2,
            ..StepLRScheduler::new(2.0)
        };
        let rates = |peer: StepLRScheduler| peer.build(0.8).unwrap().rates(0..6);
        let close = |found: &[f64], expected: [f64; 6]| {
            let mut pairs = found.iter().zip(expected);
            pairs.all(|(found, expected)| (found - expected).abs() < 1e-15)
        };
        assert!(close(&rates(peer), [0.2, 0.4, 0.6, 0.8, 0.8, 0.4]));
        let warmup_prefix = false;
        let under = StepLRScheduler {
            warmup_prefix,
            ..peer
        };
        assert!(close(&rates(under), [0.2, 0.4, 0.6, 0.4, 0.2, 0.2]));
        let stop = StepLRScheduler {
            decay_rate: 0.0,
            ..StepLRScheduler::new(2.0)
        };
        assert_eq!(rates(stop)[..3], [0.8, 0.8, 0.0]);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |decay_t, decay_rate| {
            let peer = StepLRScheduler {
                decay_rate,
                ..StepLRScheduler::new(decay_t)
            };
            peer.build(0.1).unwrap_err().path().to_owned()
        };
        assert_eq!(error(0.0, 1.0), "decay_t");
        assert_eq!(error(f64::NAN, 1.0), "decay_t");
        assert_eq!(error(1.5, -1.0), "decay_rate");
    }
}
