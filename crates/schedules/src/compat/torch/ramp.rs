//! PyTorch's `ConstantLR` and `LinearLR`.

use std::sync::Arc;

use super::link::{Entry, Group, Link, Rule};
use crate::{Constant, Linear, ScheduleError, Scheduler, Sequence, check};

/// `torch.optim.lr_scheduler.ConstantLR` of PyTorch 2.15: a share of the base rate for some updates.
///
/// With a `total_iters` of 0 the share stays for good, as there.
///
/// ```
/// use schedules::compat::torch::ConstantLR;
///
/// let rate = ConstantLR { factor: 0.5, total_iters: 2 }.build(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.4, 0.4, 0.8, 0.8]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct ConstantLR {
    /// The share, above 0 (PyTorch divides by it in the end) and at most 1; default 1/3.
    pub factor: f64,
    /// The number of updates; default 5.
    pub total_iters: u64,
}

impl Default for ConstantLR {
    fn default() -> Self {
        Self {
            factor: 1.0 / 3.0,
            total_iters: 5,
        }
    }
}

impl ConstantLR {
    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        Group::only(base_lr).build(self.link())
    }

    pub(super) fn link(&self) -> Result<Link, ScheduleError> {
        let Self {
            factor,
            total_iters,
        } = *self;
        check::positive("factor", factor, 1.0)?;
        check::updates("total_iters", total_iters)?;
        let share = Linear::new(1).start(factor).end(factor);
        if total_iters == 0 {
            // Behind another scheduler PyTorch takes its closed form, in which it is over at once.
            let over = Entry::Other(Arc::new(Constant::new()));
            return Ok(Link::new(share, Rule::Multiplies).entry(over));
        }
        let both = Sequence::new(share).then(total_iters, Constant::new());
        Ok(Link::new(both, Rule::Multiplies))
    }
}

/// Behind another scheduler PyTorch takes a closed form that divides by it.
pub(super) fn no_updates() -> Entry {
    Entry::Refused(ScheduleError::new(
        "total_iters",
        0,
        "must be at least 1 behind another scheduler",
    ))
}

/// `torch.optim.lr_scheduler.LinearLR` of PyTorch 2.15: our [`Linear`].
///
/// With a `total_iters` of 0 it stays at the start, as there.
///
/// ```
/// use schedules::compat::torch::LinearLR;
///
/// let rate = LinearLR { start_factor: 0.5, total_iters: 2, ..Default::default() }.build(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.4, 0.6000000000000001, 0.8, 0.8]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct LinearLR {
    /// The share of the base rate at first, above 0 and at most 1; default 1/3.
    pub start_factor: f64,
    /// The share in the end, from 0 to 1; default 1.
    pub end_factor: f64,
    /// The number of updates on the way; default 5.
    pub total_iters: u64,
}

impl Default for LinearLR {
    fn default() -> Self {
        Self {
            start_factor: 1.0 / 3.0,
            end_factor: 1.0,
            total_iters: 5,
        }
    }
}

impl LinearLR {
    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        Group::only(base_lr).build(self.link())
    }

    pub(super) fn link(&self) -> Result<Link, ScheduleError> {
        let Self {
            start_factor,
            end_factor,
            total_iters,
        } = *self;
        check::positive("start_factor", start_factor, 1.0)?;
        check::share("end_factor", end_factor)?;
        if total_iters == 0 {
            let share = Linear::new(1).start(start_factor).end(start_factor);
            return Ok(Link::new(share, Rule::Multiplies).entry(no_updates()));
        }
        let line = Linear::new(total_iters).start(start_factor).end(end_factor);
        Link::new(line, Rule::Multiplies).named(&[("length", "total_iters")])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn without_updates_they_stay_where_they_start() {
        let factor = 0.25;
        let total_iters = 0;
        let peer = ConstantLR {
            factor,
            total_iters,
        };
        assert_eq!(peer.build(1.0).unwrap().rates(0..9), [0.25; 9]);
        let peer = LinearLR {
            start_factor: 0.25,
            total_iters,
            ..Default::default()
        };
        assert_eq!(peer.build(1.0).unwrap().rates(0..9), [0.25; 9]);
    }

    #[test]
    fn shares_are_within_pytorchs_limits() {
        for factor in [0.0, 1.5, f64::NAN] {
            let constant = ConstantLR {
                factor,
                ..Default::default()
            };
            assert_eq!(constant.build(0.1).unwrap_err().path(), "factor");
            let line = LinearLR {
                start_factor: factor,
                ..Default::default()
            };
            assert_eq!(line.build(0.1).unwrap_err().path(), "start_factor");
        }
        let line = |end_factor, total_iters| LinearLR {
            end_factor,
            total_iters,
            ..Default::default()
        };
        assert_eq!(line(1.5, 5).build(0.1).unwrap_err().path(), "end_factor");
        let error = line(0.5, u64::MAX).build(0.1).unwrap_err();
        assert_eq!(error.path(), "total_iters");
        assert!(line(0.0, 5).build(0.1).is_ok());
    }
}
