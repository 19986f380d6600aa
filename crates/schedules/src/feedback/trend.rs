//! Whether a series has a downward trend.

use std::cmp::Ordering;
use std::collections::VecDeque;

/// Fewer reports than this do not show a trend on both sides of a spike.
pub(super) const LEAST: u64 = 5;

/// Whether the series falls by more than chance, and from end to end by more than `threshold` of its median's magnitude
/// and `min_delta`. The formula is on the page of [`PlateauRule`](super::PlateauRule).
pub(super) fn falls(series: &VecDeque<f64>, threshold: f64, min_delta: f64) -> bool {
    let (n, h) = (series.len(), series.len() / 3);
    let (mut score, mut slopes) = (0.0, Vec::with_capacity(n * h));
    for (index, earlier) in series.iter().enumerate() {
        for (distance, later) in (1..=h).zip(series.iter().skip(index + 1)) {
            score += match earlier.partial_cmp(later) {
                Some(Ordering::Greater) => 1.0,
                Some(Ordering::Less) => -1.0,
                _ => 0.0,
            };
            let slope = (earlier - later) / distance as f64;
            if slope.is_finite() {
                slopes.push(slope);
            }
        }
    }
    let (length, reach) = (n as f64, h as f64);
    let pairs = length * reach - reach * (reach + 1.0) / 2.0;
    let variance = pairs / 3.0 + reach * (reach + 1.0) * (2.0 * reach + 1.0) / 9.0;
    if score <= 0.0 || score * score < variance {
        return false;
    }
    let level = median(
        series
            .iter()
            .copied()
            .filter(|metric| metric.is_finite())
            .collect(),
    );
    match (median(slopes), level) {
        (Some(slope), Some(level)) => (length - 1.0) * slope > threshold * level.abs() + min_delta,
        _ => false,
    }
}

/// The middle number, or the mean of the two in the middle.
fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let upper = *numbers.get(middle)?;
    if numbers.len() % 2 == 1 {
        return Some(upper);
    }
    // Halved first: the sum of two large ones would not be finite.
    Some(numbers[middle - 1] / 2.0 + upper / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(length: u64, value: impl Fn(f64) -> f64) -> VecDeque<f64> {
        (0..length).map(|index| value(index as f64)).collect()
    }

    #[test]
    fn a_step_up_anywhere_in_a_decrease_does_not_hide_it() {
        for length in LEAST..60 {
            for step in 0..length {
                let stepped = series(length, |index| {
                    -index + if index >= step as f64 { 1e3 } else { 0.0 }
                });
                assert!(falls(&stepped, 0.0, 0.0), "length {length}, step at {step}");
                let spiked = series(length, |index| {
                    -index + if index == step as f64 { 1e3 } else { 0.0 }
                });
                assert!(falls(&spiked, 0.0, 0.0), "length {length}, spike at {step}");
            }
        }
        // With fewer, the step outweighs the rest.
        assert!(!falls(&VecDeque::from([3.0, 2.0, 9.0, 8.0]), 0.0, 0.0));
    }

    #[test]
    fn level_rising_and_broken_series_do_not_fall() {
        for length in LEAST..60 {
            assert!(!falls(&series(length, |_| 1.0), 0.0, 0.0));
            assert!(!falls(&series(length, |index| index), 0.0, 0.0));
            assert!(!falls(&series(length, |_| f64::NAN), 0.0, 0.0));
            assert!(!falls(&series(length, |_| f64::INFINITY), 0.0, 0.0));
        }
    }

    #[test]
    fn the_score_is_compared_with_one_sigma() {
        // n = 6, h = 2: nine pairs, variance 3 + 10/3, so that a score of 3 falls and one of 2 does not.
        assert!(falls(
            &VecDeque::from([5.0, 4.0, 3.0, 8.0, 7.0, 6.0]),
            0.0,
            0.0
        ));
        // Five fall, three rise, one is level.
        assert!(!falls(
            &VecDeque::from([1.0, 1.0, 4.0, 3.0, 2.0, 1.0]),
            0.0,
            0.0
        ));
    }

    /// The pairs of `n` reports that are no more than a third of them apart.
    fn pairs(n: usize) -> Vec<(usize, usize)> {
        (0..n)
            .flat_map(|early| (early + 1..n.min(early + 1 + n / 3)).map(move |late| (early, late)))
            .collect()
    }

    /// The variance of the score when all orders are alike, from its pairs: two that share an end agree or disagree in a
    /// third of the orders more than not, and two that share none are independent.
    fn variance(n: usize) -> f64 {
        let pairs = pairs(n);
        let product = |one: &(usize, usize), other: &(usize, usize)| {
            if one == other {
                1.0
            } else if one.0 == other.0 || one.1 == other.1 {
                1.0 / 3.0
            } else if one.0 == other.1 || one.1 == other.0 {
                -1.0 / 3.0
            } else {
                0.0
            }
        };
        pairs
            .iter()
            .flat_map(|one| pairs.iter().map(move |other| product(one, other)))
            .sum()
    }

    #[test]
    fn one_sigma_is_that_of_all_orders() {
        let mut state = 1_u64;
        let mut draw = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        for n in 5..40 {
            // Thirds do not add up to the last digit, and a score may be one sigma exactly.
            let sigma = variance(n).sqrt() - 1e-9;
            for _ in 0..300 {
                let mut order: Vec<f64> = (0..n).map(|value| value as f64).collect();
                for place in (1..n).rev() {
                    order.swap(place, draw(place + 1));
                }
                let signs = pairs(n).into_iter();
                let score: f64 = signs
                    .map(|(early, late)| (order[early] - order[late]).signum())
                    .sum();
                let found = falls(&order.iter().copied().collect(), 0.0, 0.0);
                assert_eq!(found, score >= sigma, "{order:?}");
            }
        }
    }

    #[test]
    fn the_gain_is_from_end_to_end() {
        // Six reports that fall by 1/4 each gain 5/4; the median's magnitude is 2.
        let falling = series(6, |index| -1.375 - 0.25 * index);
        assert!(falls(&falling, 0.0, 1.24));
        assert!(!falls(&falling, 0.0, 1.25));
        assert!(falls(&falling, 0.62, 0.0));
        assert!(!falls(&falling, 0.625, 0.0));
        assert!(!falls(&falling, 0.5, 0.25));
        // Slopes are over up to three reports here, and the gain is eight times a quarter.
        let longer = series(9, |index| -0.25 * index);
        assert!(falls(&longer, 0.0, 1.99));
        assert!(!falls(&longer, 0.0, 2.0));
    }

    #[test]
    fn the_median_of_two_is_their_mean() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(vec![5.0, 3.0, 1.0, 2.0, 9.0]), Some(3.0));
        assert_eq!(median(vec![f64::MAX, f64::MAX]), Some(f64::MAX));
        assert_eq!(median(Vec::new()), None);
    }
}
