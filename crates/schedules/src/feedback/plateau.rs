//! Reducing the learning rate where a metric stops getting better.

mod judge;

use std::ops::{RangeBounds, RangeInclusive};

use super::stage::{ends, stage, staged};
use super::{MAX_WINDOW, MetricMode, PlateauRule, trend};
use crate::{Fingerprint, MAX_PEAK, ScheduleError, check};
#[cfg(feature = "serde")]
use crate::{Horizon, Span};

/// Reduces the learning rate where a reported metric stops getting better.
///
/// ```text
/// learning rate(update) = peak · factor(update) · multiplier       multiplier: 1 at first
/// bad        = reports in a row that are not better than the best
/// bad = patience:  multiplier = max(multiplier · factor, floor),  bad = 0,  cooldown reports are not counted
/// ```
///
/// `factor` (0.1) is above 0 and below 1, `patience` (10) and `cooldown` (0) are counted in reports. What is better,
/// and when exactly the multiplier is reduced, says the [`PlateauRule`], with a relative `threshold` (1e-4) and an
/// absolute `min_delta` (0). `floor` (0) and `eps` (0), the least change that is made, are ratios of the peak, as the
/// multiplier is. NaN counts as not better.
///
/// Attached with [`Scheduler::plateau`](crate::Scheduler::plateau) to any composition:
///
/// ```
/// use schedules::prelude::*;
///
/// let plateau = Plateau::min().factor(0.5).patience(2);
/// let (mut rate, plateau) = Linear::new(10).peak(1.0)?.plateau(plateau)?;
/// let mut rates = Vec::new();
/// for loss in [0.9, 0.8, 0.8, f64::NAN, 0.7] {
///     rates.push(rate.step());
///     plateau.report(loss);
/// }
/// assert_eq!(rates, [1.0, 0.9, 0.8, 0.7, 0.3]);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// The peers' versions are in [`compat`](crate::compat), under their own names and defaults.
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
pub struct Plateau<L = u64> {
    /// Whether a lower (`min`) or a higher (`max`) metric is better.
    mode: MetricMode,
    /// How a plateau is told.
    rule: PlateauRule,
    /// What the multiplier is reduced by, above 0 and below 1.
    factor: f64,
    /// The number of reports without a better one.
    patience: u64,
    /// The share of the best that a metric has to be better by, from 0 to 1.
    threshold: f64,
    /// The distance that a metric has to be better by.
    min_delta: f64,
    /// The number of reports whose mean is judged as one.
    average: u64,
    /// The number of reports after a change that are not counted.
    cooldown: u64,
    /// The lowest multiplier, from 0 to 1.
    floor: f64,
    /// A change has to be larger than this, from 0 to 1.
    eps: f64,
    /// The first update whose reports count.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    from: Option<L>,
    /// The update from which reports no longer count.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    until: Option<L>,
    /// The base rate of PyTorch's, whose limits are rates and not ratios, so that ties fall as they do there.
    #[cfg_attr(feature = "serde", serde(skip))]
    base: Option<f64>,
}

impl<L> Default for Plateau<L> {
    fn default() -> Self {
        Self {
            mode: MetricMode::Min,
            rule: PlateauRule::Best,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            min_delta: 0.0,
            average: 1,
            cooldown: 0,
            floor: 0.0,
            eps: 0.0,
            from: None,
            until: None,
            base: None,
        }
    }
}

impl Plateau {
    /// For a metric that is better when lower: a loss.
    pub fn min() -> Self {
        Self::default()
    }

    /// For a metric that is better when higher: an accuracy.
    pub fn max() -> Self {
        Self::default().mode(MetricMode::Max)
    }

