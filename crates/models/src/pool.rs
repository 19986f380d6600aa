//! Pooling without weights.

use burn::tensor::Tensor;

/// The maximum of each 2x2 square; an odd last row or column is left out.
pub(crate) fn halve(values: Tensor<4>) -> Tensor<4> {
    kernels::max_pool2d(values, 2)
}

/// The mean of each channel: `[batch, channels, height, width]` to `[batch, channels]`.
pub(crate) fn global_average(values: Tensor<4>) -> Tensor<2> {
    kernels::global_average(values)
}
