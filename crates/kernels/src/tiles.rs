//! The innermost loops of convolutions and products: a tile of sums that stay in registers while their products are added.
#![allow(
    unsafe_code,
    reason = "instructions that not every processor has, and pointers that are not checked in each step"
)]

use crate::conv2d::transforms::{OfGradient, OfImage, OfProducts, Steps, Transforms, transform};
use crate::lanes::{Lanes, Portable};

/// The innermost loops for one kind of processor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiles<F> {
    /// Channels of a tile of outputs.
    pub(crate) channels: usize,
    /// Pixels of a tile of outputs.
    pub(crate) pixels: usize,
    convolve: unsafe fn(*const F, *const F, &[usize], *mut F),
    /// The shapes of tiles of a product, and their loops: one for many columns, one for few.
    pub(crate) products: [Product<F>; 2],
    pub(crate) transforms: Transforms<F>,
}

/// A tile of a product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product<F> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    run: unsafe fn(RawTerms<F>, *const usize, *mut F, usize),
}

/// What the tiles of a product are summed over: terms in lines of `length`, the last of which ends with the right matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a, F> {
    /// The left matrix, whose factors of a row lie one after the other along a line.
    pub(crate) left: &'a [F],
    /// From one line to the next in the left matrix.
    pub(crate) left_step: usize,
    /// The right matrix, a row for each term.
    pub(crate) right: &'a [F],
    /// From one term to the next in the right matrix.
    pub(crate) right_step: usize,
    /// Terms of a line.
    pub(crate) length: usize,
    /// Lines.
    pub(crate) lines: usize,
}

/// As [`Terms`], unchecked.
#[derive(Debug, Clone, Copy)]
struct RawTerms<F> {
    left: *const F,
    left_step: usize,
    right: *const F,
    right_step: usize,
    length: usize,
    lines: usize,
}

impl<F: Copy> Tiles<F> {
    /// The tile of `weights` with the pixels at `start` of the image: `tile[c][p] = Σ_k weights[k][c] · image[offsets[k] +
    /// start + p]`.
    pub(crate) fn convolve(
        &self,
        weights: &[F],
        image: &[F],
        offsets: &Offsets,
        start: usize,
        tile: &mut [F],
    ) {
        assert_eq!(weights.len(), offsets.places.len() * self.channels);
        assert_eq!(tile.len(), self.channels * self.pixels);
        assert!(offsets.most + start + self.pixels <= image.len());
        // SAFETY: `Tiles` are made only of loops whose instructions the processor has. They read `channels` weights for
        // each offset and `pixels` values of the image from each offset on, all of which are inside, and write a tile.
        unsafe {
            (self.convolve)(
                weights.as_ptr(),
                image.as_ptr().add(start),
                &offsets.places,
                tile.as_mut_ptr(),
            );
        }
    }
}

impl<F: Copy> Product<F> {
    /// Adds a tile of products to `sum`, whose rows are `sum_step` apart; `starts` are where in the left matrix the first
    /// factor of each row is: `sum[r][c] += Σ_{line, p} left[starts[r] + line · left_step + p] · right[line · length + p][c]`.
    pub(crate) fn add(
        &self,
        terms: Terms<'_, F>,
        starts: &[usize],
        sum: &mut [F],
        sum_step: usize,
    ) {
        let Terms {
            left,
            left_step,
            right,
            right_step,
            length,
            lines,
        } = terms;
        if lines * length == 0 {
            return;
        }
        let most = starts.iter().fold(0, |most, start| most.max(*start));
        assert_eq!(starts.len(), self.rows);
        assert!(most + (lines - 1) * left_step + length <= left.len());
        assert!((lines * length - 1) * right_step + self.columns <= right.len());
        assert!((self.rows - 1) * sum_step + self.columns <= sum.len());
        // SAFETY: as above; the loops read `lines` lines of `length` numbers from each start on, and for each of these
        // `columns` numbers of the right matrix, and change as many in each row of `sum`: all were seen to be inside.
        unsafe {
            let terms = RawTerms {
                left: left.as_ptr(),
                left_step,
                right: right.as_ptr(),
                right_step,
                length,
                lines,
            };
            (self.run)(terms, starts.as_ptr(), sum.as_mut_ptr(), sum_step);
        }
    }
}

