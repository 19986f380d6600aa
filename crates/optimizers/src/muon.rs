//! Muon for matrices, AdamW for the rest.

use burn::module::ParamGroup;
use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::adam::AdamState;
use crate::averages::lerp;
use crate::error::{OptimizerError, above_zero, decay_rate, not_negative, require};
use crate::{AdamW, ModuleUpdate, WeightDecay, record::take_tensor};

/// Muon, as `torch.optim.Muon`, for parameters with two dimensions, and AdamW for all others.
///
/// ```text
/// b ← momentum · b + (1 − momentum) · g
/// u = nesterov ? momentum · b + (1 − momentum) · g : b
/// o = NewtonSchulz(u / max(‖u‖, epsilon))        the nearest matrix with singular values near 1
/// θ ← θ · (1 − lr · weight_decay)                θ ← θ − lr · adjust · o
///
/// NewtonSchulz, `steps` times:  X ← a · X + (b · XXᵀ + c · (XXᵀ)²) · X       (a, b, c) = coefficients
/// ```
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `momentum` | 0.95 | at least 0 and below 1 |
/// | `nesterov` | `true` | |
/// | `weight_decay` | 0.1 | at least 0 |
/// | `epsilon` | 1e-7 | above 0 |
/// | `coefficients` | 3.4445, −4.775, 2.0315 | finite |
/// | `steps` | 5 | 1 to 99 |
/// | `adjust` | [`Adjust::Original`] | |
/// | `flatten` | `false` | whether convolution kernels are matrices, `[out, in · height · width]` |
/// | `adamw_for` | none | parts of the paths of matrices that AdamW takes |
/// | `adamw_rate` | 1 | above 0; what the learning rate is multiplied by for AdamW |
/// | `adamw_beta1`, `adamw_beta2`, `adamw_epsilon`, `adamw_weight_decay` | those of [`AdamW`] | set by `adamw` |
///
/// Every parameter with two dimensions is a matrix unless `adamw_for` names it, as it should name heads and embeddings:
/// `Muon::new().adamw_for(["head"])`. One tensor does not know its path, so in Burn's stock `Learner` every matrix is
/// Muon's.
///
/// PyTorch iterates in bfloat16, whatever type the weights have; here the iteration has the weights' own type, which
/// is more exact and, in `f32` on a CPU, faster. The two steps differ by some 5 %. Burn's linear layer keeps its
/// weight as `[in, out]`: the adjustment takes the second dimension of a matrix for its outputs.
///
/// Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; Liu et al. 2025, "Muon is Scalable
/// for LLM Training".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Muon {
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
    epsilon: f64,
    coefficients: [f64; 3],
    steps: usize,
    adjust: Adjust,
    flatten: bool,
    adamw_for: Vec<String>,
    adamw_rate: f64,
    adamw_beta1: f64,
    adamw_beta2: f64,
    adamw_epsilon: f64,
    adamw_weight_decay: f64,
}

/// How Muon's learning rate depends on a matrix's shape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Adjust {
    /// `√max(1, outputs / inputs)`.
    #[default]
    Original,
    /// `0.2 · √max(outputs, inputs)`: steps as long as AdamW's, whose learning rate and weight decay then fit.
    #[cfg_attr(feature = "serde", serde(rename = "match_rms_adamw"))]
    MatchRmsAdamW,
    /// `√(outputs / inputs)`.
    SpectralUnclamped,
}

impl Adjust {
    fn factor(self, outputs: usize, inputs: usize) -> f64 {
        let (outputs, inputs) = (outputs as f64, inputs as f64);
        match self {
            Self::Original => (outputs / inputs).max(1.0).sqrt(),
            Self::MatchRmsAdamW => 0.2 * outputs.max(inputs).sqrt(),
            Self::SpectralUnclamped => (outputs / inputs).sqrt(),
        }
    }
}

impl Default for Muon {
    fn default() -> Self {
        Self {
            momentum: 0.95,
            nesterov: true,
            weight_decay: 0.1,
            epsilon: 1e-7,
            coefficients: [3.4445, -4.775, 2.0315],
            steps: 5,
            adjust: Adjust::Original,
            flatten: false,
            adamw_for: Vec::new(),
            adamw_rate: 1.0,
            adamw_beta1: 0.9,
            adamw_beta2: 0.999,
            adamw_epsilon: 1e-8,
            adamw_weight_decay: 0.01,
        }
    }
}

