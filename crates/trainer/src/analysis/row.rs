//! What a strategy reached.

use serde::Serialize;

use super::records::trained_losses;
use super::statistics::Estimate;
use super::{Against, Cause, MeanCurve, Outcome, Records, TrialRecord};

/// A strategy's results.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub strategy: String,
    /// The peak learning rate that was used.
    pub peak: f64,
    /// Whether the peak is the best of a grid.
    pub tuned: bool,
    /// Whether it is the lowest or the highest of the grid, so that the best may lie beyond it.
    pub at_edge: bool,
    /// The highest peak of the grid at which every run trained, with the seeds that the peak was chosen with.
    pub trains_up_to: Option<f64>,
    /// How many updates a run makes.
    pub updates: u64,
    /// How many runs were made with this peak.
    pub runs: usize,
    /// How many of them trained; only these count in what follows.
    pub trained: usize,
    /// The loss on the validation rows.
    pub loss: Option<Estimate>,
    /// The accuracy on the test rows.
    pub test_accuracy: Option<Estimate>,
    /// The loss less that of the baseline.
    pub against: Option<Against>,
    /// What the runs' curves say, the most frequent first; those that did not train have their say too.
    pub verdicts: Vec<VerdictCount>,
    /// The loss on the validation rows while training.
    pub curve: MeanCurve,
    /// Every peak of the grid with other seeds, those that the peak was chosen with.
    pub sweep: Vec<SweepPoint>,
}

/// How many runs ended alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct VerdictCount {
    /// How they ended.
    pub outcome: Outcome,
    /// What the learning rate had to do with it.
    pub cause: Cause,
    /// How many they are.
    pub runs: usize,
}

/// What a peak reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SweepPoint {
    /// The peak.
    pub peak: f64,
    /// How many runs were made.
    pub runs: usize,
    /// How many of them trained.
    pub trained: usize,
    /// The loss of those on the validation rows.
    pub loss: Option<Estimate>,
}

impl Row {
    /// The row of `records`, which nothing is held against yet.
    pub(super) fn of(records: &Records) -> Self {
        let sweep: Vec<SweepPoint> = records
            .tuning
            .iter()
            .map(|(peak, runs)| SweepPoint::of(*peak, runs))
            .collect();
        let is = |point: Option<&SweepPoint>| point.is_some_and(|point| point.peak == records.peak);
        let runs = &records.reporting;
        let trained = trained_losses(runs);
        let accuracies = runs.iter().filter(|run| run.is_trained());
        let accuracies = accuracies.filter_map(|run| Some(run.test?.accuracy));
        Self {
            strategy: records.strategy.clone(),
            peak: records.peak,
            tuned: !sweep.is_empty(),
            at_edge: sweep.len() > 1 && (is(sweep.first()) || is(sweep.last())),
            trains_up_to: sweep
                .iter()
                .rfind(|point| point.trained == point.runs)
                .map(|point| point.peak),
            updates: runs.iter().map(|run| run.updates).max().unwrap_or(0),
            runs: runs.len(),
            trained: trained.len(),
            loss: Estimate::of(&trained),
            test_accuracy: Estimate::of(&accuracies.collect::<Vec<f64>>()),
            against: None,
            verdicts: verdicts(runs),
            curve: MeanCurve::of(runs, |run| &run.curve),
            sweep,
        }
    }

    /// Lower is better. A strategy with runs that failed comes after all without, however well the others went.
    pub(super) fn rank(&self) -> f64 {
        const BEYOND_ANY_LOSS: f64 = 1e9;

        let failed = (self.runs - self.trained) as f64;
        let loss = self.loss.map_or(0.0, |loss| loss.mean);
        failed * BEYOND_ANY_LOSS + loss
    }
}

impl SweepPoint {
    fn of(peak: f64, records: &[TrialRecord]) -> Self {
        let trained = trained_losses(records);
        Self {
            peak,
            runs: records.len(),
            trained: trained.len(),
            loss: Estimate::of(&trained),
        }
    }
}

fn verdicts(records: &[TrialRecord]) -> Vec<VerdictCount> {
    let mut counts: Vec<VerdictCount> = Vec::new();
    for verdict in records.iter().map(|record| &record.verdict) {
        let same = |count: &&mut VerdictCount| {
            (count.outcome, count.cause) == (verdict.outcome, verdict.cause)
        };
        match counts.iter_mut().find(same) {
            Some(count) => count.runs += 1,
            None => counts.push(VerdictCount {
                outcome: verdict.outcome,
                cause: verdict.cause,
                runs: 1,
            }),
        }
    }
    // Stable, so that of equals the first seen stays first.
    counts.sort_by_key(|count| std::cmp::Reverse(count.runs));
    counts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::records::runs;
    use super::*;

    #[test]
    fn runs_that_never_get_there_are_counted_and_not_averaged() {
        let losses = [0.20, 0.22, 0.21, 0.19, 0.23, f64::NAN, 1.9];
        let row = Row::of(&Records::made("a", "fails", &losses));
        assert_eq!((row.runs, row.trained), (7, 5));
        let said = row.verdicts.iter();
        let said = said.map(|count| (count.outcome, count.runs));
        let expected = [(Outcome::Settled, 6), (Outcome::Diverged, 1)];
        assert_eq!(said.collect::<Vec<_>>(), expected);
        assert!((row.loss.unwrap().mean - 0.21).abs() < 1e-12);
        assert!((row.test_accuracy.unwrap().mean - 0.79).abs() < 1e-12);
        // However well the others went, it comes after one that never failed.
        assert!(row.rank() > Row::of(&Records::made("a", "slow", &[0.9; 7])).rank());
    }

    #[test]
    fn a_best_peak_at_the_end_of_its_grid_is_marked() {
        let at = |peak| {
            let mut each = Records::made("a", "base", &[0.3]);
            each.peak = peak;
            Row::of(&each).at_edge
        };
        assert_eq!([at(0.1), at(0.2), at(0.4)], [true, false, true]);
    }

    #[test]
    fn a_strategy_trains_up_to_the_highest_peak_without_a_failure() {
        let mut each = Records::made("a", "base", &[0.3]);
        each.tuning.push((0.8, runs(&[0.3, f64::NAN])));
        each.tuning.push((1.6, runs(&[1.2, 1.2])));
        assert_eq!(Row::of(&each).trains_up_to, Some(0.4));
    }
}
