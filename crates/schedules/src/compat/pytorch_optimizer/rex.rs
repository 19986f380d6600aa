//! pytorch_optimizer's `REXScheduler`.

use crate::{Compose, MAX_PEAK, Rex, ScheduleError, Scheduler, check};

/// `pytorch_optimizer.REXScheduler` of pytorch_optimizer 4.1; see [`Rex`].
///
/// ```text
/// lr(t) = min_lr + (max_lr - min_lr) · (1 - p) / (1 - p / 2)    p = min(1, t / total_steps)
/// ```
///
/// Its first update has `min_lr` there, because the constructor takes the first value and then overwrites it. That is
/// an accident and not kept: the first update has `max_lr`.
///
/// ```
/// use schedules::compat::pytorch_optimizer::REXScheduler;
///
/// let peer = REXScheduler { max_lr: 0.5, ..REXScheduler::new(4) };
/// assert_eq!(peer.build()?.rates(0..6), [0.5, 3.0 / 7.0, 1.0 / 3.0, 0.2, 0.0, 0.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct REXScheduler {
    /// How long it takes, at least 1.
    pub total_steps: u64,
    /// The first learning rate; default 1.
    #[cfg_attr(feature = "serde", serde(default = "max_lr"))]
    pub max_lr: f64,
    /// The last learning rate, not above the first; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub min_lr: f64,
}

fn max_lr() -> f64 {
    1.0
}

impl REXScheduler {
    /// The schedule of pytorch_optimizer with these arguments; the others have their defaults.
    pub fn new(total_steps: u64) -> Self {
        Self {
            total_steps,
            max_lr: max_lr(),
            min_lr: 0.0,
        }
    }

    /// The scheduler, whose peak is `max_lr`.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        check::length("total_steps", self.total_steps)?;
        check::positive("max_lr", self.max_lr, MAX_PEAK)?;
        check::between("min_lr", self.min_lr, 0.0..=self.max_lr)?;
        Rex::new(self.total_steps)
            .floor(self.min_lr / self.max_lr)
            .peak(self.max_lr)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn it_ends_at_its_lowest_rate() {
        let peer = REXScheduler {
            max_lr: 0.5,
            min_lr: 0.1,
            ..REXScheduler::new(4)
        };
        let rates = peer.build().unwrap().rates(0..6);
        // A share of 6/7, 2/3 and 2/5 of the way remains.
        let expected = [0.5, 0.1 + 2.4 / 7.0, 0.1 + 0.8 / 3.0, 0.26, 0.1, 0.1];
        for (found, expected) in rates.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{rates:?}");
        }
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |peer: REXScheduler| peer.build().unwrap_err().to_string();
        let default = REXScheduler::new(4);
        let text = "total_steps = 0: must be at least 1";
        assert_eq!(error(REXScheduler::new(0)), text);
        let text = "max_lr = 0.0: must be above 0 and at most 1e18";
        assert_eq!(
            error(REXScheduler {
                max_lr: 0.0,
                ..default
            }),
            text
        );
        let text = "min_lr = 2.0: must be between 0 and 1";
        assert_eq!(
            error(REXScheduler {
                min_lr: 2.0,
                ..default
            }),
            text
        );
    }
}
