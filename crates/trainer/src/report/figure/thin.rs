//! Fewer points that draw the same picture.

use super::Point;

/// A curve of many points is cut into so many stretches, each narrower than two of the picture's dots.
const STRETCHES: usize = 320;

/// The first, the lowest, the highest and the last point of each stretch, and the first whose value is not finite.
///
/// A line through them covers the same dots as a line through all (U. Jugel et al., "M4: A Visualization-Oriented Time
/// Series Data Aggregation", VLDB 2014). Few points stay as they are.
pub(super) fn thin(points: &[Point]) -> Vec<Point> {
    if points.len() <= 4 * STRETCHES {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(4 * STRETCHES);
    for stretch in 0..STRETCHES {
        let bounds = [stretch, stretch + 1].map(|index| index * points.len() / STRETCHES);
        let stretch = &points[bounds[0]..bounds[1]];
        let finite = || (0..stretch.len()).filter(|index| stretch[*index].y.is_finite());
        let by_value = |left: &usize, right: &usize| stretch[*left].y.total_cmp(&stretch[*right].y);
        let lost = (0..stretch.len()).find(|index| !stretch[*index].y.is_finite());
        let ends = [Some(0), Some(stretch.len() - 1)];
        let extremes = [finite().min_by(by_value), finite().max_by(by_value), lost];
        let mut indices: Vec<usize> = ends.into_iter().chain(extremes).flatten().collect();
        indices.sort_unstable();
        indices.dedup();
        kept.extend(indices.into_iter().map(|index| stretch[index]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: impl Iterator<Item = f64>) -> Vec<Point> {
        let points = values.enumerate();
        points
            .map(|(index, value)| Point::new(index as f64, value))
            .collect()
    }

    #[test]
    fn every_extreme_of_a_long_curve_stays() {
        // A spike of one update, where no even spacing would find it, and a loss that is lost for a while.
        let all = points((0..100_000).map(|update| match update {
            31_459 => 1e6,
            77_777 => -5.0,
            90_001..90_005 => f64::NAN,
            _ => f64::from(update).sin(),
        }));
        let kept = thin(&all);
        assert!(kept.len() <= 5 * STRETCHES, "{}", kept.len());
        let at = |x: f64| kept.iter().any(|point| point.x == x);
        assert!(at(0.0) && at(99_999.0) && at(31_459.0) && at(77_777.0) && at(90_001.0));
        assert!(kept.is_sorted_by(|left, right| left.x < right.x));
        for point in &kept {
            assert_eq!(point.y.to_bits(), all[point.x as usize].y.to_bits());
        }
    }

    #[test]
    fn a_short_curve_stays_whole() {
        let all = points((0..1280).map(f64::from));
        assert_eq!(thin(&all), all);
        assert!(thin(&[]).is_empty());
    }
}
