//! Schedule-Free SGD.

use crate::schedule_free::{Averaging, ScheduleFree};
use crate::{ModuleUpdate, OptimizerError};

/// Schedule-Free SGD, as `schedulefree.SGDScheduleFree` 1.4.1: no schedule, and no end that must be known.
///
/// ```text
/// y = (1 − momentum) · z + momentum · x          where the gradient is taken; what the module holds
/// z ← z − lr · (gradient(y) + weight_decay · y)
/// x ← (1 − c) · x + c · z                        what is evaluated and kept
/// c = w_k / (w_1 + … + w_k)      w_k = k^r · (highest lr so far)^weight_lr_power
/// ```
///
/// The module holds `y`; [`ModuleUpdate::evaluation`] gives it with `x`. Use it with a constant learning rate, some
/// ten times that of SGD with momentum.
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `momentum` | 0.9 | above 0 and below 1 |
/// | `weight_decay` | 0 | at least 0; taken at `y` |
/// | `warmup_steps` | 0 | updates over which the learning rate grows to its value |
/// | `r` | 0 | at least 0; weighs later updates more |
/// | `weight_lr_power` | 2 | at least 0; weighs updates of a warm-up less |
///
/// ```
/// use burn::module::Module;
/// use burn::nn::LinearConfig;
/// use burn::optim::GradientsParams;
/// use burn::tensor::{Device, Tensor};
/// use optimizers::ScheduleFreeSgd;
///
/// let device = Device::flex().autodiff();
/// let mut model = LinearConfig::new(1, 1).with_bias(false).init(&device);
/// let mut update = ScheduleFreeSgd::new().build()?;
/// for _ in 0..200 {
///     let loss = (model.forward(Tensor::<2>::ones([1, 1], &device)) - 3.0).powf_scalar(2.0).sum();
///     let gradients = GradientsParams::from_grads(loss.backward(), &model);
///     model = update.step(0.5, model, gradients);
/// }
/// let averaged = update.evaluation(model.valid()).weight.val().into_scalar::<f32>();
/// assert!((averaged - 3.0).abs() < 0.1);
/// # Ok::<(), optimizers::OptimizerError>(())
/// ```
///
/// Defazio et al. 2024, "The Road Less Scheduled".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct ScheduleFreeSgd {
    momentum: f64,
    weight_decay: f64,
    warmup_steps: u64,
    r: f64,
    weight_lr_power: f64,
}

impl Default for ScheduleFreeSgd {
    fn default() -> Self {
        Self {
            momentum: 0.9,
            weight_decay: 0.0,
            warmup_steps: 0,
            r: 0.0,
            weight_lr_power: 2.0,
        }
    }
}

impl ScheduleFreeSgd {
    /// Schedule-Free SGD with the package's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How far the point of the gradient lies from `z` to `x`.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// The L2 penalty, added to the gradient.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// Over how many updates the learning rate grows linearly to its value.
    pub fn warmup_steps(mut self, warmup_steps: u64) -> Self {
        self.warmup_steps = warmup_steps;
        self
    }

    /// The power of the update's number in its weight.
    pub fn r(mut self, r: f64) -> Self {
        self.r = r;
        self
    }

    /// The power of the highest learning rate so far in an update's weight.
    pub fn weight_lr_power(mut self, weight_lr_power: f64) -> Self {
        self.weight_lr_power = weight_lr_power;
        self
    }

    fn rule(&self) -> ScheduleFree {
        ScheduleFree {
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            warmup_steps: self.warmup_steps,
            r: self.r,
            weight_lr_power: self.weight_lr_power,
            scaling: None,
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// Names the first parameter that is out of its range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        self.rule().check("momentum")
    }

    /// The update of a whole module.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn build(self) -> Result<ModuleUpdate, OptimizerError> {
        self.check()?;
        let averaging = Averaging::new(self.rule());
        Ok(ModuleUpdate::schedule_free("ScheduleFreeSgd", averaging))
    }
}
