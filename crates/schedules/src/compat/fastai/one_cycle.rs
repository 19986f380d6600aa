//! fastai's `fit_one_cycle`.

use crate::compat::PerGroup;
use crate::curve::half_cosine;
use crate::{
    Compose, Fingerprint, MAX_FACTOR, MAX_UPDATE, Schedule, ScheduleError, Scheduler, check,
};

/// `Learner.fit_one_cycle` of fastai 2.8, with its momentum.
///
/// ```text
/// lr         lr_max / div → lr_max → lr_max / div_final    at the times 0, pct_start · total, total
/// momentum   moms[0] → moms[1] → moms[2]                   total = n_epoch · n_iter
/// ```
///
/// Half a period of a cosine leads from one to the next. The last update falls short of the end by one. PyTorch's
/// [`OneCycle`](crate::OneCycle) has its knots an update earlier.
///
/// ```
/// use schedules::compat::fastai::FitOneCycle;
///
/// let peer = FitOneCycle { div: 2.0, ..FitOneCycle::new(2, 4, 1.0) };
/// let rate = peer.build()?;
/// assert_eq!(rate.rates(0..3), [0.5, 0.75, 1.0]);
/// assert_eq!([0, 2, 8].map(|update| rate.momentum_at(update)), [Some(0.95), Some(0.85), Some(0.95)]);
/// assert_eq!(rate.rate_at(8), 1e-5);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct FitOneCycle {
    /// The number of epochs.
    pub n_epoch: u64,
    /// The number of updates in each: the length of fastai's `dls.train`.
    pub n_iter: u64,
    /// The highest learning rate.
    pub lr_max: PerGroup,
    /// What it is divided by at first; default 25.
    #[cfg_attr(feature = "serde", serde(default = "div"))]
    pub div: f64,
    /// What it is divided by in the end; default 1e5.
    #[cfg_attr(feature = "serde", serde(default = "div_final"))]
    pub div_final: f64,
    /// The share of the time up to the highest rate; default 0.25.
    #[cfg_attr(feature = "serde", serde(default = "pct_start"))]
    pub pct_start: f64,
    /// The momentum at first, at the highest rate and in the end; default 0.95, 0.85, 0.95.
    #[cfg_attr(feature = "serde", serde(default = "moms"))]
    pub moms: [f64; 3],
}

fn div() -> f64 {
    25.0
}

fn div_final() -> f64 {
    1e5
}

fn pct_start() -> f64 {
    0.25
}

fn moms() -> [f64; 3] {
    [0.95, 0.85, 0.95]
}

impl FitOneCycle {
    /// The schedule of fastai with these arguments; the others have their defaults.
    pub fn new(n_epoch: u64, n_iter: u64, lr_max: impl Into<PerGroup>) -> Self {
        Self {
            n_epoch,
            n_iter,
            lr_max: lr_max.into(),
            div: div(),
            div_final: div_final(),
            pct_start: pct_start(),
            moms: moms(),
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
        let length = total(self.n_epoch, self.n_iter)?;
        divisor("div", self.div)?;
        divisor("div_final", self.div_final)?;
        let cycle = Combined {
            length,
            share: self.pct_start,
            factors: [self.div.recip(), 1.0, self.div_final.recip()],
            momenta: self.moms,
        };
        cycle.check()?;
        cycle.peak(lr_max).map_err(|error| error.at("lr_max"))
    }
}

/// A divisor whose inverse is a ratio.
fn divisor(path: &str, value: f64) -> Result<(), ScheduleError> {
    check::between(path, value, MAX_FACTOR.recip()..=f64::MAX)
}

/// The updates of all epochs.
pub(super) fn total(n_epoch: u64, n_iter: u64) -> Result<u64, ScheduleError> {
    check::length("n_epoch", n_epoch)?;
    check::length("n_iter", n_iter)?;
    let total = n_epoch.checked_mul(n_iter);
    total.filter(|total| *total <= MAX_UPDATE).ok_or_else(|| {
        let allowed = format!("must be at most {MAX_UPDATE} (2^53) updates in all");
        ScheduleError::new("n_epoch", n_epoch, allowed)
    })
}

/// fastai's `combined_cos`, once for the rate and once for the momentum.
#[derive(Clone, Copy, Debug)]
struct Combined {
    length: u64,
    share: f64,
    factors: [f64; 3],
    momenta: [f64; 3],
}

impl Combined {
    fn at(&self, time: f64, values: [f64; 3]) -> f64 {
        let passed = time.max(0.0) / self.length as f64;
        let [first, middle, last] = values;
        // Also where an unchecked length is 0, and nothing is a number.
        if passed >= 1.0 || passed.is_nan() {
            return last;
        }
        let (from, to, left) = if passed < self.share {
            (first, middle, 1.0 - passed / self.share)
        } else {
            (middle, last, (1.0 - passed) / (1.0 - self.share))
        };
        let cosine = half_cosine(left);
        from * (1.0 - cosine) + to * cosine
    }
}

impl Schedule for Combined {
    fn factor(&self, update: u64) -> f64 {
        self.factor_at(update as f64)
    }

