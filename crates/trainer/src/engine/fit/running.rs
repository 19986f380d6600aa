//! A run on its way, from one update to the next.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::Duration;

use burn::tensor::Device;
use models::Model;

use super::pace::Pace;
use super::states::States;
use super::stopwatch::Stopwatch;
use super::{Adjusted, Diverged, Event, Fit, FitError, Request};
use crate::config::OnDivergence;
use crate::engine::batch::Batches;
use crate::engine::checkpoint::{Checkpoint, ResumeError, is_finite};
use crate::engine::evaluate::evaluate_batches;
use crate::engine::guard::{Guard, Trouble};
use crate::engine::standing::Standing;
use crate::engine::start::resume_model;
use crate::engine::training_loop::Loop;
use crate::engine::{History, Metrics, Update, evaluate, start_model};

/// A run on its way.
pub(super) struct Running<'a> {
    pub(super) fit: Fit<'a>,
    pub(super) device: Device,
    pub(super) training: Loop<'a>,
    pub(super) model: Model,
    validation: Batches<'a>,
    pub(super) standing: Standing,
    pub(super) states: States,
    /// Changes that a process before has made, and that the state it began with does not have.
    pub(super) before: VecDeque<Adjusted>,
    /// What corrects a length that is a time.
    pub(super) pace: Option<Pace>,
    pub(super) stopwatch: Stopwatch,
    guard: Guard,
    /// The norm of the gradient at the last update that was looked at, and which that was.
    gradient_norm: Option<(u64, f64)>,
    /// How many updates were made, in all and by this process.
    pub(super) done: u64,
    made_here: u64,
}

/// What an update is followed by.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    /// Nothing: the run has its length.
    last: bool,
    /// A stop that was asked for.
    pub(super) stop: bool,
    /// An evaluation.
    evaluates: bool,
    /// A state to keep.
    saves: bool,
}

/// How long somebody who watches should wait for the next loss.
const WATCHED: Duration = Duration::from_millis(200);
/// How many losses wait to be read, at most.
const UNREAD: usize = 64;

impl<'a> Running<'a> {
    /// Before the first update, or where the checkpoint was made.
    ///
    /// # Errors
    /// No model to begin with, or a checkpoint of another run.
    pub(super) fn begin(fit: Fit<'a>) -> Result<Self, FitError> {
        let (settings, dataset, plan) = (fit.settings, fit.dataset, fit.plan);
        let stopwatch = Stopwatch::start(fit.from.map_or(0.0, |checkpoint| checkpoint.seconds));
        let device = fit.compute.device.clone().autodiff();
        let images = dataset.train.images();
        let mut training = Loop::new(settings, dataset, plan, fit.compute);
        let (model, standing, done) = match fit.from {
            None => {
                let start = start_model(settings, images, &device)?;
                (start.model, Standing::new(), 0)
            }
            Some(checkpoint) => {
                let model = resume_model(settings, images, &checkpoint.weights, &device)?;
                training.restore(checkpoint, &model)?;
                let (made, planned) = (checkpoint.updates, training.length);
                if made > planned {
                    return Err(ResumeError::Length { made, planned }.into());
                }
                (model, checkpoint.standing.clone(), made)
            }
        };
        let precision = settings.train.precision;
        let recovers = settings.train.on_divergence == OnDivergence::Recover;
        let refuge = recovers.then(|| {
            // The best state is kept before a good one of the same update, and may have been the last that was.
            let is_measured =
                |state: &Checkpoint| state.updates.is_multiple_of(plan.evaluate_every);
            let from = fit.from.filter(|from| is_measured(from) && from.is_good());
            match from.or(fit.good).or(fit.from) {
                Some(good) => good.clone(),
                None => training.checkpoint(&model, &standing, stopwatch.seconds()),
            }
        });
        let before = fit.before.iter().copied();
        let before = before.filter(|adjusted| adjusted.number >= training.adjusted);
        let time = settings.train.length.time();
        Ok(Self {
            device,
            before: before.collect(),
            pace: time.map(|time| Pace::new(time, plan.updates, plan.evaluate_every)),
            training,
            model,
            validation: Batches::new(
                &dataset.validation,
                precision,
                fit.compute,
                &fit.compute.device,
            ),
            standing,
            states: States::new(plan.save_every, refuge),
            guard: Guard::new(&dataset.train, plan.updates_per_epoch),
            stopwatch,
            gradient_norm: None,
            done,
            made_here: 0,
            fit,
        })
    }

