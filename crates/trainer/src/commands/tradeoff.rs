//! `trainer tradeoff`

use crate::analysis::{Reached, SeedCurve, Tradeoff, Ways};
use crate::cli::TradeoffArguments;
use crate::config::{Budgets, ConfigError, Origin};
use crate::engine::{Compute, Crew, Trial, TrialRun, Trunk, run_trials, run_trunks};
use crate::report::{Console, TradeoffReport, TrialProgress};

use super::new_file::write_svg;
use super::prepare::{Prepared, prepare};
use super::{Failure, backend, horizon};

pub(super) fn run(arguments: &TradeoffArguments) -> Result<(), Failure> {
    let console = Console {
        json: arguments.json,
    };
    let prepared = prepare(arguments.layers()?, console)?;
    horizon::refuse_unequal(&prepared.resolved.settings)?;
    check(&prepared, console)?;
    let compute = backend::open(&prepared, console)?;
    let settings = &prepared.resolved.settings;
    let budgets = Budgets::new(prepared.plan.updates, arguments.points)?;
    let updates = budgets.updates();
    let (model, data) = (settings.model.name(), settings.data.source.name());
    let (rule, peak) = (settings.optimizer.rule.name(), settings.optimizer.lr);
    let subject = format!("{model} on {data}, {rule} with a peak of {peak}");
    console.status(
        "curve",
        format_args!("{subject}, budgets of {updates:?} updates"),
    );
    let runs = Runs::of(&prepared, &budgets, arguments.seeds)?;
    let (curves, cost) = runs.make(&updates, &compute, console)?;
    let curve = Tradeoff::of(&updates, cost, &curves);
    let report = TradeoffReport::new(&subject, &curve);
    if let Some(path) = &arguments.svg {
        write_svg(path, &report.svg())?;
        console.status("picture", path.display());
    }
    console.result(report);
    console.data(&serde_json::json!({ "subject": subject, "tradeoff": curve }));
    Ok(())
}

/// The runs of every seed in the three ways.
struct Runs<'a> {
    /// For each seed the one in cycles, then one for each budget.
    trials: Vec<Trial<'a>>,
    /// One for each seed.
    trunks: Vec<Trunk<'a>>,
}

impl<'a> Runs<'a> {
    fn of(prepared: &'a Prepared, budgets: &Budgets, seeds: u64) -> Result<Self, ConfigError> {
        let (settings, dataset) = (&prepared.resolved.settings, &prepared.dataset);
        let trial = |settings| Trial { settings, dataset };
        let (mut trials, mut trunks) = (Vec::new(), Vec::new());
        for seed in settings.seed..settings.seed.saturating_add(seeds) {
            let mut settings = settings.clone();
            settings.seed = seed;
            trials.push(trial(budgets.cyclic(&settings)?));
            trials.extend(budgets.one_by_one(&settings)?.into_iter().map(trial));
            let (settings, forks) = budgets.forks(&settings)?;
            trunks.push(Trunk {
                settings,
                forks,
                dataset,
            });
        }
        Ok(Self { trials, trunks })
    }

    /// What each seed reached after so many `updates`, and how many were made for that.
    fn make(
        &self,
        updates: &[u64],
        compute: &Compute,
        console: Console,
    ) -> Result<(Vec<SeedCurve>, Ways<u64>), Failure> {
        let (trials, trunks) = (&self.trials, &self.trunks);
        let none = SeedCurve {
            one_by_one: vec![None; updates.len()],
            ..SeedCurve::default()
        };
        let mut curves = vec![none; trunks.len()];
        let mut cost = Ways::<u64> {
            one_by_one: updates.iter().sum(),
            ..Ways::default()
        };
        let mut progress = TrialProgress::new(console, "training", trials.len() + trunks.len());
        let crew = Crew::of(trials.len(), compute);
        run_trials(trials, compute, crew, |index, run| {
            let of_a_seed = updates.len() + 1;
            let curve = &mut curves[index / of_a_seed];
            match (index % of_a_seed).checked_sub(1) {
                None => {
                    cost.cyclic = cost.cyclic.max(run.updates.len() as u64);
                    curve.cyclic = updates.iter().map(|at| measured(&run, *at)).collect();
                }
                Some(place) => curve.one_by_one[place] = measured(&run, updates[place]),
            }
            progress.tell();
            Ok::<(), Failure>(())
        })?;
        let crew = Crew::of(trunks.len(), compute);
        run_trunks(trunks, compute, crew, |index, forks| {
            cost.forks = cost.forks.max(forks.updates);
            let ends = forks.ends.into_iter();
            let reached = ends.map(|end| Reached::of(end.ok()?.validation?));
            curves[index].forks = reached.collect();
            progress.tell();
            Ok::<(), Failure>(())
        })?;
        progress.finish();
        Ok((curves, cost))
    }
}

/// What a run had reached after so many updates.
fn measured(run: &TrialRun, updates: u64) -> Option<Reached> {
    let update = run.updates.get(updates.checked_sub(1)? as usize)?;
    Reached::of(update.validation?)
}

/// There must be something to measure with; a schedule of one's own is told that it is left out.
fn check(prepared: &Prepared, console: Console) -> Result<(), Failure> {
    if prepared.dataset.validation.is_empty() {
        let message = "data.validation = 0: budgets are compared on the validation images";
        return Err(ConfigError::new(message)
            .hint("hold out some training images: data.validation = \"10%\"")
            .into());
    }
    match prepared.resolved.layers.origin("schedule.kind") {
        Origin::Default => {}
        origin => console.warn(format_args!(
            "schedule ({origin}) is left out: each way has a schedule of its own"
        )),
    }
    Ok(())
}
