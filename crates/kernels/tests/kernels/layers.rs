//! Every other layer.

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Int, Tensor, TensorData};
use kernels::{
    Activation, add, batch_norm, batch_norm_train, cross_entropy, global_average, linear,
    max_pool2d,
};

use crate::check;
use crate::random::Random;

const ACTIVATIONS: [Activation; 2] = [Activation::Identity, Activation::Relu];

fn activated<const D: usize>(values: Tensor<D>, activation: Activation) -> Tensor<D> {
    match activation {
        Activation::Identity => values,
        Activation::Relu => relu(values),
    }
}

#[test]
fn fully_connected_layers() {
    let random = &mut Random::new(11);
    let sizes = [(64, 784, 32), (1, 5, 3), (33, 40, 10)];
    let others = (0..20).map(|_| {
        (
            random.whole(1, 70),
            random.whole(1, 50),
            random.whole(1, 50),
        )
    });
    let sizes: Vec<_> = sizes.into_iter().chain(others).collect();
    for (number, (batch, inputs, outputs)) in sizes.into_iter().enumerate() {
        let activation = ACTIVATIONS[number % 2];
        let mut given = vec![
            random.values(batch * inputs),
            random.values(inputs * outputs),
        ];
        if number % 3 != 0 {
            given.push(random.values(outputs));
        }
        let operands = |given: &[Tensor<1>]| {
            let input: Tensor<2> = given[0].clone().reshape([batch, inputs]);
            let weight: Tensor<2> = given[1].clone().reshape([inputs, outputs]);
            (input, weight, given.get(2).cloned())
        };
        let kernel = |given: &[Tensor<1>]| {
            let (input, weight, bias) = operands(given);
            linear(input, weight, bias, activation).flatten(0, 1)
        };
        let burn = |given: &[Tensor<1>]| {
            let (input, weight, bias) = operands(given);
            let output = burn::tensor::module::linear(input, weight, bias);
            activated(output, activation).flatten(0, 1)
        };
        let what = format!("{batch} x {inputs} -> {outputs}, {activation:?}");
        check::kernel(&what, &kernel, &burn, &given);
    }
}

/// Sizes of images, small and odd.
fn images(random: &mut Random) -> [usize; 4] {
    let [count, channels] = [random.whole(1, 9), random.whole(1, 5)];
    [count, channels, random.whole(1, 11), random.whole(1, 11)]
}

#[test]
fn batch_norms() {
    let random = &mut Random::new(12);
    for number in 0..24 {
        let shape = images(random);
        if shape[0] * shape[2] * shape[3] < 3 {
            continue;
        }
        let activation = ACTIVATIONS[number % 2];
        let channels = shape[1];
        // Away from zero, where the variance is a small part of the squares.
        let mut values = random.values(shape.iter().product());
        values.iter_mut().for_each(|value| *value += 2.0);
        let given = [values, random.values(channels), random.values(channels)];
        let kernel = |given: &[Tensor<1>]| {
            let images = given[0].clone().reshape(shape);
            let (weight, bias) = (given[1].clone(), given[2].clone());
            let normalised = batch_norm_train(images, weight, bias, 1e-3, activation);
            normalised.output.flatten(0, 3)
        };
        let burn = |given: &[Tensor<1>]| {
            let images: Tensor<4> = given[0].clone().reshape(shape);
            let (weight, bias) = (given[1].clone(), given[2].clone());
            let normalised = burn::tensor::module::batch_norm_train(images, weight, bias, 1e-3);
            activated(normalised.output, activation).flatten(0, 3)
        };
        check::kernel(
            &format!("{shape:?}, {activation:?}"),
            &kernel,
            &burn,
            &given,
        );
    }
}

