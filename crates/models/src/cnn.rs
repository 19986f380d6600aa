//! The plain convolutional network without norms.

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use kernels::Activation::{Identity, Relu};

use crate::dropout::dropout;
use crate::initial::Initial;
use crate::layer::{conv2d, linear};
use crate::pass::Forward;
use crate::pool::halve;
use crate::summary::Tracer;
use crate::{ImageShape, ModelError};

/// 3x3 convolutions with ReLU and 2x2 max pooling, then fully connected ReLU layers and a linear head, without any
/// norm; 421,642 parameters with 32 and 64 channels and a hidden layer of 128 at 1x28x28 and 10 classes.
///
/// Convolutions pad by 1, so that only pooling makes the image smaller. Parameter names are those of the PyTorch
/// definition: `convs.0.weight` … `layers.0.weight` … `head.bias`.
#[derive(Module, Debug)]
pub struct Cnn {
    convs: Vec<Conv2d>,
    layers: Vec<Linear>,
    head: Linear,
    pub(crate) dropout: f64,
}

impl Cnn {
    /// Every convolution's pooling halves the image, and something must be left.
    pub(crate) fn check_shape(shape: ImageShape, widths: &[usize]) -> Result<(), ModelError> {
        shape.can_be_halved("cnn", widths.len())
    }

    pub(crate) fn new<F: FnMut() -> f64>(
        shape: ImageShape,
        classes: usize,
        widths: &[usize],
        hidden: &[usize],
        initial: &mut Initial<'_, F>,
    ) -> Self {
        let mut map = shape;
        let mut convs = Vec::with_capacity(widths.len());
        for &width in widths {
            convs.push(initial.conv2d(map.channels, width, 3, 1));
            map = ImageShape {
                channels: width,
                height: map.height / 2,
                width: map.width / 2,
            };
        }
        let mut inputs = map.values();
        let mut layers = Vec::with_capacity(hidden.len());
        for &width in hidden {
            layers.push(initial.linear(inputs, width));
            inputs = width;
        }
        Self {
            convs,
            layers,
            head: initial.linear(inputs, classes),
            dropout: 0.0,
        }
    }

    pub(crate) fn trace(widths: &[usize], hidden: &[usize], classes: usize, tracer: &mut Tracer) {
        for (index, &width) in widths.iter().enumerate() {
            tracer.conv_with_bias(&format!("convs.{index}"), 3, width, 1);
            tracer.max_pool(&format!("pools.{index}"));
        }
        tracer.flatten("flatten");
        for (index, &width) in hidden.iter().enumerate() {
            tracer.linear(&format!("layers.{index}"), width);
        }
        tracer.linear("head", classes);
    }

    /// Images `[batch, channels, height, width]` to logits `[batch, classes]`, in evaluation.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_as(images, Forward::EVALUATION)
    }

    pub(crate) fn forward_as(&self, images: Tensor<4>, forward: Forward) -> Tensor<2> {
        let convs = self.convs.iter();
        let maps = convs.fold(images, |values, conv| halve(conv2d(conv, values, Relu)));
        let layers = self.layers.iter();
        let features = layers.fold(maps.flatten(1, 3), |values, layer| {
            linear(layer, values, Relu)
        });
        let features = dropout(features, self.dropout, forward);
        linear(&self.head, features, Identity)
    }
}
