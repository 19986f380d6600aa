//! The model that a run starts from: drawn, or read from a file, and partly frozen.

use burn::tensor::Device;
use models::{FreezeError, Model, ModelError, StateDict};

use super::checkpoint::ResumeError;
use super::weights::{WeightsError, read_weights};
use super::{FitError, build_model};
use crate::config::{Head, Settings};
use crate::data::Images;

/// A model before its first update.
#[derive(Debug)]
pub struct Start {
    /// The model.
    pub model: Model,
    /// How many classes the file's head had, where a newly drawn one took its place.
    pub replaced_classes: Option<usize>,
}

/// A run without a first model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A network that does not fit the images.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Weights that cannot be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Nothing to freeze, or nothing left to learn.
    #[error("model.freeze: {0}")]
    Freeze(#[from] FreezeError),
}

/// What every network calls its last layer.
const HEAD: &str = "head.";

/// Builds the model of `settings` for `images` on `device`, with the weights of `model.init` where that is given, and
/// freezes the parameters of `model.freeze`.
///
/// # Errors
/// Images that do not fit the model, weights that are not its own, or a choice of parameters that cannot be frozen.
pub fn start_model(
    settings: &Settings,
    images: &Images,
    device: &Device,
) -> Result<Start, StartError> {
    let mut model = build_model(settings, images, device)?;
    let mut replaced_classes = None;
    if let Some(path) = &settings.model.start.init {
        let mut weights = read_weights(path)?;
        if settings.model.start.head == Head::New {
            let classes = weights.get("head.bias").map(|bias| bias.num_elements());
            replaced_classes = classes.filter(|classes| *classes != images.classes());
            let drawn = model.state_dict();
            for (name, data) in drawn.iter().filter(|(name, _)| name.starts_with(HEAD)) {
                weights.insert(name, data.clone());
            }
        }
        let loaded = model.load_state_dict(&weights, None);
        model = loaded.map_err(|source| WeightsError::Misfit {
            path: path.clone(),
            source,
        })?;
    }
    Ok(Start {
        model: model.freeze_parameters(&settings.model.start.freeze)?,
        replaced_classes,
    })
}

/// The model of `settings` with the weights of a checkpoint, on `device`, with the same parameters frozen.
///
/// # Errors
/// Weights of another model.
pub(super) fn resume_model(
    settings: &Settings,
    images: &Images,
    weights: &StateDict,
    device: &Device,
) -> Result<Model, FitError> {
    let model = build_model(settings, images, device).map_err(StartError::from)?;
    let model = model
        .load_state_dict(weights, None)
        .map_err(ResumeError::from)?;
    let model = model.freeze_parameters(&settings.model.start.freeze);
    Ok(model.map_err(StartError::from)?)
}

impl StartError {
    /// Whether all that is wrong is the head, as with weights that were trained on other classes.
    pub fn is_head_only(&self) -> bool {
        match self {
            Self::Weights(WeightsError::Misfit { source, .. }) => {
                let mut misfits = source.misfits.iter();
                misfits.all(|misfit| misfit.name().starts_with(HEAD))
            }
            _ => false,
        }
    }
}
