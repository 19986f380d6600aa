//! The model of a run, with its initial weights.

use burn::tensor::Device;
use models::{Model, ModelConfig, ModelError};

use super::precision::cast;
use crate::config::{ModelSettings, Settings};
use crate::data::Images;
use crate::random::{Purpose, Random};

/// Builds the model of `settings` for `images` on `device`. The weights depend on the seed and on nothing else; in
/// double precision they are those of single precision.
///
/// # Errors
/// Images that do not fit the model.
pub fn build_model(
    settings: &Settings,
    images: &Images,
    device: &Device,
) -> Result<Model, ModelError> {
    let config = match &settings.model {
        ModelSettings::Mlp { hidden } => ModelConfig::Mlp {
            hidden: hidden.clone(),
        },
        ModelSettings::LeNet5 => ModelConfig::LeNet5,
    };
    let mut random = Random::new(settings.seed, Purpose::Weights, 0, 0);
    let model = config.init(
        images.shape(),
        images.classes(),
        || random.unit_f64(),
        device,
    )?;
    Ok(cast(model, settings.train.precision))
}
