//! transformers' cosines.

use std::f64::consts::PI;

use crate::{Fingerprint, Schedule};

/// A cosine after its warm-up, which goes on when the run is over.
///
/// ```text
/// factor(t) = floor + (1 - floor) · ½ (1 + cos(2 π · num_cycles · (t + shift) / length))
/// ```
///
/// With half a cycle it is at its floor at `length`, and climbs again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ClimbingCosine {
    /// The length of the cycles together, above 0.
    pub(super) length: f64,
    pub(super) num_cycles: f64,
    pub(super) floor: f64,
    /// How many updates it is ahead.
    pub(super) shift: f64,
}

impl Schedule for ClimbingCosine {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        // Not a clamp, which would leave NaN.
        let from_zero = time.max(0.0);
        let progress = (from_zero.min(f64::MAX) + self.shift) / self.length;
        let cosine = 0.5 * (1.0 + (PI * self.num_cycles * 2.0 * progress).cos());
        // A time of infinity has no cosine.
        (cosine * (1.0 - self.floor) + self.floor).max(0.0)
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of("transformers_cosine")
            .number(self.length)
            .number(self.num_cycles)
            .number(self.floor)
            .number(self.shift)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: ClimbingCosine = ClimbingCosine {
        length: 2.0,
        num_cycles: 0.5,
        floor: 0.5,
        shift: 0.0,
    };

    fn close(cosine: ClimbingCosine, expected: [f64; 5]) -> bool {
        let mut pairs = (0..).zip(expected);
        pairs.all(|(update, expected)| (cosine.factor(update) - expected).abs() < 1e-15)
    }

    #[test]
    fn it_climbs_again() {
        assert!(close(HALF, [1.0, 0.75, 0.5, 0.75, 1.0]));
        let floor = 0.0;
        assert!(close(
            ClimbingCosine { floor, ..HALF },
            [1.0, 0.5, 0.0, 0.5, 1.0]
        ));
        let shift = 1.0;
        assert!(close(
            ClimbingCosine { shift, ..HALF },
            [0.75, 0.5, 0.75, 1.0, 0.75]
        ));
        let num_cycles = 1.0;
        assert!(close(
            ClimbingCosine { num_cycles, ..HALF },
            [1.0, 0.5, 1.0, 0.5, 1.0]
        ));
    }

    #[test]
    fn any_time_has_a_factor() {
        for time in [f64::NAN, -1.0, 0.5, 1e300, f64::INFINITY] {
            let num_cycles = 1e18;
            for cosine in [HALF, ClimbingCosine { num_cycles, ..HALF }] {
                assert!((0.0..=1.0).contains(&cosine.factor_at(time)), "{time}");
            }
        }
    }
}
