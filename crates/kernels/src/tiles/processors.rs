//! The loops for each kind of processor.
#![allow(
    unsafe_code,
    reason = "instructions that not every processor has, and pointers that are not checked in each step"
)]

use crate::conv2d::transforms::{OfGradient, OfImage, OfProducts, Steps, Transforms, transform};
use crate::lanes::{Lanes, Portable};
use crate::tiles::loops::{add_product, convolve};
use crate::tiles::{Product, RawTerms, Tiles};

/// Loops for one kind of register, compiled for the processors that have it.
macro_rules! tiles {
    (
        $name:ident, $lanes:ty, $number:ty,
        convolve $channels:literal x $pixels:literal,
        product $rows:literal x $many:literal or $more_rows:literal x $few:literal
        $(, $feature:meta)?
    ) => {
        /// # Safety
        /// Only where the processor has the registers.
        pub(super) unsafe fn $name() -> Tiles<$number> {
            $(#[$feature])?
            unsafe fn run_convolve(weights: *const $number, image: *const $number, offsets: &[usize], tile: *mut $number) {
                // SAFETY: the caller's promises are those that are needed.
                unsafe { convolve::<$lanes, $channels, $pixels>(weights, image, offsets, tile, 0.0) }
            }
            $(#[$feature])?
            unsafe fn product_wide(terms: RawTerms<$number>, starts: *const usize, sum: *mut $number, step: usize) {
                // SAFETY: as above.
                unsafe { add_product::<$lanes, $rows, $many>(terms, starts, sum, step, 0.0) }
            }
            $(#[$feature])?
            unsafe fn product_narrow(terms: RawTerms<$number>, starts: *const usize, sum: *mut $number, step: usize) {
                // SAFETY: as above.
                unsafe { add_product::<$lanes, $more_rows, $few>(terms, starts, sum, step, 0.0) }
            }
            $(#[$feature])?
            unsafe fn image(from: *const $number, offsets: *const usize, to: *mut $number, steps: Steps, count: usize) {
                // SAFETY: as above.
                unsafe { transform::<$lanes, OfImage, 4, 4>(from, offsets, to, steps, count) }
            }
            $(#[$feature])?
            unsafe fn products(from: *const $number, offsets: *const usize, to: *mut $number, steps: Steps, count: usize) {
                // SAFETY: as above.
                unsafe { transform::<$lanes, OfProducts, 4, 2>(from, offsets, to, steps, count) }
            }
            $(#[$feature])?
            unsafe fn gradient(from: *const $number, offsets: *const usize, to: *mut $number, steps: Steps, count: usize) {
                // SAFETY: as above.
                unsafe { transform::<$lanes, OfGradient, 2, 4>(from, offsets, to, steps, count) }
            }
            let count = <$lanes as Lanes>::COUNT;
            Tiles {
                channels: $channels,
                pixels: $pixels * count,
                convolve: run_convolve,
                products: [
                    Product {
                        rows: $rows,
                        columns: $many * count,
                        run: product_wide,
                    },
                    Product {
                        rows: $more_rows,
                        columns: $few * count,
                        run: product_narrow,
                    },
                ],
                // SAFETY: the functions are for registers of so many numbers, and the caller's promise is theirs.
                transforms: unsafe { Transforms::new(count, [image, products, gradient]) },
            }
        }
    };
}

/// What this processor has, for one type of number.
macro_rules! best {
    ($name:ident, $number:ty, $wide:ident, $narrow:ident, $portable:ident, $wide_lanes:ident, $narrow_lanes:ident) => {
        #[cfg(target_arch = "x86_64")]
        tiles!(
            $wide, std::arch::x86_64::$wide_lanes, $number,
            convolve 8 x 2, product 8 x 2 or 16 x 1,
            target_feature(enable = "avx512f")
        );
        #[cfg(target_arch = "x86_64")]
        tiles!(
            $narrow, std::arch::x86_64::$narrow_lanes, $number,
            convolve 6 x 2, product 6 x 2 or 12 x 1,
            target_feature(enable = "avx2,fma")
        );
        tiles!(
            $portable, Portable<$number>, $number,
            convolve 4 x 2, product 4 x 2 or 8 x 1
        );

        /// The loops for this processor.
        pub(crate) fn $name() -> Tiles<$number> {
            #[cfg(target_arch = "x86_64")]
            {
                if is_x86_feature_detected!("avx512f") {
                    // SAFETY: it has these registers.
                    return unsafe { $wide() };
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: it has these registers.
                    return unsafe { $narrow() };
                }
            }
            // SAFETY: every processor has these.
            unsafe { $portable() }
        }
    };
}

best!(
    single,
    f32,
    single_avx512,
    single_avx2,
    single_portable,
    __m512,
    __m256
);
best!(
    double,
    f64,
    double_avx512,
    double_avx2,
    double_portable,
    __m512d,
    __m256d
);
