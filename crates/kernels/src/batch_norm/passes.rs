//! The passes over the values.

use rayon::prelude::*;

use crate::Activation;
use crate::parts::{in_parts, planes_of_part};
use crate::real::Real;
use crate::sum;
use crate::wide::wide;

/// The sizes of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) images: usize,
    pub(crate) channels: usize,
    pub(crate) pixels: usize,
}

impl Sizes {
    pub(crate) fn of([images, channels, height, width]: [usize; 4]) -> Self {
        Self {
            images,
            channels,
            pixels: height * width,
        }
    }

    fn image(self) -> usize {
        self.channels * self.pixels
    }

    fn length(self) -> usize {
        self.images * self.image()
    }

    /// Values of a channel.
    #[inline(always)]
    fn count(self) -> f64 {
        (self.images * self.pixels) as f64
    }
}

/// The statistics of each channel, and what is done to it: `y = (x − mean) · scale + bias`.
///
/// `x · scale + (bias − mean · scale)` would be one subtraction less, and loses the digits that a large mean and a small
/// variance leave.
#[derive(Debug, Clone)]
pub(crate) struct Channels {
    pub(crate) mean: Vec<f64>,
    pub(crate) variance: Vec<f64>,
    /// `1 / √(variance + epsilon)`
    inverse: Vec<f64>,
    scale: Vec<f64>,
    bias: Vec<f64>,
}

impl Channels {
    pub(crate) fn of<F: Real>(
        [mean, variance]: [Vec<f64>; 2],
        weight: &[F],
        bias: &[F],
        epsilon: f64,
    ) -> Self {
        let inverse: Vec<f64> = variance
            .iter()
            .map(|variance| 1.0 / (variance + epsilon).sqrt())
            .collect();
        let scale: Vec<f64> = inverse
            .iter()
            .zip(weight)
            .map(|(inverse, weight)| weight.as_f64() * inverse)
            .collect();
        Self {
            mean,
            variance,
            inverse,
            scale,
            bias: bias.iter().map(|bias| bias.as_f64()).collect(),
        }
    }

    /// What is done to the values of one channel.
    #[inline(always)]
    fn channel<F: Real>(&self, channel: usize) -> Channel<F> {
        Channel {
            mean: F::of(self.mean[channel]),
            scale: F::of(self.scale[channel]),
            bias: F::of(self.bias[channel]),
        }
    }
}

/// What is done to the values of one channel.
#[derive(Debug, Clone, Copy)]
struct Channel<F> {
    mean: F,
    scale: F,
    bias: F,
}

impl<F: Real> Channel<F> {
    #[inline(always)]
    fn normalise(self, value: F) -> F {
        (value - self.mean) * self.scale + self.bias
    }

    /// The gradient before the activation, computed from the value that went into the normalisation.
    #[inline(always)]
    fn passed(self, activation: Activation, value: F, gradient: F) -> F {
        match activation {
            Activation::Identity => gradient,
            Activation::Relu if self.normalise(value) <= F::ZERO => F::ZERO,
            Activation::Relu => gradient,
        }
    }
}

/// Mean and variance of each channel of a batch.
pub(crate) fn moments<F: Real>(sizes: Sizes, images: &[F]) -> [Vec<f64>; 2] {
    let Sizes {
        images: count,
        channels,
        pixels,
    } = sizes;
    // For each channel of each image, its mean and the sum of its squared deviations from it.
    let planes = in_parts(
        2 * count * channels,
        2 * channels,
        |index, part: &mut [f64]| {
            let image = &images[index * sizes.image()..][..sizes.image()];
            moments_of_planes(image, pixels, part);
        },
    );
    let mut mean = vec![0.0; channels];
    for image in planes.chunks_exact(2 * channels) {
        for (mean, plane) in mean.iter_mut().zip(image.chunks_exact(2)) {
            *mean += plane[0] / count as f64;
        }
    }
    let mut variance = vec![0.0; channels];
    for image in planes.chunks_exact(2 * channels) {
        let planes = image.chunks_exact(2).zip(&mean);
        for (variance, (plane, mean)) in variance.iter_mut().zip(planes) {
            let away = plane[0] - mean;
            *variance += (plane[1] + pixels as f64 * away * away) / sizes.count();
        }
    }
    [mean, variance]
}

wide! {
    /// The mean of each plane, and the sum of the squared deviations from it.
    fn moments_of_planes<F: Real>(image: &[F], pixels: usize, moments: &mut [f64]) {
        for (plane, moments) in image.chunks_exact(pixels).zip(moments.chunks_exact_mut(2)) {
            let mean = sum::sum(plane).as_f64() / pixels as f64;
            let centre = F::of(mean);
            let squares = sum::fold(plane, |value| (value - centre) * (value - centre));
            moments.copy_from_slice(&[mean, squares.as_f64()]);
        }
    }
}

/// `activation((x − mean) · scale + bias)`
pub(crate) fn normalised<F: Real>(
    sizes: Sizes,
    images: &[F],
    channels: &Channels,
    activation: Activation,
) -> Vec<F> {
    let planes = planes_of_part(sizes.pixels);
    let size = planes * sizes.pixels;
    in_parts(sizes.length(), size, |index, part| {
        let (from, first) = (&images[index * size..], index * planes);
        normalise(from, first, sizes, channels, activation, part);
    })
}

