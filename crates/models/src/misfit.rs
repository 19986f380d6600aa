//! Tensors that do not fit a model.

use std::fmt;

use burn::tensor::{DType, TensorData};

use crate::StateDict;

/// Weights that are not those of the model, with every tensor that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct StateDictError {
    /// What does not fit: first the model's tensors in its order, then those that it does not have.
    pub misfits: Vec<Misfit>,
}

/// A tensor that does not fit a model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misfit {
    /// The model has it, the weights do not.
    Missing {
        /// The tensor's name.
        name: String,
        /// Its shape in the model.
        expected: Vec<usize>,
    },
    /// The weights have it, the model does not.
    Extra {
        /// The tensor's name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
    },
    /// Both have it, in different shapes.
    Shape {
        /// The tensor's name.
        name: String,
        /// Its shape in the model.
        expected: Vec<usize>,
        /// Its shape in the weights.
        found: Vec<usize>,
    },
    /// Integers where floats belong, or the other way round.
    Type {
        /// The tensor's name.
        name: String,
        /// Its type in the weights.
        found: DType,
        /// What it must be.
        expected: &'static str,
    },
}

impl fmt::Display for StateDictError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.misfits.len() {
            1 => write!(formatter, "one tensor does not fit the model:")?,
            count => write!(formatter, "{count} tensors do not fit the model:")?,
        }
        for misfit in self.misfits.iter().take(LISTED) {
            write!(formatter, "\n  {misfit}")?;
        }
        match self.misfits.len().saturating_sub(LISTED) {
            0 => Ok(()),
            more => write!(formatter, "\n  and {more} more"),
        }
    }
}

/// More than this nobody reads: the weights are of another network.
const LISTED: usize = 100;

impl Misfit {
    /// The tensor's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Missing { name, .. }
            | Self::Extra { name, .. }
            | Self::Shape { name, .. }
            | Self::Type { name, .. } => name,
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name, expected } => {
                write!(formatter, "{name}: missing, must be {expected:?}")
            }
            // The one name that comes from somebody's file.
            Self::Extra { name, found } => write!(
                formatter,
                "{}: {found:?}, and the model has no such tensor",
                name.escape_debug()
            ),
            Self::Shape {
                name,
                expected,
                found,
            } => write!(formatter, "{name}: {found:?}, must be {expected:?}"),
            Self::Type {
                name,
                found,
                expected,
            } => write!(formatter, "{name}: of type {found:?}, must be {expected}"),
        }
    }
}

/// Compares the tensors of `model` with those that `dict` has for it.
pub(crate) fn misfits(model: &StateDict, dict: &StateDict) -> Vec<Misfit> {
    let shape = |data: &TensorData| data.shape().to_vec();
    let mut misfits = Vec::new();
    for (name, own) in model.iter() {
        let (name, expected) = (name.to_owned(), shape(own));
        let Some(given) = dict.get(&name) else {
            misfits.push(Misfit::Missing { name, expected });
            continue;
        };
        let found = shape(given);
        if found != expected {
            misfits.push(Misfit::Shape {
                name,
                expected,
                found,
            });
        } else if own.dtype().is_float() != given.dtype().is_float() {
            misfits.push(Misfit::Type {
                name,
                found: given.dtype(),
                expected: if own.dtype().is_float() {
                    "floats"
                } else {
                    "integers"
                },
            });
        }
    }
    let extra = dict.iter().filter(|(name, _)| model.get(name).is_none());
    misfits.extend(extra.map(|(name, data)| Misfit::Extra {
        name: name.to_owned(),
        found: shape(data),
    }));
    misfits
}
