//! Lamb.

use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

use crate::adam::{Adam, AdamState};
use crate::averages::average;
use crate::caution::cautious;
use crate::error::{OptimizerError, decay_rate, not_negative, require};
use crate::{ModuleUpdate, WeightDecay};

/// Lamb, as timm's: Adam's direction, as long as the weights are, for large batches.
///
/// ```text
/// g ← g / max(1, norm of all gradients / max_grad_norm)
/// m ← beta1 · m + (1 − beta1) · g                v ← beta2 · v + (1 − beta2) · g²
/// u = (m / (1 − beta1^t)) / (√v / √(1 − beta2^t) + epsilon) + weight_decay · θ             t = 1, 2, …
/// θ ← θ − lr · u · ‖θ‖ / ‖u‖                     norms of one tensor; their ratio is 1 where either is 0
/// ```
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `beta1`, `beta2` | 0.9, 0.999 | at least 0 and below 1 |
/// | `epsilon` | 1e-6 | at least 0 |
/// | `weight_decay` | 0.01 | at least 0 |
/// | `max_grad_norm` | 1 | above 0; infinity leaves the gradients as they are |
/// | `bias_correction` | `true` | whether the first averages are corrected |
/// | `grad_averaging` | `true` | whether `m` is an average (`false`: a sum that forgets) |
/// | `decoupled_decay` | `false` | whether weights decay by themselves, and not through `u` |
/// | `trust_clip` | `false` | whether the ratio of norms is at most 1 |
/// | `always_adapt` | `false` | whether the ratio also scales what has no weight decay |
/// | `caution` | `false` | whether to move only what the newest gradient agrees with |
///
/// The norm of all gradients takes the whole module: [`build`](Self::build) gives an update that has it, and Burn's
/// stock `Learner` works without `max_grad_norm`. timm's `corrected_weight_decay` is left out.
///
/// You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Lamb {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
    max_grad_norm: f64,
    bias_correction: bool,
    grad_averaging: bool,
    decoupled_decay: bool,
    trust_clip: bool,
    always_adapt: bool,
    caution: bool,
}

impl Default for Lamb {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-6,
            weight_decay: 0.01,
            max_grad_norm: 1.0,
            bias_correction: true,
            grad_averaging: true,
            decoupled_decay: false,
            trust_clip: false,
            always_adapt: false,
            caution: false,
        }
    }
}

impl Lamb {
    /// Lamb with timm's defaults.
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

    /// The share of each weight that is added to its direction.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// How long all gradients together may be; infinity leaves them as they are.
    pub fn max_grad_norm(mut self, max_grad_norm: f64) -> Self {
        self.max_grad_norm = max_grad_norm;
        self
    }

    /// Whether the first averages are corrected.
    pub fn bias_correction(mut self, bias_correction: bool) -> Self {
        self.bias_correction = bias_correction;
        self
    }

    /// Whether the gradient's average takes in only the share `1 − beta1` of a new one.
    pub fn grad_averaging(mut self, grad_averaging: bool) -> Self {
        self.grad_averaging = grad_averaging;
        self
    }

    /// Whether weights decay by themselves, rather than through the direction.
    pub fn decoupled_decay(mut self, decoupled: bool) -> Self {
        self.decoupled_decay = decoupled;
        self
    }

    /// Whether the ratio of norms is at most 1.
    pub fn trust_clip(mut self, trust_clip: bool) -> Self {
        self.trust_clip = trust_clip;
        self
    }

    /// Whether the ratio of norms also scales parameters without weight decay.
    pub fn always_adapt(mut self, always_adapt: bool) -> Self {
        self.always_adapt = always_adapt;
        self
    }

    /// Whether to move only what the newest gradient agrees with.
    pub fn caution(mut self, caution: bool) -> Self {
        self.caution = caution;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// Names the first parameter that is out of its range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        decay_rate("beta1", self.beta1)?;
        decay_rate("beta2", self.beta2)?;
        not_negative("epsilon", self.epsilon)?;
        not_negative("weight_decay", self.weight_decay)?;
        let limit = self.max_grad_norm;
        require("max_grad_norm", limit, "above 0", limit > 0.0)
    }

    /// The update of a whole module.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn build(self) -> Result<ModuleUpdate, OptimizerError> {
        self.check()?;
        let limit = self.max_grad_norm;
        let limit = limit.is_finite().then_some(limit);
        Ok(ModuleUpdate::new(self).norm_limit(limit))
    }

    /// `‖θ‖ / ‖u‖` as one element.
    fn trust_ratio<const D: usize>(&self, tensor: &Tensor<D>, direction: &Tensor<D>) -> Tensor<1> {
        let norm = |tensor: &Tensor<D>| tensor.clone().square().sum().sqrt();
        let (weight, step) = (norm(tensor), norm(direction));
        let none = weight
            .clone()
            .equal_elem(0.0)
            .bool_or(step.clone().equal_elem(0.0));
        let ratio = (weight / step).mask_fill(none, 1.0);
        if self.trust_clip {
            ratio.clamp_max(1.0)
        } else {
            ratio
        }
    }
}

impl Optimizer for Lamb {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let (time, first, second) = match state {
            None => (1, None, None),
            Some(state) => (state.time + 1, Some(state.average), Some(state.square)),
        };
        let first = match (self.grad_averaging, first) {
            (true, first) => average(first, grad.clone(), self.beta1),
            (false, None) => grad.clone(),
            (false, Some(first)) => first.mul_scalar(self.beta1) + grad.clone(),
        };
        let state = AdamState {
            time,
            average: first,
            square: average(second, grad.clone().square(), self.beta2),
            largest: None,
        };
        let (of_average, of_square) = if self.bias_correction {
            let count = time as f64;
            (1.0 - self.beta1.powf(count), 1.0 - self.beta2.powf(count))
        } else {
            (1.0, 1.0)
        };
        let denominator = state
            .square
            .clone()
            .sqrt()
            .div_scalar(of_square.sqrt())
            .add_scalar(self.epsilon);
        let direction = state.average.clone().div_scalar(of_average) / denominator;
        let direction = if self.caution {
            cautious(direction, grad)
        } else {
            direction
        };
        let (tensor, direction) = match (self.weight_decay, self.decoupled_decay) {
            (0.0, _) => (tensor, direction),
            (decay, true) => {
                let lost = tensor.clone().mul_scalar(lr * decay);
                (tensor - lost, direction)
            }
            (decay, false) => {
                let direction = direction + tensor.clone().mul_scalar(decay);
                (tensor, direction)
            }
        };
        let direction = if self.weight_decay != 0.0 || self.always_adapt {
            let ratio = self.trust_ratio(&tensor, &direction);
            direction * ratio.reshape([1; D])
        } else {
            direction
        };
        (tensor - direction.mul_scalar(lr), Some(state))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        Adam::to_device(state, device)
    }
}

impl WeightDecay for Lamb {
    fn without_weight_decay(&self) -> Self {
        self.clone().weight_decay(0.0)
    }
}
