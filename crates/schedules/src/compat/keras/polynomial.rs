//! Keras' `PolynomialDecay`.

use crate::{
    Compose, Fingerprint, Linear, MAX_FACTOR, MAX_PEAK, MAX_UPDATE, Polynomial, Schedule,
    ScheduleError, Scheduler, check,
};

/// `keras.optimizers.schedules.PolynomialDecay` of Keras 3.15; see [`Polynomial`].
///
/// ```text
/// lr(t) = end + (initial - end) · (1 - min(t, n) / n) ^ power    n = decay_steps
/// lr(t) = end + (initial - end) · (1 - t / n) ^ power            n = decay_steps · max(1, ⌈t / decay_steps⌉), cycle
/// ```
///
/// In cycles each one ends at `end_learning_rate`, and the next begins lower than the one before.
///
/// ```
/// use schedules::compat::keras::PolynomialDecay;
///
/// let peer = PolynomialDecay { end_learning_rate: 0.0, ..PolynomialDecay::new(1.0, 4) };
/// assert_eq!(peer.build()?.rates(0..6), [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
/// let cycles = PolynomialDecay { cycle: true, ..peer };
/// assert_eq!(cycles.build()?.rates(3..10), [0.25, 0.0, 0.375, 0.25, 0.125, 0.0, 0.25]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct PolynomialDecay {
    /// The first learning rate.
    pub initial_learning_rate: f64,
    /// How long it takes, at least 1.
    pub decay_steps: u64,
    /// The last learning rate; default 1e-4.
    #[cfg_attr(feature = "serde", serde(default = "end_learning_rate"))]
    pub end_learning_rate: f64,
    /// The power of the share of the time that remains, not below 0; default 1.
    #[cfg_attr(feature = "serde", serde(default = "power"))]
    pub power: f64,
    /// Whether it goes on in cycles; default false.
    #[cfg_attr(feature = "serde", serde(default))]
    pub cycle: bool,
}

fn end_learning_rate() -> f64 {
    1e-4
}

fn power() -> f64 {
    1.0
}

impl PolynomialDecay {
    /// The schedule of Keras with these arguments; the others have their defaults.
    pub fn new(initial_learning_rate: f64, decay_steps: u64) -> Self {
        Self {
            initial_learning_rate,
            decay_steps,
            end_learning_rate: end_learning_rate(),
            power: power(),
            cycle: false,
        }
    }

    /// The scheduler, whose peak is the higher of both rates.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        let (initial, last) = (self.initial_learning_rate, self.end_learning_rate);
        check::between("initial_learning_rate", initial, 0.0..=MAX_PEAK)?;
        check::length("decay_steps", self.decay_steps)?;
        check::between("end_learning_rate", last, 0.0..=MAX_PEAK)?;
        check::between("power", self.power, 0.0..=MAX_FACTOR)?;
        let peak = initial.max(last);
        if peak == 0.0 {
            let allowed = "must be above 0 where `end_learning_rate` is not";
            return Err(ScheduleError::new(
                "initial_learning_rate",
                initial,
                allowed,
            ));
        }
        let (start, end) = (initial / peak, last / peak);
        if self.power == 0.0 {
            return Linear::new(1).start(start).end(start).peak(peak);
        }
        if self.cycle {
            let cycles = Cycles {
                cycle: self.decay_steps,
                power: self.power,
                start,
                end,
            };
            return cycles.peak(peak);
        }
        let once = Polynomial::new(self.decay_steps).power(self.power);
        once.start(start).end(end).peak(peak)
    }
}

/// A polynomial to the end of the cycle that began last, as if it had begun at update 0.
#[derive(Clone, Copy, Debug)]
struct Cycles {
    cycle: u64,
    power: f64,
    start: f64,
    end: f64,
}

impl Schedule for Cycles {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        // After the largest update nothing changes, so that infinity has a value too.
        let time = time.max(0.0).min(MAX_UPDATE as f64);
        let cycle = self.cycle as f64;
        let whole = cycle * (time / cycle).ceil().max(1.0);
        let remaining = ((whole - time) / whole).max(0.0).powf(self.power);
        self.start * remaining + self.end * (1.0 - remaining)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("cycles.cycle", self.cycle)?;
        check::positive("cycles.power", self.power, MAX_FACTOR)?;
        check::ratio("cycles.start", self.start)?;
        check::ratio("cycles.end", self.end)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("polynomial_cycles")
            .count(self.cycle)
            .number(self.power)
            .number(self.start)
            .number(self.end)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    fn peer(power: f64, cycle: bool) -> PolynomialDecay {
        PolynomialDecay {
            end_learning_rate: 0.25,
            power,
            cycle,
            ..PolynomialDecay::new(1.0, 2)
        }
    }

    fn rates(peer: PolynomialDecay) -> Vec<f64> {
        peer.build().unwrap().rates(0..6)
    }

    #[test]
    fn a_cycle_begins_below_the_one_before() {
        let once = [1.0, 0.4375, 0.25, 0.25, 0.25, 0.25];
        assert_eq!(rates(peer(2.0, false)), once);
        // 1/4, and then 1/6 of the time remain; squared.
        let cycles = [1.0, 0.4375, 0.25, 0.296875, 0.25, 0.25 + 0.75 / 36.0];
        for (found, expected) in rates(peer(2.0, true)).iter().zip(cycles) {
            assert!((found - expected).abs() < 1e-15);
        }
        assert_eq!(rates(peer(0.0, true)), [1.0; 6]);
        assert_eq!(rates(peer(0.0, false)), [1.0; 6]);
    }

    #[test]
    fn it_may_rise() {
        let rise = PolynomialDecay {
            end_learning_rate: 1.0,
            ..PolynomialDecay::new(0.0, 2)
        };
        assert_eq!(rates(rise), [0.0, 0.5, 1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn any_time_has_a_value() {
        let rate = peer(0.5, true).build().unwrap();
        let schedule = rate.schedule();
        for time in [f64::NAN, f64::NEG_INFINITY, -1.0, 1e300, f64::INFINITY] {
            let factor = schedule.factor_at(time);
            assert!((0.0..=1.0).contains(&factor), "{time}: {factor}");
        }
        assert_eq!(schedule.factor_at(-1.0), 1.0);
        assert_eq!(schedule.factor(u64::MAX), 0.25);
        assert!((schedule.factor_at(2.5) - (0.25 + 0.75 * 0.375_f64.sqrt())).abs() < 1e-15);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |peer: PolynomialDecay| peer.build().unwrap_err().to_string();
        let text = "power = -1.0: must be between 0 and 1e18";
        assert_eq!(error(peer(-1.0, false)), text);
        let text = "decay_steps = 0: must be at least 1";
        assert_eq!(error(PolynomialDecay::new(0.1, 0)), text);
        let none = PolynomialDecay {
            end_learning_rate: 0.0,
            ..PolynomialDecay::new(0.0, 2)
        };
        let text = "initial_learning_rate = 0.0: must be above 0 where `end_learning_rate` is not";
        assert_eq!(error(none), text);
    }
}
