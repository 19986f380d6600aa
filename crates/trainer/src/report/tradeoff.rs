//! A curve of accuracy over budgets, for a person.

use std::fmt;

use super::table::{Side, Table};
use super::{Figure, Point, Series};
use crate::analysis::statistics::Estimate;
use crate::analysis::{Spread, Tradeoff, TradeoffPoint, Ways};

/// The table and the figures of a tradeoff curve.
#[derive(Debug, Clone, Copy)]
pub struct TradeoffReport<'a> {
    /// What was trained, in words.
    subject: &'a str,
    curve: &'a Tradeoff,
}

/// The ways, as the columns call them.
const NAMES: Ways<&str> = Ways {
    one_by_one: "one by one",
    cyclic: "growing cycles",
    forks: "forks of a trunk",
};

impl<'a> TradeoffReport<'a> {
    /// The report of the `curve` of `subject`.
    pub fn new(subject: &'a str, curve: &'a Tradeoff) -> Self {
        Self { subject, curve }
    }

    /// Accuracy and loss over the budgets, as SVG.
    pub fn svg(&self) -> String {
        let figures = [
            self.figure("Validation accuracy after planned budgets", |spread| {
                spread.accuracy
            }),
            self.figure("Validation loss after planned budgets", |spread| {
                spread.loss
            })
            .logarithmic(),
        ];
        Figure::svg_file("Accuracy over budgets", &figures)
    }

    fn figure(&self, title: &str, of: fn(&Spread) -> Option<Estimate>) -> Figure {
        let series = |name: &str, way: fn(&Ways<Spread>) -> &Spread| {
            let points = self.curve.points.iter().filter_map(|point| {
                let estimate = of(way(&point.reached))?;
                let ends = estimate
                    .half_width
                    .map(|half| (estimate.mean - half, estimate.mean + half));
                Some(Point {
                    x: point.updates as f64,
                    y: estimate.mean,
                    interval: ends,
                })
            });
            Series::new(name, &points.collect::<Vec<Point>>())
        };
        Figure::new(title, "updates")
            .series(series(NAMES.one_by_one, |ways| &ways.one_by_one))
            .series(series(NAMES.cyclic, |ways| &ways.cyclic))
            .series(series(NAMES.forks, |ways| &ways.forks))
            .logarithmic_along()
    }

    fn table(&self) -> Table {
        let mut table = Table::new([
            ("updates", Side::Right),
            (NAMES.one_by_one, Side::Left),
            (NAMES.cyclic, Side::Left),
            ("less one by one", Side::Left),
            (NAMES.forks, Side::Left),
            ("less one by one", Side::Left),
        ]);
        for TradeoffPoint { updates, reached } in &self.curve.points {
            table.row([
                updates.to_string(),
                self.accuracy(&reached.one_by_one),
                self.accuracy(&reached.cyclic),
                apart(&reached.cyclic),
                self.accuracy(&reached.forks),
                apart(&reached.forks),
            ]);
        }
        let Ways {
            one_by_one,
            cyclic,
            forks,
        } = self.curve.cost;
        table.row([
            "made".to_owned(),
            one_by_one.to_string(),
            cyclic.to_string(),
            String::new(),
            forks.to_string(),
            String::new(),
        ]);
        table
    }

    /// An accuracy in percent, and how many runs it is of if not of all.
    fn accuracy(&self, spread: &Spread) -> String {
        let text = spread
            .accuracy
            .map_or_else(|| "-".to_owned(), |accuracy| percent(&accuracy, false));
        match spread.finite {
            all if all == self.curve.seeds => text,
            some => format!("{text} ({some}/{})", self.curve.seeds),
        }
    }
}

fn apart(spread: &Spread) -> String {
    let apart = spread.accuracy_apart;
    apart.map_or_else(String::new, |apart| percent(&apart, true))
}

fn percent(estimate: &Estimate, signed: bool) -> String {
    let mean = 100.0 * estimate.mean;
    let mean = match signed {
        true => format!("{mean:+.2}"),
        false => format!("{mean:.2}"),
    };
    match estimate.half_width {
        Some(half) => format!("{mean} ± {:.2} %", 100.0 * half),
        None => format!("{mean} %"),
    }
}

/// What each budget reached in each way, what that took, and how to read it.
impl fmt::Display for TradeoffReport<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{}: validation accuracy after planned budgets\n",
            self.subject
        )?;
        writeln!(formatter, "{}\n", self.table())?;
        write!(
            formatter,
            "Means ± 95 % intervals over {} seeds; differences are between runs with the same seed. The last line is how many\n\
             updates all budgets of a seed took.\n\
             one by one: a run for each budget, along a cosine to zero.\n\
             growing cycles: one run, whose cosine starts again after each budget (Portes et al. 2022).\n\
             forks of a trunk: one run at the peak, and for each budget a run that leaves it and comes to zero over the last\n\
             fifth, along 1 - sqrt (Hägele et al. 2024): what a run of warm-up, stable part and decay reaches by itself.",
            self.curve.seeds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Reached, SeedCurve};

    #[test]
    fn a_reader_sees_each_way_how_far_it_is_off_and_what_it_took() {
        let reached = |accuracy: f64| {
            Some(Reached {
                loss: 1.0 - accuracy,
                accuracy,
            })
        };
        let seed = |off: f64| SeedCurve {
            one_by_one: vec![reached(0.5 + off), reached(0.75)],
            cyclic: vec![reached(0.5 + off), reached(0.7 + off)],
            forks: vec![reached(0.625), reached(0.8).filter(|_| off > 0.0)],
        };
        let cost = Ways {
            one_by_one: 40,
            cyclic: 30,
            forks: 32,
        };
        let curve = Tradeoff::of(&[10, 30], cost, &[seed(0.0), seed(0.01)]);
        let report = TradeoffReport::new("mlp on digits", &curve);
        let shown = report.to_string();
        let expected = "\
mlp on digits: validation accuracy after planned budgets

updates  one by one      growing cycles  less one by one  forks of a trunk  less one by one
     10  50.50 ± 6.35 %  50.50 ± 6.35 %  +0.00 ± 0.00 %   62.50 ± 0.00 %    +12.00 ± 6.35 %
     30  75.00 ± 0.00 %  70.50 ± 6.35 %  -4.50 ± 6.35 %   80.00 % (1/2)     +5.00 %
   made  40              30                               32
";
        assert!(shown.starts_with(expected), "{shown}");
        let svg = report.svg();
        for text in ["growing cycles", "Validation loss", "<svg "] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
    }
}
