//! Stochastic gradient descent.

#[cfg(all(feature = "cube", not(feature = "fusion")))]
use burn::backend::{Dispatch, tensor::FloatTensor};
use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::error::{OptimizerError, not_negative, require};
#[cfg(all(feature = "cube", not(feature = "fusion")))]
use crate::gpu::{self, UpdateKernel};
use crate::one_pass::{Pass, Real, one_pass};
use crate::{ModuleUpdate, WeightDecay, record::take_tensor};

/// Stochastic gradient descent with momentum, as `torch.optim.SGD`.
///
/// ```text
/// g ← gradient + weight_decay · θ
/// b ← g                                     on the first update
/// b ← momentum · b + (1 − dampening) · g    afterwards
/// θ ← θ − lr · (nesterov ? g + momentum · b : b)
/// ```
///
/// Without momentum there is no `b`, and `θ ← θ − lr · g`.
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `momentum` | 0 | at least 0 and below 1 |
/// | `dampening` | 0 | 0 to 1 |
/// | `nesterov` | `false` | needs momentum and no dampening |
/// | `weight_decay` | 0 | at least 0; added to the gradient (L2) |
///
/// Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Sgd {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
    weight_decay: f64,
}

impl Sgd {
    /// Plain gradient descent: no momentum, no weight decay.
    pub fn new() -> Self {
        Self::default()
    }

    /// How much of the last step's direction is kept.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// The share of each new gradient that is left out of the momentum buffer.
    pub fn dampening(mut self, dampening: f64) -> Self {
        self.dampening = dampening;
        self
    }

    /// Whether to look ahead along the momentum (Nesterov).
    pub fn nesterov(mut self, nesterov: bool) -> Self {
        self.nesterov = nesterov;
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
        crate::error::decay_rate("momentum", self.momentum)?;
        require(
            "dampening",
            self.dampening,
            "from 0 to 1",
            (0.0..=1.0).contains(&self.dampening),
        )?;
        not_negative("weight_decay", self.weight_decay)?;
        if self.nesterov {
            require(
                "momentum",
                self.momentum,
                "above 0 with nesterov",
                self.momentum > 0.0,
            )?;
            require(
                "dampening",
                self.dampening,
                "0 with nesterov",
                self.dampening == 0.0,
            )?;
        }
        Ok(())
    }

    /// The update of a whole module.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn build(self) -> Result<ModuleUpdate, OptimizerError> {
        self.check()?;
        Ok(ModuleUpdate::new(self))
    }

    /// One update by operations on tensors, which every backend has.
    fn step_by_operations<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        momentum_buffer: Option<Tensor<D>>,
    ) -> (Tensor<D>, Option<SgdState<D>>) {
        let gradient = if self.weight_decay == 0.0 {
            grad
        } else {
            grad + tensor.clone().mul_scalar(self.weight_decay)
        };
        if self.momentum == 0.0 {
            return (tensor - gradient.mul_scalar(lr), None);
        }
        let buffer = match momentum_buffer {
            None => gradient.clone(),
            Some(buffer) => {
                let kept = buffer.mul_scalar(self.momentum);
                // A GPU's time is that of handing it one operation after the other: none that multiplies by one.
                if self.dampening == 0.0 {
                    kept + gradient.clone()
                } else {
                    kept + gradient.clone().mul_scalar(1.0 - self.dampening)
                }
            }
        };
        let direction = if self.nesterov {
            gradient + buffer.clone().mul_scalar(self.momentum)
        } else {
            buffer.clone()
        };
        let state = SgdState {
            momentum_buffer: buffer,
        };
        (tensor - direction.mul_scalar(lr), Some(state))
    }
}

/// An update without momentum, of the weights and their gradient.
struct Plain<'a> {
    sgd: &'a Sgd,
    lr: LearningRate,
}

impl Pass<2> for Plain<'_> {
    fn run<F: Real>(&self, [weights, gradient]: [&mut [F]; 2]) {
        let (lr, weight_decay) = (F::of(self.lr), F::of(self.sgd.weight_decay));
        let decays = self.sgd.weight_decay != 0.0;
        for (weight, gradient) in weights.iter_mut().zip(gradient) {
            let gradient = if decays {
                *gradient + *weight * weight_decay
            } else {
                *gradient
            };
            *weight = *weight - gradient * lr;
        }
    }

    #[cfg(all(feature = "cube", not(feature = "fusion")))]
    fn launch(
        &self,
        [weights, gradient]: [FloatTensor<Dispatch>; 2],
    ) -> [FloatTensor<Dispatch>; 2] {
        let numbers = gpu::Plain {
            lr: self.lr as f32,
            weight_decay: self.sgd.weight_decay as f32,
        };
        [
            Dispatch::plain(weights, gradient.clone(), numbers),
            gradient,
        ]
    }
}

/// An update with momentum, of the weights, their gradient and their buffer.
struct Buffered<'a> {
    sgd: &'a Sgd,
    lr: LearningRate,
}

