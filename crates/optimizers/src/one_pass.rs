//! One pass over several tensors: where the backend keeps them in this process's memory, or by one kernel on a GPU.

use std::ops::{Add, Div, Mul, Sub};

#[cfg(all(feature = "cube", not(feature = "fusion")))]
use burn::backend::{Dispatch, DispatchDevice, tensor::FloatTensor};
use burn::tensor::{DType, Device, Element, Tensor};

/// `f32` or `f64`.
pub(crate) trait Real:
    Element + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Copy
{
    /// The nearest number of this type.
    fn of(number: f64) -> Self;

    fn root(self) -> Self;
}

impl Real for f32 {
    fn of(number: f64) -> Self {
        number as f32
    }

    fn root(self) -> Self {
        self.sqrt()
    }
}

impl Real for f64 {
    fn of(number: f64) -> Self {
        number
    }

    fn root(self) -> Self {
        self.sqrt()
    }
}

/// What is done to each element of `N` tensors of one shape, with the very operations, in the same order, that are
/// made of tensors elsewhere: the bits must not depend on where in this process's memory they are computed.
pub(crate) trait Pass<const N: usize>: Sync {
    /// Also of a part of the elements.
    fn run<F: Real>(&self, slices: [&mut [F]; N]);

    /// The same on a GPU, in single precision.
    #[cfg(all(feature = "cube", not(feature = "fusion")))]
    fn launch(&self, tensors: [FloatTensor<Dispatch>; N]) -> [FloatTensor<Dispatch>; N];
}

/// Changes the tensors, in place where nobody else holds them, or gives them back as they were where they lie elsewhere.
///
/// Burn makes a pass of its own of each operation on tensors. For weights that do not fit into the cache the memory is
/// what takes the time, and one pass of ten is a tenth of it. On a GPU it is the host that takes the time, for each kernel
/// that it hands over.
pub(crate) fn one_pass<const D: usize, const N: usize>(
    tensors: [Tensor<D>; N],
    pass: &impl Pass<N>,
) -> Result<[Tensor<D>; N], [Tensor<D>; N]> {
    let dtype = tensors[0].dtype();
    let device = tensors[0].device();
    let alike =
        |tensor: &Tensor<D>| tensor.dtype() == dtype && tensor.shape() == tensors[0].shape();
    if !matches!(dtype, DType::F32 | DType::F64) || !tensors.iter().all(alike) {
        return Err(tensors);
    }
    if !in_this_process(&device) {
        return on_gpu(tensors, pass);
    }
    // On this device no copy is made of data that nobody else holds.
    let mut data = tensors.map(Tensor::into_data);
    let done = match dtype {
        DType::F32 => run::<f32, N>(&mut data, pass),
        _ => run::<f64, N>(&mut data, pass),
    };
    let tensors = data.map(|data| Tensor::from_data(data, (&device, dtype)));
    if done { Ok(tensors) } else { Err(tensors) }
}

#[cfg(all(feature = "cube", not(feature = "fusion")))]
fn on_gpu<const D: usize, const N: usize>(
    tensors: [Tensor<D>; N],
    pass: &impl Pass<N>,
) -> Result<[Tensor<D>; N], [Tensor<D>; N]> {
    let device = tensors[0].device();
    if tensors[0].dtype() != DType::F32 || !matches!(device.as_dispatch(), DispatchDevice::Cube(_))
    {
        return Err(tensors);
    }
    let tensors = pass.launch(tensors.map(Tensor::into_dispatch));
    Ok(tensors.map(Tensor::from_dispatch))
}

#[cfg(not(all(feature = "cube", not(feature = "fusion"))))]
fn on_gpu<const D: usize, const N: usize>(
    tensors: [Tensor<D>; N],
    _pass: &impl Pass<N>,
) -> Result<[Tensor<D>; N], [Tensor<D>; N]> {
    Err(tensors)
}

fn run<F: Real, const N: usize>(
    data: &mut [burn::tensor::TensorData; N],
    pass: &impl Pass<N>,
) -> bool {
    let mut slices = data.each_mut().map(|data| data.as_mut_slice::<F>().ok());
    if slices.iter().any(Option::is_none) {
        return false;
    }
    let slices = slices.each_mut();
    in_parts(slices.map(|slice| slice.take().unwrap_or_default()), pass);
    true
}

