//! How the best peak depends on the batch size, for a person.

use crate::analysis::Ridge;
use crate::report::{Figure, Point, Series};

/// The power law of the best peaks, beside the rules of thumb.
pub(super) fn law(ridge: &Ridge) -> String {
    let peaks = ridge.tops.iter();
    let peaks: Vec<String> = peaks
        .map(|top| format!("{:.3e} at {}", top.peak, top.batch_size))
        .collect();
    let interval = match ridge.half_width {
        Some(half_width) => format!(" ± {half_width:.2} (95 %)"),
        None => String::new(),
    };
    format!(
        "The best peak grows with the batch size to the power of {:.2}{interval}; the linear rule says 1, that of the \
         square root 0.5.\nBest between the peaks of the grid: {}.",
        ridge.exponent,
        peaks.join(", ")
    )
}

/// The best peak of each batch size, and what the rules of thumb make of the smallest one's.
pub(super) fn over_batch_sizes(ridge: &Ridge) -> Figure {
    let measured = ridge.tops.iter().map(|top| Point {
        x: top.batch_size as f64,
        y: top.peak,
        interval: top.interval,
    });
    let measured: Vec<Point> = measured.collect();
    let rule = |exponent: f64| -> Vec<Point> {
        let (first, rest) = (measured[0], measured.iter());
        rest.map(|point| Point::new(point.x, first.y * (point.x / first.x).powf(exponent)))
            .collect()
    };
    Figure::new("Best peak learning rate by batch size", "batch size")
        .series(Series::new("measured, with the seeds' interval", &measured))
        .series(Series::new("linear rule", &rule(1.0)))
        .series(Series::new("square root rule", &rule(0.5)))
        .logarithmic_along()
        .logarithmic()
}

#[cfg(test)]
mod tests {
    use super::super::ComparisonReport;
    use super::super::tests::{records, runs};
    use crate::analysis::{Comparison, Records};

    #[test]
    fn strategies_that_differ_in_the_batch_size_have_a_ridge() {
        let of = |batch_size: usize, best: usize| {
            let at = |place: usize| if place == best { 0.2 } else { 0.4 };
            let name = format!("batches of {batch_size}");
            let grid = [0.1, 0.2, 0.4].into_iter().enumerate();
            Records {
                batch_size,
                tuning: grid
                    .map(|(place, peak)| (peak, runs(&[at(place)])))
                    .collect(),
                ..records(&name, &[], 0.1, &[0.2])
            }
        };
        let all = [of(16, 0), of(32, 1), of(64, 2)];
        let comparison = Comparison::of("batches of 16", &all);
        let shown = ComparisonReport::new(&comparison).to_string();
        let law = "\
The best peak grows with the batch size to the power of 1.00 ± 0.00 (95 %); the linear rule says 1, that of the square root 0.5.
Best between the peaks of the grid: 1.000e-1 at 16, 2.000e-1 at 32, 4.000e-1 at 64.
";
        assert!(shown.contains(law), "{shown}");
        let page = ComparisonReport::new(&comparison).page().html();
        assert!(page.contains("Best peak learning rate by batch size"));
        assert!(page.contains("square root rule"));
    }
}
