//! ReLU on a GPU: one kernel forward and one backward, where Burn's has two each.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, unary};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Cube, Dispatch, TensorMetadata, backend_extension};
use burn::cubecl::std::tensor::layout::linear::{LinearView, LinearViewMut};
use burn::cubecl::{self, prelude::*};
use burn::tensor::Tensor;

use super::{Primitive, empty_like, one_unit_each};
use crate::node::tracked_by;

/// `max(x, 0)` of a tensor on a GPU.
pub(crate) fn relu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::rectify(input.into_dispatch()))
}

#[backend_extension(Cube, Autodiff)]
pub(crate) trait ReluKernel: Backend {
    fn rectify(input: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[cube(launch)]
fn rectify_kernel(input: LinearView<'_, f32>, mut output: LinearViewMut<'_, f32>) {
    let at = ABSOLUTE_POS;
    if !output.is_in_bounds(at) {
        terminate!();
    }
    let value = input.read(at);
    // What is not a number stays so: a run that diverges must show it.
    output.write(at, select(value <= 0.0f32, 0.0f32, value));
}

#[cube(launch)]
fn mask_kernel(
    gradient: LinearView<'_, f32>,
    output: LinearView<'_, f32>,
    mut masked: LinearViewMut<'_, f32>,
) {
    let at = ABSOLUTE_POS;
    if !masked.is_in_bounds(at) {
        terminate!();
    }
    let is_cut = output.read(at) <= 0.0f32;
    masked.write(at, select(is_cut, 0.0f32, gradient.read(at)));
}

impl ReluKernel for Cube {
    fn rectify(input: Primitive) -> Primitive {
        let output = empty_like(&input);
        let client = input.client.clone();
        let (count, dim) = one_unit_each(&client, input.shape().num_elements());
        rectify_kernel::launch(
            &client,
            count,
            dim,
            input.into_linear_view(),
            output.clone().into_linear_view(),
        );
        output
    }
}

impl<C: CheckpointStrategy> ReluKernel for Autodiff<Cube, C> {
    fn rectify(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let (input, node) = input.into_parts();
        let output = Cube::rectify(input);
        tracked_by::<C, Cube, _, 1>(Rectified, [node], (output.clone(), output))
    }
}

/// ReLU in autodiff's graph. What it keeps is its output.
#[derive(Debug)]
struct Rectified;

impl Backward<Cube, 1> for Rectified {
    type State = Primitive;

    fn backward(
        self,
        ops: Ops<Primitive, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        unary::<Cube, _>(ops.parents, ops.node, gradients, |gradient| {
            let output = ops.state;
            let masked = empty_like(&output);
            let client = output.client.clone();
            let (count, dim) = one_unit_each(&client, output.shape().num_elements());
            mask_kernel::launch(
                &client,
                count,
                dim,
                gradient.into_linear_view(),
                output.into_linear_view(),
                masked.clone().into_linear_view(),
            );
            masked
        });
    }
}
