//! A scheduler that has no other inside, step by step.

use std::f64::consts::PI;
use std::sync::Arc;

use super::Optimizer;
use crate::compat::torch::child::Child;
use crate::compat::torch::link::{Entry, Group, Link, Rule};
use crate::{Curve, Schedule, ScheduleError};

/// A scheduler that has no other inside.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    motion: Motion,
    base_lr: f64,
    /// -1 while its first step is taken back.
    pub(super) update: i64,
    steps: u64,
}

/// What a step does to the rate.
#[derive(Clone, Debug)]
enum Motion {
    /// It multiplies it by the quotient of two factors.
    Multiplies(Link),
    /// It sets it.
    Sets(Arc<dyn Schedule>),
    /// It moves it along a cosine.
    Waves { half: u64, lowest: f64 },
    /// It moves it to another one.
    Anneals {
        end: f64,
        length: u64,
        interpolation: Curve,
    },
}

impl Leaf {
    pub(super) fn new(
        child: &Child,
        group: Group,
        optimizer: &mut Optimizer,
    ) -> Result<Self, ScheduleError> {
        let first = optimizer.initial_lr.is_none();
        let base_lr = optimizer.initial_lr.unwrap_or(optimizer.lr);
        let base_lr = child.initial(Group { base_lr, ..group }, first)?;
        optimizer.initial_lr = Some(base_lr);
        let link = child.link(Group { base_lr, ..group }, 0)?;
        let motion = match (child, &link.entry) {
            (Child::CosineAnnealingLR(cosine), _) => Motion::Waves {
                half: cosine.T_max,
                lowest: cosine.eta_min,
            },
            (
                _,
                Entry::Anneals {
                    end,
                    length,
                    interpolation,
                },
            ) => Motion::Anneals {
                end: end * base_lr,
                length: *length,
                interpolation: *interpolation,
            },
            _ if link.rule == Rule::Sets => Motion::Sets(link.schedule),
            _ => Motion::Multiplies(link),
        };
        let mut leaf = Self {
            motion,
            base_lr,
            update: -1,
            steps: 0,
        };
        leaf.initial_step(optimizer);
        Ok(leaf)
    }

    /// Whether a sequence can have it behind another one.
    pub(super) fn may_follow(&self) -> Result<(), ScheduleError> {
        match &self.motion {
            Motion::Multiplies(Link {
                entry: Entry::Refused(error),
                ..
            }) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// The step of the constructor, which a sequence makes again for its first child.
    pub(super) fn initial_step(&mut self, optimizer: &mut Optimizer) {
        (self.update, self.steps) = (self.update + 1, 1);
        match &self.motion {
            Motion::Multiplies(link) => optimizer.lr *= link.schedule.factor(0),
            Motion::Waves { .. } => {}
            Motion::Sets(_) | Motion::Anneals { .. } => self.change(optimizer),
        }
    }

    pub(super) fn step(&mut self, optimizer: &mut Optimizer) {
        (self.update, self.steps) = (self.update + 1, self.steps + 1);
        self.change(optimizer);
    }

    /// The first step behind another scheduler of a sequence, for which most take their closed form.
    pub(super) fn begin(&mut self, optimizer: &mut Optimizer) {
        self.update = 0;
        match &self.motion {
            Motion::Multiplies(link) => match &link.entry {
                Entry::Continues => optimizer.lr *= link.again,
                Entry::Other(schedule) => optimizer.lr = self.base_lr * schedule.factor(0),
                _ => optimizer.lr = self.base_lr * link.schedule.factor(0),
            },
            Motion::Waves { .. } => optimizer.lr = self.base_lr,
            Motion::Sets(_) | Motion::Anneals { .. } => self.change(optimizer),
        }
    }

    fn change(&self, optimizer: &mut Optimizer) {
        let update = u64::try_from(self.update).unwrap_or(0);
        match &self.motion {
            Motion::Multiplies(link) => match update.checked_sub(1) {
                Some(before) => optimizer.lr *= link.since(before, update),
                None => optimizer.lr *= link.schedule.factor(0) * link.again,
            },
            Motion::Sets(schedule) => {
                optimizer.lr = self.base_lr * schedule.factor(update);
                optimizer.momentum = schedule.momentum(update).or(optimizer.momentum);
            }
            Motion::Waves { half, lowest } => {
                let half_length = *half as f64;
                let height = |update: f64| 1.0 + (PI * update / half_length).cos();
                let period = i64::try_from(half.saturating_mul(2)).unwrap_or(i64::MAX);
                let rises = self.update - 1 - period / 2;
                if rises.rem_euclid(period) == 0 {
                    // It is at its lowest, where there is nothing to multiply.
                    let share = 0.5 * (1.0 - (PI / half_length).cos());
                    optimizer.lr += (self.base_lr - lowest) * share;
                } else {
                    let time = self.update as f64;
                    let ratio = height(time) / height(time - 1.0);
                    optimizer.lr = ratio * (optimizer.lr - lowest) + lowest;
                }
            }
            Motion::Anneals {
                end,
                length,
                interpolation,
            } => {
                // Without a way it is there at its first step.
                let step = if *length == 0 {
                    self.steps.max(2)
                } else {
                    self.steps
                } as f64;
                let passed = |step: f64| {
                    let share = (step / (*length).max(1) as f64).clamp(0.0, 1.0);
                    interpolation.along(0.0, 1.0, share)
                };
                let (before, now) = (passed(step - 2.0), passed(step - 1.0));
                let start = if before == 1.0 {
                    *end
                } else {
                    (optimizer.lr - before * end) / (1.0 - before)
                };
                optimizer.lr = end * now + start * (1.0 - now);
            }
        }
    }
}
