//! A window that slides down the curve.

use super::descent::{CLOSE, DECADE, Descent};
use super::{NoSuggestion, Suggestion};

/// Half a decade.
const WINDOW: f64 = 0.5 * DECADE;
/// The share of the steepest slope that keeps the flat bottom of a curve out.
const STEEP: f64 = 0.5;
/// Slopes whose difference is within this share of the steepest are equal.
const SAME: f64 = 0.01;

/// The lower end of a window, half a decade wide, that slides down from the lowest loss until its upper end is on the
/// steep part, and no longer on the flatter side of it.
pub(crate) fn slide(descent: &Descent) -> Result<Suggestion, NoSuggestion> {
    let points = descent.settled();
    let slopes = descent.slopes();
    let steepest = slopes.iter().copied().fold(0.0, f64::min);
    let fits = |upper: f64, lower: f64| {
        upper <= STEEP * steepest && upper <= lower + SAME * steepest.abs()
    };
    for (upper, point) in points.iter().enumerate().rev() {
        let foot = point.ln_rate - WINDOW + CLOSE;
        let below = points.partition_point(|point| point.ln_rate <= foot);
        let Some(lower) = below.checked_sub(1) else {
            break;
        };
        if fits(slopes[upper], slopes[lower]) {
            return Ok(points[lower].suggestion());
        }
    }
    Err(NoSuggestion::BelowSweep)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn it_stops_at_the_steepest_part() {
        // Slopes at points 23 to 33: 7 9 11 11 9 7 5 3 1.5 1 1. Half of the steepest is first exceeded at point 28.
        // Upper ends 28 and 27 are flatter than the points two below them, 26 is not.
        assert_eq!(sample::curve().slide().map(|found| found.index), Ok(24));
    }

    #[test]
    fn a_straight_fall_is_steep_at_its_end() {
        let mut losses = vec![16.0; 12];
        losses.extend((0..16).rev().map(f64::from));
        let found = sample::record(&losses).slide();
        assert_eq!(found.map(|found| found.index), Ok(27 - 2));
    }

    #[test]
    fn the_window_may_not_fit() {
        let losses = [16.0, 9.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0];
        assert_eq!(
            sample::record(&losses).slide(),
            Err(NoSuggestion::BelowSweep)
        );
    }
}
