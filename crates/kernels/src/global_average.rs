//! The mean of each channel.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::parts::in_parts;
use crate::primitive::{Primitive, contiguous, for_type_of, is_computed, shape, tensor, values};
use crate::real::Real;
use crate::sum::sum;

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
        match GlobalAverageNode
            .prepare::<C>([node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(node) => node.finish(input, output),
            OpsKind::UnTracked(node) => node.finish(output),
        }
    }
}

/// What autodiff does in the backward pass. Its state is the shape of the images.
#[derive(Debug)]
struct GlobalAverageNode;

impl Backward<Flex, 1> for GlobalAverageNode {
    type State = [usize; 4];

    fn backward(
        self,
        ops: Ops<[usize; 4], 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let [parent] = ops.parents;
        if let Some(parent) = parent {
            let of_images = for_type_of!(gradient, spread(ops.state, &gradient));
            gradients.register::<Flex>(parent.id, of_images);
        }
    }
}

fn averages<F: Real>(images: Primitive) -> Primitive {
    let [count, channels, height, width] = shape(&images);
    let images = contiguous(images);
    let pixels = height * width;
    let given = values::<F>(&images);
    let share = F::of(1.0 / pixels as f64);
    let averages = in_parts(count * channels, channels, |index, part| {
        let planes = given[index * channels * pixels..].chunks_exact(pixels);
        for (average, plane) in part.iter_mut().zip(planes) {
            *average = sum(plane) * share;
        }
    });
    tensor(averages, [count, channels])
}

fn spread<F: Real>(input: [usize; 4], gradient: &Primitive) -> Primitive {
    let [count, channels, height, width] = input;
    let pixels = height * width;
    let gradient = values::<F>(gradient);
    let share = F::of(1.0 / pixels as f64);
    let size = channels * pixels;
    let of_images = in_parts(count * size, size, |index, part| {
        let gradient = &gradient[index * channels..];
        for (plane, gradient) in part.chunks_exact_mut(pixels).zip(gradient) {
            plane.fill(*gradient * share);
        }
    });
    tensor(of_images, input)
}
