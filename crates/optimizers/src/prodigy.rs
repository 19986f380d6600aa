//! Prodigy: Adam that finds its own step size.

use std::sync::Arc;

use burn::optim::{DynOptimizer, LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor, s};

use crate::ModuleUpdate;
use crate::error::{OptimizerError, above_zero, decay_rate, not_negative, require};
use crate::record::{Entries, Reader, RecordError, take_tensor};
use crate::update::{Pair, WeightDecay};

/// Prodigy, as `prodigyopt.Prodigy` 1.1.2: Adam whose step size is an estimate `d` of the distance to the solution.
///
/// ```text
/// m ← beta1 · m + (1 − beta1) · d · g          v ← beta2 · v + (1 − beta2) · d² · g²
/// r ← beta3 · r + (d / d0) · dlr · ⟨g, θ₀ − θ⟩    s ← beta3 · s + (d / d0) · dlr · g      over all parameters
/// d̂ = d_coef · r / ‖s‖₁                        d ← max(d, d̂), at most growth_rate times what it was
/// θ ← θ − dlr · m / (√v + d · epsilon)         dlr = d · lr, with the d from before this update
/// ```
///
/// Leave the learning rate at 1, with any schedule below it; `d` grows from `d0` to what fits in some tens of updates.
/// `d` is a single number of the whole module, which stays on the device.
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `beta1`, `beta2` | 0.9, 0.999 | at least 0 and below 1 |
/// | `beta3` | √beta2 | at least 0 and below 1 |
/// | `epsilon` | 1e-8 | above 0 |
/// | `weight_decay` | 0 | at least 0 |
/// | `decouple` | `true` | whether weights decay by themselves (AdamW) or through the gradient (Adam) |
/// | `use_bias_correction` | `false` | Adam's correction of the first averages |
/// | `safeguard_warmup` | `false` | leaves `lr` out of `s`, for a warm-up |
/// | `d0` | 1e-6 | above 0 |
/// | `d_coef` | 1 | above 0; multiplies the estimate |
/// | `growth_rate` | unlimited | at least 1 |
/// | `slice_p` | 1 | at least 1; only every so many values of a tensor enter the estimate, in the order of Burn's layout |
///
/// A learning-rate multiplier of a [group](ModuleUpdate::group) scales the steps of its parameters and not the estimate,
/// which a group of 0 does not enter. The package allows no other multiplier than 0.
///
/// Mishchenko and Defazio 2024, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Prodigy {
    beta1: f64,
    beta2: f64,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    beta3: Option<f64>,
    epsilon: f64,
    weight_decay: f64,
    decouple: bool,
    use_bias_correction: bool,
    safeguard_warmup: bool,
    d0: f64,
    d_coef: f64,
    growth_rate: f64,
    slice_p: usize,
}

impl Default for Prodigy {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            beta3: None,
            epsilon: 1e-8,
            weight_decay: 0.0,
            decouple: true,
            use_bias_correction: false,
            safeguard_warmup: false,
            d0: 1e-6,
            d_coef: 1.0,
            growth_rate: f64::INFINITY,
            slice_p: 1,
        }
    }
}

impl Prodigy {
    /// Prodigy with the package's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The decay rates of the averages of the gradient and of its square.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.beta1 = beta1;
        self.beta2 = beta2;
        self
    }

    /// The decay rate of the averages that the estimate is made of.
    pub fn beta3(mut self, beta3: f64) -> Self {
        self.beta3 = Some(beta3);
        self
    }

    /// What is added to the denominator, times `d`.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// The share of each weight, times the step size, that every update takes away.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// Whether weights decay by themselves, rather than through the gradient.
    pub fn decouple(mut self, decouple: bool) -> Self {
        self.decouple = decouple;
        self
    }

    /// Whether the first averages are corrected as in Adam.
    pub fn use_bias_correction(mut self, use_bias_correction: bool) -> Self {
        self.use_bias_correction = use_bias_correction;
        self
    }

    /// Whether the learning rate is left out of the estimate's denominator.
    pub fn safeguard_warmup(mut self, safeguard_warmup: bool) -> Self {
        self.safeguard_warmup = safeguard_warmup;
        self
    }

    /// The first estimate of the distance.
    pub fn d0(mut self, d0: f64) -> Self {
        self.d0 = d0;
        self
    }

    /// What every estimate is multiplied by: the way to tune it.
    pub fn d_coef(mut self, d_coef: f64) -> Self {
        self.d_coef = d_coef;
        self
    }

    /// How many times larger an update may make the estimate.
    pub fn growth_rate(mut self, growth_rate: f64) -> Self {
        self.growth_rate = growth_rate;
        self
    }

    /// Lets only every so many values of a tensor enter the estimate, to save memory.
    pub fn slice_p(mut self, slice_p: usize) -> Self {
        self.slice_p = slice_p;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// Names the first parameter that is out of its range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        decay_rate("beta1", self.beta1)?;
        decay_rate("beta2", self.beta2)?;
        decay_rate("beta3", self.beta3.unwrap_or(0.0))?;
        above_zero("epsilon", self.epsilon)?;
        not_negative("weight_decay", self.weight_decay)?;
        above_zero("d0", self.d0)?;
        above_zero("d_coef", self.d_coef)?;
        let growth = self.growth_rate;
        require("growth_rate", growth, "at least 1", growth >= 1.0)?;
        let slice = self.slice_p;
        require("slice_p", slice as f64, "at least 1", slice >= 1)
    }

    /// The update of a whole module.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn build(self) -> Result<ModuleUpdate, OptimizerError> {
        self.check()?;
        Ok(ModuleUpdate::prodigy(Distance {
            rule: self,
            updates: 0,
            estimate: None,
            pass: None,
        }))
    }

    fn beta3_or_default(&self) -> f64 {
        self.beta3.unwrap_or(self.beta2.sqrt())
    }

    /// Adam's correction at update `time`, counted from 1.
    fn correction(&self, time: u64) -> f64 {
        if self.use_bias_correction {
            let time = time as f64;
            (1.0 - self.beta2.powf(time)).sqrt() / (1.0 - self.beta1.powf(time))
        } else {
            1.0
        }
    }

    /// The gradient with the weight decay that goes through it.
    fn coupled<const D: usize>(&self, gradient: Tensor<D>, tensor: &Tensor<D>) -> Tensor<D> {
        if self.weight_decay == 0.0 || self.decouple {
            gradient
        } else {
            gradient + tensor.clone().mul_scalar(self.weight_decay)
        }
    }

    /// The values that enter the estimate, in a row.
    fn sample<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<1> {
        let count = tensor.shape().num_elements();
        let row = tensor.reshape([count]);
        if self.slice_p == 1 {
            row
        } else {
            row.slice(s![..;self.slice_p as isize])
        }
    }
}

/// Prodigy at work: one estimate for the whole module.
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
