//! The steepest descent.

use super::descent::Descent;
use super::{NoSuggestion, Suggestion};

/// Slopes within this share of the steepest are as steep.
const SAME: f64 = 0.01;

/// The lowest rate at which the loss falls as steeply as anywhere, to within 1 %.
pub(crate) fn steep(descent: &Descent) -> Result<Suggestion, NoSuggestion> {
    let mut slopes = descent.slopes();
    // The lowest point is where the descent is over.
    slopes.pop();
    let steepest = slopes.iter().copied().fold(0.0, f64::min);
    let place = slopes
        .iter()
        .take_while(|slope| **slope > (1.0 - SAME) * steepest)
        .count();
    Ok(descent.settled()[place].suggestion())
}

#[cfg(test)]
mod tests {
    use super::super::sample;

    fn index(losses: &[f64]) -> Option<usize> {
        sample::record(losses).steep().ok().map(|found| found.index)
    }

    #[test]
    fn of_equally_steep_points_it_takes_the_first() {
        assert_eq!(sample::curve().steep().map(|found| found.index), Ok(25));
    }

    #[test]
    fn slopes_within_a_hundredth_are_equally_steep() {
        // The slopes at points 16, 17 and 18 are half the sums of the drops to their sides: 99.5, 94.75 and 100.
        let falling = |drop: f64| {
            let mut losses = vec![2_000.0; 16];
            for drop in [drop, drop, 90.0, 110.0] {
                losses.push(losses[losses.len() - 1] - drop);
            }
            index(&losses)
        };
        assert_eq!(falling(99.5), Some(16));
        assert_eq!(falling(98.5), Some(18));
    }

    #[test]
    fn the_lowest_point_is_not_asked() {
        let mut losses = vec![100.0; 16];
        losses.extend([90.0, 0.0]);
        assert_eq!(index(&losses), Some(16));
    }
}
