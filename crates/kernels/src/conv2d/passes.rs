//! A convolution and its gradients.

use crate::Activation;
use crate::conv2d::geometry::Geometry;
use crate::conv2d::panel::{fold, unfold};
use crate::parts::{in_parts, sum_of_parts};
use crate::product::{Matrix, add_product};
use crate::real::Real;
use crate::scratch::with_scratch;

/// Images whose share of the weight's gradient is summed before the shares are: a number that does not depend on the
/// threads, so that the sum does not either.
const BLOCK: usize = 8;

/// The output, `[images, outputs, height, width]`.
pub(crate) fn forward<F: Real>(
    geometry: &Geometry,
    input: &[F],
    weight: &[F],
    bias: Option<&[F]>,
    activation: Activation,
) -> Vec<F> {
    let (pixels, size) = (
        geometry.output_pixels(),
        geometry.outputs * geometry.output_pixels(),
    );
    let image_size = geometry.inputs * geometry.input_pixels();
    in_parts(geometry.images * size, size, |index, output| {
        if let Some(bias) = bias {
            for (output, bias) in output.chunks_exact_mut(pixels).zip(bias) {
                output.fill(*bias);
            }
        }
        let image = &input[index * image_size..][..image_size];
        for group in groups(geometry) {
            with_panel(geometry, &image[group.input.clone()], |panel| {
                let weight = Matrix::new(
                    &weight[group.weight],
                    geometry.outputs_of_group(),
                    geometry.taps(),
                );
                add_product(&mut output[group.output], weight, panel);
            });
        }
        activation.apply(output);
    })
}

/// The gradient of the input, of that of the output.
pub(crate) fn input_gradient<F: Real>(geometry: &Geometry, weight: &[F], gradient: &[F]) -> Vec<F> {
    let (pixels, size) = (
        geometry.output_pixels(),
        geometry.outputs * geometry.output_pixels(),
    );
    let image_size = geometry.inputs * geometry.input_pixels();
    in_parts(geometry.images * image_size, image_size, |index, image| {
        let gradient = &gradient[index * size..][..size];
        for group in groups(geometry) {
            let weight = Matrix::new(
                &weight[group.weight],
                geometry.outputs_of_group(),
                geometry.taps(),
            );
            let gradient =
                Matrix::new(&gradient[group.output], geometry.outputs_of_group(), pixels);
            let image = &mut image[group.input];
            if geometry.is_pointwise() {
                add_product(image, weight.transposed(), gradient);
                continue;
            }
            with_scratch(geometry.taps() * pixels, |panel| {
                panel.fill(F::ZERO);
                add_product(panel, weight.transposed(), gradient);
                fold(geometry, panel, image);
            });
        }
    })
}

/// The gradient of the weight, of that of the output.
pub(crate) fn weight_gradient<F: Real>(geometry: &Geometry, input: &[F], gradient: &[F]) -> Vec<F> {
    let (pixels, size) = (
        geometry.output_pixels(),
        geometry.outputs * geometry.output_pixels(),
    );
    let image_size = geometry.inputs * geometry.input_pixels();
    let blocks = geometry.images.div_ceil(BLOCK);
    sum_of_parts(blocks, geometry.outputs * geometry.taps(), |block, sum| {
        let images = input
            .chunks_exact(image_size)
            .zip(gradient.chunks_exact(size));
        for (image, gradient) in images.skip(block * BLOCK).take(BLOCK) {
            for group in groups(geometry) {
                with_panel(geometry, &image[group.input.clone()], |panel| {
                    let gradient =
                        Matrix::new(&gradient[group.output], geometry.outputs_of_group(), pixels);
                    add_product(&mut sum[group.weight], gradient, panel.transposed());
                });
            }
        }
    })
}

/// The gradient of the bias, of that of the output.
pub(crate) fn bias_gradient<F: Real>(geometry: &Geometry, gradient: &[F]) -> Vec<F> {
    let (pixels, size) = (
        geometry.output_pixels(),
        geometry.outputs * geometry.output_pixels(),
    );
    let blocks = geometry.images.div_ceil(BLOCK);
    sum_of_parts(blocks, geometry.outputs, |block, sum| {
        for gradient in gradient.chunks_exact(size).skip(block * BLOCK).take(BLOCK) {
            for (sum, channel) in sum.iter_mut().zip(gradient.chunks_exact(pixels)) {
                *sum += crate::sum::sum(channel);
            }
        }
    })
}

/// Where in an image, its output and the weight a group lies.
struct Group {
    input: std::ops::Range<usize>,
    output: std::ops::Range<usize>,
    weight: std::ops::Range<usize>,
}

fn groups(geometry: &Geometry) -> impl Iterator<Item = Group> {
    let input = geometry.inputs_of_group() * geometry.input_pixels();
    let output = geometry.outputs_of_group() * geometry.output_pixels();
    let weight = geometry.outputs_of_group() * geometry.taps();
    (0..geometry.groups).map(move |group| Group {
        input: group * input..(group + 1) * input,
        output: group * output..(group + 1) * output,
        weight: group * weight..(group + 1) * weight,
    })
}

/// Lends `work` the panel of one group of an image.
fn with_panel<F: Real, R>(
    geometry: &Geometry,
    image: &[F],
    work: impl FnOnce(Matrix<'_, F>) -> R,
) -> R {
    let (taps, pixels) = (geometry.taps(), geometry.output_pixels());
    if geometry.is_pointwise() {
        return work(Matrix::new(image, taps, pixels));
    }
    with_scratch(taps * pixels, |panel| {
        unfold(geometry, image, panel);
        work(Matrix::new(panel, taps, pixels))
    })
}
