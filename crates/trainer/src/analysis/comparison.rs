//! What an experiment shows: each strategy's best peak, what it reached there, and which differences are more than chance.

use serde::Serialize;

use super::records::trained_losses;
use super::statistics::{Difference, holm};
use super::{Records, Ridge, Row};

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
    /// How the best peak grows with the batch size, where that is what they differ in.
    pub ridge: Option<Ridge>,
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

/// What a difference must be below to be called one.
pub const SIGNIFICANCE: f64 = 0.05;
/// Fewer runs than this on a side are tested for nothing.
const TESTABLE: usize = 5;

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
                ridge: Ridge::of(records),
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const BASE: [f64; 5] = [0.30, 0.32, 0.31, 0.29, 0.33];
    const BETTER: [f64; 5] = [0.20, 0.22, 0.21, 0.19, 0.23];
    const SAME: [f64; 5] = [0.301, 0.322, 0.309, 0.288, 0.335];

    #[test]
    fn a_difference_is_shown_or_it_is_said_what_could_have_been() {
        let all = [
            Records::made("a", "base", &BASE),
            Records::made("a", "same", &SAME),
            Records::made("a", "better", &BETTER),
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
                Records::made(condition, "base", &BASE),
                Records::made(condition, "better", &BETTER),
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
            Records::made("a", "base", &BASE),
            Records::made("a", "better", &BETTER[..3]),
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
}
