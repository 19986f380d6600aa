//! Reducing the learning rate where a metric stops getting better.

use std::ops::{Bound, RangeBounds, RangeInclusive};

use super::memory::Memory;
use super::{MAX_WINDOW, MetricMode, PlateauRule, Reaction, trend};
use crate::{Fingerprint, ScheduleError, check};
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
}

/// The first number of a range, and the first after it.
pub(super) fn ends(range: &impl RangeBounds<u64>) -> (Option<u64>, Option<u64>) {
    let from = match range.start_bound() {
        Bound::Included(from) => Some(*from),
        Bound::Excluded(before) => Some(before.saturating_add(1)),
        Bound::Unbounded => None,
    };
    let until = match range.end_bound() {
        Bound::Included(last) => Some(last.saturating_add(1)),
        Bound::Excluded(until) => Some(*until),
        Bound::Unbounded => None,
    };
    (from, until)
}

/// Checks the ends of a stage.
pub(super) fn stage(
    kind: &str,
    (from, until): (Option<u64>, Option<u64>),
) -> Result<(), ScheduleError> {
    let first = from.unwrap_or(0);
    check::updates(&format!("{kind}.from"), first)?;
    let Some(until) = until else {
        return Ok(());
    };
    check::updates(&format!("{kind}.until"), until)?;
    if until > first {
        return Ok(());
    }
    let allowed = format!("must be after update {first}, where it begins");
    Err(ScheduleError::new(format!("{kind}.until"), until, allowed))
}

/// Checks a factor that reduces.
pub(super) fn factor(path: &str, factor: f64) -> Result<(), ScheduleError> {
    if factor > 0.0 && factor < 1.0 {
        return Ok(());
    }
    Err(ScheduleError::new(
        path,
        factor,
        "must be above 0 and below 1",
    ))
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
        factor("plateau.factor", self.factor)?;
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
        check::share("plateau.floor", self.floor)?;
        check::share("plateau.eps", self.eps)?;
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
        staged(whole, self.stage()).finish()
    }

    pub(super) fn stage(&self) -> (Option<u64>, Option<u64>) {
        (self.from, self.until)
    }

    pub(super) fn bounds(&self) -> RangeInclusive<f64> {
        self.floor..=1.0
    }

    pub(super) fn window(&self) -> u64 {
        match self.rule {
            PlateauRule::Trend => self.patience,
            _ => 0,
        }
    }

    pub(super) fn report(&self, memory: &mut Memory, metric: f64) -> Reaction {
        let count = memory.collected as f64;
        let mean = (count * memory.sum + self.mode.oriented(metric)) / (count + 1.0);
        memory.collected = memory.collected.saturating_add(1);
        if memory.collected < self.average {
            memory.sum = mean;
            return Reaction::Averaging;
        }
        (memory.collected, memory.sum) = (0, 0.0);
        match self.rule {
            PlateauRule::Trend => self.judge_trend(memory, mean),
            _ => self.judge_best(memory, mean),
        }
    }

    fn judge_trend(&self, memory: &mut Memory, metric: f64) -> Reaction {
        if memory.cooldown > 0 {
            memory.cooldown -= 1;
            return Reaction::CoolingDown {
                left: memory.cooldown,
            };
        }
        memory.push(metric, self.patience);
        if (memory.window.len() as u64) < self.patience
            || trend::falls(&memory.window, self.threshold, self.min_delta)
        {
            return Reaction::Unchanged;
        }
        memory.window.clear();
        memory.cooldown = self.cooldown;
        self.reduce(memory)
    }

    fn judge_best(&self, memory: &mut Memory, metric: f64) -> Reaction {
        let keras = self.rule == PlateauRule::Keras;
        if keras {
            // Keras counts down before it looks, so that the last report of its pause counts again.
            pause(memory);
        }
        let better = self.rule.better(
            self.mode,
            (self.threshold, self.min_delta),
            (metric, memory.best),
            memory.judged == 0,
        );
        memory.judged = memory.judged.saturating_add(1);
        if better {
            (memory.best, memory.bad) = (metric, 0);
        } else {
            memory.bad = memory.bad.saturating_add(1);
        }
        let pausing = memory.cooldown > 0;
        if pausing && keras {
            memory.bad = 0;
        } else {
            pause(memory);
        }
        if pausing {
            return Reaction::CoolingDown {
                left: memory.cooldown,
            };
        }
        let over = match self.rule {
            PlateauRule::Torch => memory.bad > self.patience,
            PlateauRule::Optax => memory.bad == self.patience,
            _ => !better && memory.bad >= self.patience,
        };
        if !over {
            return Reaction::Unchanged;
        }
        let reaction = self.reduce(memory);
        // At its floor, Keras goes on waiting.
        if !(keras && reaction == Reaction::Limited) {
            (memory.bad, memory.cooldown) = (0, self.cooldown);
        }
        reaction
    }

    fn reduce(&self, memory: &mut Memory) -> Reaction {
        let from = memory.multiplier;
        let to = (from * self.factor).max(self.floor);
        if from - to > self.eps {
            memory.multiplier = to;
            return Reaction::Reduced { from, to };
        }
        Reaction::Limited
    }
}

/// Counts a report off the pause, where there is one.
fn pause(memory: &mut Memory) {
    if memory.cooldown > 0 {
        (memory.cooldown, memory.bad) = (memory.cooldown - 1, 0);
    }
}