#[test]
fn batch_norms_by_given_statistics() {
    let random = &mut Random::new(16);
    for number in 0..24 {
        let shape = images(random);
        let activation = ACTIVATIONS[number % 2];
        let channels = shape[1];
        let given = [
            random.values(shape.iter().product()),
            random.values(channels),
            random.values(channels),
        ];
        let mean = random.values(channels);
        let variance: Vec<f64> = random
            .values(channels)
            .iter()
            .map(|root| root * root)
            .collect();
        let operands = |given: &[Tensor<1>]| {
            let images: Tensor<4> = given[0].clone().reshape(shape);
            let options = (&images.device(), images.dtype());
            let statistics = [&mean, &variance].map(|values| {
                let data = TensorData::new(values.clone(), [channels]);
                Tensor::<1>::from_data(data, options)
            });
            (images, given[1].clone(), given[2].clone(), statistics)
        };
        let kernel = |given: &[Tensor<1>]| {
            let (images, weight, bias, [mean, variance]) = operands(given);
            batch_norm(images, weight, bias, mean, variance, 1e-3, activation).flatten(0, 3)
        };
        let burn = |given: &[Tensor<1>]| {
            let (images, weight, bias, [mean, variance]) = operands(given);
            let output =
                burn::tensor::module::batch_norm(images, weight, bias, mean, variance, 1e-3);
            activated(output, activation).flatten(0, 3)
        };
        let what = format!("{shape:?}, given statistics, {activation:?}");
        check::kernel(&what, &kernel, &burn, &given);
    }
}

#[test]
fn sums_of_two_tensors() {
    let random = &mut Random::new(17);
    // More values than a thread takes at a time, too.
    let shapes = (0..10).map(|_| images(random)).collect::<Vec<_>>();
    let shapes = shapes.into_iter().chain([[3, 16, 20, 20]]);
    for (number, shape) in shapes.enumerate() {
        let activation = ACTIVATIONS[number % 2];
        let count = shape.iter().product();
        let given = [random.values(count), random.values(count)];
        let operands = |given: &[Tensor<1>]| {
            let operand = |index: usize| -> Tensor<4> { given[index].clone().reshape(shape) };
            [operand(0), operand(1)]
        };
        // What the sum was made of is used again, so that it must not be written over.
        let kernel = |given: &[Tensor<1>]| {
            let [left, right] = operands(given);
            let sum = add(left.clone(), right, activation);
            add(sum.clone() * sum, left, activation).flatten(0, 3)
        };
        let burn = |given: &[Tensor<1>]| {
            let [left, right] = operands(given);
            let sum = activated(left.clone() + right, activation);
            activated(sum.clone() * sum + left, activation).flatten(0, 3)
        };
        check::kernel(
            &format!("{shape:?}, {activation:?}"),
            &kernel,
            &burn,
            &given,
        );
    }
}

#[test]
fn statistics_are_those_of_the_batch() {
    let device = Device::flex().autodiff();
    // Channels of values 1, 2, 3, 6 and 0, 0, 0, 4: means 3 and 1, variances 14 / 4 and 3.
    let values = [[[[1.0, 2.0]], [[0.0, 0.0]]], [[[3.0, 6.0]], [[0.0, 4.0]]]];
    let images = Tensor::<4>::from_data(values, &device);
    let ones = Tensor::<1>::ones([2], &device);
    let normalised = batch_norm_train(images, ones.clone(), ones, 1e-5, Activation::Identity);
    assert_eq!(
        normalised.mean.into_data().try_to_vec::<f32>().unwrap(),
        [3.0, 1.0]
    );
    assert_eq!(
        normalised.variance.into_data().try_to_vec::<f32>().unwrap(),
        [3.5, 3.0]
    );
}

