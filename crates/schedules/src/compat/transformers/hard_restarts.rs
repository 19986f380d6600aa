//! transformers' cosine with restarts.

use crate::curve::half_cosine;
use crate::{Fingerprint, Schedule};

/// Cosines of equal length after their warm-up, and 0 when the run is over.
///
/// ```text
/// factor(t) = ½ (1 + cos(π · (num_cycles · t / length mod 1)))    while t < length, then 0
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HardRestarts {
    /// The length of the cycles together, at least 1.
    pub(super) length: u64,
    pub(super) num_cycles: f64,
}

impl Schedule for HardRestarts {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let progress = time.max(0.0) / self.length as f64;
        if progress >= 1.0 {
            return 0.0;
        }
        let passed = (self.num_cycles * progress) % 1.0;
        half_cosine(passed).max(0.0)
    }

    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("transformers_cosine_with_restarts")
            .count(self.length)
            .number(self.num_cycles)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cycle_is_as_long() {
        let restarts = |num_cycles| {
            let length = 4;
            HardRestarts { length, num_cycles }
        };
        let factors = |num_cycles| {
            let found = [0, 1, 2, 3, 4, 5].map(|update| restarts(num_cycles).factor(update));
            found.map(|factor| (factor * 1e12).round() / 1e12)
        };
        assert_eq!(factors(2.0), [1.0, 0.5, 1.0, 0.5, 0.0, 0.0]);
        assert_eq!(factors(1.0)[2..], [0.5, 0.146_446_609_407, 0.0, 0.0]);
        for time in [f64::NAN, -1.0, 3.999, f64::INFINITY] {
            assert!((0.0..=1.0).contains(&restarts(1e18).factor_at(time)));
        }
    }
}
