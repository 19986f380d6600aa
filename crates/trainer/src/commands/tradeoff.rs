//! `trainer tradeoff`

use crate::analysis::{Reached, SeedCurve, Tradeoff, Ways};
use crate::cli::TradeoffArguments;
use crate::config::{Budgets, ConfigError, Origin, Settings};
use crate::engine::{Crew, Forks, Trial, TrialRun, Trunk, run_forks, run_trials};
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
    let seeds = settings.seed..settings.seed.saturating_add(arguments.seeds);
    let subject = format!(
        "{} on {}",
        settings.model.name(),
        settings.data.source.name()
    );
    let (rule, peak) = (settings.optimizer.rule.name(), settings.optimizer.lr);
    let subject = format!("{subject}, {rule} with a peak of {peak}");
    console.status(
        "curve",
        format_args!("{subject}, budgets of {updates:?} updates"),
    );

    let dataset = &prepared.dataset;
    let trial = |settings| Trial { settings, dataset };
    let (mut trials, mut trunks) = (Vec::new(), Vec::new());
    for seed in seeds {
        let settings = Settings {
            seed,
            ..settings.clone()
        };
        trials.push(trial(budgets.cyclic(&settings)?));
        trials.extend(budgets.one_by_one(&settings)?.into_iter().map(trial));
        let (settings, forks) = budgets.forks(&settings)?;
        trunks.push(Trunk {
            settings,
            forks,
            dataset,
        });
    }
    let mut curves = vec![SeedCurve::default(); trunks.len()];
    for curve in &mut curves {
        curve.one_by_one = vec![None; updates.len()];
    }
    let mut cost = Ways::default();
    let of_a_seed = updates.len() + 1;
    let crew = Crew::of(trials.len(), &compute);
    let mut progress = TrialProgress::new(console, "training", trials.len() + trunks.len());
    run_trials(&trials, &compute, crew, |index, run| {
        let curve = &mut curves[index / of_a_seed];
        let made = run.updates.len() as u64;
        match (index % of_a_seed).checked_sub(1) {
            None => {
                cost.cyclic = made.max(cost.cyclic);
                curve.cyclic = updates.iter().map(|at| measured(&run, *at)).collect();
            }
            Some(place) => curve.one_by_one[place] = measured(&run, updates[place]),
        }
        progress.tell();
        Ok::<(), Failure>(())
    })?;
    let crew = Crew::of(trunks.len(), &compute);
    run_forks(&trunks, &compute, crew, |index, forks: Forks| {
        cost.forks = forks.updates.max(cost.forks);
        let ends = forks.ends.iter().map(|end| {
            let history = end.as_ref().ok()?;
            Reached::of(history.validation?)
        });
        curves[index].forks = ends.collect();
        progress.tell();
        Ok::<(), Failure>(())
    })?;
    progress.finish();
    cost.one_by_one = updates.iter().sum();

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
