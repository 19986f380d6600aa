//! The middle of the longest descent.

use super::descent::Descent;
use super::{NoSuggestion, Suggestion};

/// A point belongs to the descent where it is lower than the one before by this share of the whole fall.
const STEP: f64 = 0.01;

/// The middle point of the longest descent.
pub(crate) fn valley(descent: &Descent) -> Result<Suggestion, NoSuggestion> {
    let points = descent.settled();
    let losses: Vec<f64> = points.iter().map(|point| point.smoothed).collect();
    let chosen = longest_descent(&losses, STEP * descent.fall);
    Ok(points[chosen[chosen.len() / 2]].suggestion())
}

/// The places of a longest subsequence in which each value is more than `step` below the one before.
///
/// O(n log n): for every length only the highest end matters, and these ends fall with the length.
fn longest_descent(values: &[f64], step: f64) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::new();
    for (place, value) in values.iter().enumerate() {
        let length = ends.partition_point(|end| *value < values[*end] - step);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            None => ends.push(place),
            Some(end) if *value > values[*end] => *end = place,
            Some(_) => {}
        }
    }
    let mut chosen: Vec<usize> =
        std::iter::successors(ends.last().copied(), |place| before[*place]).collect();
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn it_is_the_middle_of_the_fall() {
        // The longest descent is one point of the flat start and points 21 to 33.
        assert_eq!(sample::curve().valley().map(|found| found.index), Ok(27));
    }

    #[test]
    fn a_hundredth_of_the_fall_is_no_step() {
        // After the unsettled point each step of the slow start is a hundredth of the fall of 100.
        let mut losses: Vec<f64> = (0..10).map(|step| 101.0 - f64::from(step)).collect();
        losses.extend([84.0, 72.0, 60.0, 48.0, 36.0, 24.0, 12.0, 0.0]);
        let found = |losses: &[f64]| sample::record(losses).valley().map(|found| found.index);
        // Every other point of the start belongs to it: 1, 3, 5, 7, 9 … 17.
        assert_eq!(found(&losses), Ok(11));
        // With a fall that is a trifle smaller, every point does: 1 … 17.
        losses[17] = 0.1;
        assert_eq!(found(&losses), Ok(9));
    }

    #[test]
    fn the_longest_descent_may_have_gaps() {
        let found = |values: &[f64]| longest_descent(values, 0.0);
        assert_eq!(
            found(&[5.0, 9.0, 4.0, 8.0, 3.0, 7.0, 6.0, 2.0]),
            [1, 3, 5, 6, 7]
        );
        assert_eq!(found(&[3.0, 2.0, 1.0]), [0, 1, 2]);
        assert_eq!(found(&[1.0, 2.0, 3.0]), [2]);
        assert_eq!(found(&[]), [0; 0]);
    }

    #[test]
    fn equal_values_are_no_descent_and_the_first_counts() {
        assert_eq!(longest_descent(&[5.0, 5.0, 1.0, 1.0], 0.0), [0, 2]);
        assert_eq!(longest_descent(&[3.0, 2.0, 1.0, 0.5], 1.0), [0, 2]);
    }

    #[test]
    fn no_descent_is_longer() {
        // Against every subsequence, for all the orders of six values.
        for order in 0..720_usize {
            let mut left: Vec<f64> = (0..6).map(f64::from).collect();
            let mut rest = order;
            let values: Vec<f64> = (1..=6)
                .rev()
                .map(|count| {
                    let value = left.remove(rest % count);
                    rest /= count;
                    value
                })
                .collect();
            for step in [0.0, 1.0] {
                let falls = |chosen: &[f64]| chosen.windows(2).all(|pair| pair[0] - pair[1] > step);
                let longest = (0..64_usize)
                    .map(|set| {
                        let chosen: Vec<f64> = (0..6)
                            .filter(|place| set >> place & 1 == 1)
                            .map(|place| values[place])
                            .collect();
                        if falls(&chosen) { chosen.len() } else { 0 }
                    })
                    .max();
                let found = longest_descent(&values, step);
                assert_eq!(Some(found.len()), longest, "{values:?} {step}");
                let chosen: Vec<f64> = found.iter().map(|place| values[*place]).collect();
                assert!(falls(&chosen) && found.is_sorted(), "{values:?} {step}");
            }
        }
    }
}
