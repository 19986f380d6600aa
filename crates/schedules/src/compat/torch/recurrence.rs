//! Schedulers together, step by step.

use std::f64::consts::PI;
use std::sync::{Arc, PoisonError, RwLock};

use super::child::Child;
use super::link::{Entry, Group, Link, Rule};
use crate::{Curve, Fingerprint, MAX_FACTOR, Schedule, ScheduleError, Scheduler};

/// The update from which the rate holds: the table then has 24 MiB.
const LAST: u64 = 1 << 20;

/// Schedulers as PyTorch steps them, for those that have no closed form together.
///
/// The rates are kept in a table, which is filled as far as it is asked.
#[derive(Clone, Debug)]
pub(super) struct Recurrence {
    base_lr: f64,
    fingerprint: u64,
    table: Arc<RwLock<Table>>,
}

#[derive(Clone, Debug)]
struct Table {
    /// The rate and the momentum of every update so far.
    rows: Vec<(f64, Option<f64>)>,
    optimizer: Optimizer,
    first: Node,
    /// What steps instead of the first, after the updates that follow this one.
    then: Option<(u64, Node)>,
}

impl Recurrence {
    /// The schedulers of `first`, and those that step instead after the updates that follow the given one.
    pub(super) fn scheduler(
        first: &Child,
        then: Option<(u64, &Child)>,
        group: Group,
    ) -> Result<Scheduler, ScheduleError> {
        let mut optimizer = Optimizer {
            lr: group.base_lr,
            initial_lr: None,
            momentum: None,
        };
        let text = format!("{first:?} {then:?}");
        let fingerprint = Fingerprint::of("torch_recurrence")
            .count(Fingerprint::of(&text).finish())
            .number(group.base_lr)
            .count(group.index as u64)
            .finish();
        let first = Node::new(first, group, &mut optimizer)?;
        let then = match then {
            Some((after, child)) => Some((after, Node::new(child, group, &mut optimizer)?)),
            None => None,
        };
        let recurrence = Self {
            base_lr: group.base_lr,
            fingerprint,
            table: Arc::new(RwLock::new(Table {
                rows: vec![(optimizer.lr, optimizer.momentum)],
                optimizer,
                first,
                then,
            })),
        };
        Scheduler::new(Arc::new(recurrence), group.base_lr)
    }

    fn row(&self, update: u64) -> (f64, Option<f64>) {
        // What there is no memory for holds too.
        let place = usize::try_from(update.min(LAST)).unwrap_or(usize::MAX - 1);
        let known = |table: &Table| table.rows.get(place).copied();
        let found = known(&self.table.read().unwrap_or_else(PoisonError::into_inner));
        found.unwrap_or_else(|| {
            let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
            table.reach(place)
        })
    }
}

impl Schedule for Recurrence {
    fn factor(&self, update: u64) -> f64 {
        let ratio = self.row(update).0 / self.base_lr;
        // What is no number is not above 0 either.
        if ratio > 0.0 {
            ratio.min(MAX_FACTOR)
        } else {
            0.0
        }
    }

