//! The mean of what several runs lost while they trained.

use std::collections::BTreeSet;

use serde::Serialize;

use super::TrialRecord;

/// The mean of what runs measured on the validation rows, over their updates.
///
/// It is the mean of the same runs from its first point to its last, so that it never changes because a run has left: of
/// those that trained, or, where none did, of all of them, until the first has no finite loss any more.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MeanCurve {
    /// How many runs it is the mean of.
    pub runs: usize,
    /// The mean after so many updates.
    pub points: Vec<(u64, f64)>,
    /// After how many updates the first of the runs was lost, where the curve ends before its time.
    pub lost: Option<u64>,
}

impl MeanCurve {
    /// The curve of what each of `records` has `measured`, and after how many updates. A run that was ended early, with a
    /// finite loss, keeps its last value.
    pub fn of(records: &[TrialRecord], measured: impl Fn(&TrialRecord) -> &[(u64, f64)]) -> Self {
        let trained: Vec<&TrialRecord> = records.iter().filter(|run| run.is_trained()).collect();
        let runs = match trained.is_empty() {
            true => records.iter().collect(),
            false => trained,
        };
        let lost = runs.iter().filter(|run| run.validation.is_none());
        let lost = lost.map(|run| run.updates).min();
        let places = runs.iter().flat_map(|run| measured(run));
        let places: BTreeSet<u64> = places.map(|(update, _)| *update).collect();
        let mean = |update: u64| {
            let values = runs.iter().map(|run| value_after(measured(run), update));
            let sum: Option<f64> = values.sum();
            Some((update, sum? / runs.len() as f64))
        };
        let points = places.into_iter();
        let points = points.filter(|update| lost.is_none_or(|lost| *update < lost));
        Self {
            runs: runs.len(),
            points: points.filter_map(mean).collect(),
            lost,
        }
    }
}

/// The value that was measured last when so many updates were made.
fn value_after(measured: &[(u64, f64)], updates: u64) -> Option<f64> {
    let last = measured.iter().rev();
    let mut last = last.filter(|(update, _)| *update <= updates);
    last.next().map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run with these losses after 5, 10, 15… of its updates, whose chance is 2.
    fn run(losses: &[f64], updates: u64, ends: bool) -> TrialRecord {
        let last = losses.last().copied().filter(|_| ends);
        TrialRecord {
            updates,
            curve: (1..).map(|at| 5 * at).zip(losses.iter().copied()).collect(),
            ..TrialRecord::made(last.unwrap_or(f64::NAN), 0.5)
        }
    }

    fn losses(runs: &[TrialRecord]) -> MeanCurve {
        MeanCurve::of(runs, |run| &run.curve)
    }

    #[test]
    fn a_run_that_failed_is_no_part_of_it_and_does_not_end_it() {
        let runs = [
            run(&[1.0, 0.5, 0.25], 15, true),
            run(&[0.5, 0.25, 0.75], 15, true),
            run(&[4.0], 7, false),
            run(&[1.9, 1.9, 1.9], 15, true),
        ];
        let curve = MeanCurve {
            runs: 2,
            points: vec![(5, 0.75), (10, 0.375), (15, 0.5)],
            lost: None,
        };
        assert_eq!(losses(&runs), curve);
    }

    #[test]
    fn where_none_trained_it_ends_with_the_first_that_is_lost() {
        let runs = [
            run(&[2.0, 4.0, 8.0], 15, true),
            run(&[4.0, 8.0], 12, false),
            run(&[6.0, 6.0, 6.0], 15, true),
        ];
        let curve = MeanCurve {
            runs: 3,
            points: vec![(5, 4.0), (10, 6.0)],
            lost: Some(12),
        };
        assert_eq!(losses(&runs), curve);
        // Nothing was measured before all was over.
        let early = MeanCurve {
            runs: 1,
            points: Vec::new(),
            lost: Some(3),
        };
        assert_eq!(losses(&[run(&[], 3, false)]), early);
        assert_eq!(losses(&[]), MeanCurve::default());
    }

    #[test]
    fn a_run_that_was_ended_early_keeps_its_last_loss() {
        let runs = [run(&[0.5], 5, true), run(&[0.25, 0.125], 10, true)];
        let points = vec![(5, 0.375), (10, 0.3125)];
        assert_eq!(losses(&runs).points, points);
        // So do accuracies, which are 0.25 and 0.5 of every one.
        let accuracies = MeanCurve::of(&runs, |run| &run.accuracies);
        assert_eq!(accuracies.points, [(5, 0.25), (10, 0.5)]);
        // Of a record that has none there is no mean.
        let mut old = runs;
        old[0].accuracies.clear();
        let accuracies = MeanCurve::of(&old, |run| &run.accuracies);
        assert!(accuracies.points.is_empty(), "{accuracies:?}");
    }
}
