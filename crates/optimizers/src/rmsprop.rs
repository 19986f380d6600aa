//! RMSprop.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::averages::average;
use crate::error::{OptimizerError, decay_rate, not_negative};
use crate::{ModuleUpdate, Momentum, WeightDecay, record::take_tensor};

/// RMSprop, as `torch.optim.RMSprop`.
///
/// ```text
/// g ← gradient + weight_decay · θ
/// v ← alpha · v + (1 − alpha) · g²
/// a ← alpha · a + (1 − alpha) · g        if centered; 0 otherwise
/// u = g / (√(v − a²) + epsilon)
/// b ← momentum · b + u                   θ ← θ − lr · b
/// ```
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `alpha` | 0.99 | at least 0 and below 1 |
/// | `epsilon` | 1e-8 | at least 0 |
/// | `weight_decay` | 0 | at least 0; added to the gradient (L2) |
/// | `momentum` | 0 | at least 0 and below 1 |
/// | `centered` | `false` | whether to scale by the variance |
///
/// Tieleman and Hinton 2012, lecture 6.5 of "Neural Networks for Machine Learning"; Graves 2013, "Generating Sequences
/// With Recurrent Neural Networks", for the centered form.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct RmsProp {
    alpha: f64,
    epsilon: f64,
    weight_decay: f64,
    momentum: f64,
    centered: bool,
}

impl Default for RmsProp {
    fn default() -> Self {
        Self {
            alpha: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.0,
            momentum: 0.0,
            centered: false,
        }
    }
}

impl RmsProp {
    /// RMSprop with PyTorch's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The decay rate of the averages.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
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

    /// How much of the last step's direction is kept.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Whether to scale by the variance of the gradient rather than by its square.
    pub fn centered(mut self, centered: bool) -> Self {
        self.centered = centered;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// Names the first parameter that is out of its range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        decay_rate("alpha", self.alpha)?;
        not_negative("epsilon", self.epsilon)?;
        not_negative("weight_decay", self.weight_decay)?;
        decay_rate("momentum", self.momentum)
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

/// What [`RmsProp`] keeps for one parameter.
#[derive(Debug, Clone)]
pub struct RmsPropState<const D: usize> {
    /// The average of the gradient's square.
    pub square: Tensor<D>,
    /// The average of the gradient, if centered.
    pub average: Option<Tensor<D>>,
    /// The momentum buffer, if there is momentum.
    pub momentum_buffer: Option<Tensor<D>>,
}

impl<const D: usize> RecordState for RmsPropState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, "square", self.square.clone().into_data());
        if let Some(average) = &self.average {
            out.push_tensor(prefix, "average", average.clone().into_data());
        }
        if let Some(buffer) = &self.momentum_buffer {
            out.push_tensor(prefix, "momentum_buffer", buffer.clone().into_data());
        }
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self {
            square: take_tensor(source, prefix, "square", device)?,
            average: take_tensor(source, prefix, "average", device),
            momentum_buffer: take_tensor(source, prefix, "momentum_buffer", device),
        })
    }
}

impl Optimizer for RmsProp {
    type State<const D: usize> = RmsPropState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<RmsPropState<D>>,
    ) -> (Tensor<D>, Option<RmsPropState<D>>) {
        let gradient = if self.weight_decay == 0.0 {
            grad
        } else {
            grad + tensor.clone().mul_scalar(self.weight_decay)
        };
        let (square, first, buffer) = match state {
            None => (None, None, None),
            Some(state) => (Some(state.square), state.average, state.momentum_buffer),
        };
        let square = average(square, gradient.clone().square(), self.alpha);
        let first = self
            .centered
            .then(|| average(first, gradient.clone(), self.alpha));
        let spread = match &first {
            None => square.clone(),
            Some(first) => square.clone() - first.clone().square(),
        };
        let scaled = gradient / spread.sqrt().add_scalar(self.epsilon);
        let (direction, momentum_buffer) = if self.momentum > 0.0 {
            let buffer = match buffer {
                None => scaled,
                Some(buffer) => buffer.mul_scalar(self.momentum) + scaled,
            };
            (buffer.clone(), Some(buffer))
        } else {
            (scaled, None)
        };
        let state = RmsPropState {
            square,
            average: first,
            momentum_buffer,
        };
        (tensor - direction.mul_scalar(lr), Some(state))
    }

    fn to_device<const D: usize>(mut state: RmsPropState<D>, device: &Device) -> RmsPropState<D> {
        let moved = |tensor: Option<Tensor<D>>| tensor.map(|tensor| tensor.to_device(device));
        state.square = state.square.to_device(device);
        state.average = moved(state.average);
        state.momentum_buffer = moved(state.momentum_buffer);
        state
    }
}

impl Momentum for RmsProp {
    fn with_momentum(&self, momentum: f64) -> Self {
        self.clone().momentum(momentum)
    }

    fn check(&self) -> Result<(), OptimizerError> {
        self.check()
    }
}

impl WeightDecay for RmsProp {
    fn without_weight_decay(&self) -> Self {
        self.clone().weight_decay(0.0)
    }
}
