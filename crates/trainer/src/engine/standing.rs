//! How a run stands: what was measured last, and what was best.

use std::collections::VecDeque;

use schedules::MetricMode;

use super::guard::Watch;
use super::patience::Patience;
use super::{Metrics, Update};
use crate::config::{Metric, Settings};

/// What a run remembers of its measurements.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standing {
    /// The last measurement on validation.
    pub(super) validation: Option<Metrics>,
    /// The last few training losses, the oldest in front.
    pub(super) recent: VecDeque<f64>,
    /// The best so far of the metric that decides which state is kept.
    pub(super) best: Option<Best>,
    /// What the guard has seen.
    pub(super) watch: Watch,
    /// What early stopping waits for.
    pub(super) patience: Option<Patience>,
    /// Whether it is over before its length.
    pub(super) ended: bool,
}

/// The best value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Best {
    pub(super) value: f64,
    /// After how many updates it was measured.
    pub(super) updates: u64,
}

impl Standing {
    pub(super) fn new() -> Self {
        Self {
            validation: None,
            recent: VecDeque::new(),
            best: None,
            watch: Watch::new(),
            patience: None,
            ended: false,
        }
    }

    /// Takes in the losses of `updates`, and keeps the last `most`.
    pub(super) fn extend(&mut self, updates: &[Update], most: u64) {
        self.recent
            .extend(updates.iter().map(|update| update.train_loss));
        let over = self.recent.len().saturating_sub(most as usize);
        self.recent.drain(..over);
    }

    /// The mean of the last training losses.
    pub(super) fn train_loss(&self) -> f64 {
        self.recent.iter().sum::<f64>() / self.recent.len() as f64
    }

    /// The metric as it was measured last.
    pub(super) fn metric(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::ValidationLoss => self.validation.map(|validation| validation.loss),
            Metric::ValidationAccuracy => self.validation.map(|validation| validation.accuracy),
            Metric::TrainLoss => Some(self.train_loss()),
        }
    }

    /// Whether early stopping, if there is one, ends the run after this evaluation.
    pub(super) fn is_over(&mut self, settings: &Settings, epochs: f64) -> bool {
        settings.early_stopping.as_ref().is_some_and(|settings| {
            let measured = self.metric(settings.metric).unwrap_or(f64::NAN);
            Patience::is_over(&mut self.patience, settings, measured, epochs)
        })
    }

    /// Notes `metric` as it was measured last, after so many updates, and tells whether it was never better.
    pub(super) fn is_best(&mut self, metric: Metric, updates: u64) -> bool {
        let Some(value) = self.metric(metric).filter(|measured| !measured.is_nan()) else {
            return false;
        };
        let better = self.best.is_none_or(|best| match metric.mode() {
            MetricMode::Min => value < best.value,
            MetricMode::Max => value > best.value,
        });
        if better {
            self.best = Some(Best { value, updates });
        }
        better
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(train_loss: f64) -> Update {
        Update {
            update: 0,
            epoch: 0,
            learning_rate: 0.1,
            momentum: None,
            train_loss,
            validation: None,
            probe: None,
            gain: None,
        }
    }

    #[test]
    fn the_mean_is_of_the_last_losses_however_they_come() {
        let updates = [9.0, 9.0, 1.0, 2.0, 6.0].map(update);
        let mut at_once = Standing::new();
        at_once.extend(&updates, 3);
        let mut one_by_one = Standing::new();
        for update in updates {
            one_by_one.extend(&[update], 3);
        }
        assert_eq!(at_once.train_loss(), 3.0);
        assert_eq!(at_once, one_by_one);
    }

    #[test]
    fn the_best_is_the_first_of_equals_and_never_a_nan() {
        let mut standing = Standing::new();
        let mut best = |accuracy: f64, metric| {
            let loss = 1.0 - accuracy;
            standing.validation = Some(Metrics { loss, accuracy });
            standing.is_best(metric, 1)
        };
        let seen = [f64::NAN, 0.5, 0.5, 0.4, 0.75]
            .map(|accuracy| best(accuracy, Metric::ValidationAccuracy));
        assert_eq!(seen, [false, true, false, false, true]);
        let mut standing = Standing::new();
        assert!(!standing.is_best(Metric::ValidationLoss, 1));
        standing.extend(&[update(1.0)], 1);
        assert!(standing.is_best(Metric::TrainLoss, 1));
        standing.extend(&[update(1.5)], 1);
        assert!(!standing.is_best(Metric::TrainLoss, 1));
    }
}
