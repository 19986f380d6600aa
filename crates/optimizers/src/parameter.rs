//! One parameter of a module, wherever it lives.

use burn::module::Param;
use burn::tensor::Tensor;

/// Changes a parameter's value outside of the autodiff graph, and puts it back as it was found.
pub(crate) fn map_value<const D: usize>(
    param: Param<Tensor<D>>,
    change: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Param<Tensor<D>> {
    let (id, tensor, mapper) = param.consume();
    let (autodiff, require_grad) = (tensor.is_autodiff(), tensor.is_require_grad());
    let tensor = change(tensor.inner());
    let tensor = if autodiff {
        Tensor::from_inner(tensor).set_require_grad(require_grad)
    } else {
        tensor
    };
    Param::from_mapped_value(id, tensor, mapper)
}
