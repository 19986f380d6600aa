//! The kernels that were written for GPUs, against the same on the CPU.

use burn::optim::Optimizer;
use burn::tensor::{Device, Int, Tensor, TensorData};
use kernels::{Activation, add, cross_entropy};
use optimizers::{Adam, AdamW, Sgd};
use trainer::config::Backend;
use trainer::engine::open;

use crate::program::Gpu;

/// How far values of about 1 may be apart.
const APART: f64 = 1e-6;
const SHAPE: [usize; 3] = [3, 5, 7];

/// Values of about 1 that differ from one `number` to the next.
fn waves(number: usize, device: &Device) -> Tensor<3> {
    let values = (0..SHAPE.iter().product()).map(|i| (0.9 * i as f32 + 1.7 * number as f32).sin());
    let data = TensorData::new(values.collect::<Vec<f32>>(), SHAPE);
    Tensor::from_data(data, device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

fn assert_agree<const D: usize>(gpu: Tensor<D>, cpu: Tensor<D>, what: &str) {
    let (gpu, cpu) = (values(gpu), values(cpu));
    assert_eq!(gpu.len(), cpu.len(), "{what}");
    for (index, (gpu, cpu)) in gpu.into_iter().zip(cpu).enumerate() {
        let agree = (gpu - cpu).abs() <= APART || (gpu.is_nan() && cpu.is_nan());
        assert!(agree, "{what}, {index}: {gpu} on the GPU, {cpu} on the CPU");
    }
}

/// Four updates on both, with gradients that lie in another order than the weights.
fn assert_steps_agree<O: Optimizer>(optimizer: &O, gpu: &Device, what: &str) {
    let [on_gpu, on_cpu] = [gpu, &Device::flex()].map(|device| {
        let (mut weights, mut state) = (waves(0, device), None);
        for update in 1..5 {
            let gradient = waves(update, device).reshape([SHAPE[2], SHAPE[1], SHAPE[0]]);
            (weights, state) = optimizer.step(0.1, weights, gradient.swap_dims(0, 2), state);
        }
        weights
    });
    assert_agree(on_gpu, on_cpu, what);
}

fn assert_losses_agree(label_smoothing: f64, gpu: &Device) {
    let of = |device: &Device| {
        let device = device.clone().autodiff();
        let mut data = waves(1, &device).into_data();
        if label_smoothing == 0.0 {
            // Of another class than the row's.
            data.as_mut_slice::<f32>().unwrap()[3] = f32::NEG_INFINITY;
        }
        let logits = Tensor::<3>::from_data(data, &device).reshape([15, 7]);
        let logits = logits.require_grad();
        let labels: Vec<i64> = (0..15).map(|row| row % 7).collect();
        let labels = TensorData::new(labels, [15]);
        let labels = Tensor::<1, Int>::from_data(labels, &device);
        // A loss that is not the last node has a gradient other than 1.
        let loss = cross_entropy(logits.clone() * 3.0, labels, label_smoothing) * 2.0;
        let gradient = logits.grad(&loss.backward()).unwrap();
        (loss.inner(), gradient)
    };
    let ((gpu_loss, gpu_gradient), (loss, gradient)) = (of(gpu), of(&Device::flex()));
    let what = format!("label smoothing {label_smoothing}");
    assert_agree(gpu_loss, loss, &what);
    assert_agree(gpu_gradient, gradient, &what);
}

/// Of a tensor that lies in another order, and one whose values lie in one place many times.
fn assert_relus_agree(gpu: &Device) {
    let of = |device: &Device| {
        let device = device.clone().autodiff();
        let mut data = waves(2, &device).into_data();
        data.as_mut_slice::<f32>().unwrap()[4] = f32::NAN;
        let input = Tensor::<3>::from_data(data, &device).require_grad();
        let row = Tensor::<3>::zeros([1, 1, 1], &device);
        let expanded = row.expand([SHAPE[2], SHAPE[1], SHAPE[0]]);
        let output = add(
            input.clone().swap_dims(0, 2),
            expanded.clone(),
            Activation::Relu,
        );
        let weighted = output.clone() * waves(3, &device).swap_dims(0, 2);
        let gradient = input.grad(&weighted.sum().backward()).unwrap();
        let of_expanded = add(expanded.clone(), expanded, Activation::Relu);
        (output.inner(), gradient, of_expanded.inner())
    };
    let (gpu, cpu) = (of(gpu), of(&Device::flex()));
    assert_agree(gpu.0, cpu.0, "relu");
    assert_agree(gpu.1, cpu.1, "gradient of relu");
    assert_agree(gpu.2, cpu.2, "relu of one value many times");
}

#[test]
fn they_compute_what_the_cpu_does() {
    let Some(_gpu) = Gpu::take() else {
        return;
    };
    let gpu = open(Backend::Wgpu).unwrap().device;
    for sgd in [
        Sgd::new(),
        Sgd::new().weight_decay(0.1),
        Sgd::new().momentum(0.9),
        Sgd::new().momentum(0.9).dampening(0.3).weight_decay(0.1),
        Sgd::new().momentum(0.9).nesterov(true),
    ] {
        assert_steps_agree(&sgd, &gpu, &format!("{sgd:?}"));
    }
    for adam in [Adam::new(), Adam::new().betas(0.8, 0.9).weight_decay(0.1)] {
        assert_steps_agree(&adam, &gpu, &format!("{adam:?}"));
    }
    let adamw = AdamW::new().epsilon(1e-3).weight_decay(0.3);
    assert_steps_agree(&adamw, &gpu, &format!("{adamw:?}"));
    for label_smoothing in [0.0, 0.1, 1.0] {
        assert_losses_agree(label_smoothing, &gpu);
    }
    assert_relus_agree(&gpu);
}
