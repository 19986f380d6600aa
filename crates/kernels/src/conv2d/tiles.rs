//! The innermost loops of a convolution: a tile of sums that stay in registers while their products are added.
#![allow(
    unsafe_code,
    reason = "instructions that not every processor has, and pointers that are not checked in each step"
)]

use crate::lanes::{Lanes, Portable};

/// The innermost loops for one kind of processor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiles<F> {
    /// Channels of a tile of outputs.
    pub(crate) channels: usize,
    /// Pixels of a tile of outputs.
    pub(crate) pixels: usize,
    convolve: unsafe fn(*const F, *const F, &[usize], *mut F),
    /// The shapes of tiles of the weight's gradient, and their loops: one for many output channels, one for few.
    pub(crate) correlate: [Correlate<F>; 2],
}

/// A tile of the weight's gradient.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Correlate<F> {
    /// Places of the kernel.
    pub(crate) taps: usize,
    /// Channels of the output.
    pub(crate) channels: usize,
    run: unsafe fn(Pixels<F>, *const usize, *mut F),
}

/// What a tile of the weight's gradient is summed over.
#[derive(Debug, Clone, Copy)]
struct Pixels<F> {
    image: *const F,
    /// From one row of the image to the next.
    image_step: usize,
    /// A row of channels for each pixel.
    gradient: *const F,
    /// From one pixel to the next, in the gradient and from one tap to the next in the sum.
    channels: usize,
    rows: usize,
    columns: usize,
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

impl<F: Copy> Correlate<F> {
    /// Adds to `sum`, rows of `channels` numbers, the products of the image's pixels and the gradient's, those at `first`
    /// and after: `sum[t][first + c] += Σ_p image[taps[t] + p] · gradient[p][first + c]`. The gradient has `columns`
    /// pixels a row, the image `image_step`.
    #[allow(clippy::too_many_arguments, reason = "each is a size of its own")]
    pub(crate) fn add(
        &self,
        image: &[F],
        image_step: usize,
        gradient: &[F],
        channels: usize,
        columns: usize,
        taps: &[usize],
        first: usize,
        sum: &mut [F],
    ) {
        assert_eq!(taps.len(), self.taps);
        assert_eq!(sum.len(), self.taps * channels);
        assert!(first + self.channels <= channels);
        let rows = gradient.len() / (channels * columns);
        if rows == 0 {
            return;
        }
        let most = taps.iter().fold(0, |most, tap| most.max(*tap));
        assert!(most + (rows - 1) * image_step + columns <= image.len());
        // SAFETY: as above; the loops read `rows` rows of `columns` pixels from each tap on, all of which were seen to be
        // in the image, and for each the `self.channels` values of the gradient from `first` on, and change as many of
        // each row of `sum`.
        unsafe {
            let pixels = Pixels {
                image: image.as_ptr(),
                image_step,
                gradient: gradient.as_ptr().add(first),
                channels,
                rows,
                columns,
            };
            (self.run)(pixels, taps.as_ptr(), sum.as_mut_ptr().add(first));
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
/// As [`Lanes`] and [`Correlate::add`].
#[inline(always)]
unsafe fn correlate<L: Lanes, const T: usize, const V: usize>(
    pixels: Pixels<L::Number>,
    taps: *const usize,
    sum: *mut L::Number,
    zero: L::Number,
) {
    // SAFETY: the caller's promises are those that are needed.
    unsafe {
        let taps: [usize; T] = std::array::from_fn(|t| *taps.add(t));
        let mut sums = [[L::splat(zero); V]; T];
        let mut gradient = pixels.gradient;
        for row in 0..pixels.rows {
            let image = pixels.image.add(row * pixels.image_step);
            for column in 0..pixels.columns {
                let factors: [L; V] = std::array::from_fn(|v| L::load(gradient.add(v * L::COUNT)));
                let image = image.add(column);
                for (tap, sums) in taps.iter().zip(&mut sums) {
                    let value = L::splat(*image.add(*tap));
                    for (sum, factor) in sums.iter_mut().zip(factors) {
                        *sum = value.multiply_add(factor, *sum);
                    }
                }
                gradient = gradient.add(pixels.channels);
            }
        }
        for (t, sums) in sums.iter().enumerate() {
            for (v, more) in sums.iter().enumerate() {
                let place = sum.add(t * pixels.channels + v * L::COUNT);
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
        correlate $taps:literal x $many:literal or $more_taps:literal x $few:literal
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
            unsafe fn correlate_many(pixels: Pixels<$number>, taps: *const usize, sum: *mut $number) {
                // SAFETY: as above.
                unsafe { correlate::<$lanes, $taps, $many>(pixels, taps, sum, 0.0) }
            }
            $(#[$feature])?
            unsafe fn correlate_few(pixels: Pixels<$number>, taps: *const usize, sum: *mut $number) {
                // SAFETY: as above.
                unsafe { correlate::<$lanes, $more_taps, $few>(pixels, taps, sum, 0.0) }
            }
            let count = <$lanes as Lanes>::COUNT;
            Tiles {
                channels: $channels,
                pixels: $pixels * count,
                convolve: run_convolve,
                correlate: [
                    Correlate {
                        taps: $taps,
                        channels: $many * count,
                        run: correlate_many,
                    },
                    Correlate {
                        taps: $more_taps,
                        channels: $few * count,
                        run: correlate_few,
                    },
                ],
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
            convolve 8 x 2, correlate 8 x 2 or 16 x 1,
            target_feature(enable = "avx512f")
        );
        #[cfg(target_arch = "x86_64")]
        tiles!(
            $narrow, std::arch::x86_64::$narrow_lanes, $number,
            convolve 6 x 2, correlate 6 x 2 or 12 x 1,
            target_feature(enable = "avx2,fma")
        );
        tiles!(
            $portable, Portable<$number>, $number,
            convolve 4 x 2, correlate 4 x 2 or 8 x 1
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
    fn a_tile_of_the_weights_gradient_is_added() {
        // 3 rows of 5 pixels in an image of 9 columns.
        let (step, columns, rows) = (9, 5, 3);
        let image = numbers(60);
        for tile in all().into_iter().flat_map(|tiles| tiles.correlate) {
            let (channels, first) = (tile.channels + 8, 4);
            let gradient = numbers(rows * columns * channels);
            let taps: Vec<usize> = (0..tile.taps).map(|tap| tap * 5 % 13).collect();
            let mut sum = vec![1.0; tile.taps * channels];
            tile.add(
                &image, step, &gradient, channels, columns, &taps, first, &mut sum,
            );
            for (number, value) in sum.iter().enumerate() {
                let (tap, channel) = (number / channels, number % channels);
                let mut expected = 1.0;
                if (first..first + tile.channels).contains(&channel) {
                    for pixel in 0..rows * columns {
                        let (row, column) = (pixel / columns, pixel % columns);
                        expected += image[taps[tap] + row * step + column]
                            * gradient[pixel * channels + channel];
                    }
                }
                assert_eq!(*value, expected, "{tile:?}, tap {tap}, channel {channel}");
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
