//! Keras' `CosineDecayRestarts`.

use super::decay::initial;
use crate::curve::half_cosine;
use crate::{
    Compose, Fingerprint, MAX_FACTOR, MAX_UPDATE, Schedule, ScheduleError, Scheduler, check,
};

/// `keras.optimizers.schedules.CosineDecayRestarts` of Keras 3.15.
///
/// ```text
/// lr(t) = initial_learning_rate · (alpha + (1 - alpha) · m_mul ^ i · ½ (1 + cos(π · p)))
/// ```
///
/// `i` counts the cycles from 0, of which the first has `first_decay_steps` and each other one `t_mul` times as many as
/// the one before; `p` is the share of the cycle that has passed. `alpha` is not scaled by `m_mul`. Keras finds `i` by
/// a logarithm, so rounding can lead to one update at `alpha` before a restart; that is kept.
/// [`CosineRestarts`](crate::CosineRestarts) has neither.
///
/// ```
/// use schedules::compat::keras::CosineDecayRestarts;
///
/// let peer = CosineDecayRestarts { m_mul: 0.5, ..CosineDecayRestarts::new(1.0, 2) };
/// let rates = peer.build()?.rates(0..7);
/// for (rate, expected) in rates.iter().zip([1.0, 0.5, 0.5, 0.426776695, 0.25, 0.073223305, 0.25]) {
///     assert!((rate - expected).abs() < 1e-9);
/// }
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct CosineDecayRestarts {
    /// The first learning rate, above 0.
    pub initial_learning_rate: f64,
    /// How long the first cycle is, at least 1.
    pub first_decay_steps: u64,
    /// What the length of a cycle is multiplied by, at least 1; default 2.
    #[cfg_attr(feature = "serde", serde(default = "t_mul"))]
    pub t_mul: f64,
    /// What the height of a cycle is multiplied by; default 1.
    #[cfg_attr(feature = "serde", serde(default = "m_mul"))]
    pub m_mul: f64,
    /// The share of the first rate that every cycle ends at, up to 1; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub alpha: f64,
}

fn t_mul() -> f64 {
    2.0
}

fn m_mul() -> f64 {
    1.0
}

impl CosineDecayRestarts {
    /// The schedule of Keras with these arguments; the others have their defaults.
    pub fn new(initial_learning_rate: f64, first_decay_steps: u64) -> Self {
        Self {
            initial_learning_rate,
            first_decay_steps,
            t_mul: t_mul(),
            m_mul: m_mul(),
            alpha: 0.0,
        }
    }

    /// The scheduler, whose peak is the first rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        initial(self.initial_learning_rate)?;
        let restarts = Restarts {
            first: self.first_decay_steps,
            longer: self.t_mul,
            higher: self.m_mul,
            floor: self.alpha,
        };
        restarts.check()?;
        restarts.peak(self.initial_learning_rate)
    }
}

/// Its ratios to the first rate.
#[derive(Clone, Copy, Debug)]
struct Restarts {
    first: u64,
    longer: f64,
    higher: f64,
    floor: f64,
}

impl Restarts {
    /// The number of the cycle, and how much of it has passed.
    fn cycle(&self, time: f64) -> (f64, f64) {
        let (passed, longer) = (time / self.first as f64, self.longer);
        if longer == 1.0 {
            return (passed.floor(), passed.fract());
        }
        // Term by term as Keras has it, for the sake of its rounding.
        let cycle = ((1.0 - passed * (1.0 - longer)).ln() / longer.ln()).floor();
        let length = longer.powf(cycle);
        let start = (1.0 - length) / (1.0 - longer);
        (cycle, (passed - start) / length)
    }
}

impl Schedule for Restarts {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        // After the largest update nothing changes, so that infinity has a value too.
        let (cycle, passed) = self.cycle(time.max(0.0).min(MAX_UPDATE as f64));
        let height = self.higher.powf(cycle).min(MAX_FACTOR);
        let cosine = height * half_cosine(passed);
        ((1.0 - self.floor) * cosine + self.floor).min(MAX_FACTOR)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("first_decay_steps", self.first)?;
        check::between("t_mul", self.longer, 1.0..=MAX_FACTOR)?;
        check::ratio("m_mul", self.higher)?;
        check::share("alpha", self.floor)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("keras_restarts")
            .count(self.first)
            .number(self.longer)
            .number(self.higher)
            .number(self.floor)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::CosineRestarts;

