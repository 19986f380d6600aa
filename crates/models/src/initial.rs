//! Initial weights, drawn on the host.

use burn::module::{Param, ParamId};
use burn::nn::conv::Conv2d;
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::{Device, Tensor, TensorData};

use crate::BatchNorm;

/// Builds layers with PyTorch's default initialisation: weights and biases uniform in ±1/√fan_in, norms at one and zero.
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
        let mut conv = self.conv2d_without_bias(inputs, outputs, kernel, 1);
        conv.padding = PaddingConfig2d::Explicit(padding, padding, padding, padding);
        conv.bias = Some(self.parameter([outputs], inputs * kernel * kernel));
        conv
    }

    /// A square convolution of an odd `kernel` whose zero padding keeps the image's size, but for the `stride`.
    pub(crate) fn conv2d_without_bias(
        &mut self,
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stride: usize,
    ) -> Conv2d {
        let fan_in = inputs * kernel * kernel;
        let padding = kernel / 2;
        Conv2d {
            weight: self.parameter([outputs, inputs, kernel, kernel], fan_in),
            bias: None,
            stride: [stride, stride],
            kernel_size: [kernel, kernel],
            dilation: [1, 1],
            groups: 1,
            padding: PaddingConfig2d::Explicit(padding, padding, padding, padding),
        }
    }

    /// A batch norm that leaves normalised values as they are.
    pub(crate) fn batch_norm(&mut self, channels: usize) -> BatchNorm {
        let (zeros, ones) = (vec![0.0; channels], vec![1.0; channels]);
        let weight = self.trained(ones.clone(), [channels]);
        let bias = self.trained(zeros.clone(), [channels]);
        let running_mean = self.tensor(zeros, [channels]);
        let running_var = self.tensor(ones, [channels]);
        let count = Tensor::from_data([0], self.device);
        BatchNorm::new(
            weight,
            bias,
            Param::initialized(self.id(), running_mean),
            Param::initialized(self.id(), running_var),
            Param::initialized(self.id(), count),
        )
    }

    fn parameter<const D: usize>(&mut self, shape: [usize; D], fan_in: usize) -> Param<Tensor<D>> {
        let bound = 1.0 / (fan_in as f64).sqrt();
        let values: Vec<f32> = (0..shape.iter().product())
            .map(|_| (bound * (2.0 * (self.uniform)() - 1.0)) as f32)
            .collect();
        self.trained(values, shape)
    }

    fn trained<const D: usize>(&mut self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        let tensor = self.tensor(values, shape);
        Param::initialized(self.id(), tensor).set_require_grad(true)
    }

    fn tensor<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), self.device)
    }

    fn id(&mut self) -> ParamId {
        self.parameters += 1;
        ParamId::from(self.parameters)
    }
}