#[test]
fn maximum_poolings() {
    let random = &mut Random::new(13);
    for _ in 0..24 {
        let shape = images(random);
        let window = random.whole(1, shape[2].min(shape[3]).min(4));
        let given = [random.values(shape.iter().product())];
        let kernel = |given: &[Tensor<1>]| {
            let images: Tensor<4> = given[0].clone().reshape(shape);
            max_pool2d(images, window).flatten(0, 3)
        };
        let burn = |given: &[Tensor<1>]| {
            let images: Tensor<4> = given[0].clone().reshape(shape);
            let options = MaxPoolOptions::new([window; 2]);
            burn::tensor::module::max_pool2d(images, options).flatten(0, 3)
        };
        check::kernel(
            &format!("{shape:?}, window {window}"),
            &kernel,
            &burn,
            &given,
        );
    }
}

#[test]
fn the_first_of_equal_values_gets_the_gradient_and_nan_is_the_largest() {
    let device = Device::flex().autodiff();
    let images = Tensor::<4>::from_data([[[[1.0, 1.0], [1.0, 0.0]]]], &device).require_grad();
    let gradients = max_pool2d(images.clone(), 2).sum().backward();
    let gradient: Vec<f32> = images
        .grad(&gradients)
        .unwrap()
        .into_data()
        .iter()
        .collect();
    assert_eq!(gradient, [1.0, 0.0, 0.0, 0.0]);
    let images = Tensor::<4>::from_data([[[[1.0, f32::NAN], [7.0, 0.0]]]], &device);
    assert!(max_pool2d(images, 2).into_scalar::<f32>().is_nan());
}

#[test]
fn global_averages() {
    let random = &mut Random::new(14);
    for _ in 0..10 {
        let shape = images(random);
        let given = [random.values(shape.iter().product())];
        let kernel = |given: &[Tensor<1>]| {
            let images: Tensor<4> = given[0].clone().reshape(shape);
            global_average(images).flatten(0, 1)
        };
        let burn = |given: &[Tensor<1>]| {
            let images: Tensor<4> = given[0].clone().reshape(shape);
            images.flatten::<3>(2, 3).mean_dim(2).flatten(0, 2)
        };
        check::kernel(&format!("{shape:?}"), &kernel, &burn, &given);
    }
}

#[test]
fn cross_entropies() {
    let random = &mut Random::new(15);
    for smoothing in [0.0, 0.1, 1.0] {
        for _ in 0..5 {
            let (batch, classes) = (random.whole(1, 40), random.whole(2, 12));
            let labels: Vec<i64> = (0..batch)
                .map(|_| random.whole(0, classes - 1) as i64)
                .collect();
            let mut logits = random.values(batch * classes);
            logits.iter_mut().for_each(|logit| *logit *= 5.0);
            let operands = |given: &[Tensor<1>]| {
                let logits: Tensor<2> = given[0].clone().reshape([batch, classes]);
                let labels = TensorData::new(labels.clone(), [batch]);
                (
                    logits.clone(),
                    Tensor::<1, Int>::from_data(labels, &logits.device()),
                )
            };
            // Three times the loss, so that the gradient that comes in is not 1.
            let kernel = |given: &[Tensor<1>]| {
                let (logits, labels) = operands(given);
                cross_entropy(logits, labels, smoothing).mul_scalar(3.0)
            };
            let burn = |given: &[Tensor<1>]| {
                let (logits, labels) = operands(given);
                let logarithms = log_softmax(logits, 1);
                let of_labels = logarithms.clone().gather(1, labels.unsqueeze_dim(1)).mean();
                let loss = of_labels * (1.0 - smoothing) + logarithms.mean() * smoothing;
                loss.mul_scalar(-3.0)
            };
            let what = format!("{batch} x {classes}, smoothing {smoothing}");
            check::kernel(&what, &kernel, &burn, &[logits]);
        }
    }
}

#[test]
#[should_panic(expected = "label 3 of 3 classes")]
fn a_label_must_be_a_class() {
    let device = Device::flex();
    let labels = Tensor::<1, Int>::from_data([3], &device);
    cross_entropy(Tensor::<2>::zeros([1, 3], &device), labels, 0.0);
}
