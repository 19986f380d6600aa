//! Reading optimizer state back from a record.

use burn::optim::StateSource;
use burn::tensor::{Device, Tensor};

/// The tensor recorded as `prefix.leaf`, on `device`, in the type that it was recorded in.
pub(crate) fn take_tensor<const D: usize>(
    source: &mut StateSource,
    prefix: &str,
    leaf: &str,
    device: &Device,
) -> Option<Tensor<D>> {
    let data = source.take_tensor(prefix, leaf)?;
    let dtype = data.dtype();
    Some(Tensor::from_data(data, (device, dtype)))
}
