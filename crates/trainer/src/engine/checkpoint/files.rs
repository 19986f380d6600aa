//! A checkpoint as a folder of files.
//!
//! | file | holds |
//! | --- | --- |
//! | `model.safetensors` | the weights that are meant for use, under PyTorch's names |
//! | `state.safetensors` | every other number that the run goes on from |
//! | `state.json` | counters, the schedule's state, and which run it is of |
//! | `manifest.json` | the length and checksum of each |

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use models::StateDict;
use optimizers::StateRecord;
use schedules::SchedulerState;
use serde::{Deserialize, Serialize};

use super::{Checkpoint, Circumstances, manifest};
use crate::engine::guard::Watch;
use crate::engine::patience::Patience;
use crate::engine::standing::{Best, Standing};
use crate::engine::tensors::{TensorsError, tensors_from_bytes, tensors_to_bytes};
use crate::engine::{Metrics, exact};

/// A checkpoint that cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file system refused.
    #[error("the checkpoint {} cannot be written: {source}", path.display())]
    Write {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is not whole, or not of this program.
    #[error("the checkpoint {}: {reason}", path.display())]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Whole, and of another run.
    #[error("the checkpoint {} is of another run: {change}", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The first setting that differs.
        change: String,
    },
    /// There is none.
    #[error("{} holds no checkpoint", path.display())]
    None {
        /// Where there should be one.
        path: PathBuf,
    },
}

/// Which run a checkpoint is of, and how it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The run's settings.
    pub settings: toml::Table,
    /// Under which its numbers were computed.
    pub circumstances: Circumstances,
}

/// A checkpoint as it was saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The state of the run.
    pub checkpoint: Checkpoint,
    /// Which run it is.
    pub origin: Origin,
    /// Where it lies.
    pub path: PathBuf,
}

const MODEL: &str = "model.safetensors";
const NUMBERS: &str = "state.safetensors";
const STATE: &str = "state.json";

/// `state.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    updates: u64,
    seconds: f64,
    optimizer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    average: Option<String>,
    schedule: SchedulerState,
    #[serde(with = "exact")]
    scale: f64,
    recovered: Vec<u64>,
    adjusted: u64,
    watch: Watch,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patience: Option<Patience>,
    ended: bool,
    circumstances: Circumstances,
    /// In the form of a configuration file.
    settings: String,
}

/// What the names in `state.safetensors` begin with.
const WEIGHTS: &str = "weights/";
const OPTIMIZER: &str = "optimizer/";
const AVERAGE: &str = "average/";
/// … and those that stand alone.
const RECENT: &str = "recent_losses";
const VALIDATION: &str = "validation";
const BEST: &str = "best";

/// Writes `checkpoint` into `folder`, which is there and empty.
pub(super) fn write(folder: &Path, checkpoint: &Checkpoint, origin: &Origin) -> io::Result<()> {
    let state = State {
        updates: checkpoint.updates,
        seconds: checkpoint.seconds,
        optimizer: checkpoint.optimizer.kind().to_owned(),
        average: checkpoint
            .average
            .as_ref()
            .map(|average| average.kind().to_owned()),
        schedule: checkpoint.schedule.clone(),
        scale: checkpoint.scale,
        recovered: checkpoint.recovered.clone(),
        adjusted: checkpoint.adjusted,
        watch: checkpoint.standing.watch,
        patience: checkpoint.standing.patience,
        ended: checkpoint.standing.ended,
        circumstances: origin.circumstances.clone(),
        settings: toml::to_string(&origin.settings).map_err(io::Error::other)?,
    };
    let mut state = serde_json::to_vec_pretty(&state)?;
    state.push(b'\n');
    let model = checkpoint.model().iter();
    let model = tensors_to_bytes(model, None).map_err(io::Error::other)?;
    let numbers = numbers(checkpoint);
    let numbers = numbers.iter().map(|(name, data)| (name.as_str(), data));
    let numbers = tensors_to_bytes(numbers, None).map_err(io::Error::other)?;
    manifest::write(
        folder,
        &[(MODEL, model), (NUMBERS, numbers), (STATE, state)],
    )
}

