//! What is done to a layer's outputs before they are written.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use rayon::prelude::*;

use crate::parts::{NEAR, in_parts};
#[cfg(all(feature = "cube", not(feature = "fusion")))]
use crate::primitive::is_on_gpu;
use crate::primitive::{Primitive, contiguous, for_type_of, tensor, values};
use crate::real::Real;
use crate::wide::wide;

/// What a layer does to its outputs before it writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// `max(x, 0)`. Its gradient at 0 is 0.
    Relu,
}

impl Activation {
    /// Of what Burn's operations have made, where no kernel computes the layer.
    pub(crate) fn by_operations<const D: usize>(self, output: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Identity => output,
            #[cfg(all(feature = "cube", not(feature = "fusion")))]
            Self::Relu if is_on_gpu(&output) => crate::gpu::relu(output),
            Self::Relu => relu(output),
        }
    }

    pub(crate) fn apply<F: Real>(self, values: &mut [F]) {
        if self == Self::Relu {
            rectify(values);
        }
    }

    #[inline(always)]
    pub(crate) fn of<F: Real>(self, value: F) -> F {
        match self {
            // What is not a number stays so: a run that diverges must show it.
            Self::Relu if value < F::ZERO => F::ZERO,
            Self::Identity | Self::Relu => value,
        }
    }
}

wide! {
    fn rectify<F: Real>(values: &mut [F]) {
        for value in values {
            *value = Activation::Relu.of(*value);
        }
    }
}

/// The gradient of what goes into a ReLU, of that of what comes out, `output`: in place where nobody else holds it. The
/// gradient itself where there is no `output`.
pub(crate) fn masked(gradient: Primitive, output: Option<&Primitive>) -> Primitive {
    match output {
        None => gradient,
        Some(output) => for_type_of!(gradient, masked_in(gradient, output)),
    }
}

fn masked_in<F: Real>(gradient: Primitive, output: &Primitive) -> Primitive {
    let mut gradient = contiguous(gradient);
    let output = values::<F>(output);
    if let Some(values) = F::values_mut(&mut gradient) {
        let parts = values.par_chunks_mut(NEAR).zip(output.par_chunks(NEAR));
        parts.for_each(|(gradient, output)| mask(gradient, output));
        return gradient;
    }
    let given = values::<F>(&gradient);
    let masked = in_parts(given.len(), NEAR, |index, part| {
        part.copy_from_slice(&given[index * NEAR..][..part.len()]);
        mask(part, &output[index * NEAR..]);
    });
    tensor(masked, gradient.layout().shape().clone())
}

wide! {
    fn mask<F: Real>(gradient: &mut [F], output: &[F]) {
        for (gradient, output) in gradient.iter_mut().zip(output) {
            *gradient = if *output <= F::ZERO { F::ZERO } else { *gradient };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_stays_so() {
        let mut values = [f32::NAN, -1.0, 2.0];
        Activation::Relu.apply(&mut values);
        assert!(values[0].is_nan() && values[1..] == [0.0, 2.0]);
    }

    #[test]
    fn only_what_passed_has_a_gradient() {
        let output = tensor(vec![0.0_f32, 2.0, 0.0], [3]);
        let gradient = tensor(vec![5.0_f32, 6.0, 7.0], [3]);
        let shared = gradient.clone();
        let expected = [0.0, 6.0, 0.0];
        assert_eq!(values::<f32>(&masked(gradient, Some(&output))), expected);
        assert_eq!(values::<f32>(&shared), [5.0, 6.0, 7.0]);
        assert_eq!(values::<f32>(&masked(shared, Some(&output))), expected);
    }
}
