//! When a run gets no better.

use schedules::MetricMode;
use serde::{Deserialize, Serialize};

use super::exact;
use crate::config::EarlyStopping;

/// What early stopping remembers: the best value that counted, and how many evaluations ago that was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Patience {
    #[serde(with = "exact")]
    best: f64,
    waited: u64,
}

impl Patience {
    /// Takes in the metric of an evaluation after so many epochs, and tells whether to go on no longer.
    ///
    /// Better is what is better than the best by more than `min_change`; a NaN never is. Evaluations before `min_epochs`
    /// are waited for as well, but end nothing.
    pub(super) fn is_over(
        patience: &mut Option<Self>,
        settings: &EarlyStopping,
        metric: f64,
        epochs: f64,
    ) -> bool {
        let better = |best: f64| match settings.metric.mode() {
            MetricMode::Min => metric < best - settings.min_change,
            MetricMode::Max => metric > best + settings.min_change,
        };
        let waited = match patience {
            Some(known) if !better(known.best) => {
                known.waited += 1;
                known.waited
            }
            None if metric.is_nan() => 0,
            _ => {
                *patience = Some(Self {
                    best: metric,
                    waited: 0,
                });
                0
            }
        };
        waited >= settings.patience && epochs >= settings.min_epochs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Metric;

    /// After which evaluation it is over; an epoch each.
    fn over(settings: EarlyStopping, metrics: &[f64]) -> Option<usize> {
        let mut patience = None;
        metrics.iter().enumerate().find_map(|(place, metric)| {
            let epochs = (place + 1) as f64;
            Patience::is_over(&mut patience, &settings, *metric, epochs).then_some(place)
        })
    }

    const LOSS: EarlyStopping = EarlyStopping {
        metric: Metric::ValidationLoss,
        patience: 2,
        min_change: 0.0,
        min_epochs: 0.0,
    };

    #[test]
    fn it_is_over_after_so_many_evaluations_without_a_better_one() {
        assert_eq!(over(LOSS, &[3.0, 2.0, 2.0, 2.5, 1.0]), Some(3));
        assert_eq!(over(LOSS, &[3.0, 2.0, 2.0, 1.9, 2.0, 1.8]), None);
        assert_eq!(over(LOSS, &[f64::NAN, 2.0, f64::NAN, f64::NAN]), Some(3));
        let accuracy = EarlyStopping {
            metric: Metric::ValidationAccuracy,
            ..LOSS
        };
        assert_eq!(over(accuracy, &[0.1, 0.5, 0.5, 0.4]), Some(3));
    }

    #[test]
    fn a_small_change_is_none_and_the_first_epochs_end_nothing() {
        let change = EarlyStopping {
            min_change: 0.5,
            ..LOSS
        };
        assert_eq!(over(change, &[3.0, 2.9, 2.6, 1.0]), Some(2));
        let late = EarlyStopping {
            min_epochs: 5.0,
            ..LOSS
        };
        assert_eq!(over(late, &[3.0, 3.0, 3.0, 3.0, 3.0, 3.0]), Some(4));
    }
}
