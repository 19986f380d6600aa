//! The loops over the terms of a tile of sums.
#![allow(
    unsafe_code,
    reason = "instructions that not every processor has, and pointers that are not checked in each step"
)]

use crate::lanes::Lanes;
use crate::tiles::RawTerms;

/// # Safety
/// As [`Lanes`]; `weights` are `C` for each offset, `image` has `V` registers of values at each, `tile` is `C` rows of `V`
/// registers.
#[inline(always)]
pub(super) unsafe fn convolve<L: Lanes, const C: usize, const V: usize>(
    weights: *const L::Number,
    image: *const L::Number,
    offsets: &[usize],
    tile: *mut L::Number,
    zero: L::Number,
) {
    // SAFETY: the caller's promises are those that are needed.
    unsafe {
        let mut sums = [[L::splat(zero); V]; C];
        let mut weights = weights;
        for offset in offsets {
            let pixels: [L; V] = std::array::from_fn(|v| L::load(image.add(offset + v * L::COUNT)));
            for (c, sums) in sums.iter_mut().enumerate() {
                let weight = L::splat(*weights.add(c));
                for (sum, pixels) in sums.iter_mut().zip(pixels) {
                    *sum = weight.multiply_add(pixels, *sum);
                }
            }
            weights = weights.add(C);
        }
        for (c, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                sum.store(tile.add((c * V + v) * L::COUNT));
            }
        }
    }
}

/// # Safety
/// As [`Lanes`] and [`Product::add`](super::Product::add).
#[inline(always)]
pub(super) unsafe fn add_product<L: Lanes, const R: usize, const V: usize>(
    terms: RawTerms<L::Number>,
    starts: *const usize,
    sum: *mut L::Number,
    sum_step: usize,
    zero: L::Number,
) {
    // SAFETY: the caller's promises are those that are needed.
    unsafe {
        let starts: [usize; R] = std::array::from_fn(|r| *starts.add(r));
        let mut sums = [[L::splat(zero); V]; R];
        let mut right = terms.right;
        for line in 0..terms.lines {
            let left = terms.left.add(line * terms.left_step);
            for place in 0..terms.length {
                let factors: [L; V] = std::array::from_fn(|v| L::load(right.add(v * L::COUNT)));
                let left = left.add(place);
                for (start, sums) in starts.iter().zip(&mut sums) {
                    let value = L::splat(*left.add(*start));
                    for (sum, factor) in sums.iter_mut().zip(factors) {
                        *sum = value.multiply_add(factor, *sum);
                    }
                }
                right = right.add(terms.right_step);
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (v, more) in sums.iter().enumerate() {
                let place = sum.add(r * sum_step + v * L::COUNT);
                L::load(place).add(*more).store(place);
            }
        }
    }
}
