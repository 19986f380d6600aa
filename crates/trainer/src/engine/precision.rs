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
        if self.device.supports_dtype(dtype(precision)) {
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
