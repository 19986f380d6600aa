//! Steps only where the newest gradient agrees.

use burn::tensor::Tensor;

/// Leaves out of `direction` what points against `gradient`, and makes up for it in what is left.
///
/// ```text
/// mask = (direction · gradient > 0)      direction · mask / max(mean(mask), 1e-3)
/// ```
///
/// Liang et al. 2024, "Cautious Optimizers: Improving Training with One Line of Code".
pub(crate) fn cautious<const D: usize>(direction: Tensor<D>, gradient: Tensor<D>) -> Tensor<D> {
    let disagree = (direction.clone() * gradient).lower_equal_elem(0.0);
    let mask = direction.ones_like().mask_fill(disagree, 0.0);
    let share = mask.clone().mean().clamp_min(1e-3).reshape([1; D]);
    direction * (mask / share)
}