    fn factor_at(&self, time: f64) -> f64 {
        self.at(time, self.factors)
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        Some(self.at(update as f64, self.momenta))
    }

    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        check::length("total", self.length)?;
        check::share("pct_start", self.share)?;
        for factor in self.factors {
            check::ratio("div", factor)?;
        }
        for (index, momentum) in self.momenta.into_iter().enumerate() {
            check::share(&format!("moms[{index}]"), momentum)?;
        }
        Ok(())
    }

    fn fingerprint(&self) -> u64 {
        let start = Fingerprint::of("combined_cos")
            .count(self.length)
            .number(self.share);
        let numbers = self.factors.into_iter().chain(self.momenta);
        numbers.fold(start, Fingerprint::number).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn the_way_may_be_all_rise_or_all_fall() {
        let rates = |pct_start| {
            let peer = FitOneCycle {
                div: 2.0,
                div_final: 4.0,
                pct_start,
                ..FitOneCycle::new(2, 1, 1.0)
            };
            peer.build().unwrap().rates(0..4)
        };
        assert_eq!(rates(0.0), [1.0, 0.625, 0.25, 0.25]);
        assert_eq!(rates(0.5), [0.5, 1.0, 0.25, 0.25]);
        assert_eq!(rates(1.0), [0.5, 0.75, 0.25, 0.25]);
    }

    #[test]
    fn every_momentum_is_reached() {
        let peer = FitOneCycle {
            moms: [0.9, 0.5, 0.7],
            ..FitOneCycle::new(1, 4, 1.0)
        };
        let rate = peer.build().unwrap();
        for (update, expected) in [(0, 0.9), (1, 0.5), (4, 0.7), (9, 0.7)] {
            assert_eq!(rate.momentum_at(update), Some(expected));
        }
    }

    #[test]
    fn a_peak_may_lie_between_two_updates() {
        let peer = FitOneCycle {
            div: 2.0,
            div_final: 2.0,
            pct_start: 0.5,
            ..FitOneCycle::new(1, 3, 1.0)
        };
        // Two thirds of the rise: ¾ of its way.
        let rates = peer.build().unwrap().rates(0..3);
        for (found, expected) in rates.iter().zip([0.5, 0.875, 0.875]) {
            assert!((found - expected).abs() < 1e-15, "{rates:?}");
        }
    }

    #[test]
    fn every_group_has_its_own_rate() {
        let peer = FitOneCycle::new(1, 4, vec![1.0, 0.5]);
        let peaks: Vec<f64> = peer
            .build_groups(2)
            .unwrap()
            .iter()
            .map(|rate| rate.rate_at(1))
            .collect();
        assert_eq!(peaks, [1.0, 0.5]);
        assert_eq!(peer.build_groups(3).unwrap_err().path(), "lr_max");
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let path = |change: fn(&mut FitOneCycle)| {
            let mut peer = FitOneCycle::new(1, 4, 1.0);
            change(&mut peer);
            peer.build().unwrap_err().path().to_owned()
        };
        assert_eq!(path(|peer| peer.div = 0.0), "div");
        assert_eq!(path(|peer| peer.div_final = f64::INFINITY), "div_final");
        assert_eq!(path(|peer| peer.pct_start = 1.1), "pct_start");
        assert_eq!(path(|peer| peer.moms[1] = -0.1), "moms[1]");
        assert_eq!(path(|peer| peer.n_iter = 0), "n_iter");
        assert_eq!(path(|peer| peer.lr_max = 0.0.into()), "lr_max");
    }

    #[test]
    fn every_number_is_in_the_fingerprint() {
        let print = |change: fn(&mut FitOneCycle)| {
            let mut peer = FitOneCycle::new(1, 4, 1.0);
            change(&mut peer);
            peer.build().unwrap().state().fingerprint
        };
        let prints = [
            print(|_| ()),
            print(|peer| peer.div = 2.0),
            print(|peer| peer.div_final = 2.0),
            print(|peer| peer.pct_start = 0.5),
            print(|peer| peer.moms[0] = 0.5),
            print(|peer| peer.moms[2] = 0.5),
            print(|peer| peer.n_iter = 5),
        ];
        for (index, one) in prints.iter().enumerate() {
            assert!(!prints[..index].contains(one));
        }
    }
}
