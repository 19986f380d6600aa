//! The innermost loops of convolutions and products: a tile of sums that stay in registers while their products are added.
#![allow(
    unsafe_code,
    reason = "instructions that not every processor has, and pointers that are not checked in each step"
)]

mod loops;
mod processors;

use crate::conv2d::transforms::Transforms;

pub(crate) use processors::{double, single};

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

#[cfg(test)]
mod tests {
    use super::processors::*;
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
