//! Raising the learning rate while a metric gets better, and reducing it where it does not.

mod judge;

use std::ops::{RangeBounds, RangeInclusive};

use super::stage::{ends, stage, staged};
use super::{MAX_WINDOW, MetricMode};
use crate::{Fingerprint, MAX_FACTOR, MAX_PEAK, ScheduleError, check};
#[cfg(feature = "serde")]
use crate::{Horizon, Span};

/// Raises the learning rate while a reported metric gets better, and reduces it where it does not.
///
/// ```text
/// learning rate(update) = peak · factor(update) · multiplier       multiplier: 1 at first
/// good, bad = reports in a row that are better than the best, and that are not
/// good > patience:  multiplier = min(multiplier / factor, ceiling),  good = 0,  warmup reports are ignored
/// bad  > patience:  multiplier = max(multiplier · factor, floor),    bad = 0,   cooldown reports are ignored
/// ```
///
/// `factor` (0.95) is above 0 and below 1; `patience` (10), `cooldown` (0) and `warmup` (0) are counted in reports.
/// With `best` the best so far, a metric that falls is better if m < best - threshold·|best| - min_delta (0 and 1e-6).
/// `floor` (0.01), `ceiling` (10) and `eps` (0), the least change that is made, are ratios of the peak, as the
/// multiplier is. With `smooth` (1), the mean of the last reports is judged. At the `reset_start`-th (500) reduction
/// that finds it at the floor, counted from the last raise, everything begins anew at a multiplier of 1. NaN counts as
/// not better.
///
/// ```
/// use schedules::prelude::*;
///
/// let greedy = Greedy::min().factor(0.5).patience(1).ceiling(2.0);
/// let (mut rate, greedy) = Constant::new().peak(0.1)?.greedy(greedy)?;
/// let mut rates = Vec::new();
/// for loss in [0.9, 0.8, 0.7, 0.6, 0.7, 0.6, 0.7, f64::NAN, 0.5] {
///     rates.push(rate.step());
///     greedy.report(loss);
/// }
/// assert_eq!(rates, [0.1, 0.1, 0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.05]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Subramanian & Ganapathiraman (2023), *Zeroth Order GreedyLR: An Adaptive Learning Rate Scheduler for Deep Neural
/// Network Training*, in the form of transformers' `GreedyLR`, which is in [`compat`](crate::compat) to the letter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        default,
        deny_unknown_fields,
        bound(
            serialize = "L: serde::Serialize",
            deserialize = "L: serde::Deserialize<'de>"
        )
    )
)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(bound = "L: schemars::JsonSchema + serde::Serialize")
)]
pub struct Greedy<L = u64> {
    /// Whether a lower (`min`) or a higher (`max`) metric is better.
    mode: MetricMode,
    /// What the multiplier is reduced by and raised by the inverse of, above 0 and below 1.
    factor: f64,
    /// A change comes after one more than this number of reports in a row.
    patience: u64,
    /// The share of the best that a metric has to be better by, from 0 to 1.
    threshold: f64,
    /// The distance that a metric has to be better by.
    min_delta: f64,
    /// The number of reports after a reduction that are ignored.
    cooldown: u64,
    /// The number of reports after a raise that are ignored.
    warmup: u64,
    /// The lowest multiplier, from 0 to 1.
    floor: f64,
    /// The highest multiplier, at least 1.
    ceiling: f64,
    /// A change has to be larger than this, from 0 to 1.
    eps: f64,
    /// The number of last reports whose mean is judged.
    smooth: u64,
    /// The number of reductions at the floor after which everything begins anew.
    reset_start: u64,
    /// The first update whose reports count.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    from: Option<L>,
    /// The update from which reports no longer count.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    until: Option<L>,
    /// The base rate of transformers', which is then followed to the letter: a relative threshold that is wrong for
    /// negative metrics, a running sum that NaN spoils, and limits that are rates and need not enclose the first one.
    #[cfg_attr(feature = "serde", serde(skip))]
    literal: Option<f64>,
}

impl<L> Default for Greedy<L> {
    fn default() -> Self {
        Self {
            mode: MetricMode::Min,
            factor: 0.95,
            patience: 10,
            threshold: 0.0,
            min_delta: 1e-6,
            cooldown: 0,
            warmup: 0,
            floor: 0.01,
            ceiling: 10.0,
            eps: 0.0,
            smooth: 1,
            reset_start: 500,
            from: None,
            until: None,
            literal: None,
        }
    }
}

