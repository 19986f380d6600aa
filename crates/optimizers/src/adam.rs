//! Adam.

#[cfg(all(feature = "cube", not(feature = "fusion")))]
use burn::backend::{Dispatch, tensor::FloatTensor};
use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::averages::average;
use crate::error::{OptimizerError, decay_rate, not_negative};
#[cfg(all(feature = "cube", not(feature = "fusion")))]
use crate::gpu::{self, UpdateKernel};
use crate::one_pass::{Pass, Real, one_pass};
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
/// With `amsgrad` the largest `v` so far stands in the last line, element by element, so that no step grows because
/// gradients have become small.
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `beta1`, `beta2` | 0.9, 0.999 | at least 0 and below 1 |
/// | `epsilon` | 1e-8 | at least 0 |
/// | `weight_decay` | 0 | at least 0; added to the gradient (L2), unlike [`AdamW`](crate::AdamW)'s |
/// | `amsgrad` | `false` | whether the largest average of the squares counts |
///
/// Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization"; `amsgrad`: Reddi, Kale and Kumar 2018, "On the
/// Convergence of Adam and Beyond".
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
    pub(crate) amsgrad: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
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

    /// Whether the largest average of the squares counts, instead of today's.
    pub fn amsgrad(mut self, amsgrad: bool) -> Self {
        self.amsgrad = amsgrad;
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

    /// One update; `shrink` is what the weights are multiplied by first, and the gradient takes on this optimizer's
    /// weight decay.
    pub(crate) fn descend<const D: usize>(
        &self,
        lr: LearningRate,
        shrink: f64,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, AdamState<D>) {
        let (time, average, square) = match state {
            Some(AdamState {
                time,
                average,
                square,
                largest: None,
            }) if !self.amsgrad => (time, average, square),
            state => return self.descend_by_operations(lr, shrink, tensor, gradient, state),
        };
        let pass = Descent {
            adam: self,
            shrink,
            scale: self.scale(lr, time + 1),
        };
        match one_pass([tensor, gradient, average, square], &pass) {
            Ok([tensor, _, average, square]) => {
                let state = AdamState {
                    time: time + 1,
                    average,
                    square,
                    largest: None,
                };
                (tensor, state)
            }
            Err([tensor, gradient, average, square]) => {
                let state = AdamState {
                    time,
                    average,
                    square,
                    largest: None,
                };
                self.descend_by_operations(lr, shrink, tensor, gradient, Some(state))
            }
        }
    }

    /// The same by operations on tensors, which every backend has.
    fn descend_by_operations<const D: usize>(
        &self,
        lr: LearningRate,
        shrink: f64,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, AdamState<D>) {
        let tensor = if shrink == 1.0 {
            tensor
        } else {
            tensor.mul_scalar(shrink)
        };
        let gradient = if self.weight_decay == 0.0 {
            gradient
        } else {
            gradient + tensor.clone().mul_scalar(self.weight_decay)
        };
        let (time, first, second, largest) = match state {
            None => (1, None, None, None),
            Some(state) => (
                state.time + 1,
                Some(state.average),
                Some(state.square),
                state.largest,
            ),
        };
        let square = average(second, gradient.clone().square(), self.beta2);
        let state = AdamState {
            time,
            average: average(first, gradient, self.beta1),
            largest: self.amsgrad.then(|| match largest {
                Some(largest) => largest.max_pair(square.clone()),
                None => square.clone(),
            }),
            square,
        };
        let scale = self.scale(lr, time);
        let denominator = state
            .largest
            .as_ref()
            .unwrap_or(&state.square)
            .clone()
            .sqrt()
            .div_scalar(scale.correction)
            .add_scalar(self.epsilon);
        let delta = (state.average.clone() / denominator).mul_scalar(scale.step_size);
        (tensor - delta, state)
    }

    fn scale(&self, lr: LearningRate, time: u64) -> Scale {
        let time = time as f64;
        Scale {
            step_size: lr / (1.0 - self.beta1.powf(time)),
            correction: (1.0 - self.beta2.powf(time)).sqrt(),
        }
    }
}

/// What the number of the update makes of a step.
struct Scale {
    step_size: f64,
    correction: f64,
}

/// One update, of the weights, their gradient, its average and that of its square.
struct Descent<'a> {
    adam: &'a Adam,
    shrink: f64,
    scale: Scale,
}

