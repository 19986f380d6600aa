//! transformers' `GreedyLR`.

use crate::compat::PerGroup;
use crate::compat::torch::{ThresholdMode, named};
use crate::feedback::MAX_GROUPS;
use crate::{
    Compose, Constant, FeedbackHandle, Greedy, MAX_PEAK, MetricMode, ScheduleError, Scheduler,
    check,
};

/// `transformers.optimization.GreedyLR` of transformers 5.23; see [`Greedy`].
///
/// To the letter: a relative threshold is wrong for negative metrics, NaN spoils a smoothed metric up to the next
/// reset, and a `min_lr` above the base rate (the default often is, for Adam) stops every reduction and counts towards
/// a reset.
///
/// ```
/// use schedules::compat::transformers::GreedyLR;
///
/// let peer = GreedyLR { patience: 1, factor: 0.5, ..Default::default() };
/// let (mut rate, greedy) = peer.build(0.1)?;
/// let mut rates = Vec::new();
/// for loss in [0.9, 0.8, 0.8, 0.8, 0.8] {
///     rates.push(rate.step());
///     greedy.report(loss);
/// }
/// assert_eq!(rates, [0.1, 0.1, 0.2, 0.2, 0.1]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct GreedyLR {
    /// Whether a lower or a higher metric is better; default `min`.
    pub mode: MetricMode,
    /// What the rate is multiplied or divided by; default 0.95.
    pub factor: f64,
    /// The number of reports in a row that lead to no change yet; default 10.
    pub patience: u64,
    /// What a metric has to be better by; default 1e-6.
    pub threshold: f64,
    /// How the threshold is meant; default `abs`.
    pub threshold_mode: ThresholdMode,
    /// The number of reports after a reduction that are ignored; default 0.
    pub cooldown: u64,
    /// The number of reports after a raise that are ignored; default 0.
    pub warmup: u64,
    /// The lowest learning rate; default 1e-3.
    pub min_lr: PerGroup,
    /// The highest learning rate; default 1.
    pub max_lr: PerGroup,
    /// A change has to be larger; default 1e-8.
    pub eps: f64,
    /// Whether the mean of the last reports is judged; default false.
    pub smooth: bool,
    /// The number of reports in that mean; default 50.
    pub window_size: u64,
    /// The number of reductions at `min_lr` after which everything begins anew; default 500.
    pub reset_start: u64,
    /// Whether transformers tells of a change; default false. It is ignored here, where a
    /// [`Reaction`](crate::Reaction) tells.
    pub verbose: bool,
}

impl Default for GreedyLR {
    fn default() -> Self {
        Self {
            mode: MetricMode::Min,
            factor: 0.95,
            patience: 10,
            threshold: 1e-6,
            threshold_mode: ThresholdMode::Abs,
            cooldown: 0,
            warmup: 0,
            min_lr: PerGroup::All(1e-3),
            max_lr: PerGroup::All(1.0),
            eps: 1e-8,
            smooth: false,
            window_size: 50,
            reset_start: 500,
            verbose: false,
        }
    }
}

impl GreedyLR {
    /// The scheduler of one parameter group.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<(Scheduler, FeedbackHandle), ScheduleError> {
        Self::attached(base_lr, self.rule(base_lr, 0, 1)?, Vec::new())
    }

    /// The schedulers of several parameter groups, at most 1000. Each has its own handle, and all want the same reports.
    ///
    /// As there, all begin anew together, when all have been at their lowest rates for long enough.
    ///
    /// # Errors
    /// The first argument out of its range, or a list that has not one entry for each group.
    pub fn build_groups(
        &self,
        base_lrs: &[f64],
    ) -> Result<Vec<(Scheduler, FeedbackHandle)>, ScheduleError> {
        let count = base_lrs.len();
        if count > MAX_GROUPS {
            let allowed = format!("must be at most {MAX_GROUPS} groups");
            return Err(ScheduleError::new("base_lrs", count, allowed));
        }
        let groups = || base_lrs.iter().enumerate();
        let rules: Vec<Greedy> = groups()
            .map(|(group, base_lr)| self.rule(*base_lr, group, count))
            .collect::<Result<_, _>>()?;
        groups()
            .map(|(group, base_lr)| {
                let mut others = rules.clone();
                let own = others.remove(group);
                Self::attached(*base_lr, own, others)
            })
            .collect()
    }

    fn attached(
        base_lr: f64,
        own: Greedy,
        others: Vec<Greedy>,
    ) -> Result<(Scheduler, FeedbackHandle), ScheduleError> {
        Constant::new().peak(base_lr)?.greedy_among(own, others)
    }

    /// The checked rule of a group.
    fn rule(&self, base_lr: f64, group: usize, groups: usize) -> Result<Greedy, ScheduleError> {
        check::positive("peak", base_lr, MAX_PEAK)?;
        if self.smooth {
            check::length("window_size", self.window_size)?;
        }
        let (threshold, min_delta) = self.threshold_mode.split(self.threshold);
        let greedy = Greedy::min()
            .literal(base_lr)
            .mode(self.mode)
            .factor(self.factor)
            .patience(self.patience)
            .threshold(threshold)
            .min_delta(min_delta)
            .cooldown(self.cooldown)
            .warmup(self.warmup)
            .floor(self.min_lr.of("min_lr", group, groups)?)
            .ceiling(self.max_lr.of("max_lr", group, groups)?)
            .eps(self.eps)
            .smooth(if self.smooth { self.window_size } else { 0 })
            .reset_start(self.reset_start);
        greedy.check().map_err(|error| {
            let path = match error.field() {
                "floor" => "min_lr",
                "ceiling" => "max_lr",
                "smooth" => "window_size",
                _ => return named(error, "threshold"),
            };
            error.at(path)
        })?;
        Ok(greedy)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn limits_need_not_enclose_the_first_rate() {
        let peer = |min_lr: f64, max_lr: f64, reset_start| {
            let peer = GreedyLR {
                factor: 0.5,
                patience: 0,
                min_lr: min_lr.into(),
                max_lr: max_lr.into(),
                reset_start,
                ..Default::default()
            };
            let (rate, greedy) = peer.build(0.1).unwrap();
            move |loss| {
                greedy.report(loss);
                rate.rate_at(0)
            }
        };
        // Below its lowest rate it is only raised; above that, it is reduced no further than to it.
        let low = peer(0.3, 1.0, 9);
        assert_eq!(
            [3.0, 3.0, 2.0, 2.0, 2.0].map(low),
            [0.2, 0.2, 0.4, 0.3, 0.3]
        );
        // Above its highest rate it is only reduced.
        let high = peer(0.01, 0.05, 9);
        assert_eq!(
            [3.0, 2.0, 2.0, 1.0, 0.5].map(high),
            [0.1, 0.1, 0.05, 0.05, 0.05]
        );
        // It is at its lowest rate from the start, and forgets the best at once.
        let resets = peer(0.3, 1.0, 0);
        assert_eq!([f64::NAN, 3.0, 3.0, 3.0].map(resets), [0.1, 0.2, 0.1, 0.2]);
    }
}