/// Everything in `state.safetensors`.
fn numbers(checkpoint: &Checkpoint) -> BTreeMap<String, TensorData> {
    let mut numbers = BTreeMap::new();
    if checkpoint.averaged.is_some() {
        for (name, data) in checkpoint.weights.iter() {
            numbers.insert(format!("{WEIGHTS}{name}"), data.clone());
        }
    }
    let records = [
        (OPTIMIZER, Some(&checkpoint.optimizer)),
        (AVERAGE, checkpoint.average.as_ref()),
    ];
    for (prefix, record) in records {
        for (name, data) in record.iter().flat_map(|record| record.entries()) {
            numbers.insert(format!("{prefix}{name}"), data.clone());
        }
    }
    let mut list = |name: &str, values: Vec<f64>| {
        let length = values.len();
        numbers.insert(name.to_owned(), TensorData::new(values, [length]));
    };
    let standing = &checkpoint.standing;
    list(RECENT, standing.recent.iter().copied().collect());
    if let Some(validation) = standing.validation {
        list(VALIDATION, vec![validation.loss, validation.accuracy]);
    }
    if let Some(best) = standing.best {
        list(BEST, vec![best.value, best.updates as f64]);
    }
    numbers
}

/// Reads the checkpoint in `folder`.
///
/// # Errors
/// One that is not whole.
pub(super) fn read(folder: &Path) -> Result<Saved, CheckpointError> {
    parse(folder).map_err(|reason| CheckpointError::Damaged {
        path: folder.to_owned(),
        reason,
    })
}

fn parse(folder: &Path) -> Result<Saved, String> {
    let files = manifest::read(folder)?;
    let file = |name: &str| files.get(name).ok_or_else(|| format!("it has no {name}"));
    let tensors = |name: &str| {
        tensors_from_bytes(file(name)?).map_err(|error| match error {
            TensorsError::Format(reason) => format!("{name} is damaged: {reason}"),
            TensorsError::Type {
                name: tensor,
                found,
            } => {
                format!("{name} has `{}` of type {found}", tensor.escape_debug())
            }
        })
    };
    let state: State = serde_json::from_slice(file(STATE)?)
        .map_err(|error| format!("{STATE} is of another form: {error}"))?;
    let settings: toml::Table = toml::from_str(&state.settings)
        .map_err(|error| format!("{STATE}: settings: {}", error.message()))?;
    let model: StateDict = tensors(MODEL)?.into_iter().collect();
    let mut numbers: BTreeMap<String, TensorData> = tensors(NUMBERS)?.into_iter().collect();
    let weights = StateDict::from_iter(below(&mut numbers, WEIGHTS));
    let optimizer = StateRecord::new(state.optimizer, below(&mut numbers, OPTIMIZER));
    let average = below(&mut numbers, AVERAGE);
    let average = state.average.map(|kind| StateRecord::new(kind, average));
    let mut list = |name: &str| {
        numbers
            .remove(name)
            .map(|data| data.iter::<f64>().collect::<Vec<f64>>())
    };
    let standing = Standing {
        recent: list(RECENT).unwrap_or_default().into(),
        validation: match list(VALIDATION).as_deref() {
            Some([loss, accuracy]) => Some(Metrics {
                loss: *loss,
                accuracy: *accuracy,
            }),
            Some(_) => return Err(format!("{NUMBERS}: `{VALIDATION}` is no pair of numbers")),
            None => None,
        },
        best: match list(BEST).as_deref() {
            Some([value, updates]) => Some(Best {
                value: *value,
                updates: *updates as u64,
            }),
            Some(_) => return Err(format!("{NUMBERS}: `{BEST}` is no pair of numbers")),
            None => None,
        },
        watch: state.watch,
        patience: state.patience,
        ended: state.ended,
    };
    if let Some(name) = numbers.keys().next() {
        return Err(format!(
            "{NUMBERS} has `{}`, which nobody here wrote",
            name.escape_debug()
        ));
    }
    let (weights, averaged) = if weights.is_empty() {
        (model, None)
    } else {
        (weights, Some(model))
    };
    Ok(Saved {
        checkpoint: Checkpoint {
            updates: state.updates,
            weights,
            averaged,
            optimizer,
            average,
            schedule: state.schedule,
            scale: state.scale,
            recovered: state.recovered,
            adjusted: state.adjusted,
            standing,
            seconds: state.seconds,
        },
        origin: Origin {
            settings,
            circumstances: state.circumstances,
        },
        path: folder.to_owned(),
    })
}

/// Takes out what is below `prefix`, which the names then do without.
fn below(numbers: &mut BTreeMap<String, TensorData>, prefix: &str) -> BTreeMap<String, TensorData> {
    let all = std::mem::take(numbers).into_iter();
    let (own, others) = all.partition::<BTreeMap<_, _>, _>(|(name, _)| name.starts_with(prefix));
    *numbers = others;
    let own = own.into_iter();
    own.map(|(name, data)| (name[prefix.len()..].to_owned(), data))
        .collect()
}
