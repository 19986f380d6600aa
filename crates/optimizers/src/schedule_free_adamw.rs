//! Schedule-Free AdamW.

use crate::ModuleUpdate;
use crate::error::{OptimizerError, decay_rate, not_negative};
use crate::schedule_free::{Averaging, Scaling, ScheduleFree};

/// Schedule-Free AdamW, as `schedulefree.AdamWScheduleFree` 1.4.1: no schedule, and no end that must be known.
///
/// ```text
/// y = (1 − beta1) · z + beta1 · x                where the gradient g is taken; what the module holds
/// v ← beta2 · v + (1 − beta2) · g²
/// z ← z − lr · (g / (√(v / (1 − beta2^k)) + epsilon) + weight_decay · y)
/// x ← (1 − c) · x + c · z                        what is evaluated and kept
/// c = w_k / (w_1 + … + w_k)      w_k = k^r · (highest lr so far)^weight_lr_power
/// ```
///
/// The module holds `y`; [`ModuleUpdate::evaluation`] gives it with `x`. Use it with a constant learning rate.
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `beta1`, `beta2` | 0.9, 0.999 | `beta1` above 0; both below 1 |
/// | `epsilon` | 1e-8 | at least 0 |
/// | `weight_decay` | 0 | at least 0; taken at `y` |
/// | `warmup_steps` | 0 | updates over which the learning rate grows to its value |
/// | `r` | 0 | at least 0; weighs later updates more |
/// | `weight_lr_power` | 2 | at least 0; weighs updates of a warm-up less |
///
/// Defazio et al. 2024, "The Road Less Scheduled".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct ScheduleFreeAdamW {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
    warmup_steps: u64,
    r: f64,
    weight_lr_power: f64,
}

impl Default for ScheduleFreeAdamW {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            warmup_steps: 0,
            r: 0.0,
            weight_lr_power: 2.0,
        }
    }
}

impl ScheduleFreeAdamW {
    /// Schedule-Free AdamW with the package's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How far the point of the gradient lies from `z` to `x`, and the decay rate of the average of its square.
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

    /// The share of each weight, times the learning rate, that every update takes away.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// Over how many updates the learning rate grows linearly to its value.
    pub fn warmup_steps(mut self, warmup_steps: u64) -> Self {
        self.warmup_steps = warmup_steps;
        self
    }

    /// The power of the update's number in its weight.
    pub fn r(mut self, r: f64) -> Self {
        self.r = r;
        self
    }

    /// The power of the highest learning rate so far in an update's weight.
    pub fn weight_lr_power(mut self, weight_lr_power: f64) -> Self {
        self.weight_lr_power = weight_lr_power;
        self
    }

    fn rule(&self) -> ScheduleFree {
        ScheduleFree {
            momentum: self.beta1,
            weight_decay: self.weight_decay,
            warmup_steps: self.warmup_steps,
            r: self.r,
            weight_lr_power: self.weight_lr_power,
            scaling: Some(Scaling {
                beta2: self.beta2,
                epsilon: self.epsilon,
            }),
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// Names the first parameter that is out of its range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        decay_rate("beta2", self.beta2)?;
        not_negative("epsilon", self.epsilon)?;
        self.rule().check("beta1")
    }

    /// The update of a whole module.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn build(self) -> Result<ModuleUpdate, OptimizerError> {
        self.check()?;
        let averaging = Averaging::new(self.rule());
        Ok(ModuleUpdate::schedule_free("ScheduleFreeAdamW", averaging))
    }
}
