//! One rise and one fall over the whole run.

mod phases;

use std::sync::Arc;

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Curve, Fingerprint, Schedule, ScheduleError, check};
use phases::Phases;

/// One rise to the peak and one fall, far below the start, while the momentum falls and rises.
///
/// ```text
/// two phases       start → 1 → end            at the times 0, rise · length - 1, length - 1
/// three phases     start → 1 → start → end    at the times 0, rise · length - 1, 2 (rise · length - 1), length - 1
/// ```
///
/// `length` is in updates, `rise` (default 0.3) its share up to the peak; `start` (default 1/25) and `end` (default
/// 1/250,000) are ratios of the peak. `anneal` (default cosine) leads from one to the next. The last of the `length`
/// updates has `end`, which then holds. The momentum goes from `max_momentum` (default 0.95) to `base_momentum`
/// (default 0.85) and back; in a third phase it stays there. An optimizer without one does as it did before with
/// `cycle_momentum(false)`.
///
/// It is PyTorch's `OneCycleLR` with `rise` for `pct_start`, `start` for 1 / `div_factor` and `end` for 1 /
/// (`div_factor` · `final_div_factor`). As there, the peak may lie between two updates, or before the first: with
/// `rise` 0 the first update is already on the way down. Where PyTorch divides by 0 because `rise` · `length` is 1, the
/// first update is the peak; `rise` 1, which leaves nothing for the fall, is refused, and so are three phases that do
/// not fit.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = OneCycle::new(10).start(0.2).end(0.0).anneal(Curve::Linear).rise(0.5).peak(1.0)?;
/// let rates = rate.rates(0..12);
/// assert_eq!([rates[0], rates[4], rates[9], rates[11]], [0.2, 1.0, 0.0, 0.0]);
/// assert!((rates[2] - 0.6).abs() < 1e-15);
/// assert_eq!([0, 4, 9].map(|update| rate.momentum_at(update)), [Some(0.95), Some(0.85), Some(0.95)]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Smith & Topin (2018), *Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates*.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, OneCycle<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, OneCycle<L>: Default")
)]
pub struct OneCycle<L = u64> {
    /// How long the whole takes.
    length: L,
    /// The share of the time up to the peak, from 0 to below 1; at most 0.5 with three phases.
    rise: f64,
    /// The ratio of the peak that it starts at, not below 0.
    start: f64,
    /// The ratio of the peak that it ends at, not below 0.
    end: f64,
    /// The curve from one ratio to the next.
    anneal: Curve,
    /// Whether it falls back to the start, as fast as it rose, and only then to the end.
    three_phases: bool,
    /// Whether the momentum goes against the rate.
    cycle_momentum: bool,
    /// The momentum at the peak, from 0 to 1.
    base_momentum: f64,
    /// The momentum at the start and at the end, from 0 to 1.
    max_momentum: f64,
    /// Whether it is PyTorch's to the letter, which takes phases that do not fit.
    #[cfg_attr(feature = "serde", serde(skip))]
    literal: bool,
}

impl OneCycle {
    /// One cycle over `length` updates, at least 1, with PyTorch's defaults.
    pub fn new(length: u64) -> Self {
        Self {
            length,
            rise: 0.3,
            start: 1.0 / 25.0,
            end: 1.0 / 25.0 / 1e4,
            anneal: Curve::Cosine,
            three_phases: false,
            cycle_momentum: true,
            base_momentum: 0.85,
            max_momentum: 0.95,
            literal: false,
        }
    }

    /// With what lies within the length, where the phases do not fit into it.
    pub(crate) fn literal(self) -> Self {
        Self {
            literal: true,
            ..self
        }
    }

    fn phases(&self) -> Phases {
        Phases {
            rise: self.rise,
            length: self.length as f64,
            three: self.three_phases,
            curve: self.anneal,
        }
    }
}

impl<L> OneCycle<L> {
    /// The share of the time up to the peak, from 0 to below 1, at most 0.5 with three phases; default 0.3.
    pub fn rise(self, rise: f64) -> Self {
        Self { rise, ..self }
    }

    /// The ratio of the peak at update 0, from 0 to [`MAX_FACTOR`](crate::MAX_FACTOR); default 1/25.
    pub fn start(self, start: f64) -> Self {
        Self { start, ..self }
    }

    /// The ratio of the peak at the end, from 0 to [`MAX_FACTOR`](crate::MAX_FACTOR); default 1/250,000.
    pub fn end(self, end: f64) -> Self {
        Self { end, ..self }
    }

