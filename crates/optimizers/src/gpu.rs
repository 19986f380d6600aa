//! A pass over a parameter on a GPU: one kernel, where operations on tensors are one each.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Cube, TensorMetadata, backend_extension};
use burn::cubecl::std::tensor::layout::linear::{LinearView, LinearViewMut};
use burn::cubecl::{self, calculate_cube_count_elemwise, prelude::*};

/// The numbers of an update by the gradient alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain {
    pub(crate) lr: f32,
    pub(crate) weight_decay: f32,
}

/// The numbers of an update by a momentum buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buffered {
    pub(crate) lr: f32,
    pub(crate) weight_decay: f32,
    pub(crate) kept: f32,
    pub(crate) taken: f32,
    pub(crate) nesterov: bool,
}

/// The numbers of an update by the averages of the gradient and of its square.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Descent {
    pub(crate) shrink: f32,
    pub(crate) weight_decay: f32,
    pub(crate) kept: f32,
    pub(crate) taken: f32,
    pub(crate) square_kept: f32,
    pub(crate) square_taken: f32,
    pub(crate) epsilon: f32,
    pub(crate) correction: f32,
    pub(crate) step_size: f32,
}

/// Gives back the weights, and what is kept beside them.
#[backend_extension(Cube)]
pub(crate) trait UpdateKernel: Backend {
    fn plain(
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        numbers: Plain,
    ) -> FloatTensor<Self>;

    fn buffered(
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        buffer: FloatTensor<Self>,
        numbers: Buffered,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn descent(
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        average: FloatTensor<Self>,
        square: FloatTensor<Self>,
        numbers: Descent,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

type Primitive = FloatTensor<Cube>;

#[cube(launch)]
fn plain_kernel(
    weights: LinearView<'_, f32>,
    gradient: LinearView<'_, f32>,
    mut new_weights: LinearViewMut<'_, f32>,
    lr: f32,
    weight_decay: f32,
) {
    let at = ABSOLUTE_POS;
    if !new_weights.is_in_bounds(at) {
        terminate!();
    }
    let weight = weights.read(at);
    let gradient = gradient.read(at) + weight * weight_decay;
    new_weights.write(at, weight - gradient * lr);
}

#[cube(launch)]
fn buffered_kernel(
    weights: LinearView<'_, f32>,
    gradient: LinearView<'_, f32>,
    buffer: LinearView<'_, f32>,
    mut new_weights: LinearViewMut<'_, f32>,
    mut new_buffer: LinearViewMut<'_, f32>,
    lr: f32,
    weight_decay: f32,
    kept: f32,
    taken: f32,
    #[comptime] nesterov: bool,
) {
    let at = ABSOLUTE_POS;
    if !new_weights.is_in_bounds(at) {
        terminate!();
    }
    let weight = weights.read(at);
    let gradient = gradient.read(at) + weight * weight_decay;
    let buffer = buffer.read(at) * kept + gradient * taken;
    new_buffer.write(at, buffer);
    if nesterov {
        new_weights.write(at, weight - (gradient + buffer * kept) * lr);
    } else {
        new_weights.write(at, weight - buffer * lr);
    }
}

#[cube(launch)]
fn descent_kernel(
    weights: LinearView<'_, f32>,
    gradient: LinearView<'_, f32>,
    average: LinearView<'_, f32>,
    square: LinearView<'_, f32>,
    mut new_weights: LinearViewMut<'_, f32>,
    mut new_average: LinearViewMut<'_, f32>,
    mut new_square: LinearViewMut<'_, f32>,
    shrink: f32,
    weight_decay: f32,
    kept: f32,
    taken: f32,
    square_kept: f32,
    square_taken: f32,
    epsilon: f32,
    correction: f32,
    step_size: f32,
) {
    let at = ABSOLUTE_POS;
    if !new_weights.is_in_bounds(at) {
        terminate!();
    }
    let shrunk = weights.read(at) * shrink;
    let gradient = gradient.read(at) + shrunk * weight_decay;
    let average = average.read(at) * kept + gradient * taken;
    let square = square.read(at) * square_kept + gradient * gradient * square_taken;
    let denominator = square.sqrt() / correction + epsilon;
    new_average.write(at, average);
    new_square.write(at, square);
    new_weights.write(at, shrunk - average / denominator * step_size);
}

impl UpdateKernel for Cube {
    fn plain(weights: Primitive, gradient: Primitive, numbers: Plain) -> Primitive {
        let new_weights = like(&weights);
        let (client, count, dim) = one_unit_each(&weights);
        plain_kernel::launch(
            &client,
            count,
            dim,
            weights.into_linear_view(),
            gradient.into_linear_view(),
            new_weights.clone().into_linear_view(),
            numbers.lr,
            numbers.weight_decay,
        );
        new_weights
    }

    fn buffered(
        weights: Primitive,
        gradient: Primitive,
        buffer: Primitive,
        numbers: Buffered,
    ) -> (Primitive, Primitive) {
        let [new_weights, new_buffer] = [like(&weights), like(&weights)];
        let (client, count, dim) = one_unit_each(&weights);
        buffered_kernel::launch(
            &client,
            count,
            dim,
            weights.into_linear_view(),
            gradient.into_linear_view(),
            buffer.into_linear_view(),
            new_weights.clone().into_linear_view(),
            new_buffer.clone().into_linear_view(),
            numbers.lr,
            numbers.weight_decay,
            numbers.kept,
            numbers.taken,
            numbers.nesterov,
        );
        (new_weights, new_buffer)
    }

    fn descent(
        weights: Primitive,
        gradient: Primitive,
        average: Primitive,
        square: Primitive,
        numbers: Descent,
    ) -> (Primitive, Primitive, Primitive) {
        let [new_weights, new_average, new_square] = [(); 3].map(|()| like(&weights));
        let (client, count, dim) = one_unit_each(&weights);
        descent_kernel::launch(
            &client,
            count,
            dim,
            weights.into_linear_view(),
            gradient.into_linear_view(),
            average.into_linear_view(),
            square.into_linear_view(),
            new_weights.clone().into_linear_view(),
            new_average.clone().into_linear_view(),
            new_square.clone().into_linear_view(),
            numbers.shrink,
            numbers.weight_decay,
            numbers.kept,
            numbers.taken,
            numbers.square_kept,
            numbers.square_taken,
            numbers.epsilon,
            numbers.correction,
            numbers.step_size,
        );
        (new_weights, new_average, new_square)
    }
}

/// A tensor of the same shape and type whose values are still to be written.
fn like(tensor: &Primitive) -> Primitive {
    let shape = tensor.shape();
    let bytes = shape.num_elements() * tensor.dtype.size();
    Primitive::new_contiguous(
        tensor.client.clone(),
        tensor.device.clone(),
        shape,
        tensor.client.empty(bytes),
        tensor.dtype,
    )
}

/// Where a kernel runs that has a unit for each element, and how many.
fn one_unit_each(tensor: &Primitive) -> (cubecl::client::Client, CubeCount, CubeDim) {
    let (client, elements) = (tensor.client.clone(), tensor.shape().num_elements());
    let dim = CubeDim::new(&client, elements);
    let count = calculate_cube_count_elemwise(&client, elements, dim);
    (client, count, dim)
}
