//! The smoothed loss of range tests over the learning rate, as text and as SVG.

use std::fmt::{self, Write};

use schedules::finder::Curve;

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

/// The picture's size, and the frame that the curves are drawn in, in SVG units.
const SIZE: (f64, f64) = (640.0, 280.0);
const LEFT: f64 = 72.0;
const RIGHT: f64 = 624.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 232.0;

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

    /// The picture as SVG, in the colour of the text around it. It stands alone: no script, no style sheet, no font.
    pub(super) fn svg(&self) -> String {
        let x = |across: f64| LEFT + (RIGHT - LEFT) * across;
        let y = |up: f64| BOTTOM - (BOTTOM - TOP) * up;
        let mut body = String::new();
        for test in self.tests {
            let points: Vec<String> = self
                .points(&test.curve)
                .map(|(across, up)| format!("{:.1},{:.1}", x(across), y(up)))
                .collect();
            push(
                &mut body,
                format_args!(
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" stroke-linejoin=\"round\"/>\n",
                    points.join(" ")
                ),
            );
        }
        for (index, (mark, rule)) in self.marks().enumerate() {
            let Some(rate) = rule.learning_rate else {
                continue;
            };
            let (at, name) = (x(self.across(rate)), &rule.rule);
            let below = BOTTOM + 14.0;
            let dash = if mark == '*' { "none" } else { "2 4" };
            push(
                &mut body,
                format_args!(
                    "<path d=\"M{at:.1},{TOP}V{BOTTOM}\" stroke=\"currentColor\" stroke-opacity=\"0.6\" stroke-dasharray=\"{dash}\"><title>{name}: {rate:.2e}</title></path>\n<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{mark}</text>\n",
                    below + 10.0 * (index % 2) as f64,
                ),
            );
        }
        let mut names = String::new();
        for (mark, rule) in self.marks() {
            if let Some(rate) = rule.learning_rate {
                push(
                    &mut names,
                    format_args!("{mark} {} {rate:.2e}  ", rule.rule),
                );
            }
        }
        let (wide, high) = SIZE;
        let ((lowest, highest), (least, most)) = (self.rates, self.losses);
        let (beside, foot, names) = (LEFT - 6.0, BOTTOM + 40.0, names.trim_end());
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="12" fill="currentColor" role="img">
<title>smoothed loss over the learning rate, {lowest:.2e} to {highest:.2e}</title>
<path d="M{LEFT},{TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>
<text x="{LEFT}" y="14">{names}</text>
{body}<text x="{beside}" y="{TOP}" text-anchor="end" dominant-baseline="middle">{most:.3}</text>
<text x="{beside}" y="{BOTTOM}" text-anchor="end" dominant-baseline="middle">{least:.3}</text>
<text x="{LEFT}" y="{foot}">{lowest:.2e}</text>
<text x="{RIGHT}" y="{foot}" text-anchor="end">learning rate {highest:.2e}</text>
</svg>
"#
        )
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

/// Writing to a `String` cannot fail.
fn push(text: &mut String, more: fmt::Arguments<'_>) {
    let _ = text.write_fmt(more);
}

#[cfg(test)]
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
    fn the_svg_has_a_line_for_each_test_and_nothing_that_is_no_number() {
        let tests = [test(), test()];
        let suggested = SuggestedRates::of(&tests);
        let svg = RatePicture::new(&tests, &suggested).svg();
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
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
        assert!(picture.svg().ends_with("</svg>\n"));
    }
}
