//! Batch normalisation.

mod passes;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::Activation;
use crate::batch_norm::passes::{Channels, InputGradient, Sizes};
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
            output: activation.by_operations(normalised.output),
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

/// Normalises each channel of `[images, channels, height, width]` by the given mean and variance, `[channels]`, scales and
/// shifts it, and applies the activation, as in evaluation. No gradient flows through the mean and the variance.
///
/// ```text
/// y = activation(weight · (x − mean) / √(variance + epsilon) + bias)
/// ```
///
/// The values are read and written once, where Burn's operations make about five passes.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn batch_norm(
    images: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    mean: Tensor<1>,
    variance: Tensor<1>,
    epsilon: f64,
    activation: Activation,
) -> Tensor<4> {
    let of_channels = [&weight, &bias, &mean, &variance];
    let alike = of_channels.map(Tensor::dtype) == [images.dtype(); 4];
    if !is_computed(&images) || !alike {
        let (mean, variance) = (mean.detach(), variance.detach());
        let output =
            burn::tensor::module::batch_norm(images, weight, bias, mean, variance, epsilon);
        return activation.by_operations(output);
    }
    let [_, channels, _, _] = images.dims();
    assert_eq!(
        of_channels.map(Tensor::dims),
        [[channels]; 4],
        "batch_norm: weight, bias, mean and variance must have a value for each of the {channels} channels"
    );
    Tensor::from_dispatch(<Dispatch as BatchNormKernel>::normalise_by(
        images.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        mean.into_dispatch(),
        variance.into_dispatch(),
        epsilon,
        activation,
    ))
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

    fn normalise_by(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        epsilon: f64,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

impl BatchNormKernel for Flex {
    fn normalise(
        images: Primitive,
        weight: Primitive,
        bias: Primitive,
        epsilon: f64,
        activation: Activation,
    ) -> (Primitive, Primitive, Primitive) {
        let scaling = Scaling::new(weight, bias, epsilon, activation);
        let (output, normalisation) = scaling.normalise(images, None);
        let (mean, variance) = normalisation.statistics();
        (output, mean, variance)
    }

    fn normalise_by(
        images: Primitive,
        weight: Primitive,
        bias: Primitive,
        mean: Primitive,
        variance: Primitive,
        epsilon: f64,
        activation: Activation,
    ) -> Primitive {
        let scaling = Scaling::new(weight, bias, epsilon, activation);
        scaling.normalise(images, Some([mean, variance])).0
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
        let scaling = Scaling::new(weight, bias, epsilon, activation);
        let (output, normalisation) = scaling.normalise(images, None);
        let (mean, variance) = normalisation.statistics();
        let nodes = [of_images, of_weight, of_bias];
        let output = tracked::<C, _, 3>(nodes, (output, normalisation));
        (output, Self::from_inner(mean), Self::from_inner(variance))
    }

    fn normalise_by(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        epsilon: f64,
        activation: Activation,
    ) -> FloatTensor<Self> {
        let (images, of_images) = images.into_parts();
        let (weight, of_weight) = weight.into_parts();
        let (bias, of_bias) = bias.into_parts();
        let given = [mean.into_primitive(), variance.into_primitive()];
        let scaling = Scaling::new(weight, bias, epsilon, activation);
        let nodes = [of_images, of_weight, of_bias];
        tracked::<C, _, 3>(nodes, scaling.normalise(images, Some(given)))
    }
}

/// What the gradients need.
#[derive(Debug, Clone)]
struct Normalisation {
    images: Primitive,
    channels: Channels,
    /// Whether the statistics are the batch's own, so that the gradient of the images goes through them too.
    of_batch: bool,
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

/// What is done to values that have been normalised, and what keeps a variance of 0 from dividing them.
struct Scaling {
    weight: Primitive,
    bias: Primitive,
    epsilon: f64,
    activation: Activation,
}

impl Scaling {
    fn new(weight: Primitive, bias: Primitive, epsilon: f64, activation: Activation) -> Self {
        Self {
            weight: contiguous(weight),
            bias: contiguous(bias),
            epsilon,
            activation,
        }
    }

    /// The output, and what its gradients need: by the `given` mean and variance, or by the batch's own.
    fn normalise(
        &self,
        images: Primitive,
        given: Option<[Primitive; 2]>,
    ) -> (Primitive, Normalisation) {
        let images = contiguous(images);
        let given = given.map(|given| given.map(contiguous));
        let (output, channels) = for_type_of!(images, normalise_in(self, &images, given.as_ref()));
        let normalisation = Normalisation {
            images,
            channels,
            of_batch: given.is_none(),
            activation: self.activation,
        };
        (output, normalisation)
    }
}

fn normalise_in<F: Real>(
    scaling: &Scaling,
    images: &Primitive,
    given: Option<&[Primitive; 2]>,
) -> (Primitive, Channels) {
    let input = shape::<4>(images);
    let sizes = Sizes::of(input);
    let pixels = values::<F>(images);
    let moments = match given {
        Some(given) => given.each_ref().map(|values_of| {
            let numbers = values::<F>(values_of).iter();
            numbers.map(|number| number.as_f64()).collect()
        }),
        None => passes::moments(sizes, pixels),
    };
    let (weight, bias) = (values::<F>(&scaling.weight), values::<F>(&scaling.bias));
    let channels = Channels::of(moments, weight, bias, scaling.epsilon);
    let output = passes::normalised(sizes, pixels, &channels, scaling.activation);
    (tensor(output, input), channels)
}

impl Gradients<3> for Normalisation {
    fn gradients(self, gradient: Primitive, _wanted: [bool; 3]) -> [Option<Primitive>; 3] {
        for_type_of!(gradient, gradients_in(&self, gradient)).map(Some)
    }
}

/// The gradients of the images, the weight and the bias.
fn gradients_in<F: Real>(normalisation: &Normalisation, mut gradient: Primitive) -> [Primitive; 3] {
    let Normalisation {
        images,
        channels,
        of_batch,
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
    let through = of_batch.then_some(&sums);
    let pass = InputGradient::new(sizes, channels, *activation, through);
    let of_images = match F::values_mut(&mut gradient) {
        Some(values) => {
            pass.over(images, values);
            gradient
        }
        None => tensor(pass.of(images, values::<F>(&gradient)), input),
    };
    [of_images, of_weight, of_bias]
}
