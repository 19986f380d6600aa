//! One run that never comes to rest, and shorter ones that leave it and do.

use std::ops::ControlFlow;

use super::crew::spread;
use super::trials::plan;
use super::{Checkpoint, Compute, Crew, Diverged, Event, Fit, FitError, History, Slot};
use crate::config::{Length, Settings};
use crate::data::Dataset;

/// A run to be made once, and the runs that share its beginning.
#[derive(Debug, Clone)]
pub struct Trunk<'a> {
    /// What the trunk computes; its length is that of its last part.
    pub settings: Settings,
    /// After how many updates each fork leaves it, which rise, and what it computes. Until there its learning rate is
    /// the trunk's.
    pub forks: Vec<(u64, Settings)>,
    /// What all learn.
    pub dataset: &'a Dataset,
}

/// What became of the forks of a trunk.
#[derive(Debug)]
pub struct Forks {
    /// How each ended; all whose trunk diverged before they could leave it ended as it did.
    pub ends: Vec<Result<History, Diverged>>,
    /// How many updates were made for all of them together.
    pub updates: u64,
}

/// Makes all `trunks` with their forks, and gives each to `done` with its index as soon as it is over.
///
/// A fork computes what a run of its settings from its first update would, bit for bit on a CPU.
///
/// # Errors
/// The first run that cannot begin, or the error of `done`. A run that diverges is a result.
pub fn run_trunks<E: From<FitError>>(
    trunks: &[Trunk<'_>],
    compute: &Compute,
    crew: Crew,
    done: impl FnMut(usize, Forks) -> Result<(), E>,
) -> Result<(), E> {
    spread(trunks, crew, |trunk| run(trunk, compute), done)
}

fn run(trunk: &Trunk<'_>, compute: &Compute) -> Result<Forks, FitError> {
    let mut forks = Forks {
        ends: Vec::with_capacity(trunk.forks.len()),
        updates: 0,
    };
    let mut state: Option<Checkpoint> = None;
    for (at, settings) in &trunk.forks {
        let before = state.as_ref().map_or(0, |state| state.updates);
        match grow(trunk, *at, state.as_ref(), compute) {
            Ok(grown) => state = grown,
            Err(FitError::Diverged(diverged)) => {
                forks.updates += diverged.update + 1 - before;
                let rest = trunk.forks.len() - forks.ends.len();
                forks
                    .ends
                    .extend(std::iter::repeat_n(diverged, rest).map(Err));
                return Ok(forks);
            }
            Err(error) => return Err(error),
        }
        let plan = plan(settings, trunk.dataset, compute)?;
        let from = state.as_ref().map(|state| state.under(&plan.schedule));
        let fork = Fit::new(settings, trunk.dataset, &plan, compute).from(from.as_ref());
        let end = match fork.run(|_| ControlFlow::Continue(())) {
            Ok((_, history)) => Ok(history),
            Err(FitError::Diverged(diverged)) => Err(diverged),
            Err(error) => return Err(error),
        };
        let ended = end
            .as_ref()
            .map_or_else(|diverged| diverged.update + 1, |history| history.updates);
        forks.updates += ended - before;
        forks.ends.push(end);
    }
    Ok(forks)
}

/// The trunk after so many updates, from where it was before.
fn grow(
    trunk: &Trunk<'_>,
    updates: u64,
    from: Option<&Checkpoint>,
    compute: &Compute,
) -> Result<Option<Checkpoint>, FitError> {
    let mut settings = trunk.settings.clone();
    settings.train.length = Length::Updates(updates);
    let plan = plan(&settings, trunk.dataset, compute)?;
    let fit = Fit::new(&settings, trunk.dataset, &plan, compute);
    let mut state = None;
    fit.from(from).keep_checkpoints().run(|event| {
        if let Event::Checkpoint {
            slot: Slot::Last,
            checkpoint,
        } = event
        {
            state = Some(checkpoint.clone());
        }
        ControlFlow::Continue(())
    })?;
    Ok(state)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::{Trial, TrialRun, open, run_trials};
    use super::*;
    use crate::config::{Backend, Layer, resolve};
    use crate::data;

    fn settings(assignments: &[&str]) -> Settings {
        let layers = assignments.iter();
        let layers = layers.map(|text| Layer::from_set(text).unwrap());
        resolve([Layer::of(layers)]).unwrap().settings
    }

    fn made(trunk: &Trunk<'_>) -> Forks {
        let compute = open(Backend::Flex).unwrap();
        let crew = Crew::of(1, &compute);
        let mut forks = None;
        run_trunks(std::slice::from_ref(trunk), &compute, crew, |_, made| {
            forks = Some(made);
            Ok::<(), FitError>(())
        })
        .unwrap();
        forks.unwrap()
    }

    fn alone(settings: &Settings, dataset: &data::Dataset) -> TrialRun {
        let compute = open(Backend::Flex).unwrap();
        let trial = Trial {
            settings: settings.clone(),
            dataset,
        };
        let mut run = None;
        run_trials(&[trial], &compute, Crew::of(1, &compute), |_, made| {
            run = Some(made);
            Ok::<(), FitError>(())
        })
        .unwrap();
        run.unwrap()
    }

    #[test]
    fn a_fork_is_the_run_that_was_trained_by_itself() {
        let own = ["optimizer.kind=adamw", "train.evaluate_every=5"];
        let constant = ["schedule.kind=constant", "schedule.warmup=3"];
        let fork = |length: &str, decay: &str| {
            let wsd = ["schedule.kind=wsd", "schedule.warmup=3", length, decay];
            settings(&[&own[..], &wsd].concat())
        };
        let forks = vec![
            (8, fork("train.length=10", "schedule.decay=2")),
            (16, fork("train.length=20", "schedule.decay=4")),
            (32, fork("train.length=40", "schedule.decay=8")),
        ];
        let dataset = data::load(&forks[0].1.data).unwrap();
        let trunk = Trunk {
            settings: settings(&[&own[..], &constant].concat()),
            forks,
            dataset: &dataset,
        };
        let made = made(&trunk);
        assert_eq!(made.updates, 32 + 2 + 4 + 8);
        for ((_, settings), end) in trunk.forks.iter().zip(&made.ends) {
            let (fork, alone) = (end.as_ref().unwrap(), alone(settings, &dataset));
            let alone = alone.end.unwrap();
            assert_eq!(fork.updates, alone.updates);
            assert_eq!(fork.validation, alone.validation);
            assert_eq!(fork.test, alone.test);
        }
    }

    #[test]
    fn what_a_trunk_has_lost_its_later_forks_have_lost() {
        let own = ["optimizer.kind=sgd", "optimizer.lr=1e18", "train.length=40"];
        let fork = settings(&[&own[..], &["schedule.kind=wsd", "schedule.decay=39"]].concat());
        let dataset = data::load(&fork.data).unwrap();
        let trunk = Trunk {
            settings: settings(&[&own[..], &["schedule.kind=constant"]].concat()),
            forks: vec![(30, fork.clone()), (40, fork)],
            dataset: &dataset,
        };
        let made = made(&trunk);
        assert!(made.ends.iter().all(Result::is_err), "{made:?}");
        assert_eq!(made.ends.len(), 2);
        assert!(made.updates <= 30, "{made:?}");
    }
}
