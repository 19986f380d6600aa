//! Two-dimensional convolution.

mod geometry;
mod padded;
mod passes;
pub(crate) mod tiles;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::ops::ConvOptions;

use crate::Activation;
use crate::activation::masked;
use crate::conv2d::geometry::Geometry;
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
        return match activation {
            Activation::Identity => output,
            Activation::Relu => relu(output),
        };
    }
    let bias = match bias {
        Some(bias) => Optional::Present(bias.into_dispatch()),
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
        let bias = match bias {
            Optional::Present(bias) => Some(bias),
            Optional::Absent => None,
        };
        Convolution::new(images, weight, &options, activation).forward(bias)
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
                tracked::<C, 3>(convolution, Some(bias), [of_images, of_weight, of_bias])
            }
            Optional::Absent => tracked::<C, 2>(convolution, None, [of_images, of_weight]),
        }
    }
}

/// A convolution whose gradients go to so many nodes.
fn tracked<C: CheckpointStrategy, const N: usize>(
    convolution: Convolution,
    bias: Option<Primitive>,
    nodes: [NodeGuard; N],
) -> FloatTensor<Autodiff<Flex, C>> {
    let mut convolution = convolution;
    match Backward::<Flex, N>::prepare::<C>(Conv2dNode, nodes)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(node) => {
            let output = convolution.forward(bias);
            if convolution.activation != Activation::Identity {
                convolution.output = Some(output.clone());
            }
            node.finish(convolution, output)
        }
        OpsKind::UnTracked(node) => node.finish(convolution.forward(bias)),
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

    fn forward(&self, bias: Option<Primitive>) -> Primitive {
        let bias = bias.map(contiguous);
        for_type_of!(self.images, forward_in(self, bias.as_ref()))
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

/// What autodiff does in the backward pass.
#[derive(Debug)]
struct Conv2dNode;

impl<const N: usize> Backward<Flex, N> for Conv2dNode {
    type State = Convolution;

    fn backward(
        self,
        ops: Ops<Convolution, N>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let gradient = masked(contiguous(gradient), ops.state.output.as_ref());
        for (operand, parent) in ops.parents.into_iter().enumerate() {
            if let Some(parent) = parent {
                let of_parent = for_type_of!(gradient, gradient_in(&ops.state, operand, &gradient));
                gradients.register::<Flex>(parent.id, of_parent);
            }
        }
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
