//! One schedule for a whole model, with a multiplier for each group of its parameters.

use std::ops::{Deref, DerefMut};

use burn_core::module::{ParamGroup, ParamId};
use burn_optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;

use super::{RateHandle, Scheduler};
use crate::{MAX_FACTOR, ScheduleError, check, layer_decay};

/// A [`Scheduler`] whose learning rate is multiplied for groups of parameters.
///
/// ```text
/// learning rate(update, parameter) = multiplier(parameter) · peak · factor(update)
/// ```
///
/// The multiplier is that of the last group that the parameter belongs to, as in Burn, and 1 where it is in none.
/// Everything else is the scheduler's own, which this derefs to: preview, records, feedback. A `Learner` takes it as it
/// is, through `Into<ModuleLrScheduler>`; each group then counts for itself and has its own part of the record.
///
/// ```
/// use burn_core::module::{ParamGroup, ParamId};
/// use burn_optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
/// use schedules::prelude::*;
///
/// let rate = Linear::new(4).peak(0.1)?.group(ParamGroup::from_predicate("backbone"), 0.5);
/// assert_eq!(rate.rate_at(2), 0.05);
/// assert_eq!(rate.multiplier(ParamId::new(), Some("backbone.conv1.weight")), 0.5);
/// assert_eq!(rate.multiplier(ParamId::new(), Some("head.weight")), 1.0);
///
/// let mut burns: ModuleLrScheduler = rate.into();
/// let rates = burns.step();
/// assert_eq!(rates.lr_from_param(ParamId::new(), Some("backbone.conv1.weight")), 0.05);
/// assert_eq!(rates.base(), 0.1);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Preview, records and the rest are the scheduler's:
///
/// ```
/// use burn_core::module::ParamGroup;
/// use burn_optim::lr_scheduler::LrScheduler;
/// use schedules::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lr = || Cosine::new(5_000).floor(0.01).warmup_within(250).peak(3e-3);
/// let mut interrupted = lr()?.group(ParamGroup::from_predicate("backbone"), 0.1);
/// interrupted.step();
/// let record = interrupted.to_record();
///
/// let mut lr = lr()?.group(ParamGroup::from_predicate("backbone"), 0.1);
/// lr.try_load_record(record)?;
/// assert_eq!(lr.step(), lr.rate_at(1));
/// lr.seek(4_000);
/// assert_eq!(lr.step(), lr.rate_at(4_000));
///
/// print!("{}", lr.preview(0..5_000));
/// assert!(lr.svg(0..5_000).starts_with("<svg "));
/// # Ok(())
/// # }
/// ```
///
/// It has no `step` for Burn's trait on purpose: one learning rate would lose the groups.
#[derive(Clone)]
pub struct GroupedScheduler {
    scheduler: Scheduler,
    groups: Vec<(ParamGroup, f64)>,
}

impl Scheduler {
    /// Multiplies the rate of the parameters in `group`; see [`GroupedScheduler`].
    ///
    /// A multiplier is from 0, which keeps the parameters as they are, to [`MAX_FACTOR`]. What is not is refused by
    /// [`check`](GroupedScheduler::check), and counts as 0 if that is not called.
    pub fn group(self, group: ParamGroup, multiplier: f64) -> GroupedScheduler {
        let groups = Vec::new();
        GroupedScheduler {
            scheduler: self,
            groups,
        }
        .group(group, multiplier)
    }

    /// Multiplies the rate of each of `layers`, given from the input to the head, by [`layer_decay`].
    pub fn layer_decay(
        self,
        layers: impl IntoIterator<Item = ParamGroup>,
        decay: f64,
    ) -> GroupedScheduler {
        let layers: Vec<ParamGroup> = layers.into_iter().collect();
        let multipliers = layer_decay(layers.len(), decay, 0.0);
        GroupedScheduler {
            scheduler: self,
            groups: layers.into_iter().zip(multipliers).collect(),
        }
    }
}

impl GroupedScheduler {
    /// Multiplies the rate of the parameters in one more group; where two match, the later one holds.
    pub fn group(mut self, group: ParamGroup, multiplier: f64) -> Self {
        self.groups.push((group, multiplier));
        self
    }

    /// Checks the multipliers.
    ///
    /// # Errors
    /// The first that is not between 0 and [`MAX_FACTOR`].
    pub fn check(&self) -> Result<(), ScheduleError> {
        for (index, (_, multiplier)) in self.groups.iter().enumerate() {
            check::between(
                &format!("groups[{index}].multiplier"),
                *multiplier,
                0.0..=MAX_FACTOR,
            )?;
        }
        Ok(())
    }

    /// What the rate of a parameter is multiplied by.
    pub fn multiplier(&self, id: ParamId, path: Option<&str>) -> f64 {
        let mut groups = self.groups.iter().rev();
        let found = groups.find(|(group, _)| group.matches(&id, path));
        found.map_or(1.0, |(_, multiplier)| sound(*multiplier))
    }
}

/// A multiplier that training can bear.
fn sound(multiplier: f64) -> f64 {
    if (0.0..=MAX_FACTOR).contains(&multiplier) {
        multiplier
    } else {
        0.0
    }
}

impl Deref for GroupedScheduler {
    type Target = Scheduler;

    fn deref(&self) -> &Scheduler {
        &self.scheduler
    }
}

impl DerefMut for GroupedScheduler {
    fn deref_mut(&mut self) -> &mut Scheduler {
        &mut self.scheduler
    }
}

impl From<GroupedScheduler> for ModuleLrScheduler {
    fn from(grouped: GroupedScheduler) -> Self {
        let all = Self::new(grouped.scheduler.clone());
        grouped
            .groups
            .into_iter()
            .fold(all, |all, (group, multiplier)| {
                let mut scheduler = grouped.scheduler.clone();
                scheduler.peak *= sound(multiplier);
                // The rate that others read is the one without a multiplier.
                scheduler.handle = RateHandle::default().taken();
                all.with_group(group, scheduler)
            })
    }
}
