//! The one source of chance: a counter-based generator.
//!
//! A draw depends on what it is for and when it is made, never on how many draws came before it in the run. That is
//! what lets a resumed run repeat the uninterrupted one: nothing has to be saved, and nothing replayed.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// What a draw is for. Two purposes never share a value, whatever the seed.
///
/// The numbers are part of every run that was ever made: a new purpose takes the next one, and none is given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Which rows of a data set without a test set of its own are its test set.
    TestSplit = 0,
    /// Which training rows are set aside for validation.
    ValidationSplit = 1,
    /// The initial weights of a model.
    Weights = 2,
    /// The order of the training rows in an epoch.
    Shuffle = 3,
    /// What dropout and stochastic depth leave out of an update.
    Masks = 4,
    /// How a training image is changed.
    Augment = 5,
    /// Images that stand for any others in a measurement.
    Synthetic = 6,
    /// Which training labels are wrong on purpose, and what they say instead.
    LabelNoise = 7,
}

/// A stream of random values for one purpose, at one place of a run.
///
/// The bits are the keystream of ChaCha8, keyed by `(seed, purpose, epoch, update)`, four little-endian `u64`. What
/// is made of them (integers in a range, reals, permutations) is computed here and not by a dependency, so that the
/// same seed gives the same run under every version of every crate.
///
/// ```
/// # use trainer::random::{Purpose, Random};
/// let mut first = Random::new(1, Purpose::Shuffle, 0, 0);
/// let mut again = Random::new(1, Purpose::Shuffle, 0, 0);
/// let mut next_epoch = Random::new(1, Purpose::Shuffle, 1, 0);
/// let value = first.next_u64();
/// assert_eq!(value, again.next_u64());
/// assert_ne!(value, next_epoch.next_u64());
/// ```
#[derive(Debug)]
pub struct Random {
    keystream: ChaCha8Rng,
}

impl Random {
    /// Opens the stream of `purpose` in a run with `seed`, at `epoch` and `update` (both counted from 0; 0 where the
    /// purpose knows none).
    pub fn new(seed: u64, purpose: Purpose, epoch: u64, update: u64) -> Self {
        let mut key = [0; 32];
        let words = [seed, purpose as u64, epoch, update];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self {
            keystream: ChaCha8Rng::from_seed(key),
        }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        // Two words in a fixed order, because how a generator joins words is its own affair and may change.
        let low = u64::from(self.keystream.next_u32());
        let high = u64::from(self.keystream.next_u32());
        high << 32 | low
    }

    /// An integer from 0 up to, but without, `bound`, each equally likely (Lemire 2019, "Fast random integer
    /// generation in an interval").
    ///
    /// # Panics
    ///
    /// If `bound` is 0, since no integer lies below it.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "no integer lies below 0");
        // 2^64 mod bound: products whose low half lies below it would favour some results, so they are drawn again.
        let unfair = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            if product as u64 >= unfair {
                return (product >> 64) as u64;
            }
        }
    }

    /// A real from 0 up to, but without, 1: a multiple of 2^-53, each equally likely.
    pub fn unit_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A real between `low` and `high`: `low + (high - low) * unit_f64()`, which rounding may lift to `high` itself.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit_f64()
    }

    /// Puts `items` into a random order, each order equally likely (Fisher and Yates, from the last item down).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let chosen = self.below(last as u64 + 1) as usize;
            items.swap(chosen, last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected values come from a separate implementation of ChaCha8 and of the arithmetic, in Python.

    #[test]
    fn the_keystream_of_the_zero_key_is_the_published_one() {
        // eSTREAM's test vector TC1 for ChaCha8 with 256 bits: key and nonce all zero.
        let published = "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e\
                         984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42";
        let mut random = Random::new(0, Purpose::TestSplit, 0, 0);
        let drawn: String = (0..8)
            .flat_map(|_| random.next_u64().to_le_bytes())
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(drawn, published);
    }

    #[test]
    fn the_key_is_seed_purpose_epoch_update_in_this_order() {
        let mut random = Random::new(1, Purpose::Shuffle, 2, 7);
        let drawn: Vec<u64> = (0..33).map(|_| random.next_u64()).collect();
        assert_eq!(
            drawn[..4],
            [
                0xfdaf_f78a_d64c_e80b,
                0x17d1_bcb2_a496_3b6a,
                0xe70f_e238_2a8d_b30d,
                0x4461_2bf7_c519_476d
            ]
        );
        // Past one block of 64 bytes, and past the four that the dependency makes at a time.
        assert_eq!(drawn[8], 0x4b23_b942_88ef_6145);
        assert_eq!(drawn[32], 0x88fd_8a95_ab32_019e);
    }

    #[test]
    fn integers_reals_and_orders_are_pinned() {
        let weights = || Random::new(1, Purpose::Weights, 0, 0);
        let mut random = weights();
        assert_eq!(
            [(); 3].map(|()| random.unit_f64()),
            [0.32974949809459964, 0.2765173344564946, 0.4777702592979496]
        );
        let mut random = weights();
        assert_eq!(
            [(); 10].map(|()| random.below(10)),
            [3, 2, 4, 2, 0, 0, 2, 0, 1, 1]
        );
        // A bound at which almost every second draw is rejected.
        let mut random = weights();
        assert_eq!(
            [(); 6].map(|()| random.below((1 << 63) + 1)),
            [
                2550422250331653018,
                2207363075990643208,
                140003461751017782,
                361957912488479333,
                1980071307104048147,
                3317682044954779401
            ]
        );
        let order = |epoch| {
            let mut items: Vec<u32> = (0..10).collect();
            Random::new(1, Purpose::Shuffle, epoch, 0).shuffle(&mut items);
            items
        };
        assert_eq!(order(0), [2, 4, 8, 1, 3, 7, 6, 9, 0, 5]);
        assert_eq!(order(1), [5, 9, 4, 2, 8, 0, 1, 3, 7, 6]);
    }

    #[test]
    fn values_stay_in_their_range_and_fill_it() {
        let mut random = Random::new(5, Purpose::Weights, 0, 0);
        let mut counts = [0_u32; 7];
        let mut sum = 0.0;
        for _ in 0..70_000 {
            counts[random.below(7) as usize] += 1;
            let value = random.uniform(-0.5, 1.5);
            assert!((-0.5..1.5).contains(&value));
            sum += value;
        }
        // Five standard deviations: 10,000 ± 5 × 92.6, and a mean of 0.5 ± 5 × 0.00218.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 463));
        assert!((sum / 70_000.0 - 0.5).abs() < 0.011);
    }

    #[test]
    #[should_panic(expected = "no integer lies below 0")]
    fn a_bound_of_zero_is_refused() {
        Random::new(0, Purpose::Weights, 0, 0).below(0);
    }
}