impl Greedy {
    /// For a metric that is better when lower: a loss.
    pub fn min() -> Self {
        Self::default()
    }

    /// For a metric that is better when higher: an accuracy.
    pub fn max() -> Self {
        Self::default().mode(MetricMode::Max)
    }

    /// The updates whose reports count; by default all. See [`Plateau::active`](crate::Plateau::active).
    pub fn active(self, updates: impl RangeBounds<u64>) -> Self {
        let (from, until) = ends(&updates);
        Self {
            from,
            until,
            ..self
        }
    }

    /// To the letter, with rates for the limits and eps, instead of ratios of this base rate.
    pub(crate) fn literal(self, base: f64) -> Self {
        Self {
            literal: Some(base),
            ..self
        }
    }
}

impl<L> Greedy<L> {
    /// Whether a lower or a higher metric is better; default [`MetricMode::Min`].
    pub fn mode(self, mode: MetricMode) -> Self {
        Self { mode, ..self }
    }

    /// What the multiplier is reduced by and raised by the inverse of, above 0 and below 1; default 0.95.
    pub fn factor(self, factor: f64) -> Self {
        Self { factor, ..self }
    }

    /// A change comes after one more than this number of reports in a row; default 10.
    pub fn patience(self, patience: u64) -> Self {
        Self { patience, ..self }
    }

    /// The share of the best that a metric has to be better by, from 0 to 1; default 0.
    pub fn threshold(self, threshold: f64) -> Self {
        Self { threshold, ..self }
    }

    /// The distance that a metric has to be better by, besides the threshold; default 1e-6.
    pub fn min_delta(self, min_delta: f64) -> Self {
        Self { min_delta, ..self }
    }

    /// The number of reports after a reduction that are ignored; default 0. They are not kept as the best either.
    pub fn cooldown(self, cooldown: u64) -> Self {
        Self { cooldown, ..self }
    }

    /// The number of reports after a raise that are ignored; default 0. They are not kept as the best either.
    pub fn warmup(self, warmup: u64) -> Self {
        Self { warmup, ..self }
    }

    /// The lowest multiplier, from 0 to 1; default 0.01.
    pub fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// The highest multiplier, at least 1; default 10.
    pub fn ceiling(self, ceiling: f64) -> Self {
        Self { ceiling, ..self }
    }

    /// The difference of multipliers that a change has to exceed, from 0 to 1; default 0.
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// The number of last reports, up to 1000, whose mean is judged; default 1.
    pub fn smooth(self, smooth: u64) -> Self {
        Self { smooth, ..self }
    }

    /// The number of reductions that find it at the floor after which everything begins anew; default 500.
    pub fn reset_start(self, reset_start: u64) -> Self {
        Self {
            reset_start,
            ..self
        }
    }
}

impl Greedy {
    /// Checks the parameters.
    ///
    /// # Errors
    /// The first parameter out of its range, with a path that starts at `greedy`.
    pub fn check(&self) -> Result<(), ScheduleError> {
        check::reduction("greedy.factor", self.factor)?;
        check::updates("greedy.patience", self.patience)?;
        check::share("greedy.threshold", self.threshold)?;
        check::ratio("greedy.min_delta", self.min_delta)?;
        check::updates("greedy.cooldown", self.cooldown)?;
        check::updates("greedy.warmup", self.warmup)?;
        if let Some(base) = self.literal {
            check::positive("greedy.base", base, MAX_PEAK)?;
            check::between("greedy.floor", self.floor, 0.0..=MAX_PEAK)?;
            check::between("greedy.ceiling", self.ceiling, 0.0..=MAX_PEAK)?;
            check::between("greedy.eps", self.eps, 0.0..=MAX_PEAK)?;
            check::updates("greedy.reset_start", self.reset_start)?;
        } else {
            check::share("greedy.floor", self.floor)?;
            check::between("greedy.ceiling", self.ceiling, 1.0..=MAX_FACTOR)?;
            check::share("greedy.eps", self.eps)?;
            check::length("greedy.reset_start", self.reset_start)?;
        }
        // To the letter, no mean is not the same as one of one.
        let least = u64::from(self.literal.is_none());
        if !(least..=MAX_WINDOW).contains(&self.smooth) {
            let allowed = format!("must be between 1 and {MAX_WINDOW}");
            return Err(ScheduleError::new("greedy.smooth", self.smooth, allowed));
        }
        stage("greedy", self.stage())
    }

