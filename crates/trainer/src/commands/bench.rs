//! `trainer bench`

use std::time::Duration;

use serde_json::json;

use crate::cli::{BenchArguments, ResultFormat};
use crate::config::{self, Backend, ConfigError, Settings};
use crate::data::{self, Dataset, ImageShape};
use crate::engine::{self, Compute, Event, Timing, build_model};
use crate::report::{Benchmark, BenchmarkRow, Console, Progress, RunDirectory};

use super::prepare::{Prepared, with_data};
use super::{Failure, backend};

/// The measurement goes round all rows so often, so that a slow minute of the machine falls on all of them.
const ROUNDS: u32 = 3;
/// How many images stand for those of a data set.
const ROWS: usize = 16_384;
const CLASSES: usize = 10;

/// A row of the result, as far as it is known.
struct Case {
    prepared: Prepared,
    compute: Compute,
    timing: Timing,
}

pub(super) fn run(arguments: &BenchArguments) -> Result<(), Failure> {
    let format = ResultFormat::of(arguments.format, arguments.json);
    let console = Console {
        json: format == ResultFormat::Json,
    };
    let mut cases = cases(arguments, console)?;
    let folder = tempfile::tempdir().map_err(Failure::scratch)?;
    let directory = RunDirectory::create(folder.path(), Some("bench"), "")?;
    let duration = Duration::from_secs_f64(arguments.seconds / f64::from(ROUNDS));
    for _ in 0..ROUNDS {
        for case in &mut cases {
            let round = case.measure(duration, &directory, console)?;
            case.timing.extend(round);
        }
    }
    let rows = cases.into_iter().map(Case::row).collect::<Result<_, _>>()?;
    let benchmark = Benchmark { rows };
    match format {
        ResultFormat::Text => console.result(&benchmark),
        ResultFormat::Csv => console.rows(|out| benchmark.write_csv(out)),
        ResultFormat::Json => console.data(&json!({ "rows": benchmark.rows })),
    }
    Ok(())
}

/// Every model at every batch size on every backend that was asked for.
fn cases(arguments: &BenchArguments, console: Console) -> Result<Vec<Case>, Failure> {
    // A GPU can be opened once, and images are made once.
    let mut computes: Vec<Compute> = Vec::new();
    let mut datasets: Vec<Dataset> = Vec::new();
    let mut cases = Vec::new();
    for model in arguments.models() {
        for &batch_size in &arguments.batch_sizes {
            for name in &arguments.backend {
                let resolved = config::resolve(arguments.layers(model, batch_size, name)?)?;
                let settings = &resolved.settings;
                let compute = opened(settings, &mut computes, console)?;
                let shape = arguments.shape.unwrap_or_else(|| shape(settings));
                let dataset = made(shape, &mut datasets);
                cases.push(Case {
                    prepared: with_data(resolved, dataset)?,
                    compute,
                    timing: Timing::default(),
                });
            }
        }
    }
    Ok(cases)
}

fn opened(
    settings: &Settings,
    computes: &mut Vec<Compute>,
    console: Console,
) -> Result<Compute, Failure> {
    let known = computes
        .iter()
        .find(|compute| compute.backend == settings.backend);
    let compute = match (known, settings.backend) {
        (_, Backend::Auto) => {
            let wrong = ConfigError::new("--backend auto: bench measures those that it is told");
            return Err(wrong.hint("such as --backend flex,ndarray,wgpu").into());
        }
        (Some(compute), _) => compute.clone(),
        (None, backend) => {
            let compute = engine::open(backend)?;
            backend::warn_if_software(&compute, console);
            computes.push(compute.clone());
            compute
        }
    };
    compute.check(settings.train.precision)?;
    Ok(compute)
}

fn made(shape: ImageShape, datasets: &mut Vec<Dataset>) -> Dataset {
    let known = datasets
        .iter()
        .find(|dataset| dataset.train.images().shape() == shape);
    if let Some(dataset) = known {
        return dataset.clone();
    }
    let dataset = data::synthetic(shape, ROWS, CLASSES);
    datasets.push(dataset.clone());
    dataset
}

/// The images that a network was made for: those of CIFAR-10 for a residual one, those of MNIST for the others.
fn shape(settings: &Settings) -> ImageShape {
    let (channels, side) = match settings.model.name() {
        "resnet" => (3, 32),
        _ => (1, 28),
    };
    ImageShape {
        channels,
        height: side,
        width: side,
    }
}

impl Case {
    fn measure(
        &self,
        duration: Duration,
        directory: &RunDirectory,
        console: Console,
    ) -> Result<Timing, Failure> {
        let Prepared {
            resolved,
            dataset,
            plan,
        } = &self.prepared;
        let mut metrics = directory.begin_metrics()?;
        let mut written = Ok(());
        let mut progress = Progress::new(console, plan, self.compute.is_gpu());
        // As `train` does.
        let tell = |event: Event<'_>| {
            progress.tell(&event);
            if let (Event::Updates(updates), Ok(())) = (&event, &written) {
                written = metrics.append(updates);
            }
        };
        let settings = &resolved.settings;
        let timing = engine::time_updates(settings, dataset, plan, &self.compute, duration, tell)?;
        progress.finish();
        written?;
        Ok(timing)
    }

    fn row(self) -> Result<BenchmarkRow, Failure> {
        let settings = &self.prepared.resolved.settings;
        let images = self.prepared.dataset.train.images();
        let model = build_model(settings, images, &self.compute.device)?;
        let row = BenchmarkRow {
            model: settings.model.name().to_owned(),
            images: images.shape().to_string(),
            parameters: model.parameter_count(),
            batch_size: settings.data.batch_size,
            backend: self.compute.backend.name().to_owned(),
            device: self.compute.name.clone(),
            ..BenchmarkRow::default()
        };
        Ok(row.timed(&self.timing))
    }
}
