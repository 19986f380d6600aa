//! A part of a curve: where it is, how it moves, and how much of that is noise.

/// Values at growing places. The place of a loss is the sum of the learning rates before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Stretch {
    pub(super) places: Vec<f64>,
    pub(super) values: Vec<f64>,
}

impl Stretch {
    pub(super) fn push(&mut self, place: f64, value: f64) {
        self.places.push(place);
        self.values.push(value);
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The median of the last `count` values.
    pub(super) fn end(&self, count: usize) -> Option<f64> {
        let from = self.len().saturating_sub(count);
        median(&self.values[from..])
    }

    /// The median of the three values around `place`.
    pub(super) fn at(&self, place: f64) -> Option<f64> {
        let nearest = self.places.partition_point(|other| *other < place);
        let from = nearest.saturating_sub(1);
        let until = (from + 3).min(self.len());
        median(&self.values[until.saturating_sub(3)..until])
    }

    /// The standard deviation of a value around the straight line through its neighbours, as the median of the second
    /// differences gives it, over the last half.
    pub(super) fn noise(&self) -> Option<f64> {
        let half = &self.values[self.len() / 2..];
        let bends: Vec<f64> = half
            .windows(3)
            .map(|three| (three[0] - 2.0 * three[1] + three[2]).abs())
            .collect();
        median(&bends).map(|bend| NORMAL * bend / 6.0_f64.sqrt())
    }
}

/// What a median of absolute values must be multiplied by to be the standard deviation of a normal distribution.
const NORMAL: f64 = 1.4826;

/// The middle value, or the mean of the middle two; nothing of nothing.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some(0.5 * sorted[middle - 1] + 0.5 * sorted[middle]),
    }
}

/// The mean; nothing of nothing.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(values: &[f64]) -> Stretch {
        Stretch {
            places: (0..values.len()).map(|place| place as f64).collect(),
            values: values.to_vec(),
        }
    }

    #[test]
    fn a_median_is_the_middle_of_the_sorted_values() {
        assert_eq!(median(&[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[5.0, 1.0, 3.0, 100.0]), Some(4.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_straight_line_has_no_noise_and_a_zigzag_has() {
        let line: Vec<f64> = (0..20).map(f64::from).collect();
        assert_eq!(stretch(&line).noise(), Some(0.0));
        // Second differences of a zigzag of height 1 are 2.
        let zigzag: Vec<f64> = (0..20).map(|place| f64::from(place % 2)).collect();
        let noise = stretch(&zigzag).noise().unwrap_or_default();
        assert!((noise - 1.4826 * 2.0 / 6.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(stretch(&[1.0, 2.0]).noise(), None);
    }

    #[test]
    fn a_level_is_that_of_three_neighbours() {
        let stretch = stretch(&[9.0, 7.0, 5.0, 3.0, 1.0]);
        assert_eq!(stretch.at(0.0), Some(7.0));
        assert_eq!(stretch.at(2.0), Some(5.0));
        assert_eq!(stretch.at(9.0), Some(3.0));
        assert_eq!(stretch.end(3), Some(3.0));
        assert_eq!(stretch.end(1), Some(1.0));
    }
}