/// Elements that are worth another thread's while.
#[cfg(feature = "flex")]
const PART: usize = 1 << 15;

#[cfg(feature = "flex")]
fn in_parts<F: Real, const N: usize>(mut slices: [&mut [F]; N], pass: &impl Pass<N>) {
    let length = slices[0].len();
    if length <= PART {
        return pass.run(slices);
    }
    let halves = slices.each_mut();
    let first = halves.map(|slice| slice.split_off_mut(..length / 2).unwrap_or_default());
    rayon::join(|| in_parts(first, pass), || in_parts(slices, pass));
}

#[cfg(not(feature = "flex"))]
fn in_parts<F: Real, const N: usize>(slices: [&mut [F]; N], pass: &impl Pass<N>) {
    pass.run(slices);
}

#[cfg(feature = "flex")]
fn in_this_process(device: &Device) -> bool {
    *device == Device::flex()
}

#[cfg(not(feature = "flex"))]
fn in_this_process(_device: &Device) -> bool {
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
pub(crate) mod tests {
    use burn::tensor::TensorData;

    use super::*;

    /// A tensor that differs from update to update.
    pub(crate) fn waves(update: usize, dtype: DType) -> Tensor<2> {
        let values = (0..35).map(|i| (0.9 * i as f64 + 1.7 * update as f64).sin());
        let data = TensorData::new(values.collect::<Vec<f64>>(), [5, 7]);
        Tensor::<2>::from_data(data, (&Device::flex(), DType::F64)).cast(dtype)
    }

    pub(crate) fn bits(tensor: Tensor<2>) -> Vec<u64> {
        let values = tensor.into_data();
        values.iter::<f64>().map(f64::to_bits).collect()
    }

    struct Swap;

    impl Pass<2> for Swap {
        fn run<F: Real>(&self, [first, second]: [&mut [F]; 2]) {
            first.swap_with_slice(second);
        }

        #[cfg(all(feature = "cube", not(feature = "fusion")))]
        fn launch(
            &self,
            [first, second]: [FloatTensor<Dispatch>; 2],
        ) -> [FloatTensor<Dispatch>; 2] {
            [second, first]
        }
    }

    #[test]
    #[cfg(feature = "flex")]
    fn only_a_tensor_that_is_shared_moves() {
        let (first, second) = (waves(1, DType::F32), waves(2, DType::F32));
        let shared = first.clone();
        let (before, other) = (bits(first.clone()), bits(second.clone()));
        let second = second.into_data();
        let place = second.as_bytes().as_ptr();
        let second = Tensor::from_data(second, (&Device::flex(), DType::F32));

        let [first, second] = one_pass([first, second], &Swap).unwrap();
        let second = second.into_data();
        assert_eq!(second.as_bytes().as_ptr(), place);
        assert_eq!(bits(first), other);
        assert_eq!(
            bits(shared),
            before,
            "whoever shares it does not see it change"
        );
    }

    #[test]
    #[cfg(feature = "flex")]
    fn every_part_is_done_once() {
        let numbers = |from: usize| {
            let values = (from..from + 5 * PART / 2 + 3).map(|number| number as f64);
            let data = TensorData::from(values.collect::<Vec<f64>>().as_slice());
            Tensor::<1>::from_data(data, (&Device::flex(), DType::F64))
        };
        let [first, second] = one_pass([numbers(0), numbers(1)], &Swap).unwrap();
        assert!(first.equal(numbers(1)).all().into_scalar::<bool>());
        assert!(second.equal(numbers(0)).all().into_scalar::<bool>());
    }

    #[test]
    fn what_does_not_fit_comes_back_as_it_was() {
        let (first, second) = (waves(1, DType::F32), waves(2, DType::F64));
        let [one, two] = one_pass([first.clone(), second.clone()], &Swap).unwrap_err();
        assert_eq!((bits(one), bits(two)), (bits(first), bits(second)));
    }
}
