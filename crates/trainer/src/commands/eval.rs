//! `trainer eval`

use serde_json::{Map, Value};

use crate::cli::{EvalArguments, PartName, ResultFormat};
use crate::config::ConfigError;
use crate::data::Part;
use crate::engine::{Confusion, build_model, evaluate, first_largest};
use crate::report::{ConfusionReport, Console, RunDirectory};

use super::prepare::prepare;
use super::weights::load_weights;
use super::{Failure, backend};

pub(super) fn run(arguments: &EvalArguments) -> Result<(), Failure> {
    let format = ResultFormat::of(arguments.format, arguments.json);
    let console = Console {
        json: format == ResultFormat::Json,
    };
    let directory = RunDirectory::open(&arguments.run)?;
    let inputs = directory.load_inputs()?;
    let mut prepared = prepare(arguments.layers(&directory.settings_path())?, console)?;
    inputs.fit(prepared.dataset.train.images())?;
    inputs.fit(prepared.dataset.test.images())?;
    prepared.dataset = prepared.dataset.normalized(&inputs.normalization());
    let settings = &prepared.resolved.settings;
    let (name, part) = match arguments.part {
        PartName::Test => ("test", &prepared.dataset.test),
        PartName::Validation => ("validation", &prepared.dataset.validation),
        PartName::Train => ("train", &prepared.dataset.train),
    };
    refuse_empty(part, name)?;
    let compute = backend::open(&prepared, console)?;
    let model = build_model(settings, part.images(), &compute.device)?;
    let model = load_weights(&directory, model, console)?;
    let mut confusion = Confusion::new(inputs.classes().len());
    let batch_size = settings.data.batch_size;
    let metrics = evaluate(&model, part, batch_size, &compute, |row, logits| {
        confusion.count(usize::from(part.label(row)), first_largest(logits));
    });

    let report = ConfusionReport::new(&confusion, inputs.classes());
    match format {
        ResultFormat::Text => console.result(format_args!(
            "{name} accuracy {:.2} % (loss {:.4}) on {} images; run: {}\n\n{report}",
            100.0 * metrics.accuracy,
            metrics.loss,
            part.len(),
            directory.path().display(),
        )),
        ResultFormat::Csv => console.rows(|out| report.write_csv(out)),
        ResultFormat::Json => {
            let (classes, rows) = report.json();
            console.data(&Value::Object(Map::from_iter([
                (
                    "run".to_owned(),
                    Value::from(directory.path().display().to_string()),
                ),
                (format!("{name}_loss"), Value::from(metrics.loss)),
                (format!("{name}_accuracy"), Value::from(metrics.accuracy)),
                ("images".to_owned(), Value::from(part.len())),
                ("classes".to_owned(), classes),
                ("confusion".to_owned(), rows),
            ])));
        }
    }
    Ok(())
}

fn refuse_empty(part: &Part, name: &str) -> Result<(), ConfigError> {
    if part.is_empty() {
        let message = format!("--part {name}: the run held no images out for it");
        return Err(ConfigError::new(message).hint("--part test, or a run with data.validation"));
    }
    Ok(())
}
