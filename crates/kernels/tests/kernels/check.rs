//! What is asked of every kernel.

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::random::Random;

/// A computation on tensors that are handed in and out flat.
pub(crate) type Function<'a> = &'a (dyn Fn(&[Tensor<1>]) -> Tensor<1> + Sync);

/// How far a kernel may be from Burn's operations in double and in single precision, as a share of the largest value.
const APART: [(DType, f64); 2] = [(DType::F64, 1e-12), (DType::F32, 2e-5)];
/// Half the distance of the two points of a difference quotient.
const STEP: f64 = 1e-6;
/// How far a gradient may be from its difference quotient, as a share of the largest.
const QUOTIENT: f64 = 1e-7;

/// Computes the same outputs and gradients as Burn's operations in both precisions, gradients that are difference
/// quotients, and the same bits on 1, 2 and 4 threads.
pub(crate) fn kernel(what: &str, kernel: Function, burn: Function, inputs: &[Vec<f64>]) {
    for (dtype, apart) in APART {
        let (ours, theirs) = (
            Values::of(kernel, inputs, dtype),
            Values::of(burn, inputs, dtype),
        );
        close(
            &format!("{what}, {dtype:?}, output"),
            &ours.output,
            &theirs.output,
            apart,
        );
        for (index, (ours, theirs)) in ours.gradients.iter().zip(&theirs.gradients).enumerate() {
            let what = format!("{what}, {dtype:?}, gradient {index}");
            close(&what, ours, theirs, apart);
        }
    }
    difference_quotients(what, kernel, inputs);
    threads(what, kernel, inputs);
}

/// What a function computes.
#[derive(Debug, PartialEq)]
struct Values {
    output: Vec<f64>,
    /// Of a sum of the outputs, each with another weight.
    gradients: Vec<Vec<f64>>,
}

impl Values {
    fn of(function: Function, inputs: &[Vec<f64>], dtype: DType) -> Self {
        let device = Device::flex().autodiff();
        let inputs: Vec<Tensor<1>> = inputs
            .iter()
            .map(|values| flat(values, &device, dtype).require_grad())
            .collect();
        let output = function(&inputs);
        let weights = flat(&weights(output.dims()[0]), &device, dtype);
        let gradients = (output.clone() * weights).sum().backward();
        let gradients = inputs.iter().map(|input| input.grad(&gradients).unwrap());
        Self {
            output: output.into_data().iter().collect(),
            gradients: gradients
                .map(|gradient| gradient.into_data().iter().collect())
                .collect(),
        }
    }
}

fn flat(values: &[f64], device: &Device, dtype: DType) -> Tensor<1> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    Tensor::from_data(data, (device, dtype))
}

fn weights(count: usize) -> Vec<f64> {
    Random::new(99).values(count)
}

fn close(what: &str, ours: &[f64], theirs: &[f64], apart: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let largest = theirs
        .iter()
        .fold(1.0, |most: f64, value| value.abs().max(most));
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let far = (ours - theirs).abs() / largest;
        assert!(far <= apart, "{what}[{index}]: {ours}, Burn's {theirs}");
    }
}

fn difference_quotients(what: &str, function: Function, inputs: &[Vec<f64>]) {
    let gradients = Values::of(function, inputs, DType::F64).gradients;
    let loss = |inputs: &[Vec<f64>]| {
        let device = Device::flex();
        let inputs: Vec<Tensor<1>> = inputs
            .iter()
            .map(|values| flat(values, &device, DType::F64))
            .collect();
        let output: Vec<f64> = function(&inputs).into_data().iter().collect();
        let weights = weights(output.len());
        output
            .iter()
            .zip(&weights)
            .map(|(output, weight)| output * weight)
            .sum::<f64>()
    };
    for (input, gradient) in gradients.iter().enumerate() {
        let largest = gradient
            .iter()
            .fold(1.0, |most: f64, value| value.abs().max(most));
        for index in [
            0,
            gradient.len() / 3,
            gradient.len() * 7 / 11,
            gradient.len() - 1,
        ] {
            let moved = |by: f64| {
                let mut inputs = inputs.to_vec();
                inputs[input][index] += by;
                loss(&inputs)
            };
            let quotient = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            let gradient = gradient[index];
            assert!(
                (gradient - quotient).abs() <= QUOTIENT * largest,
                "{what}, input {input}[{index}]: gradient {gradient}, quotient {quotient}"
            );
        }
    }
}

fn threads(what: &str, function: Function, inputs: &[Vec<f64>]) {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| Values::of(function, inputs, DType::F32))
    };
    let one = on(1);
    assert!(
        one == on(2) && one == on(4),
        "{what}: other bits on other threads"
    );
}
