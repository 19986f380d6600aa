//! The state of an update as named numbers and tensors, to keep and to go on from.

use std::collections::{BTreeMap, BTreeSet};

use burn::optim::{DynOptimizer, DynState, StateSink, StateSource};
use burn::tensor::{Device, Shape, Tensor, TensorData};

/// Everything that an update has learned on the way, by name.
///
/// The state of a parameter lies under the parameter's path, `layers.0.weight.average`; what belongs to no parameter
/// begins with `@`. A tensor without dimensions is a single number. Whatever file format keeps named tensors and one
/// word can hold a record: [`kind`](Self::kind) and [`entries`](Self::entries) write it, [`new`](Self::new) reads it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StateRecord {
    kind: String,
    entries: BTreeMap<String, TensorData>,
}

impl StateRecord {
    /// The record that was written as `kind` and `entries`.
    pub fn new(kind: impl Into<String>, entries: BTreeMap<String, TensorData>) -> Self {
        Self {
            kind: kind.into(),
            entries,
        }
    }

    /// What it is the state of, such as `AdamW`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The numbers and tensors, each in the type that it was computed in.
    pub fn entries(&self) -> &BTreeMap<String, TensorData> {
        &self.entries
    }

    /// Begins to read, if this is a record of `kind`.
    pub(crate) fn reader(&self, kind: &str) -> Result<Reader<'_>, RecordError> {
        if self.entries.is_empty() {
            return Err(RecordError::Empty);
        }
        if self.kind != kind {
            return Err(RecordError::Kind {
                recorded: self.kind.clone(),
                expected: kind.to_owned(),
            });
        }
        Ok(Reader {
            record: self,
            taken: BTreeSet::new(),
        })
    }
}

/// A record that cannot be gone on from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Nothing in it.
    #[error("the record is empty")]
    Empty,
    /// Of another optimizer.
    #[error("the record is of {recorded}, and must be of {expected}")]
    Kind {
        /// What it is of.
        recorded: String,
        /// What reads it.
        expected: String,
    },
    /// Something that it should have.
    #[error("the record has no usable `{name}`")]
    Missing {
        /// Its name.
        name: String,
    },
    /// Something that nobody here has.
    #[error("the record has `{name}`, which is in no parameter of this model")]
    Foreign {
        /// Its name.
        name: String,
    },
    /// A part of it only.
    #[error(
        "the record says that it has the state of {recorded} parameters, and has that of {found}"
    )]
    Count {
        /// How many it says.
        recorded: u64,
        /// How many of them are there.
        found: usize,
    },
    /// A tensor of another model.
    #[error("the record's `{name}` has the shape {recorded:?}, and must have {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        recorded: Vec<usize>,
        /// The parameter's.
        expected: Vec<usize>,
    },
}

/// Collects the entries of a record.
#[derive(Default)]
pub(crate) struct Entries(BTreeMap<String, TensorData>);

impl Entries {
    /// A count that belongs to no parameter.
    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.0.insert(format!("@{name}"), scalar(number));
    }

    /// A number that belongs to no parameter.
    pub(crate) fn real(&mut self, name: &str, real: f64) {
        self.0.insert(format!("@{name}"), scalar(real));
    }

    /// A tensor that belongs to no parameter.
    pub(crate) fn tensor(&mut self, name: &str, tensor: &Tensor<1>) {
        self.0
            .insert(format!("@{name}"), tensor.clone().into_data());
    }

    /// A parameter's state, which is a tensor itself.
    pub(crate) fn weights(&mut self, path: &str, weights: &DynState) {
        fn read<const D: usize>(weights: &DynState) -> TensorData {
            weights.downcast_ref::<Tensor<D>>().clone().into_data()
        }
        // Burn's own limit.
        let ranks = [
            read::<0>, read::<1>, read::<2>, read::<3>, read::<4>, read::<5>, read::<6>, read::<7>,
            read::<8>,
        ];
        if let Some(read) = ranks.get(weights.rank()) {
            self.0.insert(path.to_owned(), read(weights));
        }
    }

    /// A parameter's state, as its optimizer takes it apart.
    pub(crate) fn state(&mut self, path: &str, optimizer: &dyn DynOptimizer, state: &DynState) {
        let mut sink = StateSink::default();
        optimizer.state_flatten(path, state, &mut sink);
        self.0.extend(sink.tensors);
        for (name, value) in sink.scalars {
            // The types in which Burn keeps numbers, the narrowest first.
            let data = if let Ok(value) = u64::try_from(value) {
                scalar(value)
            } else if let Ok(value) = i64::try_from(value) {
                scalar(value)
            } else if let Ok(value) = f64::try_from(value) {
                scalar(value)
            } else {
                scalar(bool::try_from(value).unwrap_or_default())
            };
            self.0.insert(name, data);
        }
    }

    pub(crate) fn finish(self, kind: &str) -> StateRecord {
        StateRecord::new(kind, self.0)
    }
}

fn scalar<E: burn::tensor::Element>(value: E) -> TensorData {
    TensorData::new(vec![value], Shape::new([]))
}

