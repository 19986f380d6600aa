//! One optimizer step over a whole module.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::module::{Module, ModuleMapper, Param, ParamGroup};
use burn::optim::{DynOptimizer, DynState, GradientsParams, LearningRate, Optimizer};
use burn::tensor::Tensor;

/// Updates every parameter of a module in one pass, keeping each one's state under its path (`layers.0.weight`).
///
/// It differs from Burn's `ModuleOptimizer` in what a resume needs: state is found by the parameter's path, which is
/// the same in every process, and never touches `Device::default()`.
#[derive(Clone)]
pub struct ModuleUpdate {
    optimizer: Arc<dyn DynOptimizer>,
    groups: Vec<(ParamGroup, f64)>,
    states: BTreeMap<String, DynState>,
}

impl std::fmt::Debug for ModuleUpdate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ModuleUpdate")
            .field("states", &self.states.keys())
            .finish_non_exhaustive()
    }
}

impl ModuleUpdate {
    /// Applies `optimizer` to every parameter; the state of each begins with its first gradient.
    pub fn new(optimizer: impl Optimizer) -> Self {
        Self {
            optimizer: Arc::new(optimizer),
            groups: Vec::new(),
            states: BTreeMap::new(),
        }
    }

    /// Multiplies the learning rate of the parameters in `group`; where two groups match, the later one holds.
    pub fn group(mut self, group: ParamGroup, multiplier: f64) -> Self {
        self.groups.push((group, multiplier));
        self
    }

    /// Updates `module` once: every parameter that `gradients` has a gradient for, at the learning rate `lr` times its
    /// group's multiplier.
    pub fn step<M: Module>(
        &mut self,
        lr: LearningRate,
        module: M,
        mut gradients: GradientsParams,
    ) -> M {
        module.map(&mut UpdateMapper {
            lr,
            gradients: &mut gradients,
            update: self,
            path: Vec::new(),
        })
    }
}

struct UpdateMapper<'a> {
    lr: LearningRate,
    gradients: &'a mut GradientsParams,
    update: &'a mut ModuleUpdate,
    path: Vec<String>,
}

impl ModuleMapper for UpdateMapper<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = self.gradients.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let require_grad = tensor.is_require_grad();
        let path = self.path.join(".");
        let state = self.update.states.remove(&path);
        let mut groups = self.update.groups.iter().rev();
        let multiplier = groups
            .find(|(group, _)| group.matches(&id, Some(&path)))
            .map_or(1.0, |(_, multiplier)| *multiplier);
        let (tensor, state) = self.update.optimizer.step_dyn(
            D,
            self.lr * multiplier,
            tensor.inner().into_bridge(),
            gradient.into_bridge(),
            state,
        );
        if let Some(state) = state {
            self.update.states.insert(path, state);
        }
        let tensor = Tensor::from_inner(Tensor::from_bridge(tensor));
        Param::from_mapped_value(id, tensor.set_require_grad(require_grad), mapper)
    }
}