impl Pass<3> for Buffered<'_> {
    fn run<F: Real>(&self, [weights, gradient, buffer]: [&mut [F]; 3]) {
        let Sgd {
            momentum,
            dampening,
            nesterov,
            weight_decay,
        } = *self.sgd;
        let decays = weight_decay != 0.0;
        let (lr, weight_decay) = (F::of(self.lr), F::of(weight_decay));
        let (kept, taken) = (F::of(momentum), F::of(1.0 - dampening));
        for ((weight, gradient), buffer) in weights.iter_mut().zip(gradient).zip(buffer) {
            let gradient = if decays {
                *gradient + *weight * weight_decay
            } else {
                *gradient
            };
            *buffer = *buffer * kept + gradient * taken;
            let direction = if nesterov {
                gradient + *buffer * kept
            } else {
                *buffer
            };
            *weight = *weight - direction * lr;
        }
    }

    #[cfg(all(feature = "cube", not(feature = "fusion")))]
    fn launch(
        &self,
        [weights, gradient, buffer]: [FloatTensor<Dispatch>; 3],
    ) -> [FloatTensor<Dispatch>; 3] {
        let numbers = gpu::Buffered {
            lr: self.lr as f32,
            weight_decay: self.sgd.weight_decay as f32,
            kept: self.sgd.momentum as f32,
            taken: (1.0 - self.sgd.dampening) as f32,
            nesterov: self.sgd.nesterov,
        };
        let (weights, buffer) = Dispatch::buffered(weights, gradient.clone(), buffer, numbers);
        [weights, gradient, buffer]
    }
}

/// What [`Sgd`] keeps for one parameter.
#[derive(Debug, Clone)]
pub struct SgdState<const D: usize> {
    /// The momentum buffer, in the parameter's shape and type.
    pub momentum_buffer: Tensor<D>,
}

impl<const D: usize> RecordState for SgdState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(
            prefix,
            "momentum_buffer",
            self.momentum_buffer.clone().into_data(),
        );
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self {
            momentum_buffer: take_tensor(source, prefix, "momentum_buffer", device)?,
        })
    }
}

impl Optimizer for Sgd {
    type State<const D: usize> = SgdState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<SgdState<D>>,
    ) -> (Tensor<D>, Option<SgdState<D>>) {
        let momentum_buffer = state.map(|state| state.momentum_buffer);
        let buffered = self.momentum != 0.0;
        let (tensor, grad, momentum_buffer) = match momentum_buffer {
            Some(buffer) if buffered => {
                let pass = Buffered { sgd: self, lr };
                match one_pass([tensor, grad, buffer], &pass) {
                    Ok([tensor, _, momentum_buffer]) => {
                        return (tensor, Some(SgdState { momentum_buffer }));
                    }
                    Err([tensor, grad, buffer]) => (tensor, grad, Some(buffer)),
                }
            }
            None if !buffered => match one_pass([tensor, grad], &Plain { sgd: self, lr }) {
                Ok([tensor, _]) => return (tensor, None),
                Err([tensor, grad]) => (tensor, grad, None),
            },
            other => (tensor, grad, other),
        };
        self.step_by_operations(lr, tensor, grad, momentum_buffer)
    }

    fn to_device<const D: usize>(mut state: SgdState<D>, device: &Device) -> SgdState<D> {
        state.momentum_buffer = state.momentum_buffer.to_device(device);
        state
    }
}

impl WeightDecay for Sgd {
    fn without_weight_decay(&self) -> Self {
        self.clone().weight_decay(0.0)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use burn::tensor::DType;

    use super::*;
    use crate::one_pass::tests::{bits, waves};

    #[test]
    fn one_pass_gives_the_bits_of_the_operations() {
        let sgds = [
            Sgd::new(),
            Sgd::new().weight_decay(0.1),
            Sgd::new().momentum(0.9).dampening(0.3).weight_decay(0.1),
            Sgd::new().momentum(0.9).nesterov(true),
        ];
        for (sgd, dtype) in sgds
            .iter()
            .flat_map(|sgd| [(sgd, DType::F32), (sgd, DType::F64)])
        {
            let (mut tensor, mut state) = (waves(0, dtype), None);
            let (mut other, mut other_state) = (tensor.clone(), None);
            for update in 1..5 {
                let gradient = waves(update, dtype);
                (tensor, state) = sgd.step(0.1, tensor, gradient.clone(), state);
                let buffer = other_state.map(|state: SgdState<2>| state.momentum_buffer);
                (other, other_state) = sgd.step_by_operations(0.1, other, gradient, buffer);
            }
            assert_eq!(bits(tensor), bits(other), "{sgd:?}");
        }
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let message = |sgd: Sgd| sgd.check().expect_err("must be refused").to_string();
        assert_eq!(
            message(Sgd::new().momentum(1.0)),
            "momentum = 1: must be at least 0 and below 1"
        );
        assert_eq!(
            message(Sgd::new().weight_decay(f64::NAN)),
            "weight_decay = NaN: must be a finite number of at least 0"
        );
        assert_eq!(
            message(Sgd::new().nesterov(true)),
            "momentum = 0: must be above 0 with nesterov"
        );
        assert_eq!(
            message(Sgd::new().momentum(0.9).dampening(0.5).nesterov(true)),
            "dampening = 0.5: must be 0 with nesterov"
        );
        assert!(Sgd::new().momentum(0.9).nesterov(true).check().is_ok());
    }
}
