//! The mean of each channel.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::node::{Gradients, tracked};
use crate::parts::{in_parts, planes_of_part};
use crate::primitive::{Primitive, contiguous, for_type_of, is_computed, shape, tensor, values};
use crate::real::Real;
use crate::sum::sum;
use crate::wide::wide;

/// The mean of each channel of images: `[images, channels, height, width]` to `[images, channels]`.
///
/// ```text
/// y[b, c] = Σ_{i, j} x[b, c, i, j] / (height · width)
/// ```
///
/// One pass forward and one backward, which writes the gradient where Burn's operations spread it over tensors of ones.
pub fn global_average(images: Tensor<4>) -> Tensor<2> {
    if !is_computed(&images) {
        let pixels: Tensor<3> = images.flatten(2, 3);
        return pixels.mean_dim(2).flatten(1, 2);
    }
    Tensor::from_dispatch(<Dispatch as GlobalAverageKernel>::average(
        images.into_dispatch(),
    ))
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait GlobalAverageKernel: Backend {
    fn average(images: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl GlobalAverageKernel for Flex {
    fn average(images: Primitive) -> Primitive {
        for_type_of!(images, averages(images))
    }
}

impl<C: CheckpointStrategy> GlobalAverageKernel for Autodiff<Flex, C> {
    fn average(images: FloatTensor<Self>) -> FloatTensor<Self> {
        let (images, node) = images.into_parts();
        let input = shape::<4>(&images);
        let output = for_type_of!(images, averages(images));
        tracked::<C, _, 1>([node], (output, Averaged { input }))
    }
}

/// What the gradient needs: the shape of the images.
#[derive(Debug, Clone)]
struct Averaged {
    input: [usize; 4],
}

impl Gradients<1> for Averaged {
    fn gradients(self, gradient: Primitive, _wanted: [bool; 1]) -> [Option<Primitive>; 1] {
        [Some(for_type_of!(gradient, spread(self.input, &gradient)))]
    }
}

fn averages<F: Real>(images: Primitive) -> Primitive {
    let [count, channels, height, width] = shape(&images);
    let images = contiguous(images);
    let pixels = height * width;
    let given = values::<F>(&images);
    let share = F::of(1.0 / pixels as f64);
    let averages = in_parts(count * channels, channels, |index, part| {
        average_planes(&given[index * channels * pixels..], pixels, share, part);
    });
    tensor(averages, [count, channels])
}

wide! {
    fn average_planes<F: Real>(planes: &[F], pixels: usize, share: F, averages: &mut [F]) {
        for (average, plane) in averages.iter_mut().zip(planes.chunks_exact(pixels)) {
            *average = sum(plane) * share;
        }
    }
}

fn spread<F: Real>(input: [usize; 4], gradient: &Primitive) -> Primitive {
    let [count, channels, height, width] = input;
    let pixels = height * width;
    let gradient = values::<F>(gradient);
    let share = F::of(1.0 / pixels as f64);
    let planes = planes_of_part(pixels);
    let of_images = in_parts(count * channels * pixels, planes * pixels, |index, part| {
        let gradient = &gradient[index * planes..];
        for (plane, gradient) in part.chunks_exact_mut(pixels).zip(gradient) {
            plane.fill(*gradient * share);
        }
    });
    tensor(of_images, input)
}
