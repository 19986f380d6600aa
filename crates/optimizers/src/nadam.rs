//! NAdam: Adam that looks ahead.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::averages::average;
use crate::error::{OptimizerError, decay_rate, not_negative};
use crate::{ModuleUpdate, Momentum, WeightDecay, record::take_tensor};

/// NAdam, as `torch.optim.NAdam`: Adam with Nesterov's momentum, which warms up by itself.
///
/// ```text
/// g ← gradient + weight_decay · θ                (decoupled: θ ← θ · (1 − lr · weight_decay) instead)
/// m ← beta1 · m + (1 − beta1) · g                v ← beta2 · v + (1 − beta2) · g²
/// μ_t = beta1 · (1 − 0.96^(t · momentum_decay) / 2)
/// θ ← θ − lr · (c · g + n · m) / (√(v / (1 − beta2^t)) + epsilon)                t = 1, 2, …
/// c = (1 − μ_t) / (1 − μ_1 · … · μ_t)            n = μ_{t+1} / (1 − μ_1 · … · μ_{t+1})
/// ```
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `beta1`, `beta2` | 0.9, 0.999 | at least 0 and below 1 |
/// | `epsilon` | 1e-8 | at least 0 |
/// | `weight_decay` | 0 | at least 0 |
/// | `momentum_decay` | 4e-3 | at least 0 |
/// | `decoupled_weight_decay` | `false` | whether weights decay by themselves, as in AdamW |
///
/// Dozat 2016, "Incorporating Nesterov Momentum into Adam".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct NAdam {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
    momentum_decay: f64,
    decoupled_weight_decay: bool,
}

impl Default for NAdam {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            momentum_decay: 4e-3,
            decoupled_weight_decay: false,
        }
    }
}

impl NAdam {
    /// NAdam with PyTorch's defaults.
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

    /// How slowly the momentum grows to beta 1.
    pub fn momentum_decay(mut self, momentum_decay: f64) -> Self {
        self.momentum_decay = momentum_decay;
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
        not_negative("weight_decay", self.weight_decay)?;
        not_negative("momentum_decay", self.momentum_decay)
    }

    /// The update of a whole module.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn build(self) -> Result<ModuleUpdate, OptimizerError> {
        self.check()?;
        Ok(ModuleUpdate::new(self))
    }

    /// The momentum of update `time`.
    fn momentum(&self, time: f64) -> f64 {
        self.beta1 * (1.0 - 0.5 * 0.96_f64.powf(time * self.momentum_decay))
    }
}

/// What [`NAdam`] keeps for one parameter.
#[derive(Debug, Clone)]
pub struct NAdamState<const D: usize> {
    /// How many updates the averages hold.
    pub time: u64,
    /// The product of the momenta so far.
    pub momentum_product: f64,
    /// The average of the gradient.
    pub average: Tensor<D>,
    /// The average of the gradient's square.
    pub square: Tensor<D>,
}

impl<const D: usize> RecordState for NAdamState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "time", self.time.into());
        out.push_scalar(prefix, "momentum_product", self.momentum_product.into());
        out.push_tensor(prefix, "average", self.average.clone().into_data());
        out.push_tensor(prefix, "square", self.square.clone().into_data());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        let momentum_product = source.take_scalar(prefix, "momentum_product")?;
        Some(Self {
            time: source.take_scalar(prefix, "time")?.try_into().ok()?,
            momentum_product: momentum_product.try_into().ok()?,
            average: take_tensor(source, prefix, "average", device)?,
            square: take_tensor(source, prefix, "square", device)?,
        })
    }
}

impl Optimizer for NAdam {
    type State<const D: usize> = NAdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<NAdamState<D>>,
    ) -> (Tensor<D>, Option<NAdamState<D>>) {
        let (tensor, gradient) = match (self.weight_decay, self.decoupled_weight_decay) {
            (0.0, _) => (tensor, grad),
            (decay, true) => (tensor.mul_scalar(1.0 - lr * decay), grad),
            (decay, false) => {
                let gradient = grad + tensor.clone().mul_scalar(decay);
                (tensor, gradient)
            }
        };
        let (time, product, first, second) = match state {
            None => (1, 1.0, None, None),
            Some(state) => (
                state.time + 1,
                state.momentum_product,
                Some(state.average),
                Some(state.square),
            ),
        };
        let count = time as f64;
        let (now, next) = (self.momentum(count), self.momentum(count + 1.0));
        // PyTorch keeps this product in float32, whatever type the parameters have.
        let product = f64::from(product as f32 * now as f32);
        let average_now = average(first, gradient.clone(), self.beta1);
        let square = average(second, gradient.clone().square(), self.beta2);
        let correction = 1.0 - self.beta2.powf(count);
        let denominator = square
            .clone()
            .div_scalar(correction)
            .sqrt()
            .add_scalar(self.epsilon);
        let of_gradient = lr * (1.0 - now) / (1.0 - product);
        let of_average = lr * next / (1.0 - product * next);
        let direction =
            gradient.mul_scalar(of_gradient) + average_now.clone().mul_scalar(of_average);
        let state = NAdamState {
            time,
            momentum_product: product,
            average: average_now,
            square,
        };
        (tensor - direction / denominator, Some(state))
    }

    fn to_device<const D: usize>(mut state: NAdamState<D>, device: &Device) -> NAdamState<D> {
        state.average = state.average.to_device(device);
        state.square = state.square.to_device(device);
        state
    }
}

impl Momentum for NAdam {
    fn with_momentum(&self, momentum: f64) -> Self {
        self.clone().betas(momentum, self.beta2)
    }

    fn check(&self) -> Result<(), OptimizerError> {
        self.check()
    }
}

impl WeightDecay for NAdam {
    fn without_weight_decay(&self) -> Self {
        self.clone().weight_decay(0.0)
    }
}
