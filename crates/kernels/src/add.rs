//! Sums of two tensors.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use rayon::prelude::*;

use crate::Activation;
use crate::activation::masked;
use crate::node::{Gradients, tracked};
use crate::parts::{NEAR, in_parts};
use crate::primitive::{Primitive, contiguous, for_type_of, is_computed, tensor, values};
use crate::real::Real;
use crate::wide::wide;

/// Adds two tensors of the same shape and applies the activation, as a residual block does at its end.
///
/// ```text
/// y = activation(left + right)
/// ```
///
/// One pass, split over the threads, over `left` or `right` where nobody else holds it; backward one pass at most. Burn's
/// operations make two passes forward and one backward, on the thread that calls them.
///
/// # Panics
/// If the shapes differ.
pub fn add<const D: usize>(left: Tensor<D>, right: Tensor<D>, activation: Activation) -> Tensor<D> {
    assert_eq!(
        left.dims(),
        right.dims(),
        "add: both tensors must have the same shape"
    );
    if !is_computed(&left) || right.dtype() != left.dtype() {
        let sum = left + right;
        return activation.by_operations(sum);
    }
    Tensor::from_dispatch(<Dispatch as AddKernel>::sum(
        left.into_dispatch(),
        right.into_dispatch(),
        activation,
    ))
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait AddKernel: Backend {
    fn sum(
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

impl AddKernel for Flex {
    fn sum(left: Primitive, right: Primitive, activation: Activation) -> Primitive {
        for_type_of!(left, sum_in(left, right, activation))
    }
}

impl<C: CheckpointStrategy> AddKernel for Autodiff<Flex, C> {
    fn sum(
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        let (left, of_left) = left.into_parts();
        let (right, of_right) = right.into_parts();
        let output = Flex::sum(left, right, activation);
        let kept = (activation != Activation::Identity).then(|| output.clone());
        tracked::<C, _, 2>([of_left, of_right], (output, Sum { output: kept }))
    }
}

/// What the gradients need: the output, where the activation's gradient depends on it.
#[derive(Debug, Clone)]
struct Sum {
    output: Option<Primitive>,
}

impl Gradients<2> for Sum {
    fn gradients(self, gradient: Primitive, wanted: [bool; 2]) -> [Option<Primitive>; 2] {
        let gradient = masked(gradient, self.output.as_ref());
        wanted.map(|wanted| wanted.then(|| gradient.clone()))
    }
}

fn sum_in<F: Real>(left: Primitive, right: Primitive, activation: Activation) -> Primitive {
    let (mut into, mut other) = (contiguous(left), contiguous(right));
    if F::values_mut(&mut into).is_none() {
        std::mem::swap(&mut into, &mut other);
    }
    let added = values::<F>(&other);
    if let Some(values) = F::values_mut(&mut into) {
        let parts = values.par_chunks_mut(NEAR).zip(added.par_chunks(NEAR));
        parts.for_each(|(values, added)| add_over(values, added, activation));
        return into;
    }
    let given = values::<F>(&into);
    let sum = in_parts(given.len(), NEAR, |index, part| {
        part.copy_from_slice(&given[index * NEAR..][..part.len()]);
        add_over(part, &added[index * NEAR..], activation);
    });
    tensor(sum, into.layout().shape().clone())
}

wide! {
    fn add_over<F: Real>(values: &mut [F], added: &[F], activation: Activation) {
        for (value, added) in values.iter_mut().zip(added) {
            *value = activation.of(*value + *added);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_holds_is_left_as_it_is() {
        let (left, right) = (
            tensor(vec![1.0_f32, 2.0], [2]),
            tensor(vec![-4.0_f32, 5.0], [2]),
        );
        let sum = |left, right| {
            let sum = sum_in::<f32>(left, right, Activation::Relu);
            values::<f32>(&sum).to_vec()
        };
        assert_eq!(sum(left.clone(), right.clone()), [0.0, 7.0]);
        assert_eq!(sum(left.clone(), left.clone()), [2.0, 4.0]);
        // Over the one that nobody else holds, whichever that is.
        let (more, last) = (
            tensor(vec![1.0_f32, 1.0], [2]),
            tensor(vec![3.0_f32, 3.0], [2]),
        );
        assert_eq!(sum(more, right.clone()), [0.0, 6.0]);
        assert_eq!(sum(left.clone(), last), [4.0, 5.0]);
        assert_eq!(values::<f32>(&left), [1.0, 2.0]);
        assert_eq!(values::<f32>(&right), [-4.0, 5.0]);
    }
}
