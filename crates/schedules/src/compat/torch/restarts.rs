//! PyTorch's `CosineAnnealingWarmRestarts`.

use super::link::{Group, Link, Rule};
use crate::{CosineRestarts, ScheduleError, Scheduler};

/// `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts` of PyTorch 2.15: our [`CosineRestarts`].
///
/// `step(epoch + i / n)` is [`factor_at`](crate::Schedule::factor_at) with that time. There the logarithm that
/// PyTorch finds the cycle with is sometimes off at a restart; `step()` and this are exact.
///
/// ```
/// use schedules::compat::torch::CosineAnnealingWarmRestarts;
///
/// let peer = CosineAnnealingWarmRestarts { T_mult: 2, ..CosineAnnealingWarmRestarts::new(1) };
/// let rate = peer.build(0.8)?;
/// assert_eq!(rate.rates(0..4), [0.8, 0.8, 0.4, 0.8]);
/// assert_eq!(rate.peak() * rate.schedule().factor_at(0.5), 0.4);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[allow(non_snake_case)]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct CosineAnnealingWarmRestarts {
    /// The number of updates of the first cycle, at least 1.
    pub T_0: u64,
    /// How many times as long as the one before it a cycle is, at least 1; default 1.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub T_mult: u64,
    /// The lowest rate, at most the base rate; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub eta_min: f64,
}

#[cfg(feature = "serde")]
fn one() -> u64 {
    1
}

impl CosineAnnealingWarmRestarts {
    /// With the defaults of the other arguments.
    #[allow(non_snake_case)]
    pub fn new(T_0: u64) -> Self {
        Self {
            T_0,
            T_mult: 1,
            eta_min: 0.0,
        }
    }

    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        let group = Group::only(base_lr);
        group.build(self.link(group))
    }

    pub(super) fn link(&self, group: Group) -> Result<Link, ScheduleError> {
        let cycles = CosineRestarts::new(self.T_0)
            .multiplier(self.T_mult as f64)
            .floor(self.eta_min / group.base_lr);
        Link::new(cycles, Rule::Sets)
            .named(&[
                ("first_cycle", "T_0"),
                ("multiplier", "T_mult"),
                ("floor", "eta_min"),
            ])
            .map_err(|error| match error.field() {
                "eta_min" => {
                    let allowed = format!("must be between 0 and the base rate {}", group.base_lr);
                    ScheduleError::new("eta_min", self.eta_min, allowed)
                }
                _ => error,
            })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_peers_arguments() {
        let text = |first, mult, eta_min| {
            let peer = CosineAnnealingWarmRestarts {
                T_0: first,
                T_mult: mult,
                eta_min,
            };
            peer.build(0.1).unwrap_err().to_string()
        };
        assert_eq!(text(0, 1, 0.0), "T_0 = 0: must be at least 1");
        assert_eq!(text(1, 0, 0.0), "T_mult = 0.0: must be between 1 and 1e18");
        assert_eq!(
            text(1, 1, 0.2),
            "eta_min = 0.2: must be between 0 and the base rate 0.1"
        );
    }
}
