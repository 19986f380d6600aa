//! The losses of strategies, over their peaks and over their updates.

use crate::analysis::{Condition, SweepPoint};
use crate::report::{Figure, Point, Series};

/// What a curve over updates is, for a reader.
pub(super) const NOTE: &str = "A curve over updates is the mean of the runs that trained, from its first point to its last; their \
    number is in the legend where some did not. Where none trained it is the mean of all runs, and ends (×) after the \
    update at which the first of them had no finite loss any more.";

/// The loss of every peak of the grid: what a strategy buys is how low it gets, and over how wide a range.
pub(super) fn over_peaks(condition: &Condition) -> Figure {
    // A peak at which a run failed is no place to be, whatever the others reached.
    let point = |point: &SweepPoint| {
        let loss = point.loss.filter(|_| point.trained == point.runs)?;
        let interval = loss
            .half_width
            .map(|half_width| (loss.mean - half_width, loss.mean + half_width));
        Some(Point {
            x: point.peak,
            y: loss.mean,
            interval,
        })
    };
    let swept = condition.rows.iter().filter(|row| row.tuned);
    let figure = Figure::new(
        "Validation loss by peak learning rate",
        "peak learning rate",
    );
    let figure = swept.fold(figure, |figure, row| {
        let points: Vec<Point> = row.sweep.iter().filter_map(point).collect();
        figure.series(Series::new(row.strategy.clone(), &points))
    });
    figure.logarithmic_along().logarithmic()
}

/// The mean loss of the runs while they train. Where curves cross, the lower one is better for another budget at most.
pub(super) fn over_updates(condition: &Condition) -> Figure {
    let figure = Figure::new("Validation loss while training", "update");
    let figure = condition.rows.iter().fold(figure, |figure, row| {
        let points = row.curve.points.iter().copied();
        let lost = row.curve.lost.map(|update| (update, f64::NAN));
        let points = points.chain(lost);
        let points = points.map(|(update, loss)| Point::new(update as f64, loss));
        let name = match row.curve.runs {
            all if all == row.runs => row.strategy.clone(),
            some => format!("{}, {some} of {} runs", row.strategy, row.runs),
        };
        figure.series(Series::new(name, &points.collect::<Vec<_>>()))
    });
    figure.logarithmic()
}

#[cfg(test)]
mod tests {
    use super::super::ComparisonReport;
    use super::super::tests::{records, runs};
    use crate::analysis::{Comparison, TrialRecord};

    #[test]
    fn a_curve_that_is_not_of_all_runs_says_so() {
        let lost = |updates: u64, curve: &[(u64, f64)]| TrialRecord {
            updates,
            validation: None,
            curve: curve.to_vec(),
            ..runs(&[0.0])[0].clone()
        };
        let mut fails = records("fails", &[], 0.1, &[0.3, 0.2]);
        fails.reporting.push(lost(40, &[]));
        let mut hot = records("hot", &[], 9.0, &[]);
        hot.reporting = vec![lost(90, &[(34, 3.0), (68, 4.0)]), lost(50, &[(34, 5.0)])];
        let comparison = Comparison::of("fails", &[fails, hot]);
        let page = ComparisonReport::new(&comparison).page().html();
        assert!(page.contains("fails, 2 of 3 runs"), "{page}");
        assert!(
            page.contains("hot is not finite at update 50 (×)."),
            "{page}"
        );
        assert!(page.contains(r#"data-x="34 50" data-y="4 NaN""#), "{page}");
    }
}
