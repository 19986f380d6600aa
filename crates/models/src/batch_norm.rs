//! Batch normalisation.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};
use kernels::{Activation, batch_norm, batch_norm_train};

use crate::Pass;
use crate::buffer::Buffer;

/// Batch normalisation over each channel of `[batch, channels, height, width]`, as `torch.nn.BatchNorm2d` with its
/// defaults.
///
/// ```text
/// y = weight · (x − mean) / √(variance + 1e-5) + bias
/// ```
///
/// In evaluation `mean` and `variance` are the running ones. Otherwise they are the batch's own, over its n = batch ·
/// height · width values, with the variance divided by n, and in training the running ones then move by a tenth:
///
/// ```text
/// running_mean ← 0.9 · running_mean + 0.1 · mean
/// running_var  ← 0.9 · running_var  + 0.1 · variance · n / (n − 1)
/// ```
///
/// Of a single value (n = 1) the variance is 0 and stays 0 in the running one, where PyTorch refuses the batch: a
/// forward pass cannot return an error, and a last partial batch may be that small.
///
/// The running statistics are current as soon as a training pass has returned. They are never read back to the host.
/// What asks for no gradient is still tracked, as in PyTorch. Ioffe and Szegedy 2015, "Batch normalization:
/// accelerating deep network training by reducing internal covariate shift".
#[derive(Module, Debug)]
pub struct BatchNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    running_mean: Buffer<Tensor<1>>,
    running_var: Buffer<Tensor<1>>,
    num_batches_tracked: Buffer<Tensor<1, Int>>,
}

/// Added to the variance.
const EPSILON: f64 = 1e-5;
/// The share of a batch in the running statistics.
const MOMENTUM: f64 = 0.1;

impl BatchNorm {
    /// The names of what is state and not trained.
    pub const BUFFERS: [&str; 3] = ["running_mean", "running_var", "num_batches_tracked"];

    pub(crate) fn new(
        weight: Param<Tensor<1>>,
        bias: Param<Tensor<1>>,
        running_mean: Param<Tensor<1>>,
        running_var: Param<Tensor<1>>,
        num_batches_tracked: Param<Tensor<1, Int>>,
    ) -> Self {
        Self {
            weight,
            bias,
            running_mean: Buffer::new(running_mean),
            running_var: Buffer::new(running_var),
            num_batches_tracked: Buffer::new(num_batches_tracked),
        }
    }

    /// Normalises `values`, `[batch, channels, height, width]`; a training pass also moves the running statistics.
    pub fn forward(&self, values: Tensor<4>, pass: Pass) -> Tensor<4> {
        self.forward_activated(values, pass, Activation::Identity)
    }

    /// As [`forward`](Self::forward), and then the activation.
    pub(crate) fn forward_activated(
        &self,
        values: Tensor<4>,
        pass: Pass,
        activation: Activation,
    ) -> Tensor<4> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        if pass == Pass::Evaluation {
            let dtype = values.dtype();
            let (mean, variance) = (self.running_mean(), self.running_var());
            let (mean, variance) = (mean.cast(dtype), variance.cast(dtype));
            return batch_norm(values, weight, bias, mean, variance, EPSILON, activation);
        }
        let [batch, _, height, width] = values.dims();
        let normalised = batch_norm_train(values, weight, bias, EPSILON, activation);
        if pass == Pass::Training {
            let count = (batch * height * width) as f64;
            let unbiased = if count > 1.0 {
                count / (count - 1.0)
            } else {
                1.0
            };
            let move_to = |running: &Buffer<Tensor<1>>, batch: Tensor<1>, scale: f64| {
                running.replace(|running| averaged(running, batch, scale));
            };
            move_to(&self.running_mean, normalised.mean, 1.0);
            move_to(&self.running_var, normalised.variance, unbiased);
            self.num_batches_tracked
                .replace(|count| count.add_scalar(1));
        }
        normalised.output
    }

    /// The running mean, `[channels]`.
    pub fn running_mean(&self) -> Tensor<1> {
        self.running_mean.value()
    }

    /// The running, unbiased variance, `[channels]`.
    pub fn running_var(&self) -> Tensor<1> {
        self.running_var.value()
    }

    /// How many training passes have moved the statistics, `[1]`.
    pub fn num_batches_tracked(&self) -> Tensor<1, Int> {
        self.num_batches_tracked.value()
    }
}

