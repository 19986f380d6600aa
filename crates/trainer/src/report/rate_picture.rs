//! The smoothed loss of range tests over the learning rate, as text and as a figure.

use std::fmt;

use schedules::finder::Curve;

use super::{Figure, Point, Series};
use crate::analysis::{SuggestedRate, SuggestedRates};
use crate::engine::SweptRates;

/// The losses over a logarithmic axis of rates, with a mark at each suggestion.
#[derive(Debug)]
pub(super) struct RatePicture<'a> {
    tests: &'a [SweptRates],
    suggested: &'a SuggestedRates,
    /// The lowest and the highest rate.
    rates: (f64, f64),
    /// The losses between which is drawn; what is higher is cut off.
    losses: (f64, f64),
}

/// Columns and rows in a terminal.
const COLUMNS: usize = 64;
const ROWS: usize = 10;
/// A cell is filled in eighths from below.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// How far above the first loss the picture goes, as a share of the fall.
const ABOVE: f64 = 0.1;

impl<'a> RatePicture<'a> {
    pub(super) fn new(tests: &'a [SweptRates], suggested: &'a SuggestedRates) -> Self {
        let curves = || tests.iter().map(|test| &test.curve);
        let rates = curves().flat_map(Curve::learning_rates).copied();
        let rates = rates.filter(|rate| *rate > 0.0);
        let smoothed = curves().flat_map(Curve::smoothed).copied();
        let smoothed = || smoothed.clone().filter(|loss| loss.is_finite());
        let lowest = smoothed().fold(f64::INFINITY, f64::min);
        let first = curves().filter_map(|curve| curve.smoothed().first().copied());
        let first = first.filter(|loss| loss.is_finite()).fold(lowest, f64::max);
        let highest = first + ABOVE * (first - lowest);
        Self {
            tests,
            suggested,
            rates: (
                rates.clone().fold(f64::INFINITY, f64::min),
                rates.fold(0.0, f64::max),
            ),
            losses: if highest > lowest {
                (lowest, highest)
            } else {
                (lowest - 1.0, lowest + 1.0)
            },
        }
    }

    /// The rules with what marks them in the picture; the last is all of them together.
    pub(super) fn marks(&self) -> impl Iterator<Item = (char, &SuggestedRate)> {
        let rules = ('1'..).zip(&self.suggested.rules);
        rules.chain([('*', &self.suggested.combined)])
    }

    /// Where a rate lies, from 0 at the left to 1 at the right.
    fn across(&self, rate: f64) -> f64 {
        let (lowest, highest) = self.rates;
        let width = (highest / lowest).ln();
        if width > 0.0 {
            ((rate / lowest).ln() / width).clamp(0.0, 1.0)
        } else {
            0.5
        }
    }

    /// Where a loss lies, from 0 at the foot to 1 at the head.
    fn up(&self, loss: f64) -> f64 {
        let (lowest, highest) = self.losses;
        ((loss - lowest) / (highest - lowest)).clamp(0.0, 1.0)
    }

    fn points(&self, curve: &'a Curve) -> impl Iterator<Item = (f64, f64)> {
        let points = curve.learning_rates().iter().zip(curve.smoothed());
        let points = points.filter(|(rate, loss)| **rate > 0.0 && loss.is_finite());
        points.map(|(rate, loss)| (self.across(*rate), self.up(*loss)))
    }

    /// The mean height in each column, nothing where no test was.
    fn columns(&self) -> [Option<f64>; COLUMNS] {
        let mut sums = [(0.0, 0_u32); COLUMNS];
        for (across, up) in self.tests.iter().flat_map(|test| self.points(&test.curve)) {
            let (sum, count) = &mut sums[column(across)];
            *sum += up;
            *count += 1;
        }
        sums.map(|(sum, count)| (count > 0).then(|| sum / f64::from(count)))
    }

    /// The same as a figure, with a curve for each test, whose seeds begin with this one. What is too high to be drawn
    /// is left out.
    pub(super) fn figure(&self, first_seed: u64) -> Figure {
        let figure = Figure::new(
            "Smoothed loss while the learning rate grows",
            "learning rate",
        );
        let tests = (first_seed..).zip(self.tests);
        let figure = tests.fold(figure, |figure, (seed, test)| {
            let points = test
                .curve
                .learning_rates()
                .iter()
                .zip(test.curve.smoothed());
            let points = points.filter(|(_, loss)| **loss <= self.losses.1);
            let points = points.map(|(rate, loss)| Point::new(*rate, *loss));
            figure.series(Series::new(
                format!("seed {seed}"),
                &points.collect::<Vec<Point>>(),
            ))
        });
        let marks = self.marks();
        let marks = marks.filter_map(|(_, rule)| Some((rule, rule.learning_rate?)));
        let figure = marks.fold(figure, |figure, (rule, rate)| {
            figure.mark(format!("{} {rate:.2e}", rule.rule), rate)
        });
        figure.logarithmic_along()
    }
}

