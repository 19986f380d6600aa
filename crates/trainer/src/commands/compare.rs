//! `trainer compare`

mod datasets;
mod target;
mod workbench;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use crate::analysis::Comparison;
use crate::cli::CompareArguments;
use crate::config::{Case, ConfigError, Experiment, Peaks};
use crate::engine::Plan;
use crate::report::{ComparisonReport, Console, Journal, Page, TargetReport, format_duration};

use datasets::Datasets;
use workbench::Workbench;

use super::prepare::plan_error;
use super::{Failure, backend, horizon};

/// Seeds of `--quick`: for tuning, and for reporting.
const QUICK: (usize, usize) = (1, 3);

pub(super) fn run(arguments: &CompareArguments) -> Result<(), Failure> {
    let begin = Instant::now();
    let console = Console {
        json: arguments.json,
    };
    let mut experiment = Experiment::read(arguments.layers()?)?;
    if arguments.quick {
        experiment = experiment.with_seeds(QUICK.0, QUICK.1);
    }
    let notes = experiment
        .cases
        .iter()
        .flat_map(|case| case.resolved.layers.notes());
    // The same from many cases.
    for note in notes.collect::<BTreeSet<&String>>() {
        console.warn(note);
    }
    let datasets = Datasets::load(&mut experiment.cases, console)?;
    check(&experiment.cases, &datasets)?;
    let first = experiment.cases.first().map(|case| &case.resolved.settings);
    let first =
        first.ok_or_else(|| ConfigError::new("compare.strategies: none is left to compare"))?;
    let dataset = datasets.of(&first.data)?;
    let plan = Plan::new(first, dataset.train.len())?;
    let compute = backend::open_for(first, dataset, &plan, console)?;

    let name = arguments.name.clone().unwrap_or_else(|| {
        format!(
            "compare-{}-{}",
            first.data.source.name(),
            first.model.name()
        )
    });
    let folder = arguments.runs.join(name);
    let mut workbench = Workbench {
        experiment: &experiment,
        journal: Journal::open(&folder)?,
        datasets: &datasets,
        compute: &compute,
        console,
    };
    let page = folder.join("report.html");
    let done = |report: Page| save(&page, &report, begin, console);
    match &experiment.target {
        None => {
            echo(&experiment, console);
            let records = workbench.records(&experiment.cases)?;
            let comparison = Comparison::of(&experiment.baseline, &records);
            let report = ComparisonReport::new(&comparison);
            done(report.page())?;
            console.result(report);
            console.data(&serde_json::json!({ "report": page, "comparison": comparison }));
        }
        Some(target) => {
            let found = target::search(&mut workbench, target)?;
            let report = TargetReport::new(&found);
            done(report.page())?;
            console.result(report);
            console.data(&serde_json::json!({ "report": page, "time_to_target": found }));
        }
    }
    Ok(())
}

/// Writes the page, and says that all is done.
fn save(path: &Path, page: &Page, begin: Instant, console: Console) -> Result<(), Failure> {
    super::report::write(path, &page.html())?;
    console.status(
        "done",
        format_args!(
            "in {}; the same with curves: {}",
            format_duration(begin.elapsed()),
            path.display()
        ),
    );
    Ok(())
}

/// Every case can be planned, at its highest peak; so that nothing is found out after an hour.
fn check(cases: &[Case], datasets: &Datasets) -> Result<(), Failure> {
    for case in cases {
        let settings = &case.resolved.settings;
        if datasets.of(&settings.data)?.validation.is_empty() {
            return Err(ConfigError::new(
                "data.validation = 0: strategies are compared by their loss on the validation images",
            )
            .hint("hold out some training images: data.validation = \"10%\"")
            .into());
        }
        horizon::refuse_unequal(settings)?;
        let peaks = match &case.peaks {
            Peaks::Given(peak) => std::slice::from_ref(peak),
            Peaks::Grid(peaks) => peaks,
        };
        let rows = datasets.of(&settings.data)?.train.len();
        for peak in peaks {
            Plan::new(&case.settings(*peak, settings.seed), rows).map_err(|error| {
                plan_error(&case.resolved, error).of(&case.condition, &case.strategy)
            })?;
        }
    }
    Ok(())
}

/// How much there is to do.
fn echo(experiment: &Experiment, console: Console) {
    let tuning: usize = experiment
        .cases
        .iter()
        .map(|case| case.peaks.grid().len())
        .sum();
    console.status(
        "experiment",
        format_args!(
            "{} strategies, {} runs to choose their peaks, {} to compare them",
            experiment.cases.len(),
            tuning * experiment.tuning_seeds.len(),
            experiment.cases.len() * experiment.seeds.len(),
        ),
    );
}
