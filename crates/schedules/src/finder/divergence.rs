//! When a sweep has gone too far.

use super::noise::Noise;

/// Losses before the rule is asked: fewer do not tell noise from a rise.
const WAIT: usize = 10;
/// A few times what `f32`, in which most losses are computed, rounds away.
const RESOLUTION: f64 = 1e-6;

/// Where a sweep was stopped, or would have been.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stop {
    /// The place in the curve of the update that stopped it, which is recorded too.
    pub index: usize,
    /// Why it stopped.
    pub reason: StopReason,
}

/// Why a sweep was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// The loss is NaN or infinite.
    NotFinite,
    /// The loss rose too far above its best.
    Diverged,
}

/// The rule for losses that are numbers; its formula is in the docs of [`Finder`](super::Finder).
///
/// It compares differences with differences, so a loss below 0 is like any other, and neither a shift nor a scale of
/// the loss changes its answer, down to the resolution of a loss.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Divergence {
    first: Option<f64>,
    best: f64,
    noise: Noise,
    count: usize,
}

impl Divergence {
    pub(crate) fn new() -> Self {
        Self {
            first: None,
            best: f64::INFINITY,
            noise: Noise::default(),
            count: 0,
        }
    }

    /// Takes a loss in and says whether it has diverged.
    pub(crate) fn push(&mut self, loss: f64, smoothed: f64, factor: f64) -> bool {
        let first = *self.first.get_or_insert(smoothed);
        self.best = self.best.min(smoothed);
        self.noise.push(loss);
        self.count += 1;
        let unit = (first - self.best)
            .max(4.0 * self.noise.level())
            .max(RESOLUTION * first.abs());
        self.count > WAIT && smoothed - self.best > factor * unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The index at which unsmoothed losses diverge.
    fn stops(factor: f64, losses: impl IntoIterator<Item = f64>) -> Option<usize> {
        let mut rule = Divergence::new();
        losses
            .into_iter()
            .position(|loss| rule.push(loss, loss, factor))
    }

    /// From 12 down to 2 in ten steps, then up in steps of one half.
    fn valley() -> impl Iterator<Item = f64> + Clone {
        let down = (2..=12).rev().map(f64::from);
        down.chain((1..).map(|step| 2.0 + 0.5 * f64::from(step)))
    }

    #[test]
    fn it_compares_the_rise_with_the_fall() {
        // The fall is 10 and the best is at index 10: the rise exceeds 1 · 10 at 2 + 0.5 · 21.
        assert_eq!(stops(1.0, valley()), Some(31));
        assert_eq!(stops(2.0, valley()), Some(51));
    }

    #[test]
    fn neither_shift_nor_scale_matters() {
        for (scale, shift) in [(1.0, -100.0), (1e-6, -1.0), (1e6, 3.0)] {
            let losses = valley().map(|loss| scale * loss + shift);
            assert_eq!(stops(1.9999, losses), Some(50), "{scale} {shift}");
        }
    }

    #[test]
    fn without_a_fall_it_compares_with_the_noise() {
        // Every step is 1, so the rise must exceed 2 · 4 · 1.
        let zigzag = (0..100).map(|index| f64::from(index % 2));
        assert_eq!(stops(2.0, zigzag.clone()), None);
        assert_eq!(stops(2.0, zigzag.clone().chain([8.0])), None);
        assert_eq!(stops(2.0, zigzag.chain([8.1])), Some(100));
    }

    #[test]
    fn a_rise_within_rounding_is_none() {
        let rise = |last: f64| (0..20).map(|_| -4.0).chain([-4.0 + last]);
        assert_eq!(stops(2.0, rise(7.9e-6)), None);
        assert_eq!(stops(2.0, rise(8.1e-6)), Some(20));
    }

    #[test]
    fn it_waits_until_it_knows_the_noise() {
        let jump = |at: usize| (0..at).map(|_| 1.0).chain([50.0]);
        assert_eq!(stops(2.0, jump(9)), None);
        assert_eq!(stops(2.0, jump(10)), Some(10));
    }

    #[test]
    fn a_constant_never_diverges() {
        assert_eq!(stops(0.0, [0.1; 1_000]), None);
    }
}
