//! timm's `WSDLRScheduler`.

use std::sync::Arc;

use super::ParamGroup;
use super::shared::builders;
use super::warm_up::WarmUp;
use crate::compat::of_base::of_base;
use crate::curve::half_cosine;
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, Scheduler, check};

/// What the rate does before the decay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum StableFn {
    /// It stays.
    #[default]
    Constant,
    /// 1 / √(1 + t / stable_timescale)
    Rsqrt,
    /// 1 / (1 + t / stable_timescale) ^ stable_power
    Power,
}

/// The way down, from 1 to 0 over the share `x` of the decay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum DecayFn {
    /// 1 - x
    Linear,
    /// 1 - √x
    #[default]
    #[cfg_attr(feature = "serde", serde(rename = "1-sqrt"))]
    OneMinusSqrt,
    /// ½ (1 + cos(π x))
    Cosine,
    /// 1 - x ^ decay_power
    Power,
    /// (decay_ratio ^ x - decay_ratio) / (1 - decay_ratio)
    Exp,
}

/// `timm.scheduler.WSDLRScheduler` of timm 1.0.31: warm-up, a stable phase, and a decay.
///
/// ```text
/// lr(t)     = warmup_lr_init + t · (base - warmup_lr_init) / warmup_t    while t < warmup_t
/// lr(t)     = lr_min + (stable - lr_min) · decay_fn(x)                   after it, with u = t - warmup_t
///
/// stable    = max(base · stable_fn(u), lr_min)
/// x         = (u - (t_initial - decay_t)) / decay_t                      and from 0 to 1
/// ```
///
/// `t_initial` is the stable phase and the decay, without the warm-up. A stable phase that falls goes on falling under
/// the decay. The functions of the user that timm takes for `decay_fn` are not here.
///
/// ```
/// use schedules::compat::timm::{DecayFn, WSDLRScheduler};
///
/// let peer = WSDLRScheduler { warmup_t: 2, decay_fn: DecayFn::Linear, ..WSDLRScheduler::new(4, 2) };
/// assert_eq!(peer.build(0.1)?.rates(0..8), [0.0, 0.05, 0.1, 0.1, 0.1, 0.05, 0.0, 0.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default = "without_length", deny_unknown_fields)
)]
pub struct WSDLRScheduler {
    /// The length of the stable phase and the decay, at least 1.
    pub t_initial: u64,
    /// The length of the decay, from 1 to `t_initial`.
    pub decay_t: u64,
    /// The learning rate at the end; default 0.
    pub lr_min: f64,
    /// What the rate does before the decay; default constant.
    pub stable_fn: StableFn,
    /// The time that a falling stable phase is measured in, above 0; default `warmup_t`.
    pub stable_timescale: Option<f64>,
    /// The power of [`StableFn::Power`], above 0; default 0.5.
    pub stable_power: f64,
    /// The way down; default `1-sqrt`.
    pub decay_fn: DecayFn,
    /// The power of [`DecayFn::Power`], above 0; default 0.5.
    pub decay_power: f64,
    /// The ratio that [`DecayFn::Exp`] falls to before it is drawn down to 0, between 0 and 1; default 0.1.
    pub decay_ratio: f64,
    /// The length of the warm-up; default 0.
    pub warmup_t: u64,
    /// The learning rate that the warm-up starts at; default 0.
    pub warmup_lr_init: f64,
}

/// What a config without lengths gets, which [`build`](WSDLRScheduler::build) refuses.
#[cfg(feature = "serde")]
fn without_length() -> WSDLRScheduler {
    WSDLRScheduler::new(0, 0)
}

builders!(WSDLRScheduler);

impl WSDLRScheduler {
    /// A constant and a decay to 0 over the last `decay_t` of `t_initial`, without a warm-up.
    pub fn new(t_initial: u64, decay_t: u64) -> Self {
        Self {
            t_initial,
            decay_t,
            lr_min: 0.0,
            stable_fn: StableFn::Constant,
            stable_timescale: None,
            stable_power: 0.5,
            decay_fn: DecayFn::OneMinusSqrt,
            decay_power: 0.5,
            decay_ratio: 0.1,
            warmup_t: 0,
            warmup_lr_init: 0.0,
        }
    }

    /// The number of updates of the whole.
    pub fn get_cycle_length(&self) -> u64 {
        self.warmup_t.saturating_add(self.t_initial)
    }

    fn timescale(&self) -> f64 {
        self.stable_timescale.unwrap_or(self.warmup_t as f64)
    }

    fn schedule(&self, base_lr: f64) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let floor = of_base("lr_min", self.lr_min, base_lr)?;
        check::length("t_initial", self.t_initial)?;
        if self.decay_t == 0 || self.decay_t > self.t_initial {
            let allowed = format!("must be from 1 to `t_initial`, which is {}", self.t_initial);
            return Err(ScheduleError::new("decay_t", self.decay_t, allowed));
        }
        if self.stable_fn != StableFn::Constant {
            check::positive("stable_timescale", self.timescale(), MAX_FACTOR)?;
        }
        check::positive("stable_power", self.stable_power, MAX_FACTOR)?;
        check::positive("decay_power", self.decay_power, MAX_FACTOR)?;
        check::reduction("decay_ratio", self.decay_ratio)?;
        let warm_up = WarmUp {
            warmup_t: self.warmup_t,
            warmup_lr_init: self.warmup_lr_init,
            warmup_prefix: true,
        };
        let (peer, floor) = (*self, floor);
        warm_up.before(Arc::new(StableDecay { peer, floor }), base_lr, 1.0)
    }
}

