//! Tensors as the flex backend holds them.

#[cfg(all(feature = "cube", not(feature = "fusion")))]
use burn::backend::DispatchDevice;
use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Device, Shape, Tensor, TensorData};

use crate::real::Real;

/// A tensor of the flex backend.
pub(crate) type Primitive = FloatTensor<Flex>;

/// Whether the kernels compute tensors of this kind: flex's, in single or double precision.
pub(crate) fn is_computed<const D: usize>(tensor: &Tensor<D>) -> bool {
    matches!(tensor.dtype(), DType::F32 | DType::F64) && tensor.device() == Device::flex()
}

/// Whether the kernels for a GPU compute tensors of this kind: those in single precision that lie on one.
#[cfg(all(feature = "cube", not(feature = "fusion")))]
pub(crate) fn is_on_gpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    let device = tensor.device().inner();
    tensor.dtype() == DType::F32 && matches!(device.as_dispatch(), DispatchDevice::Cube(_))
}

#[cfg(not(all(feature = "cube", not(feature = "fusion"))))]
pub(crate) fn is_on_gpu<const D: usize>(_tensor: &Tensor<D>) -> bool {
    false
}

/// The tensor itself where its values lie one after the other, otherwise a copy in which they do.
pub(crate) fn contiguous(tensor: Primitive) -> Primitive {
    if tensor.layout().contiguous_offsets().is_some() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The values of a tensor that went through [`contiguous`].
pub(crate) fn values<F: Real>(tensor: &Primitive) -> &[F] {
    match F::values(tensor) {
        Some(values) => values,
        None => unreachable!("contiguous values of type {:?}", tensor.dtype()),
    }
}

/// A tensor that holds `values` in row-major order.
pub(crate) fn tensor<F: Real>(values: Vec<F>, shape: impl Into<Shape>) -> Primitive {
    Primitive::from_data(TensorData::new(values, shape))
}

/// The shape of a tensor of rank `D`.
pub(crate) fn shape<const D: usize>(tensor: &Primitive) -> [usize; D] {
    let shape = tensor.layout().shape();
    std::array::from_fn(|axis| shape[axis])
}

/// Calls a function that is generic over the type of number for the type of this tensor's.
macro_rules! for_type_of {
    ($tensor:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $tensor.dtype() {
            burn::tensor::DType::F64 => $function::<f64>($($argument),*),
            _ => $function::<f32>($($argument),*),
        }
    };
}
pub(crate) use for_type_of;
