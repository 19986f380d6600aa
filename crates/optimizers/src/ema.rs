//! The exponential moving average of weights.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::DynState;
use burn::tensor::Tensor;

use crate::error::{OptimizerError, above_zero, require};
use crate::parameter::map_value;
use crate::record::{Entries, Reader, RecordError, StateRecord};

/// The exponential moving average of a model's weights, as timm's `ModelEmaV3`.
///
/// ```text
/// w ← decay(t) · w + (1 − decay(t)) · θ                          after update t = 1, 2, …
/// decay(t) = 0                                                   for t ≤ update_after + 1: a copy
///          = decay                                               afterwards
///          = min(decay, max(min_decay, 1 − (1 + s / gamma)^−power))   with warm-up, s = t − update_after − 1
/// ```
///
/// | parameter | default | allowed |
/// | --- | --- | --- |
/// | `decay` | 0.9999 | from 0 to 1 |
/// | `min_decay` | 0 | from 0 to `decay` |
/// | `update_after` | 0 | updates before the average begins |
/// | `warmup` | none | `gamma` and `power` above 0; 1 and 2/3 in timm |
///
/// A short run needs a small decay or the warm-up: 0.9999 remembers some 10,000 updates.
///
/// Only what is trained is averaged. Buffers such as batch norm's running statistics are copied: they are averages
/// already (timm's `exclude_buffers`). The same holds for parameters that are frozen.
///
/// ```
/// use burn::module::Module;
/// use burn::nn::LinearConfig;
/// use burn::tensor::Device;
/// use optimizers::Ema;
///
/// let model = LinearConfig::new(2, 1).init(&Device::flex().autodiff());
/// let mut average = Ema::new(0.99).build()?;
/// average.update(&model);
/// // The average of one update is that update.
/// let averaged = average.evaluation(model.valid());
/// assert_eq!(averaged.weight.val().into_data(), model.weight.val().into_data());
/// # Ok::<(), optimizers::OptimizerError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Ema {
    decay: f64,
    min_decay: f64,
    update_after: u64,
    warmup: Option<(f64, f64)>,
}

impl Default for Ema {
    fn default() -> Self {
        Self {
            decay: 0.9999,
            min_decay: 0.0,
            update_after: 0,
            warmup: None,
        }
    }
}

impl Ema {
    /// An average that keeps the share `decay` of itself at each update.
    pub fn new(decay: f64) -> Self {
        Self {
            decay,
            ..Self::default()
        }
    }

    /// The least decay during the warm-up.
    pub fn min_decay(mut self, min_decay: f64) -> Self {
        self.min_decay = min_decay;
        self
    }

    /// How many updates pass before the average begins; until then it is a copy.
    pub fn update_after(mut self, updates: u64) -> Self {
        self.update_after = updates;
        self
    }

    /// Lets the decay grow from 0, so that the first weights are soon forgotten.
    pub fn warmup(mut self, gamma: f64, power: f64) -> Self {
        self.warmup = Some((gamma, power));
        self
    }

    /// The decay of update `t`, counted from 1.
    pub fn decay_at(&self, t: u64) -> f64 {
        let step = t.saturating_sub(self.update_after + 1);
        if step == 0 {
            return 0.0;
        }
        match self.warmup {
            None => self.decay,
            Some((gamma, power)) => {
                let decay = 1.0 - (1.0 + step as f64 / gamma).powf(-power);
                decay.min(self.decay).max(self.min_decay)
            }
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// Names the first parameter that is out of its range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        let share = |value: f64, most: f64| (0.0..=most).contains(&value);
        require("decay", self.decay, "from 0 to 1", share(self.decay, 1.0))?;
        let allowed = "from 0 to decay";
        let holds = share(self.min_decay, self.decay);
        require("min_decay", self.min_decay, allowed, holds)?;
        if let Some((gamma, power)) = self.warmup {
            above_zero("gamma", gamma)?;
            above_zero("power", power)?;
        }
        Ok(())
    }

    /// The average, before its first update.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn build(self) -> Result<WeightAverage, OptimizerError> {
        self.check()?;
        Ok(WeightAverage {
            ema: self,
            updates: 0,
            weights: BTreeMap::new(),
        })
    }
}

