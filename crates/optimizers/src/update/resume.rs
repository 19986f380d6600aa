//! The state of an update, kept and taken up again.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::DynOptimizer;
use burn::tensor::{Device, Tensor};

use super::{Kept, ModuleUpdate, Rule, choose};
use crate::record::{Entries, Reader, RecordError, StateRecord};

impl ModuleUpdate {
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

struct Load<'a, 'r> {
    rule: &'a Rule,
    reader: &'a mut Reader<'r>,
    states: BTreeMap<String, Kept>,
    path: Vec<String>,
    device: Option<Device>,
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
