//! The plain convolutional network with batch norm.

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use kernels::Activation::{Identity, Relu};

use crate::dropout::dropout;
use crate::initial::Initial;
use crate::layer::{conv2d, linear};
use crate::pass::Forward;
use crate::pool::{global_average, halve};
use crate::summary::Tracer;
use crate::{BatchNorm, ImageShape, ModelError, Pass};

/// Stages of two 3x3 convolutions with batch norm, each followed by 2x2 max pooling, then the mean of each channel and
/// a linear head; 65,834 parameters with 32 and 64 channels at 1x28x28 and 10 classes.
///
/// Parameter names are those of the PyTorch definition: `stages.0.conv1.weight` … `head.bias`.
#[derive(Module, Debug)]
pub struct ConvNet {
    stages: Vec<Stage>,
    head: Linear,
    pub(crate) dropout: f64,
}

/// Two convolutions of the same width.
#[derive(Module, Debug)]
pub struct Stage {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    norm2: BatchNorm,
}

impl ConvNet {
    pub(crate) fn check(widths: &[usize]) -> Result<(), ModelError> {
        if widths.is_empty() {
            return Err(ModelError::Empty { field: "widths" });
        }
        if widths.contains(&0) {
            return Err(ModelError::ZeroWidth { field: "widths" });
        }
        Ok(())
    }

    /// Every stage halves the image, and something must be left.
    pub(crate) fn check_shape(shape: ImageShape, widths: &[usize]) -> Result<(), ModelError> {
        shape.can_be_halved("convnet", widths.len())
    }

    pub(crate) fn new<F: FnMut() -> f64>(
        shape: ImageShape,
        classes: usize,
        widths: &[usize],
        initial: &mut Initial<'_, F>,
    ) -> Self {
        let mut inputs = shape.channels;
        let mut stages = Vec::with_capacity(widths.len());
        for &width in widths {
            stages.push(Stage {
                conv1: initial.conv2d_without_bias(inputs, width, 3, 1),
                norm1: initial.batch_norm(width),
                conv2: initial.conv2d_without_bias(width, width, 3, 1),
                norm2: initial.batch_norm(width),
            });
            inputs = width;
        }
        Self {
            stages,
            head: initial.linear(inputs, classes),
            dropout: 0.0,
        }
    }

    pub(crate) fn trace(widths: &[usize], classes: usize, tracer: &mut Tracer) {
        for (index, &width) in widths.iter().enumerate() {
            for layer in 1..=2 {
                tracer.conv(&format!("stages.{index}.conv{layer}"), 3, width, 1);
                tracer.norm(&format!("stages.{index}.norm{layer}"));
            }
            tracer.max_pool(&format!("stages.{index}.pool"));
        }
        tracer.global_average("pool");
        tracer.linear("head", classes);
    }

    /// Images `[batch, channels, height, width]` to logits `[batch, classes]`, in evaluation.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_as(images, Forward::EVALUATION)
    }

    pub(crate) fn forward_as(&self, images: Tensor<4>, forward: Forward) -> Tensor<2> {
        let stages = self.stages.iter();
        let values = stages.fold(images, |values, stage| stage.forward(values, forward.pass));
        let features = dropout(global_average(values), self.dropout, forward);
        linear(&self.head, features, Identity)
    }
}

impl Stage {
    fn forward(&self, values: Tensor<4>, pass: Pass) -> Tensor<4> {
        let values = conv2d(&self.conv1, values, Identity);
        let values = self.norm1.forward_activated(values, pass, Relu);
        let values = conv2d(&self.conv2, values, Identity);
        let values = self.norm2.forward_activated(values, pass, Relu);
        halve(values)
    }
}
