//! PyTorch's `SWALR`.

use std::sync::Arc;

use super::child::Child;
use super::link::{Entry, Group, Link, Obstacle, Rule};
use super::one_cycle::AnnealStrategy;
use super::recurrence::Recurrence;
use crate::compat::PerGroup;
use crate::{Curve, MAX_PEAK, ScheduleError, Scheduler, Sequence, SwaAnneal, check};

/// `torch.optim.swa_utils.SWALR` of PyTorch 2.15: our [`SwaAnneal`].
///
/// ```
/// use schedules::compat::torch::{ExponentialLR, SWALR};
///
/// let swa = SWALR { anneal_epochs: 2, ..SWALR::new(0.5) };
/// assert_eq!(swa.build(1.0)?.rates(0..4), [1.0, 0.75, 0.5, 0.5]);
///
/// let rate = swa.build_after(&ExponentialLR { gamma: 0.25 }.into(), 0, 1.0)?;
/// assert_eq!(rate.rates(0..5), [1.0, 0.25, 0.375, 0.5, 0.5]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct SWALR {
    /// The rate at which weights are averaged.
    pub swa_lr: PerGroup,
    /// The number of updates on the way; default 10. With 0 it is there at once.
    #[cfg_attr(feature = "serde", serde(default = "anneal_epochs"))]
    pub anneal_epochs: u64,
    /// The curve of the way; default a cosine.
    #[cfg_attr(feature = "serde", serde(default))]
    pub anneal_strategy: AnnealStrategy,
}

fn anneal_epochs() -> u64 {
    10
}

impl SWALR {
    /// With the defaults of the other arguments.
    pub fn new(swa_lr: impl Into<PerGroup>) -> Self {
        Self {
            swa_lr: swa_lr.into(),
            anneal_epochs: anneal_epochs(),
            anneal_strategy: AnnealStrategy::default(),
        }
    }

    /// The scheduler of a parameter group with this base rate, from the first update on.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        let group = Group::only(base_lr);
        group.build(self.link(group))
    }

    /// The schedulers of several parameter groups.
    ///
    /// # Errors
    /// The first argument out of its range, or a list that has not one entry for each group.
    pub fn build_groups(&self, base_lrs: &[f64]) -> Result<Vec<Scheduler>, ScheduleError> {
        Group::each(base_lrs, |group| group.build(self.link(group)))
    }

    /// The scheduler of a training loop that goes over to this one, as PyTorch's documentation has it.
    ///
    /// Both are constructed in front, `first` before this. After an update up to `swa_start`, counted from 0, `first`
    /// steps, and after the others this. With no `anneal_epochs`, `first` sets out from `swa_lr`, as there.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build_after(
        &self,
        first: &Child,
        swa_start: u64,
        base_lr: f64,
    ) -> Result<Scheduler, ScheduleError> {
        self.after(first, swa_start, Group::only(base_lr))
    }

    /// The same for several parameter groups.
    ///
    /// # Errors
    /// The first argument out of its range, or a list that has not one entry for each group.
    pub fn build_groups_after(
        &self,
        first: &Child,
        swa_start: u64,
        base_lrs: &[f64],
    ) -> Result<Vec<Scheduler>, ScheduleError> {
        Group::each(base_lrs, |group| self.after(first, swa_start, group))
    }

    fn after(
        &self,
        first: &Child,
        swa_start: u64,
        group: Group,
    ) -> Result<Scheduler, ScheduleError> {
        check::positive("base_lr", group.base_lr, MAX_PEAK)?;
        check::updates("swa_start", swa_start)?;
        let way = self.way(group)?;
        let ratio = self.ratio(group)?;
        let closed = first.links(group, 0).and_then(|mut links| {
            if let (0, [link, ..]) = (self.anneal_epochs, links.as_mut_slice()) {
                link.start *= ratio;
            }
            Link::joined(links)
        });
        let before = match closed {
            Ok(before) => before,
            Err(Obstacle::Wrong(error)) => return Err(error.below("first")),
            Err(Obstacle::Steps) => {
                let then = Some((swa_start, &self.clone().into()));
                return Recurrence::scheduler(first, then, group);
            }
        };
        // The last step of `first` leads to this update, from which the way sets out.
        let last = swa_start + 1;
        let start = if self.anneal_epochs == 0 {
            last + 1
        } else {
            last
        };
        let way = way.start(before.factor(last));
        let both = Sequence::new(before).then(start, way);
        Scheduler::new(Arc::new(both), group.base_lr)
    }

    /// `swa_lr` as a ratio of the group's base rate.
    fn ratio(&self, group: Group) -> Result<f64, ScheduleError> {
        let rate = self.swa_lr.of("swa_lr", group.index, group.count)?;
        check::between("swa_lr", rate, 0.0..=MAX_PEAK)?;
        Ok(rate / group.base_lr)
    }

    fn interpolation(&self) -> Curve {
        match self.anneal_strategy {
            AnnealStrategy::Cos => Curve::Cosine,
            AnnealStrategy::Linear => Curve::Linear,
        }
    }

    fn way(&self, group: Group) -> Result<SwaAnneal, ScheduleError> {
        let way = SwaAnneal::new(self.anneal_epochs, self.ratio(group)?);
        Ok(way.interpolation(self.interpolation()))
    }

    pub(super) fn link(&self, group: Group) -> Result<Link, ScheduleError> {
        let entry = Entry::Anneals {
            end: self.ratio(group)?,
            length: self.anneal_epochs,
            interpolation: self.interpolation(),
        };
        Link::new(self.way(group)?, Rule::Moves)
            .entry(entry)
            .named(&[("length", "anneal_epochs"), ("end", "swa_lr")])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::compat::torch::{ExponentialLR, Function, LambdaLR};

    fn swa(anneal_epochs: u64) -> SWALR {
        let anneal_strategy = AnnealStrategy::Linear;
        SWALR {
            anneal_epochs,
            anneal_strategy,
            ..SWALR::new(0.5)
        }
    }

    #[test]
    fn its_constructor_is_already_there_without_a_way() {
        assert_eq!(swa(0).build(1.0).unwrap().rates(0..3), [0.5; 3]);
        let halves: Child = ExponentialLR { gamma: 0.5 }.into();
        let rate = swa(0).build_after(&halves, 1, 1.0).unwrap();
        assert_eq!(rate.rates(0..5), [0.5, 0.25, 0.125, 0.5, 0.5]);
        let one: Child = LambdaLR::new(Function::new("one", |_| 1.0)).into();
        let rate = swa(4).build_after(&one, 1, 1.0).unwrap();
        assert_eq!(rate.rates(0..5), [1.0, 1.0, 1.0, 0.875, 0.75]);
    }

    #[test]
    fn groups_have_rates_of_their_own() {
        let swa_lr = PerGroup::Each(vec![0.5, 0.25]);
        let peer = SWALR { swa_lr, ..swa(2) };
        let rates = peer.build_groups(&[1.0, 0.75]).unwrap();
        assert_eq!(rates[1].rates(0..3), [0.75, 0.5, 0.25]);
        let halves: Child = ExponentialLR { gamma: 0.5 }.into();
        let rates = peer.build_groups_after(&halves, 0, &[1.0, 0.5]).unwrap();
        assert_eq!(rates[0].rates(0..3), [1.0, 0.5, 0.5]);
        assert_eq!(rates[1].rates(0..3), [0.5, 0.25, 0.25]);
        assert_eq!(peer.build(1.0).unwrap_err().path(), "swa_lr");
        let error = SWALR::new(-1.0).build(1.0).unwrap_err();
        assert_eq!(error.path(), "swa_lr");
    }
}