/// Where in a padded image each product of an output pixel finds its factor, for the pixel at 0.
#[derive(Debug, Clone)]
pub(crate) struct Offsets {
    places: Vec<usize>,
    most: usize,
}

impl Offsets {
    pub(crate) fn new(places: Vec<usize>) -> Self {
        let most = places.iter().fold(0, |most, place| most.max(*place));
        Self { places, most }
    }

    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }
}

/// # Safety
/// As [`Lanes`]; `weights` are `C` for each offset, `image` has `V` registers of values at each, `tile` is `C` rows of `V`
/// registers.
#[inline(always)]
unsafe fn convolve<L: Lanes, const C: usize, const V: usize>(
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
/// As [`Lanes`] and [`Product::add`].
#[inline(always)]
unsafe fn add_product<L: Lanes, const R: usize, const V: usize>(
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
        unsafe fn $name() -> Tiles<$number> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Loops for every kind of register that this processor has.
    fn all() -> Vec<Tiles<f32>> {
        // SAFETY: every processor has these.
        let mut all = vec![unsafe { single_portable() }];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: it has these registers.
                all.push(unsafe { single_avx2() });
            }
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: it has these registers.
                all.push(unsafe { single_avx512() });
            }
        }
        all
    }

    /// Small whole numbers, whose sums are exact.
    fn numbers(count: usize) -> Vec<f32> {
        (0..count)
            .map(|number| (number * 7 % 11) as f32 - 5.0)
            .collect()
    }

    #[test]
    fn a_tile_is_the_sum_of_its_products() {
        let places = [3, 0, 17, 40, 8];
        let image = numbers(100);
        for tiles in all() {
            let weights = numbers(places.len() * tiles.channels);
            let mut tile = vec![f32::NAN; tiles.channels * tiles.pixels];
            tiles.convolve(
                &weights,
                &image,
                &Offsets::new(places.to_vec()),
                2,
                &mut tile,
            );
            for (number, value) in tile.iter().enumerate() {
                let (channel, pixel) = (number / tiles.pixels, number % tiles.pixels);
                let product = |(tap, place): (usize, &usize)| {
                    weights[tap * tiles.channels + channel] * image[place + 2 + pixel]
                };
                let expected: f32 = places.iter().enumerate().map(product).sum();
                assert_eq!(
                    *value, expected,
                    "{tiles:?}, channel {channel}, pixel {pixel}"
                );
            }
        }
    }

    #[test]
    fn a_tile_of_a_product_is_added() {
        // 3 lines of 5 terms, 9 apart in the left matrix.
        let (left_step, length, lines) = (9, 5, 3);
        let left = numbers(60);
        for tile in all().into_iter().flat_map(|tiles| tiles.products) {
            let (right_step, sum_step) = (tile.columns + 3, tile.columns + 1);
            let right = numbers(lines * length * right_step);
            let terms = Terms {
                left: &left,
                left_step,
                right: &right,
                right_step,
                length,
                lines,
            };
            let starts: Vec<usize> = (0..tile.rows).map(|row| row * 5 % 13).collect();
            let mut sum = vec![1.0; tile.rows * sum_step];
            tile.add(terms, &starts, &mut sum, sum_step);
            for (number, value) in sum.iter().enumerate() {
                let (row, column) = (number / sum_step, number % sum_step);
                let mut expected = 1.0;
                if column < tile.columns {
                    for term in 0..lines * length {
                        let place = term / length * left_step + term % length;
                        expected += left[starts[row] + place] * right[term * right_step + column];
                    }
                }
                assert_eq!(*value, expected, "{tile:?}, row {row}, column {column}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn an_image_that_ends_too_early_is_refused() {
        let tiles = single();
        let weights = numbers(tiles.channels);
        let image = numbers(tiles.pixels + 1);
        let mut tile = vec![0.0; tiles.channels * tiles.pixels];
        tiles.convolve(&weights, &image, &Offsets::new(vec![1]), 1, &mut tile);
    }
}
