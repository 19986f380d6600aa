//! `trainer train --resume`

use std::path::Path;

use crate::cli::TrainArguments;
use crate::config::{Change, ConfigError, Layer, Settings, changes, resolve};
use crate::data::Inputs;
use crate::engine::{Circumstances, Compute, Saved, build_model};
use crate::report::{Console, RunDirectory, RunEvent};

use super::prepare::{Prepared, prepare};
use super::training::{Training, tell};
use super::{Failure, backend, train};

/// Goes on with the run in `path`, from its newest checkpoint.
pub(super) fn run(
    path: &Path,
    arguments: &TrainArguments,
    console: Console,
) -> Result<(), Failure> {
    let directory = RunDirectory::open_to_train(path)?;
    let layers = || -> Result<Vec<Layer>, ConfigError> {
        let own = Layer::from_file(&directory.settings_path())?;
        Ok([own]
            .into_iter()
            .chain(arguments.settings.layers()?)
            .collect())
    };
    let before = resolve([Layer::from_file(&directory.settings_path())?])?;
    refuse_another_past(path, &before.settings, &resolve(layers()?)?.settings)?;
    if let Some(summary) = directory.load_summary()? {
        let updates = summary.updates;
        console.status(
            "resume",
            format_args!("finished: all {updates} updates are made"),
        );
        tell(&summary, &directory, console);
        return Ok(());
    }
    let mut prepared = prepare(layers()?, console)?;
    refuse_other_data(&directory, &prepared)?;
    let compute = backend::open(&prepared, console)?;
    let settings = &mut prepared.resolved.settings;
    settings.backend = compute.backend;
    // What may change from one update to the next counts for the next resume, too.
    directory.save_settings(settings)?;
    directory.remove_summary()?;

    let found = directory.shelf().settle(&directory.load_settings()?)?;
    for refused in found.iter().flat_map(|found| &found.refused) {
        console.warn(format_args!("{refused}; the one before it is used"));
    }
    let from = found.map(|found| found.newest);
    let settings = &prepared.resolved.settings;
    let images = prepared.dataset.train.images();
    let model = build_model(settings, images, &compute.device)?;
    train::echo(&prepared, &model, &compute, console);
    match &from {
        Some(saved) => {
            let checkpoint = &saved.checkpoint;
            let (made, planned) = (checkpoint.updates, checkpoint.length(prepared.plan.updates));
            let path = saved.path.display();
            console.status(
                "resume",
                format_args!("after {made} of {planned} updates, from {path}"),
            );
            warn_if_inexact(saved, &compute, console);
        }
        None => console.status("resume", "from the first update: there is no checkpoint"),
    }
    let training = Training {
        prepared: &prepared,
        compute: &compute,
        directory: &directory,
        from: from.as_ref(),
        beginning: RunEvent::Resumed {
            updates: from.as_ref().map_or(0, |saved| saved.checkpoint.updates),
            differences: from.as_ref().map_or_else(Vec::new, |saved| {
                Circumstances::here(&compute).differences(&saved.origin.circumstances)
            }),
        },
        tensorboard: arguments.tensorboard || directory.has_event_files(),
        tui: arguments.tui,
        console,
    };
    training.run()
}

/// What would have come out otherwise from the first update on cannot be changed any more.
fn refuse_another_past(run: &Path, before: &Settings, after: &Settings) -> Result<(), Failure> {
    let past: Vec<String> = changes(&before.table()?, &after.table()?)
        .iter()
        .filter(|change| change.is_of_the_past())
        .map(Change::to_string)
        .collect();
    if past.is_empty() {
        return Ok(());
    }
    Err(Failure::another_past(run, &past.join("; ")))
}

/// Other images under the same name are another run.
fn refuse_other_data(directory: &RunDirectory, prepared: &Prepared) -> Result<(), Failure> {
    let images = prepared.dataset.train.images();
    let then = directory.load_inputs()?;
    then.fit(images)?;
    if then == Inputs::new(images, &prepared.resolved.settings.data) {
        return Ok(());
    }
    let message = "the training images are others than those that the run began with";
    Err(Failure::data(message)
        .hint_of("their mean and deviation differ; data.toml has the former ones"))
}

/// Numbers that were computed under other circumstances have other last bits.
pub(super) fn warn_if_inexact(saved: &Saved, compute: &Compute, console: Console) {
    let differences = Circumstances::here(compute).differences(&saved.origin.circumstances);
    if !differences.is_empty() {
        console.warn(format_args!(
            "not bit for bit what an uninterrupted run computes: {}",
            differences.join("; ")
        ));
    }
}
