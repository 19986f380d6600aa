//! PyTorch's `SequentialLR`.

use std::sync::Arc;

use super::child::Child;
use super::link::{Entry, Group, Link, Rule, Stage};
use crate::{Compose, Schedule, ScheduleError, Scheduler, Sequence, SwaAnneal, check};

/// `torch.optim.lr_scheduler.SequentialLR` of PyTorch 2.15: our [`Sequence`].
///
/// As there, of two milestones at one update the child in between is skipped;
/// [`MultiplicativeLR`](super::MultiplicativeLR) and [`SWALR`](super::SWALR) go on from the rate that they find;
/// [`OneCycleLR`](super::OneCycleLR) changes the base rate of the children beside it; and only the first may itself
/// consist of others, whose milestones are then one update early.
///
/// ```
/// use schedules::compat::torch::{ExponentialLR, LinearLR, SequentialLR};
///
/// let warmup = LinearLR { start_factor: 0.25, total_iters: 3, ..Default::default() };
/// let schedulers = vec![warmup.into(), ExponentialLR { gamma: 0.5 }.into()];
/// let rate = SequentialLR { schedulers, milestones: vec![3] }.build(1.0)?;
/// assert_eq!(rate.rates(0..6), [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct SequentialLR {
    /// The schedulers, in the order of their construction.
    pub schedulers: Vec<Child>,
    /// The updates at which the second begins, and each after it.
    pub milestones: Vec<u64>,
}

impl SequentialLR {
    /// The scheduler of a parameter group with this base rate.
    ///
    /// # Errors
    /// The first argument out of its range.
    pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
        let group = Group::only(base_lr);
        group.build(self.link(group, 0))
    }

    /// The schedulers of several parameter groups.
    ///
    /// # Errors
    /// The first argument out of its range, or a list that has not one entry for each group.
    pub fn build_groups(&self, base_lrs: &[f64]) -> Result<Vec<Scheduler>, ScheduleError> {
        Group::each(base_lrs, |group| group.build(self.link(group, 0)))
    }

    fn check(&self) -> Result<(), ScheduleError> {
        let (milestones, children) = (&self.milestones, &self.schedulers);
        if milestones.len() + 1 != children.len() {
            let allowed = format!(
                "must have one entry less than `schedulers`, which has {}",
                children.len()
            );
            return Err(ScheduleError::new("milestones", milestones, allowed));
        }
        let mut before = 0;
        for (index, milestone) in milestones.iter().enumerate() {
            let path = format!("milestones[{index}]");
            check::updates(&path, *milestone)?;
            if *milestone < before {
                let allowed = format!("must not be before update {before}");
                return Err(ScheduleError::new(path, milestone, allowed));
            }
            before = *milestone;
        }
        for (index, child) in children.iter().enumerate().skip(1) {
            if child.is_composed() {
                let path = format!("schedulers[{index}]");
                let allowed = "consists of other schedulers, which in PyTorch only the first may";
                return Err(ScheduleError::missing(path, allowed));
            }
        }
        Ok(())
    }

    /// `nested` counts the sequences that it is the first of. Each has made it count one update more.
    pub(super) fn link(&self, group: Group, nested: u64) -> Result<Link, ScheduleError> {
        self.check()?;
        let deeper = |index| if index == 0 { nested + 1 } else { 0 };
        let (all, initial) = Child::all_links(&self.schedulers, group, deeper)?;
        let mut starts = vec![0];
        for (index, milestone) in self.milestones.iter().enumerate() {
            starts.push(milestone.checked_sub(nested).ok_or_else(|| {
                let allowed = format!("must be at least {nested}, inside another sequence");
                ScheduleError::new(format!("milestones[{index}]"), milestone, allowed)
            })?);
        }
        let mut sequence: Option<Sequence> = None;
        let mut stages = Vec::new();
        for (index, mut links) in all.into_iter().enumerate() {
            let start = starts[index];
            if starts.get(index + 1).is_some_and(|next| *next == start) {
                continue;
            }
            let below = |error: ScheduleError| error.below(&format!("schedulers[{index}]"));
            let composed = self.schedulers[index].is_composed();
            let (schedule, sets) = if index == 0 {
                if let [link, ..] = links.as_mut_slice() {
                    // It multiplies the initial rate, which the constructor of a later child may have changed.
                    link.start *= initial;
                    if nested > 0 && !composed {
                        link.start *= link.again;
                    }
                }
                (Link::joined(links.clone()).map_err(below)?, nested == 0)
            } else {
                let found = match (&sequence, start.checked_sub(1)) {
                    (Some(before), Some(last)) => before.factor(last),
                    _ => initial,
                };
                let again = start > 0 || nested > 0;
                behind(&links[0], found, again).map_err(below)?
            };
            stages.push(Stage {
                start,
                rule: match links.as_slice() {
                    [link] if !composed => link.rule.clone(),
                    _ => Rule::Moves,
                },
                sets,
            });
            sequence = Some(match sequence {
                Some(before) => before.then(start, schedule),
                None => Sequence::new(schedule),
            });
        }
        let sequence = sequence
            .ok_or_else(|| ScheduleError::missing("schedulers", "must have at least one entry"))?;
        Ok(Link::new(sequence, Rule::Stages(stages)))
    }
}

/// A child from its milestone on, where it finds a rate, and whether it sets the rate there.
fn behind(
    link: &Link,
    found: f64,
    again: bool,
) -> Result<(Arc<dyn Schedule>, bool), ScheduleError> {
    match &link.entry {
        Entry::Anew => Ok((link.schedule.clone(), true)),
        Entry::Continues => {
            let excess = if again { link.again } else { 1.0 };
            let schedule = link.schedule.clone().scale(found * excess);
            Ok((Arc::new(schedule), false))
        }
        Entry::Anneals {
            end,
            length,
            interpolation,
        } => {
            let way = SwaAnneal::new(*length, *end).start(found);
            let way = way.interpolation(*interpolation);
            Ok((Arc::new(way), false))
        }
        Entry::Refused(error) => Err(error.clone()),
    }
}
