//! What the two Schedule-Free optimizers share: three points instead of a schedule.

use std::sync::Arc;

use burn::optim::{DynOptimizer, LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::averages::average;
use crate::error::{OptimizerError, not_negative, require};
use crate::groups::{Groups, Pair, WeightDecay};
use crate::record::{Entries, Reader, RecordError, take_tensor};

/// The parameters of a Schedule-Free optimizer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScheduleFree {
    /// How far the point of the gradient lies from the fast one to the average.
    pub(crate) momentum: f64,
    pub(crate) weight_decay: f64,
    pub(crate) warmup_steps: u64,
    pub(crate) r: f64,
    pub(crate) weight_lr_power: f64,
    /// Adam's scaling of the gradient.
    pub(crate) scaling: Option<Scaling>,
}

/// Adam's scaling of the gradient.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scaling {
    pub(crate) beta2: f64,
    pub(crate) epsilon: f64,
}

impl ScheduleFree {
    /// Checks the parameters; `momentum` is what the optimizer calls it.
    pub(crate) fn check(&self, momentum: &'static str) -> Result<(), OptimizerError> {
        let holds = self.momentum > 0.0 && self.momentum < 1.0;
        require(momentum, self.momentum, "above 0 and below 1", holds)?;
        not_negative("weight_decay", self.weight_decay)?;
        not_negative("r", self.r)?;
        not_negative("weight_lr_power", self.weight_lr_power)
    }
}

/// A Schedule-Free optimizer at work.
#[derive(Debug, Clone)]
pub(crate) struct Averaging {
    rule: ScheduleFree,
    updates: u64,
    /// One for each group of parameters, since each has its own learning rate.
    weights: Vec<Weight>,
}

/// How much the updates so far weigh in the average.
#[derive(Debug, Clone)]
struct Weight {
    sum: f64,
    highest_rate: f64,
}

impl Default for Weight {
    fn default() -> Self {
        Self {
            sum: 0.0,
            highest_rate: -1.0,
        }
    }
}

impl Averaging {
    pub(crate) fn new(rule: ScheduleFree) -> Self {
        Self {
            rule,
            updates: 0,
            weights: Vec::new(),
        }
    }

    /// The optimizers of the next update, one for each group.
    pub(crate) fn begin(&mut self, lr: LearningRate, groups: &Groups) -> Vec<Pair> {
        let rule = &self.rule;
        let warmup = if self.updates < rule.warmup_steps {
            (self.updates + 1) as f64 / rule.warmup_steps as f64
        } else {
            1.0
        };
        self.updates += 1;
        let count = self.updates as f64;
        let multipliers: Vec<f64> = groups.multipliers().collect();
        self.weights.resize_with(multipliers.len(), Weight::default);
        let weights = self.weights.iter_mut().zip(multipliers);
        weights
            .map(|(weight, multiplier)| {
                weight.highest_rate = weight.highest_rate.max(lr * multiplier * warmup);
                let own = count.powf(rule.r) * weight.highest_rate.powf(rule.weight_lr_power);
                weight.sum += own;
                // All rates so far were 0: nothing has moved, and nothing is averaged.
                let share = if weight.sum == 0.0 {
                    0.0
                } else {
                    own / weight.sum
                };
                Pair::new(Step {
                    rule: rule.clone(),
                    warmup,
                    share,
                    time: count,
                })
            })
            .collect()
    }

    /// The average `x`, from the point of the gradient that the module holds.
    pub(crate) fn evaluation<const D: usize>(
        &self,
        tensor: Tensor<D>,
        state: &ScheduleFreeState<D>,
    ) -> Tensor<D> {
        let inverse = 1.0 / self.rule.momentum;
        tensor.mul_scalar(inverse) + state.fast.clone().mul_scalar(1.0 - inverse)
    }

    pub(crate) fn keeper(&self) -> Arc<dyn DynOptimizer> {
        Arc::new(Step {
            rule: self.rule.clone(),
            warmup: 1.0,
            share: 0.0,
            time: self.updates as f64,
        })
    }

    pub(crate) fn record(&self, entries: &mut Entries) {
        for (group, weight) in self.weights.iter().enumerate() {
            entries.real(&format!("group.{group}.weight_sum"), weight.sum);
            entries.real(&format!("group.{group}.highest_rate"), weight.highest_rate);
        }
    }

    pub(crate) fn load(
        &mut self,
        reader: &mut Reader<'_>,
        updates: u64,
        groups: &Groups,
    ) -> Result<(), RecordError> {
        self.updates = updates;
        self.weights.clear();
        if updates > 0 {
            for group in 0..groups.multipliers().count() {
                self.weights.push(Weight {
                    sum: reader.real(&format!("group.{group}.weight_sum"))?,
                    highest_rate: reader.real(&format!("group.{group}.highest_rate"))?,
                });
            }
        }
        Ok(())
    }
}

/// What one update does to each tensor. Not public: an optimizer of one tensor at a time has no place for
/// [`Averaging::evaluation`].
#[derive(Debug, Clone)]
struct Step {
    rule: ScheduleFree,
    /// What the learning rate is multiplied by.
    warmup: f64,
    /// The share of this update in the average.
    share: f64,
    time: f64,
}

/// What a Schedule-Free optimizer keeps for one parameter.
#[derive(Debug, Clone)]
pub(crate) struct ScheduleFreeState<const D: usize> {
    /// The point that gradient descent moves, `z`.
    fast: Tensor<D>,
    /// The average of the gradient's square.
    square: Option<Tensor<D>>,
}

impl<const D: usize> RecordState for ScheduleFreeState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, "fast", self.fast.clone().into_data());
        if let Some(square) = &self.square {
            out.push_tensor(prefix, "square", square.clone().into_data());
        }
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self {
            fast: take_tensor(source, prefix, "fast", device)?,
            square: take_tensor(source, prefix, "square", device),
        })
    }
}

impl Optimizer for Step {
    type State<const D: usize> = ScheduleFreeState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<ScheduleFreeState<D>>,
    ) -> (Tensor<D>, Option<ScheduleFreeState<D>>) {
        let lr = lr * self.warmup;
        let (fast, square) = match state {
            None => (tensor.clone(), None),
            Some(state) => (state.fast, state.square),
        };
        let (direction, square) = match &self.rule.scaling {
            None => (grad, None),
            Some(Scaling { beta2, epsilon }) => {
                let square = average(square, grad.clone().square(), *beta2);
                let correction = 1.0 - beta2.powf(self.time);
                let denominator = square.clone().div_scalar(correction).sqrt();
                (grad / denominator.add_scalar(*epsilon), Some(square))
            }
        };
        let direction = if self.rule.weight_decay == 0.0 {
            direction
        } else {
            direction + tensor.clone().mul_scalar(self.rule.weight_decay)
        };
        // Moves the point of the gradient as if the average and the fast point were moved and it lay between them.
        let along = lr * (self.rule.momentum * (1.0 - self.share) - 1.0);
        let tensor = tensor.mul_scalar(1.0 - self.share)
            + fast.clone().mul_scalar(self.share)
            + direction.clone().mul_scalar(along);
        let fast = fast - direction.mul_scalar(lr);
        (tensor, Some(ScheduleFreeState { fast, square }))
    }

    fn to_device<const D: usize>(
        mut state: ScheduleFreeState<D>,
        device: &Device,
    ) -> ScheduleFreeState<D> {
        state.fast = state.fast.to_device(device);
        state.square = state.square.map(|square| square.to_device(device));
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
