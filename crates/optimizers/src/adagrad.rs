//! Adagrad.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::error::{OptimizerError, not_negative};
use crate::{ModuleUpdate, WeightDecay, record::take_tensor};

/// Adagrad, as `torch.optim.Adagrad`: what has moved much moves less.
///
/// ```text
/// g ← gradient + weight_decay · θ
/// s ← s + g²                             s = initial_accumulator_value at first
/// θ ← θ − lr / (1 + (t − 1) · lr_decay) · g / (√s + epsilon)       t = 1, 2, …
/// ```
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `lr_decay` | 0 | at least 0 |
/// | `weight_decay` | 0 | at least 0; added to the gradient (L2) |
/// | `initial_accumulator_value` | 0 | at least 0 |
/// | `epsilon` | 1e-10 | at least 0 |
///
/// Duchi, Hazan and Singer 2011, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Adagrad {
    lr_decay: f64,
    weight_decay: f64,
    initial_accumulator_value: f64,
    epsilon: f64,
}

impl Default for Adagrad {
    fn default() -> Self {
        Self {
            lr_decay: 0.0,
            weight_decay: 0.0,
            initial_accumulator_value: 0.0,
            epsilon: 1e-10,
        }
    }
}

impl Adagrad {
    /// Adagrad with PyTorch's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How fast the learning rate falls with the updates.
    pub fn lr_decay(mut self, lr_decay: f64) -> Self {
        self.lr_decay = lr_decay;
        self
    }

    /// The L2 penalty, added to the gradient.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// What the sum of squares begins with.
    pub fn initial_accumulator_value(mut self, value: f64) -> Self {
        self.initial_accumulator_value = value;
        self
    }

    /// What is added to the denominator.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// Names the first parameter that is out of its range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        not_negative("lr_decay", self.lr_decay)?;
        not_negative("weight_decay", self.weight_decay)?;
        let initial = self.initial_accumulator_value;
        not_negative("initial_accumulator_value", initial)?;
        not_negative("epsilon", self.epsilon)
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

/// What [`Adagrad`] keeps for one parameter.
#[derive(Debug, Clone)]
pub struct AdagradState<const D: usize> {
    /// How many updates the sum holds.
    pub time: u64,
    /// The sum of the gradient's squares.
    pub sum: Tensor<D>,
}

impl<const D: usize> RecordState for AdagradState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "time", self.time.into());
        out.push_tensor(prefix, "sum", self.sum.clone().into_data());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self {
            time: source.take_scalar(prefix, "time")?.try_into().ok()?,
            sum: take_tensor(source, prefix, "sum", device)?,
        })
    }
}

impl Optimizer for Adagrad {
    type State<const D: usize> = AdagradState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdagradState<D>>,
    ) -> (Tensor<D>, Option<AdagradState<D>>) {
        let gradient = if self.weight_decay == 0.0 {
            grad
        } else {
            grad + tensor.clone().mul_scalar(self.weight_decay)
        };
        let square = gradient.clone().square();
        let state = match state {
            None => AdagradState {
                time: 1,
                sum: square.add_scalar(self.initial_accumulator_value),
            },
            Some(state) => AdagradState {
                time: state.time + 1,
                sum: state.sum + square,
            },
        };
        let lr = lr / (1.0 + (state.time - 1) as f64 * self.lr_decay);
        let denominator = state.sum.clone().sqrt().add_scalar(self.epsilon);
        let delta = (gradient / denominator).mul_scalar(lr);
        (tensor - delta, Some(state))
    }

    fn to_device<const D: usize>(mut state: AdagradState<D>, device: &Device) -> AdagradState<D> {
        state.sum = state.sum.to_device(device);
        state
    }
}

impl WeightDecay for Adagrad {
    fn without_weight_decay(&self) -> Self {
        self.clone().weight_decay(0.0)
    }
}
