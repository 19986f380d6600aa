//! A cosine that starts again and again.

mod cycles;

use std::sync::Arc;

use crate::curve::half_cosine;
use crate::power::power;
#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, check};

use cycles::Cycles;

/// Half a period of a cosine that starts again and again, each time longer by a multiplier.
///
/// ```text
/// factor(t) = floor + (peak - floor) · ½ (1 + cos(π · (t - start(i)) / (start(i + 1) - start(i))))
///
/// start(i) = first_cycle · (1 + multiplier + … + multiplier ^ (i - 1))    i, from 0, with start(i) ≤ t < start(i + 1)
/// peak     = peak_decay ^ i, and not below the floor
/// ```
///
/// `first_cycle` is in updates, `multiplier` (default 1) at least 1, `floor` (default 0) a ratio of the peak. It is
/// PyTorch's `CosineAnnealingWarmRestarts` (`T_0`, `T_mult`), where the floor itself is not reached: the next cycle
/// begins there. `peak_decay` (default 1) and `cycles` (default without end) are timm's `cycle_decay` and
/// `cycle_limit`: after so many cycles the floor holds.
///
/// A cycle starts at a whole update, with exactly its peak. With a whole multiplier `start` is computed in whole
/// numbers, up to the largest update; with any other it is rounded to the nearest update.
///
/// A warm-up [within](crate::Compose::warmup_within) it is taken out of the first cycle, so the later ones stay where
/// they are in the run.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = CosineRestarts::new(2).multiplier(2.0).peak(1.0)?;
/// let restarts = [0, 2, 6, 14, 30];
/// assert_eq!(restarts.map(|update| rate.rate_at(update)), [1.0; 5]);
/// assert_eq!(rate.rates(0..3), [1.0, 0.5, 1.0]);
///
/// let rate = CosineRestarts::new(2).floor(0.1).peak_decay(0.5).cycles(2).peak(1.0)?;
/// assert_eq!(rate.rates(0..6), [1.0, 0.55, 0.5, 0.3, 0.1, 0.1]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Loshchilov & Hutter (2017), *SGDR: Stochastic Gradient Descent with Warm Restarts*.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, CosineRestarts<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, CosineRestarts<L>: Default")
)]
pub struct CosineRestarts<L = u64> {
    /// How long the first cycle takes.
    first_cycle: L,
    /// How many times as long as the one before it a cycle takes, at least 1.
    multiplier: f64,
    /// The ratio of the peak that every cycle falls to, from 0 to 1.
    floor: f64,
    /// What the peak is multiplied by at each restart, above 0.
    peak_decay: f64,
    /// The number of cycles, after which the floor holds; without it there is no end.
    cycles: Option<u64>,
    /// What a warm-up has taken out of the first cycle.
    #[cfg_attr(feature = "serde", serde(skip))]
    taken: u64,
}

impl CosineRestarts {
    /// Cycles of `first_cycle` updates, at least 1, from 1 down to 0, without end.
    pub fn new(first_cycle: u64) -> Self {
        Self {
            first_cycle,
            multiplier: 1.0,
            floor: 0.0,
            peak_decay: 1.0,
            cycles: None,
            taken: 0,
        }
    }

    /// The factor so many updates into a cycle of this length.
    fn value(&self, cycle: u64, passed: f64, length: u64) -> f64 {
        // Beyond the largest update cycles have no length; the minimum is not NaN then.
        let elapsed = (passed / length as f64).min(1.0);
        let peak = power(self.peak_decay, cycle as f64).max(self.floor);
        let remaining = half_cosine(elapsed);
        // Each term by itself, so that the peak is exact.
        peak * remaining + self.floor * (1.0 - remaining)
    }

    fn timing(&self) -> Cycles {
        Cycles {
            first: self.first_cycle,
            multiplier: self.multiplier,
            taken: self.taken,
        }
    }
}

impl<L> CosineRestarts<L> {
    /// How many times as long as the one before it a cycle takes, from 1 to [`MAX_FACTOR`]; default 1.
    pub fn multiplier(self, multiplier: f64) -> Self {
        Self { multiplier, ..self }
    }

    /// The ratio of the peak that every cycle falls to, from 0 to 1; default 0.
    pub fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// What the peak is multiplied by at each restart, above 0 and at most [`MAX_FACTOR`]; default 1.
    pub fn peak_decay(self, peak_decay: f64) -> Self {
        Self { peak_decay, ..self }
    }

