//! In which order an epoch takes its rows, and how many batches that makes.

use crate::random::{Purpose, Random};

/// The order in which an epoch takes the positions `0..len` of the training part; batches are consecutive runs of it.
///
/// Shuffled, it depends on `seed`, `epoch` (counted from 0) and `len`, and on nothing that happened before, so a
/// resumed run finds the same order. Otherwise it is `0, 1, 2, …`.
///
/// ```
/// # use trainer::data::batch_order;
/// assert_eq!(batch_order(1, 0, 4, false), [0, 1, 2, 3]);
/// assert_eq!(batch_order(1, 0, 10, true), [2, 4, 8, 1, 3, 7, 6, 9, 0, 5]);
/// ```
pub fn batch_order(seed: u64, epoch: u64, len: usize, shuffle: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    if shuffle {
        Random::new(seed, Purpose::Shuffle, epoch, 0).shuffle(&mut order);
    }
    order
}

/// How many batches of `batch_size` an epoch over `len` rows has; a last one that is not full counts unless
/// `drop_last`.
///
/// 0 if there is no row, or if there are fewer than a batch and the last one is dropped.
///
/// # Panics
///
/// If `batch_size` is 0.
///
/// ```
/// # use trainer::data::batches_per_epoch;
/// assert_eq!(batches_per_epoch(1437, 64, true), 22);
/// assert_eq!(batches_per_epoch(1437, 64, false), 23);
/// ```
pub fn batches_per_epoch(len: usize, batch_size: usize, drop_last: bool) -> u64 {
    let batches = if drop_last {
        len / batch_size
    } else {
        len.div_ceil(batch_size)
    };
    batches as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_takes_every_position_once() {
        for (len, shuffle) in [(0, true), (1, true), (1000, true), (1000, false)] {
            let mut order = batch_order(7, 3, len, shuffle);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..len));
        }
    }

    #[test]
    fn a_shuffled_order_follows_seed_and_epoch_and_an_unshuffled_one_does_not() {
        let order = |seed, epoch| batch_order(seed, epoch, 100, true);
        assert_eq!(order(1, 5), order(1, 5));
        assert_ne!(order(1, 5), order(1, 6));
        assert_ne!(order(1, 5), order(2, 5));
        assert_eq!(batch_order(1, 5, 9, false), batch_order(2, 6, 9, false));
    }

    #[test]
    fn batches_are_as_many_as_the_chunks_of_an_order() {
        for len in [0, 1, 63, 64, 65, 128, 1437] {
            for batch_size in [1, 64, 1000] {
                let order = batch_order(0, 0, len, false);
                let full = order.chunks_exact(batch_size).count() as u64;
                let all = order.chunks(batch_size).count() as u64;
                assert_eq!(batches_per_epoch(len, batch_size, true), full);
                assert_eq!(batches_per_epoch(len, batch_size, false), all);
            }
        }
    }
}
