//! The shortest planned budget with which a strategy reaches a goal.

use serde::Serialize;

use super::statistics::Estimate;
use super::{Ladder, MeanCurve, Reached, Records, TrialRecord};
use crate::config::Goal;

/// How long each strategy takes to a goal, every budget with a schedule and a peak of its own.
///
/// The budget is planned: a schedule that has come to rest by then. Where a run that was planned for longer first
/// crosses the goal says nothing of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeToTarget {
    /// What is to be reached.
    pub goal: Goal,
    /// The strategy that all others are held against.
    pub baseline: String,
    /// One by one.
    pub conditions: Vec<TargetCondition>,
}

/// Strategies that were compared with each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetCondition {
    /// What they have in common.
    pub name: String,
    /// The fastest first, those that never got there last.
    pub rows: Vec<TargetRow>,
}

/// How long a strategy takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetRow {
    /// Its name.
    pub strategy: String,
    /// The shortest budget whose runs reached the goal, in updates; nothing where none did.
    pub shortest: Option<u64>,
    /// That, as a share of the baseline's.
    pub of_baseline: Option<f64>,
    /// Every budget that was tried, the shortest first.
    pub rungs: Vec<Rung>,
}

/// What a strategy's runs reach that were planned for a budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rung {
    /// The budget.
    pub updates: u64,
    /// The peak learning rate.
    pub peak: f64,
    /// Whether the peak is the best of a grid.
    pub tuned: bool,
    /// Whether it is the lowest or the highest of the grid, so that the best may lie beyond it.
    pub at_edge: bool,
    /// How many runs there are.
    pub runs: usize,
    /// How many of them trained.
    pub trained: usize,
    /// How many of them reached the goal by themselves.
    pub reached: usize,
    /// What the goal is about, over those that trained.
    pub measured: Option<Estimate>,
    /// Whether all trained and their mean reached the goal.
    pub enough: bool,
    /// What the goal is about, while they trained.
    pub curve: MeanCurve,
}

/// A search for a strategy's shortest budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    condition: String,
    strategy: String,
    ladder: Ladder,
    rungs: Vec<Rung>,
}

impl Goal {
    /// What the goal is about, of what a run reached.
    fn measure(self, reached: &Reached) -> f64 {
        match self {
            Self::Accuracy(_) => reached.accuracy,
            Self::Loss(_) => reached.loss,
        }
    }

    /// What the goal is about, as a run measured it, and after how many updates.
    fn curve(self, run: &TrialRecord) -> &[(u64, f64)] {
        match self {
            Self::Accuracy(_) => &run.accuracies,
            Self::Loss(_) => &run.curve,
        }
    }

    fn is_met(self, value: f64) -> bool {
        match self {
            Self::Accuracy(share) => value >= share.fraction(),
            Self::Loss(loss) => value <= loss,
        }
    }
}

impl Rung {
    /// What `records` say of this budget. A run that did not train counts, and no mean makes up for it.
    pub fn of(goal: Goal, updates: u64, records: &Records) -> Self {
        let runs = &records.reporting;
        let trained = runs.iter().filter(|run| run.is_trained());
        let measured = trained.filter_map(|run: &TrialRecord| Some(goal.measure(&run.validation?)));
        let measured: Vec<f64> = measured.collect();
        let mean = Estimate::of(&measured);
        let ends = [records.tuning.first(), records.tuning.last()];
        let at_end = ends.iter().flatten().any(|(peak, _)| *peak == records.peak);
        Self {
            updates,
            peak: records.peak,
            tuned: !records.tuning.is_empty(),
            at_edge: records.tuning.len() > 1 && at_end,
            runs: runs.len(),
            trained: measured.len(),
            reached: measured.iter().filter(|value| goal.is_met(**value)).count(),
            measured: mean,
            enough: measured.len() == runs.len() && mean.is_some_and(|mean| goal.is_met(mean.mean)),
            curve: MeanCurve::of(runs, |run| goal.curve(run)),
        }
    }
}

impl Search {
    /// A search that nothing is known of yet.
    pub fn new(condition: &str, strategy: &str, ladder: Ladder) -> Self {
        Self {
            condition: condition.to_owned(),
            strategy: strategy.to_owned(),
            ladder,
            rungs: Vec::new(),
        }
    }

    /// The budget to try next; nothing once the search is over.
    pub fn next(&self) -> Option<u64> {
        self.ladder.next()
    }

    /// What the next budget's runs reached.
    pub fn tell(&mut self, rung: Rung) {
        self.ladder.tell(rung.enough);
        self.rungs.push(rung);
        self.rungs.sort_by_key(|rung| rung.updates);
    }
}

impl TargetRow {
    /// The rung of the shortest budget that was enough, and the one below it.
    pub fn answer(&self) -> Option<(&Rung, Option<&Rung>)> {
        let is_shortest = |rung: &Rung| Some(rung.updates) == self.shortest;
        let place = self.rungs.iter().position(is_shortest)?;
        let below = place.checked_sub(1).map(|below| &self.rungs[below]);
        Some((&self.rungs[place], below))
    }
}

