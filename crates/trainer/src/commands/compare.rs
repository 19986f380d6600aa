//! `trainer compare`

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use crate::analysis::{Comparison, Records, TrialRecord, best_peak};
use crate::cli::CompareArguments;
use crate::config::{Case, ConfigError, DataSettings, Experiment, Peaks, Settings, Source};
use crate::data::{self, Dataset};
use crate::engine::{Compute, Crew, Plan, Trial, run_trials};
use crate::report::{ComparisonReport, Console, Journal, TrialProgress, format_duration};

use super::prepare::plan_error;
use super::{Failure, backend};

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
        journal: Journal::open(&folder)?,
        datasets: &datasets,
        compute: &compute,
        console,
    };
    echo(&experiment, console);
    let tuning = workbench.tuning(&experiment)?;
    let records = workbench.reporting(&experiment, tuning)?;
    let comparison = Comparison::of(&experiment.baseline, &records);
    let report = ComparisonReport::new(&comparison);
    let page = folder.join("report.html");
    super::report::write(&page, &report.page().html())?;
    console.status(
        "done",
        format_args!(
            "in {}; the same with curves: {}",
            format_duration(begin.elapsed()),
            page.display()
        ),
    );
    console.result(report);
    console.data(&serde_json::json!({ "report": page, "comparison": comparison }));
    Ok(())
}

/// What all runs of an experiment share.
struct Workbench<'a> {
    journal: Journal,
    datasets: &'a Datasets,
    compute: &'a Compute,
    console: Console,
}

/// For each case, the runs that its peak is chosen by; empty where it is given.
type Tuning = Vec<Vec<(f64, Vec<TrialRecord>)>>;

impl Workbench<'_> {
    /// Makes the runs that peaks are chosen by.
    fn tuning(&mut self, experiment: &Experiment) -> Result<Tuning, Failure> {
        let seeds = &experiment.tuning_seeds;
        let grid = |case: &Case| match &case.peaks {
            Peaks::Given(_) => Vec::new(),
            Peaks::Grid(peaks) => peaks.clone(),
        };
        let cases = || experiment.cases.iter().map(|case| (case, grid(case)));
        let all = cases().flat_map(|(case, peaks)| {
            peaks
                .into_iter()
                .flat_map(move |peak| seeds.iter().map(move |seed| case.settings(peak, *seed)))
        });
        self.make("tuning", all.collect())?;
        let records = |case: &Case, peak| {
            let settings = seeds.iter().map(|seed| case.settings(peak, *seed));
            (
                peak,
                settings
                    .filter_map(|settings| self.journal.find(&settings).cloned())
                    .collect(),
            )
        };
        Ok(cases()
            .map(|(case, peaks)| peaks.into_iter().map(|peak| records(case, peak)).collect())
            .collect())
    }

    /// Makes the runs with the peaks that were chosen or given.
    fn reporting(
        &mut self,
        experiment: &Experiment,
        tuning: Tuning,
    ) -> Result<Vec<Records>, Failure> {
        let seeds = &experiment.seeds;
        let peak = |case: &Case, tuning: &[(f64, Vec<TrialRecord>)]| match case.peaks {
            Peaks::Given(peak) => peak,
            Peaks::Grid(_) => best_peak(tuning).unwrap_or(case.resolved.settings.optimizer.lr),
        };
        let cases: Vec<(&Case, f64)> = experiment
            .cases
            .iter()
            .zip(&tuning)
            .map(|(case, tuning)| (case, peak(case, tuning)))
            .collect();
        let all = cases
            .iter()
            .flat_map(|(case, peak)| seeds.iter().map(|seed| case.settings(*peak, *seed)));
        self.make("reporting", all.collect())?;
        let records = cases.iter().zip(tuning).map(|((case, peak), tuning)| {
            let settings = seeds.iter().map(|seed| case.settings(*peak, *seed));
            let records = settings.filter_map(|settings| self.journal.find(&settings).cloned());
            Records {
                condition: case.condition.clone(),
                strategy: case.strategy.clone(),
                tuning,
                peak: *peak,
                reporting: records.collect(),
            }
        });
        Ok(records.collect())
    }

    /// Makes those of the runs that the journal has not.
    fn make(&mut self, label: &'static str, all: Vec<Settings>) -> Result<(), Failure> {
        let known = all
            .iter()
            .filter(|settings| self.journal.find(settings).is_some())
            .count();
        let mut trials = Vec::with_capacity(all.len() - known);
        for settings in all {
            if self.journal.find(&settings).is_none() {
                let dataset = self.datasets.of(&settings.data)?;
                trials.push(Trial { settings, dataset });
            }
        }
        if known > 0 {
            self.console
                .status(label, format_args!("{known} runs are there already"));
        }
        if trials.is_empty() {
            return Ok(());
        }
        let crew = Crew::of(trials.len(), self.compute);
        let mut progress = TrialProgress::new(self.console, label, trials.len());
        let outcome = run_trials(&trials, self.compute, crew, |index, run| {
            let trial = &trials[index];
            let record = TrialRecord::of(&run, &trial.dataset.train);
            self.journal.append(&trial.settings, record)?;
            progress.tell();
            Ok::<(), Failure>(())
        });
        progress.finish();
        outcome
    }
}

