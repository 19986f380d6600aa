//! A triangle again and again.

mod scale;
mod triangle;

use std::sync::Arc;

#[cfg(feature = "serde")]
use crate::{Compose, Form, Horizon, Span};
use crate::{Fingerprint, Schedule, ScheduleError, check};

pub use scale::CyclicMode;
use scale::Scale;
use triangle::Triangle;

/// Up from a floor to the peak and down again, without end, while the momentum goes the other way.
///
/// ```text
/// factor(t)   = floor + (1 - floor) · height(t) · scale(t)
/// momentum(t) = max_momentum - (max_momentum - base_momentum) · height(t) · scale(t)
///
/// height(t)   = r / up, then (up + down - r) / down from r = up on, with r the rest of t / (up + down)
/// scale(t)    = 1               triangular
///               ½ ^ (c - 1)     triangular2, with c the cycle, counted from 1
///               gamma ^ t       exp_range
/// ```
///
/// `up` and `down` (default as `up`) are in updates, `floor` (default 0.25) is a ratio of the peak; growth (`gamma`
/// above 1) saturates at [`MAX_FACTOR`](crate::MAX_FACTOR). The momentum goes from `max_momentum` (default 0.9) at the
/// floor to `base_momentum` (default 0.8) at the peak. A scale of one's own, [over cycles](Self::scale_cycles) or
/// [over updates](Self::scale_updates), stands instead of the mode's.
///
/// It is PyTorch's `CyclicLR` with `up` for `step_size_up` and `floor` for `base_lr` / `max_lr`. It has no length: a
/// warm-up in front delays it.
///
/// ```
/// use schedules::prelude::*;
///
/// let rate = Cyclic::new(2).floor(0.0).mode(CyclicMode::Triangular2).peak(1.0)?;
/// assert_eq!(rate.rates(0..9), [0.0, 0.5, 1.0, 0.5, 0.0, 0.25, 0.5, 0.25, 0.0]);
/// assert_eq!([0, 2].map(|update| rate.momentum_at(update)), [Some(0.9), Some(0.8)]);
///
/// let rate = Cyclic::new(1).floor(0.0).scale_cycles("thirds", |cycle| 3.0_f64.powf(1.0 - cycle)).peak(0.9)?;
/// assert_eq!(rate.rates(0..5), [0.0, 0.9, 0.0, 0.3, 0.0]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Smith (2017), *Cyclical Learning Rates for Training Neural Networks*.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(deserialize = "L: serde::Deserialize<'de>, Cyclic<L>: Default")
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize, Cyclic<L>: Default")
)]
pub struct Cyclic<L = u64> {
    /// How long it takes from the floor to the peak.
    up: L,
    /// How long it takes back; without it, as long as up.
    down: Option<L>,
    /// The ratio of the peak that every cycle starts at, from 0 to 1.
    floor: f64,
    /// How the height of the cycles changes.
    mode: CyclicMode,
    /// What `exp_range` multiplies the height by at every update, above 0.
    gamma: f64,
    /// Whether the momentum goes against the rate.
    cycle_momentum: bool,
    /// The momentum at the peak, from 0 to 1.
    base_momentum: f64,
    /// The momentum at the floor, from 0 to 1.
    max_momentum: f64,
    /// What stands instead of the mode.
    #[cfg_attr(feature = "serde", serde(skip))]
    scale: Option<Scale>,
}

impl Cyclic {
    /// From a quarter of the peak up in `up` updates, at least 1, and down again in as many.
    pub fn new(up: u64) -> Self {
        Self {
            up,
            down: None,
            floor: 0.25,
            mode: CyclicMode::Triangular,
            gamma: 1.0,
            cycle_momentum: true,
            base_momentum: 0.8,
            max_momentum: 0.9,
            scale: None,
        }
    }

    /// The number of updates from the peak to the floor; default as many as up.
    ///
    /// With 0 the peak itself is not reached: the next cycle begins there.
    pub fn down(self, down: u64) -> Self {
        Self {
            down: Some(down),
            ..self
        }
    }

    /// The height of a cycle, by its number, counted from 1, instead of the mode's: PyTorch's `scale_fn`.
    ///
    /// The name stands for the function in the fingerprint. What it returns counts as 0 where it is negative or NaN.
    pub fn scale_cycles(
        self,
        name: impl Into<String>,
        function: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        let scale = Scale::of_cycles(name.into(), Arc::new(function));
        Self {
            scale: Some(scale),
            ..self
        }
    }

    /// The height at an update, counted from 0, instead of the mode's: PyTorch's `scale_fn` over `iterations`.
    ///
    /// The name stands for the function in the fingerprint. What it returns counts as 0 where it is negative or NaN.
    pub fn scale_updates(
        self,
        name: impl Into<String>,
        function: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        let scale = Scale::of_updates(name.into(), Arc::new(function));
        Self {
            scale: Some(scale),
            ..self
        }
    }

