//! The gradients of NumPy and PyTorch, at points that need not be evenly spaced.

/// `numpy.gradient`: the slopes over the index. Fewer than two values have none.
pub(super) fn over_index(values: &[f64]) -> Option<Vec<f64>> {
    let last = values.len().checked_sub(1).filter(|last| *last > 0)?;
    let slope = |place: usize| match place {
        0 => values[1] - values[0],
        place if place == last => values[last] - values[last - 1],
        place => (values[place + 1] - values[place - 1]) / 2.0,
    };
    Some((0..=last).map(slope).collect())
}

/// `torch.gradient` with `spacing`: the slopes over `places`, of second order between the ends.
///
/// Fewer than two values have none.
pub(super) fn over(places: &[f64], values: &[f64]) -> Option<Vec<f64>> {
    let last = values.len().checked_sub(1).filter(|last| *last > 0)?;
    let straight =
        |from: usize| (values[from + 1] - values[from]) / (places[from + 1] - places[from]);
    let slope = |place: usize| match place {
        0 => straight(0),
        place if place == last => straight(last - 1),
        place => {
            let before = places[place] - places[place - 1];
            let after = places[place + 1] - places[place];
            let both = before + after;
            -after / (before * both) * values[place - 1]
                + (after - before) / (before * after) * values[place]
                + before / (after * both) * values[place + 1]
        }
    };
    Some((0..=last).map(slope).collect())
}

/// `argmin` of NumPy and PyTorch: the first of the lowest, or the first NaN where there is one.
pub(super) fn argmin(values: &[f64]) -> Option<usize> {
    if let Some(place) = values.iter().position(|value| value.is_nan()) {
        return Some(place);
    }
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    values.iter().position(|value| *value == lowest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_the_index_it_is_a_central_difference() {
        assert_eq!(
            over_index(&[1.0, 2.0, 4.0, 7.0, 11.0]),
            Some(vec![1.0, 1.5, 2.5, 3.5, 4.0])
        );
        assert_eq!(over_index(&[3.0, 1.0]), Some(vec![-2.0, -2.0]));
        assert_eq!(over_index(&[3.0]), None);
        assert_eq!(over_index(&[]), None);
    }

    #[test]
    fn over_places_it_is_exact_for_a_parabola() {
        let places = [0.0, 1.0, 3.0, 4.0, 8.0];
        let values = places.map(|place| place * place);
        let slopes = over(&places, &values).unwrap_or_default();
        // Twice the place, and the secants at the ends.
        let expected = [1.0, 2.0, 6.0, 8.0, 12.0];
        assert_eq!(slopes.len(), expected.len());
        for (found, expected) in slopes.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
        assert_eq!(over(&[1.0], &[1.0]), None);
        assert_eq!(over(&[], &[]), None);
    }

    #[test]
    fn the_first_nan_wins() {
        assert_eq!(argmin(&[2.0, 1.0, 1.0, 3.0]), Some(1));
        assert_eq!(argmin(&[2.0, f64::NAN, 1.0, f64::NAN]), Some(1));
        assert_eq!(argmin(&[f64::INFINITY; 2]), Some(0));
        assert_eq!(argmin(&[]), None);
    }
}
