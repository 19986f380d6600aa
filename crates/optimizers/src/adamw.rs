//! AdamW: Adam with decoupled weight decay.

use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

use crate::adam::{Adam, AdamState};
use crate::error::not_negative;
use crate::{ModuleUpdate, OptimizerError, WeightDecay};

/// AdamW, as `torch.optim.AdamW`: the weights shrink by themselves, not through the gradient.
///
/// ```text
/// θ ← θ · (1 − lr · weight_decay)
/// then one step of Adam without weight decay
/// ```
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `beta1`, `beta2` | 0.9, 0.999 | at least 0 and below 1 |
/// | `epsilon` | 1e-8 | at least 0 |
/// | `weight_decay` | 0.01 | at least 0 |
/// | `amsgrad` | `false` | as [`Adam`]'s |
///
/// Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct AdamW {
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) epsilon: f64,
    pub(crate) weight_decay: f64,
    pub(crate) amsgrad: bool,
}

impl Default for AdamW {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
            amsgrad: false,
        }
    }
}

impl AdamW {
    /// AdamW with PyTorch's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The decay rates of the averages of the gradient and of its square.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.beta1 = beta1;
        self.beta2 = beta2;
        self
    }

    /// What is added to the denominator.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// The share of each weight, times the learning rate, that every update takes away.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// Whether the largest average of the squares counts, instead of today's.
    pub fn amsgrad(mut self, amsgrad: bool) -> Self {
        self.amsgrad = amsgrad;
        self
    }

    /// What is left without the weight decay.
    fn adam(&self) -> Adam {
        Adam::new()
            .betas(self.beta1, self.beta2)
            .epsilon(self.epsilon)
            .amsgrad(self.amsgrad)
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// Names the first parameter that is out of its range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        self.adam().check()?;
        not_negative("weight_decay", self.weight_decay)
    }

    /// The update of a whole module.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn build(self) -> Result<ModuleUpdate, OptimizerError> {
        self.check()?;
        Ok(ModuleUpdate::new(self))
    }
}

impl Optimizer for AdamW {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let shrink = 1.0 - lr * self.weight_decay;
        let (tensor, state) = self.adam().descend(lr, shrink, tensor, grad, state);
        (tensor, Some(state))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        Adam::to_device(state, device)
    }
}

impl WeightDecay for AdamW {
    fn without_weight_decay(&self) -> Self {
        self.clone().weight_decay(0.0)
    }
}