    /// The share of the way from the floor to the peak at `time`, with the scale.
    fn height(&self, time: f64) -> f64 {
        let (up, down) = (self.up, self.down.unwrap_or(self.up));
        let (cycles, height) = Triangle { up, down }.at(time);
        height
            * match &self.scale {
                Some(scale) => scale.at(cycles, time),
                None => self.mode.scale(self.gamma, cycles, time),
            }
    }
}

impl<L> Cyclic<L> {
    /// The ratio of the peak that every cycle starts at, from 0 to 1; default 0.25.
    pub fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// How the height of the cycles changes; by default it does not.
    pub fn mode(self, mode: CyclicMode) -> Self {
        Self { mode, ..self }
    }

    /// What [`CyclicMode::ExpRange`] multiplies the height by at every update, above 0 and at most
    /// [`MAX_FACTOR`](crate::MAX_FACTOR); default 1.
    pub fn gamma(self, gamma: f64) -> Self {
        Self { gamma, ..self }
    }

    /// Whether the momentum goes against the rate; by default it does.
    pub fn cycle_momentum(self, cycle_momentum: bool) -> Self {
        Self {
            cycle_momentum,
            ..self
        }
    }

    /// The momentum at the peak, from 0 to 1; default 0.8.
    pub fn base_momentum(self, base_momentum: f64) -> Self {
        Self {
            base_momentum,
            ..self
        }
    }

    /// The momentum at the floor, from 0 to 1; default 0.9.
    pub fn max_momentum(self, max_momentum: f64) -> Self {
        Self {
            max_momentum,
            ..self
        }
    }
}

impl Schedule for Cyclic {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.floor + (1.0 - self.floor) * self.height(time.max(0.0))
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        // Where the scale exceeds 1 the rate exceeds its peak, and the momentum stays at its bound.
        let height = self.height(update as f64).min(1.0);
        let momentum = self.max_momentum - (self.max_momentum - self.base_momentum) * height;
        self.cycle_momentum.then_some(momentum)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("cyclic.up", self.up)?;
        check::updates("cyclic.down", self.down.unwrap_or(self.up))?;
        check::share("cyclic.floor", self.floor)?;
        check::decay("cyclic.gamma", self.gamma)?;
        check::share("cyclic.base_momentum", self.base_momentum)?;
        check::share("cyclic.max_momentum", self.max_momentum)
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("cyclic")
            .count(self.up)
            .count(self.down.unwrap_or(self.up))
            .number(self.floor)
            .count(self.mode as u64)
            .number(self.gamma)
            .count(self.cycle_momentum.into())
            .number(self.base_momentum)
            .number(self.max_momentum);
        match &self.scale {
            Some(scale) => scale.added_to(start),
            None => start.count(0),
        }
        .finish()
    }
}

/// `kind = "cyclic"`: four cycles over the run, from a quarter of the peak, as Smith (2017) suggests.
#[cfg(feature = "serde")]
impl Default for Cyclic<Span> {
    fn default() -> Self {
        Cyclic::new(0).lasting(Span::PercentOfRest(12.5), None)
    }
}

#[cfg(feature = "serde")]
impl<L> Cyclic<L> {
    /// The same with lengths in another unit.
    fn lasting<M>(&self, up: M, down: Option<M>) -> Cyclic<M> {
        Cyclic {
            up,
            down,
            floor: self.floor,
            mode: self.mode,
            gamma: self.gamma,
            cycle_momentum: self.cycle_momentum,
            base_momentum: self.base_momentum,
            max_momentum: self.max_momentum,
            scale: self.scale.clone(),
        }
    }
}

