//! Loss and accuracy of a model on a part of the data.

use burn::tensor::Tensor;
use models::Model;

use super::{Compute, Metrics, batch::Batches, precision};
use crate::data::Part;

/// How many batches a device computes before their logits are waited for.
const UNREAD: usize = 16;

/// Measures `model` on every row of `part`, and shows `see` the logits `[classes]` of every position, in their order.
///
/// `model` is one without autodiff on the device of `compute`; pixels have the precision of its weights. The softmax is
/// computed on the host in `f64`, so that backends differ only by their logits. All batches have `batch_size` rows,
/// since a GPU tunes its kernels anew for every other shape: the last one is filled up with the part's first row, whose
/// logits are not counted.
pub fn evaluate(
    model: &Model,
    part: &Part,
    batch_size: usize,
    compute: &Compute,
    see: impl FnMut(usize, &[f64]),
) -> Metrics {
    let batches = Batches::new(part, precision::of(model), compute, &compute.device);
    evaluate_batches(model, &batches, batch_size, see)
}

/// As [`evaluate`], on batches that may be used more than once.
pub(super) fn evaluate_batches(
    model: &Model,
    batches: &Batches<'_>,
    batch_size: usize,
    mut see: impl FnMut(usize, &[f64]),
) -> Metrics {
    let part = batches.part();
    // A batch may be larger than all images together.
    let batch_size = batch_size.min(part.images().len());
    let classes = part.images().classes();
    let (mut loss, mut right) = (0.0, 0_usize);
    let positions: Vec<usize> = (0..part.len()).collect();
    for rows in positions.chunks(UNREAD * batch_size) {
        let logits = rows.chunks(batch_size).map(|rows| {
            let mut filled = rows.to_vec();
            filled.resize(batch_size, 0);
            model.forward(batches.gather(&filled).images)
        });
        let logits = Tensor::cat(logits.collect(), 0).into_data();
        let logits: Vec<f64> = logits.iter::<f64>().collect();
        for (&row, logits) in rows.iter().zip(logits.chunks_exact(classes)) {
            let label = usize::from(part.label(row));
            let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
            loss += largest + sum.ln() - logits[label];
            right += usize::from(first_largest(logits) == label);
            see(row, logits);
        }
    }
    let count = part.len() as f64;
    Metrics {
        loss: loss / count,
        accuracy: right as f64 / count,
    }
}

/// As NumPy's and PyTorch's argmax: the first of equals.
pub fn first_largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
