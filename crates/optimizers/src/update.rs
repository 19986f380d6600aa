//! One update of a whole module.

mod resume;

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::optim::{DynState, GradientsParams, LearningRate};
use burn::tensor::Tensor;

use crate::clip::divide_by_norm;
use crate::groups::{Decay, Groups, Pair, WeightDecay};
use crate::parameter::map_value;
use crate::prodigy::Distance;
use crate::schedule_free::Averaging;

/// Updates every parameter of a module in one pass, keeping each one's state under its path (`layers.0.weight`).
///
/// It differs from Burn's `ModuleOptimizer` in what a resume needs: state is found by the parameter's path, which is
/// the same in every process, and never touches `Device::default()`. It also holds what Burn's trait for one tensor at
/// a time cannot: [`ScheduleFreeSgd`](crate::ScheduleFreeSgd), [`ScheduleFreeAdamW`](crate::ScheduleFreeAdamW) and
/// [`Prodigy`](crate::Prodigy).
///
/// A run goes on from a record to the same bits:
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::GradientsParams;
/// use burn::tensor::{Device, Tensor};
/// use optimizers::{Adam, RecordError, StateRecord};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let device = Device::flex().autodiff();
/// let mut model = LinearConfig::new(2, 1).init(&device);
/// let mut update = Adam::new().build()?;
/// let loss = model.forward(Tensor::<2>::ones([4, 2], &device)).sum();
/// let gradients = GradientsParams::from_grads(loss.backward(), &model);
/// model = update.step(0.1, model, gradients);
///
/// let mut resumed = Adam::new().build()?;
/// resumed.load_record(&update.to_record(), &model)?;
/// assert_eq!(resumed.updates(), 1);
/// assert_eq!(resumed.load_record(&StateRecord::default(), &model), Err(RecordError::Empty));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ModuleUpdate {
    kind: &'static str,
    rule: Rule,
    groups: Groups,
    norm_limit: Option<f64>,
    updates: u64,
    states: BTreeMap<String, Kept>,
}

/// How the update is found.
#[derive(Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "a program holds a handful of updates"
)]
enum Rule {
    /// One tensor at a time; the last optimizer whose group matches.
    Each(Vec<ForGroup>),
    /// Averaged weights; the model holds others while it is trained.
    ScheduleFree(Averaging),
    /// A step size that is estimated from all tensors.
    Prodigy(Distance),
}

/// An optimizer, with its weight decay and without, and the parameters it is for (`None`: all).
#[derive(Clone)]
struct ForGroup {
    group: Option<ParamGroup>,
    optimizer: Pair,
}

/// A parameter's state, and which optimizer of [`Rule::Each`] made it.
#[derive(Clone)]
struct Kept {
    state: DynState,
    by: usize,
}

impl std::fmt::Debug for ModuleUpdate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ModuleUpdate")
            .field("kind", &self.kind)
            .field("updates", &self.updates)
            .field("states", &self.states.keys())
            .finish_non_exhaustive()
    }
}

impl ModuleUpdate {
    /// Applies `optimizer` to every parameter; the state of each begins with its first gradient.
    pub fn new<O: WeightDecay>(optimizer: O) -> Self {
        let all = ForGroup {
            group: None,
            optimizer: Pair::new(optimizer),
        };
        Self::of(type_name::<O>(), Rule::Each(vec![all]))
    }

    pub(crate) fn schedule_free(kind: &'static str, averaging: Averaging) -> Self {
        Self::of(kind, Rule::ScheduleFree(averaging))
    }

    pub(crate) fn prodigy(distance: Distance) -> Self {
        Self::of("Prodigy", Rule::Prodigy(distance))
    }

    fn of(kind: &'static str, rule: Rule) -> Self {
        Self {
            kind,
            rule,
            groups: Groups::default(),
            norm_limit: None,
            updates: 0,
            states: BTreeMap::new(),
        }
    }

    /// Multiplies the learning rate of the parameters in `group`; where two groups match, the later one holds.
    pub fn group(mut self, group: ParamGroup, multiplier: f64) -> Self {
        self.groups.multipliers.push((group, multiplier));
        self
    }

    /// Which parameters lose weight.
    pub fn decay(mut self, decay: Decay) -> Self {
        self.groups.decay = decay;
        self
    }

    /// Lets another optimizer update the parameters in `group`; where two match, the later one holds.
    ///
    /// Schedule-Free and Prodigy, which need the whole module, keep all parameters.
    pub fn optimizer_for<O: WeightDecay>(mut self, group: ParamGroup, optimizer: O) -> Self {
        if let Rule::Each(optimizers) = &mut self.rule {
            optimizers.push(ForGroup {
                group: Some(group),
                optimizer: Pair::new(optimizer),
            });
        }
        self
    }

    /// Divides all gradients by `max(1, norm / limit)` before each update.
    pub(crate) fn norm_limit(mut self, limit: Option<f64>) -> Self {
        self.norm_limit = limit;
        self
    }

