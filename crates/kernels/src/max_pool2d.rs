//! Two-dimensional maximum pooling.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::ops::MaxPoolOptions;
use rayon::prelude::*;

use crate::parts::{in_parts, in_parts_beside};
use crate::primitive::{Primitive, contiguous, for_type_of, is_computed, shape, tensor, values};
use crate::real::Real;

/// The largest value of each `window` x `window` square of images `[images, channels, height, width]`, as
/// `torch.nn.functional.max_pool2d`; squares do not overlap, and rows and columns that are left over count nowhere.
///
/// ```text
/// y[b, c, i, j] = max_{u, v < window} x[b, c, i·window + u, j·window + v]
/// ```
///
/// The gradient goes to the first of the largest. What is not a number is larger than every number.
///
/// Which value it was is kept in a byte, where Burn's flex keeps eight, and the gradient is written in one pass over the
/// input, each value once. An image is computed by one thread, so that the bits do not depend on their number.
///
/// # Panics
/// If the window is 0 or larger than the image.
pub fn max_pool2d(images: Tensor<4>, window: usize) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    assert!(
        (1..=height.min(width)).contains(&window),
        "max_pool2d: a window of {window} pixels on images of {height}x{width}: it must be at least 1 and must fit"
    );
    if !is_computed(&images) || window > MOST {
        return burn::tensor::module::max_pool2d(images, MaxPoolOptions::new([window; 2]));
    }
    let images = images.into_dispatch();
    Tensor::from_dispatch(<Dispatch as MaxPool2dKernel>::pool(images, window))
}

/// The largest window whose places can be counted in a byte.
const MOST: usize = 16;

#[backend_extension(Flex, Autodiff)]
pub(crate) trait MaxPool2dKernel: Backend {
    fn pool(images: FloatTensor<Self>, window: usize) -> FloatTensor<Self>;
}

impl MaxPool2dKernel for Flex {
    fn pool(images: Primitive, window: usize) -> Primitive {
        for_type_of!(images, largest(images, window)).0
    }
}

impl<C: CheckpointStrategy> MaxPool2dKernel for Autodiff<Flex, C> {
    fn pool(images: FloatTensor<Self>, window: usize) -> FloatTensor<Self> {
        let (images, node) = images.into_parts();
        let input = shape(&images);
        let (output, places) = for_type_of!(images, largest(images, window));
        match MaxPool2dNode
            .prepare::<C>([node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(node) => {
                let places = Arc::new(places);
                node.finish(
                    Pooled {
                        input,
                        window,
                        places,
                    },
                    output,
                )
            }
            OpsKind::UnTracked(node) => node.finish(output),
        }
    }
}

/// What the gradient needs.
#[derive(Debug, Clone)]
struct Pooled {
    input: [usize; 4],
    window: usize,
    /// For each output, which value of its square it is, row by row.
    places: Arc<Vec<u8>>,
}

/// What autodiff does in the backward pass.
#[derive(Debug)]
struct MaxPool2dNode;

impl Backward<Flex, 1> for MaxPool2dNode {
    type State = Pooled;

    fn backward(
        self,
        ops: Ops<Pooled, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let [parent] = ops.parents;
        if let Some(parent) = parent {
            let of_images = for_type_of!(gradient, scattered(&ops.state, &gradient));
            gradients.register::<Flex>(parent.id, of_images);
        }
    }
}

/// The sizes of one channel of the input and of the output.
fn sizes([_, _, height, width]: [usize; 4], window: usize) -> (usize, [usize; 2]) {
    (height * width, [height / window, width / window])
}

fn largest<F: Real>(images: Primitive, window: usize) -> (Primitive, Vec<u8>) {
    let input = shape(&images);
    let [count, channels, _, width] = input;
    let (size, [rows, columns]) = sizes(input, window);
    let images = contiguous(images);
    let given = values::<F>(&images);
    let part = (channels * rows * columns).max(1);
    let mut places = vec![0_u8; count * part];
    let beside = places.par_chunks_mut(part);
    let output = in_parts_beside(count * part, part, beside, |index, part, places| {
        let image = given[index * channels * size..].chunks_exact(size);
        let outputs = part.chunks_exact_mut(rows * columns);
        let places = places.chunks_exact_mut(rows * columns);
        for ((channel, outputs), places) in image.zip(outputs).zip(places) {
            match window {
                2 => largest_of_channel(channel, width, 2, outputs, places),
                _ => largest_of_channel(channel, width, window, outputs, places),
            }
        }
    });
    (tensor(output, [count, channels, rows, columns]), places)
}

/// Inlined so that there is one for windows of 2 pixels, whose loops are gone.
#[inline(always)]
fn largest_of_channel<F: Real>(
    channel: &[F],
    width: usize,
    window: usize,
    outputs: &mut [F],
    places: &mut [u8],
) {
    let columns = width / window;
    let bands = channel.chunks_exact(width * window);
    let outputs = outputs.chunks_exact_mut(columns);
    let places = places.chunks_exact_mut(columns);
    for ((band, outputs), places) in bands.zip(outputs).zip(places) {
        outputs.fill(F::LEAST);
        for (down, row) in band.chunks_exact(width).enumerate() {
            let squares = row.chunks_exact(window);
            for ((square, output), place) in squares.zip(&mut *outputs).zip(&mut *places) {
                for (across, value) in square.iter().enumerate() {
                    // Nothing is larger than what is not a number.
                    let is_larger = *value > *output || value.is_nan();
                    *output = if is_larger { *value } else { *output };
                    *place = if is_larger {
                        (down * window + across) as u8
                    } else {
                        *place
                    };
                }
            }
        }
    }
}

fn scattered<F: Real>(pooled: &Pooled, gradient: &Primitive) -> Primitive {
    let Pooled {
        input,
        window,
        places,
    } = pooled;
    let [count, channels, _, width] = *input;
    let (size, [rows, columns]) = sizes(*input, *window);
    let gradient = values::<F>(gradient);
    let image = channels * size;
    let of_images = in_parts(count * image, image, |index, part| {
        let outputs = index * channels * rows * columns..;
        let gradient = gradient[outputs.clone()].chunks_exact(rows * columns);
        let places = places[outputs].chunks_exact(rows * columns);
        for ((channel, gradient), places) in part.chunks_exact_mut(size).zip(gradient).zip(places) {
            match window {
                2 => scattered_in_channel(channel, width, 2, gradient, places),
                _ => scattered_in_channel(channel, width, *window, gradient, places),
            }
        }
    });
    tensor(of_images, *input)
}

#[inline(always)]
fn scattered_in_channel<F: Real>(
    channel: &mut [F],
    width: usize,
    window: usize,
    gradient: &[F],
    places: &[u8],
) {
    let columns = width / window;
    let bands = channel.chunks_exact_mut(width * window);
    let outputs = gradient
        .chunks_exact(columns)
        .zip(places.chunks_exact(columns));
    for (band, (gradient, places)) in bands.zip(outputs) {
        for (down, row) in band.chunks_exact_mut(width).enumerate() {
            let squares = row.chunks_exact_mut(window);
            for (square, (gradient, place)) in squares.zip(gradient.iter().zip(places)) {
                for (across, value) in square.iter_mut().enumerate() {
                    let is_place = (down * window + across) as u8 == *place;
                    *value = if is_place { *gradient } else { F::ZERO };
                }
            }
        }
    }
}
