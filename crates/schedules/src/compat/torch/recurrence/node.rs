//! A scheduler, with those that are inside it.

use super::Optimizer;
use super::leaf::Leaf;
use crate::ScheduleError;
use crate::compat::torch::child::Child;
use crate::compat::torch::link::Group;

/// A scheduler with its counters.
#[derive(Clone, Debug)]
pub(super) enum Node {
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
    pub(super) fn new(
        child: &Child,
        group: Group,
        optimizer: &mut Optimizer,
    ) -> Result<Self, ScheduleError> {
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

    pub(super) fn step(&mut self, optimizer: &mut Optimizer) {
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