    #[test]
    fn cycles_of_one_length_are_whole() {
        let peer = CosineDecayRestarts {
            t_mul: 1.0,
            m_mul: 0.5,
            alpha: 0.2,
            ..CosineDecayRestarts::new(1.0, 2)
        };
        let rates = peer.build().unwrap().rates(0..6);
        for (found, expected) in rates.iter().zip([1.0, 0.6, 0.6, 0.4, 0.4, 0.3]) {
            assert!((found - expected).abs() < 1e-15, "{rates:?}");
        }
    }

    #[test]
    fn a_logarithm_can_be_late_for_a_restart() {
        let peer = CosineDecayRestarts {
            t_mul: 3.0,
            ..CosineDecayRestarts::new(1.0, 10)
        };
        let (late, exact) = (
            peer.build().unwrap(),
            CosineRestarts::new(10).multiplier(3.0),
        );
        // ln 243 / ln 3 is below 5 in `f64`.
        assert_eq!(exact.factor(1210), 1.0);
        assert!(late.rate_at(1210) < 1e-15);
        let differ = |update: &u64| (late.rate_at(*update) - exact.factor(*update)).abs() > 1e-12;
        assert_eq!((0..3000).filter(differ).collect::<Vec<_>>(), [1210]);
    }

    #[test]
    fn any_time_and_any_growth_has_a_value() {
        for (t_mul, m_mul, alpha) in [
            (1.0, 2.0, 0.0),
            (1.0 + f64::EPSILON, 0.5, 0.3),
            (1.5, 0.0, 1.0),
            (MAX_FACTOR, MAX_FACTOR, 0.5),
        ] {
            let peer = CosineDecayRestarts {
                t_mul,
                m_mul,
                alpha,
                ..CosineDecayRestarts::new(1.0, 1)
            };
            let rate = peer.build().unwrap();
            let times = [f64::NAN, -1.0, 0.0, 1.0, 2.5, 1e6, 1e300, f64::INFINITY];
            for factor in times.map(|time| rate.schedule().factor_at(time)) {
                assert!((0.0..=MAX_FACTOR).contains(&factor), "{t_mul}: {factor}");
            }
        }
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |peer: CosineDecayRestarts| peer.build().unwrap_err().to_string();
        let default = CosineDecayRestarts::new(0.1, 2);
        let text = "t_mul = 0.5: must be between 1 and 1e18";
        assert_eq!(
            error(CosineDecayRestarts {
                t_mul: 0.5,
                ..default
            }),
            text
        );
        let text = "m_mul = -1.0: must be between 0 and 1e18";
        assert_eq!(
            error(CosineDecayRestarts {
                m_mul: -1.0,
                ..default
            }),
            text
        );
        let text = "alpha = 1.5: must be between 0 and 1";
        assert_eq!(
            error(CosineDecayRestarts {
                alpha: 1.5,
                ..default
            }),
            text
        );
        let text = "first_decay_steps = 0: must be at least 1";
        assert_eq!(error(CosineDecayRestarts::new(0.1, 0)), text);
        assert!(CosineDecayRestarts::new(0.0, 2).build().is_err());
    }

    #[test]
    fn every_number_is_in_the_fingerprint() {
        let print = |first, longer, higher, floor| {
            let restarts = Restarts {
                first,
                longer,
                higher,
                floor,
            };
            restarts.fingerprint()
        };
        let prints = [
            print(2, 2.0, 1.0, 0.0),
            print(3, 2.0, 1.0, 0.0),
            print(2, 3.0, 1.0, 0.0),
            print(2, 2.0, 0.5, 0.0),
            print(2, 2.0, 1.0, 0.5),
        ];
        for (index, one) in prints.iter().enumerate() {
            assert!(!prints[..index].contains(one));
        }
    }
}
