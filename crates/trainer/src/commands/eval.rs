//! `trainer eval`

use serde_json::json;

use crate::cli::EvalArguments;
use crate::engine::{build_model, evaluate};
use crate::report::{Console, RunDirectory};

use super::prepare::prepare;
use super::{Failure, backend};

pub(super) fn run(arguments: &EvalArguments) -> Result<(), Failure> {
    let console = Console {
        json: arguments.json,
    };
    let directory = RunDirectory::open(&arguments.run)?;
    let prepared = prepare(arguments.layers(&directory.settings_path())?, console)?;
    let settings = &prepared.resolved.settings;
    let test = &prepared.dataset.test;
    let compute = backend::open(&prepared, console)?;
    let model = build_model(settings, test.images(), &compute.device)?;
    let model = directory.load_model(model)?;
    let metrics = evaluate(&model, test, settings.data.batch_size, &compute.device);

    console.data(&json!({
        "run": directory.path(),
        "test_loss": metrics.loss,
        "test_accuracy": metrics.accuracy,
        "images": test.len(),
    }));
    console.result(format_args!(
        "test accuracy {:.2} % (loss {:.4}) on {} images; run: {}",
        100.0 * metrics.accuracy,
        metrics.loss,
        test.len(),
        directory.path().display(),
    ));
    Ok(())
}