/// What follows the warm-up of `peer`.
#[derive(Debug)]
struct StableDecay {
    peer: WSDLRScheduler,
    floor: f64,
}

impl StableDecay {
    fn stable(&self, time: f64) -> f64 {
        let power = match self.peer.stable_fn {
            StableFn::Constant => return 1.0,
            StableFn::Rsqrt => 0.5,
            StableFn::Power => self.peer.stable_power,
        };
        (1.0 + time / self.peer.timescale()).powf(-power)
    }

    fn decay(&self, passed: f64) -> f64 {
        match self.peer.decay_fn {
            DecayFn::Linear => 1.0 - passed,
            DecayFn::OneMinusSqrt => 1.0 - passed.sqrt(),
            DecayFn::Cosine => half_cosine(passed),
            DecayFn::Power => 1.0 - passed.powf(self.peer.decay_power),
            DecayFn::Exp => {
                let ratio = self.peer.decay_ratio;
                (ratio.powf(passed) - ratio) / (1.0 - ratio)
            }
        }
    }
}

impl Schedule for StableDecay {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let time = time.max(0.0);
        let stable = self.stable(time).max(self.floor);
        let decaying = time - (self.peer.t_initial - self.peer.decay_t) as f64;
        if decaying <= 0.0 {
            return stable;
        }
        let passed = decaying / self.peer.decay_t as f64;
        if passed >= 1.0 {
            return self.floor;
        }
        self.floor + (stable - self.floor) * self.decay(passed)
    }

    fn length(&self) -> Option<u64> {
        Some(self.peer.t_initial)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("timm_wsd")
            .count(self.peer.t_initial)
            .count(self.peer.decay_t)
            .number(self.floor)
            .count(self.peer.stable_fn as u64)
            .number(self.peer.timescale())
            .number(self.peer.stable_power)
            .count(self.peer.decay_fn as u64)
            .number(self.peer.decay_power)
            .number(self.peer.decay_ratio)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn every_way_down_is_its_formula() {
        let at_a_quarter = |decay_fn| {
            let peer = WSDLRScheduler {
                decay_fn,
                decay_power: 2.0,
                decay_ratio: 0.0625,
                lr_min: 0.2,
                ..WSDLRScheduler::new(9, 4)
            };
            let rates = peer.build(1.2).unwrap().rates(5..11);
            assert_eq!((rates[0], rates[4], rates[5]), (1.2, 0.2, 0.2));
            ((rates[1] - 0.2) * 1e12).round() / 1e12
        };
        assert_eq!(at_a_quarter(DecayFn::Linear), 0.75);
        assert_eq!(at_a_quarter(DecayFn::OneMinusSqrt), 0.5);
        assert_eq!(at_a_quarter(DecayFn::Cosine), 0.853_553_390_593);
        assert_eq!(at_a_quarter(DecayFn::Power), 0.9375);
        assert_eq!(at_a_quarter(DecayFn::Exp), 0.466_666_666_667);
    }

    #[test]
    fn a_stable_phase_that_falls_goes_on_under_the_decay() {
        let peer = WSDLRScheduler {
            stable_fn: StableFn::Power,
            stable_power: 1.0,
            stable_timescale: Some(1.0),
            decay_fn: DecayFn::Linear,
            ..WSDLRScheduler::new(3, 2)
        };
        let rates = peer.build(1.0).unwrap().rates(0..4);
        assert_eq!(rates, [1.0, 0.5, 1.0 / 3.0 * 0.5, 0.0]);
        // It does not fall below the lowest rate.
        let lr_min = 0.45;
        let kept = WSDLRScheduler { lr_min, ..peer }.build(1.0).unwrap();
        assert_eq!(kept.rates(0..4), [1.0, 0.5, 0.45, 0.45]);
        // The warm-up is its unit of time.
        let rsqrt = WSDLRScheduler {
            stable_fn: StableFn::Rsqrt,
            warmup_t: 2,
            ..WSDLRScheduler::new(12, 4)
        };
        let rates = rsqrt.build(1.0).unwrap();
        assert!((rates.rate_at(8) - 0.5).abs() < 1e-15);
        assert_eq!(rsqrt.get_cycle_length(), 14);
    }

    #[test]
    fn a_lowest_rate_above_the_base_holds_from_the_first_step() {
        let lr_min = 0.2;
        let peer = WSDLRScheduler {
            lr_min,
            ..WSDLRScheduler::new(2, 1)
        };
        assert_eq!(peer.build(0.1).unwrap().rates(0..3), [0.1, 0.2, 0.2]);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |peer: WSDLRScheduler| peer.build(0.1).unwrap_err().to_string();
        let new = WSDLRScheduler::new;
        assert_eq!(
            error(new(4, 5)),
            "decay_t = 5: must be from 1 to `t_initial`, which is 4"
        );
        assert!(error(new(4, 0)).starts_with("decay_t = 0: "));
        assert!(error(new(0, 0)).starts_with("t_initial = 0: "));
        let stable_fn = StableFn::Rsqrt;
        let timeless = WSDLRScheduler {
            stable_fn,
            ..new(2, 1)
        };
        assert!(error(timeless).starts_with("stable_timescale = 0.0: "));
        let (decay_ratio, decay_power, stable_power) = (1.0, 0.0, 0.0);
        assert!(
            error(WSDLRScheduler {
                decay_ratio,
                ..new(2, 1)
            })
            .starts_with("decay_ratio")
        );
        assert!(
            error(WSDLRScheduler {
                decay_power,
                ..new(2, 1)
            })
            .starts_with("decay_power")
        );
        assert!(
            error(WSDLRScheduler {
                stable_power,
                ..new(2, 1)
            })
            .starts_with("stable_power")
        );
    }
}
