//! PyTorch's `ChainedScheduler`.

use super::child::Child;
use super::link::{Group, Link};
use crate::{ScheduleError, Scheduler};

/// `torch.optim.lr_scheduler.ChainedScheduler` of PyTorch 2.15: schedulers that step together.
///
/// Most multiply the rate that they find, and then it is their [`Product`](crate::Product). Some set it, whatever the
/// others have done: [`LambdaLR`](super::LambdaLR), [`CosineAnnealingWarmRestarts`](super::CosineAnnealingWarmRestarts),
/// [`CyclicLR`](super::CyclicLR) and [`OneCycleLR`](super::OneCycleLR) at every update,
/// [`CosineAnnealingLR`](super::CosineAnnealingLR) when it climbs again, and [`SequentialLR`](super::SequentialLR) at
/// its milestones. What the others had multiplied by then is lost, as there.
///
/// A [`CosineAnnealingLR`](super::CosineAnnealingLR) with an `eta_min` above 0, [`SWALR`](super::SWALR), and one that
/// adds to a rate that another has set are refused: what PyTorch makes of them has no closed form.
///
/// ```
/// use schedules::compat::torch::{ChainedScheduler, ConstantLR, ExponentialLR};
///
/// let hold = ConstantLR { factor: 0.5, total_iters: 2 };
/// let peer = ChainedScheduler { schedulers: vec![hold.into(), ExponentialLR { gamma: 0.5 }.into()] };
/// assert_eq!(peer.build(1.0)?.rates(0..4), [0.5, 0.25, 0.25, 0.125]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct ChainedScheduler {
    /// The schedulers, in the order of their construction.
    pub schedulers: Vec<Child>,
}

impl ChainedScheduler {
    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range, or a combination without a closed form.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        self.scheduler(Group::only(base_lr))
    }

    /// The schedulers of several parameter groups.
    ///
    /// # Errors
    /// The first argument out of its range, a list that has not one entry for each group, or a combination without a
    /// closed form.
    pub fn build_groups(&self, base_lrs: &[f64]) -> Result<Vec<Scheduler>, ScheduleError> {
        Group::each(base_lrs, |group| self.scheduler(group))
    }

    fn scheduler(&self, group: Group) -> Result<Scheduler, ScheduleError> {
        let joined = self.links(group, 0).and_then(Link::joined);
        group.build_from(joined)
    }

    pub(super) fn links(&self, group: Group, nested: u64) -> Result<Vec<Link>, ScheduleError> {
        let (all, _) = Child::all_links(&self.schedulers, group, |_| nested)?;
        let children = self.schedulers.iter().zip(all);
        let links = children.flat_map(|(child, mut links)| {
            // The sequence around it has made it step to update 0, which is no longer the constructor's step.
            if nested > 0 && !child.is_composed() {
                links.iter_mut().for_each(|link| link.start *= link.again);
            }
            links
        });
        Ok(links.collect())
    }
}