    fn momentum(&self, update: u64) -> Option<f64> {
        self.row(update).1
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

impl Table {
    fn reach(&mut self, place: usize) -> (f64, Option<f64>) {
        let optimizer = &mut self.optimizer;
        for taken in self.rows.len() as u64 - 1..place as u64 {
            match &mut self.then {
                Some((after, node)) if taken > *after => node.step(optimizer),
                _ => self.first.step(optimizer),
            }
            self.rows.push((optimizer.lr, optimizer.momentum));
        }
        self.rows.get(place).copied().unwrap_or_default()
    }
}

/// What the schedulers share.
#[derive(Clone, Debug)]
struct Optimizer {
    lr: f64,
    /// What the first constructor of a scheduler leaves, and that of a one-cycle overwrites.
    initial_lr: Option<f64>,
    momentum: Option<f64>,
}

/// A scheduler with its counters.
#[derive(Clone, Debug)]
enum Node {
    Leaf(Leaf),
    Chained(Vec<Node>),
    Sequential {
        nodes: Vec<Node>,
        milestones: Vec<u64>,
        update: u64,
    },
}

impl Node {
    /// What the constructor does, and its first step.
    fn new(child: &Child, group: Group, optimizer: &mut Optimizer) -> Result<Self, ScheduleError> {
        let (children, milestones) = match child {
            Child::ChainedScheduler(chained) => (&chained.schedulers, None),
            Child::SequentialLR(sequence) => {
                sequence.check()?;
                (&sequence.schedulers, Some(sequence.milestones.clone()))
            }
            leaf => return Leaf::new(leaf, group, optimizer).map(Self::Leaf),
        };
        let mut nodes = Vec::new();
        for (index, child) in children.iter().enumerate() {
            let below = |error: ScheduleError| error.below(&format!("schedulers[{index}]"));
            let node = Self::new(child, group, optimizer).map_err(below)?;
            if let (Self::Leaf(leaf), 1.., Some(_)) = (&node, index, &milestones) {
                leaf.may_follow().map_err(below)?;
            }
            nodes.push(node);
        }
        let Some(milestones) = milestones else {
            return Ok(Self::Chained(nodes));
        };
        optimizer.lr = optimizer.initial_lr.unwrap_or(optimizer.lr);
        nodes.iter_mut().for_each(Self::undo);
        let begins = milestones.partition_point(|milestone| *milestone == 0);
        if let Some(node) = nodes.get_mut(begins) {
            node.initial_step(optimizer);
        }
        Ok(Self::Sequential {
            nodes,
            milestones,
            update: 0,
        })
    }

    /// A sequence takes back the first step of all that is inside it, but not what that did.
    fn undo(&mut self) {
        match self {
            Self::Leaf(leaf) => leaf.update -= 1,
            Self::Chained(nodes) | Self::Sequential { nodes, .. } => {
                nodes.iter_mut().for_each(Self::undo);
            }
        }
    }

    fn initial_step(&mut self, optimizer: &mut Optimizer) {
        match self {
            Self::Leaf(leaf) => leaf.initial_step(optimizer),
            composed => composed.step(optimizer),
        }
    }

    fn step(&mut self, optimizer: &mut Optimizer) {
        match self {
            Self::Leaf(leaf) => leaf.step(optimizer),
            Self::Chained(nodes) => nodes.iter_mut().for_each(|node| node.step(optimizer)),
            Self::Sequential {
                nodes,
                milestones,
                update,
            } => {
                *update += 1;
                let index = milestones.partition_point(|milestone| milestone <= update);
                let begins = index > 0 && milestones.get(index - 1) == Some(update);
                match nodes.get_mut(index) {
                    Some(Self::Leaf(leaf)) if begins => leaf.begin(optimizer),
                    Some(node) => node.step(optimizer),
                    None => {}
                }
            }
        }
    }
}

/// A scheduler that has no other inside.
#[derive(Clone, Debug)]
struct Leaf {
    motion: Motion,
    base_lr: f64,
    /// -1 while its first step is taken back.
    update: i64,
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
    fn new(child: &Child, group: Group, optimizer: &mut Optimizer) -> Result<Self, ScheduleError> {
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
    fn may_follow(&self) -> Result<(), ScheduleError> {
        match &self.motion {
            Motion::Multiplies(Link {
                entry: Entry::Refused(error),
                ..
            }) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// The step of the constructor, which a sequence makes again for its first child.
    fn initial_step(&mut self, optimizer: &mut Optimizer) {
        (self.update, self.steps) = (self.update + 1, 1);
        match &self.motion {
            Motion::Multiplies(link) => optimizer.lr *= link.schedule.factor(0),
            Motion::Waves { .. } => {}
            Motion::Sets(_) | Motion::Anneals { .. } => self.change(optimizer),
        }
    }

    fn step(&mut self, optimizer: &mut Optimizer) {
        (self.update, self.steps) = (self.update + 1, self.steps + 1);
        self.change(optimizer);
    }

    /// The first step behind another scheduler of a sequence, for which most take their closed form.
    fn begin(&mut self, optimizer: &mut Optimizer) {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;
    use crate::compat::torch::{
        ChainedScheduler, ConstantLR, CosineAnnealingLR, ExponentialLR, LinearLR, OneCycleLR,
        SWALR, SequentialLR,
    };

    fn recurrence(child: impl Into<Child>) -> Scheduler {
        Recurrence::scheduler(&child.into(), None, Group::only(0.5)).unwrap()
    }

    fn same(found: &Scheduler, closed: &Scheduler) {
        for update in 0..60 {
            let (found, closed) = (found.rate_at(update), closed.rate_at(update));
            assert!((found - closed).abs() < 1e-12, "{update}: {found} {closed}");
        }
        assert_eq!(found.momentum_at(9), closed.momentum_at(9));
    }

    fn line() -> LinearLR {
        LinearLR::default()
    }

    #[test]
    fn it_is_the_closed_form_where_there_is_one() {
        let eta_min = 0.1;
        let cosine = CosineAnnealingLR {
            eta_min,
            ..CosineAnnealingLR::new(7)
        };
        same(&recurrence(cosine.clone()), &cosine.build(0.5).unwrap());
        let swa = SWALR::new(0.1);
        same(&recurrence(swa.clone()), &swa.build(0.5).unwrap());
        let total_steps = Some(20);
        let cycle = OneCycleLR {
            total_steps,
            ..OneCycleLR::new(0.5)
        };
        same(&recurrence(cycle.clone()), &cycle.build().unwrap());
        let inner = SequentialLR {
            schedulers: vec![line().into(), cosine.into(), swa.into()],
            milestones: vec![6, 30],
        };
        same(&recurrence(inner.clone()), &inner.build(0.5).unwrap());
        let outer = SequentialLR {
            schedulers: vec![inner.into(), ConstantLR::default().into()],
            milestones: vec![40],
        };
        same(&recurrence(outer.clone()), &outer.build(0.5).unwrap());
        let chained = ChainedScheduler {
            schedulers: vec![
                CosineAnnealingLR::new(9).into(),
                ExponentialLR { gamma: 0.9 }.into(),
                line().into(),
            ],
        };
        same(&recurrence(chained.clone()), &chained.build(0.5).unwrap());
    }

    #[test]
    fn any_update_may_be_asked_first() {
        let rate = recurrence(ExponentialLR { gamma: 0.5 });
        assert_eq!(
            [3, 0, 4, 2].map(|update| rate.rate_at(update)),
            [0.0625, 0.5, 0.03125, 0.125]
        );
        let late = recurrence(ConstantLR::default());
        assert_eq!(late.rate_at(u64::MAX), 0.5);
    }

    #[test]
    fn errors_name_the_part() {
        let schedulers = vec![line().into(), ExponentialLR { gamma: -1.0 }.into()];
        let chained = ChainedScheduler { schedulers }.into();
        let error = Recurrence::scheduler(&chained, None, Group::only(0.5)).unwrap_err();
        assert_eq!(error.path(), "schedulers[1].gamma");
        let none = ConstantLR {
            total_iters: 0,
            ..ConstantLR::default()
        };
        let refused = LinearLR {
            total_iters: 0,
            ..line()
        };
        let sequence = |child: Child| -> Child {
            SequentialLR {
                schedulers: vec![line().into(), child],
                milestones: vec![3],
            }
            .into()
        };
        let built = |child: Child| Recurrence::scheduler(&sequence(child), None, Group::only(0.5));
        assert_eq!(built(none.into()).unwrap().rate_at(3), 0.5);
        let error = built(refused.into()).unwrap_err();
        assert_eq!(error.path(), "schedulers[1].total_iters");
    }
}
