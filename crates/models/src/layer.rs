//! Burn's layers, computed by the kernels where there are kernels.

use burn::nn::conv::Conv2d;
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;
use kernels::Activation;

/// What `layer` makes of `[batch, channels, height, width]`, as its own `forward`, and then the activation.
pub(crate) fn conv2d(layer: &Conv2d, values: Tensor<4>, activation: Activation) -> Tensor<4> {
    let PaddingConfig2d::Explicit(top, left, bottom, right) = layer.padding else {
        unreachable!("`Initial` pads explicitly");
    };
    let padding = [(top, bottom), (left, right)];
    let options =
        ConvOptions::new_with_padding(layer.stride, padding, layer.dilation, layer.groups);
    let bias = layer.bias.as_ref().map(|bias| bias.val());
    kernels::conv2d(values, layer.weight.val(), bias, options, activation)
}

/// What `layer` makes of `[batch, inputs]`, as its own `forward`, and then the activation.
pub(crate) fn linear(layer: &Linear, values: Tensor<2>, activation: Activation) -> Tensor<2> {
    let bias = layer.bias.as_ref().map(|bias| bias.val());
    kernels::linear(values, layer.weight.val(), bias, activation)
}
