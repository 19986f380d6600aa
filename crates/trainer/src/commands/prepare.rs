//! What every command that trains or measures needs first: settings, data, a plan.

use crate::config::{self, Backend, ConfigError, Layer, Resolved, Source};
use crate::data::{self, Dataset};
use crate::engine::{Plan, PlanError, build_model, open};
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
    with_data(resolved, dataset)
}

/// Plans the run of settings on data that are loaded.
pub(super) fn with_data(resolved: Resolved, dataset: Dataset) -> Result<Prepared, Failure> {
    let images = dataset.train.images();
    resolved.check_shape(images.shape())?;
    resolved.check_memory(images.shape(), images.classes())?;
    let plan = plan(&resolved, &dataset)?;
    Ok(Prepared {
        resolved,
        dataset,
        plan,
    })
}

/// Plans anew after a setting was changed.
pub(super) fn replan(prepared: &mut Prepared) -> Result<(), Failure> {
    prepared.plan = plan(&prepared.resolved, &prepared.dataset)?;
    Ok(())
}

fn plan(resolved: &Resolved, dataset: &Dataset) -> Result<Plan, Failure> {
    let plan = Plan::new(&resolved.settings, dataset.train.len())
        .map_err(|error| plan_error(resolved, error))?;
    layer_rates(plan, resolved, dataset)
}

/// Why a run cannot be planned, with the place of the setting that is at fault.
pub(super) fn plan_error(resolved: &Resolved, error: PlanError) -> Failure {
    match error {
        PlanError::Schedule(error) => Failure::from(resolved.schedule_error(&error)),
        error @ PlanError::NoMetric { .. } => ConfigError::new(error.to_string())
            .hint("hold out some training images: data.validation = \"10%\"")
            .into(),
        error => error.into(),
    }
}

/// A rate for each layer, if there is more than one rate.
fn layer_rates(plan: Plan, resolved: &Resolved, dataset: &Dataset) -> Result<Plan, Failure> {
    let settings = &resolved.settings;
    if settings.optimizer.layer_decay == 1.0 {
        return Ok(plan);
    }
    let device = open(Backend::Flex)?.device;
    let model = build_model(settings, dataset.train.images(), &device)?;
    Ok(plan.layer_rates(&settings.optimizer, &model))
}

impl From<models::ModelError> for Failure {
    fn from(error: models::ModelError) -> Self {
        let hint = "another --model, or other --data";
        ConfigError::new(error.to_string()).hint(hint).into()
    }
}
