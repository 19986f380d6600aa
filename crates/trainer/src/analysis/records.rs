//! The runs of a strategy, and the peak that is chosen by some of them.

use super::statistics::Estimate;
use super::{Reached, TrialRecord};

/// All runs of a strategy under a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// The condition.
    pub condition: String,
    /// The strategy.
    pub strategy: String,
    /// Images an update.
    pub batch_size: usize,
    /// The runs that the peak was chosen by, peaks rising; empty where it was given.
    pub tuning: Vec<(f64, Vec<TrialRecord>)>,
    /// The peak.
    pub peak: f64,
    /// The runs with this peak and other seeds.
    pub reporting: Vec<TrialRecord>,
}

/// The best of some peaks: where the fewest runs failed to train, then where the mean loss is lowest, then the lowest.
///
/// Nothing if there are none.
pub fn best_peak(tuning: &[(f64, Vec<TrialRecord>)]) -> Option<f64> {
    let score = |records: &[TrialRecord]| {
        let failed = records.iter().filter(|record| !record.is_trained()).count();
        let losses: Vec<f64> = losses(records.iter()).collect();
        let mean = Estimate::of(&losses).map_or(f64::INFINITY, |estimate| estimate.mean);
        (failed, mean)
    };
    let scores = tuning.iter().map(|(peak, records)| (*peak, score(records)));
    let best = scores
        .min_by(|(_, left), (_, right)| left.0.cmp(&right.0).then(left.1.total_cmp(&right.1)));
    best.map(|(peak, _)| peak)
}

fn losses<'a>(records: impl Iterator<Item = &'a TrialRecord>) -> impl Iterator<Item = f64> {
    records.filter_map(|record| record.validation.map(|Reached { loss, .. }| loss))
}

/// The losses of those that trained.
pub(super) fn trained_losses(records: &[TrialRecord]) -> Vec<f64> {
    losses(records.iter().filter(|record| record.is_trained())).collect()
}

#[cfg(test)]
impl Records {
    /// Runs with these losses, NaN for one that diverged, at the middle one of three peaks.
    pub(super) fn made(condition: &str, strategy: &str, losses: &[f64]) -> Self {
        Self {
            condition: condition.to_owned(),
            strategy: strategy.to_owned(),
            batch_size: 64,
            tuning: vec![
                (0.1, runs(&[0.3])),
                (0.2, runs(&[0.2])),
                (0.4, runs(&[0.25])),
            ],
            peak: 0.2,
            reporting: runs(losses),
        }
    }
}

#[cfg(test)]
pub(super) fn runs(losses: &[f64]) -> Vec<TrialRecord> {
    let losses = losses.iter();
    losses
        .map(|loss| TrialRecord::made(*loss, 1.0 - loss))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_at_which_a_run_fails_is_not_the_best() {
        let tuning = |losses: [[f64; 2]; 3]| {
            let peaks = [0.1, 0.2, 0.4].into_iter().zip(losses);
            peaks
                .map(|(peak, losses)| (peak, runs(&losses)))
                .collect::<Vec<_>>()
        };
        let best = |losses| best_peak(&tuning(losses));
        assert_eq!(best([[0.5, 0.5], [0.3, 0.3], [0.4, 0.4]]), Some(0.2));
        assert_eq!(best([[0.5, 0.5], [0.1, f64::NAN], [0.4, 0.4]]), Some(0.4));
        // Above half of the class frequencies' loss of 2 nothing was learned.
        assert_eq!(best([[0.5, 0.5], [0.1, 1.1], [0.4, 0.4]]), Some(0.4));
        assert_eq!(best([[1.5, 1.5], [1.4, 1.4], [f64::NAN; 2]]), Some(0.2));
        assert_eq!(best([[0.3, 0.3]; 3]), Some(0.1));
        assert_eq!(best_peak(&[]), None);
    }
}
