//! A run from its first update, or from a checkpoint, to its last.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use models::Model;
use schedules::Reaction;

use super::checkpoint::{Checkpoint, ResumeError, Slot, is_finite};
use super::guard::{Guard, Trouble};
use super::standing::Standing;
use super::start::resume_model;
use super::training_loop::Loop;
use super::{
    Compute, History, Metrics, Plan, PlanError, SaveEvery, StartError, Update, evaluate,
    start_model,
};
use crate::config::{OnDivergence, Settings};
use crate::data::{Dataset, Part};

/// A run that cannot begin, or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// No plan to follow.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No model to begin with.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No state to go on from.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// The loss is not a number any more.
    #[error(transparent)]
    Diverged(#[from] Diverged),
    /// Somebody asked it to stop.
    #[error("stopped after {updates} updates")]
    Stopped {
        /// How many it has made.
        updates: u64,
    },
}

/// A run that went wrong for good.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "{}: the training loss was {loss} at update {update}, at a learning rate of {learning_rate}{}",
    self.trouble.name(),
    self.gradient_norm.map_or_else(String::new, |(update, norm)| format!("; the gradient's norm was {norm:.3e} at update {update}"))
)]
pub struct Diverged {
    /// What became of its loss.
    pub trouble: Trouble,
    /// The update that made it certain.
    pub update: u64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// Its loss.
    pub loss: f64,
    /// The norm of the gradient at the last update that was looked at, and which that was.
    pub gradient_norm: Option<(u64, f64)>,
}

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// The first update of this process begins. On a GPU its kernels are compiled and tuned now.
    FirstUpdate,
    /// These updates are done and their losses read back; the last may carry a validation.
    Updates(&'a [Update]),
    /// Feedback has changed the learning rate that is left.
    Feedback {
        /// `plateau` or `greedy`.
        kind: &'static str,
        /// What it did.
        reaction: Reaction,
    },
    /// The run went wrong, and goes on from an earlier state at a lower learning rate; later updates are void.
    Recovered {
        /// What went wrong.
        diverged: Diverged,
        /// How many updates the state has made.
        updates: u64,
        /// What the schedule's rate is multiplied by from now on.
        scale: f64,
    },
    /// The metric of early stopping gets no better: this was the last update.
    EndsEarly {
        /// How many were made.
        updates: u64,
    },
    /// A state to keep, in the place of the one that was kept in this slot; all of its updates have been told.
    Checkpoint {
        /// Which of the kept states.
        slot: Slot,
        /// The state.
        checkpoint: &'a Checkpoint,
    },
}

/// Trains the model of `settings` from its first update to its last, and measures it.
///
/// The model that it measures and gives back has the weights that are meant for use: those of the optimizer, or their
/// average (`train.ema`).
///
/// # Errors
/// No model to begin with ([`StartError`]), or a loss that is not finite.
pub fn fit(
    settings: &Settings,
    dataset: &Dataset,
    plan: &Plan,
    compute: &Compute,
    mut tell: impl FnMut(Event<'_>),
) -> Result<(Model, History), FitError> {
    Fit::new(settings, dataset, plan, compute).run(|event| {
        tell(event);
        ControlFlow::Continue(())
    })
}

/// A run that may begin at a checkpoint, make checkpoints, and be stopped.
#[derive(Debug)]
pub struct Fit<'a> {
    settings: &'a Settings,
    dataset: &'a Dataset,
    plan: &'a Plan,
    compute: &'a Compute,
    from: Option<&'a Checkpoint>,
    good: Option<&'a Checkpoint>,
    keeps: bool,
    stop: Option<&'a AtomicBool>,
}

impl<'a> Fit<'a> {
    /// The run of `settings` from its first update, without checkpoints.
    pub fn new(
        settings: &'a Settings,
        dataset: &'a Dataset,
        plan: &'a Plan,
        compute: &'a Compute,
    ) -> Self {
        Self {
            settings,
            dataset,
            plan,
            compute,
            from: None,
            good: None,
            keeps: false,
            stop: None,
        }
    }

    /// Goes on from a checkpoint.
    pub fn from(self, checkpoint: Option<&'a Checkpoint>) -> Self {
        Self {
            from: checkpoint,
            ..self
        }
    }

    /// Goes back to this state if it diverges before there is another one.
    pub fn recover_to(self, good: Option<&'a Checkpoint>) -> Self {
        Self { good, ..self }
    }

    /// Tells of states to keep, as `checkpoint` in the settings says.
    pub fn keep_checkpoints(self) -> Self {
        Self {
            keeps: true,
            ..self
        }
    }

    /// Ends after the update during which `stop` becomes true.
    pub fn stop_on(self, stop: &'a AtomicBool) -> Self {
        Self {
            stop: Some(stop),
            ..self
        }
    }

