//! One update of a whole module.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::optim::{DynOptimizer, DynState, GradientsParams, LearningRate, Optimizer};
use burn::tensor::Tensor;

use crate::clip::divide_by_norm;
use crate::parameter::map_value;
use crate::prodigy::Distance;
use crate::record::{Entries, Reader, RecordError, StateRecord};
use crate::schedule_free::Averaging;

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

/// A parameter's state, and which optimizer of [`Rule::Each`] made it.
#[derive(Clone)]
struct Kept {
    state: DynState,
    by: usize,
}

/// What differs from parameter to parameter.
#[derive(Clone, Default)]
pub(crate) struct Groups {
    multipliers: Vec<(ParamGroup, f64)>,
    decay: Decay,
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

    /// All of its state; reads the tensors back from the device. The parameters of the optimizer are not in it.
    pub fn to_record(&self) -> StateRecord {
        let mut entries = Entries::default();
        entries.number("updates", self.updates);
        entries.number("parameters", self.states.len() as u64);
        match &self.rule {
            Rule::Each(_) => {}
            Rule::ScheduleFree(averaging) => averaging.record(&mut entries),
            Rule::Prodigy(distance) => distance.record(&mut entries),
        }
        for (path, kept) in &self.states {
            let keeper = self.rule.keeper(kept.by);
            entries.state(path, &*keeper, &kept.state);
        }
        entries.finish(self.kind)
    }

    /// Takes over the state of `record` for `module`, on the module's device.
    ///
    /// # Errors
    /// A record that is empty, of another optimizer or of another model; the state stays as it was.
    pub fn load_record<M: Module>(
        &mut self,
        record: &StateRecord,
        module: &M,
    ) -> Result<(), RecordError> {
        let mut reader = record.reader(self.kind)?;
        let updates = reader.number("updates")?;
        let recorded = reader.number("parameters")?;
        let mut load = Load {
            rule: &self.rule,
            reader: &mut reader,
            states: BTreeMap::new(),
            path: Vec::new(),
            device: None,
            wrong: None,
        };
        module.visit(&mut load);
        let Load {
            states,
            device,
            wrong,
            ..
        } = load;
        wrong.map_or(Ok(()), Err)?;
        if states.len() as u64 != recorded {
            return Err(RecordError::Count {
                recorded,
                found: states.len(),
            });
        }
        let mut rule = self.rule.clone();
        match &mut rule {
            Rule::Each(_) => {}
            Rule::ScheduleFree(averaging) => averaging.load(&mut reader, updates, &self.groups)?,
            Rule::Prodigy(distance) => distance.load(&mut reader, device.as_ref())?,
        }
        reader.finish()?;
        self.rule = rule;
        self.updates = updates;
        self.states = states;
        Ok(())
    }
}

impl Rule {
    /// The optimizer that takes the state of a parameter apart, and puts it together.
    fn keeper(&self, by: usize) -> Arc<dyn DynOptimizer> {
        match self {
            Self::Each(optimizers) => Arc::clone(&optimizers[by].optimizer.decayed),
            Self::ScheduleFree(averaging) => averaging.keeper(),
            Self::Prodigy(distance) => distance.keeper(),
        }
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

struct Load<'a, 'r> {
    rule: &'a Rule,
    reader: &'a mut Reader<'r>,
    states: BTreeMap<String, Kept>,
    path: Vec<String>,
    device: Option<burn::tensor::Device>,
    wrong: Option<RecordError>,
}

impl ModuleVisitor for Load<'_, '_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.join(".");
        let tensor = param.base();
        let device = tensor.device().inner();
        let shape = tensor.dims();
        let (by, sampled) = match self.rule {
            Rule::Each(optimizers) => (choose(optimizers, param.id, &path), None),
            Rule::ScheduleFree(_) => (0, None),
            Rule::Prodigy(distance) => (0, Some(distance.sampled(shape.iter().product()))),
        };
        let keeper = self.rule.keeper(by);
        match self.reader.state(&path, shape, sampled, &*keeper, &device) {
            Ok(Some(state)) => {
                self.states.insert(path, Kept { state, by });
            }
            Ok(None) => {}
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
        self.device.get_or_insert(device);
    }
}