    /// The updates whose reports count; by default all.
    ///
    /// A report belongs to the last update that was taken. Others are ignored and change nothing, and the multiplier
    /// that was reached goes on.
    ///
    /// ```
    /// use schedules::prelude::*;
    ///
    /// let plateau = Plateau::min().patience(1).factor(0.5).active(2..);
    /// let (mut rate, plateau) = Constant::new().peak(1.0)?.plateau(plateau)?;
    /// let rates: Vec<f64> = (0..6)
    ///     .map(|_| {
    ///         let learning_rate = rate.step();
    ///         plateau.report(1.0);
    ///         learning_rate
    ///     })
    ///     .collect();
    /// assert_eq!(rates, [1.0, 1.0, 1.0, 1.0, 0.5, 0.25]);
    /// # Ok::<(), ScheduleError>(())
    /// ```
    pub fn active(self, updates: impl RangeBounds<u64>) -> Self {
        let (from, until) = ends(&updates);
        Self {
            from,
            until,
            ..self
        }
    }

    /// With rates for the floor and eps, instead of ratios of this base rate.
    pub(crate) fn absolute(self, base: f64) -> Self {
        Self {
            base: Some(base),
            ..self
        }
    }
}

impl<L> Plateau<L> {
    /// Whether a lower or a higher metric is better; default [`MetricMode::Min`].
    pub fn mode(self, mode: MetricMode) -> Self {
        Self { mode, ..self }
    }

    /// How a plateau is told; default [`PlateauRule::Best`].
    pub fn rule(self, rule: PlateauRule) -> Self {
        Self { rule, ..self }
    }

    /// What the multiplier is reduced by, above 0 and below 1; default 0.1.
    pub fn factor(self, factor: f64) -> Self {
        Self { factor, ..self }
    }

    /// The number of reports without a better one after which it is reduced; default 10.
    pub fn patience(self, patience: u64) -> Self {
        Self { patience, ..self }
    }

    /// The share of the best that a metric has to be better by, from 0 to 1; default 1e-4.
    pub fn threshold(self, threshold: f64) -> Self {
        Self { threshold, ..self }
    }

    /// The distance that a metric has to be better by, besides the threshold; default 0.
    pub fn min_delta(self, min_delta: f64) -> Self {
        Self { min_delta, ..self }
    }

    /// The number of reports whose mean is judged as one, for the losses of single updates; default 1.
    pub fn average(self, average: u64) -> Self {
        Self { average, ..self }
    }

    /// The number of reports after a change that are not counted; default 0. The best goes on being kept.
    pub fn cooldown(self, cooldown: u64) -> Self {
        Self { cooldown, ..self }
    }

    /// The lowest multiplier, from 0 to 1; default 0.
    pub fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// The difference of multipliers that a change has to exceed, from 0 to 1; default 0.
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }
}

impl Plateau {
    /// Checks the parameters.
    ///
    /// # Errors
    /// The first parameter out of its range, with a path that starts at `plateau`.
    pub fn check(&self) -> Result<(), ScheduleError> {
        check::reduction("plateau.factor", self.factor)?;
        match self.rule {
            PlateauRule::Best => check::length("plateau.patience", self.patience)?,
            PlateauRule::Trend if !(trend::LEAST..=MAX_WINDOW).contains(&self.patience) => {
                let allowed = format!(
                    "must be between {} and {MAX_WINDOW} for the rule by trend",
                    trend::LEAST
                );
                return Err(ScheduleError::new(
                    "plateau.patience",
                    self.patience,
                    allowed,
                ));
            }
            _ => check::updates("plateau.patience", self.patience)?,
        }
        check::share("plateau.threshold", self.threshold)?;
        check::ratio("plateau.min_delta", self.min_delta)?;
        check::length("plateau.average", self.average)?;
        check::updates("plateau.cooldown", self.cooldown)?;
        match self.base {
            Some(base) => {
                check::positive("plateau.base", base, MAX_PEAK)?;
                check::between("plateau.floor", self.floor, 0.0..=MAX_PEAK)?;
                check::between("plateau.eps", self.eps, 0.0..=MAX_PEAK)?;
            }
            None => {
                check::share("plateau.floor", self.floor)?;
                check::share("plateau.eps", self.eps)?;
            }
        }
        stage("plateau", self.stage())
    }

