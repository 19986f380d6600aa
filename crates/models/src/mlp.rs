//! The multi-layer perceptron.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use kernels::Activation::{Identity, Relu};

use crate::dropout::dropout;
use crate::initial::Initial;
use crate::layer::linear;
use crate::pass::Forward;
use crate::summary::Tracer;
use crate::{ImageShape, ModelError};

/// Flatten, then fully connected ReLU layers, then a linear head.
///
/// Parameter names are those of the PyTorch definition: `layers.0.weight` … `head.bias`.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
    head: Linear,
    pub(crate) dropout: f64,
}

impl Mlp {
    pub(crate) fn check(hidden: &[usize]) -> Result<(), ModelError> {
        if hidden.contains(&0) {
            return Err(ModelError::ZeroWidth { field: "hidden" });
        }
        Ok(())
    }

    pub(crate) fn new<F: FnMut() -> f64>(
        shape: ImageShape,
        classes: usize,
        hidden: &[usize],
        initial: &mut Initial<'_, F>,
    ) -> Self {
        let mut inputs = shape.values();
        let mut layers = Vec::with_capacity(hidden.len());
        for &width in hidden {
            layers.push(initial.linear(inputs, width));
            inputs = width;
        }
        Self {
            layers,
            head: initial.linear(inputs, classes),
            dropout: 0.0,
        }
    }

    pub(crate) fn trace(hidden: &[usize], classes: usize, tracer: &mut Tracer) {
        tracer.flatten("flatten");
        for (index, &width) in hidden.iter().enumerate() {
            tracer.linear(&format!("layers.{index}"), width);
        }
        tracer.linear("head", classes);
    }

    pub(crate) fn has_hidden_features(&self) -> bool {
        !self.layers.is_empty()
    }

    /// Images `[batch, channels, height, width]` to logits `[batch, classes]`, in evaluation.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_as(images, Forward::EVALUATION)
    }

    pub(crate) fn forward_as(&self, images: Tensor<4>, forward: Forward) -> Tensor<2> {
        let mut values = images.flatten(1, 3);
        for layer in &self.layers {
            values = linear(layer, values, Relu);
        }
        linear(&self.head, dropout(values, self.dropout, forward), Identity)
    }
}
