//! Adam.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::error::{OptimizerError, decay_rate, not_negative};
use crate::{ModuleUpdate, WeightDecay, record::take_tensor};

/// Adam, as `torch.optim.Adam`.
///
/// ```text
/// g ← gradient + weight_decay · θ
/// m ← beta1 · m + (1 − beta1) · g
/// v ← beta2 · v + (1 − beta2) · g²
/// θ ← θ − lr · (m / (1 − beta1^t)) / (√(v / (1 − beta2^t)) + epsilon)      t = 1, 2, …
/// ```
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `beta1`, `beta2` | 0.9, 0.999 | at least 0 and below 1 |
/// | `epsilon` | 1e-8 | at least 0 |
/// | `weight_decay` | 0 | at least 0; added to the gradient (L2), unlike [`AdamW`](crate::AdamW)'s |
///
/// Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Adam {
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) epsilon: f64,
    pub(crate) weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

impl Adam {
    /// Adam with PyTorch's defaults.
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

    /// The L2 penalty, added to the gradient.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
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

    /// One step along the averages, without weight decay.
    pub(crate) fn descend<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, AdamState<D>) {
        let square = gradient.clone() * gradient.clone();
        let state = match state {
            None => AdamState {
                time: 1,
                average: gradient.mul_scalar(1.0 - self.beta1),
                square: square.mul_scalar(1.0 - self.beta2),
            },
            Some(state) => AdamState {
                time: state.time + 1,
                average: state.average.mul_scalar(self.beta1)
                    + gradient.mul_scalar(1.0 - self.beta1),
                square: state.square.mul_scalar(self.beta2) + square.mul_scalar(1.0 - self.beta2),
            },
        };
        let time = state.time as f64;
        let step_size = lr / (1.0 - self.beta1.powf(time));
        let correction = (1.0 - self.beta2.powf(time)).sqrt();
        let denominator = state
            .square
            .clone()
            .sqrt()
            .div_scalar(correction)
            .add_scalar(self.epsilon);
        let delta = (state.average.clone() / denominator).mul_scalar(step_size);
        (tensor - delta, state)
    }
}

/// What [`Adam`] and [`AdamW`](crate::AdamW) keep for one parameter.
#[derive(Debug, Clone)]
pub struct AdamState<const D: usize> {
    /// How many updates the averages hold.
    pub time: u64,
    /// The average of the gradient.
    pub average: Tensor<D>,
    /// The average of the gradient's square.
    pub square: Tensor<D>,
}

impl<const D: usize> RecordState for AdamState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "time", self.time.into());
        out.push_tensor(prefix, "average", self.average.clone().into_data());
        out.push_tensor(prefix, "square", self.square.clone().into_data());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self {
            time: source.take_scalar(prefix, "time")?.try_into().ok()?,
            average: take_tensor(source, prefix, "average", device)?,
            square: take_tensor(source, prefix, "square", device)?,
        })
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let gradient = if self.weight_decay == 0.0 {
            grad
        } else {
            grad + tensor.clone().mul_scalar(self.weight_decay)
        };
        let (tensor, state) = self.descend(lr, tensor, gradient, state);
        (tensor, Some(state))
    }

    fn to_device<const D: usize>(mut state: AdamState<D>, device: &Device) -> AdamState<D> {
        state.average = state.average.to_device(device);
        state.square = state.square.to_device(device);
        state
    }
}

impl WeightDecay for Adam {
    fn without_weight_decay(&self) -> Self {
        self.clone().weight_decay(0.0)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn parameters_out_of_range_are_named() {
        let error = Adam::new().betas(0.9, 1.0).check();
        assert_eq!(
            error.expect_err("must be refused").to_string(),
            "beta2 = 1: must be at least 0 and below 1"
        );
        let error = Adam::new().epsilon(-1.0).check();
        assert_eq!(error.expect_err("must be refused").field, "epsilon");
        assert!(Adam::new().check().is_ok());
    }
}
