//! Many runs at once.

use super::crew::spread;
use super::{Compute, Crew, Diverged, Event, FitError, History, Plan, Update, build_model, fit};
use crate::config::Settings;
use crate::data::Dataset;

/// A run to be made.
#[derive(Debug, Clone)]
pub struct Trial<'a> {
    /// All that decides what it computes.
    pub settings: Settings,
    /// What it learns.
    pub dataset: &'a Dataset,
}

/// A run that was made.
#[derive(Debug)]
pub struct TrialRun {
    /// Its updates.
    pub updates: Vec<Update>,
    /// How it ended.
    pub end: Result<History, Diverged>,
}

/// Makes all `trials`, and gives each to `done` with its index as soon as it is over, on the thread of the caller.
///
/// What a run computes does not depend on the crew, nor on the order in which runs end. An error of `done` ends the
/// whole, as soon as the runs under way are over.
///
/// # Errors
/// The first run that cannot begin, or the error of `done`. A run that diverges is a result.
pub fn run_trials<E: From<FitError>>(
    trials: &[Trial<'_>],
    compute: &Compute,
    crew: Crew,
    done: impl FnMut(usize, TrialRun) -> Result<(), E>,
) -> Result<(), E> {
    spread(trials, crew, |trial| run(trial, compute), done)
}

fn run(trial: &Trial<'_>, compute: &Compute) -> Result<TrialRun, FitError> {
    let Trial { settings, dataset } = trial;
    // Planned here, since the feedback of a plan is shared by its clones.
    let plan = plan(settings, dataset, compute)?;
    let mut updates = Vec::new();
    let outcome = fit(settings, dataset, &plan, compute, |event| {
        record(&mut updates, &event);
    });
    let end = match outcome {
        Ok((_, history)) => Ok(history),
        Err(FitError::Diverged(diverged)) => Err(diverged),
        Err(error) => return Err(error),
    };
    Ok(TrialRun { updates, end })
}

/// Keeps the updates that count.
fn record(updates: &mut Vec<Update>, event: &Event<'_>) {
    match event {
        Event::Updates(more) => updates.extend_from_slice(more),
        Event::Recovered { updates: kept, .. } => updates.truncate(*kept as usize),
        _ => {}
    }
}

/// Plans a run, with a rate for each layer if there is more than one rate.
pub(super) fn plan(
    settings: &Settings,
    dataset: &Dataset,
    compute: &Compute,
) -> Result<Plan, FitError> {
    let plan = Plan::new(settings, dataset.train.len())?;
    if settings.optimizer.layer_decay == 1.0 {
        return Ok(plan);
    }
    let model = build_model(settings, dataset.train.images(), &compute.device);
    let model = model.map_err(super::StartError::from)?;
    Ok(plan.layer_rates(&settings.optimizer, &model))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::config::{Backend, Layer, resolve};
    use crate::data;
    use crate::engine::open;

    fn settings(assignments: &[&str]) -> Settings {
        let layers = assignments
            .iter()
            .map(|text| Layer::from_set(text).unwrap());
        resolve([Layer::of(layers)]).unwrap().settings
    }

    /// What every run reached, in the order of the trials.
    fn reached(trials: &[Trial<'_>], crew: Crew) -> Vec<String> {
        let compute = open(Backend::Flex).unwrap();
        let mut reached = vec![String::new(); trials.len()];
        run_trials(trials, &compute, crew, |index, run| {
            let losses: Vec<f64> = run.updates.iter().map(|update| update.train_loss).collect();
            reached[index] = format!("{losses:?} {:?}", run.end.map(|history| history.test));
            Ok::<(), FitError>(())
        })
        .unwrap();
        reached
    }

    #[test]
    fn what_a_run_reaches_does_not_depend_on_those_beside_it() {
        let base = settings(&["train.length=12", "train.evaluate_every=3"]);
        let dataset = data::load(&base.data).unwrap();
        let plateau = settings(&[
            "train.length=12",
            "train.evaluate_every=3",
            "schedule.kind=constant",
            "schedule.plateau={ patience = 1, threshold = 0.5 }",
        ]);
        let diverges = settings(&["train.length=12", "optimizer.kind=sgd", "optimizer.lr=1e18"]);
        let trials: Vec<Trial<'_>> = [&base, &plateau, &diverges]
            .into_iter()
            .flat_map(|settings| {
                (1..4).map(|seed| Trial {
                    settings: Settings {
                        seed,
                        ..settings.clone()
                    },
                    dataset: &dataset,
                })
            })
            .collect();
        let alone = reached(
            &trials,
            Crew {
                runs: 1,
                threads: 2,
            },
        );
        let beside = reached(
            &trials,
            Crew {
                runs: 3,
                threads: 1,
            },
        );
        assert_eq!(alone, beside);
        assert_ne!(alone[0], alone[1]);
        assert!(alone[6].contains("Err(Diverged"), "{}", alone[6]);
    }

    #[test]
    fn updates_that_a_recovery_took_back_are_forgotten() {
        let wild = settings(&[
            "optimizer.kind=sgd",
            "optimizer.lr=1e5",
            "schedule.kind=constant",
            "train.length=60",
            "train.evaluate_every=5",
            "train.on_divergence=recover",
            "train.recover_factor=0.01",
            "train.recover_most=9",
        ]);
        let dataset = data::load(&wild.data).unwrap();
        let trial = Trial {
            settings: wild,
            dataset: &dataset,
        };
        let compute = open(Backend::Flex).unwrap();
        let crew = Crew::of(1, &compute);
        run_trials(&[trial], &compute, crew, |_, run| {
            let made: Vec<u64> = run.updates.iter().map(|update| update.update).collect();
            assert_eq!(made, (0..60).collect::<Vec<u64>>());
            // It went back to the first one, which was made again at a lower rate.
            assert!(run.updates[0].learning_rate < 1e5);
            Ok::<(), FitError>(())
        })
        .unwrap();
    }

    #[test]
    fn an_error_of_the_one_who_listens_ends_the_whole() {
        let settings = settings(&["train.length=12"]);
        let dataset = data::load(&settings.data).unwrap();
        let trials = vec![
            Trial {
                settings,
                dataset: &dataset
            };
            50
        ];
        let compute = open(Backend::Flex).unwrap();
        let mut heard = 0;
        let crew = Crew {
            runs: 2,
            threads: 1,
        };
        let outcome = run_trials(&trials, &compute, crew, |_, _| {
            heard += 1;
            Err::<(), _>(FitError::Stopped { updates: 7 })
        });
        assert!(
            matches!(outcome, Err(FitError::Stopped { updates: 7 })),
            "{outcome:?}"
        );
        assert_eq!(heard, 1);
    }
}