/// The weights of [`Ema`], kept by the parameters' paths.
#[derive(Clone)]
pub struct WeightAverage {
    ema: Ema,
    updates: u64,
    weights: BTreeMap<String, DynState>,
}

impl std::fmt::Debug for WeightAverage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WeightAverage")
            .field("ema", &self.ema)
            .field("updates", &self.updates)
            .finish_non_exhaustive()
    }
}

/// What a record of [`WeightAverage`] says it is of.
const KIND: &str = "ema";

impl WeightAverage {
    /// Takes in the weights of `module` as they are after an update.
    pub fn update<M: Module>(&mut self, module: &M) {
        self.updates += 1;
        module.visit(&mut Average {
            decay: self.ema.decay_at(self.updates),
            weights: &mut self.weights,
            path: Vec::new(),
        });
    }

    /// How many updates it has taken in.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// `module` with the averaged weights, to evaluate and to keep; unchanged before the first update.
    ///
    /// Give it `module.valid()`: a clone shares batch norm's running statistics with the module that is trained.
    pub fn evaluation<M: Module>(&self, module: M) -> M {
        module.map(&mut Replace {
            weights: &self.weights,
            path: Vec::new(),
        })
    }

    /// All of its state; reads the weights back from the device.
    pub fn to_record(&self) -> StateRecord {
        let mut entries = Entries::default();
        entries.number("updates", self.updates);
        for (path, weights) in &self.weights {
            entries.weights(path, weights);
        }
        entries.finish(KIND)
    }

    /// Takes over the state of `record`, on the device of `module`.
    ///
    /// # Errors
    /// A record that is empty, of something else, or of another model; the average stays as it was.
    pub fn load_record<M: Module>(
        &mut self,
        record: &StateRecord,
        module: &M,
    ) -> Result<(), RecordError> {
        let mut reader = record.reader(KIND)?;
        let updates = reader.number("updates")?;
        let mut load = Load {
            reader: &mut reader,
            weights: BTreeMap::new(),
            path: Vec::new(),
            wrong: None,
        };
        if updates > 0 {
            module.visit(&mut load);
        }
        let Load { weights, wrong, .. } = load;
        wrong.map_or(Ok(()), Err)?;
        reader.finish()?;
        self.updates = updates;
        self.weights = weights;
        Ok(())
    }
}

struct Average<'a> {
    decay: f64,
    weights: &'a mut BTreeMap<String, DynState>,
    path: Vec<String>,
}

impl ModuleVisitor for Average<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.base();
        // A module that is trained marks what is trained; one without autodiff marks nothing.
        let buffer = tensor.is_autodiff() && !tensor.is_require_grad();
        let tensor = tensor.inner();
        let path = self.path.join(".");
        let average = match self.weights.remove(&path) {
            Some(average) if !buffer && self.decay > 0.0 => {
                let average = average.downcast::<Tensor<D>>();
                average.mul_scalar(self.decay) + tensor.mul_scalar(1.0 - self.decay)
            }
            _ => tensor,
        };
        self.weights.insert(path, DynState::create(average, D));
    }
}

struct Replace<'a> {
    weights: &'a BTreeMap<String, DynState>,
    path: Vec<String>,
}

impl ModuleMapper for Replace<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.weights.get(&self.path.join(".")) {
            Some(weights) => map_value(param, |_| weights.downcast_ref::<Tensor<D>>().clone()),
            None => param,
        }
    }
}

struct Load<'a, 'r> {
    reader: &'a mut Reader<'r>,
    weights: BTreeMap<String, DynState>,
    path: Vec<String>,
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
        match self.reader.weights(&path, tensor.dims(), &device) {
            Ok(Some(weights)) => {
                self.weights.insert(path, weights);
            }
            // Every parameter is in the average from its first update on.
            Ok(None) => {
                self.wrong
                    .get_or_insert(RecordError::Missing { name: path });
            }
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }
}
