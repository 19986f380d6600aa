//! The loss on a GPU: one kernel over the rows, and the mean of what they lost.

use burn::backend::Cube;
use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::IntTensor;
use burn::cubecl::std::tensor::layout::linear::{LinearView, LinearViewMut};
use burn::cubecl::{self, prelude::*};
use burn::tensor::Shape;

use super::{Primitive, empty, one_unit_each};
use crate::cross_entropy::{Compare, CrossEntropyKernel};

/// What a row of logits loses, and its part of the gradient: `of_label` goes to the label, and `of_each` to every class.
#[cube(launch)]
fn compare_rows<I: Int>(
    logits: LinearView<'_, f32>,
    labels: LinearView<'_, I>,
    mut losses: LinearViewMut<'_, f32>,
    mut gradient: LinearViewMut<'_, f32>,
    classes: usize,
    of_label: f32,
    of_each: f32,
    share: f32,
    #[define(I)] _label: ElemType,
) {
    let row = ABSOLUTE_POS;
    if !losses.is_in_bounds(row) {
        terminate!();
    }
    let first = row * classes;
    let label = usize::cast_from(labels.read(row));
    let mut largest = logits.read(first);
    for class in 1..classes {
        largest = max(largest, logits.read(first + class));
    }
    let mut sum = 0.0f32;
    let mut shifted_sum = 0.0f32;
    for class in 0..classes {
        let shifted = logits.read(first + class) - largest;
        shifted_sum += shifted;
        sum += shifted.exp();
    }
    // −log p[c] = log Σ exp − the shifted logit.
    let logarithm = sum.ln();
    let of_this = logarithm - (logits.read(first + label) - largest);
    let of_all = logarithm * f32::cast_from(classes) - shifted_sum;
    // A logit of −∞ is no loss unless it is smoothed, and nothing times infinity would be no number.
    let smoothed = select(of_each == 0.0f32, 0.0f32, of_all * of_each);
    losses.write(row, of_this * of_label + smoothed);
    for class in 0..classes {
        let probability = (logits.read(first + class) - largest).exp() / sum;
        let target = select(class == label, of_label + of_each, of_each);
        gradient.write(first + class, (probability - target) * share);
    }
}

impl CrossEntropyKernel for Cube {
    fn compare(logits: Primitive, labels: IntTensor<Self>, label_smoothing: f64) -> Primitive {
        Self::loss(logits, labels, label_smoothing).0
    }
}

impl Compare for Cube {
    fn loss(
        logits: Primitive,
        labels: IntTensor<Self>,
        label_smoothing: f64,
    ) -> (Primitive, Primitive) {
        let [batch, classes] = [logits.meta.shape()[0], logits.meta.shape()[1]];
        let client = logits.client.clone();
        let (losses, gradient) = (empty(&logits, [batch]), empty(&logits, [batch, classes]));
        let (count, dim) = one_unit_each(&client, batch);
        let of_labels = dtype_to_storage_type(labels.dtype);
        compare_rows::launch(
            &client,
            count,
            dim,
            logits.into_linear_view(),
            labels.into_linear_view(),
            losses.clone().into_linear_view(),
            gradient.clone().into_linear_view(),
            classes,
            (1.0 - label_smoothing) as f32,
            (label_smoothing / classes as f64) as f32,
            (1.0 / batch as f64) as f32,
            of_labels,
        );
        (Self::float_mean(losses), gradient)
    }

    fn scaled(gradient: Primitive, scale: Primitive) -> Primitive {
        let scale = Self::float_reshape(scale, Shape::from([1, 1]));
        Self::float_mul(gradient, scale)
    }
}