#[cfg(feature = "serde")]
impl Form for Cyclic<Span> {
    const KIND: &'static str = "cyclic";
    const PEERS: &'static [&'static str] = &["CyclicLR", "CLR", "triangular", "exp_range"];
    type Resolved = Cyclic;

    fn resolve(&self, horizon: &Horizon) -> Result<Cyclic, ScheduleError> {
        let (up, down) = (
            horizon.resolve(self.up),
            self.down.map(|down| horizon.resolve(down)),
        );
        self.lasting(up, down).checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAX_UPDATE;

    fn factors<const N: usize>(schedule: &Cyclic, updates: [u64; N]) -> [f64; N] {
        updates.map(|update| schedule.factor(update))
    }

    #[test]
    fn down_is_as_up_unless_it_is_said() {
        let schedule = Cyclic::new(2).floor(0.5);
        assert_eq!(factors(&schedule, [1, 2, 3, 4]), [0.75, 1.0, 0.75, 0.5]);
        let slow = schedule.clone().down(4);
        assert_eq!(factors(&slow, [1, 2, 3, 6]), [0.75, 1.0, 0.875, 0.5]);
        // A saw: the peak is the next cycle's start.
        let saw = schedule.down(0);
        assert_eq!(factors(&saw, [1, 2, 3, 4]), [0.75, 0.5, 0.75, 0.5]);
        assert_eq!((slow.check(), saw.check()), (Ok(()), Ok(())));
    }

    #[test]
    fn every_mode_scales_the_height_above_the_floor() {
        let schedule = Cyclic::new(2).floor(0.5);
        assert_eq!(factors(&schedule, [2, 6]), [1.0, 1.0]);
        let halves = schedule.clone().mode(CyclicMode::Triangular2);
        assert_eq!(
            factors(&halves, [2, 3, 4, 5, 6, 10]),
            [1.0, 0.75, 0.5, 0.625, 0.75, 0.625]
        );
        let range = schedule.clone().mode(CyclicMode::ExpRange).gamma(0.5);
        assert_eq!(
            factors(&range, [1, 2, 3, 6]),
            [0.625, 0.625, 0.53125, 0.5078125]
        );
        assert_eq!(
            range.gamma(4.0).factor(MAX_UPDATE + 2),
            0.5 + 0.5 * crate::MAX_FACTOR
        );
    }

    #[test]
    fn the_momentum_goes_the_other_way() {
        let schedule = Cyclic::new(2).base_momentum(0.5).max_momentum(1.0);
        let momenta = [0, 1, 2, 3, 4].map(|update| schedule.momentum(update));
        assert_eq!(momenta, [1.0, 0.75, 0.5, 0.75, 1.0].map(Some));
        let halves = schedule.clone().mode(CyclicMode::Triangular2);
        assert_eq!(halves.momentum(6), Some(0.75));
        let growth = schedule.clone().mode(CyclicMode::ExpRange).gamma(4.0);
        assert_eq!(growth.momentum(6), Some(0.5));
        assert_eq!(schedule.cycle_momentum(false).momentum(2), None);
    }

    #[test]
    fn a_scale_of_ones_own_stands_instead_of_the_mode() {
        let plain = Cyclic::new(1).floor(0.0).mode(CyclicMode::Triangular2);
        let cycles = plain.clone().scale_cycles("tenths", |cycle| cycle / 10.0);
        assert_eq!(factors(&cycles, [1, 3, 5]), [0.1, 0.2, 0.3]);
        let updates = plain
            .clone()
            .scale_updates("tenths", |update| update / 10.0);
        assert_eq!(factors(&updates, [1, 3, 5]), [0.1, 0.3, 0.5]);
        assert_eq!(updates.factor_at(2.5), 0.125);
        // It need not know what is before the first update.
        let root = plain.scale_updates("root", |update| {
            assert!(update >= 0.0);
            update.sqrt()
        });
        assert_eq!(root.factor_at(-1.0), 0.0);
    }

    #[test]
    fn unchecked_it_does_not_panic() {
        assert_eq!(
            Cyclic::new(0)
                .check()
                .map_err(|error| error.path().to_owned()),
            Err("cyclic.up".to_owned())
        );
        assert_eq!(
            Cyclic::new(1)
                .down(MAX_UPDATE + 1)
                .check()
                .map_err(|error| error.field().to_owned()),
            Err("down".to_owned())
        );
        let _ = (
            Cyclic::new(0).factor(5),
            Cyclic::new(u64::MAX).down(u64::MAX).factor(u64::MAX),
        );
        let schedule = Cyclic::new(7);
        for time in [f64::INFINITY, f64::NAN, -1.0, 1e300] {
            assert!((0.25..=1.0).contains(&schedule.factor_at(time)), "{time}");
        }
    }

    #[test]
    fn every_parameter_is_in_the_fingerprint() {
        let plain = Cyclic::new(10);
        let all = [
            plain.clone(),
            Cyclic::new(11).down(10),
            plain.clone().down(11),
            plain.clone().floor(0.1),
            plain.clone().mode(CyclicMode::Triangular2),
            plain.clone().mode(CyclicMode::ExpRange),
            plain.clone().gamma(0.5),
            plain.clone().cycle_momentum(false),
            plain.clone().base_momentum(0.5),
            plain.clone().max_momentum(0.5),
            plain.clone().scale_cycles("one", |_| 1.0),
            plain.clone().scale_cycles("other", |_| 1.0),
            plain.clone().scale_updates("one", |_| 1.0),
        ]
        .map(|schedule| schedule.fingerprint());
        assert!((1..all.len()).all(|index| !all[..index].contains(&all[index])));
        assert_eq!(all[0], plain.down(10).fingerprint());
    }
}
