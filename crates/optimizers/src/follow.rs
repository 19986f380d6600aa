//! Momentum that follows a schedule.

use burn::optim::{LearningRate, ModuleOptimizer, Optimizer};
use burn::tensor::{Device, Tensor};
use schedules::RateHandle;

use crate::{Adam, AdamW, ModuleUpdate, OptimizerError, Sgd, WeightDecay};

/// An optimizer whose momentum (SGD, RMSprop) or beta 1 (Adam and its kin) a schedule may move.
pub trait Momentum: WeightDecay {
    /// The same optimizer with another momentum or beta 1, from 0 and below 1.
    fn with_momentum(&self, momentum: f64) -> Self;

    /// Checks the parameters.
    ///
    /// # Errors
    /// Names the first parameter that is out of its range.
    fn check(&self) -> Result<(), OptimizerError>;
}

/// [`Sgd`], [`Adam`], [`AdamW`] or another optimizer with [`Momentum`], whose momentum or beta 1 is what a schedule
/// carries beside the learning rate.
///
/// The handle of a [`Scheduler`](schedules::Scheduler) holds what belongs to the update that it has stepped to. While
/// the schedule has no momentum, the optimizer's own holds. It works wherever the scheduler is stepped just before the
/// optimizer, as Burn's stock `Learner` does:
///
/// ```
/// use burn::module::Module;
/// use burn::nn::LinearConfig;
/// use burn::optim::GradientsParams;
/// use burn::tensor::{Device, Tensor};
/// use optimizers::{Follow, Sgd};
/// use schedules::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let device = Device::flex().autodiff();
/// let mut model = LinearConfig::new(2, 1).init(&device);
/// let mut rate = OneCycle::new(100).peak(0.2)?;
/// let mut update = Follow::new(Sgd::new().momentum(0.9), rate.handle()).build()?;
///
/// for _ in 0..3 {
///     let loss = model.forward(Tensor::<2>::ones([4, 2], &device)).powf_scalar(2.0).mean();
///     let gradients = GradientsParams::from_grads(loss.backward(), &model);
///     model = update.step(rate.step(), model, gradients);
/// }
/// assert_eq!(rate.handle().momentum(), rate.momentum_at(2));
/// # Ok(())
/// # }
/// ```
///
/// In the stock `Learner` the momentum cycles as well:
///
/// ```
/// use burn::tensor::Device;
/// use burn::train::Learner;
/// use models::{ImageShape, ModelConfig};
/// use optimizers::{Follow, Sgd};
/// use schedules::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let device = Device::flex().autodiff();
/// let shape = ImageShape { channels: 1, height: 8, width: 8 };
/// let model = ModelConfig::mlp().init(shape, 10, || 0.5, &device)?;
///
/// let lr = OneCycle::new(100).peak(0.2)?;
/// let (handle, sgd) = (lr.handle(), Sgd::new().momentum(0.9));
/// let mut learner = Learner::new(model, Follow::new(sgd, lr.handle()).init(), lr);
/// learner.lr_step();
/// assert_eq!(learner.lr_current().base(), 0.2 / 25.0);
/// assert_eq!(handle.momentum(), Some(0.95));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Follow<O> {
    optimizer: O,
    handle: RateHandle,
}

impl<O: Momentum> Follow<O> {
    /// Lets the momentum of `optimizer` follow the scheduler that `handle` is from.
    pub fn new(optimizer: O, handle: RateHandle) -> Self {
        Self { optimizer, handle }
    }

    /// The update of a whole module.
    ///
    /// # Errors
    /// As the optimizer's own.
    pub fn build(self) -> Result<ModuleUpdate, OptimizerError> {
        self.optimizer.check()?;
        Ok(ModuleUpdate::new(self))
    }

    /// The optimizer that Burn's stock `Learner` takes, unchecked as Burn's own are.
    pub fn init(self) -> ModuleOptimizer {
        self.into()
    }
}

impl<O: Momentum> Optimizer for Follow<O> {
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        match self.handle.momentum() {
            Some(momentum) => self
                .optimizer
                .with_momentum(momentum)
                .step(lr, tensor, grad, state),
            None => self.optimizer.step(lr, tensor, grad, state),
        }
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        O::to_device(state, device)
    }
}

impl<O: Momentum> WeightDecay for Follow<O> {
    fn without_weight_decay(&self) -> Self {
        Self {
            optimizer: self.optimizer.without_weight_decay(),
            handle: self.handle.clone(),
        }
    }
}

impl Momentum for Sgd {
    fn with_momentum(&self, momentum: f64) -> Self {
        self.clone().momentum(momentum)
    }

    fn check(&self) -> Result<(), OptimizerError> {
        self.check()
    }
}

impl Momentum for Adam {
    fn with_momentum(&self, momentum: f64) -> Self {
        self.clone().betas(momentum, self.beta2)
    }

    fn check(&self) -> Result<(), OptimizerError> {
        self.check()
    }
}

impl Momentum for AdamW {
    fn with_momentum(&self, momentum: f64) -> Self {
        self.clone().betas(momentum, self.beta2)
    }

    fn check(&self) -> Result<(), OptimizerError> {
        self.check()
    }
}
