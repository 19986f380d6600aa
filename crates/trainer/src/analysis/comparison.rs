//! What an experiment shows: each strategy's best peak, what it reached there, and which differences are more than chance.

use serde::Serialize;

use super::statistics::{Difference, Estimate, holm};
use super::{Cause, Outcome, Reached, TrialRecord};

/// The results of an experiment. The metric is the loss on the validation rows after the last update.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The strategy that all others are held against.
    pub baseline: String,
    /// How many comparisons Holm's correction is for; nothing where there are too few runs to test anything.
    pub comparisons: Option<usize>,
    /// One by one.
    pub conditions: Vec<Condition>,
}

/// Strategies that were compared with each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Condition {
    /// What they have in common.
    pub name: String,
    /// The best first: those whose runs all trained by their loss, then the others.
    pub rows: Vec<Row>,
}

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
    /// The mean loss on the validation rows while training, after so many updates.
    pub curve: Vec<(u64, f64)>,
    /// Every peak of the grid with other seeds, those that the peak was chosen with.
    pub sweep: Vec<SweepPoint>,
}

/// A difference to the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Against {
    /// The difference of the means, below 0 where this strategy is better.
    pub difference: f64,
    /// Half the width of its 95 % interval, without any correction.
    pub half_width: f64,
    /// Welch's p, as Holm corrects it; it may be compared with 0.05.
    pub p: f64,
    /// The smallest difference that so many runs, varying as these do, show in 80 % of such experiments.
    pub could_show: f64,
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

/// All runs of a strategy under a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// The condition.
    pub condition: String,
    /// The strategy.
    pub strategy: String,
    /// The runs that the peak was chosen by, peaks rising; empty where it was given.
    pub tuning: Vec<(f64, Vec<TrialRecord>)>,
    /// The peak.
    pub peak: f64,
    /// The runs with this peak and other seeds.
    pub reporting: Vec<TrialRecord>,
}

/// What a difference must be below to be called one.
pub const SIGNIFICANCE: f64 = 0.05;
/// Fewer runs than this on a side are tested for nothing.
const TESTABLE: usize = 5;

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

impl Comparison {
    /// Compares the strategies of `records` with `baseline`, those of each condition with each other.
    ///
    /// All comparisons together are one family for Holm's correction. None is made with less than five runs on a side.
    pub fn of(baseline: &str, records: &[Records]) -> Self {
        let mut conditions: Vec<Condition> = records
            .chunk_by(|left, right| left.condition == right.condition)
            .map(|records| Condition {
                name: records[0].condition.clone(),
                rows: records.iter().map(Row::of).collect(),
            })
            .collect();
        let groups = records.chunk_by(|left, right| left.condition == right.condition);
        let mut compared = Vec::new();
        for (condition, records) in groups.enumerate() {
            let Some(base) = records.iter().find(|each| each.strategy == baseline) else {
                continue;
            };
            let base = trained_losses(&base.reporting);
            for (row, each) in records.iter().enumerate() {
                let own = trained_losses(&each.reporting);
                if each.strategy == baseline || own.len().min(base.len()) < TESTABLE {
                    continue;
                }
                if let Some(difference) = Difference::of(&own, &base) {
                    compared.push((condition, row, difference));
                }
            }
        }
        let p: Vec<f64> = compared.iter().map(|(_, _, each)| each.p).collect();
        // What the first of Holm's steps asks for, since nobody knows beforehand which step a difference will be at.
        let strictest = SIGNIFICANCE / p.len().max(1) as f64;
        for ((condition, row, difference), p) in compared.iter().zip(holm(&p)) {
            conditions[*condition].rows[*row].against = Some(Against {
                difference: difference.mean,
                half_width: difference.half_width,
                p,
                could_show: difference.detectable(strictest).unwrap_or(f64::INFINITY),
            });
        }
        for condition in &mut conditions {
            condition
                .rows
                .sort_by(|left, right| left.rank().total_cmp(&right.rank()));
        }
        Self {
            baseline: baseline.to_owned(),
            comparisons: (!p.is_empty()).then_some(p.len()),
            conditions,
        }
    }
}

impl Row {
    fn of(records: &Records) -> Self {
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
            curve: mean_curve(runs),
            sweep,
        }
    }

    /// Lower is better. A strategy with runs that failed comes after all without, however well the others went.
    fn rank(&self) -> f64 {
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

fn losses<'a>(records: impl Iterator<Item = &'a TrialRecord>) -> impl Iterator<Item = f64> {
    records.filter_map(|record| record.validation.map(|Reached { loss, .. }| loss))
}

