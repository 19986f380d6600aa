//! What a scheduler does to the rate that it finds, for those that stand together.

use std::sync::Arc;

use super::chain::Chain;
use super::child::Child;
use super::recurrence::Recurrence;
use crate::{
    Compose, Curve, Fingerprint, MAX_PEAK, Product, Schedule, ScheduleError, Scheduler, check,
};

/// A parameter group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) base_lr: f64,
    /// Its place among all.
    pub(super) index: usize,
    pub(super) count: usize,
}

impl Group {
    pub(super) fn only(base_lr: f64) -> Self {
        Self {
            base_lr,
            index: 0,
            count: 1,
        }
    }

    /// One scheduler for each base rate.
    pub(super) fn each(
        base_lrs: &[f64],
        build: impl Fn(Self) -> Result<Scheduler, ScheduleError>,
    ) -> Result<Vec<Scheduler>, ScheduleError> {
        let groups = base_lrs.iter().enumerate().map(|(index, base_lr)| Self {
            base_lr: *base_lr,
            index,
            count: base_lrs.len(),
        });
        groups.map(build).collect()
    }

    pub(super) fn build(
        self,
        link: Result<Link, ScheduleError>,
    ) -> Result<Scheduler, ScheduleError> {
        // What is divided by it is wrong where it is.
        check::positive("base_lr", self.base_lr, MAX_PEAK)?;
        Scheduler::new(link?.schedule, self.base_lr)
    }

    /// From a closed form, or from the steps of a scheduler that has none.
    pub(super) fn build_from(
        self,
        closed: Result<Arc<dyn Schedule>, Obstacle>,
        child: impl Fn() -> Child,
    ) -> Result<Scheduler, ScheduleError> {
        check::positive("base_lr", self.base_lr, MAX_PEAK)?;
        match closed {
            Ok(schedule) => Scheduler::new(schedule, self.base_lr),
            Err(Obstacle::Wrong(error)) => Err(error),
            Err(Obstacle::Steps) => Recurrence::scheduler(&child(), None, self),
        }
    }
}

/// A scheduler by itself, as ratios of its group's base rate, and how it gets on with others.
///
/// PyTorch's schedulers do not compute a rate from the update: most change the rate that they find. By itself that
/// is the same, but not behind another scheduler.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) schedule: Arc<dyn Schedule>,
    pub(super) rule: Rule,
    pub(super) entry: Entry,
    /// What it multiplies by at update 0 in excess, when that is no longer its constructor's step.
    pub(super) again: f64,
    /// What was multiplied in excess, until the rate is set.
    pub(super) start: f64,
    /// What to multiply by where it sets out from its group's base rate, which the schedule of one that multiplies
    /// does not know.
    pub(super) base: f64,
}

/// What a step does to the rate that it finds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rule {
    /// It multiplies it.
    Multiplies,
    /// It sets it.
    Sets,
    /// It multiplies it, but after so many updates, where the rate is 0, it sets it; again after two more times.
    Returns(u64),
    /// It moves it towards a rate of its own.
    Moves,
    /// What one does after another.
    Stages(Vec<Stage>),
}

/// A part of [`Rule::Stages`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stage {
    pub(super) start: u64,
    pub(super) rule: Rule,
    /// Whether it sets the rate when it begins.
    pub(super) sets: bool,
}

impl Rule {
    /// The last of the updates up to `update` at which it sets the rate.
    pub(super) fn set(&self, update: u64) -> Option<u64> {
        match self {
            Self::Multiplies | Self::Moves => None,
            Self::Sets => Some(update),
            Self::Returns(half) => {
                let first = half.saturating_add(1);
                let period = half.saturating_mul(2).max(1);
                let since = update.checked_sub(first)?;
                Some(first + since / period * period)
            }
            Self::Stages(stages) => {
                let mut last = update;
                for stage in stages.iter().rev().filter(|stage| stage.start <= update) {
                    let within = stage.rule.set(last - stage.start);
                    if let Some(found) = within {
                        return Some(stage.start + found);
                    }
                    if stage.sets {
                        return Some(stage.start);
                    }
                    last = stage.start.saturating_sub(1);
                }
                None
            }
        }
    }

    /// Whether it moves the rate at some time, which has no closed form behind another scheduler.
    pub(super) fn moves(&self) -> bool {
        match self {
            Self::Moves => true,
            Self::Stages(stages) => stages.iter().any(|stage| stage.rule.moves()),
            _ => false,
        }
    }

    /// Whether it may add to the rate that it finds, which is a setting only if nothing sets the rate before it.
    pub(super) fn adds(&self) -> bool {
        matches!(self, Self::Returns(_) | Self::Stages(_))
    }

    pub(super) fn added_to(&self, fingerprint: Fingerprint) -> Fingerprint {
        match self {
            Self::Multiplies => fingerprint.count(0),
            Self::Sets => fingerprint.count(1),
            Self::Returns(half) => fingerprint.count(2).count(*half),
            Self::Moves => fingerprint.count(3),
            Self::Stages(stages) => stages.iter().fold(
                fingerprint.count(4).count(stages.len() as u64),
                |all, stage| {
                    let all = all.count(stage.start).count(stage.sets.into());
                    stage.rule.added_to(all)
                },
            ),
        }
    }
}