wide! {
    /// Normalises planes of the batch, from the `first` one on.
    fn normalise<F: Real>(
        from: &[F],
        first: usize,
        sizes: Sizes,
        channels: &Channels,
        activation: Activation,
        to: &mut [F],
    ) {
        let (from, to) = (from.chunks_exact(sizes.pixels), to.chunks_exact_mut(sizes.pixels));
        for (plane, (from, to)) in (first..).zip(from.zip(to)) {
            let channel = channels.channel::<F>(plane % sizes.channels);
            for (from, to) in from.iter().zip(to) {
                *to = activation.of(channel.normalise(*from));
            }
        }
    }
}

/// The sums that the gradients are made of.
pub(crate) struct Sums {
    pub(crate) of_weight: Vec<f64>,
    pub(crate) of_bias: Vec<f64>,
}

/// The gradients of the weight and the bias.
pub(crate) fn sums<F: Real>(
    sizes: Sizes,
    images: &[F],
    channels: &Channels,
    activation: Activation,
    gradient: &[F],
) -> Sums {
    let Sizes {
        images: count,
        channels: width,
        pixels,
    } = sizes;
    // For each channel of each image, the sums of the gradient, and of the gradient times the centred value.
    let planes = in_parts(2 * count * width, 2 * width, |index, part: &mut [f64]| {
        let start = index * sizes.image()..;
        sums_of_planes(
            &images[start.clone()],
            &gradient[start],
            pixels,
            channels,
            activation,
            part,
        );
    });
    let mut sums = Sums {
        of_weight: vec![0.0; width],
        of_bias: vec![0.0; width],
    };
    for image in planes.chunks_exact(2 * width) {
        for (channel, plane) in image.chunks_exact(2).enumerate() {
            sums.of_bias[channel] += plane[0];
            sums.of_weight[channel] += plane[1] * channels.inverse[channel];
        }
    }
    sums
}

wide! {
    fn sums_of_planes<F: Real>(
        image: &[F],
        gradient: &[F],
        pixels: usize,
        channels: &Channels,
        activation: Activation,
        sums: &mut [f64],
    ) {
        let planes = image.chunks_exact(pixels).zip(gradient.chunks_exact(pixels));
        for (channel, ((plane, gradient), sums)) in planes.zip(sums.chunks_exact_mut(2)).enumerate() {
            let channel = channels.channel::<F>(channel);
            let [plain, centred] = sum::fold_pairs(plane, gradient, |value, gradient| {
                let gradient = channel.passed(activation, value, gradient);
                [gradient, gradient * (value - channel.mean)]
            });
            sums.copy_from_slice(&[plain.as_f64(), centred.as_f64()]);
        }
    }
}

/// The gradient of the input, of that of the output.
///
/// ```text
/// dx = scale · (dy − Σ dy / n − x̂ · Σ dy · x̂ / n),   x̂ = (x − mean) · inverse
/// ```
///
/// The sums are those through the statistics of a batch, and 0 where the statistics are given.
pub(crate) struct InputGradient<'a> {
    sizes: Sizes,
    channels: &'a Channels,
    activation: Activation,
    /// `Σ dy / n`
    average: Vec<f64>,
    /// `inverse · Σ dy · x̂ / n`
    slope: Vec<f64>,
}

impl<'a> InputGradient<'a> {
    pub(crate) fn new(
        sizes: Sizes,
        channels: &'a Channels,
        activation: Activation,
        through: Option<&Sums>,
    ) -> Self {
        let share = |sum: f64| sum / sizes.count();
        let none = vec![0.0; sizes.channels];
        let (average, slope) = match through {
            Some(Sums { of_weight, of_bias }) => {
                let slopes = channels.inverse.iter().zip(of_weight);
                (
                    of_bias.iter().map(|sum| share(*sum)).collect(),
                    slopes.map(|(inverse, sum)| share(inverse * sum)).collect(),
                )
            }
            None => (none.clone(), none),
        };
        Self {
            sizes,
            channels,
            activation,
            average,
            slope,
        }
    }

    /// Written over the gradient of the output.
    pub(crate) fn over<F: Real>(&self, images: &[F], gradient: &mut [F]) {
        let planes = planes_of_part(self.sizes.pixels);
        let size = (planes * self.sizes.pixels).max(1);
        let parts = gradient.par_chunks_mut(size).zip(images.par_chunks(size));
        parts.enumerate().for_each(|(index, (gradient, images))| {
            write_gradient(self, images, index * planes, gradient);
        });
    }

    /// Beside the gradient of the output.
    pub(crate) fn of<F: Real>(&self, images: &[F], gradient: &[F]) -> Vec<F> {
        let planes = planes_of_part(self.sizes.pixels);
        let size = planes * self.sizes.pixels;
        in_parts(gradient.len(), size, |index, part| {
            let images = &images[index * size..];
            part.copy_from_slice(&gradient[index * size..][..part.len()]);
            write_gradient(self, images, index * planes, part);
        })
    }
}

wide! {
    /// Of planes of the batch, from the `first` one on.
    fn write_gradient<F: Real>(
        pass: &InputGradient<'_>,
        images: &[F],
        first: usize,
        gradient: &mut [F],
    ) {
        let Sizes { channels, pixels, .. } = pass.sizes;
        let planes = gradient.chunks_exact_mut(pixels).zip(images.chunks_exact(pixels));
        for (number, (gradient, plane)) in (first..).zip(planes) {
            let number = number % channels;
            let channel = pass.channels.channel::<F>(number);
            let (average, slope) = (F::of(pass.average[number]), F::of(pass.slope[number]));
            for (gradient, value) in gradient.iter_mut().zip(plane) {
                let passed = channel.passed(pass.activation, *value, *gradient);
                *gradient = channel.scale * (passed - average - (*value - channel.mean) * slope);
            }
        }
    }
}