fn trained_losses(records: &[TrialRecord]) -> Vec<f64> {
    losses(records.iter().filter(|record| record.is_trained())).collect()
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

/// The mean of all runs where they were all measured, so that a run that diverges ends the curve.
fn mean_curve(records: &[TrialRecord]) -> Vec<(u64, f64)> {
    let length = records.iter().map(|record| record.curve.len()).min();
    let mean = |index: usize| {
        let sum: f64 = records.iter().map(|record| record.curve[index].1).sum();
        (records[0].curve[index].0, sum / records.len() as f64)
    };
    (0..length.unwrap_or(0)).map(mean).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::{Evidence, Verdict};
    use super::*;

    /// A run that reached this loss; NaN if it diverged.
    fn record(loss: f64) -> TrialRecord {
        let reached = loss.is_finite().then_some(Reached {
            loss,
            accuracy: 1.0 - loss,
        });
        TrialRecord {
            updates: 10,
            chance: Some(2.0),
            validation: reached,
            test: reached,
            curve: vec![(5, 2.0 * loss), (10, loss)],
            verdict: Verdict {
                outcome: if loss.is_finite() {
                    Outcome::Settled
                } else {
                    Outcome::Diverged
                },
                cause: Cause::NoEvidence,
                evidence: Evidence::default(),
                suggestion: String::new(),
            },
        }
    }

    fn runs(losses: &[f64]) -> Vec<TrialRecord> {
        losses.iter().map(|loss| record(*loss)).collect()
    }

    fn records(condition: &str, strategy: &str, losses: &[f64]) -> Records {
        Records {
            condition: condition.to_owned(),
            strategy: strategy.to_owned(),
            tuning: vec![
                (0.1, runs(&[0.3])),
                (0.2, runs(&[0.2])),
                (0.4, runs(&[0.25])),
            ],
            peak: 0.2,
            reporting: runs(losses),
        }
    }

    const BASE: [f64; 5] = [0.30, 0.32, 0.31, 0.29, 0.33];
    const BETTER: [f64; 5] = [0.20, 0.22, 0.21, 0.19, 0.23];
    const SAME: [f64; 5] = [0.301, 0.322, 0.309, 0.288, 0.335];

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

    #[test]
    fn a_difference_is_shown_or_it_is_said_what_could_have_been() {
        let all = [
            records("a", "base", &BASE),
            records("a", "same", &SAME),
            records("a", "better", &BETTER),
        ];
        let comparison = Comparison::of("base", &all);
        let [condition] = &comparison.conditions[..] else {
            panic!("{comparison:?}")
        };
        let order: Vec<&str> = condition
            .rows
            .iter()
            .map(|row| row.strategy.as_str())
            .collect();
        assert_eq!(order, ["better", "base", "same"]);
        assert_eq!(comparison.comparisons, Some(2));
        let [better, base, same] = [0, 1, 2].map(|row| condition.rows[row].against);
        assert_eq!(base, None);
        let (better, same) = (better.unwrap(), same.unwrap());
        // scipy 1.17.1: ttest_ind(BETTER, BASE, equal_var=False).pvalue = 8.488e-06, twice that by Holm.
        assert!(
            (better.difference + 0.1).abs() < 1e-12
                && (better.p / (2.0 * 8.488e-6) - 1.0).abs() < 1e-3,
            "{better:?}"
        );
        assert!(
            same.p > SIGNIFICANCE && same.could_show > 0.03 && same.could_show < 0.1,
            "{same:?}"
        );
    }

    #[test]
    fn the_family_is_all_conditions_and_too_few_runs_are_not_tested() {
        let both = ["a", "b"].map(|condition| {
            [
                records(condition, "base", &BASE),
                records(condition, "better", &BETTER),
            ]
        });
        let one = Comparison::of("base", &both[0]);
        let two = Comparison::of("base", &both.concat());
        let p = |comparison: &Comparison, at: usize| {
            comparison.conditions[at].rows[0].against.unwrap().p
        };
        assert_eq!(two.comparisons, Some(2));
        assert_eq!(p(&two, 0), 2.0 * p(&one, 0));

        let few = [
            records("a", "base", &BASE),
            records("a", "better", &BETTER[..3]),
        ];
        let few = Comparison::of("base", &few);
        assert_eq!(few.comparisons, None);
        assert!(
            few.conditions[0]
                .rows
                .iter()
                .all(|row| row.against.is_none())
        );
    }

    #[test]
    fn runs_that_never_get_there_are_counted_and_not_averaged() {
        let mut losses = BETTER.to_vec();
        losses.extend([f64::NAN, 1.9]);
        let all = [records("a", "base", &BASE), records("a", "fails", &losses)];
        let comparison = Comparison::of("base", &all);
        let rows = &comparison.conditions[0].rows;
        assert_eq!(rows[1].strategy, "fails");
        assert_eq!((rows[1].runs, rows[1].trained), (7, 5));
        let said = rows[1]
            .verdicts
            .iter()
            .map(|count| (count.outcome, count.runs));
        let expected = [(Outcome::Settled, 6), (Outcome::Diverged, 1)];
        assert_eq!(said.collect::<Vec<_>>(), expected);
        assert!((rows[1].loss.unwrap().mean - 0.21).abs() < 1e-12);
        assert!((rows[1].test_accuracy.unwrap().mean - 0.79).abs() < 1e-12);
    }

    #[test]
    fn a_best_peak_at_the_end_of_its_grid_is_marked() {
        let at = |peak| {
            let mut each = records("a", "base", &BASE);
            each.peak = peak;
            Comparison::of("base", &[each]).conditions[0].rows[0].at_edge
        };
        assert_eq!([at(0.1), at(0.2), at(0.4)], [true, false, true]);
    }

    #[test]
    fn a_strategy_trains_up_to_the_highest_peak_without_a_failure() {
        let mut each = records("a", "base", &BASE);
        each.tuning.push((0.8, runs(&[0.3, f64::NAN])));
        each.tuning.push((1.6, runs(&[1.2, 1.2])));
        let comparison = Comparison::of("base", &[each]);
        assert_eq!(comparison.conditions[0].rows[0].trains_up_to, Some(0.4));
    }

    #[test]
    fn a_curve_is_the_mean_of_all_runs() {
        let curve = mean_curve(&runs(&[0.2, 0.4]));
        assert_eq!(curve.len(), 2);
        assert_eq!((curve[0].0, curve[1].0), (5, 10));
        assert!((curve[0].1 - 0.6).abs() < 1e-12 && (curve[1].1 - 0.3).abs() < 1e-12);
        assert_eq!(mean_curve(&[]), []);
    }
}