    /// The curve from one ratio to the next; default a cosine.
    pub fn anneal(self, anneal: Curve) -> Self {
        Self { anneal, ..self }
    }

    /// Whether it falls back to the start, as fast as it rose, and only then to the end; default not.
    pub fn three_phases(self, three_phases: bool) -> Self {
        Self {
            three_phases,
            ..self
        }
    }

    /// Whether the momentum goes against the rate; by default it does.
    pub fn cycle_momentum(self, cycle_momentum: bool) -> Self {
        Self {
            cycle_momentum,
            ..self
        }
    }

    /// The momentum at the peak, from 0 to 1; default 0.85.
    pub fn base_momentum(self, base_momentum: f64) -> Self {
        Self {
            base_momentum,
            ..self
        }
    }

    /// The momentum at the start and at the end, from 0 to 1; default 0.95.
    pub fn max_momentum(self, max_momentum: f64) -> Self {
        Self {
            max_momentum,
            ..self
        }
    }
}

impl Schedule for OneCycle {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.phases().at(time.max(0.0), self.start, 1.0, self.end)
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        let (least, most) = (self.base_momentum, self.max_momentum);
        self.cycle_momentum
            .then(|| self.phases().at(update as f64, most, least, most))
    }

    fn length(&self) -> Option<u64> {
        Some(self.length.saturating_sub(1))
    }

    fn shortened(&self, updates: u64) -> Option<Arc<dyn Schedule>> {
        Some(Arc::new(Self {
            length: self.length.saturating_sub(updates),
            ..*self
        }))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("one_cycle.length", self.length)?;
        let (rise, length) = (self.rise, self.length);
        if self.literal {
            check::share("one_cycle.rise", rise)?;
        } else if !(0.0..1.0).contains(&rise) {
            let allowed = "must be at least 0 and below 1";
            return Err(ScheduleError::new("one_cycle.rise", rise, allowed));
        }
        let fits = self.literal || !self.three_phases;
        if !fits && (rise > 0.5 || rise * length as f64 <= 1.0) {
            let allowed = format!(
                "must be above 1 / {length} (the length) and at most 0.5 with three phases"
            );
            return Err(ScheduleError::new("one_cycle.rise", rise, allowed));
        }
        check::ratio("one_cycle.start", self.start)?;
        check::ratio("one_cycle.end", self.end)?;
        self.anneal.check_share("one_cycle.anneal")?;
        check::share("one_cycle.base_momentum", self.base_momentum)?;
        check::share("one_cycle.max_momentum", self.max_momentum)
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("one_cycle")
            .count(self.length)
            .number(self.rise)
            .number(self.start)
            .number(self.end)
            .count(self.three_phases.into())
            .count(self.cycle_momentum.into())
            .number(self.base_momentum)
            .number(self.max_momentum);
        let whole = self.anneal.added_to(start);
        if self.literal {
            return whole.count(1).finish();
        }
        whole.finish()
    }
}

/// `kind = "one_cycle"`: PyTorch's defaults over what remains of the run.
#[cfg(feature = "serde")]
impl Default for OneCycle<Span> {
    fn default() -> Self {
        OneCycle::new(0).lasting(Span::Rest)
    }
}

#[cfg(feature = "serde")]
impl<L> OneCycle<L> {
    /// The same with a length in another unit.
    fn lasting<M>(&self, length: M) -> OneCycle<M> {
        OneCycle {
            length,
            rise: self.rise,
            start: self.start,
            end: self.end,
            anneal: self.anneal,
            three_phases: self.three_phases,
            cycle_momentum: self.cycle_momentum,
            base_momentum: self.base_momentum,
            max_momentum: self.max_momentum,
            literal: self.literal,
        }
    }
}

