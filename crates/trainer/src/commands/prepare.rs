//! What every command that trains or measures needs first: settings, data, a plan.

use crate::config::{self, ConfigError, Layer, Resolved, Source};
use crate::data::{self, Dataset};
use crate::engine::{FitError, Plan};
use crate::report::Console;

use super::Failure;

/// Settings resolved and their data loaded.
pub(super) struct Prepared {
    pub(super) resolved: Resolved,
    pub(super) dataset: Dataset,
    pub(super) plan: Plan,
}

/// Resolves `layers`, loads the data and plans the run.
pub(super) fn prepare(layers: Vec<Layer>, console: Console) -> Result<Prepared, Failure> {
    let mut resolved = config::resolve(layers)?;
    for note in resolved.layers.notes() {
        console.warn(note);
    }
    if cfg!(debug_assertions) {
        console.warn("this is a debug build and many times slower; use cargo run --release");
    }
    let tell = &mut |text: &str| console.status("data", text);
    let dataset = data::load_telling(&resolved.settings.data, tell)?;
    if let Source::Images(folder) = &mut resolved.settings.data.source {
        let shape = dataset.train.images().shape();
        folder.settle(shape.channels, shape.height, shape.width);
    }
    let plan = Plan::new(&resolved.settings, dataset.train.len()).map_err(|error| match error {
        FitError::Schedule(error) => Failure::from(resolved.schedule_error(&error)),
        error @ FitError::NoMetric { .. } => ConfigError::new(error.to_string())
            .hint("hold out some training images: data.validation = \"10%\"")
            .into(),
        error => error.into(),
    })?;
    Ok(Prepared {
        resolved,
        dataset,
        plan,
    })
}

impl From<models::ModelError> for Failure {
    fn from(error: models::ModelError) -> Self {
        let hint = "another --model, or other --data";
        ConfigError::new(error.to_string()).hint(hint).into()
    }
}
