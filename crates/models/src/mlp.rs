//! The multi-layer perceptron.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::initial::Initial;
use crate::{ImageShape, ModelError};

/// Flatten, then fully connected ReLU layers, then a linear head.
///
/// Parameter names are those of the PyTorch definition: `layers.0.weight` … `head.bias`.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
    head: Linear,
}

impl Mlp {
    pub(crate) fn new<F: FnMut() -> f64>(
        shape: ImageShape,
        classes: usize,
        hidden: &[usize],
        initial: &mut Initial<'_, F>,
    ) -> Result<Self, ModelError> {
        if hidden.contains(&0) {
            return Err(ModelError::Zero { field: "hidden" });
        }
        let mut inputs = shape.values();
        let mut layers = Vec::with_capacity(hidden.len());
        for &width in hidden {
            layers.push(initial.linear(inputs, width));
            inputs = width;
        }
        Ok(Self {
            layers,
            head: initial.linear(inputs, classes),
        })
    }

    /// Images `[batch, channels, height, width]` to logits `[batch, classes]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let mut values = images.flatten(1, 3);
        for layer in &self.layers {
            values = relu(layer.forward(values));
        }
        self.head.forward(values)
    }
}
