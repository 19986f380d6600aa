//! Two-dimensional maximum pooling.

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
/// Which value it was is kept in a number of the values' type, so that the processor compares and keeps several at once,
/// and the gradient is written in one pass over the input, each value once. An image is computed by one thread, so that
/// the bits do not depend on their number.
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

/// The largest window: in single precision, all places in it are whole numbers that differ.
const MOST: usize = 1 << 12;

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
            OpsKind::Tracked(node) => node.finish(
                Pooled {
                    input,
                    window,
                    places,
                },
                output,
            ),
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
    places: Primitive,
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

fn largest<F: Real>(images: Primitive, window: usize) -> (Primitive, Primitive) {
    let input = shape(&images);
    let [count, channels, _, width] = input;
    let (size, [rows, columns]) = sizes(input, window);
    let images = contiguous(images);
    let given = values::<F>(&images);
    let part = (channels * rows * columns).max(1);
    let mut places = vec![F::ZERO; count * part];
    let beside = places.par_chunks_mut(part);
    let output = in_parts_beside(count * part, part, beside, |index, part, places| {
        let image = given[index * channels * size..].chunks_exact(size);
        let outputs = part.chunks_exact_mut(rows * columns);
        let places = places.chunks_exact_mut(rows * columns);
        for ((channel, outputs), places) in image.zip(outputs).zip(places) {
            match window {
                2 => largest_of_pairs(channel, width, outputs, places),
                _ => largest_of_channel(channel, width, window, outputs, places),
            }
        }
    });
    let output_shape = [count, channels, rows, columns];
    (tensor(output, output_shape), tensor(places, output_shape))
}

/// The larger of two values with their places, the first if they are equal. Nothing is larger than what is not a number.
#[inline(always)]
fn larger<F: Real>(first: (F, F), second: (F, F)) -> (F, F) {
    let is_second = (second.0 > first.0) | second.0.is_nan();
    let value = if is_second { second.0 } else { first.0 };
    (value, if is_second { second.1 } else { first.1 })
}

/// As [`largest_of_channel`] for a window of 2, in a form that the compiler makes wide instructions of.
fn largest_of_pairs<F: Real>(channel: &[F], width: usize, outputs: &mut [F], places: &mut [F]) {
    let columns = width / 2;
    let numbers = [0.0, 1.0, 2.0, 3.0].map(F::of);
    let bands = channel.chunks_exact(width * 2);
    let outputs = outputs
        .chunks_exact_mut(columns)
        .zip(places.chunks_exact_mut(columns));
    for (band, (outputs, places)) in bands.zip(outputs) {
        let (top, bottom) = band.split_at(width);
        let pairs = top.chunks_exact(2).zip(bottom.chunks_exact(2));
        for ((top, bottom), (output, place)) in pairs.zip(outputs.iter_mut().zip(places)) {
            let top = larger((top[0], numbers[0]), (top[1], numbers[1]));
            let bottom = larger((bottom[0], numbers[2]), (bottom[1], numbers[3]));
            (*output, *place) = larger(top, bottom);
        }
    }
}

fn largest_of_channel<F: Real>(
    channel: &[F],
    width: usize,
    window: usize,
    outputs: &mut [F],
    places: &mut [F],
) {
    let columns = width / window;
    let bands = channel.chunks_exact(width * window);
    let outputs = outputs
        .chunks_exact_mut(columns)
        .zip(places.chunks_exact_mut(columns));
    for (band, (outputs, places)) in bands.zip(outputs) {
        outputs.fill(F::LEAST);
        for (down, row) in band.chunks_exact(width).enumerate() {
            let squares = row.chunks_exact(window);
            for ((square, output), place) in squares.zip(&mut *outputs).zip(&mut *places) {
                for (across, value) in square.iter().enumerate() {
                    let number = F::of((down * window + across) as f64);
                    (*output, *place) = larger((*output, *place), (*value, number));
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
    let (gradient, places) = (values::<F>(gradient), values::<F>(places));
    let image = channels * size;
    let of_images = in_parts(count * image, image, |index, part| {
        let outputs = index * channels * rows * columns..;
        let gradient = gradient[outputs.clone()].chunks_exact(rows * columns);
        let places = places[outputs].chunks_exact(rows * columns);
        for ((channel, gradient), places) in part.chunks_exact_mut(size).zip(gradient).zip(places) {
            match window {
                2 => scattered_in_pairs(channel, width, gradient, places),
                _ => scattered_in_channel(channel, width, *window, gradient, places),
            }
        }
    });
    tensor(of_images, *input)
}

/// As [`scattered_in_channel`] for a window of 2, in a form that the compiler makes wide instructions of.
fn scattered_in_pairs<F: Real>(channel: &mut [F], width: usize, gradient: &[F], places: &[F]) {
    let columns = width / 2;
    let numbers = [0.0, 1.0, 2.0, 3.0].map(F::of);
    let bands = channel.chunks_exact_mut(width * 2);
    let outputs = gradient
        .chunks_exact(columns)
        .zip(places.chunks_exact(columns));
    for (band, (gradient, places)) in bands.zip(outputs) {
        let (top, bottom) = band.split_at_mut(width);
        for (row, numbers) in [
            (top, [numbers[0], numbers[1]]),
            (bottom, [numbers[2], numbers[3]]),
        ] {
            let pairs = row.chunks_exact_mut(2);
            for (pair, (gradient, place)) in pairs.zip(gradient.iter().zip(places)) {
                pair[0] = if *place == numbers[0] {
                    *gradient
                } else {
                    F::ZERO
                };
                pair[1] = if *place == numbers[1] {
                    *gradient
                } else {
                    F::ZERO
                };
            }
        }
    }
}

fn scattered_in_channel<F: Real>(
    channel: &mut [F],
    width: usize,
    window: usize,
    gradient: &[F],
    places: &[F],
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
                    let number = F::of((down * window + across) as f64);
                    *value = if number == *place { *gradient } else { F::ZERO };
                }
            }
        }
    }
}
