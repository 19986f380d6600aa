//! PyTorch's `ExponentialLR` and `PolynomialLR`.

use super::link::{Group, Link, Rule};
use super::ramp::no_updates;
use crate::{Constant, Exponential, Polynomial, ScheduleError, Scheduler, check};

/// `torch.optim.lr_scheduler.ExponentialLR` of PyTorch 2.15: our [`Exponential`].
///
/// ```
/// use schedules::compat::torch::ExponentialLR;
///
/// let rate = ExponentialLR { gamma: 0.5 }.build(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.4, 0.2, 0.1]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct ExponentialLR {
    /// What the rate is multiplied by at every update, above 0.
    pub gamma: f64,
}

impl ExponentialLR {
    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        Group::only(base_lr).build(self.link())
    }

    pub(super) fn link(&self) -> Result<Link, ScheduleError> {
        let link = Link::new(Exponential::new(self.gamma), Rule::Multiplies);
        link.again(self.gamma).named(&[])
    }
}

/// `torch.optim.lr_scheduler.PolynomialLR` of PyTorch 2.15: our [`Polynomial`].
///
/// With a `total_iters` of 0 it stays at the base rate, as there, and with a power of 0 too.
///
/// ```
/// use schedules::compat::torch::PolynomialLR;
///
/// let rate = PolynomialLR { total_iters: 4, power: 2.0 }.build(1.0)?;
/// assert_eq!(rate.rates(0..6), [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct PolynomialLR {
    /// The number of updates down to 0; default 5.
    pub total_iters: u64,
    /// The power of the share of the time that remains, not below 0; default 1.
    pub power: f64,
}

impl Default for PolynomialLR {
    fn default() -> Self {
        Self {
            total_iters: 5,
            power: 1.0,
        }
    }
}

impl PolynomialLR {
    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        Group::only(base_lr).build(self.link())
    }

    pub(super) fn link(&self) -> Result<Link, ScheduleError> {
        if self.total_iters == 0 {
            return Ok(Link::new(Constant::new(), Rule::Multiplies).entry(no_updates()));
        }
        if self.power == 0.0 {
            check::updates("total_iters", self.total_iters)?;
            return Ok(Link::new(Constant::new(), Rule::Multiplies));
        }
        let fall = Polynomial::new(self.total_iters).power(self.power);
        // A step to update 0 divides by the time that remained one update before.
        let length = self.total_iters as f64;
        let again = (length / (length + 1.0)).powf(self.power);
        let link = Link::new(fall, Rule::Multiplies).again(again);
        link.named(&[("length", "total_iters")])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_peers_arguments() {
        let error = ExponentialLR { gamma: -1.0 }.build(0.1).unwrap_err();
        assert_eq!(error.path(), "gamma");
        let polynomial = |total_iters, power| PolynomialLR { total_iters, power }.build(0.1);
        assert_eq!(polynomial(5, -1.0).unwrap_err().path(), "power");
        assert_eq!(polynomial(5, 0.0).unwrap().rates(0..9), [0.1; 9]);
        assert!(polynomial(u64::MAX, 0.0).is_err());
        let error = polynomial(u64::MAX, 1.0).unwrap_err();
        assert_eq!(error.path(), "total_iters");
        assert_eq!(polynomial(0, 1.0).unwrap().rates(0..9), [0.1; 9]);
    }
}
