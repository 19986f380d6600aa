//! Batch normalisation in training.

mod passes;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::Activation;
use crate::batch_norm::passes::{Channels, Sizes};
use crate::node::{Gradients, tracked};
use crate::primitive::{Primitive, contiguous, for_type_of, is_computed, shape, tensor, values};
use crate::real::Real;

/// What [`batch_norm_train`] returns.
#[derive(Debug, Clone)]
pub struct Normalised {
    /// The normalised values, `[images, channels, height, width]`.
    pub output: Tensor<4>,
    /// The mean of each channel, `[channels]`; no gradient flows through it.
    pub mean: Tensor<1>,
    /// The variance of each channel, divided by the number of values, `[channels]`; no gradient flows through it.
    pub variance: Tensor<1>,
}

/// Normalises each channel of `[images, channels, height, width]` by its own mean and variance over the batch, scales
/// and shifts it, and applies the activation.
///
/// ```text
/// y = activation(weight · (x − mean) / √(variance + epsilon) + bias)
/// ```
///
/// Ioffe and Szegedy 2015, "Batch normalization: accelerating deep network training by reducing internal covariate
/// shift".
///
/// The values are read twice and written once forward, and read twice and written once backward, over the gradient
/// where nobody else holds it; Burn's flex makes about ten passes of each, with copies that put the channels first.
/// Mean and squared deviations are found for each channel of each image while it is in the cache and merged in the
/// images' order in double precision (Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for
/// computing sample variances"), so that they have the same bits for any number of threads. Whether the activation let
/// a value pass is computed again, not kept.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn batch_norm_train(
    images: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    activation: Activation,
) -> Normalised {
    let alike = [weight.dtype(), bias.dtype()] == [images.dtype(); 2];
    if !is_computed(&images) || !alike {
        let normalised = burn::tensor::module::batch_norm_train(images, weight, bias, epsilon);
        return Normalised {
            output: match activation {
                Activation::Identity => normalised.output,
                Activation::Relu => relu(normalised.output),
            },
            mean: normalised.mean,
            variance: normalised.variance,
        };
    }
    let [_, channels, _, _] = images.dims();
    assert_eq!(
        [weight.dims(), bias.dims()],
        [[channels]; 2],
        "batch_norm_train: the weight and the bias must have a value for each of the {channels} channels"
    );
    let (output, mean, variance) = <Dispatch as BatchNormKernel>::normalise(
        images.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        epsilon,
        activation,
    );
    Normalised {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait BatchNormKernel: Backend {
    fn normalise(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
        activation: Activation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl BatchNormKernel for Flex {
    fn normalise(
        images: Primitive,
        weight: Primitive,
        bias: Primitive,
        epsilon: f64,
        activation: Activation,
    ) -> (Primitive, Primitive, Primitive) {
        let (output, normalisation) = forward(images, &weight, &bias, epsilon, activation);
        let (mean, variance) = normalisation.statistics();
        (output, mean, variance)
    }
}

impl<C: CheckpointStrategy> BatchNormKernel for Autodiff<Flex, C> {
    fn normalise(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
        activation: Activation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (images, of_images) = images.into_parts();
        let (weight, of_weight) = weight.into_parts();
        let (bias, of_bias) = bias.into_parts();
        let (output, normalisation) = forward(images, &weight, &bias, epsilon, activation);
        let (mean, variance) = normalisation.statistics();
        let nodes = [of_images, of_weight, of_bias];
        let output = tracked::<C, _, 3>(nodes, (output, normalisation));
        (output, Self::from_inner(mean), Self::from_inner(variance))
    }
}

/// What the gradients need.
#[derive(Debug, Clone)]
struct Normalisation {
    images: Primitive,
    channels: Channels,
    activation: Activation,
}

impl Normalisation {
    /// The mean and the variance of each channel.
    fn statistics(&self) -> (Primitive, Primitive) {
        for_type_of!(self.images, statistics_in(&self.channels))
    }
}

fn statistics_in<F: Real>(channels: &Channels) -> (Primitive, Primitive) {
    let of = |values: &[f64]| {
        let values: Vec<F> = values.iter().map(|value| F::of(*value)).collect();
        let count = values.len();
        tensor(values, [count])
    };
    (of(&channels.mean), of(&channels.variance))
}

fn forward(
    images: Primitive,
    weight: &Primitive,
    bias: &Primitive,
    epsilon: f64,
    activation: Activation,
) -> (Primitive, Normalisation) {
    let images = contiguous(images);
    let (weight, bias) = (contiguous(weight.clone()), contiguous(bias.clone()));
    let (output, channels) = for_type_of!(
        images,
        forward_in(&images, &weight, &bias, epsilon, activation)
    );
    let normalisation = Normalisation {
        images,
        channels,
        activation,
    };
    (output, normalisation)
}

fn forward_in<F: Real>(
    images: &Primitive,
    weight: &Primitive,
    bias: &Primitive,
    epsilon: f64,
    activation: Activation,
) -> (Primitive, Channels) {
    let input = shape::<4>(images);
    let sizes = Sizes::of(input);
    let given = values::<F>(images);
    let channels = Channels::of(
        sizes,
        given,
        values::<F>(weight),
        values::<F>(bias),
        epsilon,
    );
    let output = passes::normalised(sizes, given, &channels, activation);
    (tensor(output, input), channels)
}

impl Gradients<3> for Normalisation {
    fn gradients(self, gradient: Primitive, _wanted: [bool; 3]) -> [Option<Primitive>; 3] {
        for_type_of!(gradient, gradients_in(&self, gradient)).map(Some)
    }
}

/// The gradients of the images, the weight and the bias.
fn gradients_in<F: Real>(normalisation: &Normalisation, gradient: Primitive) -> [Primitive; 3] {
    let Normalisation {
        images,
        channels,
        activation,
    } = normalisation;
    let input = shape::<4>(images);
    let sizes = Sizes::of(input);
    let images = values::<F>(images);
    let sums = passes::sums(sizes, images, channels, *activation, values::<F>(&gradient));
    let of_channels = |values: &[f64]| {
        let values: Vec<F> = values.iter().map(|value| F::of(*value)).collect();
        tensor(values, [sizes.channels])
    };
    let (of_weight, of_bias) = (of_channels(&sums.of_weight), of_channels(&sums.of_bias));
    let mut gradient = gradient;
    let of_images = match F::values_mut(&mut gradient) {
        Some(gradient) => {
            passes::input_gradient_over(sizes, images, channels, *activation, &sums, gradient);
            None
        }
        None => {
            let mut copy = values::<F>(&gradient).to_vec();
            passes::input_gradient_over(sizes, images, channels, *activation, &sums, &mut copy);
            Some(copy)
        }
    };
    let of_images = match of_images {
        Some(values) => tensor(values, input),
        None => gradient,
    };
    [of_images, of_weight, of_bias]
}
