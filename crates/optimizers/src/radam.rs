//! RAdam: Adam that waits until it can trust its scaling.

use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

use crate::adam::{Adam, AdamState};
use crate::averages::average;
use crate::error::{OptimizerError, decay_rate, not_negative};
use crate::{ModuleUpdate, Momentum, WeightDecay};

/// RAdam, as `torch.optim.RAdam`: Adam with its first, uncertain scalings left out and the next ones shortened.
///
/// ```text
/// g ← gradient + weight_decay · θ                (decoupled: θ ← θ · (1 − lr · weight_decay) instead)
/// m ← beta1 · m + (1 − beta1) · g                v ← beta2 · v + (1 − beta2) · g²
/// m̂ = m / (1 − beta1^t)                          t = 1, 2, …
/// ρ∞ = 2 / (1 − beta2) − 1                       ρ = ρ∞ − 2 · t · beta2^t / (1 − beta2^t)
/// θ ← θ − lr · m̂ · R · √(1 − beta2^t) / (√v + epsilon)       where ρ > 5
/// θ ← θ − lr · m̂                                             elsewhere: the first five updates by default
/// R² = (ρ − 4) · (ρ − 2) · ρ∞ / ((ρ∞ − 4) · (ρ∞ − 2) · ρ)
/// ```
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `beta1`, `beta2` | 0.9, 0.999 | at least 0 and below 1 |
/// | `epsilon` | 1e-8 | at least 0 |
/// | `weight_decay` | 0 | at least 0 |
/// | `decoupled_weight_decay` | `false` | whether weights decay by themselves, as in AdamW |
///
/// Liu et al. 2020, "On the Variance of the Adaptive Learning Rate and Beyond".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct RAdam {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
    decoupled_weight_decay: bool,
}

impl Default for RAdam {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            decoupled_weight_decay: false,
        }
    }
}

impl RAdam {
    /// RAdam with PyTorch's defaults.
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

    /// The L2 penalty, or the share of each weight that an update takes away if it is decoupled.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// Whether weights decay by themselves, rather than through the gradient.
    pub fn decoupled_weight_decay(mut self, decoupled: bool) -> Self {
        self.decoupled_weight_decay = decoupled;
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

    /// `R`, or `None` while the scaling is too uncertain to be used.
    fn rectification(&self, time: f64) -> Option<f64> {
        let power = self.beta2.powf(time);
        let most = 2.0 / (1.0 - self.beta2) - 1.0;
        let length = most - 2.0 * time * power / (1.0 - power);
        (length > 5.0).then(|| {
            let numerator = (length - 4.0) * (length - 2.0) * most;
            (numerator / ((most - 4.0) * (most - 2.0) * length)).sqrt()
        })
    }
}

impl Optimizer for RAdam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let (tensor, gradient) = match (self.weight_decay, self.decoupled_weight_decay) {
            (0.0, _) => (tensor, grad),
            (decay, true) => (tensor.mul_scalar(1.0 - lr * decay), grad),
            (decay, false) => {
                let gradient = grad + tensor.clone().mul_scalar(decay);
                (tensor, gradient)
            }
        };
        let (time, first, second) = match state {
            None => (1, None, None),
            Some(state) => (state.time + 1, Some(state.average), Some(state.square)),
        };
        let state = AdamState {
            time,
            average: average(first, gradient.clone(), self.beta1),
            square: average(second, gradient.square(), self.beta2),
            largest: None,
        };
        let count = time as f64;
        let step_size = lr / (1.0 - self.beta1.powf(count));
        let delta = match self.rectification(count) {
            None => state.average.clone().mul_scalar(step_size),
            Some(rectification) => {
                let correction = (1.0 - self.beta2.powf(count)).sqrt();
                let denominator = state.square.clone().sqrt().add_scalar(self.epsilon);
                let direction = state.average.clone() / denominator;
                direction.mul_scalar(step_size * rectification * correction)
            }
        };
        (tensor - delta, Some(state))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        Adam::to_device(state, device)
    }
}

impl Momentum for RAdam {
    fn with_momentum(&self, momentum: f64) -> Self {
        self.clone().betas(momentum, self.beta2)
    }

    fn check(&self) -> Result<(), OptimizerError> {
        self.check()
    }
}

impl WeightDecay for RAdam {
    fn without_weight_decay(&self) -> Self {
        self.clone().weight_decay(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_five_updates_are_not_scaled() {
        let radam = RAdam::new();
        assert_eq!(radam.rectification(5.0), None);
        assert!(radam.rectification(6.0).is_some_and(|r| r < 0.05));
        // The scaling of a long average is certain.
        assert!(
            radam
                .rectification(1e5)
                .is_some_and(|r| (r - 1.0).abs() < 1e-9)
        );
    }
}