    /// A number that identifies the parameters, in a record.
    pub fn fingerprint(&self) -> u64 {
        let whole = Fingerprint::of("greedy")
            .count(self.mode.number())
            .number(self.factor)
            .count(self.patience)
            .number(self.threshold)
            .number(self.min_delta)
            .count(self.cooldown)
            .count(self.warmup)
            .number(self.floor)
            .number(self.ceiling)
            .number(self.eps)
            .count(self.smooth)
            .count(self.reset_start)
            .optional(self.literal);
        staged(whole, self.stage()).finish()
    }

    pub(super) fn metric_mode(&self) -> MetricMode {
        self.mode
    }

    pub(super) fn stage(&self) -> (Option<u64>, Option<u64>) {
        (self.from, self.until)
    }

    /// What the multiplier begins at and is counted in.
    pub(super) fn unit(&self) -> f64 {
        self.literal.unwrap_or(1.0)
    }

    pub(super) fn bounds(&self) -> RangeInclusive<f64> {
        self.floor.min(self.unit())..=self.ceiling.max(self.unit())
    }

    pub(super) fn window(&self) -> u64 {
        match (self.smooth, self.literal) {
            // A mean of one is that one, but for the peer's NaN.
            (1, None) => 0,
            (smooth, _) => smooth,
        }
    }
}

#[cfg(feature = "serde")]
impl Greedy<Span> {
    /// Turns the spans of a config into updates.
    pub fn resolve(&self, horizon: &Horizon) -> Greedy {
        Greedy {
            mode: self.mode,
            factor: self.factor,
            patience: self.patience,
            threshold: self.threshold,
            min_delta: self.min_delta,
            cooldown: self.cooldown,
            warmup: self.warmup,
            floor: self.floor,
            ceiling: self.ceiling,
            eps: self.eps,
            smooth: self.smooth,
            reset_start: self.reset_start,
            from: self.from.map(|from| horizon.resolve(from)),
            until: self.until.map(|until| horizon.resolve(until)),
            literal: self.literal,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        for (greedy, path) in [
            (Greedy::min().factor(1.0), "greedy.factor"),
            (Greedy::min().patience(u64::MAX), "greedy.patience"),
            (Greedy::min().threshold(-0.1), "greedy.threshold"),
            (Greedy::min().min_delta(f64::NAN), "greedy.min_delta"),
            (Greedy::min().cooldown(u64::MAX), "greedy.cooldown"),
            (Greedy::min().warmup(u64::MAX), "greedy.warmup"),
            (Greedy::min().floor(1.1), "greedy.floor"),
            (Greedy::min().ceiling(0.9), "greedy.ceiling"),
            (Greedy::min().ceiling(f64::INFINITY), "greedy.ceiling"),
            (Greedy::min().eps(1.1), "greedy.eps"),
            (Greedy::min().smooth(0), "greedy.smooth"),
            (Greedy::min().smooth(1_001), "greedy.smooth"),
            (Greedy::min().reset_start(0), "greedy.reset_start"),
            (Greedy::min().active(5..5), "greedy.until"),
        ] {
            assert_eq!(greedy.check().unwrap_err().path(), path);
        }
        let outermost = Greedy::min().floor(1.0).ceiling(1.0).smooth(1_000);
        assert_eq!(outermost.reset_start(1).check(), Ok(()));
    }

    #[test]
    fn every_parameter_is_in_the_fingerprint() {
        let greedy = Greedy::min;
        let numbers = [
            greedy(),
            Greedy::max(),
            greedy().factor(0.5),
            greedy().patience(3),
            greedy().threshold(0.5),
            greedy().min_delta(0.5),
            greedy().cooldown(3),
            greedy().warmup(3),
            greedy().floor(0.5),
            greedy().ceiling(3.0),
            greedy().eps(0.5),
            greedy().smooth(3),
            greedy().reset_start(3),
            greedy().active(3..),
            greedy().active(..3),
            greedy().literal(1.0),
            greedy().literal(0.5),
        ]
        .map(|greedy| greedy.fingerprint());
        for (index, number) in numbers.iter().enumerate() {
            assert!(!numbers[..index].contains(number), "{index} is there twice");
        }
    }
}