#[cfg(feature = "serde")]
impl Form for OneCycle<Span> {
    const KIND: &'static str = "one_cycle";
    const PEERS: &'static [&'static str] = &[
        "OneCycleLR",
        "1cycle",
        "fit_one_cycle",
        "cosine_onecycle_schedule",
        "linear_onecycle_schedule",
    ];
    type Resolved = OneCycle;

    fn resolve(&self, horizon: &Horizon) -> Result<OneCycle, ScheduleError> {
        self.lasting(horizon.resolve(self.length)).checked()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::prelude::*;

    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= 1e-14 * expected.abs(),
            "{found} is not {expected}"
        );
    }

    #[test]
    fn two_phases_meet_at_the_peak() {
        // The peak is at 0.3 · 100 - 1 = 29.
        let cycle = OneCycle::new(100);
        assert_eq!((cycle.factor(0), cycle.factor(29)), (0.04, 1.0));
        assert!(cycle.factor(28) < 1.0 && cycle.factor(30) < 1.0);
        close(cycle.factor_at(14.5), 0.52);
        assert_eq!(cycle.factor_at(-3.0), 0.04);
        close(cycle.factor(64), (1.0 + 4e-6) / 2.0);
        assert!(cycle.factor(98) > 4e-6);
        assert_eq!(
            (cycle.factor(99), cycle.factor(u64::MAX)),
            (1.0 / 25.0 / 1e4, cycle.end)
        );
        assert_eq!(cycle.length(), Some(99));
        assert_eq!(
            (cycle.momentum(0), cycle.momentum(29)),
            (Some(0.95), Some(0.85))
        );
        close(cycle.momentum(64).unwrap(), 0.9);
        assert_eq!(cycle.momentum(1_000), Some(0.95));
        assert_eq!(cycle.cycle_momentum(false).momentum(29), None);
    }

    #[test]
    fn three_phases_are_back_at_the_start_in_between() {
        let cycle = OneCycle::new(101)
            .rise(41.0 / 101.0)
            .three_phases(true)
            .anneal(Curve::Linear);
        close(cycle.factor(40), 1.0);
        close(cycle.factor(60), 0.52);
        close(cycle.factor(80), 0.04);
        close(cycle.factor(90), (0.04 + 4e-6) / 2.0);
        assert_eq!(cycle.factor(100), cycle.end);
        close(cycle.momentum(60).unwrap(), 0.9);
        close(cycle.momentum(90).unwrap(), 0.95);
    }

    #[test]
    fn a_peak_before_the_second_update_is_not_divided_by_zero() {
        // At rise · length = 1 it is at update 0; at 0.5 it is half an update before.
        let cycle = OneCycle::new(10).end(0.1).anneal(Curve::Linear);
        let first = cycle.rise(0.1);
        assert_eq!(
            (first.check(), first.factor(0), first.momentum(0)),
            (Ok(()), 1.0, Some(0.85))
        );
        close(first.factor(3), 0.7);
        close(cycle.rise(0.05).factor(0), 1.0 - 0.9 * 0.5 / 9.5);
        close(cycle.rise(0.0).factor(0), 0.91);
        assert_eq!(cycle.rise(0.0).factor(9), 0.1);
    }

    #[test]
    fn phases_that_do_not_fit_are_refused() {
        let text = |cycle: OneCycle| cycle.check().unwrap_err().to_string();
        for rise in [-0.1, 1.0, f64::NAN] {
            assert_eq!(
                text(OneCycle::new(10).rise(rise)),
                format!("one_cycle.rise = {rise:?}: must be at least 0 and below 1")
            );
        }
        let three = |rise| OneCycle::new(10).rise(rise).three_phases(true);
        for rise in [0.1, 0.51] {
            assert_eq!(
                text(three(rise)),
                format!(
                    "one_cycle.rise = {rise}: must be above 1 / 10 (the length) and at most 0.5 with three phases"
                )
            );
        }
        assert_eq!((three(0.11).check(), three(0.5).check()), (Ok(()), Ok(())));
        assert_eq!(three(0.5).factor(9), three(0.5).end);
        assert_eq!(OneCycle::new(0).factor(0), 1.0 / 25.0 / 1e4);
        assert!(OneCycle::new(7).anneal(Curve::Power(-1.0)).check().is_err());
        assert!(OneCycle::new(7).base_momentum(1.5).check().is_err());
        assert!(OneCycle::new(7).max_momentum(-0.5).check().is_err());
    }

    #[test]
    fn a_warm_up_within_shortens_it() {
        let schedule = OneCycle::new(15).rise(0.5).end(0.2).warmup_within(5);
        assert_eq!((schedule.check(), schedule.length()), (Ok(()), Some(14)));
        assert_eq!(
            [5, 9, 14].map(|update| schedule.factor(update)),
            [0.04, 1.0, 0.2]
        );
    }

    #[test]
    fn every_parameter_is_in_the_fingerprint() {
        let plain = OneCycle::new(10);
        let all = [
            plain,
            OneCycle::new(11),
            plain.rise(0.4),
            plain.start(0.1),
            plain.end(0.1),
            plain.anneal(Curve::Linear),
            plain.three_phases(true),
            plain.cycle_momentum(false),
            plain.base_momentum(0.5),
            plain.max_momentum(0.5),
        ]
        .map(|schedule| schedule.fingerprint());
        assert!((1..all.len()).all(|index| !all[..index].contains(&all[index])));
    }
}