impl TimeToTarget {
    /// What the `searches` have found, those of a condition in a row.
    pub fn of(goal: Goal, baseline: &str, searches: &[Search]) -> Self {
        let groups = searches.chunk_by(|left, right| left.condition == right.condition);
        let conditions = groups.map(|searches| {
            let base = searches.iter().find(|search| search.strategy == baseline);
            let base = base.and_then(|search| search.ladder.shortest());
            let row = |search: &Search| {
                let shortest = search.ladder.shortest();
                TargetRow {
                    strategy: search.strategy.clone(),
                    shortest,
                    of_baseline: shortest
                        .zip(base)
                        .map(|(own, base)| own as f64 / base as f64),
                    rungs: search.rungs.clone(),
                }
            };
            let mut rows: Vec<TargetRow> = searches.iter().map(row).collect();
            rows.sort_by_key(|row| row.shortest.unwrap_or(u64::MAX));
            TargetCondition {
                name: searches[0].condition.clone(),
                rows,
            }
        });
        Self {
            goal,
            baseline: baseline.to_owned(),
            conditions: conditions.collect(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn records(peak: f64, reporting: Vec<TrialRecord>) -> Records {
        Records {
            condition: "SGD".to_owned(),
            strategy: "fixed".to_owned(),
            batch_size: 64,
            tuning: [0.1, 0.2, 0.4].map(|peak| (peak, Vec::new())).to_vec(),
            peak,
            reporting,
        }
    }

    fn accuracy(share: f64) -> Goal {
        Goal::Accuracy(serde_json::from_value(share.into()).unwrap())
    }

    #[test]
    fn the_mean_decides_and_each_run_is_counted() {
        let runs = || {
            vec![
                TrialRecord::made(0.2, 0.75),
                TrialRecord::made(0.4, 0.5),
                TrialRecord::made(0.3, 0.625),
            ]
        };
        let rung = |goal| Rung::of(goal, 50, &records(0.2, runs()));
        let enough = rung(accuracy(0.625));
        assert_eq!((enough.reached, enough.trained, enough.runs), (2, 3, 3));
        assert!(enough.enough && enough.tuned && !enough.at_edge);
        assert_eq!(enough.measured.unwrap().mean, 0.625);
        assert_eq!(enough.curve.points, [(5, 0.3125), (10, 0.625)]);
        assert!(!rung(accuracy(0.63)).enough);
        // A loss is reached from above.
        let [low, high] = [0.31, 0.29].map(|loss| rung(Goal::Loss(loss)));
        assert_eq!((low.enough, low.reached), (true, 2));
        assert_eq!(
            low.curve.points.last(),
            Some(&(10, low.measured.unwrap().mean))
        );
        assert_eq!((high.enough, high.reached), (false, 1));
        assert!((low.measured.unwrap().mean - 0.3).abs() < 1e-12);
        assert!(Rung::of(accuracy(0.5), 50, &records(0.4, runs())).at_edge);
    }

    #[test]
    fn no_mean_makes_up_for_a_run_that_failed() {
        for failed in [
            TrialRecord::made(f64::NAN, 0.0),
            TrialRecord::made(1.5, 0.9),
        ] {
            let runs = vec![
                TrialRecord::made(0.1, 0.9),
                failed,
                TrialRecord::made(0.1, 0.9),
            ];
            let rung = Rung::of(accuracy(0.8), 50, &records(0.2, runs));
            assert_eq!((rung.reached, rung.trained, rung.runs), (2, 2, 3));
            assert!(!rung.enough);
        }
    }

    #[test]
    fn strategies_are_held_against_the_baseline_of_their_condition() {
        let found = |condition: &str, strategy: &str, needed: u64| {
            let mut search = Search::new(condition, strategy, Ladder::new(100, 400));
            while let Some(updates) = search.next() {
                let accuracy_here = if updates >= needed { 0.9 } else { 0.7 };
                let runs = vec![TrialRecord::made(0.1, accuracy_here)];
                search.tell(Rung::of(accuracy(0.8), updates, &records(0.2, runs)));
            }
            search
        };
        let searches = [
            found("a", "never", 1000),
            found("a", "base", 300),
            found("a", "fast", 70),
            found("b", "base", 1000),
            found("b", "fast", 70),
        ];
        let found = TimeToTarget::of(accuracy(0.8), "base", &searches);
        let row = |condition: usize, row: usize| &found.conditions[condition].rows[row];
        let rows = found.conditions[0].rows.iter();
        let order: Vec<(&str, Option<u64>)> = rows
            .map(|row| (row.strategy.as_str(), row.shortest))
            .collect();
        assert_eq!(
            order,
            [("fast", Some(80)), ("base", Some(305)), ("never", None)]
        );
        assert_eq!(row(0, 0).of_baseline, Some(80.0 / 305.0));
        let (here, below) = row(0, 0).answer().unwrap();
        assert!(here.enough && here.updates == 80);
        assert!(below.is_some_and(|below| !below.enough && below.updates == 64));
        assert_eq!(row(0, 2).answer(), None);
        assert_eq!(row(0, 2).rungs.last().unwrap().updates, 381);
        // A baseline that never gets there is no measure.
        assert_eq!(
            (row(1, 0).shortest, row(1, 0).of_baseline),
            (Some(80), None)
        );
    }
}
