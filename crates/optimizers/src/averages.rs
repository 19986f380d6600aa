//! Averages that forget.

use burn::tensor::Tensor;

/// `decay · average + (1 − decay) · value`, where an average that has not begun is 0.
pub(crate) fn average<const D: usize>(
    average: Option<Tensor<D>>,
    value: Tensor<D>,
    decay: f64,
) -> Tensor<D> {
    let value = value.mul_scalar(1.0 - decay);
    match average {
        None => value,
        Some(average) => average.mul_scalar(decay) + value,
    }
}

/// `start + weight · (end − start)`, computed from the nearer end as `torch.lerp` does.
pub(crate) fn lerp<const D: usize>(start: Tensor<D>, end: Tensor<D>, weight: f64) -> Tensor<D> {
    if weight.abs() < 0.5 {
        start.clone() + (end - start).mul_scalar(weight)
    } else {
        end.clone() - (end - start).mul_scalar(1.0 - weight)
    }
}
