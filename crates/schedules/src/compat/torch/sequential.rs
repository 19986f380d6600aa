//! PyTorch's `SequentialLR`.

use std::sync::Arc;

use super::child::Child;
use super::held::Held;
use super::link::{Entry, Group, Link, Obstacle, Rule, Stage};
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
        self.scheduler(Group::only(base_lr))
    }

    /// The schedulers of several parameter groups.
    ///
    /// # Errors
    /// The first argument out of its range, or a list that has not one entry for each group.
    pub fn build_groups(&self, base_lrs: &[f64]) -> Result<Vec<Scheduler>, ScheduleError> {
        Group::each(base_lrs, |group| self.scheduler(group))
    }

    fn scheduler(&self, group: Group) -> Result<Scheduler, ScheduleError> {
        let closed = self.link(group, 0).map(|link| link.schedule);
        group.build_from(closed, || self.clone().into())
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
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
    pub(super) fn link(&self, group: Group, nested: u64) -> Result<Link, Obstacle> {
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
            let part = format!("schedulers[{index}]");
            let composed = self.schedulers[index].is_composed();
            let (schedule, sets) = if index == 0 {
                if let [link, ..] = links.as_mut_slice() {
                    // It multiplies the initial rate, which the constructor of a later child may have changed.
                    link.start *= initial;
                    if nested > 0 && !composed {
                        link.start *= link.again;
                    }
                }
                (
                    Link::joined(links.clone()).map_err(|obstacle| obstacle.below(&part))?,
                    nested == 0,
                )
            } else {
                let found = match (&sequence, start.checked_sub(1)) {
                    (Some(before), Some(last)) => before.factor(last),
                    _ => initial,
                };
                let again = start > 0 || nested > 0;
                behind(&links[0], found, again).map_err(|error| error.below(&part))?
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
        let held = Held::new(sequence.clone(), &stages);
        Ok(if held.moves() {
            Link::new(held, Rule::Stages(stages))
        } else {
            Link::new(sequence, Rule::Stages(stages))
        })
    }
}

/// A child from its milestone on, where it finds a rate, and whether it sets the rate there.
fn behind(
    link: &Link,
    found: f64,
    again: bool,
) -> Result<(Arc<dyn Schedule>, bool), ScheduleError> {
    match &link.entry {
        Entry::Anew if link.base == 1.0 => Ok((link.schedule.clone(), true)),
        Entry::Anew => {
            let schedule = link.schedule.clone().scale(link.base);
            Ok((Arc::new(schedule), true))
        }
        Entry::Other(schedule) => {
            let schedule = schedule.clone().scale(link.base);
            Ok((Arc::new(schedule), true))
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::compat::torch::{
        ChainedScheduler, ConstantLR, ExponentialLR, Function, LinearLR, MultiplicativeLR,
        OneCycleLR, SWALR,
    };

    fn sequence(schedulers: impl Into<Vec<Child>>, milestones: &[u64]) -> SequentialLR {
        SequentialLR {
            schedulers: schedulers.into(),
            milestones: milestones.to_vec(),
        }
    }

    fn hold(factor: f64) -> Child {
        let total_iters = 99;
        ConstantLR {
            factor,
            total_iters,
        }
        .into()
    }

    fn halves() -> Child {
        ExponentialLR { gamma: 0.5 }.into()
    }

    fn rates<const N: usize>(peer: &SequentialLR) -> [f64; N] {
        let rate = peer.build(1.0).unwrap();
        std::array::from_fn(|update| rate.rate_at(update as u64))
    }

    #[test]
    fn of_two_milestones_at_one_update_the_later_counts() {
        let peer = sequence([hold(0.5), hold(0.25), halves()], &[2, 2]);
        assert_eq!(rates(&peer), [0.5, 0.5, 1.0, 0.5]);
        let peer = sequence([hold(0.5), halves()], &[0]);
        assert_eq!(rates(&peer), [1.0, 0.5, 0.25]);
    }

    #[test]
    fn some_go_on_from_the_rate_that_they_find() {
        let ramp = Function::new("ramp", |update| 1.0 + update);
        let peer = sequence([hold(0.5), MultiplicativeLR::new(ramp).into()], &[2]);
        assert_eq!(rates(&peer), [0.5, 0.5, 0.5, 1.0, 3.0]);
        let swa = SWALR {
            anneal_epochs: 2,
            ..SWALR::new(1.0)
        };
        let peer = sequence([hold(0.5), swa.into()], &[2]);
        assert_eq!(rates(&peer), [0.5, 0.5, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn a_one_cycle_changes_the_base_rate_of_all_but_those_that_know_theirs() {
        let total_steps = Some(9);
        let cycle = OneCycleLR {
            total_steps,
            div_factor: 4.0,
            ..OneCycleLR::new(0.5)
        };
        let peer = sequence([hold(0.5), cycle.into(), halves()], &[2, 4]);
        let found: [f64; 6] = rates(&peer);
        assert_eq!(found[..3], [0.0625, 0.0625, 0.125]);
        assert_eq!(found[4..], [0.125, 0.0625]);
    }

    #[test]
    fn an_inner_milestone_is_early_and_a_first_step_is_made_twice() {
        let inner = sequence([hold(0.5), halves()], &[3]);
        let peer = sequence([inner.clone().into(), hold(0.25)], &[5]);
        assert_eq!(rates(&peer), [0.5, 0.5, 1.0, 0.5, 0.25, 0.25]);
        let deeper = sequence([peer.clone().into(), hold(0.125)], &[7]);
        assert_eq!(
            rates(&deeper),
            [0.5, 1.0, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125]
        );
        let schedulers = vec![halves(), hold(1.0)];
        let chained = ChainedScheduler { schedulers };
        let peer = sequence([chained.into(), hold(0.25)], &[2]);
        assert_eq!(rates(&peer), [0.5, 0.25, 0.25]);
        let early = sequence([sequence([hold(0.5), halves()], &[0]).into()], &[]);
        assert_eq!(
            early.build(1.0).unwrap_err().to_string(),
            "schedulers[0].milestones[0] = 0: must be at least 1, inside another sequence"
        );
    }

    #[test]
    fn errors_name_the_part() {
        let text = |peer: SequentialLR| peer.build(1.0).unwrap_err().to_string();
        assert_eq!(
            text(sequence([halves()], &[2])),
            "milestones = [2]: must have one entry less than `schedulers`, which has 1"
        );
        assert_eq!(
            text(sequence([halves(), halves(), halves()], &[4, 3])),
            "milestones[1] = 3: must not be before update 4"
        );
        let composed = sequence([halves()], &[]).into();
        assert_eq!(
            text(sequence([halves(), composed], &[4])),
            "schedulers[1]: consists of other schedulers, which in PyTorch only the first may"
        );
        let none = LinearLR {
            total_iters: 0,
            ..Default::default()
        };
        assert_eq!(
            text(sequence([halves(), none.into()], &[4])),
            "schedulers[1].total_iters = 0: must be at least 1 behind another scheduler"
        );
    }
}
