//! Makes the runs of an experiment that are not there yet.

use super::Failure;
use super::datasets::Datasets;
use crate::analysis::{Records, TrialRecord, best_peak};
use crate::config::{Case, Experiment, Peaks, Settings};
use crate::engine::{Compute, Crew, Trial, run_trials};
use crate::report::{Console, Journal, TrialProgress};

/// What all runs of an experiment share.
pub(super) struct Workbench<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) journal: Journal,
    pub(super) datasets: &'a Datasets,
    pub(super) compute: &'a Compute,
    pub(super) console: Console,
}

/// The runs that a peak is chosen by, with each peak of a grid; none where the peak is given.
type Tuning = Vec<(f64, Vec<TrialRecord>)>;

impl Workbench<'_> {
    /// Makes the runs that the peaks of `cases` are chosen by, then the runs with those peaks.
    pub(super) fn records(&mut self, cases: &[Case]) -> Result<Vec<Records>, Failure> {
        let tuned = self.tuning(cases)?;
        let peaks = cases.iter().zip(&tuned);
        let peaks: Vec<f64> = peaks.map(|(case, tuning)| peak(case, tuning)).collect();
        let seeds = &self.experiment.seeds;
        let with_peaks = || cases.iter().zip(&peaks);
        let all = with_peaks()
            .flat_map(|(case, peak)| seeds.iter().map(|seed| case.settings(*peak, *seed)));
        self.make("reporting", all.collect())?;
        let records = with_peaks()
            .zip(tuned)
            .map(|((case, peak), tuning)| Records {
                condition: case.condition.clone(),
                strategy: case.strategy.clone(),
                batch_size: case.resolved.settings.data.batch_size,
                tuning,
                peak: *peak,
                reporting: self.found(case, *peak, seeds),
            });
        Ok(records.collect())
    }

    /// Makes the runs that peaks are chosen by, and gives those of each case.
    fn tuning(&mut self, cases: &[Case]) -> Result<Vec<Tuning>, Failure> {
        let seeds = &self.experiment.tuning_seeds;
        let all = cases.iter().flat_map(|case| {
            let grid = case.peaks.grid().iter();
            grid.flat_map(move |peak| seeds.iter().map(move |seed| case.settings(*peak, *seed)))
        });
        self.make("tuning", all.collect())?;
        let tuning = cases.iter().map(|case| {
            let grid = case.peaks.grid().iter();
            grid.map(|peak| (*peak, self.found(case, *peak, seeds)))
                .collect()
        });
        Ok(tuning.collect())
    }

    /// The runs that are there.
    fn found(&self, case: &Case, peak: f64, seeds: &[u64]) -> Vec<TrialRecord> {
        let settings = seeds.iter().map(|seed| case.settings(peak, *seed));
        settings
            .filter_map(|settings| self.journal.find(&settings).cloned())
            .collect()
    }

    /// Makes those of the runs that the journal has not.
    fn make(&mut self, label: &'static str, all: Vec<Settings>) -> Result<(), Failure> {
        let (mut trials, mut known, mut foreign) = (Vec::new(), 0, 0);
        for settings in all {
            if self.journal.find(&settings).is_some() {
                known += 1;
                foreign += usize::from(self.journal.is_of_another_build(&settings));
                continue;
            }
            let dataset = self.datasets.of(&settings.data)?;
            trials.push(Trial { settings, dataset });
        }
        if known > 0 {
            self.console
                .status(label, format_args!("{known} runs are there already"));
        }
        if foreign > 0 {
            self.console.warn(format_args!(
                "{foreign} of them are by another build of this program; --name NAME makes all runs anew"
            ));
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

/// The peak that is given, or the best of the grid.
fn peak(case: &Case, tuning: &[(f64, Vec<TrialRecord>)]) -> f64 {
    match case.peaks {
        Peaks::Given(peak) => peak,
        Peaks::Grid(_) => best_peak(tuning).unwrap_or(case.resolved.settings.optimizer.lr),
    }
}
