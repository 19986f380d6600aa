//! Two-dimensional convolution.

mod geometry;
mod padded;
mod passes;
pub(crate) mod transforms;
mod winograd;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;

use crate::Activation;
use crate::activation::masked;
use crate::conv2d::geometry::Geometry;
use crate::node::{Gradients, tracked};
use crate::optional::Optional;
use crate::primitive::{Primitive, contiguous, for_type_of, is_computed, shape, tensor, values};
use crate::real::Real;

/// Convolves images `[images, inputs, height, width]` with a weight `[outputs, inputs / groups, kernel height, kernel
/// width]`, as `torch.nn.functional.conv2d`, adds the bias `[outputs]` and applies the activation.
///
/// ```text
/// y[b, o, i, j] = activation(bias[o] + Σ_{c, u, v} weight[o, c, u, v] · x[b, c, i·stride + u·dilation − padding, …])
/// ```
///
/// where c runs over the channels of the group that o is in, and x is 0 outside of the image.
///
/// Each thread takes an image at a time, pads it, and convolves it where it lies: for each place of the kernel the factor
/// of an output pixel is found at an offset that does not depend on the pixel, also with strides and dilation, for which
/// the padded image is taken apart into planes. A tile of outputs, some channels by some pixels of a row, stays in
/// registers while its products are added; the weights are packed once in the order in which tiles read them. The gradient
/// of the input is such a convolution of the output's gradient; that of the weight has tiles of its own. Nothing is laid
/// out for each place of the kernel (im2col), and nothing of the layout is kept for the backward pass. Zhang, Franchetti
/// and Low 2018, "High performance zero-memory overhead direct convolutions"; the offsets are those of Dukhan 2019, "The
/// indirect convolution algorithm".
///
/// Convolutions of 3x3 with a stride of 1 and at least 8 channels on both sides compute 16 products where the definition
/// has 36 (`conv2d/winograd.rs`).
///
/// Burn's flex lays out the whole batch with the channels last, and makes of the weight's gradient a convolution whose
/// kernel is the image.
///
/// The weight's gradient is summed over blocks of eight images, and then over the blocks in their order, so that it has
/// the same bits for any number of threads.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn conv2d(
    images: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions<2>,
    activation: Activation,
) -> Tensor<4> {
    let alike = |dtype| dtype == images.dtype();
    let computed = is_computed(&images)
        && alike(weight.dtype())
        && bias.as_ref().is_none_or(|bias| alike(bias.dtype()));
    if !computed {
        let output = burn::tensor::module::conv2d(images, weight, bias, options);
        return activation.by_operations(output);
    }
    let bias = match bias {
        Some(bias) => {
            let [outputs, ..] = weight.dims();
            assert_eq!(
                bias.dims(),
                [outputs],
                "conv2d: the bias must have a value for each output channel"
            );
            Optional::Present(bias.into_dispatch())
        }
        None => Optional::Absent,
    };
    Tensor::from_dispatch(<Dispatch as Conv2dKernel>::convolve(
        images.into_dispatch(),
        weight.into_dispatch(),
        bias,
        options,
        activation,
    ))
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait Conv2dKernel: Backend {
    fn convolve(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: Optional<Self>,
        options: ConvOptions<2>,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

impl Conv2dKernel for Flex {
    fn convolve(
        images: Primitive,
        weight: Primitive,
        bias: Optional<Self>,
        options: ConvOptions<2>,
        activation: Activation,
    ) -> Primitive {
        let convolution = Convolution::new(images, weight, &options, activation);
        convolution.forward(bias.into_option()).0
    }
}

impl<C: CheckpointStrategy> Conv2dKernel for Autodiff<Flex, C> {
    fn convolve(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Optional<Self>,
        options: ConvOptions<2>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        let (images, of_images) = images.into_parts();
        let (weight, of_weight) = weight.into_parts();
        let convolution = Convolution::new(images, weight, &options, activation);
        match bias {
            Optional::Present(bias) => {
                let (bias, of_bias) = bias.into_parts();
                let nodes = [of_images, of_weight, of_bias];
                tracked::<C, _, 3>(nodes, convolution.forward(Some(bias)))
            }
            Optional::Absent => {
                tracked::<C, _, 2>([of_images, of_weight], convolution.forward(None))
            }
        }
    }
}

/// A convolution, and what its gradients need.
#[derive(Debug, Clone)]
struct Convolution {
    geometry: Geometry,
    images: Primitive,
    weight: Primitive,
    activation: Activation,
    /// The output, where the activation's gradient depends on it.
    output: Option<Primitive>,
}

impl Convolution {
    fn new(
        images: Primitive,
        weight: Primitive,
        options: &ConvOptions<2>,
        activation: Activation,
    ) -> Self {
        let geometry = Geometry::new(shape(&images), shape(&weight), options);
        Self {
            geometry,
            images: contiguous(images),
            weight: contiguous(weight),
            activation,
            output: None,
        }
    }

    /// The output, and the convolution with what its gradients need of it.
    fn forward(mut self, bias: Option<Primitive>) -> (Primitive, Self) {
        let bias = bias.map(contiguous);
        let output = for_type_of!(self.images, forward_in(&self, bias.as_ref()));
        if self.activation != Activation::Identity {
            self.output = Some(output.clone());
        }
        (output, self)
    }
}

fn forward_in<F: Real>(convolution: &Convolution, bias: Option<&Primitive>) -> Primitive {
    let Convolution {
        geometry,
        images,
        weight,
        activation,
        ..
    } = convolution;
    let bias = bias.map(values::<F>);
    let (images, weight) = (values(images), values(weight));
    let output = passes::forward(geometry, images, weight, bias, *activation);
    let [height, width] = geometry.output;
    tensor(output, [geometry.images, geometry.outputs, height, width])
}

impl<const N: usize> Gradients<N> for Convolution {
    fn gradients(self, gradient: Primitive, wanted: [bool; N]) -> [Option<Primitive>; N] {
        let gradient = masked(gradient, self.output.as_ref());
        std::array::from_fn(|operand| {
            wanted[operand].then(|| for_type_of!(gradient, gradient_in(&self, operand, &gradient)))
        })
    }
}

/// The gradient of the images (0), the weight (1) or the bias (2).
fn gradient_in<F: Real>(
    convolution: &Convolution,
    operand: usize,
    gradient: &Primitive,
) -> Primitive {
    let Convolution {
        geometry,
        images,
        weight,
        ..
    } = convolution;
    let gradient = values::<F>(gradient);
    match operand {
        0 => {
            let of_images = passes::input_gradient(geometry, values(weight), gradient);
            tensor(of_images, shape::<4>(images))
        }
        1 => {
            let of_weight = passes::weight_gradient(geometry, values(images), gradient);
            tensor(of_weight, shape::<4>(weight))
        }
        _ => tensor(
            passes::bias_gradient(geometry, gradient),
            [geometry.outputs],
        ),
    }
}
