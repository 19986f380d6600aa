//! Gradients that are cut down to a size.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// The norm of all gradients of a module, as if they were one vector.
///
/// ```text
/// norm = √(Σ g²)      over every element of every gradient, in the module's order
/// ```
///
/// One element, on the gradients' device and in the type of the first: nothing is read back. `None` without gradients.
pub fn gradient_norm<M: Module>(module: &M, gradients: &GradientsParams) -> Option<Tensor<1>> {
    let mut squares = Squares {
        gradients,
        sum: None,
    };
    module.visit(&mut squares);
    squares.sum.map(Tensor::sqrt)
}

/// Scales all gradients so that their common norm is at most `limit`, as `torch.nn.utils.clip_grad_norm_`.
///
/// ```text
/// g ← g · min(1, limit / (norm + 1e-6))
/// ```
///
/// Gives the norm as it was before, which stays on the device: the factor is computed there and applied even where it
/// is 1. `limit` is above 0. A norm that is not finite makes every gradient NaN, or 0 if it is infinite.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::GradientsParams;
/// use burn::tensor::{Device, Tensor};
/// use optimizers::{clip_norm, gradient_norm};
///
/// let device = Device::flex().autodiff();
/// let model = LinearConfig::new(2, 1).init(&device);
/// let loss = model.forward(Tensor::<2>::ones([4, 2], &device)).sum();
/// let mut gradients = GradientsParams::from_grads(loss.backward(), &model);
///
/// // Weights of [4, 4] and a bias of 4: √48.
/// let before = clip_norm(&model, &mut gradients, 1.0).map(|norm| norm.into_scalar::<f32>());
/// assert_eq!(before, Some(48.0_f32.sqrt()));
/// let after = gradient_norm(&model, &gradients).map(|norm| norm.into_scalar::<f32>());
/// assert!(after.is_some_and(|norm| (norm - 1.0).abs() < 1e-5));
/// ```
///
/// Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks".
pub fn clip_norm<M: Module>(
    module: &M,
    gradients: &mut GradientsParams,
    limit: f64,
) -> Option<Tensor<1>> {
    let norm = gradient_norm(module, gradients)?;
    let factor = norm
        .clone()
        .add_scalar(1e-6)
        .recip()
        .mul_scalar(limit)
        .clamp_max(1.0);
    for_each(module, gradients, &Scale(factor));
    Some(norm)
}

/// Divides all gradients by `max(1, norm / limit)`, as timm's Lamb does before each update.
pub(crate) fn divide_by_norm<M: Module>(module: &M, gradients: &mut GradientsParams, limit: f64) {
    if let Some(norm) = gradient_norm(module, gradients) {
        let divisor = norm.div_scalar(limit).clamp_min(1.0);
        for_each(module, gradients, &Divide(divisor));
    }
}

/// Moves every element of every gradient into `-limit..=limit`, as `torch.nn.utils.clip_grad_value_`.
///
/// ```text
/// g ← min(max(g, −limit), limit)
/// ```
///
/// `limit` is above 0.
pub fn clip_value<M: Module>(module: &M, gradients: &mut GradientsParams, limit: f64) {
    for_each(module, gradients, &Clamp(limit));
}

/// Adds up the squares.
struct Squares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let square = gradient.square().sum();
            self.sum = Some(match self.sum.take() {
                None => square,
                Some(sum) => {
                    let dtype = sum.dtype();
                    sum + square.cast(dtype)
                }
            });
        }
    }
}

/// What is done to each gradient, whatever its rank.
trait Change {
    fn change<const D: usize>(&self, gradient: Tensor<D>) -> Tensor<D>;
}

struct Scale(Tensor<1>);

impl Change for Scale {
    fn change<const D: usize>(&self, gradient: Tensor<D>) -> Tensor<D> {
        let factor = self.0.clone().cast(gradient.dtype()).reshape([1; D]);
        gradient * factor
    }
}

struct Divide(Tensor<1>);

impl Change for Divide {
    fn change<const D: usize>(&self, gradient: Tensor<D>) -> Tensor<D> {
        let divisor = self.0.clone().cast(gradient.dtype()).reshape([1; D]);
        gradient / divisor
    }
}

struct Clamp(f64);

impl Change for Clamp {
    fn change<const D: usize>(&self, gradient: Tensor<D>) -> Tensor<D> {
        gradient.clamp(-self.0, self.0)
    }
}

fn for_each<M: Module>(module: &M, gradients: &mut GradientsParams, change: &impl Change) {
    struct Each<'a, C> {
        gradients: &'a mut GradientsParams,
        change: &'a C,
    }

    impl<C: Change> ModuleVisitor for Each<'_, C> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let id: ParamId = param.id;
            if let Some(gradient) = self.gradients.remove::<D>(id) {
                self.gradients.register(id, self.change.change(gradient));
            }
        }
    }

    module.visit(&mut Each { gradients, change });
}
