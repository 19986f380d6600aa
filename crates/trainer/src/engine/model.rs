//! The model of a run, with its initial weights.

use burn::tensor::Device;
use models::{Model, ModelError};

use crate::config::Settings;
use crate::data::Images;
use crate::random::{Purpose, Random};

/// Builds the model of `settings` for `images` on `device`. The weights depend on the seed and on nothing else.
///
/// # Errors
/// Images that do not fit the model.
pub fn build_model(
    settings: &Settings,
    images: &Images,
    device: &Device,
) -> Result<Model, ModelError> {
    let mut random = Random::new(settings.seed, Purpose::Weights, 0, 0);
    let model = settings.model.network.config().init(
        images.shape(),
        images.classes(),
        || random.unit_f64(),
        device,
    )?;
    let model = model.dropout(settings.model.dropout)?;
    model.stochastic_depth(settings.model.stochastic_depth)
}
