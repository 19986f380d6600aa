//! Two-dimensional maximum pooling.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::ops::MaxPoolOptions;
use rayon::prelude::*;

use crate::node::{Gradients, tracked};
use crate::parts::{in_parts, in_parts_beside, planes_of_part};
use crate::primitive::{Primitive, contiguous, for_type_of, is_computed, shape, tensor, values};
use crate::real::Real;
use crate::wide::{LANES, PAIRS, wide};

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
        let pooled = Pooled {
            input,
            window,
            places,
        };
        tracked::<C, _, 1>([node], (output, pooled))
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

impl Gradients<1> for Pooled {
    fn gradients(self, gradient: Primitive, _wanted: [bool; 1]) -> [Option<Primitive>; 1] {
        [Some(for_type_of!(gradient, scattered(&self, &gradient)))]
    }
}

/// The sizes of one channel of the input and of the output.
fn sizes([_, _, height, width]: [usize; 4], window: usize) -> (usize, [usize; 2]) {
    (height * width, [height / window, width / window])
}

fn largest<F: Real>(images: Primitive, window: usize) -> (Primitive, Primitive) {
    let input = shape(&images);
    let [count, channels, height, width] = input;
    let (size, [rows, columns]) = sizes(input, window);
    let images = contiguous(images);
    let given = values::<F>(&images);
    let planes = planes_of_part(size);
    let (length, part) = (
        count * channels * rows * columns,
        (planes * rows * columns).max(1),
    );
    let mut places = vec![F::ZERO; length];
    let beside = places.par_chunks_mut(part);
    let output = in_parts_beside(length, part, beside, |index, part, places| {
        let image = &given[index * planes * size..];
        match window {
            2 => largest_of_pairs(image, [height, width], part, places),
            _ => {
                let outputs = part.chunks_exact_mut(rows * columns);
                let outputs = outputs.zip(places.chunks_exact_mut(rows * columns));
                for (channel, (outputs, places)) in image.chunks_exact(size).zip(outputs) {
                    largest_of_channel(channel, width, window, outputs, places);
                }
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

wide! {
    /// As [`largest_of_channel`] for several channels and a window of 2, in a form that the compiler makes wide
    /// instructions of. Rows are computed in their order, since what is written beyond one is written over by the next.
    fn largest_of_pairs<F: Real>(
        image: &[F],
        size: [usize; 2],
        outputs: &mut [F],
        places: &mut [F],
    ) {
        let [height, width] = size;
        let numbers = [0.0, 1.0, 2.0, 3.0].map(F::of);
        let largest = |[a, b]: [F; 2], [c, d]: [F; 2]| {
            let top = larger((a, numbers[0]), (b, numbers[1]));
            let bottom = larger((c, numbers[2]), (d, numbers[3]));
            larger(top, bottom)
        };
        let [rows, columns] = [height / 2, width / 2];
        for row in 0..outputs.len() / columns {
            let from = row / rows * height * width + row % rows * 2 * width;
            let (top, bottom) = (&image[from..], &image[from + width..]);
            for first in (0..columns).step_by(LANES) {
                let (top, bottom) = (&top[first * 2..], &bottom[first * 2..]);
                let to = row * columns + first;
                let (outputs, places) = (&mut outputs[to..], &mut places[to..]);
                let from = (top.first_chunk::<PAIRS>(), bottom.first_chunk::<PAIRS>());
                let to = (
                    outputs.first_chunk_mut::<LANES>(),
                    places.first_chunk_mut::<LANES>(),
                );
                if let ((Some(top), Some(bottom)), (Some(outputs), Some(places))) = (from, to) {
                    for number in 0..LANES {
                        let [top, bottom] =
                            [top, bottom].map(|row| [row[number * 2], row[number * 2 + 1]]);
                        (outputs[number], places[number]) = largest(top, bottom);
                    }
                    continue;
                }
                let pairs = top.chunks_exact(2).zip(bottom.chunks_exact(2));
                let outputs = outputs.iter_mut().zip(places).take(columns - first);
                for ((top, bottom), (output, place)) in pairs.zip(outputs) {
                    (*output, *place) = largest([top[0], top[1]], [bottom[0], bottom[1]]);
                }
            }
        }
    }
}

wide! {
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
}

fn scattered<F: Real>(pooled: &Pooled, gradient: &Primitive) -> Primitive {
    let Pooled {
        input,
        window,
        places,
    } = pooled;
    let [count, channels, height, width] = *input;
    let (size, [rows, columns]) = sizes(*input, *window);
    let (gradient, places) = (values::<F>(gradient), values::<F>(places));
    let planes = planes_of_part(size);
    let of_images = in_parts(count * channels * size, planes * size, |index, part| {
        let outputs = index * planes * rows * columns..;
        let (gradient, places) = (&gradient[outputs.clone()], &places[outputs]);
        match window {
            2 => scattered_in_pairs(part, [height, width], gradient, places),
            _ => {
                let outputs = gradient.chunks_exact(rows * columns);
                let outputs = outputs.zip(places.chunks_exact(rows * columns));
                for (channel, (gradient, places)) in part.chunks_exact_mut(size).zip(outputs) {
                    scattered_in_channel(channel, width, *window, gradient, places);
                }
            }
        }
    });
    tensor(of_images, *input)
}

wide! {
    /// As [`scattered_in_channel`] for several channels and a window of 2, as in [`largest_of_pairs`].
    fn scattered_in_pairs<F: Real>(
        image: &mut [F],
        size: [usize; 2],
        gradient: &[F],
        places: &[F],
    ) {
        let [height, width] = size;
        let numbers = [[0.0, 1.0], [2.0, 3.0]].map(|numbers| numbers.map(F::of));
        let passed = |gradient: F, place: F, number: F| {
            if place == number { gradient } else { F::ZERO }
        };
        let [rows, columns] = [height / 2, width / 2];
        for line in 0..image.len() / width {
            let (channel, row) = (line / height, line % height);
            let to = &mut image[line * width..];
            if row == rows * 2 {
                to[..width].fill(F::ZERO);
                continue;
            }
            let numbers = numbers[row % 2];
            let from = (channel * rows + row / 2) * columns;
            for first in (0..columns).step_by(LANES) {
                let (gradient, places) = (&gradient[from + first..], &places[from + first..]);
                let to = &mut to[first * 2..];
                let from = (
                    gradient.first_chunk::<LANES>(),
                    places.first_chunk::<LANES>(),
                );
                if let ((Some(gradient), Some(places)), Some(to)) =
                    (from, to.first_chunk_mut::<PAIRS>())
                {
                    for number in 0..LANES {
                        let (gradient, place) = (gradient[number], places[number]);
                        to[number * 2] = passed(gradient, place, numbers[0]);
                        to[number * 2 + 1] = passed(gradient, place, numbers[1]);
                    }
                    continue;
                }
                let values = gradient.iter().zip(places).take(columns - first);
                for (pair, (gradient, place)) in to.chunks_exact_mut(2).zip(values) {
                    pair[0] = passed(*gradient, *place, numbers[0]);
                    pair[1] = passed(*gradient, *place, numbers[1]);
                }
            }
            to[columns * 2..width].fill(F::ZERO);
        }
    }
}

wide! {
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
}
