//! Prodigy: Adam that finds its own step size.

mod distance;

use burn::tensor::{Tensor, s};

use crate::ModuleUpdate;
use crate::error::{OptimizerError, above_zero, decay_rate, not_negative, require};
pub(crate) use distance::Distance;

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
        Ok(ModuleUpdate::prodigy(Distance::new(self)))
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