    /// Trains to the last update, and measures the model on its test images.
    ///
    /// Who is told may break off; nothing more is told then.
    ///
    /// # Errors
    /// No model to begin with, a checkpoint of another run, a loss that is not finite, or a stop that was asked for.
    pub fn run(
        self,
        mut tell: impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<(Model, History), FitError> {
        let (plan, dataset, train) = (self.plan, self.dataset, &self.settings.train);
        let start = Instant::now();
        let device = self.compute.device.clone().autodiff();
        let images = dataset.train.images();
        let mut training = Loop::new(self.settings, dataset, plan, &device);
        let (mut model, mut standing, first) = match self.from {
            None => {
                let start = start_model(self.settings, images, &device)?;
                (start.model, Standing::new(), 0)
            }
            Some(checkpoint) => {
                let (made, planned) = (checkpoint.updates, plan.updates);
                if made > planned {
                    return Err(ResumeError::Length { made, planned }.into());
                }
                let model = resume_model(self.settings, images, &checkpoint.weights, &device)?;
                training.restore(checkpoint, &model)?;
                (model, checkpoint.standing.clone(), made)
            }
        };
        let before = self.from.map_or(0.0, |checkpoint| checkpoint.seconds);
        let seconds = || before + start.elapsed().as_secs_f64();
        let stopped = |updates: u64| FitError::Stopped { updates };
        let guard = Guard::new(&dataset.train, plan.updates_per_epoch);
        let mut saves = Saves::new(plan.save_every);
        // States that were made and are not kept yet, and the one to go back to.
        let (mut best, mut good) = (None, None);
        let recovers = train.on_divergence == OnDivergence::Recover;
        let mut refuge = recovers.then(|| match self.good.or(self.from) {
            Some(good) => good.clone(),
            None => training.checkpoint(&model, &standing, seconds()),
        });

        let mut gradient_norm = None;
        let (mut validating, mut seconds_to_first_update) = (Duration::ZERO, 0.0);
        let (mut done, mut made_here) = (first, 0_u64);
        if done < plan.updates && !standing.ended && tell(Event::FirstUpdate).is_break() {
            return Err(stopped(done));
        }
        while done < plan.updates && !standing.ended {
            model = training.update(model);
            (done, made_here) = (done + 1, made_here + 1);
            let last = done == plan.updates;
            let stop = self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
            let due = done.is_multiple_of(plan.evaluate_every) || last;
            let save = self.keeps && (stop || last || saves.due(done));
            // Reading a loss back waits for the device: after the first update, to know how long it took, and then so
            // seldom that it costs nothing and so often that somebody watching sees it move.
            if !(due
                || save
                || stop
                || made_here == 1
                || training.unread() >= 64
                || training.last_read.elapsed() > WATCHED)
            {
                continue;
            }
            let mut updates = training.read_losses();
            if made_here == 1 {
                seconds_to_first_update = start.elapsed().as_secs_f64();
            }
            let seen = updates
                .iter()
                .rev()
                .find_map(|update| Some((update.update, update.probe?)));
            gradient_norm = seen
                .map(|(update, probe)| (update, probe.gradient_norm))
                .or(gradient_norm);
            let trouble = guard.watch(&mut standing.watch, &updates).or_else(|| {
                // No update comes after it whose loss would tell.
                let lost = self.keeps && (last || stop) && !is_finite(&model.state_dict());
                lost.then(|| updates.last().map(|update| (*update, Trouble::NotFinite)))
                    .flatten()
            });
            if let Some((update, trouble)) = trouble {
                let diverged = Diverged::at(update, trouble, gradient_norm);
                let refuge = refuge
                    .as_mut()
                    .filter(|_| training.recoveries < train.recover_most);
                let Some(refuge) = refuge else {
                    updates.retain(|update| update.update <= diverged.update);
                    let flow = tell(Event::Updates(&updates));
                    let _ = follow(flow, || tell_states([(Slot::Best, &best)], &mut tell));
                    return Err(diverged.into());
                };
                let (scale, recoveries) = (training.scale, training.recoveries);
                model = resume_model(self.settings, images, &refuge.weights, &device)?;
                training.restore(refuge, &model)?;
                training.scale = scale * train.recover_factor;
                training.recoveries = recoveries + 1;
                (standing, done) = (refuge.standing.clone(), refuge.updates);
                best = best.filter(|best: &Checkpoint| best.updates <= done);
                let flow = tell(Event::Recovered {
                    diverged,
                    updates: done,
                    scale: training.scale,
                });
                // At once, so that nobody goes on from what came after.
                *refuge = training.checkpoint(&model, &standing, seconds());
                good = None;
                let state = Some(refuge.clone());
                let states = [
                    (Slot::Best, &best),
                    (Slot::Good, &state),
                    (Slot::Last, &state),
                ];
                let kept = || match self.keeps {
                    true => tell_states(states, &mut tell),
                    false => ControlFlow::Continue(()),
                };
                if follow(flow, kept).is_break() || stop {
                    return Err(stopped(done));
                }
                best = None;
                saves.done();
                continue;
            }
            let mut measured = None;
            if due && !dataset.validation.is_empty() {
                let begin = Instant::now();
                let model = training.evaluation(&model);
                measured = Some(self.measure(&model, &dataset.validation));
                validating += begin.elapsed();
                if let Some(last) = updates.last_mut() {
                    last.validation = measured;
                }
                standing.validation = measured;
            }
            standing.extend(&updates, plan.updates_per_epoch.min(plan.updates));
            let mut flow = tell(Event::Updates(&updates));
            for (kind, reaction) in measured.map_or_else(Vec::new, |it| training.report(it)) {
                flow = follow(flow, || tell(Event::Feedback { kind, reaction }));
            }
            if due {
                let epochs = done as f64 / plan.updates_per_epoch as f64;
                standing.ended = !last && standing.is_over(self.settings, epochs);
                if standing.ended {
                    flow = follow(flow, || tell(Event::EndsEarly { updates: done }));
                }
                let keeps_best = self.settings.checkpoint.best.metric();
                let keeps_best = keeps_best.filter(|_| self.keeps);
                let is_best = keeps_best.is_some_and(|metric| standing.is_best(metric));
                if is_best || recovers {
                    let state = training.checkpoint(&model, &standing, seconds());
                    if recovers && state.is_good() {
                        (refuge, good) = (Some(state.clone()), Some(state.clone()));
                    }
                    if is_best {
                        best = Some(state);
                    }
                }
            }
            if save || (self.keeps && standing.ended) {
                // The last one last: what it takes for kept has to be there.
                let state = training.checkpoint(&model, &standing, seconds());
                let state = Some(state).filter(|state| is_finite(&state.weights));
                let states = [
                    (Slot::Best, &best),
                    (Slot::Good, &good),
                    (Slot::Last, &state),
                ];
                flow = follow(flow, || tell_states(states, &mut tell));
                (best, good) = (None, None);
                saves.done();
            }
            if flow.is_break() || (stop && !last && !standing.ended) {
                return Err(stopped(done));
            }
        }
        let updating =
            start.elapsed().as_secs_f64() - validating.as_secs_f64() - seconds_to_first_update;
        let model = training.evaluation(&model);
        let test = self.measure(&model, &dataset.test);
        let history = History {
            updates: done,
            seconds: seconds(),
            seconds_to_first_update,
            updates_per_second: made_here.saturating_sub(1) as f64
                / updating.max(f64::MIN_POSITIVE),
            train_loss: standing.train_loss(),
            validation: standing.validation,
            test,
        };
        Ok((model, history))
    }

    fn measure(&self, model: &Model, part: &Part) -> Metrics {
        let batch_size = self.settings.data.batch_size;
        evaluate(model, part, batch_size, &self.compute.device)
    }
}

/// Goes on unless somebody broke off.
fn follow(flow: ControlFlow<()>, next: impl FnOnce() -> ControlFlow<()>) -> ControlFlow<()> {
    match flow {
        ControlFlow::Continue(()) => next(),
        broken => broken,
    }
}

/// Tells of the states that there are, in this order.
fn tell_states<'s>(
    states: impl IntoIterator<Item = (Slot, &'s Option<Checkpoint>)>,
    tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let states = states.into_iter();
    let mut states = states.filter_map(|(slot, state)| Some((slot, state.as_ref()?)));
    states.try_for_each(|(slot, checkpoint)| tell(Event::Checkpoint { slot, checkpoint }))
}

/// How long somebody who watches should wait for the next loss.
const WATCHED: Duration = Duration::from_millis(200);

impl Diverged {
    fn at(update: Update, trouble: Trouble, gradient_norm: Option<(u64, f64)>) -> Self {
        Self {
            trouble,
            update: update.update,
            learning_rate: update.learning_rate,
            loss: update.train_loss,
            gradient_norm,
        }
    }
}

/// When the state is saved next.
struct Saves {
    every: SaveEvery,
    last: Instant,
}

impl Saves {
    fn new(every: SaveEvery) -> Self {
        Self {
            every,
            last: Instant::now(),
        }
    }

    fn due(&self, done: u64) -> bool {
        match self.every {
            SaveEvery::Updates(updates) => done.is_multiple_of(updates),
            SaveEvery::Time(time) => self.last.elapsed() >= time,
        }
    }

    fn done(&mut self) {
        self.last = Instant::now();
    }
}
