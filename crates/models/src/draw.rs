//! Masks are drawn on the host, from one number an update.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// The stream of one place in the network, at one update.
///
/// The bits are the keystream of ChaCha8, keyed by the update's number and the place, so that what one place draws
/// does not depend on how much another one drew.
pub(crate) struct Draw {
    keystream: ChaCha8Rng,
}

impl Draw {
    /// Opens the stream of `place` for the update whose number is `draw`.
    pub(crate) fn new(draw: u64, place: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&draw.to_le_bytes());
        key[8..16].copy_from_slice(&place.to_le_bytes());
        Self {
            keystream: ChaCha8Rng::from_seed(key),
        }
    }

    /// Whether something happens that has this `probability`, to a multiple of 2^-32.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        f64::from(self.keystream.next_u32()) < probability * 2.0_f64.powi(32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(draw: u64, place: u64) -> Vec<bool> {
        let mut stream = Draw::new(draw, place);
        (0..64).map(|_| stream.happens(0.5)).collect()
    }

    #[test]
    fn a_stream_depends_on_the_update_and_the_place_alone() {
        assert_eq!(drawn(7, 1), drawn(7, 1));
        assert_ne!(drawn(7, 1), drawn(8, 1));
        assert_ne!(drawn(7, 1), drawn(7, 2));
        assert_ne!(drawn(1, 7), drawn(7, 1));
    }

    #[test]
    fn probabilities_are_kept() {
        let mut stream = Draw::new(3, 0);
        let count = (0..100_000).filter(|_| stream.happens(0.3)).count();
        // Five standard deviations.
        assert!(count.abs_diff(30_000) < 725, "{count}");
        assert!((0..1000).all(|_| !stream.happens(0.0)));
    }
}