    /// How many updates it has made.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Updates `module` once: every parameter that `gradients` has a gradient for, at the learning rate `lr` times its
    /// group's multiplier.
    ///
    /// The module must be the only holder of its tensors for them to be updated in place: a clone that is alive costs a
    /// copy.
    pub fn step<M: Module>(
        &mut self,
        lr: LearningRate,
        module: M,
        mut gradients: GradientsParams,
    ) -> M {
        if let Some(limit) = self.norm_limit {
            divide_by_norm(&module, &mut gradients, limit);
        }
        self.updates += 1;
        let optimizers = match &mut self.rule {
            Rule::Each(optimizers) => optimizers.clone(),
            Rule::ScheduleFree(averaging) => averaging
                .begin(lr, &self.groups)
                .into_iter()
                .map(|optimizer| ForGroup {
                    group: None,
                    optimizer,
                })
                .collect(),
            Rule::Prodigy(distance) => {
                // At this rate nothing moves, and the package neither observes nor counts the update.
                if lr == 0.0 {
                    return module;
                }
                let mut observe = Observe {
                    lr,
                    gradients: &gradients,
                    distance: &mut *distance,
                    groups: &self.groups,
                    states: &mut self.states,
                    path: Vec::new(),
                };
                module.visit(&mut observe);
                let optimizer = distance.finish();
                vec![ForGroup {
                    group: None,
                    optimizer,
                }]
            }
        };
        let by_group = matches!(self.rule, Rule::ScheduleFree(_));
        module.map(&mut UpdateMapper {
            lr,
            gradients: &mut gradients,
            optimizers,
            by_group,
            groups: &self.groups,
            states: &mut self.states,
            path: Vec::new(),
        })
    }

    /// `module` with the weights that are to be evaluated and kept.
    ///
    /// For Schedule-Free those are averages, which differ from the weights that are trained; for all other optimizers
    /// they are the module's own. Give it `module.valid()`: a clone shares batch norm's running statistics with the
    /// module that is trained.
    pub fn evaluation<M: Module>(&self, module: M) -> M {
        match &self.rule {
            Rule::ScheduleFree(averaging) => module.map(&mut Evaluation {
                averaging,
                states: &self.states,
                path: Vec::new(),
            }),
            Rule::Each(_) | Rule::Prodigy(_) => module,
        }
    }

    /// Whether [`evaluation`](Self::evaluation) changes anything.
    pub fn evaluates_other_weights(&self) -> bool {
        matches!(self.rule, Rule::ScheduleFree(_))
    }
}

/// The last optimizer whose group the parameter is in.
fn choose(optimizers: &[ForGroup], id: ParamId, path: &str) -> usize {
    let matches = |optimizer: &ForGroup| {
        let group = optimizer.group.as_ref();
        group.is_none_or(|group| group.matches(&id, Some(path)))
    };
    optimizers.iter().rposition(matches).unwrap_or(0)
}

/// The name of a type without its path: `Sgd` of `Follow<Sgd>`, since whoever follows a schedule keeps the same state.
fn type_name<O>() -> &'static str {
    let name = std::any::type_name::<O>();
    let name = name.rsplit("::").next().unwrap_or(name);
    name.trim_end_matches('>')
}

struct UpdateMapper<'a> {
    lr: LearningRate,
    gradients: &'a mut GradientsParams,
    optimizers: Vec<ForGroup>,
    /// Whether the optimizers are one for each group of [`Groups`].
    by_group: bool,
    groups: &'a Groups,
    states: &'a mut BTreeMap<String, Kept>,
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
        let id = param.id;
        let Some(gradient) = self.gradients.remove::<D>(id) else {
            return param;
        };
        let path = self.path.join(".");
        let group = self.groups.find(id, &path);
        let by = if self.by_group {
            group
        } else {
            choose(&self.optimizers, id, &path)
        };
        let pair = &self.optimizers[by].optimizer;
        let optimizer = if self.groups.decays(D) {
            &pair.decayed
        } else {
            &pair.undecayed
        };
        let lr = self.lr * self.groups.multiplier(group);
        let state = self.states.remove(&path).map(|kept| kept.state);
        map_value(param, |tensor| {
            let (tensor, state) =
                optimizer.step_dyn(D, lr, tensor.into_bridge(), gradient.into_bridge(), state);
            if let Some(state) = state {
                self.states.insert(path, Kept { state, by });
            }
            Tensor::from_bridge(tensor)
        })
    }
}

/// The first of Prodigy's two passes: what the gradients say about the distance to go.
struct Observe<'a> {
    lr: LearningRate,
    gradients: &'a GradientsParams,
    distance: &'a mut Distance,
    groups: &'a Groups,
    states: &'a mut BTreeMap<String, Kept>,
    path: Vec<String>,
}

impl ModuleVisitor for Observe<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.get::<D>(param.id) else {
            return;
        };
        let path = self.path.join(".");
        let group = self.groups.find(param.id, &path);
        if self.groups.multiplier(group) == 0.0 {
            return;
        }
        let state = self.states.remove(&path).map(|kept| kept.state.downcast());
        let (tensor, decays) = (param.base().inner(), self.groups.decays(D));
        let state = self
            .distance
            .observe(self.lr, decays, tensor, gradient, state);
        let state = DynState::create(state, D);
        self.states.insert(path, Kept { state, by: 0 });
    }
}

struct Evaluation<'a> {
    averaging: &'a Averaging,
    states: &'a BTreeMap<String, Kept>,
    path: Vec<String>,
}

impl ModuleMapper for Evaluation<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.states.get(&self.path.join(".")) {
            Some(kept) => map_value(param, |tensor| {
                self.averaging.evaluation(tensor, kept.state.downcast_ref())
            }),
            None => param,
        }
    }
}