/// `running` moved towards `scale · batch`, on its own side of autodiff, so that no graph grows from update to update.
fn averaged(running: Tensor<1>, batch: Tensor<1>, scale: f64) -> Tensor<1> {
    let is_autodiff = running.is_autodiff();
    let batch = batch.inner();
    let kept = running
        .inner()
        .cast(batch.dtype())
        .mul_scalar(1.0 - MOMENTUM);
    let moved = kept + batch.mul_scalar(MOMENTUM * scale);
    if is_autodiff {
        Tensor::from_inner(moved)
    } else {
        moved
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::initial::Initial;
    use burn::tensor::{DType, Device, TensorData};

    fn norm(channels: usize, device: &Device) -> BatchNorm {
        Initial::new(|| 0.0, device).batch_norm(channels)
    }

    /// Two images of two channels of 1x2 pixels; channel 0 holds 1, 2, 3, 6 and channel 1 four times 5.
    fn images(device: &Device, dtype: DType) -> Tensor<4> {
        let values = vec![1.0, 2.0, 5.0, 5.0, 3.0, 6.0, 5.0, 5.0];
        Tensor::from_data(TensorData::new(values, [2, 2, 1, 2]), (device, dtype))
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
        tensor.into_data().iter::<f64>().collect()
    }

    fn state(norm: &BatchNorm) -> (Vec<f64>, Vec<f64>, i64) {
        (
            numbers(norm.running_mean()),
            numbers(norm.running_var()),
            norm.num_batches_tracked().into_scalar::<i64>(),
        )
    }

    fn assert_near(ours: &[f64], expected: &[f64]) {
        let near = |(ours, expected): (&f64, &f64)| (ours - expected).abs() < 1e-6;
        assert_eq!(ours.len(), expected.len());
        let all = ours.iter().zip(expected).all(near);
        assert!(all, "{ours:?} is not {expected:?}");
    }

    /// After one training pass over [`images`]: means 3 and 5, unbiased variances 14/3 and 0.
    fn assert_moved_once(state: (Vec<f64>, Vec<f64>, i64)) {
        assert_near(&state.0, &[0.3, 0.5]);
        assert_near(&state.1, &[0.9 + 0.1 * 14.0 / 3.0, 0.9]);
        assert_eq!(state.2, 1);
    }

    const UNTOUCHED: [f64; 2] = [0.0, 0.0];

    #[test]
    fn training_normalises_by_the_biased_variance_of_the_batch() {
        let device = Device::flex();
        let output = norm(2, &device).forward(images(&device, DType::F32), Pass::Training);
        let deviation = (3.5_f64 + 1e-5).sqrt();
        let expected = [-2.0, -1.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0].map(|value| value / deviation);
        assert_near(&numbers(output), &expected);
    }

    #[test]
    fn a_record_a_clone_and_a_validation_model_hold_the_current_statistics() {
        let device = Device::flex().autodiff();
        let norm = norm(2, &device);
        norm.forward(images(&device, DType::F32), Pass::Training);
        assert_moved_once(state(&norm));
        assert_moved_once(state(&norm.clone()));
        assert_moved_once(state(&norm.valid()));
        let fresh = self::norm(2, &device);
        let loaded = fresh.try_load_record(norm.into_record()).unwrap();
        assert_moved_once(state(&loaded));
    }

    #[test]
    fn clones_share_nothing() {
        let device = Device::flex().autodiff();
        let norm = norm(2, &device);
        let clone = norm.clone();
        norm.forward(images(&device, DType::F32), Pass::Training);
        assert_eq!(state(&clone).0, UNTOUCHED);
        clone.forward(images(&device, DType::F32), Pass::Training);
        assert_moved_once(state(&clone));
        assert_moved_once(state(&norm));
    }

    #[test]
    fn a_load_replaces_the_statistics_for_good() {
        let device = Device::flex().autodiff();
        let trained = norm(2, &device);
        trained.forward(images(&device, DType::F32), Pass::Training);
        let record = norm(2, &device).into_record();
        let loaded = trained.try_load_record(record).unwrap();
        assert_eq!(state(&loaded), (vec![0.0, 0.0], vec![1.0, 1.0], 0));
        loaded.forward(images(&device, DType::F32), Pass::Training);
        assert_moved_once(state(&loaded));
    }

    #[test]
    fn only_training_moves_the_statistics() {
        for device in [Device::flex(), Device::flex().autodiff()] {
            let norm = norm(2, &device);
            norm.forward(images(&device, DType::F32), Pass::Evaluation);
            norm.forward(images(&device, DType::F32), Pass::Measurement);
            assert_eq!(state(&norm), (vec![0.0, 0.0], vec![1.0, 1.0], 0));
        }
    }

    #[test]
    fn a_measurement_computes_what_training_does() {
        let device = Device::flex();
        let norm = norm(2, &device);
        let measured = norm.forward(images(&device, DType::F32), Pass::Measurement);
        let trained = norm.forward(images(&device, DType::F32), Pass::Training);
        assert_eq!(numbers(measured), numbers(trained));
    }

    #[test]
    fn evaluation_normalises_by_the_running_statistics() {
        let device = Device::flex().autodiff();
        let norm = norm(2, &device);
        norm.forward(images(&device, DType::F32), Pass::Training);
        let output = norm.forward(images(&device, DType::F32), Pass::Evaluation);
        let (first, second) = (0.9 + 0.1 * 14.0 / 3.0 + 1e-5, 0.9 + 1e-5);
        let first = [1.0, 2.0, 3.0, 6.0].map(|value: f64| (value - 0.3) / f64::sqrt(first));
        let second = 4.5 / f64::sqrt(second);
        let expected = [
            first[0], first[1], second, second, first[2], first[3], second, second,
        ];
        let near = numbers(output.clone())
            .iter()
            .zip(&expected)
            .all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near, "{output}");
    }

    #[test]
    fn float64_is_kept_from_end_to_end() {
        let device = Device::flex().autodiff();
        let norm = crate::precision::cast(norm(2, &device), burn::tensor::FloatDType::F64);
        for _ in 0..2 {
            norm.forward(images(&device, DType::F64), Pass::Training);
        }
        assert_eq!(norm.running_var().dtype(), DType::F64);
        let (mean, variance, count) = state(&norm);
        assert!((mean[0] - (0.9 * 0.3 + 0.3)).abs() < 1e-15, "{mean:?}");
        let expected = 0.9 * (0.9 + 0.1 * 14.0 / 3.0) + 0.1 * 14.0 / 3.0;
        assert!((variance[0] - expected).abs() < 1e-15, "{variance:?}");
        assert_eq!(count, 2);
        let output = norm.forward(images(&device, DType::F64), Pass::Evaluation);
        assert_eq!(output.dtype(), DType::F64);
    }

    #[test]
    fn float64_parameters_rule_over_float32_statistics() {
        let device = Device::flex();
        let mut norm = norm(2, &device);
        for param in [&mut norm.weight, &mut norm.bias] {
            *param = param.clone().map(|tensor| tensor.cast(DType::F64));
        }
        let evaluated = norm.forward(images(&device, DType::F64), Pass::Evaluation);
        assert_eq!(evaluated.dtype(), DType::F64);
        norm.forward(images(&device, DType::F64), Pass::Training);
        assert_eq!(norm.running_mean().dtype(), DType::F64);
        assert_moved_once(state(&norm));
    }

    #[test]
    fn gradients_are_difference_quotients() {
        let device = Device::flex().autodiff();
        let norm = crate::precision::cast(norm(2, &device), burn::tensor::FloatDType::F64);
        norm.forward(images(&device, DType::F64), Pass::Training);
        let start = [
            0.3, -1.0, 2.0, 0.1, 0.9, -0.4, 1.5, 0.7, 1.1, 0.6, -0.2, 0.25,
        ];
        // Eight pixels, two weights and two biases, and a sum in which every output counts differently.
        let objective = |values: &[f64], pass: Pass| {
            let tensor = |from: usize, until: usize| {
                let data = TensorData::new(values[from..until].to_vec(), [until - from]);
                Tensor::<1>::from_data(data, (&device, DType::F64)).require_grad()
            };
            let (pixels, weight, bias) = (tensor(0, 8), tensor(8, 10), tensor(10, 12));
            let mut norm = norm.clone();
            norm.weight = Param::initialized(norm.weight.id, weight.clone());
            norm.bias = Param::initialized(norm.bias.id, bias.clone());
            let output = norm.forward(pixels.clone().reshape([2, 2, 1, 2]), pass);
            let counts = [1.0, -2.0, 0.5, 3.0, -1.0, 0.25, 2.0, -0.75];
            let counts = Tensor::<1>::from_data(counts, (&device, DType::F64));
            ((output.reshape([8]) * counts).sum(), [pixels, weight, bias])
        };
        for pass in [Pass::Measurement, Pass::Evaluation] {
            let (sum, leaves) = objective(&start, pass);
            let gradients = sum.backward();
            let gradients = leaves
                .map(|leaf| numbers(leaf.grad(&gradients).unwrap()))
                .concat();
            for (index, gradient) in gradients.iter().enumerate() {
                let moved = |by: f64| {
                    let mut values = start;
                    values[index] += by;
                    objective(&values, pass).0.into_scalar::<f64>()
                };
                let quotient = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                let apart = (gradient - quotient).abs();
                assert!(apart < 1e-8, "{pass:?}, {index}: {gradient} and {quotient}");
            }
        }
    }

    #[test]
    fn one_value_has_no_variance() {
        let device = Device::flex();
        let norm = norm(1, &device);
        let value = Tensor::<4>::from_data([[[[3.0]]]], &device);
        let output = norm.forward(value, Pass::Training);
        assert_eq!(numbers(output), [0.0]);
        assert_near(&state(&norm).1, &[0.9]);
    }

    #[test]
    fn statistics_ask_for_no_gradient() {
        let device = Device::flex().autodiff();
        let norm = norm(3, &device).no_grad().unfreeze();
        norm.forward(Tensor::zeros([2, 3, 2, 2], &device), Pass::Training);
        for norm in [norm.clone(), norm.valid().train()] {
            assert!(norm.weight.is_require_grad());
            assert!(!norm.running_mean().is_require_grad());
            assert!(!norm.running_var().is_require_grad());
        }
    }
}
