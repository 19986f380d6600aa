//! Pooling without weights.

use burn::tensor::Tensor;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;

/// The maximum of each 2x2 square; an odd last row or column is left out.
pub(crate) fn halve(values: Tensor<4>) -> Tensor<4> {
    max_pool2d(values, MaxPoolOptions::new([2, 2]))
}

/// The mean of each channel: `[batch, channels, height, width]` to `[batch, channels]`.
pub(crate) fn global_average(values: Tensor<4>) -> Tensor<2> {
    let pixels: Tensor<3> = values.flatten(2, 3);
    pixels.mean_dim(2).flatten(1, 2)
}
