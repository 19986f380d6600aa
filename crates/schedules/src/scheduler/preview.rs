//! What a schedule looks like, before anything is trained with it.

use std::fmt::Write;
use std::ops::Range;

use super::Scheduler;

/// Columns and rows of a preview in the terminal.
const COLUMNS: u64 = 64;
const ROWS: usize = 10;
/// A cell is filled in eighths from below.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The picture's size, and the frame that the curve is drawn in, in SVG units.
const SIZE: (f64, f64) = (640.0, 240.0);
const LEFT: f64 = 72.0;
const RIGHT: f64 = 624.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 208.0;
/// More points than a screen has columns show nothing more.
const POINTS: u64 = 1_200;

impl Scheduler {
    /// The learning rates of `updates` as a picture of text, from 0 at its foot to their maximum at its head.
    ///
    /// A column is the rate at the first update that it stands for.
    ///
    /// ```
    /// use schedules::prelude::*;
    ///
    /// let picture = Cosine::new(1_000).warmup_within(50).peak(3e-3)?.preview(0..1_000);
    /// assert_eq!(picture.lines().count(), 12);
    /// assert!(picture.starts_with("  3.00e-3 │"));
    /// # Ok::<(), ScheduleError>(())
    /// ```
    pub fn preview(&self, updates: Range<u64>) -> String {
        let rates: Vec<f64> = sampled(&updates, COLUMNS)
            .map(|update| self.rate_at(update))
            .collect();
        let most = largest(&rates);
        let mut picture = String::new();
        for row in (0..ROWS).rev() {
            let label = match row {
                0 => "0".to_owned(),
                row if row == ROWS - 1 => format!("{most:.2e}"),
                _ => String::new(),
            };
            let line: String = rates.iter().map(|rate| cell(*rate, most, row)).collect();
            push(
                &mut picture,
                format_args!("{label:>9} │{}\n", line.trim_end()),
            );
        }
        push(
            &mut picture,
            format_args!("{:>9} └{}\n", "", "─".repeat(rates.len())),
        );
        let width = rates.len().saturating_sub(updates.start.to_string().len());
        let last = updates.end.saturating_sub(1);
        push(
            &mut picture,
            format_args!("{:>9}  {}{last:>width$}\n", "update", updates.start),
        );
        picture
    }

    /// The learning rates of `updates` as an SVG picture, from 0 to their maximum, in the colour of the text around it.
    ///
    /// It stands alone: no script, no style sheet, no font of its own.
    ///
    /// ```
    /// use schedules::prelude::*;
    ///
    /// let svg = Linear::new(100).peak(0.1)?.svg(0..101);
    /// assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    /// assert!(svg.contains("72.0,16.0 ") && svg.contains(" 624.0,208.0"));
    /// # Ok::<(), ScheduleError>(())
    /// ```
    pub fn svg(&self, updates: Range<u64>) -> String {
        let last = updates.end.saturating_sub(1).max(updates.start);
        let points: Vec<(u64, f64)> = sampled(&updates, POINTS)
            .chain((!updates.is_empty()).then_some(last))
            .map(|update| (update, self.rate_at(update)))
            .collect();
        let rates: Vec<f64> = points.iter().map(|(_, rate)| *rate).collect();
        let most = largest(&rates);
        let width = (last - updates.start).max(1) as f64;
        let mut curve = String::new();
        for (update, rate) in points {
            let x = LEFT + (RIGHT - LEFT) * (update - updates.start) as f64 / width;
            let y = BOTTOM - (BOTTOM - TOP) * height(rate, most);
            push(&mut curve, format_args!("{x:.1},{y:.1} "));
        }
        let (wide, high) = SIZE;
        let below = BOTTOM + 18.0;
        let beside = LEFT - 6.0;
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="12" fill="currentColor" role="img">
<title>learning rate, update {first} to {last}</title>
<path d="M{LEFT},{TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>
<polyline points="{curve}" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/>
<text x="{beside}" y="{TOP}" text-anchor="end" dominant-baseline="middle">{most:.2e}</text>
<text x="{beside}" y="{BOTTOM}" text-anchor="end" dominant-baseline="middle">0</text>
<text x="{LEFT}" y="{below}">{first}</text>
<text x="{RIGHT}" y="{below}" text-anchor="end">update {last}</text>
</svg>
"#,
            first = updates.start,
            curve = curve.trim_end(),
        )
    }
}

