//! How the best peak learning rate grows with the batch size.

use serde::Serialize;

use super::Records;
use super::statistics::{Estimate, Slope};

/// The best peaks of one strategy at several batch sizes, and the power law through them.
///
/// ```text
/// best peak = constant · batch size ^ exponent
/// ```
///
/// Each tuning seed has a best peak of its own: the vertex of the parabola through the logarithms of its lowest loss and
/// those of the peaks on either side. The law is fitted to the mean logarithms, one for each batch size, so that the
/// interval rests on how well they lie on a line and not on how many seeds there were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ridge {
    /// The batch sizes, rising, with their best peaks.
    pub tops: Vec<Top>,
    /// The exponent: 1 is the linear rule, 0.5 that of the square root.
    pub exponent: f64,
    /// Half the width of its 95 % interval; nothing where there are only two batch sizes.
    pub half_width: Option<f64>,
}

/// The best peak at a batch size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Top {
    /// Images an update.
    pub batch_size: usize,
    /// The geometric mean of the seeds' best peaks.
    pub peak: f64,
    /// Its 95 % interval; nothing for a single seed.
    pub interval: Option<(f64, f64)>,
}

/// A law needs more than a pair of points.
const LEAST: usize = 3;

impl Ridge {
    /// The ridge of the strategies of a condition; nothing unless each was tuned at a batch size of its own, and there are
    /// at least three.
    pub(super) fn of(records: &[Records]) -> Option<Self> {
        let mut tops = records.iter().map(Top::of).collect::<Option<Vec<_>>>()?;
        tops.sort_by_key(|top| top.batch_size);
        let distinct = tops
            .windows(2)
            .all(|pair| pair[0].batch_size != pair[1].batch_size);
        if !distinct || tops.len() < LEAST {
            return None;
        }
        let points: Vec<(f64, f64)> = tops
            .iter()
            .map(|top| ((top.batch_size as f64).ln(), top.peak.ln()))
            .collect();
        let slope = Slope::of(&points)?;
        Some(Self {
            tops,
            exponent: slope.slope,
            half_width: slope.half_width,
        })
    }
}

impl Top {
    fn of(records: &Records) -> Option<Self> {
        let seeds = records.tuning.iter().map(|(_, runs)| runs.len()).min()?;
        let best: Vec<f64> = (0..seeds).filter_map(|seed| best(records, seed)).collect();
        let mean = Estimate::of(&best)?;
        let interval = mean.half_width.map(|half_width| {
            let (low, high) = (mean.mean - half_width, mean.mean + half_width);
            (low.exp(), high.exp())
        });
        Some(Self {
            batch_size: records.batch_size,
            peak: mean.mean.exp(),
            interval,
        })
    }
}

/// The logarithm of the best peak of one seed; nothing if it trained at none.
fn best(records: &Records, seed: usize) -> Option<f64> {
    let point = |place: usize| {
        let (peak, runs) = records.tuning.get(place)?;
        let run = runs.get(seed).filter(|run| run.is_trained())?;
        Some((peak.ln(), run.validation?.loss.ln()))
    };
    let places = (0..records.tuning.len()).filter(|place| point(*place).is_some());
    let lowest = places.min_by(|left, right| {
        let loss = |place: &usize| point(*place).map_or(f64::INFINITY, |(_, loss)| loss);
        loss(left).total_cmp(&loss(right))
    })?;
    let middle = point(lowest)?;
    let sides = lowest.checked_sub(1).and_then(point).zip(point(lowest + 1));
    Some(sides.map_or(middle.0, |(left, right)| vertex(left, middle, right)))
}

/// Where the parabola through three points, the middle one the lowest, has its vertex.
fn vertex(left: (f64, f64), middle: (f64, f64), right: (f64, f64)) -> f64 {
    let (before, after) = (middle.0 - left.0, right.0 - middle.0);
    // How much higher it is on either side, for its distance.
    let (fall, rise) = ((left.1 - middle.1) / before, (right.1 - middle.1) / after);
    let bend = fall + rise;
    if bend > 0.0 {
        // The slopes halfway to either side are -fall and rise; between them the slope is linear.
        let (from, to) = (middle.0 - before / 2.0, middle.0 + after / 2.0);
        from + (to - from) * fall / bend
    } else {
        middle.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::records::runs;
    use super::*;

    /// Losses along a parabola in the logarithms, whose lowest point is at `best`.
    fn records(batch_size: usize, best: [f64; 2]) -> Records {
        let mut records = Records::made("a", &format!("batches of {batch_size}"), &[0.1]);
        let grid = (-8..=8).map(|place| 0.1 * 2_f64.powi(place));
        let loss = |peak: f64, best: f64| 0.01 * (0.3 * (peak / best).ln().powi(2)).exp();
        records.batch_size = batch_size;
        records.tuning = grid
            .map(|peak| (peak, runs(&best.map(|best| loss(peak, best)))))
            .collect();
        records
    }

    #[test]
    fn a_power_law_is_found_between_the_peaks_of_the_grid() {
        let law = |batch_size: usize| 0.013 * (batch_size as f64).powf(0.7);
        let sizes = [512, 16, 64, 128];
        let ridge = Ridge::of(&sizes.map(|size| records(size, [law(size); 2]))).unwrap();
        assert!((ridge.exponent - 0.7).abs() < 1e-9, "{ridge:?}");
        assert!(ridge.half_width.unwrap() < 1e-9, "{ridge:?}");
        let found: Vec<usize> = ridge.tops.iter().map(|top| top.batch_size).collect();
        assert_eq!(found, [16, 64, 128, 512]);
        assert!((ridge.tops[1].peak / law(64) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn seeds_that_differ_have_an_interval_and_a_geometric_mean() {
        let top = Top::of(&records(64, [0.1, 0.4])).unwrap();
        assert!((top.peak - 0.2).abs() < 1e-9, "{top:?}");
        let (low, high) = top.interval.unwrap();
        assert!(low < 0.1 && high > 0.4 && (low * high - 0.04).abs() < 1e-9);
    }

    #[test]
    fn a_best_peak_beside_runs_that_failed_is_that_of_the_grid() {
        let mut at_edge = records(64, [0.1; 2]);
        at_edge.tuning.truncate(6);
        let largest = at_edge.tuning[5].0;
        assert!((Top::of(&at_edge).unwrap().peak / largest - 1.0).abs() < 1e-12);
        at_edge.tuning.push((largest * 2.0, runs(&[f64::NAN; 2])));
        assert!((Top::of(&at_edge).unwrap().peak / largest - 1.0).abs() < 1e-12);
    }

    #[test]
    fn without_three_batch_sizes_that_were_tuned_there_is_no_ridge() {
        let sizes = |sizes: &[usize]| -> Vec<Records> {
            sizes.iter().map(|size| records(*size, [0.1; 2])).collect()
        };
        assert_eq!(Ridge::of(&sizes(&[16, 32])), None);
        assert_eq!(Ridge::of(&sizes(&[16, 32, 32])), None);
        let mut given = sizes(&[16, 32, 64]);
        assert!(Ridge::of(&given).is_some());
        given[0].tuning.clear();
        assert_eq!(Ridge::of(&given), None);
    }
}