/// How it goes on behind another scheduler of a sequence.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// From its own first rate.
    Anew,
    /// From the rate that it finds.
    Continues,
    /// From the rate that it finds to its own, as a ratio of the group's base rate.
    Anneals {
        end: f64,
        length: u64,
        interpolation: Curve,
    },
    /// From the first rate of another schedule.
    Other(Arc<dyn Schedule>),
    /// PyTorch cannot do that.
    Refused(ScheduleError),
}

/// Why there is no closed form.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Obstacle {
    /// An argument is wrong.
    Wrong(ScheduleError),
    /// The schedulers have none together, and only their steps tell.
    Steps,
}

impl Obstacle {
    /// The same with an error's path below `parent`.
    pub(super) fn below(self, parent: &str) -> Self {
        match self {
            Self::Wrong(error) => Self::Wrong(error.below(parent)),
            Self::Steps => Self::Steps,
        }
    }
}

impl From<ScheduleError> for Obstacle {
    fn from(error: ScheduleError) -> Self {
        Self::Wrong(error)
    }
}

impl From<Obstacle> for ScheduleError {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Wrong(error) => error,
            Obstacle::Steps => Self::missing("schedulers", "has no closed form"),
        }
    }
}

impl Link {
    pub(super) fn new(schedule: impl Schedule + 'static, rule: Rule) -> Self {
        Self {
            schedule: Arc::new(schedule),
            rule,
            entry: Entry::Anew,
            again: 1.0,
            start: 1.0,
            base: 1.0,
        }
    }

    pub(super) fn entry(self, entry: Entry) -> Self {
        Self { entry, ..self }
    }

    pub(super) fn again(self, again: f64) -> Self {
        Self { again, ..self }
    }

    /// Checks the schedule, with its errors at the peer's names for our parameters.
    pub(super) fn named(self, names: &[(&str, &str)]) -> Result<Self, ScheduleError> {
        let renamed = |error: ScheduleError| {
            let field = error.field().to_owned();
            let name = names.iter().find(|(ours, _)| *ours == field);
            error.at(name.map_or(field.as_str(), |(_, theirs)| theirs))
        };
        self.schedule.check().map_err(renamed)?;
        Ok(self)
    }

    /// The same with another base rate, at this ratio.
    pub(super) fn scaled(self, ratio: f64) -> Self {
        if ratio == 1.0 {
            return self;
        }
        if self.rule == Rule::Multiplies {
            let base = self.base * ratio;
            return Self { base, ..self };
        }
        let entry = match self.entry {
            Entry::Anneals {
                end,
                length,
                interpolation,
            } => Entry::Anneals {
                end: end * ratio,
                length,
                interpolation,
            },
            entry => entry,
        };
        Self {
            schedule: Arc::new(self.schedule.scale(ratio)),
            entry,
            ..self
        }
    }

    /// What it has multiplied by after `from` up to `to`.
    pub(super) fn since(&self, from: u64, to: u64) -> f64 {
        let before = self.schedule.factor(from);
        // At 0 it has ended, and multiplies by 1.
        if before > 0.0 {
            self.schedule.factor(to) / before
        } else {
            1.0
        }
    }

    /// One schedule for schedulers that step together, in this order.
    pub(super) fn joined(links: Vec<Self>) -> Result<Arc<dyn Schedule>, Obstacle> {
        let untouched = links.iter().all(|link| link.start == 1.0);
        if let ([link], true) = (links.as_slice(), untouched) {
            return Ok(link.schedule.clone());
        }
        let mut sets = false;
        for link in &links {
            // It moves the rate that another has changed, or adds to one that another has set.
            if link.rule.moves() || (link.rule.adds() && sets) {
                return Err(Obstacle::Steps);
            }
            sets |= link.rule != Rule::Multiplies;
        }
        if sets || !untouched {
            return Ok(Arc::new(Chain::new(links)));
        }
        let mut schedules = links.into_iter().map(|link| link.schedule);
        let first = schedules
            .next()
            .ok_or_else(|| ScheduleError::missing("schedulers", "must have at least one entry"))?;
        let product = schedules.fold(Product::new(first), |all, next| all.times(next));
        Ok(Arc::new(product))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_sets_the_rate_after_every_zero() {
        let rule = Rule::Returns(3);
        let found = [0, 3, 4, 9, 10, 15, 16].map(|update| rule.set(update));
        let expected = [None, None, Some(4), Some(4), Some(10), Some(10), Some(16)];
        assert_eq!(found, expected);
        for half in [0, u64::MAX] {
            let _ = Rule::Returns(half).set(u64::MAX);
        }
    }

    #[test]
    fn stages_set_it_where_they_begin_or_within() {
        let stage = |start, rule, sets| Stage { start, rule, sets };
        let rule = Rule::Stages(vec![
            stage(0, Rule::Returns(1), false),
            stage(5, Rule::Multiplies, false),
            stage(8, Rule::Multiplies, true),
            stage(11, Rule::Sets, true),
        ]);
        let found = [1, 2, 4, 6, 8, 10, 12].map(|update| rule.set(update));
        let expected = [None, Some(2), Some(4), Some(4), Some(8), Some(8), Some(12)];
        assert_eq!(found, expected);
        assert!(!rule.moves() && rule.adds());
        assert!(Rule::Stages(vec![stage(0, Rule::Moves, true)]).moves());
    }
}
