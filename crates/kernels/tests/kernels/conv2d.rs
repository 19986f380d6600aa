//! Convolutions.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::ops::ConvOptions;
use kernels::{Activation, conv2d};

use crate::check;
use crate::random::Random;

/// A convolution's sizes.
#[derive(Debug)]
struct Case {
    images: [usize; 4],
    weight: [usize; 4],
    options: ConvOptions<2>,
    has_bias: bool,
    activation: Activation,
}

impl Case {
    fn random(random: &mut Random) -> Self {
        let groups = random.whole(1, 3);
        let (inputs, outputs) = (random.whole(1, 3), random.whole(1, 4));
        let mut axis = || {
            let (kernel, dilation) = (random.whole(1, 4), random.whole(1, 3));
            let padding = (random.whole(0, 4), random.whole(0, 4));
            let covered = dilation * (kernel - 1) + 1;
            let least = covered.saturating_sub(padding.0 + padding.1).max(1);
            let size = random.whole(least, least + 8);
            (size, kernel, random.whole(1, 3), padding, dilation)
        };
        let (height, width) = (axis(), axis());
        Self {
            images: [random.whole(1, 19), groups * inputs, height.0, width.0],
            weight: [groups * outputs, inputs, height.1, width.1],
            options: ConvOptions::new_with_padding(
                [height.2, width.2],
                [height.3, width.3],
                [height.4, width.4],
                groups,
            ),
            has_bias: random.whole(0, 1) == 1,
            activation: [Activation::Identity, Activation::Relu][random.whole(0, 1)],
        }
    }

    fn check(&self, random: &mut Random) {
        let mut count = |shape: &[usize]| random.values(shape.iter().product());
        let mut inputs = vec![count(&self.images), count(&self.weight)];
        if self.has_bias {
            inputs.push(count(&self.weight[..1]));
        }
        let operands = |inputs: &[Tensor<1>]| {
            let images = inputs[0].clone().reshape(self.images);
            let weight = inputs[1].clone().reshape(self.weight);
            (images, weight, inputs.get(2).cloned(), self.options.clone())
        };
        let kernel = |inputs: &[Tensor<1>]| {
            let (images, weight, bias, options) = operands(inputs);
            conv2d(images, weight, bias, options, self.activation).flatten(0, 3)
        };
        let burn = |inputs: &[Tensor<1>]| {
            let (images, weight, bias, options) = operands(inputs);
            let output = burn::tensor::module::conv2d(images, weight, bias, options);
            let output = match self.activation {
                Activation::Identity => output,
                Activation::Relu => relu(output),
            };
            output.flatten(0, 3)
        };
        check::kernel(&format!("{self:?}"), &kernel, &burn, &inputs);
    }
}

#[test]
fn convolutions_of_any_shape() {
    let random = &mut Random::new(1);
    for _ in 0..60 {
        Case::random(random).check(random);
    }
}

#[test]
fn convolutions_of_our_networks() {
    let random = &mut Random::new(2);
    let cases = [
        ([3, 1, 28, 28], [6, 1, 5, 5], 1, 2),
        ([2, 6, 14, 14], [16, 6, 5, 5], 1, 0),
        ([2, 16, 14, 14], [33, 16, 3, 3], 1, 1),
        ([2, 16, 16, 16], [32, 16, 3, 3], 2, 1),
        ([2, 16, 15, 15], [32, 16, 1, 1], 2, 0),
        ([10, 5, 9, 9], [7, 5, 1, 1], 1, 0),
    ];
    for (images, weight, stride, padding) in cases {
        let case = Case {
            images,
            weight,
            options: ConvOptions::new([stride; 2], [padding; 2], [1, 1], 1),
            has_bias: true,
            activation: Activation::Relu,
        };
        case.check(random);
    }
}

#[test]
fn convolutions_by_fewer_products() {
    let random = &mut Random::new(4);
    for number in 0..24 {
        let groups = random.whole(1, 2);
        let (inputs, outputs) = (random.whole(8, 20), random.whole(8, 40));
        let mut axis = || {
            let padding = (random.whole(0, 2), random.whole(0, 3));
            (random.whole(3, 21), padding)
        };
        let (height, width) = (axis(), axis());
        let case = Case {
            images: [random.whole(1, 10), groups * inputs, height.0, width.0],
            weight: [groups * outputs, inputs, 3, 3],
            options: ConvOptions::new_with_padding([1, 1], [height.1, width.1], [1, 1], groups),
            has_bias: number % 2 == 0,
            activation: [Activation::Identity, Activation::Relu][random.whole(0, 1)],
        };
        case.check(random);
    }
    // Rows that are longer than a tile.
    let case = Case {
        images: [1, 8, 5, 77],
        weight: [9, 8, 3, 3],
        options: ConvOptions::new([1, 1], [1, 1], [1, 1], 1),
        has_bias: true,
        activation: Activation::Identity,
    };
    case.check(random);
}

#[test]
fn transposed_images_are_read_as_they_are_meant() {
    let random = &mut Random::new(3);
    let inputs = [random.values(2 * 5 * 4 * 3), random.values(6 * 3 * 2 * 2)];
    let operands = |inputs: &[Tensor<1>]| {
        let images = inputs[0]
            .clone()
            .reshape([2, 5, 4, 3])
            .permute([0, 3, 1, 2]);
        let weight = inputs[1].clone().reshape([3, 6, 2, 2]).swap_dims(0, 1);
        (images, weight, ConvOptions::new([1, 1], [1, 1], [1, 1], 1))
    };
    let kernel = |inputs: &[Tensor<1>]| {
        let (images, weight, options) = operands(inputs);
        conv2d(images, weight, None, options, Activation::Identity).flatten(0, 3)
    };
    let burn = |inputs: &[Tensor<1>]| {
        let (images, weight, options) = operands(inputs);
        burn::tensor::module::conv2d(images, weight, None, options).flatten(0, 3)
    };
    check::kernel("permuted", &kernel, &burn, &inputs);
}

#[test]
fn gradients_go_only_where_they_are_asked_for() {
    let device = burn::tensor::Device::flex().autodiff();
    let images = Tensor::<4>::ones([1, 1, 3, 3], &device);
    let weight = Tensor::<4>::ones([1, 1, 2, 2], &device).require_grad();
    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
    let output = conv2d(
        images.clone(),
        weight.clone(),
        None,
        options.clone(),
        Activation::Identity,
    );
    let gradients = output.sum().backward();
    assert!(images.grad(&gradients).is_none());
    let of_weight: Vec<f32> = weight
        .grad(&gradients)
        .unwrap()
        .into_data()
        .iter()
        .collect();
    assert_eq!(of_weight, [4.0; 4]);

    let inner = images.inner();
    let output = conv2d(inner, weight.clone(), None, options, Activation::Identity);
    let gradients = output.sum().backward();
    assert!(
        weight.grad(&gradients).is_some(),
        "images without autodiff are constants"
    );
}
