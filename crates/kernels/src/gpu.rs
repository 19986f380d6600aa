//! Tensors as a GPU's backend holds them, where Burn does not fuse operations by itself.

mod cross_entropy;
mod relu;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Cube, TensorMetadata};
use burn::cubecl::client::Client;
use burn::cubecl::prelude::{CubeCount, CubeDim};
use burn::cubecl::{calculate_cube_count_elemwise, zspace::metadata::Metadata};
use burn::tensor::Shape;

pub(crate) use relu::relu;

/// A tensor on a GPU.
pub(crate) type Primitive = FloatTensor<Cube>;

/// A tensor of the type of `tensor` whose values are still to be written, one after the other.
pub(crate) fn empty(tensor: &Primitive, shape: impl Into<Shape>) -> Primitive {
    let shape = shape.into();
    let handle = tensor
        .client
        .empty(shape.num_elements() * tensor.dtype.size());
    let (client, device) = (tensor.client.clone(), tensor.device.clone());
    Primitive::new_contiguous(client, device, shape, handle, tensor.dtype)
}

/// The same with the shape of `tensor`, and its values in the same order where they leave no gap: what comes next, a
/// convolution for one, may count on that.
pub(crate) fn empty_like(tensor: &Primitive) -> Primitive {
    let (shape, strides) = (tensor.shape(), tensor.meta.strides());
    let reach = shape.iter().zip(strides.iter());
    let reach: usize = reach.map(|(length, stride)| (length - 1) * stride).sum();
    let mut like = empty(tensor, shape.clone());
    if reach + 1 == shape.num_elements() {
        *like.meta = Metadata::new(shape, strides.clone());
    }
    like
}

/// How many units a kernel has that has one for each of `elements`.
pub(crate) fn one_unit_each(client: &Client, elements: usize) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new(client, elements);
    (calculate_cube_count_elemwise(client, elements, dim), dim)
}