impl Muon {
    /// Muon and AdamW with PyTorch's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The decay rate of the average of the gradient.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Whether to look ahead along the average (Nesterov).
    pub fn nesterov(mut self, nesterov: bool) -> Self {
        self.nesterov = nesterov;
        self
    }

    /// The share of each matrix, times the learning rate, that every update takes away.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// The least norm that a matrix is divided by.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// The polynomial of the iteration.
    pub fn coefficients(mut self, coefficients: [f64; 3]) -> Self {
        self.coefficients = coefficients;
        self
    }

    /// How often the iteration is made.
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// How the learning rate depends on a matrix's shape.
    pub fn adjust(mut self, adjust: Adjust) -> Self {
        self.adjust = adjust;
        self
    }

    /// Whether convolution kernels are matrices too, `[out, in · height · width]`.
    pub fn flatten(mut self, flatten: bool) -> Self {
        self.flatten = flatten;
        self
    }

    /// The optimizer of what is no matrix.
    pub fn adamw(mut self, adamw: AdamW) -> Self {
        self.adamw_beta1 = adamw.beta1;
        self.adamw_beta2 = adamw.beta2;
        self.adamw_epsilon = adamw.epsilon;
        self.adamw_weight_decay = adamw.weight_decay;
        self
    }

    /// Gives AdamW the matrices whose paths contain one of these, such as `head`.
    pub fn adamw_for<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.adamw_for = paths.into_iter().map(Into::into).collect();
        self
    }

    /// What the learning rate is multiplied by for what is no matrix.
    pub fn adamw_rate(mut self, adamw_rate: f64) -> Self {
        self.adamw_rate = adamw_rate;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// Names the first parameter that is out of its range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        decay_rate("momentum", self.momentum)?;
        not_negative("weight_decay", self.weight_decay)?;
        above_zero("epsilon", self.epsilon)?;
        for coefficient in self.coefficients {
            let finite = coefficient.is_finite();
            require("coefficients", coefficient, "finite", finite)?;
        }
        let steps = self.steps;
        require("steps", steps as f64, "1 to 99", (1..100).contains(&steps))?;
        above_zero("adamw_rate", self.adamw_rate)?;
        decay_rate("adamw_beta1", self.adamw_beta1)?;
        decay_rate("adamw_beta2", self.adamw_beta2)?;
        not_negative("adamw_epsilon", self.adamw_epsilon)?;
        not_negative("adamw_weight_decay", self.adamw_weight_decay)
    }

    /// The update of a whole module.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn build(self) -> Result<ModuleUpdate, OptimizerError> {
        self.check()?;
        let rest = Rest(self.clone());
        let paths = self.adamw_for.clone();
        let update = ModuleUpdate::new(self);
        Ok(paths.into_iter().fold(update, |update, path| {
            update.optimizer_for(ParamGroup::from_predicate(path), rest.clone())
        }))
    }

    /// One update of a parameter that is AdamW's.
    fn rest<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let adamw = AdamW::new()
            .betas(self.adamw_beta1, self.adamw_beta2)
            .epsilon(self.adamw_epsilon)
            .weight_decay(self.adamw_weight_decay);
        adamw.step(lr * self.adamw_rate, tensor, grad, state)
    }

    /// The outputs and inputs of a parameter that is a matrix.
    fn matrix(&self, dims: &[usize]) -> Option<(usize, usize)> {
        match dims {
            [inputs, outputs] => Some((*outputs, *inputs)),
            [outputs, inputs @ ..] if self.flatten && inputs.len() > 1 => {
                Some((*outputs, inputs.iter().product()))
            }
            _ => None,
        }
    }

    /// The nearest matrix to `direction` whose singular values are near 1.
    fn orthogonal(&self, direction: Tensor<2>) -> Tensor<2> {
        let [rows, columns] = direction.dims();
        let (a, b, c) = (
            self.coefficients[0],
            self.coefficients[1],
            self.coefficients[2],
        );
        // The smaller of the two Gram matrices.
        let tall = rows > columns;
        let mut matrix = if tall {
            direction.transpose()
        } else {
            direction
        };
        let norm = matrix.clone().square().sum().sqrt();
        matrix = matrix / norm.clamp_min(self.epsilon).reshape([1, 1]);
        for _ in 0..self.steps {
            let gram = matrix.clone().matmul(matrix.clone().transpose());
            let polynomial = gram.clone().mul_scalar(b) + gram.clone().matmul(gram).mul_scalar(c);
            matrix = matrix.clone().mul_scalar(a) + polynomial.matmul(matrix);
        }
        if tall { matrix.transpose() } else { matrix }
    }
}

