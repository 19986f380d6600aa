//! Lion.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::averages::lerp;
use crate::caution::cautious;
use crate::error::{OptimizerError, decay_rate, not_negative};
use crate::{ModuleUpdate, WeightDecay, record::take_tensor};

/// Lion, as timm's: every weight moves by the learning rate, up or down.
///
/// ```text
/// θ ← θ · (1 − lr · weight_decay)
/// θ ← θ − lr · sign(beta1 · m + (1 − beta1) · g)
/// m ← beta2 · m + (1 − beta2) · g
/// ```
///
/// Its learning rate is some three to ten times lower than Adam's, and its weight decay as much higher.
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `beta1`, `beta2` | 0.9, 0.99 | at least 0 and below 1 |
/// | `weight_decay` | 0 | at least 0 |
/// | `caution` | `false` | whether to move only what the newest gradient agrees with |
///
/// Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Lion {
    beta1: f64,
    beta2: f64,
    weight_decay: f64,
    caution: bool,
}

impl Default for Lion {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.99,
            weight_decay: 0.0,
            caution: false,
        }
    }
}

impl Lion {
    /// Lion with timm's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The share of the average in the step, and the decay rate of the average.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.beta1 = beta1;
        self.beta2 = beta2;
        self
    }

    /// The share of each weight, times the learning rate, that every update takes away.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
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

/// What [`Lion`] keeps for one parameter.
#[derive(Debug, Clone)]
pub struct LionState<const D: usize> {
    /// The average of the gradient.
    pub average: Tensor<D>,
}

impl<const D: usize> RecordState for LionState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, "average", self.average.clone().into_data());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self {
            average: take_tensor(source, prefix, "average", device)?,
        })
    }
}

impl Optimizer for Lion {
    type State<const D: usize> = LionState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<LionState<D>>,
    ) -> (Tensor<D>, Option<LionState<D>>) {
        let tensor = if self.weight_decay == 0.0 {
            tensor
        } else {
            tensor.mul_scalar(1.0 - lr * self.weight_decay)
        };
        let average = match state {
            None => grad.zeros_like(),
            Some(state) => state.average,
        };
        // As lerp rather than as a weighted sum: where the two cancel, the sign hangs on the last bit.
        let direction = lerp(average.clone(), grad.clone(), 1.0 - self.beta1).sign();
        let direction = if self.caution {
            cautious(direction, grad.clone())
        } else {
            direction
        };
        let state = LionState {
            average: lerp(average, grad, 1.0 - self.beta2),
        };
        (tensor - direction.mul_scalar(lr), Some(state))
    }

    fn to_device<const D: usize>(mut state: LionState<D>, device: &Device) -> LionState<D> {
        state.average = state.average.to_device(device);
        state
    }
}

impl WeightDecay for Lion {
    fn without_weight_decay(&self) -> Self {
        self.clone().weight_decay(0.0)
    }
}
