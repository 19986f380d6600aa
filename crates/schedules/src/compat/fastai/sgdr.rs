//! fastai's `fit_sgdr`.

use super::one_cycle::total;
use crate::compat::PerGroup;
use crate::curve::half_cosine;
use crate::{Compose, Fingerprint, Schedule, ScheduleError, Scheduler, check};

/// `Learner.fit_sgdr` of fastai 2.8.
///
/// ```text
/// lr(t) = lr_max · ½ (1 + cos(π · p))    p: the share of the cycle that has passed
/// ```
///
/// Each cycle takes `cycle_mult` times as many epochs as the one before. The shares of the run are added up in `f64`, so
/// rounding can lead to one update at 0 before a restart; that is kept. [`CosineRestarts`](crate::CosineRestarts) is
/// without that.
///
/// ```
/// use schedules::compat::fastai::FitSgdr;
///
/// let rate = FitSgdr::new(2, 1, 2, 1.0).build()?;
/// assert_eq!(rate.rates(0..3), [1.0, 0.5, 1.0]);
/// assert!((rate.rate_at(4) - 0.5).abs() < 1e-15);
/// assert_eq!(rate.rates(6..8), [0.0, 0.0]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct FitSgdr {
    /// The number of cycles.
    pub n_cycles: u64,
    /// The number of epochs of the first one.
    pub cycle_len: u64,
    /// The number of updates in an epoch: the length of fastai's `dls.train`.
    pub n_iter: u64,
    /// The learning rate at the start of every cycle.
    pub lr_max: PerGroup,
    /// What the length of a cycle is multiplied by, at least 2; default 2.
    #[cfg_attr(feature = "serde", serde(default = "cycle_mult"))]
    pub cycle_mult: u64,
}

fn cycle_mult() -> u64 {
    2
}

impl FitSgdr {
    /// The schedule of fastai with these arguments; the others have their defaults.
    pub fn new(n_cycles: u64, cycle_len: u64, n_iter: u64, lr_max: impl Into<PerGroup>) -> Self {
        Self {
            n_cycles,
            cycle_len,
            n_iter,
            lr_max: lr_max.into(),
            cycle_mult: cycle_mult(),
        }
    }

    /// The scheduler of one parameter group.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self) -> Result<Scheduler, ScheduleError> {
        self.group(0, 1)
    }

    /// The schedulers of several parameter groups.
    ///
    /// # Errors
    /// The first argument out of its range, or a list that has not one entry for each group.
    pub fn build_groups(&self, groups: usize) -> Result<Vec<Scheduler>, ScheduleError> {
        (0..groups).map(|group| self.group(group, groups)).collect()
    }

    fn group(&self, group: usize, groups: usize) -> Result<Scheduler, ScheduleError> {
        let lr_max = self.lr_max.of("lr_max", group, groups)?;
        let restarts = self.restarts()?;
        restarts.peak(lr_max).map_err(|error| error.at("lr_max"))
    }

    fn restarts(&self) -> Result<Restarts, ScheduleError> {
        check::length("n_cycles", self.n_cycles)?;
        check::length("cycle_len", self.cycle_len)?;
        check::updates("cycle_mult", self.cycle_mult)?;
        if self.cycle_mult < 2 {
            let allowed = "must be at least 2";
            return Err(ScheduleError::new("cycle_mult", self.cycle_mult, allowed));
        }
        let (mut epochs, mut cycle, mut cycles) = (0_u64, self.cycle_len, Vec::new());
        for _ in 0..self.n_cycles {
            epochs = epochs.saturating_add(cycle);
            // From here on the sum stays too large, however many cycles there are.
            if epochs == u64::MAX {
                break;
            }
            cycles.push(cycle);
            cycle = cycle.saturating_mul(self.cycle_mult);
        }
        let length = total(epochs, self.n_iter).map_err(|error| match error.field() {
            "n_epoch" => ScheduleError::new("n_cycles", self.n_cycles, error.allowed()),
            _ => error,
        })?;
        let begins = cycles.iter().scan(0.0, |sum, cycle| {
            let begin = *sum;
            *sum += *cycle as f64 / epochs as f64;
            Some(begin)
        });
        let mut begins: Vec<f64> = begins.collect();
        begins.push(1.0);
        Ok(Restarts { length, begins })
    }
}

/// Cosines to 0, one after another.
#[derive(Clone, Debug)]
struct Restarts {
    length: u64,
    /// The shares of the length at which the cycles begin, and 1.
    begins: Vec<f64>,
}

impl Schedule for Restarts {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        let passed = time.max(0.0) / self.length as f64;
        let next = self.begins.partition_point(|begin| *begin <= passed);
        let Some(end) = self.begins.get(next) else {
            return 0.0;
        };
        let begin = self.begins[next.saturating_sub(1)];
        let share = (passed - begin) / (end - begin);
        half_cosine(share)
    }

    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("sgdr.length", self.length)
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("fit_sgdr").count(self.length);
        let begins = self.begins.iter().copied();
        begins.fold(start, Fingerprint::number).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::CosineRestarts;

    #[test]
    fn cycles_grow_by_the_multiplier() {
        let peer = FitSgdr {
            cycle_mult: 3,
            ..FitSgdr::new(3, 2, 5, 0.5)
        };
        let exact = CosineRestarts::new(10).multiplier(3.0).cycles(3);
        let rate = peer.build().unwrap();
        assert_eq!(rate.schedule().length(), Some(130));
        for update in 0..140 {
            let difference = rate.rate_at(update) - 0.5 * exact.factor(update);
            assert!(difference.abs() < 1e-14, "update {update}");
        }
    }

    #[test]
    fn every_group_has_its_own_rate() {
        let groups = FitSgdr::new(2, 1, 2, vec![1.0, 0.5]).build_groups(2);
        let rates = groups.unwrap().iter().map(|rate| rate.rate_at(1)).collect();
        assert_eq!(Vec::<f64>::from_iter::<Vec<f64>>(rates), [0.5, 0.25]);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let path = |change: fn(&mut FitSgdr)| {
            let mut peer = FitSgdr::new(2, 1, 2, 1.0);
            change(&mut peer);
            peer.build().unwrap_err().path().to_owned()
        };
        assert_eq!(path(|peer| peer.n_cycles = 0), "n_cycles");
        assert_eq!(path(|peer| peer.cycle_len = 0), "cycle_len");
        assert_eq!(path(|peer| peer.cycle_mult = 1), "cycle_mult");
        assert_eq!(path(|peer| peer.n_iter = 0), "n_iter");
        assert_eq!(path(|peer| peer.n_cycles = 1 << 53), "n_cycles");
        assert_eq!(path(|peer| peer.n_cycles = 60), "n_cycles");
        assert_eq!(path(|peer| peer.lr_max = 0.0.into()), "lr_max");
        assert!(FitSgdr::new(52, 1, 2, 1.0).build().is_ok());
    }

    #[test]
    fn every_number_is_in_the_fingerprint() {
        let print = |peer: FitSgdr| peer.build().unwrap().state().fingerprint;
        let prints = [
            print(FitSgdr::new(2, 1, 2, 1.0)),
            print(FitSgdr::new(2, 1, 3, 1.0)),
            print(FitSgdr::new(1, 3, 2, 1.0)),
        ];
        for (index, one) in prints.iter().enumerate() {
            assert!(!prints[..index].contains(one));
        }
    }
}