/// What [`Muon`] keeps for one parameter.
#[derive(Debug, Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "both are handles of tensors that are a thousand times larger"
)]
pub enum MuonState<const D: usize> {
    /// A matrix: the average of the gradient.
    Matrix {
        /// In the parameter's shape and type.
        momentum_buffer: Tensor<D>,
    },
    /// Anything else: what AdamW keeps.
    Rest(AdamState<D>),
}

impl<const D: usize> RecordState for MuonState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        match self {
            Self::Matrix { momentum_buffer } => {
                let data = momentum_buffer.clone().into_data();
                out.push_tensor(prefix, "momentum_buffer", data);
            }
            Self::Rest(state) => state.state_flatten(prefix, out),
        }
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        match take_tensor(source, prefix, "momentum_buffer", device) {
            Some(momentum_buffer) => Some(Self::Matrix { momentum_buffer }),
            None => AdamState::state_unflatten(prefix, source, device).map(Self::Rest),
        }
    }
}

impl Optimizer for Muon {
    type State<const D: usize> = MuonState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<MuonState<D>>,
    ) -> (Tensor<D>, Option<MuonState<D>>) {
        let dims = tensor.dims();
        let Some((outputs, inputs)) = self.matrix(&dims) else {
            let state = match state {
                Some(MuonState::Rest(state)) => Some(state),
                _ => None,
            };
            let (tensor, state) = self.rest(lr, tensor, grad, state);
            return (tensor, state.map(MuonState::Rest));
        };
        let buffer = match state {
            Some(MuonState::Matrix { momentum_buffer }) => momentum_buffer,
            _ => grad.zeros_like(),
        };
        let momentum_buffer = lerp(buffer, grad.clone(), 1.0 - self.momentum);
        let direction = if self.nesterov {
            lerp(grad, momentum_buffer.clone(), self.momentum)
        } else {
            momentum_buffer.clone()
        };
        let shape = if D == 2 {
            [dims[0], dims[1]]
        } else {
            [outputs, inputs]
        };
        let direction = self.orthogonal(direction.reshape(shape)).reshape(dims);
        let tensor = if self.weight_decay == 0.0 {
            tensor
        } else {
            tensor.mul_scalar(1.0 - lr * self.weight_decay)
        };
        let rate = lr * self.adjust.factor(outputs, inputs);
        let state = MuonState::Matrix { momentum_buffer };
        (tensor - direction.mul_scalar(rate), Some(state))
    }

    fn to_device<const D: usize>(state: MuonState<D>, device: &Device) -> MuonState<D> {
        match state {
            MuonState::Matrix { momentum_buffer } => MuonState::Matrix {
                momentum_buffer: momentum_buffer.to_device(device),
            },
            MuonState::Rest(state) => MuonState::Rest(AdamW::to_device(state, device)),
        }
    }
}

impl WeightDecay for Muon {
    fn without_weight_decay(&self) -> Self {
        let mut muon = self.clone().weight_decay(0.0);
        muon.adamw_weight_decay = 0.0;
        muon
    }
}

/// AdamW for matrices that are not Muon's.
#[derive(Debug, Clone)]
struct Rest(Muon);

impl Optimizer for Rest {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        self.0.rest(lr, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        AdamW::to_device(state, device)
    }
}

impl WeightDecay for Rest {
    fn without_weight_decay(&self) -> Self {
        Self(self.0.without_weight_decay())
    }
}