fn value<E: burn::tensor::Element>(data: &TensorData) -> Option<E> {
    data.as_slice::<E>().ok()?.first().copied()
}

/// Takes a record apart, and sees that nothing is left over.
pub(crate) struct Reader<'a> {
    record: &'a StateRecord,
    taken: BTreeSet<String>,
}

impl Reader<'_> {
    fn take(&mut self, name: String) -> Result<&TensorData, RecordError> {
        let data = self.record.entries.get(&name);
        self.taken.insert(name.clone());
        data.ok_or(RecordError::Missing { name })
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<u64, RecordError> {
        let name = format!("@{name}");
        value(self.take(name.clone())?).ok_or(RecordError::Missing { name })
    }

    pub(crate) fn real(&mut self, name: &str) -> Result<f64, RecordError> {
        let name = format!("@{name}");
        value(self.take(name.clone())?).ok_or(RecordError::Missing { name })
    }

    /// A tensor of one element that belongs to no parameter.
    pub(crate) fn tensor(&mut self, name: &str, device: &Device) -> Result<Tensor<1>, RecordError> {
        let name = format!("@{name}");
        let data = self.take(name.clone())?;
        expect_shape(&name, data, &[1])?;
        Ok(on_device(data.clone(), device))
    }

    /// A parameter's state, which is a tensor itself, or `None` if it is not recorded.
    pub(crate) fn weights<const D: usize>(
        &mut self,
        path: &str,
        shape: [usize; D],
        device: &Device,
    ) -> Result<Option<DynState>, RecordError> {
        if !self.record.entries.contains_key(path) {
            return Ok(None);
        }
        let data = self.take(path.to_owned())?;
        expect_shape(path, data, &shape)?;
        let tensor: Tensor<D> = on_device(data.clone(), device);
        Ok(Some(DynState::create(tensor, D)))
    }

    /// A parameter's state, as its optimizer puts it together, or `None` if nothing is recorded.
    ///
    /// Every tensor in it has the parameter's shape, or `sampled` elements in a row.
    pub(crate) fn state<const D: usize>(
        &mut self,
        path: &str,
        shape: [usize; D],
        sampled: Option<usize>,
        optimizer: &dyn DynOptimizer,
        device: &Device,
    ) -> Result<Option<DynState>, RecordError> {
        let prefix = format!("{path}.");
        let own: Vec<(&String, &TensorData)> = self
            .record
            .entries
            .range(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix))
            .collect();
        if own.is_empty() {
            return Ok(None);
        }
        let (mut scalars, mut tensors) = (BTreeMap::new(), Vec::new());
        for (name, data) in &own {
            if data.rank() > 0 {
                if sampled.is_none_or(|count| data.shape().as_slice() != [count]) {
                    expect_shape(name, data, &shape)?;
                }
                tensors.push(((*name).clone(), (*data).clone()));
            } else if let Some(value) = value::<u64>(data) {
                scalars.insert((*name).clone(), value.into());
            } else if let Some(value) = value::<i64>(data) {
                scalars.insert((*name).clone(), value.into());
            } else if let Some(value) = value::<f64>(data) {
                scalars.insert((*name).clone(), value.into());
            } else if let Some(value) = value::<bool>(data) {
                scalars.insert((*name).clone(), value.into());
            }
        }
        let mut source = StateSource::new(scalars);
        for (name, data) in tensors {
            source.insert_tensor(name, data);
        }
        let state = optimizer
            .state_unflatten(D, path, &mut source, device)
            .ok_or(RecordError::Missing { name: prefix })?;
        // What the optimizer would write again is what it has understood.
        let mut sink = StateSink::default();
        optimizer.state_flatten(path, &state, &mut sink);
        self.taken
            .extend(sink.tensors.into_iter().map(|(name, _)| name));
        self.taken
            .extend(sink.scalars.into_iter().map(|(name, _)| name));
        Ok(Some(state))
    }

    /// Sees that every entry was taken.
    pub(crate) fn finish(self) -> Result<(), RecordError> {
        let names = self.record.entries.keys();
        match names.into_iter().find(|name| !self.taken.contains(*name)) {
            Some(name) => Err(RecordError::Foreign { name: name.clone() }),
            None => Ok(()),
        }
    }
}

fn expect_shape(name: &str, data: &TensorData, expected: &[usize]) -> Result<(), RecordError> {
    if data.shape().as_slice() == expected {
        return Ok(());
    }
    Err(RecordError::Shape {
        name: name.to_owned(),
        recorded: data.shape().to_vec(),
        expected: expected.to_vec(),
    })
}

fn on_device<const D: usize>(data: TensorData, device: &Device) -> Tensor<D> {
    let dtype = data.dtype();
    Tensor::from_data(data, (device, dtype))
}

/// The tensor recorded as `prefix.leaf`, on `device`, in the type that it was recorded in.
pub(crate) fn take_tensor<const D: usize>(
    source: &mut StateSource,
    prefix: &str,
    leaf: &str,
    device: &Device,
) -> Option<Tensor<D>> {
    let data = source.take_tensor(prefix, leaf)?;
    (data.rank() == D).then(|| on_device(data, device))
}
