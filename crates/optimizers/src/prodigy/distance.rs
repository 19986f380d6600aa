//! Prodigy at work.

use std::sync::Arc;

use burn::optim::{DynOptimizer, LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use super::Prodigy;
use crate::groups::{Pair, WeightDecay};
use crate::record::{Entries, Reader, RecordError, take_tensor};

/// One estimate for the whole module, and the two passes of an update.
#[derive(Debug, Clone)]
pub(crate) struct Distance {
    rule: Prodigy,
    updates: u64,
    /// From the first gradient on.
    estimate: Option<Estimate>,
    /// Sums of the pass that is going on.
    pass: Option<Pass>,
}

/// Numbers of one element, on the device.
#[derive(Debug, Clone)]
struct Estimate {
    d: Tensor<1>,
    d_max: Tensor<1>,
    numerator: Tensor<1>,
}

#[derive(Debug, Clone)]
struct Pass {
    numerator: Tensor<1>,
    denominator: Tensor<1>,
}

impl Distance {
    pub(super) fn new(rule: Prodigy) -> Self {
        Self {
            rule,
            updates: 0,
            estimate: None,
            pass: None,
        }
    }

    /// Takes the gradient of one parameter into the averages and into the estimate.
    pub(crate) fn observe<const D: usize>(
        &mut self,
        lr: LearningRate,
        decays: bool,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<ProdigyState<D>>,
    ) -> ProdigyState<D> {
        let rule = &self.rule;
        let estimate = self.estimate.get_or_insert_with(|| {
            let options = (&tensor.device(), tensor.dtype());
            let d0 = Tensor::full([1], rule.d0, options);
            Estimate {
                numerator: d0.zeros_like(),
                d_max: d0.clone(),
                d: d0,
            }
        });
        let gradient = if decays {
            rule.coupled(gradient, &tensor)
        } else {
            gradient
        };
        let d = estimate.d.clone();
        let correction = rule.correction(self.updates + 1);
        let dlr = d.clone().mul_scalar(lr).mul_scalar(correction);
        let relative = d.clone().div_scalar(rule.d0);
        let weight = relative.clone() * dlr;

        let sampled = rule.sample(gradient.clone());
        let position = rule.sample(tensor.clone());
        let beta3 = rule.beta3_or_default();
        let (start, direction, average_before, square) = match state {
            None => (position.clone(), None, None, None),
            Some(state) => (
                state.start,
                Some(state.direction),
                state.average,
                Some(state.square),
            ),
        };
        let dtype = d.dtype();
        let progress = (sampled.clone() * (start.clone() - position)).sum();
        let progress = weight.clone() * progress.cast(dtype);

        let own = gradient.dtype();
        let one = |number: Tensor<1>| number.cast(own).reshape([1; D]);
        let average = (rule.beta1 > 0.0).then(|| {
            let value = gradient.clone() * one(d.clone().mul_scalar(1.0 - rule.beta1));
            match average_before {
                None => value,
                Some(average) => average.mul_scalar(rule.beta1) + value,
            }
        });
        let scale = (d.clone() * d.clone()).mul_scalar(1.0 - rule.beta2);
        let value = gradient.square() * one(scale);
        let square = match square {
            None => value,
            Some(square) => square.mul_scalar(rule.beta2) + value,
        };
        let weight = if rule.safeguard_warmup {
            relative * d
        } else {
            weight
        };
        let value = sampled * weight.cast(own);
        let direction = match direction {
            None => value,
            Some(direction) => direction.mul_scalar(beta3) + value,
        };
        let size = direction.clone().abs().sum().cast(dtype);

        self.pass = Some(match self.pass.take() {
            None => Pass {
                numerator: progress,
                denominator: size,
            },
            Some(pass) => Pass {
                numerator: pass.numerator + progress,
                denominator: pass.denominator + size,
            },
        });
        ProdigyState {
            start,
            direction,
            average,
            square,
        }
    }

    /// Ends the first pass: the new estimate, and the optimizer of the second pass.
    pub(crate) fn finish(&mut self) -> Pair {
        let rule = &self.rule;
        let mut scale = None;
        if let (Some(estimate), Some(pass)) = (self.estimate.take(), self.pass.take()) {
            let Estimate {
                d,
                d_max,
                numerator,
            } = estimate;
            self.updates += 1;
            // Every gradient so far was 0: there is nothing to estimate from, and nothing to decay for.
            let nothing = pass.denominator.clone().equal_elem(0.0);
            let step = d.clone().mask_fill(nothing.clone(), 0.0);

            let new = numerator.clone().mul_scalar(rule.beta3_or_default()) + pass.numerator;
            let seen = new.clone().mul_scalar(rule.d_coef) / pass.denominator;
            let first = d.clone().equal_elem(rule.d0);
            let larger = d.clone().max_pair(seen.clone());
            let grown = d.clone().mask_where(first, larger);
            let most = d_max.clone().max_pair(seen);
            let next = if rule.growth_rate.is_finite() {
                most.clone().min_pair(grown.mul_scalar(rule.growth_rate))
            } else {
                most.clone()
            };
            let estimate = Estimate {
                d: next.mask_where(nothing.clone(), d),
                d_max: most.mask_where(nothing.clone(), d_max),
                numerator: new.mask_where(nothing, numerator),
            };
            scale = Some(Scale {
                step: step.mul_scalar(rule.correction(self.updates)),
                d: estimate.d.clone(),
            });
            self.estimate = Some(estimate);
        }
        Pair::new(Step {
            rule: rule.clone(),
            scale,
        })
    }

    /// How many values of a parameter enter the estimate.
    pub(crate) fn sampled(&self, count: usize) -> usize {
        count.div_ceil(self.rule.slice_p)
    }

    pub(crate) fn keeper(&self) -> Arc<dyn DynOptimizer> {
        Arc::new(Step {
            rule: self.rule.clone(),
            scale: None,
        })
    }

    pub(crate) fn record(&self, entries: &mut Entries) {
        entries.number("counted", self.updates);
        if let Some(estimate) = &self.estimate {
            entries.tensor("d", &estimate.d);
            entries.tensor("d_max", &estimate.d_max);
            entries.tensor("numerator", &estimate.numerator);
        }
    }

    pub(crate) fn load(
        &mut self,
        reader: &mut Reader<'_>,
        device: Option<&Device>,
    ) -> Result<(), RecordError> {
        self.updates = reader.number("counted")?;
        self.pass = None;
        self.estimate = match device {
            Some(device) if self.updates > 0 => Some(Estimate {
                d: reader.tensor("d", device)?,
                d_max: reader.tensor("d_max", device)?,
                numerator: reader.tensor("numerator", device)?,
            }),
            _ => None,
        };
        Ok(())
    }
}

/// What one update does to each tensor, once the estimate is known. Not public: the estimate takes all tensors.
#[derive(Debug, Clone)]
struct Step {
    rule: Prodigy,
    scale: Option<Scale>,
}

#[derive(Debug, Clone)]
struct Scale {
    /// The old estimate, corrected.
    step: Tensor<1>,
    /// The new estimate.
    d: Tensor<1>,
}

/// What Prodigy keeps for one parameter.
#[derive(Debug, Clone)]
pub(crate) struct ProdigyState<const D: usize> {
    /// The first weights that enter the estimate.
    start: Tensor<1>,
    /// The weighted sum of their gradients, `s`.
    direction: Tensor<1>,
    /// The average of the gradient times `d`, unless beta 1 is 0.
    average: Option<Tensor<D>>,
    /// The average of its square.
    square: Tensor<D>,
}

impl<const D: usize> RecordState for ProdigyState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, "start", self.start.clone().into_data());
        out.push_tensor(prefix, "direction", self.direction.clone().into_data());
        if let Some(average) = &self.average {
            out.push_tensor(prefix, "average", average.clone().into_data());
        }
        out.push_tensor(prefix, "square", self.square.clone().into_data());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self {
            start: take_tensor(source, prefix, "start", device)?,
            direction: take_tensor(source, prefix, "direction", device)?,
            average: take_tensor(source, prefix, "average", device),
            square: take_tensor(source, prefix, "square", device)?,
        })
    }
}

