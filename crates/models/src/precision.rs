//! The floating-point type of a module.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{FloatDType, Tensor};

/// `module` with every floating-point tensor in `dtype`, its gradients and graph left behind.
pub(crate) fn cast<M: Module>(module: M, dtype: FloatDType) -> M {
    module.map(&mut Cast { dtype })
}

struct Cast {
    dtype: FloatDType,
}

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| {
            let require_grad = tensor.is_require_grad();
            let is_autodiff = tensor.is_autodiff();
            let tensor = tensor.inner().cast(self.dtype);
            if is_autodiff {
                Tensor::from_inner(tensor).set_require_grad(require_grad)
            } else {
                tensor
            }
        })
    }
}