    /// Makes every update that is left, and measures the model.
    ///
    /// # Errors
    /// A loss that is not finite, or a stop that was asked for.
    pub(super) fn train(
        mut self,
        mut tell: impl FnMut(Event<'_>) -> ControlFlow<()>,
        mut ask: impl FnMut() -> Option<Request>,
    ) -> Result<(Model, History), FitError> {
        if self.repeat(&mut tell).is_break() {
            return Err(self.stopped());
        }
        if self.goes_on() && tell(Event::FirstUpdate).is_break() {
            return Err(self.stopped());
        }
        while self.goes_on() {
            self.model = self.training.update(self.model);
            (self.done, self.made_here) = (self.done + 1, self.made_here + 1);
            let turn = self.turn();
            // As long as there are changes of before, nobody's wish counts.
            let request = if self.before.is_empty() { ask() } else { None };
            if request.is_some() || self.reads(turn) {
                self.advance(turn, request, &mut tell)?;
            }
        }
        Ok(self.end())
    }

    fn goes_on(&self) -> bool {
        self.done < self.training.length && !self.standing.ended
    }

    fn stopped(&self) -> FitError {
        FitError::Stopped { updates: self.done }
    }

    fn turn(&self) -> Turn {
        let plan = self.fit.plan;
        let last = self.done == self.training.length;
        let stop = self
            .fit
            .stop
            .is_some_and(|stop| stop.load(Ordering::Relaxed));
        Turn {
            last,
            stop,
            evaluates: last || self.done.is_multiple_of(plan.evaluate_every),
            saves: self.fit.keeps && (last || stop || self.states.are_due(self.done)),
        }
    }

    /// Whether losses are read back now, which waits for the device: after the first update, to know how long it took,
    /// and then so seldom that it costs nothing and so often that somebody watching sees it move.
    fn reads(&self, turn: Turn) -> bool {
        turn.evaluates
            || turn.saves
            || turn.stop
            || self.repeats()
            || self.pace.is_some_and(|pace| pace.is_due(self.done))
            || self.made_here == 1
            || self.training.unread() >= UNREAD
            || self.training.last_read.elapsed() > WATCHED
    }

    /// Looks at the updates since the last time, and tells what became of them.
    fn advance(
        &mut self,
        turn: Turn,
        request: Option<Request>,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<(), FitError> {
        let updates = self.read();
        if let Some((update, trouble)) = self.trouble(turn, &updates) {
            let diverged = Diverged::at(update, trouble, self.gradient_norm);
            return self.recover(diverged, updates, turn, tell);
        }
        let flow = self.go_on(turn, updates, request, tell);
        if flow.is_break() || (turn.stop && self.goes_on()) {
            return Err(self.stopped());
        }
        Ok(())
    }

    fn read(&mut self) -> Vec<Update> {
        let updates = self.training.read_losses();
        if self.made_here == 1 {
            self.stopwatch.first_update_is_done();
            self.begin_pace();
        }
        let mut seen = updates.iter().rev();
        let seen = seen.find_map(|update| Some((update.update, update.probe?.gradient_norm)));
        self.gradient_norm = seen.or(self.gradient_norm);
        updates
    }

    /// Measures the speed from here on.
    pub(super) fn begin_pace(&mut self) {
        let seconds = self.stopwatch.seconds();
        if let Some(pace) = &mut self.pace {
            pace.begin(self.done, seconds);
        }
    }

    /// What has gone wrong for good, and where.
    fn trouble(&mut self, turn: Turn, updates: &[Update]) -> Option<(Update, Trouble)> {
        let trouble = self.guard.watch(&mut self.standing.watch, updates);
        trouble.or_else(|| {
            // No update comes after it whose loss would tell.
            let ends = self.fit.keeps && (turn.last || turn.stop);
            let lost = ends && !is_finite(&self.model.state_dict());
            let last = updates.last().filter(|_| lost);
            last.map(|update| (*update, Trouble::NotFinite))
        })
    }

    /// Measures, tells, and keeps what is to be kept.
    fn go_on(
        &mut self,
        turn: Turn,
        mut updates: Vec<Update>,
        request: Option<Request>,
        tell: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let measured = turn.evaluates.then(|| self.validate()).flatten();
        if measured.is_some() {
            if let Some(last) = updates.last_mut() {
                last.validation = measured;
            }
            self.standing.validation = measured;
        }
        let plan = self.fit.plan;
        self.standing
            .extend(&updates, plan.updates_per_epoch.min(plan.updates));
        tell(Event::Updates(&updates))?;
        for (kind, reaction) in measured.map_or_else(Vec::new, |it| self.training.report(it)) {
            tell(Event::Feedback { kind, reaction })?;
        }
        self.adjust(request, tell)?;
        if turn.evaluates {
            let epochs = self.done as f64 / plan.updates_per_epoch as f64;
            self.standing.ended = !turn.last && self.standing.is_over(self.fit.settings, epochs);
            if self.standing.ended {
                let updates = self.done;
                tell(Event::EndsEarly { updates })?;
            }
            self.consider_state();
        }
        if turn.saves || (self.fit.keeps && self.standing.ended) {
            let state = self.checkpoint();
            let state = Some(state).filter(|state| is_finite(&state.weights));
            self.states.tell(state.as_ref(), tell)?;
        }
        ControlFlow::Continue(())
    }

    /// Whether the state at this evaluation is one to keep as the best, or to go back to.
    fn consider_state(&mut self) {
        let best = self.fit.settings.checkpoint.best.metric();
        let best = best.filter(|_| self.fit.keeps);
        let is_best = best.is_some_and(|metric| self.standing.is_best(metric, self.done));
        let recovers = self.states.refuge().is_some();
        if !is_best && !recovers {
            return;
        }
        let state = self.checkpoint();
        if recovers && state.is_good() {
            self.states.set_refuge(state.clone());
        }
        if is_best {
            self.states.set_best(state);
        }
    }

    /// The state after the updates made so far.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        let seconds = self.stopwatch.seconds();
        self.training
            .checkpoint(&self.model, &self.standing, seconds)
    }

    fn validate(&mut self) -> Option<Metrics> {
        if self.validation.part().is_empty() {
            return None;
        }
        let batch_size = self.fit.settings.data.batch_size;
        let (training, model, validation) = (&self.training, &self.model, &self.validation);
        let measure = || {
            evaluate_batches(
                &training.evaluation(model),
                validation,
                batch_size,
                |_, _| {},
            )
        };
        Some(self.stopwatch.validating(measure))
    }

    /// Measures the model on its test images.
    fn end(self) -> (Model, History) {
        let updating = self.stopwatch.seconds_of_updates();
        let model = self.training.evaluation(&self.model);
        let (settings, dataset) = (self.fit.settings, self.fit.dataset);
        let batch_size = settings.data.batch_size;
        let test = evaluate(
            &model,
            &dataset.test,
            batch_size,
            self.fit.compute,
            |_, _| {},
        );
        let history = History {
            updates: self.done,
            seconds: self.stopwatch.seconds(),
            seconds_to_first_update: self.stopwatch.seconds_to_first_update(),
            updates_per_second: self.made_here.saturating_sub(1) as f64
                / updating.max(f64::MIN_POSITIVE),
            train_loss: self.standing.train_loss(),
            validation: self.standing.validation,
            test,
        };
        (model, history)
    }
}