/// Adds the ends of a stage to a fingerprint.
pub(super) fn staged(
    fingerprint: Fingerprint,
    (from, until): (Option<u64>, Option<u64>),
) -> Fingerprint {
    [from, until]
        .iter()
        .fold(fingerprint, |whole, end| match end {
            Some(end) => whole.count(1).count(*end),
            None => whole.count(0),
        })
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
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    /// The reports, counted from 1, at which the multiplier was reduced.
    fn reductions(plateau: Plateau, metrics: &[f64]) -> Vec<usize> {
        plateau.check().unwrap();
        let mut memory = Memory::new(0, 0);
        (1..)
            .zip(metrics)
            .filter(|(_, metric)| plateau.report(&mut memory, **metric).is_change())
            .map(|(index, _)| index)
            .collect()
    }

    #[test]
    fn each_rule_has_its_own_patience_and_pause() {
        let level = [1.0; 16];
        for (rule, expected) in [
            // One better report, then two that are not.
            (PlateauRule::Best, vec![3, 8, 13]),
            (PlateauRule::Torch, vec![4, 10, 16]),
            (PlateauRule::Keras, vec![3, 7, 11, 15]),
            (PlateauRule::Optax, vec![3, 8, 13]),
        ] {
            let plateau = Plateau::min().rule(rule).patience(2).cooldown(3);
            assert_eq!(reductions(plateau, &level), expected, "{rule:?}");
        }
        let trend = Plateau::min()
            .rule(PlateauRule::Trend)
            .patience(5)
            .cooldown(3);
        assert_eq!(reductions(trend, &level), [5, 13]);
    }

    #[test]
    fn the_best_is_kept_during_the_pause() {
        let plateau = Plateau::min().patience(1).cooldown(2);
        // The pause's 0.5 is the best that 0.6 is measured against.
        assert_eq!(reductions(plateau, &[1.0, 1.0, 0.5, 0.7, 0.6]), [2, 5]);
    }

    #[test]
    fn negative_metrics_have_plateaus() {
        let level = [-1.0; 8];
        let reduced = |rule| reductions(Plateau::min().rule(rule).patience(3), &level);
        assert_eq!(reduced(PlateauRule::Best), [4, 7]);
        assert_eq!(reduced(PlateauRule::Torch), [0; 0], "the peer's fault");
        assert_eq!(reduced(PlateauRule::Optax), [0; 0], "the peer's fault");
        let rising = Plateau::max().patience(3).threshold(0.1);
        assert_eq!(reductions(rising, &[-1.0, -0.95, -0.91, -0.9, -0.89]), [4]);
        let better = [-1.0, -0.95, -0.91, -0.89, -0.88, -0.88];
        assert_eq!(reductions(rising, &better), [0; 0]);
    }

    #[test]
    fn a_first_nan_is_the_best_for_keras_alone() {
        let metrics = [f64::NAN, 3.0, 2.0, 1.0];
        for (rule, expected) in [
            (PlateauRule::Best, vec![]),
            (PlateauRule::Torch, vec![]),
            (PlateauRule::Keras, vec![3]),
            (PlateauRule::Optax, vec![]),
        ] {
            let plateau = Plateau::min().rule(rule).patience(2);
            assert_eq!(reductions(plateau, &metrics), expected, "{rule:?}");
        }
    }

    #[test]
    fn a_patience_of_zero_is_the_peers() {
        let falling = [3.0, 2.0, 1.0, 1.0];
        let reduced = |rule| reductions(Plateau::min().rule(rule).patience(0), &falling);
        assert_eq!(reduced(PlateauRule::Torch), [4]);
        assert_eq!(reduced(PlateauRule::Keras), [4]);
        assert_eq!(reduced(PlateauRule::Optax), [1, 2, 3]);
        let error = Plateau::min().patience(0).check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "plateau.patience = 0: must be at least 1"
        );
    }

    #[test]
    fn the_floor_and_eps_end_it() {
        let reduced = |plateau: Plateau| {
            let mut memory = Memory::new(0, 0);
            for _ in 0..9 {
                plateau.report(&mut memory, 1.0);
            }
            memory.multiplier
        };
        let halved = Plateau::min().patience(1).factor(0.5);
        assert_eq!(reduced(halved), 0.5f64.powi(8));
        assert_eq!(reduced(halved.floor(0.3)), 0.3);
        assert_eq!(reduced(halved.eps(0.124)), 0.125);
        assert_eq!(reduced(halved.eps(0.125)), 0.25);
    }

    #[test]
    fn a_mean_is_one_report() {
        let plateau = Plateau::min().patience(1).average(3);
        // The means are 2, 1 and 1.
        let metrics = [1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 1.0, 1.0, 1.0];
        assert_eq!(reductions(plateau, &metrics), [9]);
    }

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
        ]
        .map(|plateau| plateau.fingerprint());
        for (index, number) in numbers.iter().enumerate() {
            assert!(!numbers[..index].contains(number), "{index} is there twice");
        }
    }

    #[test]
    fn every_range_is_a_stage() {
        assert_eq!(ends(&..), (None, None));
        assert_eq!(ends(&(2..5)), (Some(2), Some(5)));
        assert_eq!(ends(&(2..=5)), (Some(2), Some(6)));
        assert_eq!(
            ends(&(Bound::Excluded(2), Bound::Unbounded)),
            (Some(3), None)
        );
        assert_eq!(ends(&..=u64::MAX), (None, Some(u64::MAX)));
    }
}
