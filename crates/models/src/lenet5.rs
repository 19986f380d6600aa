//! LeNet-5.

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

/// LeNet-5 in its usual modern form, with ReLU and max pooling; 61,706 parameters at 1x28x28 and 10 classes.
///
/// The first convolution pads by 2, so that 28x28 images meet the second layer as the original's 32x32 did.
/// LeCun et al. 1998, "Gradient-based learning applied to document recognition".
#[derive(Module, Debug)]
pub struct LeNet5 {
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
    head: Linear,
    pub(crate) dropout: f64,
}

impl LeNet5 {
    /// Below this, nothing is left after the second pooling.
    const LEAST: usize = 12;

    pub(crate) fn check_shape(shape: ImageShape) -> Result<(), ModelError> {
        shape.at_least("lenet5", Self::LEAST)
    }

    pub(crate) fn new<F: FnMut() -> f64>(
        shape: ImageShape,
        classes: usize,
        initial: &mut Initial<'_, F>,
    ) -> Self {
        let pooled = |size: usize| (size / 2 - 4) / 2;
        Self {
            conv1: initial.conv2d(shape.channels, 6, 5, 2),
            conv2: initial.conv2d(6, 16, 5, 0),
            fc1: initial.linear(16 * pooled(shape.height) * pooled(shape.width), 120),
            fc2: initial.linear(120, 84),
            head: initial.linear(84, classes),
            dropout: 0.0,
        }
    }

    pub(crate) fn trace(classes: usize, tracer: &mut Tracer) {
        tracer.conv_with_bias("conv1", 5, 6, 2);
        tracer.max_pool("pool1");
        tracer.conv_with_bias("conv2", 5, 16, 0);
        tracer.max_pool("pool2");
        tracer.flatten("flatten");
        tracer.linear("fc1", 120);
        tracer.linear("fc2", 84);
        tracer.linear("head", classes);
    }

    /// Images `[batch, channels, height, width]` to logits `[batch, classes]`, in evaluation.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_as(images, Forward::EVALUATION)
    }

    pub(crate) fn forward_as(&self, images: Tensor<4>, forward: Forward) -> Tensor<2> {
        let values = halve(conv2d(&self.conv1, images, Relu));
        let values = halve(conv2d(&self.conv2, values, Relu));
        let values = values.flatten(1, 3);
        let values = linear(&self.fc1, values, Relu);
        let features = linear(&self.fc2, values, Relu);
        linear(
            &self.head,
            dropout(features, self.dropout, forward),
            Identity,
        )
    }
}
