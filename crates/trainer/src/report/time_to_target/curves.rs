//! What planned budgets reach, and what a longer plan reaches on its way.

use crate::analysis::{Rung, TargetCondition};
use crate::config::Goal;
use crate::report::{Figure, Point, Series};

/// Why a curve over updates does not answer, for a reader.
pub(super) const NOTE: &str = "The curves inside the longest plan show where a run that was planned for longer first crosses \
    the goal, and why that is no answer: a schedule that falls to zero still has a high rate there and comes to rest only at \
    its end, while a rate that falls early or not at all loses nothing by the longer plan. So the strategies may stand in \
    another order. Such a curve is the mean of the runs that trained, and ends with its plan.";

/// A name, and what is drawn under it.
type Curve = (String, Vec<Point>);

/// What each budget reached that all runs of a strategy trained with, and the goal.
pub(super) fn over_budgets(goal: Goal, condition: &TargetCondition) -> Figure {
    let point = |rung: &Rung| {
        let measured = rung.measured.filter(|_| rung.trained == rung.runs)?;
        let half = measured.half_width;
        let ends = half.map(|half| [measured.mean - half, measured.mean + half]);
        let ends = ends.map(|ends| ends.map(|end| height(goal, end)));
        Some(Point {
            x: rung.updates as f64,
            y: height(goal, measured.mean),
            interval: ends.map(|[one, other]| (one.min(other), one.max(other))),
        })
    };
    let title = format!("{} after planned budgets", measure(goal));
    let curves = condition.rows.iter().map(|row| {
        let points = row.rungs.iter().filter_map(point).collect();
        (row.strategy.clone(), points)
    });
    with_goal(
        goal,
        Figure::new(title, "updates planned"),
        curves.collect(),
    )
}

/// The mean of the runs of each strategy's longest budget while they train, and the goal. It is no answer: [`NOTE`].
pub(super) fn over_updates(goal: Goal, condition: &TargetCondition) -> Figure {
    let title = format!("{} inside the longest plan", measure(goal));
    let longest = condition.rows.iter();
    let longest = longest.filter_map(|row| Some((&row.strategy, row.rungs.last()?)));
    let curves = longest.map(|(strategy, rung)| {
        let lost = rung.curve.lost.map(|update| (update, f64::NAN));
        let points = rung.curve.points.iter().copied().chain(lost);
        let points = points.map(|(update, value)| Point::new(update as f64, height(goal, value)));
        let name = match rung.curve.runs {
            all if all == rung.runs => format!("{strategy}, {} planned", rung.updates),
            some => format!(
                "{strategy}, {} planned, {some} of {} runs",
                rung.updates, rung.runs
            ),
        };
        (name, points.collect())
    });
    with_goal(goal, Figure::new(title, "update"), curves.collect())
}

/// What is drawn of what the goal is about.
fn measure(goal: Goal) -> &'static str {
    match goal {
        Goal::Accuracy(_) => "Error on the validation images",
        Goal::Loss(_) => "Loss on the validation images",
    }
}

/// How high that is: an accuracy near 1 has all its detail in what it lacks.
fn height(goal: Goal, value: f64) -> f64 {
    match goal {
        // Twelve digits hide what binary makes of the difference.
        Goal::Accuracy(_) => ((1.0 - value) * 1e12).round() / 1e12,
        Goal::Loss(_) => value,
    }
}

/// The `curves` in `figure`, and the goal from their first place to their last.
fn with_goal(goal: Goal, figure: Figure, curves: Vec<Curve>) -> Figure {
    let places = curves.iter().flat_map(|(_, points)| points);
    let places = places.map(|point| point.x);
    let first = places.clone().min_by(f64::total_cmp);
    let last = places.max_by(f64::total_cmp);
    let aim = match goal {
        Goal::Accuracy(share) => share.fraction(),
        Goal::Loss(loss) => loss,
    };
    let line = [first, last].into_iter().flatten();
    let line = line.map(|place| Point::new(place, height(goal, aim)));
    let line = ("goal".to_owned(), line.collect());
    let figure = curves
        .iter()
        .chain([&line])
        .fold(figure, |figure, (name, points)| {
            figure.series(Series::new(name.clone(), points))
        });
    figure.logarithmic_along().logarithmic()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::tests::found;
    use super::*;

    /// What is drawn under a name: `data-x` and `data-y`.
    fn drawn<'a>(figure: &'a str, name: &str) -> Option<&'a str> {
        let (before, _) = figure.split_once(&format!(">{name}<"))?;
        let (_, row) = before.rsplit_once("<tr ")?;
        Some(row.split_once('>')?.0)
    }

    #[test]
    fn a_longer_plan_is_drawn_on_its_way_to_its_end() {
        let found = found();
        let figure = over_updates(found.goal, &found.conditions[0]);
        let figure = figure.markup(1).into_string();
        // The longest budget that was tried, though a shorter one may be the answer.
        for (name, curve) in [
            (
                "cosine, 200 planned",
                r#"data-x="100 200" data-y="0.03 0.014""#,
            ),
            (
                "fixed, 313 planned",
                r#"data-x="156 313" data-y="0.03 0.014""#,
            ),
            (
                "never, 391 planned, 2 of 3 runs",
                r#"data-x="195 391" data-y="0.03 0.019""#,
            ),
            ("goal", r#"data-x="100 391" data-y="0.015 0.015""#),
        ] {
            assert_eq!(drawn(&figure, name), Some(curve), "{name}: {figure}");
        }
    }

    #[test]
    fn a_budget_that_not_all_trained_with_has_no_point() {
        let found = found();
        let figure = over_budgets(found.goal, &found.conditions[0]);
        let figure = figure.markup(1).into_string();
        let points = r#"data-x="128 200" data-y="0.014 0.014""#;
        assert_eq!(drawn(&figure, "cosine"), Some(points), "{figure}");
        let none = r#"data-x="" data-y="""#;
        assert_eq!(drawn(&figure, "never"), Some(none), "{figure}");
    }
}