/// Every set of data that an experiment needs, once.
struct Datasets {
    loaded: HashMap<String, Dataset>,
}

impl Datasets {
    fn load(cases: &mut [Case], console: Console) -> Result<Self, Failure> {
        let mut loaded = HashMap::new();
        for case in cases {
            let data = &mut case.resolved.settings.data;
            let key = Self::key(data);
            if !loaded.contains_key(&key) {
                let tell = &mut |text: &str| console.status("data", text);
                loaded.insert(key.clone(), data::load_telling(data, tell)?);
            }
            if let (Source::Images(folder), Some(dataset)) = (&mut data.source, loaded.get(&key)) {
                let shape = dataset.train.images().shape();
                folder.settle(shape.channels, shape.height, shape.width);
                let dataset = dataset.clone();
                loaded.insert(Self::key(data), dataset);
            }
        }
        Ok(Self { loaded })
    }

    /// What decides which rows there are.
    fn key(data: &DataSettings) -> String {
        let rows = DataSettings {
            batch_size: 1,
            drop_last: false,
            shuffle: false,
            ..data.clone()
        };
        format!("{rows:?}")
    }

    fn of(&self, data: &DataSettings) -> Result<&Dataset, Failure> {
        let missing = || Failure::internal(format!("{} was not loaded", data.source.name()));
        self.loaded.get(&Self::key(data)).ok_or_else(missing)
    }
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
        let peaks = match &case.peaks {
            Peaks::Given(peak) => vec![*peak],
            Peaks::Grid(peaks) => peaks.clone(),
        };
        let rows = datasets.of(&settings.data)?.train.len();
        for peak in peaks {
            Plan::new(&case.settings(peak, settings.seed), rows).map_err(|error| {
                plan_error(&case.resolved, error).of(&case.condition, &case.strategy)
            })?;
        }
    }
    Ok(())
}

/// How much there is to do.
fn echo(experiment: &Experiment, console: Console) {
    let grid = |case: &Case| match &case.peaks {
        Peaks::Given(_) => 0,
        Peaks::Grid(peaks) => peaks.len(),
    };
    let tuning: usize =
        experiment.cases.iter().map(grid).sum::<usize>() * experiment.tuning_seeds.len();
    let reporting = experiment.cases.len() * experiment.seeds.len();
    console.status(
        "experiment",
        format_args!(
            "{} strategies, {tuning} runs to choose their peaks, {reporting} to compare them",
            experiment.cases.len()
        ),
    );
}