/// The picture as text, with a line break at its end.
impl fmt::Display for RatePicture<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.columns();
        for row in (0..ROWS).rev() {
            let label = match row {
                0 => format!("{:.3}", self.losses.0),
                row if row == ROWS - 1 => format!("{:.3}", self.losses.1),
                _ => String::new(),
            };
            let line: String = columns.iter().map(|height| cell(*height, row)).collect();
            writeln!(formatter, "{label:>9} │{}", line.trim_end())?;
        }
        writeln!(formatter, "{:>9} └{}", "loss", "─".repeat(COLUMNS))?;
        let mut marks = [' '; COLUMNS];
        for (mark, rule) in self.marks() {
            if let Some(rate) = rule.learning_rate {
                marks[column(self.across(rate))] = mark;
            }
        }
        let marks: String = marks.iter().collect();
        writeln!(formatter, "{:>9}  {}", "", marks.trim_end())?;
        let (lowest, highest) = (
            format!("{:.2e}", self.rates.0),
            format!("{:.2e}", self.rates.1),
        );
        let width = COLUMNS.saturating_sub(lowest.len());
        writeln!(formatter, "{:>9}  {lowest}{highest:>width$}", "rate")
    }
}

fn column(across: f64) -> usize {
    ((across * COLUMNS as f64) as usize).min(COLUMNS - 1)
}

/// What a column shows in `row`, counted from below. The lowest loss is still a line.
fn cell(height: Option<f64>, row: usize) -> char {
    let Some(height) = height else {
        return ' ';
    };
    let eighths = ((height * (8 * ROWS) as f64).round() as usize).max(1);
    EIGHTHS[eighths.saturating_sub(8 * row).min(8)]
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use schedules::finder::Finder;

    /// Two to a decade from 1e-6 to 1: the loss falls from 2 to 0 around 1e-3 and is infinite at the end.
    fn test() -> SweptRates {
        let rates = (0..=24).map(|index| 10_f64.powf(f64::from(index) / 4.0 - 6.0));
        let loss = |rate: f64| match rate {
            0.9.. => f64::INFINITY,
            _ => 2.0 / (1.0 + (rate / 1e-3).powi(2)),
        };
        SweptRates {
            curve: Finder::new()
                .beta(0.0)
                .record(rates.map(|rate| (rate, loss(rate)))),
            gains: Vec::new(),
        }
    }

    #[test]
    fn the_text_falls_and_marks_every_rule_that_answers() {
        let tests = [test()];
        let suggested = SuggestedRates::of(&tests);
        let text = RatePicture::new(&tests, &suggested).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), ROWS + 3);
        let width = |line: usize| lines[line].trim_end().chars().count();
        assert!(width(1) < width(8), "{text}");
        assert!(lines[0].starts_with("    2.200 │"), "{text}");
        assert!(lines[ROWS + 1].contains('*'), "{text}");
        assert!(lines[ROWS + 2].ends_with("1.00e0"), "{text}");
    }

    #[test]
    fn the_figure_has_a_curve_for_each_test_and_a_line_for_each_rule() {
        let tests = [test(), test()];
        let suggested = SuggestedRates::of(&tests);
        let picture = RatePicture::new(&tests, &suggested);
        let svg = Figure::svg_file("a", &[picture.figure(7)]);
        assert!(svg.contains("seed 7") && svg.contains("seed 8"), "{svg}");
        for (_, rule) in picture.marks() {
            let rate = rule.learning_rate.unwrap();
            assert!(svg.contains(&format!("{} {rate:.2e}", rule.rule)), "{svg}");
        }
        // The infinite loss at the end is above the picture.
        assert!(!svg.contains(r#"class="lost""#), "{svg}");
    }

    #[test]
    fn nothing_to_show_is_shown_without_a_panic() {
        let empty = SweptRates {
            curve: Finder::new().into_curve(),
            gains: Vec::new(),
        };
        let tests = [empty];
        let suggested = SuggestedRates::of(&tests);
        let picture = RatePicture::new(&tests, &suggested);
        assert_eq!(picture.to_string().lines().count(), ROWS + 3);
        let svg = Figure::svg_file("a", &[picture.figure(1)]);
        assert!(svg.contains("Nothing was measured."), "{svg}");
    }
}
