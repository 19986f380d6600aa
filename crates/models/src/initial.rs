//! Initial weights, drawn on the host.

use burn::module::{Param, ParamId};
use burn::nn::conv::Conv2d;
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::{Device, Tensor, TensorData};

/// Builds layers with PyTorch's default initialisation: weights and biases uniform in ±1/√fan_in.
///
/// Parameter ids are counted, not random, so that two processes give the same parameter the same id.
pub(crate) struct Initial<'a, F> {
    uniform: F,
    device: &'a Device,
    parameters: u64,
}

impl<'a, F: FnMut() -> f64> Initial<'a, F> {
    pub(crate) fn new(uniform: F, device: &'a Device) -> Self {
        Self {
            uniform,
            device,
            parameters: 0,
        }
    }

    /// A fully connected layer; `[inputs, outputs]` is Burn's layout of its weight.
    pub(crate) fn linear(&mut self, inputs: usize, outputs: usize) -> Linear {
        Linear {
            weight: self.parameter([inputs, outputs], inputs),
            bias: Some(self.parameter([outputs], inputs)),
        }
    }

    /// A square convolution of stride 1 with zero padding on every side.
    pub(crate) fn conv2d(
        &mut self,
        inputs: usize,
        outputs: usize,
        kernel: usize,
        padding: usize,
    ) -> Conv2d {
        let fan_in = inputs * kernel * kernel;
        Conv2d {
            weight: self.parameter([outputs, inputs, kernel, kernel], fan_in),
            bias: Some(self.parameter([outputs], fan_in)),
            stride: [1, 1],
            kernel_size: [kernel, kernel],
            dilation: [1, 1],
            groups: 1,
            padding: PaddingConfig2d::Explicit(padding, padding, padding, padding),
        }
    }

    fn parameter<const D: usize>(&mut self, shape: [usize; D], fan_in: usize) -> Param<Tensor<D>> {
        let bound = 1.0 / (fan_in as f64).sqrt();
        let values: Vec<f32> = (0..shape.iter().product())
            .map(|_| (bound * (2.0 * (self.uniform)() - 1.0)) as f32)
            .collect();
        let tensor = Tensor::from_data(TensorData::new(values, shape), self.device);
        self.parameters += 1;
        let id = ParamId::from(self.parameters);
        Param::initialized(id, tensor).set_require_grad(true)
    }
}
