//! Cross-entropy of a softmax.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, unary};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::activation::log_softmax;
use burn::tensor::{DType, Int, Tensor};

use crate::node::tracked_by;
use crate::primitive::{
    Primitive, contiguous, for_type_of, is_computed, is_on_gpu, shape, tensor, values,
};
use crate::real::Real;

/// The mean cross-entropy of logits `[batch, classes]` against labels `[batch]`, in nats, as
/// `torch.nn.functional.cross_entropy`.
///
/// ```text
/// loss = mean over the batch of  (1 − ε) · −log p[label]  +  ε / K · Σ_c −log p[c]
/// p = softmax(logits),   ε = label_smoothing, from 0 to 1,   K classes
/// ∂loss / ∂logits[b, c] = (p[c] − (1 − ε) · [c = label] − ε / K) / batch
/// ```
///
/// Loss and gradient are computed together: on flex in one pass over the logits, which read what is in the cache, and on a
/// GPU by one kernel and a mean. Burn's operations make two dozen tensors. Szegedy et al. 2016, "Rethinking the Inception
/// architecture for computer vision".
///
/// # Panics
/// If the shapes do not fit each other, or, in this process's memory, a label is not one of the classes; on a GPU such a
/// label makes the loss meaningless.
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>, label_smoothing: f64) -> Tensor<1> {
    let [batch, _] = logits.dims();
    assert_eq!(
        labels.dims(),
        [batch],
        "cross_entropy: each row of logits must have a label"
    );
    let is_compared = is_computed(&logits) || is_on_gpu(&logits);
    if !is_compared || !matches!(labels.dtype(), DType::I64 | DType::I32) {
        return by_operations(logits, labels, label_smoothing);
    }
    let (logits, labels) = (logits.into_dispatch(), labels.into_dispatch());
    Tensor::from_dispatch(<Dispatch as CrossEntropyKernel>::compare(
        logits,
        labels,
        label_smoothing,
    ))
}

fn by_operations(logits: Tensor<2>, labels: Tensor<1, Int>, label_smoothing: f64) -> Tensor<1> {
    let log_probabilities = log_softmax(logits, 1);
    let of_labels = |log_probabilities: Tensor<2>| {
        let of_labels = log_probabilities.gather(1, labels.unsqueeze_dim(1));
        of_labels.mean().neg()
    };
    if label_smoothing == 0.0 {
        return of_labels(log_probabilities);
    }
    let of_all = log_probabilities.clone().mean().neg();
    of_labels(log_probabilities) * (1.0 - label_smoothing) + of_all * label_smoothing
}

#[backend_extension(
    Flex,
    Cube: cfg(all(feature = "cube", not(feature = "fusion"))),
    Autodiff
)]
pub(crate) trait CrossEntropyKernel: Backend {
    fn compare(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        label_smoothing: f64,
    ) -> FloatTensor<Self>;
}

/// A backend that computes the loss together with its gradient.
pub(crate) trait Compare: Backend {
    /// The loss, and its gradient by the logits.
    fn loss(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        label_smoothing: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// `gradient · scale`, the scale being a single number.
    fn scaled(gradient: FloatTensor<Self>, scale: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl CrossEntropyKernel for Flex {
    fn compare(logits: Primitive, labels: IntTensor<Self>, label_smoothing: f64) -> Primitive {
        Self::loss(logits, labels, label_smoothing).0
    }
}

impl Compare for Flex {
    fn loss(
        logits: Primitive,
        labels: IntTensor<Self>,
        label_smoothing: f64,
    ) -> (Primitive, Primitive) {
        let labels = indices(labels);
        for_type_of!(logits, loss_in(logits, &labels, label_smoothing))
    }

    fn scaled(gradient: Primitive, scale: Primitive) -> Primitive {
        for_type_of!(scale, scaled_by(gradient, &scale))
    }
}

impl<B: Compare, C: CheckpointStrategy> CrossEntropyKernel for Autodiff<B, C> {
    fn compare(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        label_smoothing: f64,
    ) -> FloatTensor<Self> {
        let (logits, node) = logits.into_parts();
        let compared = B::loss(logits, labels, label_smoothing);
        tracked_by::<C, B, _, 1>(Comparison, [node], compared)
    }
}

/// The loss in autodiff's graph. What it keeps is its gradient by the logits.
#[derive(Debug)]
struct Comparison;

impl<B: Compare> Backward<B, 1> for Comparison {
    type State = FloatTensor<B>;

    fn backward(
        self,
        ops: Ops<FloatTensor<B>, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        unary::<B, _>(ops.parents, ops.node, gradients, |scale| {
            B::scaled(ops.state, scale)
        });
    }
}

/// The labels as indices; one below 0 becomes one that is out of every range.
fn indices(labels: IntTensor<Flex>) -> Vec<usize> {
    let index = |label: i64| usize::try_from(label).unwrap_or(usize::MAX);
    labels.into_data().iter::<i64>().map(index).collect()
}

/// The loss, and its gradient by the logits.
fn loss_in<F: Real>(
    logits: Primitive,
    labels: &[usize],
    label_smoothing: f64,
) -> (Primitive, Primitive) {
    let [batch, classes] = shape(&logits);
    let logits = contiguous(logits);
    let mut gradient = values::<F>(&logits).to_vec();
    let share = F::of(1.0 / batch as f64);
    let (of_label, of_all) = (
        F::of(1.0 - label_smoothing),
        F::of(label_smoothing / classes as f64),
    );
    let mut loss = 0.0;
    for (row, label) in gradient.chunks_exact_mut(classes).zip(labels) {
        assert!(
            *label < classes,
            "cross_entropy: label {label} of {classes} classes: it must be less"
        );
        let largest = row.iter().fold(
            F::LEAST,
            |most, value| if *value < most { most } else { *value },
        );
        let mut sum = F::ZERO;
        let mut shifted_sum = F::ZERO;
        let mut of_this = F::ZERO;
        for (class, value) in row.iter_mut().enumerate() {
            let shifted = *value - largest;
            if class == *label {
                of_this = shifted;
            }
            shifted_sum += shifted;
            *value = shifted.exponential();
            sum += *value;
        }
        // −log p[c] = log Σ exp − the shifted logit.
        let logarithm = sum.logarithm();
        let of_this = (logarithm - of_this) * of_label;
        let others = (logarithm * F::of(classes as f64) - shifted_sum) * of_all;
        loss += if label_smoothing == 0.0 {
            of_this.as_f64()
        } else {
            (of_this + others).as_f64()
        };
        for (class, value) in row.iter_mut().enumerate() {
            let target = if class == *label {
                of_label + of_all
            } else {
                of_all
            };
            *value = (*value / sum - target) * share;
        }
    }
    let loss = F::of(loss / batch as f64);
    (tensor(vec![loss], [1]), tensor(gradient, [batch, classes]))
}

/// `values · scale`, the scale being a single number.
fn scaled_by<F: Real>(gradient: Primitive, scale: &Primitive) -> Primitive {
    let scale = values::<F>(scale)[0];
    if scale == F::ONE {
        return gradient;
    }
    let scaled = values::<F>(&gradient).iter().map(|value| *value * scale);
    tensor(
        scaled.collect::<Vec<F>>(),
        gradient.layout().shape().clone(),
    )
}