impl Optimizer for Step {
    type State<const D: usize> = ProdigyState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<ProdigyState<D>>,
    ) -> (Tensor<D>, Option<ProdigyState<D>>) {
        let (Some(Scale { step, d }), Some(state)) = (&self.scale, &state) else {
            return (tensor, state);
        };
        let rule = &self.rule;
        let own = tensor.dtype();
        let one = |number: Tensor<1>| number.cast(own).reshape([1; D]);
        let dlr = step.clone().mul_scalar(lr);
        let epsilon = one(d.clone().mul_scalar(rule.epsilon));
        let denominator = state.square.clone().sqrt() + epsilon;
        let (direction, size) = match &state.average {
            Some(average) => (average.clone(), dlr.clone()),
            None => (rule.coupled(grad, &tensor), dlr.clone() * d.clone()),
        };
        let delta = direction / denominator * one(size);
        let tensor = if rule.weight_decay == 0.0 || !rule.decouple {
            tensor
        } else {
            tensor.clone() - tensor * one(dlr.mul_scalar(rule.weight_decay))
        };
        (tensor - delta, Some(state.clone()))
    }

    fn to_device<const D: usize>(mut state: ProdigyState<D>, device: &Device) -> ProdigyState<D> {
        state.start = state.start.to_device(device);
        state.direction = state.direction.to_device(device);
        state.average = state.average.map(|average| average.to_device(device));
        state.square = state.square.to_device(device);
        state
    }
}

impl WeightDecay for Step {
    fn without_weight_decay(&self) -> Self {
        let mut step = self.clone();
        step.rule.weight_decay = 0.0;
        step
    }
}