    /// A number that identifies the parameters, in a record.
    pub fn fingerprint(&self) -> u64 {
        let whole = Fingerprint::of("plateau")
            .count(self.mode.number())
            .count(self.rule.number())
            .number(self.factor)
            .count(self.patience)
            .number(self.threshold)
            .number(self.min_delta)
            .count(self.average)
            .count(self.cooldown)
            .number(self.floor)
            .number(self.eps);
        let whole = staged(whole, self.stage());
        self.base.map_or(whole, |base| whole.number(base)).finish()
    }

    pub(super) fn metric_mode(&self) -> MetricMode {
        self.mode
    }

    pub(super) fn stage(&self) -> (Option<u64>, Option<u64>) {
        (self.from, self.until)
    }

    /// What the multiplier begins at and is counted in.
    pub(super) fn unit(&self) -> f64 {
        self.base.unwrap_or(1.0)
    }

    pub(super) fn bounds(&self) -> RangeInclusive<f64> {
        self.floor.min(self.unit())..=self.unit()
    }

    pub(super) fn window(&self) -> u64 {
        match self.rule {
            PlateauRule::Trend => self.patience,
            _ => 0,
        }
    }
}

#[cfg(feature = "serde")]
impl Plateau<Span> {
    /// Turns the spans of a config into updates.
    pub fn resolve(&self, horizon: &Horizon) -> Plateau {
        Plateau {
            mode: self.mode,
            rule: self.rule,
            factor: self.factor,
            patience: self.patience,
            threshold: self.threshold,
            min_delta: self.min_delta,
            average: self.average,
            cooldown: self.cooldown,
            floor: self.floor,
            eps: self.eps,
            from: self.from.map(|from| horizon.resolve(from)),
            until: self.until.map(|until| horizon.resolve(until)),
            base: self.base,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let trend = |patience| Plateau::min().rule(PlateauRule::Trend).patience(patience);
        for (plateau, path) in [
            (Plateau::min().factor(0.0), "plateau.factor"),
            (Plateau::min().factor(1.0), "plateau.factor"),
            (Plateau::min().factor(f64::NAN), "plateau.factor"),
            (Plateau::min().threshold(1.1), "plateau.threshold"),
            (Plateau::min().min_delta(-1.0), "plateau.min_delta"),
            (Plateau::min().average(0), "plateau.average"),
            (Plateau::min().cooldown(u64::MAX), "plateau.cooldown"),
            (Plateau::min().floor(1.1), "plateau.floor"),
            (Plateau::min().eps(-0.1), "plateau.eps"),
            (Plateau::min().active(3..3), "plateau.until"),
            (Plateau::min().active(u64::MAX..), "plateau.from"),
            (trend(4), "plateau.patience"),
            (trend(1_001), "plateau.patience"),
        ] {
            assert_eq!(plateau.check().unwrap_err().path(), path);
        }
        for plateau in [
            trend(5),
            trend(1_000),
            Plateau::min().active(3..4),
            Plateau::min().active(..=0),
        ] {
            assert_eq!(plateau.check(), Ok(()));
        }
    }

    #[test]
    fn every_parameter_is_in_the_fingerprint() {
        let plateau = Plateau::min;
        let numbers = [
            plateau(),
            Plateau::max(),
            plateau().rule(PlateauRule::Trend),
            plateau().rule(PlateauRule::Torch),
            plateau().rule(PlateauRule::Keras),
            plateau().rule(PlateauRule::Optax),
            plateau().factor(0.5),
            plateau().patience(3),
            plateau().threshold(0.5),
            plateau().min_delta(0.5),
            plateau().average(3),
            plateau().cooldown(3),
            plateau().floor(0.5),
            plateau().eps(0.5),
            plateau().active(3..),
            plateau().active(..3),
            plateau().active(3..4),
            plateau().absolute(1.0),
            plateau().absolute(0.5),
        ]
        .map(|plateau| plateau.fingerprint());
        for (index, number) in numbers.iter().enumerate() {
            assert!(!numbers[..index].contains(number), "{index} is there twice");
        }
    }
}