    /// The number of cycles, at least 1, after which the floor holds; by default there is no end.
    pub fn cycles(self, cycles: u64) -> Self {
        Self {
            cycles: Some(cycles),
            ..self
        }
    }
}

impl Schedule for CosineRestarts {
    fn factor(&self, update: u64) -> f64 {
        if self.length().is_some_and(|length| update >= length) {
            return self.floor;
        }
        let (cycle, start, next) = self.timing().at(update);
        self.value(
            cycle,
            update.saturating_sub(start) as f64,
            next.saturating_sub(start),
        )
    }

    fn factor_at(&self, time: f64) -> f64 {
        let time = time.max(0.0);
        if self.length().is_some_and(|length| time >= length as f64) {
            return self.floor;
        }
        let (cycle, start, next) = self.timing().at(time as u64);
        self.value(cycle, time - start as f64, next.saturating_sub(start))
    }

    fn length(&self) -> Option<u64> {
        self.cycles.map(|cycles| self.timing().start(cycles))
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        Some(Arc::new(Self {
            taken: self.taken.saturating_add(updates),
            ..*self
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        let path = "cosine_restarts.first_cycle";
        check::length(path, self.first_cycle)?;
        if self.taken >= self.first_cycle {
            let allowed = format!("must be longer than the warm-up of {}", self.taken);
            return Err(ScheduleError::new(path, self.first_cycle, allowed));
        }
        check::between(
            "cosine_restarts.multiplier",
            self.multiplier,
            1.0..=MAX_FACTOR,
        )?;
        check::share("cosine_restarts.floor", self.floor)?;
        check::decay("cosine_restarts.peak_decay", self.peak_decay)?;
        self.cycles.map_or(Ok(()), |cycles| {
            check::length("cosine_restarts.cycles", cycles)
        })
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("cosine_restarts")
            .count(self.first_cycle)
            .number(self.multiplier)
            .number(self.floor)
            .number(self.peak_decay)
            .count(self.taken);
        match self.cycles {
            Some(cycles) => start.count(1).count(cycles),
            None => start.count(0),
        }
        .finish()
    }
}

/// `kind = "cosine_restarts"`: three cycles, the last of which the end of the run cuts at 94 %.
///
/// Three thirds would leave some runs an update of a fourth cycle, at the full peak.
#[cfg(feature = "serde")]
impl Default for CosineRestarts<Span> {
    fn default() -> Self {
        Self {
            first_cycle: Span::PercentOfRest(34.0),
            multiplier: 1.0,
            floor: 0.0,
            peak_decay: 1.0,
            cycles: None,
            taken: 0,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for CosineRestarts<Span> {
    const KIND: &'static str = "cosine_restarts";
    const PEERS: &'static [&'static str] = &[
        "CosineAnnealingWarmRestarts",
        "CosineDecayRestarts",
        "cosine_with_restarts",
        "sgdr_schedule",
        "SGDR",
    ];
    type Resolved = CosineRestarts;

    fn resolve(&self, horizon: &Horizon) -> Result<CosineRestarts, ScheduleError> {
        CosineRestarts {
            first_cycle: horizon.resolve(self.first_cycle),
            multiplier: self.multiplier,
            floor: self.floor,
            peak_decay: self.peak_decay,
            cycles: self.cycles,
            taken: self.taken,
        }
        .checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::MAX_UPDATE;
    use crate::prelude::*;

    #[test]
    fn a_cycle_starts_with_its_peak_up_to_the_largest_update() {
        for multiplier in [1.0, 1.5, 2.0, 3.0, 10.0] {
            let schedule = CosineRestarts::new(10)
                .multiplier(multiplier)
                .peak_decay(0.5);
            let cycles = schedule.timing();
            let last = cycles.at(MAX_UPDATE).0.min(1_000);
            for cycle in 0..last {
                let (start, next) = (cycles.start(cycle), cycles.start(cycle + 1));
                let (peak, length) = (0.5_f64.powf(cycle as f64), (next - start) as f64);
                assert_eq!(schedule.factor(start), peak, "{multiplier} {start}");
                let before = 0.5 * (1.0 + (PI * ((length - 1.0) / length)).cos());
                assert_eq!(
                    schedule.factor(next - 1),
                    peak * before,
                    "{multiplier} {next}"
                );
            }
        }
        let restart = MAX_UPDATE - MAX_UPDATE % 7;
        let factors =
            [restart - 1, restart, restart + 1].map(|update| CosineRestarts::new(7).factor(update));
        assert_eq!(
            factors,
            [6, 0, 1].map(|update| CosineRestarts::new(7).factor(update))
        );
        assert_eq!(factors[1], 1.0);
    }

    #[test]
    fn after_its_cycles_the_floor_holds() {
        let schedule = CosineRestarts::new(3).multiplier(2.0).floor(0.2).cycles(2);
        assert_eq!(schedule.length(), Some(9));
        assert!(schedule.factor(8) > 0.2);
        assert_eq!(
            [9, 21, u64::MAX].map(|update| schedule.factor(update)),
            [0.2; 3]
        );
        assert_eq!(CosineRestarts::new(3).length(), None);
    }

    #[test]
    fn a_peak_decays_to_the_floor_and_grows_to_the_ceiling() {
        let schedule = CosineRestarts::new(1).floor(0.3).peak_decay(0.5);
        assert_eq!(
            [0, 1, 2, 3].map(|update| schedule.factor(update)),
            [1.0, 0.5, 0.3, 0.3]
        );
        let growth = CosineRestarts::new(1).peak_decay(1e9);
        assert_eq!(
            [1, 2, 3].map(|update| growth.factor(update)),
            [1e9, 1e18, MAX_FACTOR]
        );
    }

    #[test]
    fn between_updates_it_is_the_cosine() {
        let schedule = CosineRestarts::new(2).multiplier(2.0);
        let expected = 0.5 * (1.0 + (PI * 3.75 / 4.0).cos());
        assert_eq!(schedule.factor_at(5.75), expected);
        assert!(schedule.factor_at(1.999_999) < 1e-9);
        assert_eq!(schedule.factor_at(-3.0), 1.0);
        assert!(schedule.factor_at(f64::INFINITY).is_finite());
    }

    #[test]
    fn a_warm_up_within_leaves_the_restarts_where_they_are() {
        let schedule = CosineRestarts::new(4)
            .multiplier(2.0)
            .cycles(2)
            .warmup_within(3);
        assert_eq!((schedule.check(), schedule.length()), (Ok(()), Some(12)));
        assert_eq!(
            [2, 3, 4, 8].map(|update| schedule.factor(update)),
            [0.75, 1.0, 1.0, 0.5]
        );
        let endless = CosineRestarts::new(4).warmup_within(1).warmup_within(1);
        assert_eq!([2, 4, 8].map(|update| endless.factor(update)), [1.0; 3]);
        assert_eq!(endless.factor(3), 0.5);
        let error = CosineRestarts::new(4).warmup_within(4).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "warmup.cosine_restarts.first_cycle = 4: must be longer than the warm-up of 4"
        );
        let plain = CosineRestarts::new(4);
        assert_ne!(
            plain.shortened(1).unwrap().fingerprint(),
            plain.fingerprint()
        );
    }

    #[test]
    fn what_is_wrong_is_named_and_does_not_panic() {
        let text = |schedule: CosineRestarts| schedule.check().unwrap_err().to_string();
        assert_eq!(
            text(CosineRestarts::new(5).multiplier(0.5)),
            "cosine_restarts.multiplier = 0.5: must be between 1 and 1e18"
        );
        assert_eq!(
            text(CosineRestarts::new(5).cycles(0)),
            "cosine_restarts.cycles = 0: must be at least 1"
        );
        assert_eq!(CosineRestarts::new(0).floor(0.3).factor(9), 0.3);
        for multiplier in [0.0, 0.5, -2.0, f64::NAN, f64::INFINITY, f64::MAX] {
            let schedule = CosineRestarts::new(5).multiplier(multiplier);
            assert!(
                [0, 4, 9, u64::MAX]
                    .iter()
                    .all(|update| schedule.factor(*update).is_finite())
            );
        }
        assert_eq!(CosineRestarts::new(5).cycles(1).check(), Ok(()));
    }

    #[test]
    fn every_parameter_is_in_the_fingerprint() {
        let plain = CosineRestarts::new(5);
        let all = [
            plain,
            CosineRestarts::new(6),
            plain.multiplier(2.0),
            plain.floor(0.1),
            plain.peak_decay(0.5),
            plain.cycles(1),
            plain.cycles(2),
        ]
        .map(|schedule| schedule.fingerprint());
        assert!((1..all.len()).all(|index| !all[..index].contains(&all[index])));
    }
}
