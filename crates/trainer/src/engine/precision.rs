//! In which type of number a run computes.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
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

/// `module` with every float in `precision`; one that has it already is given back as it is.
///
/// The type goes with each tensor: Burn's setting for a whole device can be made once in a process.
pub(super) fn cast<M: Module>(module: M, precision: Precision) -> M {
    module.map(&mut Cast(dtype(precision)))
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

fn dtype(precision: Precision) -> FloatDType {
    match precision {
        Precision::Float32 => FloatDType::F32,
        Precision::Float64 => FloatDType::F64,
    }
}

struct Cast(FloatDType);

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        if tensor.dtype() == self.0.into() {
            return Param::from_mapped_value(id, tensor, mapper);
        }
        let (autodiff, require_grad) = (tensor.is_autodiff(), tensor.is_require_grad());
        // Outside of the graph, so that what comes out is a leaf of it again.
        let tensor = tensor.inner().cast(self.0);
        let tensor = if autodiff {
            Tensor::from_inner(tensor).set_require_grad(require_grad)
        } else {
            tensor
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}
