//! Schedulers together, step by step.

mod leaf;
mod node;

use std::sync::{Arc, PoisonError, RwLock};

use super::child::Child;
use super::link::Group;
use crate::{Fingerprint, MAX_FACTOR, Schedule, ScheduleError, Scheduler};
use node::Node;

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
