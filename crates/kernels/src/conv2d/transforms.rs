//! The linear maps of Winograd's convolution, of several tiles at once.
//!
//! ```text
//!       1  0 -1  0
//! Bᵀ =  0  1  1  0     Aᵀ =  1  1  1  0
//!       0 -1  1  0           0  1 -1  1
//!       0 -1  0  1
//! ```
#![allow(
    unsafe_code,
    reason = "instructions that not every processor has, and pointers that are not checked in each step"
)]

use crate::lanes::Lanes;

/// The maps, in the instructions of one kind of processor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transforms<F> {
    /// `Bᵀ d B` of 4x4 pixels of an image.
    pub(crate) of_image: Transform<F>,
    /// `Aᵀ m A`, the 2x2 outputs that 4x4 products make.
    pub(crate) of_products: Transform<F>,
    /// `A y Aᵀ` of the gradient of 2x2 outputs.
    pub(crate) of_gradient: Transform<F>,
}

/// A map of as many numbers as there are places before to as many as there are after, of `lanes` tiles side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transform<F> {
    pub(crate) lanes: usize,
    places: [usize; 2],
    run: Run<F>,
}

type Run<F> = unsafe fn(*const F, *const usize, *mut F, Steps, usize);

/// Distances in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps {
    /// From one map's numbers to the next one's, before and after.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// From one place to the next in what is written.
    pub(crate) place: usize,
}

impl<F: Copy> Transforms<F> {
    /// # Safety
    /// The functions may be called on this processor, and work on registers of `lanes` numbers.
    pub(crate) unsafe fn new(lanes: usize, [image, products, gradient]: [Run<F>; 3]) -> Self {
        let transform = |places, run| Transform { lanes, places, run };
        Self {
            of_image: transform([16, 16], image),
            of_products: transform([16, 4], products),
            of_gradient: transform([4, 16], gradient),
        }
    }
}

impl<F: Copy> Transform<F> {
    /// Maps `count` times: number `n` of a place comes from `from[offsets[place] + n · steps.from]` and goes to
    /// `to[place · steps.place + n · steps.to]`, with the lanes that follow.
    pub(crate) fn run(
        &self,
        from: &[F],
        offsets: &[usize],
        to: &mut [F],
        steps: Steps,
        count: usize,
    ) {
        let [before, after] = self.places;
        let most = offsets.iter().fold(0, |most, offset| most.max(*offset));
        let last = count.saturating_sub(1);
        assert_eq!(offsets.len(), before);
        assert!(most + last * steps.from + self.lanes <= from.len());
        assert!((after - 1) * steps.place + last * steps.to + self.lanes <= to.len());
        // SAFETY: whoever made this knew that the processor has the instructions. The loops read a register from each
        // offset and write one to each place, `count` times; the last of each was seen to be inside.
        unsafe {
            (self.run)(
                from.as_ptr(),
                offsets.as_ptr(),
                to.as_mut_ptr(),
                steps,
                count,
            )
        }
    }
}

/// Multiplies columns of `N` numbers by a matrix of `M` rows.
pub(crate) trait Map<const N: usize, const M: usize> {
    /// # Safety
    /// As [`Lanes`].
    unsafe fn map<L: Lanes>(column: [L; N]) -> [L; M];
}

/// `Bᵀ`
pub(crate) struct OfImage;

impl Map<4, 4> for OfImage {
    #[inline(always)]
    unsafe fn map<L: Lanes>([a, b, c, d]: [L; 4]) -> [L; 4] {
        // SAFETY: the caller knows that the processor has the instructions, as below.
        unsafe { [a.subtract(c), b.add(c), c.subtract(b), d.subtract(b)] }
    }
}

/// `Aᵀ`
pub(crate) struct OfProducts;

impl Map<4, 2> for OfProducts {
    #[inline(always)]
    unsafe fn map<L: Lanes>([a, b, c, d]: [L; 4]) -> [L; 2] {
        // SAFETY: as above.
        unsafe { [a.add(b).add(c), b.subtract(c).add(d)] }
    }
}

/// `A`
pub(crate) struct OfGradient;

impl Map<2, 4> for OfGradient {
    #[inline(always)]
    unsafe fn map<L: Lanes>([a, b]: [L; 2]) -> [L; 4] {
        // SAFETY: as above.
        unsafe { [a, a.add(b), a.subtract(b), b] }
    }
}

/// Maps the columns and then the rows of `N` x `N` numbers.
///
/// # Safety
/// As [`Lanes`] and [`Transform::run`].
#[inline(always)]
pub(crate) unsafe fn transform<L: Lanes, T: Map<N, M>, const N: usize, const M: usize>(
    from: *const L::Number,
    offsets: *const usize,
    to: *mut L::Number,
    steps: Steps,
    count: usize,
) {
    // SAFETY: the caller's promises are those that are needed.
    unsafe {
        for number in 0..count {
            let (from, to) = (from.add(number * steps.from), to.add(number * steps.to));
            let mut columns = [[L::load(from); M]; N];
            for (place, column) in columns.iter_mut().enumerate() {
                let mut pixels = [L::load(from); N];
                for (row, pixel) in pixels.iter_mut().enumerate() {
                    *pixel = L::load(from.add(*offsets.add(row * N + place)));
                }
                *column = T::map(pixels);
            }
            for row in 0..M {
                let mut numbers = [columns[0][row]; N];
                for (number, column) in numbers.iter_mut().zip(columns) {
                    *number = column[row];
                }
                for (column, value) in T::map(numbers).into_iter().enumerate() {
                    value.store(to.add((row * M + column) * steps.place));
                }
            }
        }
    }
}
