//! Curves whose suggestions can be worked out by hand: four points a decade, without smoothing.

use super::{Curve, Finder};

/// Four learning rates a decade, from 1e-6.
pub(crate) fn rates() -> impl Iterator<Item = f64> {
    (0..).map(|index| 1e-6 * 10f64.powf(f64::from(index) / 4.0))
}

/// The curve of these losses.
pub(crate) fn record(losses: &[f64]) -> Curve {
    Finder::new()
        .beta(0.0)
        .record(rates().zip(losses.iter().copied()))
}

/// Flat up to point 20, lowest at point 33, diverged at point 35.
pub(crate) fn curve() -> Curve {
    let mut losses = vec![80.0; 21];
    for drop in [2, 4, 6, 8, 10, 12, 10, 8, 6, 4, 2, 1, 1] {
        losses.push(losses[losses.len() - 1] - f64::from(drop));
    }
    losses.extend([40.0, 600.0, 700.0]);
    record(&losses)
}
