//! fastai's `fit_flat_cos`.

use super::one_cycle::total;
use crate::compat::PerGroup;
use crate::{Compose, FlatCosine, ScheduleError, Scheduler, check};

/// `Learner.fit_flat_cos` of fastai 2.8; see [`FlatCosine`].
///
/// `pct_start` of the run at `lr`, and then a cosine to `lr / div_final`, of which the last update falls short by one.
///
/// ```
/// use schedules::compat::fastai::FitFlatCos;
///
/// let peer = FitFlatCos { div_final: 2.0, ..FitFlatCos::new(2, 4, 1.0) };
/// assert_eq!(peer.build()?.rates(5..9), [1.0, 1.0, 0.75, 0.5]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct FitFlatCos {
    /// The number of epochs.
    pub n_epoch: u64,
    /// The number of updates in each: the length of fastai's `dls.train`.
    pub n_iter: u64,
    /// The first learning rate.
    pub lr: PerGroup,
    /// What it is divided by in the end, at least 1; default 1e5.
    #[cfg_attr(feature = "serde", serde(default = "div_final"))]
    pub div_final: f64,
    /// The share of the time for which it holds; default 0.75.
    #[cfg_attr(feature = "serde", serde(default = "pct_start"))]
    pub pct_start: f64,
}

fn div_final() -> f64 {
    1e5
}

fn pct_start() -> f64 {
    0.75
}

impl FitFlatCos {
    /// The schedule of fastai with these arguments; the others have their defaults.
    pub fn new(n_epoch: u64, n_iter: u64, lr: impl Into<PerGroup>) -> Self {
        Self {
            n_epoch,
            n_iter,
            lr: lr.into(),
            div_final: div_final(),
            pct_start: pct_start(),
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
        let lr = self.lr.of("lr", group, groups)?;
        let length = total(self.n_epoch, self.n_iter)?;
        check::between("div_final", self.div_final, 1.0..=f64::MAX)?;
        check::share("pct_start", self.pct_start)?;
        FlatCosine::new(length)
            .flat(self.pct_start)
            .floor(self.div_final.recip())
            .peak(lr)
            .map_err(|error| error.at("lr"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn every_group_has_its_own_rate() {
        let peer = FitFlatCos::new(1, 4, vec![1.0, 0.5]);
        let ends: Vec<f64> = peer
            .build_groups(2)
            .unwrap()
            .iter()
            .map(|rate| rate.rate_at(4))
            .collect();
        assert_eq!(ends, [1e-5, 0.5e-5]);
        let text = "lr = [1.0, 0.5]: must have one entry for each of the 1 groups";
        assert_eq!(peer.build().unwrap_err().to_string(), text);
    }

    #[test]
    fn an_error_names_the_peers_argument() {
        let error = |peer: FitFlatCos| peer.build().unwrap_err();
        let default = || FitFlatCos::new(2, 4, 1.0);
        assert_eq!(error(FitFlatCos::new(2, 4, 0.0)).path(), "lr");
        let div_final = 0.5;
        assert_eq!(
            error(FitFlatCos {
                div_final,
                ..default()
            })
            .path(),
            "div_final"
        );
        let pct_start = 1.5;
        assert_eq!(
            error(FitFlatCos {
                pct_start,
                ..default()
            })
            .path(),
            "pct_start"
        );
        assert_eq!(error(FitFlatCos::new(0, 4, 1.0)).path(), "n_epoch");
        assert_eq!(error(FitFlatCos::new(2, 0, 1.0)).path(), "n_iter");
        let text =
            "n_epoch = 9007199254740992: must be at most 9007199254740992 (2^53) updates in all";
        assert_eq!(error(FitFlatCos::new(1 << 53, 2, 1.0)).to_string(), text);
        assert!(FitFlatCos::new(1 << 52, 2, 1.0).build().is_ok());
    }
}