/// At most `most` updates, evenly apart, the first of the range among them.
fn sampled(updates: &Range<u64>, most: u64) -> impl Iterator<Item = u64> + use<> {
    let (start, count) = (updates.start, updates.end.saturating_sub(updates.start));
    let samples = count.min(most);
    // In 128 bits, since a range may be as long as the numbers go.
    (0..samples).map(move |index| {
        start + (u128::from(index) * u128::from(count) / u128::from(samples)) as u64
    })
}

/// The largest rate, or 1 where all are 0, so that it can be divided by.
fn largest(rates: &[f64]) -> f64 {
    let most = rates.iter().copied().fold(0.0, f64::max);
    if most > 0.0 { most } else { 1.0 }
}

/// A rate as a share of the largest. A schedule of somebody's own may break the law that rates are finite.
fn height(rate: f64, most: f64) -> f64 {
    let share = rate / most;
    if share.is_finite() {
        share.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// What a column shows in `row`, counted from below.
fn cell(rate: f64, most: f64, row: usize) -> char {
    let eighths = (height(rate, most) * (8 * ROWS) as f64).round() as usize;
    EIGHTHS[eighths.saturating_sub(8 * row).min(8)]
}

/// Writing to a `String` cannot fail.
fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(more);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::prelude::*;

    #[test]
    fn a_preview_shows_the_shape() {
        let rate = Linear::new(8).peak(0.5).unwrap();
        let bars = rate.preview(0..9);
        assert!(bars.starts_with("  5.00e-1 │█"), "{bars}");
        assert!(
            bars.ends_with("└─────────\n   update  0       8\n"),
            "{bars}"
        );
        // The first column is full, the last empty, and each is no higher than the one before.
        let heights: Vec<usize> = (0..9)
            .map(|column| {
                let rows = bars.lines().take(10);
                rows.filter(|row| row.chars().nth(11 + column).is_some_and(|cell| cell != ' '))
                    .count()
            })
            .collect();
        assert_eq!(heights, [10, 9, 8, 7, 5, 4, 3, 2, 0]);
    }

    #[test]
    fn nothing_to_show_is_shown_without_a_panic() {
        let rate = Cosine::new(10).peak(0.1).unwrap();
        for updates in [0..0, 7..7, u64::MAX - 1..u64::MAX, 0..u64::MAX] {
            assert_eq!(rate.preview(updates.clone()).lines().count(), 12);
            assert!(rate.svg(updates).ends_with("</svg>\n"));
        }
    }

    #[test]
    fn a_curve_of_many_updates_keeps_its_ends() {
        let rate = Cosine::new(1_000_000).floor(0.5).peak(0.1).unwrap();
        let svg = rate.svg(0..1_000_001);
        assert!(svg.contains("points=\"72.0,16.0 "), "{svg}");
        assert!(svg.contains(" 624.0,112.0\""), "{svg}");
    }

    #[test]
    fn a_preview_has_its_labels_and_a_range_its_own_start() {
        let rate = Linear::new(8).delay(100).peak(0.5).unwrap();
        let picture = rate.preview(100..109);
        let labels: Vec<&str> = picture.lines().map(|line| &line[..9]).collect();
        let between = " ".repeat(9);
        let mut expected = vec!["  5.00e-1"];
        expected.extend([between.as_str(); 8]);
        expected.extend(["        0", between.as_str(), "   update"]);
        assert_eq!(labels, expected);
        assert!(picture.ends_with("  100   108\n"), "{picture}");

        let points = |svg: String| {
            let (_, after) = svg.split_once("points=\"").unwrap();
            after.split_once('"').unwrap().0.to_owned()
        };
        let from_zero = Linear::new(8).peak(0.5).unwrap().svg(0..9);
        assert_eq!(points(rate.svg(100..109)), points(from_zero));

        let nothing = Linear::new(8).peak(0.5).unwrap().preview(8..20);
        assert!(nothing.starts_with("   1.00e0 │\n"), "{nothing}");
    }
}