impl Pass<4> for Descent<'_> {
    fn run<F: Real>(&self, [weights, gradient, averages, squares]: [&mut [F]; 4]) {
        let Adam {
            beta1,
            beta2,
            epsilon,
            weight_decay,
            amsgrad: _,
        } = *self.adam;
        let decays = weight_decay != 0.0;
        let (shrink, weight_decay, epsilon) =
            (F::of(self.shrink), F::of(weight_decay), F::of(epsilon));
        let (kept, taken) = (F::of(beta1), F::of(1.0 - beta1));
        let (square_kept, square_taken) = (F::of(beta2), F::of(1.0 - beta2));
        let step_size = F::of(self.scale.step_size);
        let correction = F::of(self.scale.correction);
        let averages = averages.iter_mut().zip(squares);
        for ((weight, gradient), (average, square)) in
            weights.iter_mut().zip(gradient).zip(averages)
        {
            let shrunk = *weight * shrink;
            let gradient = if decays {
                *gradient + shrunk * weight_decay
            } else {
                *gradient
            };
            *average = *average * kept + gradient * taken;
            *square = *square * square_kept + gradient * gradient * square_taken;
            let denominator = square.root() / correction + epsilon;
            *weight = shrunk - *average / denominator * step_size;
        }
    }

    #[cfg(all(feature = "cube", not(feature = "fusion")))]
    fn launch(
        &self,
        [weights, gradient, average, square]: [FloatTensor<Dispatch>; 4],
    ) -> [FloatTensor<Dispatch>; 4] {
        let numbers = gpu::Descent {
            shrink: self.shrink as f32,
            weight_decay: self.adam.weight_decay as f32,
            kept: self.adam.beta1 as f32,
            taken: (1.0 - self.adam.beta1) as f32,
            square_kept: self.adam.beta2 as f32,
            square_taken: (1.0 - self.adam.beta2) as f32,
            epsilon: self.adam.epsilon as f32,
            correction: self.scale.correction as f32,
            step_size: self.scale.step_size as f32,
        };
        let (weights, average, square) =
            Dispatch::descent(weights, gradient.clone(), average, square, numbers);
        [weights, gradient, average, square]
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
    /// The largest of these averages so far, for `amsgrad`.
    pub largest: Option<Tensor<D>>,
}

impl<const D: usize> RecordState for AdamState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "time", self.time.into());
        out.push_tensor(prefix, "average", self.average.clone().into_data());
        out.push_tensor(prefix, "square", self.square.clone().into_data());
        if let Some(largest) = &self.largest {
            out.push_tensor(prefix, "largest", largest.clone().into_data());
        }
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self {
            time: source.take_scalar(prefix, "time")?.try_into().ok()?,
            average: take_tensor(source, prefix, "average", device)?,
            square: take_tensor(source, prefix, "square", device)?,
            largest: take_tensor(source, prefix, "largest", device),
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
        let (tensor, state) = self.descend(lr, 1.0, tensor, grad, state);
        (tensor, Some(state))
    }

    fn to_device<const D: usize>(mut state: AdamState<D>, device: &Device) -> AdamState<D> {
        state.average = state.average.to_device(device);
        state.square = state.square.to_device(device);
        state.largest = state.largest.map(|largest| largest.to_device(device));
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
    use burn::tensor::DType;

    use super::*;
    use crate::one_pass::tests::{bits, waves};

    #[test]
    fn one_pass_gives_the_bits_of_the_operations() {
        let adams = [Adam::new(), Adam::new().betas(0.8, 0.99).weight_decay(0.1)];
        for (adam, dtype) in adams
            .iter()
            .flat_map(|adam| [(adam, DType::F32), (adam, DType::F64)])
        {
            let (mut tensor, mut state) = (waves(0, dtype), None);
            let (mut other, mut other_state) = (tensor.clone(), None);
            for update in 1..5 {
                let gradient = waves(update, dtype);
                let (moved, kept) = adam.descend(0.1, 0.99, tensor, gradient.clone(), state);
                (tensor, state) = (moved, Some(kept));
                let (moved, kept) =
                    adam.descend_by_operations(0.1, 0.99, other, gradient, other_state);
                (other, other_state) = (moved, Some(kept));
            }
            assert_eq!(bits(tensor), bits(other), "{adam:?}");
        }
    }

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
