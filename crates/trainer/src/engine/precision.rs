//! In which type of number a run computes.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, FloatDType, Tensor};

use super::{Compute, DeviceError};
use crate::config::Precision;

impl Compute {
    /// Whether the device computes in `precision`.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&self, precision: Precision) -> Result<(), DeviceError> {
        // Shaders may add and multiply in double precision, but they have no exponential and no logarithm in it: what a
        // driver makes of them is no number.
        let lacks = self.backend.is_graphics() && precision == Precision::Float64;
        if !lacks && self.device.supports_dtype(dtype(precision)) {
            return Ok(());
        }
        let (wanted, name) = (precision.name(), &self.name);
        Err(DeviceError {
            message: format!("train.precision = \"{wanted}\": {name} does not compute in it"),
            hint: "--set train.precision=float32; or a CPU: --backend flex".to_owned(),
        })
    }
}

/// The precision of the weights of `module`.
pub(super) fn of<M: Module>(module: &M) -> Precision {
    let mut found = Found(Precision::default());
    module.visit(&mut found);
    found.0
}

struct Found(Precision);

impl ModuleVisitor for Found {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.base().dtype() == DType::F64 {
            self.0 = Precision::Float64;
        }
    }
}

/// Burn's name for it. The type goes with each tensor: Burn's setting for a whole device can be made once in a process.
pub(super) fn dtype(precision: Precision) -> FloatDType {
    match precision {
        Precision::Float32 => FloatDType::F32,
        Precision::Float64 => FloatDType::F64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Backend;
    use burn::tensor::Device;

    #[test]
    fn shaders_compute_in_single_precision_and_a_cpu_in_both() {
        let refused = |backend, precision| {
            let compute = Compute {
                device: Device::flex(),
                backend,
                name: "a card".to_owned(),
                software: false,
                image_memory: 0,
            };
            compute
                .check(precision)
                .err()
                .map(|error| error.to_string())
        };
        for precision in [Precision::Float32, Precision::Float64] {
            assert_eq!(refused(Backend::Flex, precision), None);
        }
        assert_eq!(refused(Backend::Wgpu, Precision::Float32), None);
        let sentence = "train.precision = \"float64\": a card does not compute in it";
        let refused = refused(Backend::Vulkan, Precision::Float64);
        assert_eq!(refused.as_deref(), Some(sentence));
    }
}
