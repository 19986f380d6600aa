//! The mean of the gradients of several batches.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Averages the gradients of several batches, for an update that sees more than fits in memory at once.
///
/// ```text
/// g = (g₁ + … + gₙ) / n
/// ```
///
/// Where the batches are equally large and the loss is a mean, that is the gradient of one batch n times as large.
/// Burn's `GradientsAccumulator` gives the sum, which moves with n.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::GradientsParams;
/// use burn::tensor::{Device, Tensor};
/// use optimizers::GradientAverage;
///
/// let device = Device::flex().autodiff();
/// let model = LinearConfig::new(2, 1).init(&device);
/// let mut average = GradientAverage::new();
/// for value in [1.0, 3.0] {
///     let loss = model.forward(Tensor::<2>::full([1, 2], value, &device)).sum();
///     average.add(&model, GradientsParams::from_grads(loss.backward(), &model));
/// }
/// let gradients = average.take(&model);
/// let weight = gradients.get::<2>(model.weight.id).map(|gradient| gradient.into_data());
/// assert_eq!(weight.map(|data| data.iter::<f32>().collect()), Some(vec![2.0, 2.0]));
/// assert_eq!(average.count(), 0);
/// ```
#[derive(Debug, Default)]
pub struct GradientAverage {
    sum: GradientsParams,
    count: u32,
}

impl GradientAverage {
    /// Nothing added yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the gradients of one batch.
    pub fn add<M: Module>(&mut self, module: &M, mut gradients: GradientsParams) {
        self.count += 1;
        if self.count == 1 {
            self.sum = gradients;
            return;
        }
        module.visit(&mut Add {
            sum: &mut self.sum,
            gradients: &mut gradients,
        });
    }

    /// How many batches were added since the last [`take`](Self::take).
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The mean of what was added; the next batch begins another. A parameter that a batch had no gradient for counts
    /// as 0 there.
    pub fn take<M: Module>(&mut self, module: &M) -> GradientsParams {
        let mut sum = std::mem::take(&mut self.sum);
        let count = std::mem::take(&mut self.count);
        if count > 1 {
            module.visit(&mut Divide {
                sum: &mut sum,
                count: f64::from(count),
            });
        }
        sum
    }
}

struct Add<'a> {
    sum: &'a mut GradientsParams,
    gradients: &'a mut GradientsParams,
}

impl ModuleVisitor for Add<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.remove::<D>(param.id) else {
            return;
        };
        let sum = match self.sum.remove::<D>(param.id) {
            None => gradient,
            Some(sum) => sum + gradient,
        };
        self.sum.register(param.id, sum);
    }
}

struct Divide<'a> {
    sum: &'a mut GradientsParams,
    count: f64,
}

impl ModuleVisitor for Divide<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(sum) = self.sum.remove::<D>(param.id) {
            self.sum.register(param.id, sum.div_scalar(self.count));
        }
    }
}
