//! What differs from parameter to parameter.

use std::sync::Arc;

use burn::module::{ParamGroup, ParamId};
use burn::optim::{DynOptimizer, Optimizer};

/// An optimizer that can leave weight decay out.
///
/// The state that it keeps for a parameter is made of numbers and of tensors of that parameter's shape.
pub trait WeightDecay: Optimizer {
    /// The same optimizer without weight decay.
    fn without_weight_decay(&self) -> Self;
}

/// Which parameters lose weight, where an optimizer has weight decay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Decay {
    /// All of them, as PyTorch does.
    #[default]
    All,
    /// Those with two dimensions or more: no bias, and no scale or shift of a normalisation.
    Matrices,
}

/// One optimizer with its weight decay and without.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) decayed: Arc<dyn DynOptimizer>,
    pub(crate) undecayed: Arc<dyn DynOptimizer>,
}

impl Pair {
    pub(crate) fn new<O: WeightDecay>(optimizer: O) -> Self {
        Self {
            undecayed: Arc::new(optimizer.without_weight_decay()),
            decayed: Arc::new(optimizer),
        }
    }
}

/// What differs from parameter to parameter.
#[derive(Clone, Default)]
pub(crate) struct Groups {
    pub(crate) multipliers: Vec<(ParamGroup, f64)>,
    pub(crate) decay: Decay,
}

impl Groups {
    /// The last group that the parameter is in, counted from 1; 0 is no group.
    pub(crate) fn find(&self, id: ParamId, path: &str) -> usize {
        let mut groups = self.multipliers.iter().enumerate().rev();
        groups
            .find(|(_, (group, _))| group.matches(&id, Some(path)))
            .map_or(0, |(index, _)| index + 1)
    }

    /// What the learning rate of a group is multiplied by.
    pub(crate) fn multiplier(&self, group: usize) -> f64 {
        match group.checked_sub(1) {
            None => 1.0,
            Some(index) => self.multipliers[index].1,
        }
    }

    /// One multiplier for each group, that of no group first.
    pub(crate) fn multipliers(&self) -> impl Iterator<Item = f64> {
        (0..=self.multipliers.len()).map(|group| self.multiplier(group))
    }

    /// Whether a parameter of so many dimensions loses weight.
    pub(crate) fn decays(&self, rank: usize) -> bool {
        self.decay == Decay::All || rank >= 2
    }
}
