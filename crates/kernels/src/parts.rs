//! Vectors whose parts are computed in parallel.

use rayon::prelude::*;

use crate::real::Real;

/// Numbers of a part that is written more than once, at least by the zeros: so few that they are still in the cache that is
/// nearest to the thread. Where each number is computed on its own, this is how many a thread takes at a time.
pub(crate) const NEAR: usize = 1 << 12;

/// Planes of so many pixels that a thread takes at a time: about [`NEAR`] numbers, and at least one plane.
pub(crate) fn planes_of_part(pixels: usize) -> usize {
    (NEAR / pixels.max(1)).max(1)
}

/// Makes a vector of `length` numbers out of parts of `size` numbers (the last may be shorter), each of which `fill`
/// computes from its index, on any of rayon's threads. A part is zero before.
///
/// ```
/// let squares = kernels::in_parts(5, 2, |part, values: &mut [usize]| {
///     for (value, number) in values.iter_mut().zip(2 * part..) {
///         *value = number * number;
///     }
/// });
/// assert_eq!(squares, [0, 1, 4, 9, 16]);
/// ```
///
/// Parts are set to zero one by one, each by the thread that then fills it, while it is in that thread's cache: for
/// large vectors this saves a pass over the memory, and its page faults are spread over the threads. The zeros of parts of
/// 16 KiB cost nothing beside what is written over them; those of parts of 100 KiB half as much again.
pub fn in_parts<T: Copy + Default + Send>(
    length: usize,
    size: usize,
    fill: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<T> {
    let count = length.div_ceil(size.max(1));
    in_parts_beside(
        length,
        size,
        rayon::iter::repeat_n((), count),
        |index, part, ()| fill(index, part),
    )
}

/// As [`in_parts`]; to each part belongs an item of `beside`, which is filled along.
pub(crate) fn in_parts_beside<T: Copy + Default + Send, I: IndexedParallelIterator>(
    length: usize,
    size: usize,
    beside: I,
    fill: impl Fn(usize, &mut [T], I::Item) + Sync,
) -> Vec<T> {
    let mut values = Vec::<T>::with_capacity(length);
    let parts = values.spare_capacity_mut()[..length].par_chunks_mut(size.max(1));
    assert_eq!(parts.len(), beside.len());
    parts
        .zip(beside)
        .enumerate()
        .for_each(|(index, (part, item))| {
            for value in part.iter_mut() {
                value.write(T::default());
            }
            #[allow(unsafe_code, reason = "the standard library has no safe way to say so")]
            // SAFETY: every value of the part was written in the loop above.
            let part = unsafe { part.assume_init_mut() };
            fill(index, part, item);
        });
    #[allow(unsafe_code, reason = "the standard library has no safe way to say so")]
    // SAFETY: the capacity is at least `length`, and the parts, all of which have been written, are all of it.
    unsafe {
        values.set_len(length);
    }
    values
}

/// The sum of `count` vectors of `length` numbers, each of which `fill` adds to from its index; added in their order,
/// whatever the number of threads.
pub(crate) fn sum_of_parts<F: Real>(
    count: usize,
    length: usize,
    fill: impl Fn(usize, &mut [F]) + Sync,
) -> Vec<F> {
    let mut parts = in_parts(count * length, length, fill);
    let (sum, others) = parts.split_at_mut(length.min(count * length));
    if length > 0 {
        for other in others.chunks_exact(length) {
            for (sum, other) in sum.iter_mut().zip(other) {
                *sum += *other;
            }
        }
    }
    parts.resize(length, F::ZERO);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_filled_and_the_last_may_be_shorter() {
        let filled = in_parts(7, 3, |index, part: &mut [f32]| {
            assert!(part.iter().all(|value| *value == 0.0));
            part.fill(index as f32 + 1.0);
        });
        assert_eq!(filled, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0]);
        assert!(in_parts(0, 3, |_, _: &mut [f64]| ()).is_empty());
    }

    #[test]
    fn parts_are_summed() {
        let sum = sum_of_parts(3, 2, |index, part: &mut [f64]| {
            part[0] += index as f64;
            part[1] += 1.0;
        });
        assert_eq!(sum, [3.0, 3.0]);
        assert_eq!(sum_of_parts(0, 2, |_, _: &mut [f64]| ()), [0.0, 0.0]);
    }
}
